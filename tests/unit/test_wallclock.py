"""Wall-clock time, against known clock changes and against looking at the clock second by second."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connrules.duration import EARLIEST, LATEST, format_instant, parse_instant
from connrules.wallclock import DAY, find_zone, in_days, is_open, next_open, next_weekday, wall_ms, zone_meant

MINUTE = 60_000
CHANGES = {
    "Europe/Paris": ("2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"),
    "America/New_York": ("2017-03-12T07:00:00Z", "2017-11-05T06:00:00Z"),
    "Australia/Lord_Howe": ("2026-04-04T15:00:00Z", "2026-10-03T15:30:00Z"),
    "Pacific/Apia": ("2011-12-30T10:00:00Z",),
    "America/St_Johns": ("2010-11-07T02:31:00Z", "2010-03-14T03:31:00Z"),
    "UTC": ("2026-01-01T00:00:00Z",),
}
"""Zones with instants at which their clocks were or will be changed; in UTC nothing changes."""


def minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


@pytest.mark.parametrize(
    ("trigger", "days", "clock", "zone", "due"),
    [
        ("2026-03-02T10:00:00Z", 2, "09:00", "Europe/Paris", "2026-03-04T08:00:00Z"),
        ("2026-03-02T22:59:59.999Z", 1, "09:00", "Europe/Paris", "2026-03-03T08:00:00Z"),
        ("2026-03-02T23:00:00Z", 1, "09:00", "Europe/Paris", "2026-03-04T08:00:00Z"),
        ("2026-03-28T10:00:00Z", 1, "02:30", "Europe/Paris", "2026-03-29T01:30:00Z"),  # skipped: an hour later
        ("2026-10-24T10:00:00Z", 1, "02:30", "Europe/Paris", "2026-10-25T00:30:00Z"),  # twice: the first
        ("2026-03-28T10:00:00Z", 1, "09:00", "Europe/Paris", "2026-03-29T07:00:00Z"),  # 21 hours, not 22
        ("2026-10-03T00:00:00Z", 1, "02:15", "Australia/Lord_Howe", "2026-10-03T15:45:00Z"),  # half an hour
        ("2011-12-29T20:00:00Z", 1, "09:00", "Pacific/Apia", "2011-12-30T19:00:00Z"),  # 30 December never was there
        ("2026-03-02T08:59:59.999Z", 0, "09:00", "UTC", "2026-03-02T09:00:00Z"),
        ("2026-03-02T09:00:00Z", 0, "09:00", "UTC", "2026-03-02T09:00:00Z"),
        ("2026-03-02T09:00:00.001Z", 0, "09:00", "UTC", "2026-03-02T09:00:00.001Z"),  # past: the trigger's instant
    ],
)
def test_in_days(trigger: str, days: int, clock: str, zone: str, due: str) -> None:
    found = find_zone(zone)
    assert found is not None
    assert format_instant(in_days(parse_instant(trigger), days, minute(clock), found)) == due


@pytest.mark.parametrize(
    ("trigger", "weekday", "due"),
    [
        ("2026-03-07T08:59:00Z", 5, "2026-03-14T09:00:00Z"),  # a Saturday, and Saturday is meant: a week later
        ("2026-03-06T23:59:59.999Z", 5, "2026-03-07T09:00:00Z"),
        ("2026-03-08T00:00:00Z", 5, "2026-03-14T09:00:00Z"),
        ("2026-03-07T00:00:00Z", 6, "2026-03-08T09:00:00Z"),
        ("2026-03-07T00:00:00Z", 0, "2026-03-09T09:00:00Z"),
        ("1969-12-31T00:00:00Z", 3, "1970-01-01T09:00:00Z"),
    ],
)
def test_next_weekday(trigger: str, weekday: int, due: str) -> None:
    assert format_instant(next_weekday(parse_instant(trigger), weekday, minute("09:00"), UTC)) == due


@pytest.mark.parametrize(
    ("window", "at", "open_"),
    [
        ("09:00-21:00", "08:59:59.999", False),
        ("09:00-21:00", "09:00:00", True),
        ("09:00-21:00", "20:59:59.999", True),
        ("09:00-21:00", "21:00:00", False),
        ("21:00-09:00", "21:00:00", True),
        ("21:00-09:00", "08:59:59.999", True),
        ("21:00-09:00", "09:00:00", False),
        ("21:00-09:00", "20:59:59.999", False),
        ("21:00-00:00", "23:59:59.999", True),
        ("21:00-00:00", "00:00:00", False),
        ("09:00-09:00", "09:00:00", False),
    ],
)
def test_is_open(window: str, at: str, open_: bool) -> None:
    opens, closes = map(minute, window.split("-"))
    assert is_open(parse_instant(f"2026-03-02T{at}Z"), opens, closes, UTC) is open_


@pytest.mark.parametrize(
    ("window", "zone", "at", "opening"),
    [
        ("09:00-21:00", "UTC", "2026-03-02T21:00:00Z", "2026-03-03T09:00:00Z"),
        ("09:00-21:00", "UTC", "2026-03-02T12:00:00Z", "2026-03-02T12:00:00Z"),
        ("02:30-10:00", "Europe/Paris", "2026-03-28T23:00:00Z", "2026-03-29T01:00:00Z"),  # clocks go from 2 to 3
        ("02:10-02:40", "Europe/Paris", "2026-03-29T00:00:00Z", "2026-03-30T00:10:00Z"),  # not on that day at all
        ("02:00-02:30", "Europe/Paris", "2026-10-25T00:45:00Z", "2026-10-25T01:00:00Z"),  # opens twice on that day
    ],
)
def test_next_open(window: str, zone: str, at: str, opening: str) -> None:
    found = find_zone(zone)
    assert found is not None
    opens, closes = map(minute, window.split("-"))
    assert format_instant(next_open(parse_instant(at), opens, closes, found)) == opening


@pytest.mark.parametrize("zone", CHANGES)
@given(st.data())
def test_next_open_is_the_first_minute_whose_clock_is_in_the_window(zone: str, data: st.DataObject) -> None:
    found = find_zone(zone)
    assert found is not None
    change = parse_instant(data.draw(st.sampled_from(CHANGES[zone])))
    start = change + MINUTE * data.draw(st.integers(-30 * 60, 3 * 60))
    opens, closes = data.draw(st.tuples(*[st.integers(0, 1439)] * 2).filter(lambda pair: pair[0] != pair[1]))

    by_looking = start
    while not is_open(by_looking, opens, closes, found):
        by_looking += MINUTE
    assert next_open(start, opens, closes, found) == by_looking


@given(
    zone=st.sampled_from(sorted(CHANGES)),
    instant=st.integers(EARLIEST, LATEST),
    days=st.integers(0, 36_525),
    at=st.integers(0, 1439),
)
def test_a_due_instant_is_never_before_its_trigger_and_shows_that_time(
    zone: str, instant: int, days: int, at: int
) -> None:
    found = find_zone(zone)
    assert found is not None
    due = in_days(instant, days, at, found)

    assert due >= instant
    shown = wall_ms(due, found)
    if EARLIEST + 2 * DAY < due < LATEST - 2 * DAY and due != instant and zone not in {"Pacific/Apia"}:
        assert shown // DAY - wall_ms(instant, found) // DAY == days
        assert (shown % DAY - at * MINUTE) // MINUTE in range(61)  # later only by what a clock change skips


def test_what_is_a_zone() -> None:
    assert find_zone("UTC") is UTC
    assert find_zone("Europe/Paris") is not None
    for name in ("", "Europe", "Europe/Pari", "/etc/passwd", "../passwd", "localtime", "Factory", "a\0b", "x" * 5000):
        assert find_zone(name) is None


def test_the_zone_that_was_meant() -> None:
    assert zone_meant("europe/paris") == "Europe/Paris"
    assert zone_meant("Paris") == "Europe/Paris"
    assert zone_meant("new york") == "America/New_York"
    assert zone_meant("Europe/Pari") == "Europe/Paris"
    assert zone_meant("the moon of Jupiter") is None
    assert zone_meant("UTC+1") is None


@pytest.mark.parametrize(
    "name", ["local", "LOCALTIME", "localtimes", "factory", "posixrule", "CEST", "gmt", "Etc/GMTT"]
)
def test_a_zone_that_is_meant_is_one(name: str) -> None:
    meant = zone_meant(name)
    assert meant is None or find_zone(meant) is not None


def test_the_ends_of_time_raise_nothing() -> None:
    new_york = find_zone("America/New_York")
    assert new_york is not None
    assert in_days(LATEST, 36_525, 0, new_york) >= LATEST
    assert in_days(EARLIEST, 0, 0, new_york) >= EARLIEST
    assert next_open(LATEST, 60, 61, new_york) >= LATEST
    assert wall_ms(EARLIEST, UTC) == EARLIEST
    assert wall_ms(parse_instant("2026-07-01"), new_york) == parse_instant("2026-06-30T20:00:00Z")
    assert datetime.fromtimestamp(0, UTC).weekday() == 3
