"""The one rule with rule-engine, which matches; waiting is the program's."""

from collections.abc import Sequence

from rule_engine import Context, Rule, resolve_attribute

from connrules.event import Event
from tests.benchmarks.contenders import Decision
from tests.benchmarks.contenders.waits import Waits


def decide(batches: Sequence[Sequence[Event]]) -> list[Decision]:
    """The decisions of the one rule, in order."""
    attributes = Context(resolver=resolve_attribute)
    starts = Rule('type == "received_push" and campaign == "Cart 00000"', context=attributes).matches
    cancels = Rule('type == "purchase"', context=attributes).matches
    waits = Waits()
    for batch in batches:
        for event in batch:
            waits.until(event.time)
            if starts(event):
                waits.start(event.user, event.id or "", event.time)
            elif cancels(event):
                waits.cancel(event.user)
    return waits.decisions
