"""Engines that share the work by user are one engine: their outcomes, in the order of their keys, are its outcomes."""

from collections.abc import Sequence

from hypothesis import assume, given
from hypothesis import strategies as st
from tests.properties.effort import HALF
from tests.properties.histories import Look, histories, in_order, looks
from tests.properties.test_engine import checked_rules, in_time, run
from tests.properties.world import GRID, START, STEPS

import connrules
from connrules.check import Checked
from connrules.event import Event, Outcome
from connrules.run.sharded import Keyed, ShardedEngine

UNTIL = st.integers(STEPS, 4 * STEPS).map(lambda step: START + step * GRID)


def share_out(checked: Checked, events: Sequence[Event], look: Look, cuts: Sequence[int], until: int) -> list[Outcome]:
    """The outcomes of two engines, dealt the events of their users in batches and told how far time has moved on."""
    plan = connrules.compile_rules(checked)
    engines = [ShardedEngine(plan, dedupe=look.dedupe, profiles=look) for _ in range(2)]
    outcomes: list[Outcome] = []
    for begin, end in zip((0, *cuts), (*cuts, len(events)), strict=True):
        batch = list(enumerate(events[begin:end], start=begin + 1))
        if batch:
            outcomes += merged([take(engine, mine(batch, n), batch[-1][1].time) for n, engine in enumerate(engines)])
    last = max(until, events[-1].time)
    outcomes += merged([engine.take_numbered([], [], last) for engine in engines])
    return outcomes + merged([engine.finish_numbered(last) for engine in engines])


def mine(batch: Sequence[tuple[int, Event]], share: int) -> list[tuple[int, Event]]:
    return [(number, event) for number, event in batch if sum(event.user.encode()) % 2 == share]


def take(engine: ShardedEngine, batch: Sequence[tuple[int, Event]], until: int) -> list[Keyed]:
    return engine.take_numbered([event for _, event in batch], [number for number, _ in batch], until)


def merged(shares: list[list[Keyed]]) -> list[Outcome]:
    for share in shares:
        assert share == sorted(share, key=lambda keyed: keyed[0])
    return [outcome for _, outcome in sorted((k for share in shares for k in share), key=lambda keyed: keyed[0])]


@HALF
@given(checked=checked_rules(), history=histories(), look=looks(), data=st.data(), until=UNTIL)
def test_engines_that_share_the_users_are_one(
    checked: Checked, history: list[Event], look: Look, data: st.DataObject, until: int
) -> None:
    plan = connrules.compile_rules(checked)
    assume(not any(trigger.rule for rule in plan.rules for trigger in rule.triggers))
    events = in_order(history)
    assume(events)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(events)), max_size=3)))

    assert share_out(checked, events, in_time(look), cuts, until) == run(checked, events, in_time(look), until)
