"""Durations and instants: what text they are, and what is wrong with other text."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connrules.duration import (
    EARLIEST,
    LATEST,
    LONGEST,
    format_duration,
    format_instant,
    instant_of,
    parse_duration,
    parse_instant,
)


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1ms", 1),
        ("1s", 1_000),
        ("1m", 60_000),
        ("1h", 3_600_000),
        ("1d", 86_400_000),
        ("1w", 7 * 86_400_000),
        ("1d12h", 36 * 3_600_000),
        ("90m", 90 * 60_000),
        ("1w2d3h4m5s6ms", 788_645_006),
        ("0s", 0),
        ("007d", 7 * 86_400_000),
        ("36525d", LONGEST),
    ],
)
def test_durations(text: str, ms: int) -> None:
    assert parse_duration(text) == ms


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "`` is not a duration"),
        ("1", "`1` is not a duration"),
        ("d", "`d` is not a duration"),
        ("1.5d", "`1.5d` is not a duration"),
        ("-1d", "`-1d` is not a duration"),
        ("1 d", "`1 d` is not a duration"),
        ("1D", "`1D` is not a duration"),
        ("1y", "`y` is not a unit of time"),
        ("1d1d", "the unit `d` stands twice"),
        ("1h1d", "the units are not in order, largest first"),
        ("1ms1s", "the units are not in order, largest first"),
        ("36525d1ms", "the duration is longer than a hundred years"),
        ("9" * 5000 + "d", "the duration is longer than a hundred years"),
    ],
)
def test_what_is_no_duration(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_duration(text)
    assert str(caught.value) == problem


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0s"),
        (1, "1ms"),
        (36 * 3_600_000, "1d12h"),
        (14 * 86_400_000, "2w"),
        (8 * 86_400_000, "8d"),
        (90 * 60_000, "1h30m"),
        (86_399_999, "23h59m59s999ms"),
    ],
)
def test_durations_in_canonical_form(ms: int, text: str) -> None:
    assert format_duration(ms) == text


@given(st.integers(0, LONGEST))
def test_what_is_formatted_reads_back(ms: int) -> None:
    assert parse_duration(format_duration(ms)) == ms


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T09:00Z", datetime(2026, 3, 1, 9, tzinfo=UTC)),
        ("2026-03-01T09:00:00Z", datetime(2026, 3, 1, 9, tzinfo=UTC)),
        ("2026-03-01T09:00:00+01:00", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ("2026-03-01T09:00:00.250-05:30", datetime(2026, 3, 1, 14, 30, 0, 250_000, tzinfo=UTC)),
        ("2026-03-01T09:00:00.0019Z", datetime(2026, 3, 1, 9, 0, 0, 1_000, tzinfo=UTC)),
        ("2028-02-29", datetime(2028, 2, 29, tzinfo=UTC)),
        ("1969-12-31T23:59:59.999Z", datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)),
    ],
)
def test_instants(text: str, moment: datetime) -> None:
    assert parse_instant(text) == instant_of(moment)
    assert abs(parse_instant(text) / 1000 - moment.timestamp()) < 1e-6


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "`` is not a time; write `2026-03-01` or `2026-03-01T09:00:00Z`"),
        ("2026-3-1", "`2026-3-1` is not a time; write `2026-03-01` or `2026-03-01T09:00:00Z`"),
        ("2026-03-01T09:00:00", "`2026-03-01T09:00:00` names no zone; add `Z` or an offset such as `+01:00`"),
        ("2026-02-29", "`2026-02-29` is a date or time that does not exist"),
        ("2026-03-01T24:01:00Z", "`2026-03-01T24:01:00Z` is a date or time that does not exist"),
        ("2026-03-01T09:60:00Z", "`2026-03-01T09:60:00Z` is a date or time that does not exist"),
    ],
)
def test_what_is_no_instant(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_instant(text)
    assert str(caught.value) == problem


def test_a_date_is_its_first_instant_in_utc() -> None:
    assert instant_of(date(1970, 1, 2)) == 86_400_000
    assert instant_of(datetime(1970, 1, 2)) == 86_400_000  # noqa: DTZ001  # without a zone: UTC
    assert instant_of(datetime(1970, 1, 2, 1, tzinfo=timezone(timedelta(hours=1)))) == 86_400_000


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:00.001Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (EARLIEST, "0001-01-01T00:00:00Z"),
        (LATEST, "9999-12-31T23:59:59.999Z"),
        (EARLIEST - 1, EARLIEST - 1),
        (LATEST + 1, LATEST + 1),
    ],
)
def test_instants_in_canonical_form(ms: int, text: str | int) -> None:
    assert format_instant(ms) == text


@given(st.integers(EARLIEST, LATEST))
def test_an_instant_that_is_formatted_reads_back(ms: int) -> None:
    assert parse_instant(str(format_instant(ms))) == ms
