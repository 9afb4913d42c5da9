"""The timelines of the conformance tests on a real Flink, which shall give what engine and reference give."""

import os
from functools import cache
from typing import Any

import pytest
from tests.conformance import timelines
from tests.conformance.timelines import Timeline
from tests.flink.cluster import GROUPS, Mode, as_lines, by_user, environment, gather, lines_of, stream_of
from tests.flink.worlds import Known, World, Worlds, by_world, outcomes_told_apart, told_apart

import connrules
from connrules import Engine
from connrules.event import Event, Outcome
from connrules.flink import evaluate, streams
from connrules.plan import Plan
from connrules.reference import evaluate as by_reference

TIMELINES = {
    name: timeline
    for name, timeline in timelines.all_timelines().items()
    if timeline["events"] and not timelines.changes_rules(timeline) and not timeline.get("late")
    if not any(row.get("id", "").startswith("#") for row in timeline["events"])
}
"""But those whose rules change, for which a job is stopped and begun again; those with late events, for on Flink it
depends on when a watermark comes whether an event is late; and those with ids like those that lines are given here."""
EVERY = 30
"""Which of them have a pipeline of their own; every night, all have."""
AT_ONCE = 40
"""Of those, how many are in one job."""
IS_NIGHTLY = os.environ.get("CONNRULES_PROFILE") == "nightly"


def told_of(timeline: Timeline) -> dict[str, Any]:
    """How a timeline is run, with profiles that a worker can load."""
    told: dict[str, Any] = dict(timelines.circumstances_of(timeline))
    if "profiles" in timeline:
        told["profiles"] = Known(timeline["profiles"])
    return told


def plan_of(timeline: Timeline) -> Plan:
    return connrules.compile_rules(timelines.checked_rules(timeline))


@cache
def expected(name: str) -> list[Outcome]:
    """What a timeline expects, which engine and reference give."""
    timeline = TIMELINES[name]
    events, until, told = timelines.events_of(timeline), timelines.until_of(timeline), told_of(timeline)
    checked = timelines.checked_rules(timeline)
    engine = Engine(connrules.compile_rules(checked), **told)
    outcomes = engine.feed_many(events) + engine.finish(until)
    assert outcomes == by_reference(checked, events, until=until, **told).outcomes
    assert outcomes == timelines.outcomes_of(timeline, events)
    return outcomes


def run_each(names: list[str]) -> None:
    """Run timelines in one job, each in a pipeline of its own."""
    env, made = environment(), {}
    for number, name in enumerate(names):
        timeline = TIMELINES[name]
        made[name] = evaluate(
            stream_of(env, lines_of(timelines.events_of(timeline))),
            plan_of(timeline),
            everything=True,
            until=timelines.until_of(timeline),
            tick=1,
            max_parallelism=GROUPS,
            name=f"timeline-{number}",
            **told_of(timeline),
        )
    for name, given in gather(made).items():
        assert by_user(given.decisions) == by_user(as_lines(expected(name))), name
        assert (given.late, given.rejected) == ([], []), name


def test_timelines_each_in_a_pipeline() -> None:
    names = list(TIMELINES)[:: 1 if IS_NIGHTLY else EVERY]
    for first in range(0, len(names), AT_ONCE):
        run_each(names[first : first + AT_ONCE])


@pytest.mark.parametrize(("mode", "parallelism"), [("thread", 2), ("process", 2)])
def test_all_timelines_at_once(mode: Mode, parallelism: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those in order of time apart from the others: with a lateness, time would always be far from their events."""
    env, made = environment(parallelism, mode), {}
    parts = [[name for name in TIMELINES if bool(lateness_of(name)) is is_late] for is_late in (False, True)]
    for part in parts:
        worlds = tuple(world_of(TIMELINES[name]) for name in part)
        monkeypatch.setattr(streams, "Recipe", lambda *_, worlds=worlds: Worlds(worlds))
        made[part[0]] = evaluate(
            stream_of(env, lines_of(told_apart([named_events(TIMELINES[name]) for name in part]))),
            Plan.from_json(worlds[0].plan),
            lateness=max(map(lateness_of, part)),
            everything=True,
            until=max(world.end for world in worlds),
            tick=1,
            name=part[0],
        )

    results = gather(made)

    for part in parts:
        given = results[part[0]]
        found = by_world(given.decisions)
        for number, name in enumerate(part):
            wanted = as_lines(outcomes_told_apart(number, expected(name)))
            assert by_user(found.pop(number, [])) == by_user(wanted), name
        assert (found, given.late, given.rejected) == ({}, [], [])


def lateness_of(name: str) -> int:
    """The lateness of a timeline, in milliseconds."""
    return timelines.circumstances_of(TIMELINES[name])["lateness"]


def named_events(timeline: Timeline) -> list[Event]:
    """The events of a timeline, those without an id known by their number in it."""
    return [connrules.parse_event(line) for line in lines_of(timelines.events_of(timeline))]


def world_of(timeline: Timeline) -> World:
    """A timeline as a world."""
    told = told_of(timeline)
    newest = max(event.time for event in timelines.events_of(timeline))
    end = max(newest, timelines.until_of(timeline) or newest)
    return World(plan_of(timeline).to_json(), end, told.get("dedupe", 0), told.get("profiles", {}))
