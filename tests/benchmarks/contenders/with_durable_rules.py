"""The one rule with durable_rules, which matches; its timers follow the clock on the wall, so waiting is the program's.

An event that no rule matches comes back as an exception: that is how durable_rules says so.
"""

from collections.abc import Sequence
from itertools import count
from typing import Any

from durable.engine import MessageNotHandledException
from durable.lang import m, post, ruleset, when_all

from connrules.event import Event
from tests.benchmarks.contenders import Decision
from tests.benchmarks.contenders.waits import Waits

_numbers = count()
"""Rule sets are registered for good and by name, so each run has one of its own."""


def decide(batches: Sequence[Sequence[Event]]) -> list[Decision]:
    """The decisions of the one rule, in order."""
    waits = Waits()
    name = f"carts{next(_numbers)}"
    with ruleset(name):

        @when_all((m.type == "received_push") & (m.campaign == "Cart 00000"))  # type: ignore[untyped-decorator]
        def start(c: Any) -> None:
            waits.start(c.m.user, c.m.id, c.m.time)

        @when_all(m.type == "purchase")  # type: ignore[untyped-decorator]
        def cancel(c: Any) -> None:
            waits.cancel(c.m.user)

    for batch in batches:
        for event in batch:
            waits.until(event.time)
            message = {"id": event.id, "user": event.user, "type": event.type, "time": event.time}
            if event.campaign is not None:
                message["campaign"] = event.campaign
            try:
                post(name, message)
            except MessageNotHandledException:
                continue
    return waits.decisions
