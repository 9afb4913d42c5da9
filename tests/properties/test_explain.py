"""A story tells what the engines decide, and its near misses are true: the changed history really ends otherwise."""

from collections.abc import Iterator

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.properties.catalogs import catalogs
from tests.properties.histories import Look, histories, looks
from tests.properties.rule_sets import rule_sets
from tests.properties.world import GRID, START, STEPS

import connrules
from connrules.check import Checked
from connrules.cli.telling.document import render_document
from connrules.cli.telling.stories import render_explanation
from connrules.event import Event, Kind, Outcome
from connrules.explain import Explanation, Log, explain
from connrules.explain.story import Miss, Trigger
from connrules.reference import evaluate

UNTIL = st.none() | st.integers(0, 2 * STEPS).map(lambda step: START + step * GRID)


@st.composite
def checked_rules(draw: st.DrawFn) -> Checked:
    checked = connrules.loads(draw(rule_sets()), catalog=draw(catalogs()))
    assume(not checked.errors)
    return checked


@given(checked=checked_rules(), history=histories(), until=UNTIL, look=looks())
def test_a_story_is_what_was_decided(checked: Checked, history: list[Event], until: int | None, look: Look) -> None:
    log = log_of("u1", history, look.lateness)

    explanation = explain(checked, log, until=until, dedupe=look.dedupe, profiles=look)

    decided = evaluate(checked, history, until=until, **look.options)
    outcomes = [outcome for outcome in decided.outcomes if outcome.user == "u1"]
    told = [summary for rule, entry in triggers(explanation) for summary in told_of(rule, entry)]
    assert sorted(map(str, told)) == sorted(map(str, map(summary_of, outcomes)))
    assert len(explanation.late) == sum(event.user == "u1" for event in decided.late)
    assert len(explanation.repeated) <= decided.repeated
    text = render_explanation(explanation, lateness=look.lateness)
    assert text.count("\nrule ") + text.count("\n  rule ") == len(checked.rules)
    assert text.count("near miss") == sum(entry.miss is not None for _, entry in triggers(explanation))
    assert render_document(explanation).isascii()


@given(checked=checked_rules(), history=histories(), until=UNTIL, look=looks())
def test_a_near_miss_is_true(checked: Checked, history: list[Event], until: int | None, look: Look) -> None:
    log = log_of("u1", history, look.lateness)
    assume(len({(event.id, event.time) for event in log.events}) == len(log.events))

    explanation = explain(checked, log, until=until, dedupe=look.dedupe, profiles=look)

    for rule, entry in triggers(explanation):
        if entry.miss is not None:
            changed, end = after(entry.miss, log.events), explanation.until
            replayed = evaluate(checked, changed, until=end, dedupe=look.dedupe, profiles=look).outcomes
            assert ends_of(rule, entry, entry.miss, replayed) == {entry.miss.outcome} != {entry.outcome}


def log_of(user: str, history: list[Event], lateness: int) -> Log:
    log = Log(user, lateness)
    for event in history:
        log.add(event)
    return log


def triggers(explanation: Explanation) -> list[tuple[str, Trigger]]:
    return [(story.rule, e) for story in explanation.stories for e in story.entries if isinstance(e, Trigger)]


def after(miss: Miss, events: list[Event]) -> list[Event]:
    """The events, had the one of the near miss come at the other instant."""
    return sorted(
        (
            msgspec.structs.replace(event, time=miss.to)
            if (event.id, event.time) == (miss.event.id, miss.event.at)
            else event
            for event in events
        ),
        key=lambda event: event.time,
    )


def ends_of(rule: str, entry: Trigger, miss: Miss, replayed: list[Outcome]) -> set[Kind]:
    """What comes of the trigger of an entry, in a history in which its near miss happens."""
    at = miss.to if miss.event == entry.event else entry.event.at
    same = [o for o in replayed if (o.rule, o.trigger, o.triggered_at) == (rule, entry.event.id, at)]
    return {outcome.kind for outcome in same} - {Kind.GOAL}


def summary_of(outcome: Outcome) -> tuple[object, ...]:
    return (
        *(outcome.rule, outcome.trigger, outcome.triggered_at, outcome.per),
        *(outcome.kind, outcome.at, None if outcome.kind is Kind.GOAL else outcome.reason, outcome.by),
    )


def told_of(rule: str, entry: Trigger) -> Iterator[tuple[object, ...]]:
    """An entry as the outcomes that it tells."""
    start = (rule, entry.event.id, entry.event.at, entry.per)
    by = entry.by.id if entry.by and entry.outcome is Kind.CANCELLED else None
    yield (*start, entry.outcome, entry.at, entry.reason, by)
    if entry.goal is not None:
        yield (*start, Kind.GOAL, entry.goal.event.at, None, entry.goal.event.id)
