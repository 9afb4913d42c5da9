"""Random rules over random histories on a real Flink, which shall give what engine and reference give.

All of them are told apart in one stream, see `worlds.py`: with events out of order, repeats, and what a host knows.
"""

from collections import Counter
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from tests.flink.cluster import as_lines, by_user, environment, gather, lines_of, stream_of
from tests.flink.worlds import World, Worlds, by_world, outcomes_told_apart, told_apart
from tests.properties.catalogs import catalogs
from tests.properties.histories import Look, histories, in_order, looks, out_of_order
from tests.properties.rule_sets import rule_sets
from tests.properties.world import GRID, START, STEPS

import connrules
from connrules.check import Checked
from connrules.event import Event, Kind, Outcome
from connrules.flink import evaluate, streams
from connrules.plan import Plan
from connrules.reference import evaluate as by_reference

COUNT = 100
UNTIL = st.none() | st.integers(0, 4 * STEPS).map(lambda step: START + step * GRID)


class Case(NamedTuple):
    """Rules and a history, in order of arrival."""

    checked: Checked
    history: list[Event]
    look: Look
    until: int | None

    @property
    def world(self) -> World:
        """The same for workers."""
        newest = max(event.time for event in self.history)
        plan = connrules.compile_rules(self.checked)
        return World(plan.to_json(), max(newest, self.until or newest), self.look.dedupe, self.look.known)

    def expected(self) -> list[Outcome]:
        """What engine and reference give."""
        told = self.look.options
        engine = connrules.Engine(connrules.compile_rules(self.checked), **told)
        outcomes = engine.feed_many(self.history) + engine.finish(self.until)
        assert outcomes == by_reference(self.checked, self.history, until=self.until, **told).outcomes
        assert engine.counts.late == 0
        return outcomes


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A case: none of its events is late, and each has an id."""
    checked = connrules.loads(draw(rule_sets()), catalog=draw(catalogs()))
    history, look = draw(histories()), draw(looks())
    assume(not checked.errors and history)
    return Case(checked, draw(out_of_order(in_order(history), look.lateness)), look, draw(UNTIL))


@pytest.fixture(scope="module")
def drawn() -> list[Case]:
    """So many cases, the same ones in every run."""
    found: list[Case] = []

    @settings(
        max_examples=2 * COUNT,  # some of which make no sense
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases())
    def draw(case: Case) -> None:
        found.append(case)

    draw()
    assert len(found) >= COUNT
    return found[:COUNT]


def test_random_histories(drawn: list[Case], monkeypatch: pytest.MonkeyPatch) -> None:
    worlds = tuple(case.world for case in drawn)
    monkeypatch.setattr(streams, "Recipe", lambda *_: Worlds(worlds))
    lines = lines_of(told_apart([case.history for case in drawn]))
    lateness = max(case.look.lateness for case in drawn)
    env = environment(parallelism=2)
    decided = evaluate(
        stream_of(env, lines),
        Plan.from_json(worlds[0].plan),
        lateness=lateness,
        everything=True,
        until=max(world.end for world in worlds),
        tick=1,
    )

    result = gather({"all": decided})["all"]

    found, seen = by_world(result.decisions), Counter[Kind]()
    for number, case in enumerate(drawn):
        expected = outcomes_told_apart(number, case.expected())
        assert by_user(found.pop(number, [])) == by_user(as_lines(expected)), case
        seen.update(outcome.kind for outcome in expected)
    assert (found, result.late, result.rejected) == ({}, [], [])
    assert min(seen[kind] for kind in (Kind.SENT, Kind.CANCELLED, Kind.IGNORED, Kind.DROPPED, Kind.PENDING)) > 10
