"""An index finds what looking at every condition finds, in the same order, whatever conditions and properties are."""

from datetime import UTC, tzinfo
from typing import Any, cast
from zoneinfo import ZoneInfo

from hypothesis import example, given, target
from hypothesis import strategies as st
from tests.properties.conditions import VALUES, conditions, properties

from connrules import plan
from connrules.run.conditions import Conditions
from connrules.run.filters import FEW, Candidate, Candidates, filed
from connrules.run.ranges import Range, Ranges
from connrules.run.rule import Rule

MANY = FEW + 1
ZONES: list[tzinfo] = [UTC, ZoneInfo("Australia/Sydney")]


def made(several: list[plan.Condition | None], zone: tzinfo | None) -> Candidates:
    """Candidates with those conditions; a number stands for each rule."""
    make = Conditions(zone=zone)
    candidates = [
        (cast("Rule", n), None if condition is None else make.predicate(condition))
        for n, condition in enumerate(several)
    ]
    return filed(candidates, several, zone)


def holding(candidates: Any, facts: dict[str, Any]) -> list[Candidate]:
    """Those whose condition holds."""
    return [(rule, holds) for rule, holds in candidates if holds is None or holds(facts, ())]


@given(
    several=st.lists(st.none() | conditions(), min_size=MANY, max_size=30),
    zone=st.none() | st.sampled_from(ZONES),
    facts=st.lists(properties(), min_size=1, max_size=8),
)
def test_an_index_finds_what_a_list_finds(
    several: list[plan.Condition | None], zone: tzinfo | None, facts: list[dict[str, Any]]
) -> None:
    candidates = made(several, zone)

    for values in facts:
        assert holding(candidates.of(values), values) == holding(candidates.all, values)
    target(float(sum(len(candidates.all) - len(candidates.of(values)) for values in facts)), label="left out")


_BOUNDS = st.none() | st.integers(-3, 6) | st.sampled_from([0.5, 2.0, float("inf"), -(10**400)])


@given(
    ranges=st.lists(st.builds(Range, _BOUNDS, _BOUNDS, st.booleans()), max_size=20),
    value=st.integers(-4, 7) | st.sampled_from([v for v in VALUES if type(v) in {int, float}]),
)
@example(ranges=[], value=0)
def test_ranges_find_all_that_hold_a_value(ranges: list[Range], value: float) -> None:
    found = Ranges((range_, number) for number, range_ in enumerate(ranges)).holding(value)

    assert len(set(found)) == len(found)
    expected = {number for number, range_ in enumerate(ranges) if is_in(value, range_)}
    assert expected <= set(found)
    before = max((b for r in ranges for b in r[:2] if b is not None and b <= value), default=None)
    assert all(before is not None and before in ranges[n][:2] for n in set(found) - expected) or value != value


def is_in(value: float, range_: Range) -> bool:
    low, high, closed = range_
    return (low is None or low <= value) and (high is None or value < high or (closed and value == high))
