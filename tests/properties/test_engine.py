"""The engine is the reference: on random rule sets, catalogs and histories both give the same outcomes."""

from collections.abc import Sequence

from hypothesis import assume, given, target
from hypothesis import strategies as st
from tests.properties.strategies import (
    GRID,
    START,
    STEPS,
    catalogs,
    histories,
    in_order,
    latenesses,
    out_of_order,
    rule_sets,
)

import connrules
from connrules.catalog import Catalog
from connrules.check import Checked
from connrules.event import Event, Kind, Outcome
from connrules.reference import evaluate

UNTIL = st.one_of(st.none(), st.integers(0, 2 * STEPS).map(lambda step: START + step * GRID))


@st.composite
def checked_rules(draw: st.DrawFn) -> Checked:
    checked = connrules.loads(draw(rule_sets()), catalog=draw(catalogs()))
    assume(not checked.errors)
    return checked


def run(checked: Checked, events: Sequence[Event], until: int | None = None, lateness: int = 0) -> list[Outcome]:
    engine = connrules.Engine(connrules.compile_rules(checked), lateness=lateness)
    return engine.feed_many(events) + engine.finish(until)


@given(checked=checked_rules(), history=histories(), until=UNTIL, lateness=latenesses())
def test_engine_equals_reference(checked: Checked, history: list[Event], until: int | None, lateness: int) -> None:
    late: list[Event] = []
    engine = connrules.Engine(connrules.compile_rules(checked), lateness=lateness, on_late=late.append)

    outcomes = engine.feed_many(history) + engine.finish(until)

    expected = evaluate(checked, history, until=until, lateness=lateness)
    assert outcomes == expected.outcomes
    assert late == expected.late
    target(float(len({outcome.kind for outcome in outcomes})), label="kinds of outcome")


@given(checked=checked_rules(), history=histories(), lateness=latenesses(), data=st.data())
def test_order_of_arrival_within_the_lateness_is_irrelevant(
    checked: Checked, history: list[Event], lateness: int, data: st.DataObject
) -> None:
    shuffled = data.draw(out_of_order(history, lateness))

    assert run(checked, shuffled, lateness=lateness) == run(checked, in_order(history))


@given(checked=checked_rules(), history=histories(), lateness=latenesses(), data=st.data())
def test_a_run_cut_in_two_by_a_snapshot_is_one_run(
    checked: Checked, history: list[Event], lateness: int, data: st.DataObject
) -> None:
    plan = connrules.compile_rules(checked)
    cut = data.draw(st.integers(0, len(history)))
    whole = connrules.Engine(plan, lateness=lateness)
    first = connrules.Engine(plan, lateness=lateness)
    outcomes = first.feed_many(history[:cut])
    second = connrules.Engine(connrules.Plan.from_json(plan.to_json()), lateness=lateness)
    second.restore(first.snapshot())
    assert second.snapshot() == first.snapshot()

    outcomes += second.feed_many(history[cut:]) + second.finish()

    assert outcomes == whole.feed_many(history) + whole.finish()


@given(checked=checked_rules(), history=histories(), steps=st.lists(st.integers(0, STEPS), max_size=4))
def test_moving_time_on_step_by_step_changes_nothing(checked: Checked, history: list[Event], steps: list[int]) -> None:
    """After the last event, `advance_to` in any steps and `finish` fire the same sends as `finish` alone."""
    events = in_order(history)
    end = START + 3 * STEPS * GRID
    engine = connrules.Engine(connrules.compile_rules(checked))
    outcomes = engine.feed_many(events)
    for step in sorted(steps):
        outcomes += engine.advance_to(START + (STEPS + step) * GRID)

    outcomes += engine.finish(end)

    assert outcomes == run(checked, events, end)


@given(checked=checked_rules(), history=histories())
def test_users_never_affect_each_other(checked: Checked, history: list[Event]) -> None:
    events = in_order(history)
    end = max((event.time for event in events), default=START)
    together = run(checked, events)
    for user in {event.user for event in events}:
        alone = run(checked, [event for event in events if event.user == user], end)
        assert alone == [outcome for outcome in together if outcome.user == user]


@given(checked=checked_rules(), history=histories())
def test_nothing_is_remembered_of_users_for_whom_nothing_is_left(checked: Checked, history: list[Event]) -> None:
    """With no `once` in the rules, memory empties when time has moved on far enough."""
    assume(all(rule.eligibility is None or rule.eligibility.window for rule in connrules.compile_rules(checked).rules))
    empty = connrules.Engine(connrules.compile_rules(checked))
    engine = connrules.Engine(connrules.compile_rules(checked))
    engine.feed_many(in_order(history))

    outcomes = engine.finish(START + 100 * STEPS * GRID)

    assert not [outcome for outcome in outcomes if outcome.kind is Kind.PENDING]
    assert len(engine.snapshot()) <= len(empty.snapshot()) + 40


@given(rules=rule_sets(), catalog=catalogs())
def test_a_plan_survives_being_written_and_read(rules: str, catalog: Catalog | None) -> None:
    checked = connrules.loads(rules, catalog=catalog)
    assume(not checked.errors)
    plan = connrules.compile_rules(checked)

    assert connrules.Plan.from_json(plan.to_json()) == plan
