"""What the checker takes for certain about schedules, held against clocks that change."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connrules import ast
from connrules.check import check
from connrules.check.waits.waiting import shortest_wait
from connrules.syntax.parser import parse
from connrules.text import SourceText
from connrules.wallclock import DAY, in_days, next_weekday, wall_ms

ZONES = [
    "UTC",
    "Europe/Paris",
    "America/Nuuk",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Antarctica/Troll",
    "Asia/Pyongyang",
]
MINUTE = 60_000
FROM, UNTIL = 978_307_200_000, 2_145_916_800_000  # 2001 to 2038
DATE_LINE = 1_325_203_200_000  # Samoa had no 30 December 2011


def rule_of(text: str) -> ast.Rule:
    (rule,) = parse(SourceText("t.conn", text)).file.rules
    return rule


@given(
    st.integers(FROM, UNTIL) | st.integers(DATE_LINE - 5 * DAY, DATE_LINE + 5 * DAY),
    st.integers(0, 9),
    st.integers(0, 23),
    st.sampled_from(ZONES),
)
def test_no_schedule_is_due_sooner_than_at_the_earliest(instant: int, days: int, hour: int, zone: str) -> None:
    clock = f"{hour:02}:00"
    waited = in_days(instant, days, hour * 60, ZoneInfo(zone)) - instant
    assert waited >= shortest_wait(rule_of(f"on purchase in {days} days at {clock} send X"))
    waited = next_weekday(instant, days % 7, hour * 60, ZoneInfo(zone)) - instant
    assert waited >= shortest_wait(rule_of(f"on purchase next monday at {clock} send X"))


def moved(zone: ZoneInfo) -> set[tuple[int, int]]:
    """Times of the day, in minutes, with those at which clocks show them instead on some day of these years."""
    days = range(FROM, UNTIL, DAY)
    changes = [day for day in days if wall_ms(day, zone) - day != wall_ms(day + DAY, zone) - day - DAY]
    dues = (
        (at, in_days(day + n * DAY, 1, at, zone)) for day in changes for n in (-2, -1, 0) for at in range(0, 1440, 30)
    )
    shown = {(at, wall_ms(due, zone) % DAY // MINUTE) for at, due in dues}
    return {(at, there) for at, there in shown if at != there}


@pytest.mark.parametrize("zone", ZONES)
def test_a_time_that_is_moved_into_a_window_is_not_refused(zone: str) -> None:
    times = moved(ZoneInfo(zone))
    assert times or zone in {"UTC", "Pacific/Apia"}
    for at, there in times:
        window = f"between {_clock(there)} and {_clock((there + 1) % 1440)} or drop"
        text = f"on purchase in 1 day at {_clock(at)} {window} send X"
        assert check([parse(SourceText("t.conn", text))]).diagnostics == ()


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
