"""The engine is the reference: on random rule sets, catalogs and histories both give the same outcomes."""

from collections.abc import Sequence

from hypothesis import assume, event, given, target
from hypothesis import strategies as st
from tests.properties.catalogs import catalogs
from tests.properties.histories import Look, histories, in_order, looks, out_of_order
from tests.properties.rule_sets import rule_sets
from tests.properties.world import GRID, START, STEPS

import connrules
from connrules.catalog import Catalog
from connrules.check import Checked
from connrules.event import Event, Kind, Outcome
from connrules.reference import evaluate

UNTIL = st.none() | st.integers(0, 4 * STEPS).map(lambda step: START + step * GRID)


@st.composite
def checked_rules(draw: st.DrawFn, *, once: bool = True) -> Checked:
    checked = connrules.loads(draw(rule_sets(once=once)), catalog=draw(catalogs()))
    assume(not checked.errors)
    return checked


def engine_of(checked: Checked, look: Look) -> connrules.Engine:
    return connrules.Engine(connrules.compile_rules(checked), **look.options)


def run(checked: Checked, events: Sequence[Event], look: Look, until: int | None = None) -> list[Outcome]:
    engine = engine_of(checked, look)
    return engine.feed_many(events) + engine.finish(until)


def in_time(look: Look) -> Look:
    """The same look at events that come in order."""
    return Look(0, look.dedupe, look.known)


@given(checked=checked_rules(), history=histories(), until=UNTIL, look=looks())
def test_engine_equals_reference(checked: Checked, history: list[Event], until: int | None, look: Look) -> None:
    late: list[Event] = []
    engine = connrules.Engine(connrules.compile_rules(checked), on_late=late.append, **look.options)

    outcomes = engine.feed_many(history) + engine.finish(until)

    expected = evaluate(checked, history, until=until, **look.options)
    assert outcomes == expected.outcomes
    assert late == expected.late
    assert engine.counts.repeated == expected.repeated
    for outcome in outcomes:
        event(f"{outcome.kind} {outcome.reason or ''}")
    target(float(len({(outcome.kind, outcome.reason) for outcome in outcomes})), label="kinds of outcome")


@given(checked=checked_rules(), history=histories(), look=looks(), data=st.data())
def test_order_of_arrival_within_the_lateness_is_irrelevant(
    checked: Checked, history: list[Event], look: Look, data: st.DataObject
) -> None:
    shuffled = data.draw(out_of_order(history, look.lateness))

    assert run(checked, shuffled, look) == run(checked, in_order(history), in_time(look))


@given(checked=checked_rules(), history=histories(), look=looks(), data=st.data())
def test_a_run_cut_in_two_by_a_snapshot_is_one_run(
    checked: Checked, history: list[Event], look: Look, data: st.DataObject
) -> None:
    plan = connrules.compile_rules(checked)
    cut = data.draw(st.integers(0, len(history)))
    first = connrules.Engine(plan, **look.options)
    outcomes = first.feed_many(history[:cut])
    second = connrules.Engine(connrules.Plan.from_json(plan.to_json()), **look.options)
    second.restore(first.snapshot())
    assert second.snapshot() == first.snapshot()

    outcomes += second.feed_many(history[cut:]) + second.finish()

    assert outcomes == run(checked, history, look)


@given(checked=checked_rules(), history=histories(), look=looks(), steps=st.lists(st.integers(0, STEPS), max_size=4))
def test_moving_time_on_step_by_step_changes_nothing(
    checked: Checked, history: list[Event], look: Look, steps: list[int]
) -> None:
    """After the last event, `advance_to` in any steps and `finish` fire the same sends as `finish` alone."""
    events = in_order(history)
    end = START + 3 * STEPS * GRID
    engine = engine_of(checked, in_time(look))
    outcomes = engine.feed_many(events)
    for step in sorted(steps):
        outcomes += engine.advance_to(START + (STEPS + step) * GRID)

    outcomes += engine.finish(end)

    assert outcomes == run(checked, events, in_time(look), end)


@given(checked=checked_rules(), history=histories(), look=looks())
def test_users_never_affect_each_other(checked: Checked, history: list[Event], look: Look) -> None:
    events = in_order(history)
    end = max((e.time for e in events), default=START)
    together = run(checked, events, in_time(look))
    for user in {e.user for e in events}:
        alone = run(checked, [e for e in events if e.user == user], in_time(look), end)
        assert alone == [outcome for outcome in together if outcome.user == user]


@given(checked=checked_rules(once=False), history=histories(), look=looks())
def test_nothing_is_remembered_of_users_for_whom_nothing_is_left(
    checked: Checked, history: list[Event], look: Look
) -> None:
    """With no `once` in the rules, memory empties when time has moved on far enough; attributes stay."""
    assert all(rule.eligibility is None or rule.eligibility.window for rule in connrules.compile_rules(checked).rules)
    events = [e for e in in_order(history) if e.type != "attributes"]
    empty, engine = engine_of(checked, in_time(look)), engine_of(checked, in_time(look))
    engine.feed_many(events)

    outcomes = engine.finish(START + 100 * STEPS * GRID)

    assert not [outcome for outcome in outcomes if outcome.kind is Kind.PENDING]
    assert len(engine.snapshot()) <= len(empty.snapshot()) + 40


@given(rules=rule_sets(), catalog=catalogs())
def test_a_plan_survives_being_written_and_read(rules: str, catalog: Catalog | None) -> None:
    checked = connrules.loads(rules, catalog=catalog)
    assume(not checked.errors)
    plan = connrules.compile_rules(checked)

    assert connrules.Plan.from_json(plan.to_json()) == plan
