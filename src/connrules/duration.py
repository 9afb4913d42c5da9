"""Durations (`1d12h`) and instants (`2026-03-01T09:00:00Z`), both as whole milliseconds.

A duration is elapsed time: `1d` is 24 hours, `1w` is 7 days, whatever a clock on the wall does. An instant is
milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

MS_PER_UNIT: Final = {"w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
"""The units of a duration, largest first."""

LONGEST: Final = 36_525 * MS_PER_UNIT["d"]
"""The longest duration that a rule may name: a hundred years, well past any campaign."""

_PART = re.compile(r"(\d+)([a-z]+)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)?)?")

EARLIEST: Final = -62_135_596_800_000
"""The first instant that has a date: 0001-01-01T00:00:00Z."""
LIKE_SECONDS: Final = range(100_000_000, 100_000_000_000)
"""Instants before March 1973: seconds that are taken for milliseconds look like that."""
LATEST: Final = 253_402_300_799_999
"""The last instant that has a date: 9999-12-31T23:59:59.999Z."""

_MINUTES: Final = tuple(f"T{minute // 60:02}:{minute % 60:02}" for minute in range(1440))
_SECONDS: Final = tuple(f":{second:02}" for second in range(60))
_FRACTIONS: Final = ("Z", *(f".{fraction:03}Z" for fraction in range(1, 1000)))


def parse_duration(text: str) -> int:
    """Milliseconds of a duration such as `1d12h`.

    Raises ValueError with a message for the user: units are `w d h m s ms`, largest first, each at most once.
    """
    parts = _PART.findall(text)
    if not parts or "".join(n + u for n, u in parts) != text:
        raise ValueError(f"`{text}` is not a duration")
    units = [unit for _, unit in parts]
    for unit in units:
        if unit not in MS_PER_UNIT:
            raise ValueError(f"`{unit}` is not a unit of time")
    order = [list(MS_PER_UNIT).index(unit) for unit in units]
    if len(set(units)) < len(units):
        raise ValueError(f"the unit `{next(u for u in units if units.count(u) > 1)}` stands twice")
    if order != sorted(order):
        raise ValueError("the units are not in order, largest first")
    if any(len(number) > 18 for number, _ in parts):
        raise ValueError("the duration is longer than a hundred years")
    total = sum(int(number) * MS_PER_UNIT[unit] for number, unit in parts)
    if total > LONGEST:
        raise ValueError("the duration is longer than a hundred years")
    return total


def format_duration(ms: int) -> str:
    """The canonical text of a duration: largest units first, weeks only for whole weeks. `0s` for nothing."""
    if ms and ms % MS_PER_UNIT["w"] == 0:
        return f"{ms // MS_PER_UNIT['w']}w"
    parts: list[str] = []
    for unit, size in list(MS_PER_UNIT.items())[1:]:
        count, ms = divmod(ms, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def parse_instant(text: str) -> int:
    """Epoch milliseconds of `2026-03-01` (00:00 UTC) or of a date and time with `Z` or an offset.

    Fractions of a second finer than a millisecond are cut off. Raises ValueError with a message for the user.
    """
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError(f"`{text}` is not a time; write `2026-03-01` or `2026-03-01T09:00:00Z`")
    if match[1] and not match[4]:
        raise ValueError(f"`{text}` names no zone; add `Z` or an offset such as `+01:00`")
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        raise ValueError(f"`{text}` is a date or time that does not exist") from None
    instant = instant_of(moment)
    if not EARLIEST <= instant <= LATEST:
        raise ValueError(f"`{text}` is outside the years 1 to 9999")
    return instant


def instant_of(moment: date | datetime) -> int:
    """Epoch milliseconds of a date (00:00 UTC) or of a datetime; a datetime without a zone counts as UTC."""
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    elif moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MILLISECOND


def format_instant(ms: int) -> str | int:
    """ISO 8601 in UTC, milliseconds only where there are any; an instant outside the years 1 to 9999 stays a number."""
    if not EARLIEST <= ms <= LATEST:
        return ms
    days, rest = divmod(ms, 86_400_000)
    minute, rest = divmod(rest, 60_000)
    second, fraction = divmod(rest, 1000)
    return _date(days) + _MINUTES[minute] + _SECONDS[second] + _FRACTIONS[fraction]


def day(ms: int) -> str:
    """An instant for people: the date alone where it is 00:00 UTC."""
    return str(format_instant(ms)).removesuffix("T00:00:00Z")


@lru_cache(maxsize=4096)  # logs go through time in order, so most instants share their date with the one before
def _date(days: int) -> str:
    return (_EPOCH + timedelta(days=days)).strftime("%Y-%m-%d").rjust(10, "0")
