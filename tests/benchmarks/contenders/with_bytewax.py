"""The one rule as a bytewax dataflow: filtered by the batch, keyed by user, a state per user.

bytewax wakes a user's state by the clock on the wall only, so a wait that is over in event time ends with the user's
next event or with the input; what was not yet due at the newest event is left out then.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic
from bytewax.testing import TestingSink, TestingSource, run_main

from connrules.event import Event
from tests.benchmarks.contenders import DAY, Decision

_Wait = tuple[str, int]


class _User(StatefulBatchLogic):  # type: ignore[misc]  # bytewax need not be there when types are checked
    """The wait of one user, if any."""

    def __init__(self, wait: _Wait | None) -> None:
        self.wait = wait

    def on_batch(self, values: list[Event]) -> tuple[Iterable[Decision], bool]:
        wait = self.wait
        decisions: list[Decision] = []
        for event in values:
            if wait is not None and wait[1] + DAY <= event.time:
                decisions.append((event.user, wait[1] + DAY, *wait))
                wait = None
            if event.type == "purchase":
                wait = None
            elif wait is None:
                wait = (event.id or "", event.time)
                self.user = event.user
        self.wait = wait
        return decisions, wait is None

    def on_eof(self) -> tuple[Iterable[Decision], bool]:
        assert self.wait is not None
        return [(self.user, self.wait[1] + DAY, *self.wait)], True

    def notify_at(self) -> datetime | None:
        return None

    def snapshot(self) -> Any:
        return self.wait


def decide(batches: Sequence[Sequence[Event]]) -> list[Decision]:
    """The decisions of the one rule, in order."""
    events = [event for batch in batches for event in batch]
    decisions: list[tuple[str, Decision]] = []
    flow = Dataflow("cart_reminder")
    read = op.input("read", flow, TestingSource(events, batch_size=len(batches[0])))
    relevant = op.flat_map_batch("relevant", read, _relevant)
    waits = op.stateful_batch("waits", op.key_on("by_user", relevant, _user), _User)
    op.output("write", waits, TestingSink(decisions))
    run_main(flow)
    newest = events[-1].time
    return sorted((d for _, d in decisions if d[1] <= newest), key=lambda d: (d[1], d[3], d[2]))


def _relevant(batch: list[Event]) -> list[Event]:
    return [
        event
        for event in batch
        if event.type == "purchase" or (event.type == "received_push" and event.campaign == "Cart 00000")
    ]


def _user(event: Event) -> str:
    return event.user
