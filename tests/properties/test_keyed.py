"""One user at a time, with a state that is bytes somebody else keeps: there rules mean what they always mean."""

from collections.abc import Sequence

import msgspec
from hypothesis import event, given
from hypothesis import strategies as st
from tests.clustered import Cluster, Given, in_order, line_of, lines_of, spoken_of
from tests.properties.effort import FIFTH, HALF
from tests.properties.histories import Look, histories, looks, out_of_order
from tests.properties.histories import in_order as in_order_of_time
from tests.properties.replaced import HOUR, RuleSet
from tests.properties.test_engine import UNTIL, checked_rules, in_time
from tests.properties.test_replace import (
    CHANGED,
    OF_A_SEND,
    OF_A_WAIT,
    OF_THE_PAST,
    careers,
    changes,
    named_plans,
    parts,
    plan_of,
)
from tests.properties.turmoil import plain_rules
from tests.properties.world import GRID, START, STEPS, instants

import connrules
from connrules import Engine, Event, Outcome, Plan
from connrules.check import Checked
from connrules.reference import evaluate
from connrules.run.eras import Former
from connrules.run.passage import Changed

LATER = START + 4 * STEPS * GRID
NEXT = st.sampled_from(("emit", "emit", "emit", "emit", "wait", "wait", "wait", "rebuild", "restart"))
WORKERS = st.sampled_from((1, 2, 3))


def feed(cluster: Cluster, lines: Sequence[str], data: st.DataObject) -> None:
    """Lines come; now and then the watermark moves on, or a worker, or the whole job, has to start anew."""
    for line in lines:
        cluster.take(line)
        match data.draw(NEXT):
            case "emit":
                cluster.emit()
            case "rebuild":
                data.draw(st.sampled_from(cluster.workers)).rebuild()
            case "restart":
                cluster.restart()


def check_equal(found: Given, expected: Sequence[Outcome]) -> None:
    assert in_order(found.outcomes) == in_order(expected)
    for outcome in expected:
        event(f"{outcome.kind} {outcome.reason or ''}")


@HALF
@given(checked=checked_rules(), history=histories(), until=UNTIL, look=looks(), workers=WORKERS)
def test_a_cluster_equals_the_reference(
    checked: Checked, history: list[Event], until: int | None, look: Look, workers: int
) -> None:
    """And so the engine. A watermark follows each event: the same ones are late, as far as rules speak of them."""
    plan = connrules.compile_rules(checked)
    history = [msgspec.structs.replace(event) for event in history]  # none is there twice
    cluster = Cluster(plan, until=until, workers=workers, **look.options)
    for line in lines_of(history):
        cluster.take(line)
        cluster.emit()

    found = cluster.finish()

    expected = evaluate(checked, history, until=until, **look.options)
    check_equal(found, expected.outcomes)
    late = [line_of(e, number) for number, e in enumerate(history, 1) if any(e is other for other in expected.late)]
    assert sorted(found.late) == sorted(spoken_of(plan, late, look.dedupe))
    assert found.repeated == expected.repeated


@FIFTH
@given(checked=checked_rules(), history=histories(), until=UNTIL, look=looks(), workers=WORKERS, data=st.data())
def test_it_does_not_matter_when_watermarks_come_or_who_goes_on(
    checked: Checked, history: list[Event], until: int | None, look: Look, workers: int, data: st.DataObject
) -> None:
    shuffled = data.draw(out_of_order(history, look.lateness))
    cluster = Cluster(connrules.compile_rules(checked), until=until, workers=workers, **look.options)

    feed(cluster, lines_of(shuffled), data)

    found = cluster.finish()
    expected = evaluate(checked, in_order_of_time(history), until=until, **in_time(look).options)
    check_equal(found, expected.outcomes)
    assert (found.late, found.repeated) == ([], expected.repeated)


@FIFTH
@given(rules=plain_rules(), history=histories(), data=st.data())
def test_plain_rules_take_the_short_way(rules: Checked, history: list[Event], data: st.DataObject) -> None:
    """An event and what is due before it in one turn; several events of one user at a time."""
    events = in_order_of_time(history)
    cluster = Cluster(connrules.compile_rules(rules), until=LATER)

    feed(cluster, lines_of(events), data)

    check_equal(cluster.finish(), evaluate(rules, events, until=LATER).outcomes)


def replaced(
    plans: Sequence[Plan], untils: Sequence[int], changed: Sequence[Changed], events: Sequence[Event], look: Look
) -> list[Outcome]:
    """What an engine makes of events in order whose rules are replaced at some instants."""
    engine = Engine(plans[0], **in_time(look).options)
    outcomes: list[Outcome] = []
    done = 0
    for plan, until, what in zip(plans[1:], untils, changed, strict=True):
        come = sum(event.time < until for event in events)
        outcomes += engine.feed_many(events[done:come]) + engine.advance_to(until) + engine.replace(plan, what)
        done = come
    return outcomes + engine.feed_many(events[done:]) + engine.finish(LATER)


@FIFTH
@given(
    pair=changes((*OF_A_WAIT, *OF_A_SEND, *OF_THE_PAST)),
    history=histories(),
    look=looks(),
    back=st.booleans(),
    data=st.data(),
)
def test_rules_change_at_instants_of_event_time(
    pair: tuple[Plan, Plan], history: list[Event], look: Look, back: bool, data: st.DataObject
) -> None:
    """Once or twice; then perhaps to what they were at first."""
    first, second = pair
    plans = [first, second, first if back else data.draw(named_plans())][: data.draw(st.sampled_from((2, 3, 3)))]
    untils = sorted(data.draw(instants()) for _ in plans[1:])
    changed = [data.draw(CHANGED) for _ in untils]
    formerly = [Former(*each) for each in zip(plans[:-1], untils, changed, strict=True)]
    shuffled = data.draw(out_of_order(history, look.lateness))
    cluster = Cluster(plans[-1], until=LATER, workers=2, formerly=formerly, **look.options)

    feed(cluster, lines_of(shuffled), data)

    check_equal(cluster.finish(), replaced(plans, untils, changed, in_order_of_time(history), look))


@FIFTH
@given(versions=careers(), data=st.data())
def test_jobs_follow_one_another(versions: list[RuleSet], data: st.DataObject) -> None:
    """Each goes on from the states and timers of the one before, which knew nothing of its rules."""
    plans = [plan_of(rules) for rules in versions]
    history = [event for part in data.draw(parts(len(plans))) for event in part]
    untils = sorted(data.draw(st.integers(1, 13 * HOUR)) for _ in plans[1:])
    changed = [data.draw(CHANGED) for _ in untils]
    formerly = [Former(*each) for each in zip(plans[:-1], untils, changed, strict=True)]
    jobs = [Cluster(plan, until=LATER, formerly=formerly[:number]) for number, plan in enumerate(plans)]
    for number, (job, begin, end) in enumerate(zip(jobs, [0, *untils], [*untils, LATER], strict=True)):
        if number:
            job.go_on_from(jobs[number - 1])
        feed(job, [line_of(event, 0) for event in history if begin <= event.time < end], data)

    found = [outcome for job in jobs[:-1] for outcome in job.given.outcomes] + jobs[-1].finish().outcomes

    check_equal(Given(found, [], [], 0), replaced(plans, untils, changed, history, Look()))


@FIFTH
@given(checked=checked_rules(once=False), history=histories(), look=looks(), data=st.data())
def test_nothing_is_kept_of_users_for_whom_nothing_is_left(
    checked: Checked, history: list[Event], look: Look, data: st.DataObject
) -> None:
    """No state and no timer; and while there is something, a timer that will see to it."""
    events = [e for e in out_of_order_of(data, history, look) if e.type != "attributes"]
    cluster = Cluster(connrules.compile_rules(checked), **look.options)
    feed(cluster, lines_of(events), data)
    assert {user for _, user in cluster.timers} == cluster.cells.keys()

    cluster.take(line_of(Event(user="u9", type="session_start", time=START + 200 * STEPS * GRID), 0))
    cluster.emit()

    assert (cluster.cells.keys() - {"u9"}, {user for _, user in cluster.timers} - {"u9"}) == (set(), set())


def out_of_order_of(data: st.DataObject, history: Sequence[Event], look: Look) -> list[Event]:
    return data.draw(out_of_order(history, look.lateness))
