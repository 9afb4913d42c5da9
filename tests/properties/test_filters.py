"""An index finds what looking at every condition finds, in the same order, whatever conditions and properties are."""

from datetime import UTC, tzinfo
from typing import Any, cast
from zoneinfo import ZoneInfo

from hypothesis import example, given, target
from hypothesis import strategies as st
from tests.properties.conditions import VALUES, by_one_property, conditions, properties

from connrules import plan
from connrules.run.conditions import Conditions
from connrules.run.filters import FEW, Candidates, filed
from connrules.run.ranges import Range, ranges
from connrules.run.rule import Rule

MANY = FEW + 1
ZONES: list[tzinfo] = [UTC, ZoneInfo("Australia/Sydney")]


def candidates(several: list[plan.Condition | None], zone: tzinfo | None) -> Candidates:
    """Candidates with those conditions; a number stands for each rule."""
    return filed([cast("Rule", n) for n in range(len(several))], several, Conditions(zone=zone))


def holding(several: list[plan.Condition | None], facts: dict[str, Any], zone: tzinfo | None) -> list[int]:
    """The numbers of the conditions that hold."""
    make = Conditions(zone=zone)
    return [n for n, condition in enumerate(several) if condition is None or make.predicate(condition)(facts, ())]


@given(
    several=st.lists(st.none() | conditions(), min_size=MANY, max_size=30),
    zone=st.none() | st.sampled_from(ZONES),
    facts=st.lists(properties(), min_size=1, max_size=8),
)
def test_an_index_finds_what_a_list_finds(
    several: list[plan.Condition | None], zone: tzinfo | None, facts: list[dict[str, Any]]
) -> None:
    _hold_against_a_list(several, zone, facts)


@given(several=by_one_property(), facts=st.lists(properties(), min_size=1, max_size=8))
def test_an_index_by_one_property_finds_what_a_list_finds(
    several: list[plan.Condition | None], facts: list[dict[str, Any]]
) -> None:
    _hold_against_a_list(several, None, facts)


def _hold_against_a_list(
    several: list[plan.Condition | None], zone: tzinfo | None, facts: list[dict[str, Any]]
) -> None:
    filed_ = candidates(several, zone)

    left_out = 0
    for values in facts:
        found = filed_.of(values)
        left_out += len(several) - len(found)
        kept: list[object] = [rule for rule, holds in found if holds is None or holds(values, ())]
        assert kept == holding(several, values, zone)
    target(float(left_out), label="left out")


_BOUNDS = st.none() | st.integers(-3, 6) | st.sampled_from([0.5, 2.0, float("inf"), -(10**400)])


@given(
    several=st.lists(st.builds(Range, _BOUNDS, _BOUNDS, st.booleans()), max_size=20),
    room=st.sampled_from([0, 1_000]),
    value=st.integers(-4, 7) | st.sampled_from([v for v in VALUES if type(v) in {int, float}]),
)
@example(several=[], room=0, value=0)
def test_ranges_find_all_that_hold_a_value(several: list[Range], room: int, value: float) -> None:
    found = ranges([(range_, number) for number, range_ in enumerate(several)], room).holding(value)

    assert len(set(found)) == len(found)
    expected = {number for number, range_ in enumerate(several) if is_in(value, range_)}
    assert expected <= set(found)
    before = max((b for r in several for b in r[:2] if b is not None and b <= value), default=None)
    assert all(before is not None and before in several[n][:2] for n in set(found) - expected) or value != value


def is_in(value: float, range_: Range) -> bool:
    low, high, closed = range_
    return (low is None or low <= value) and (high is None or value < high or (closed and value == high))
