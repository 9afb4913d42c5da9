"""Wall-clock time: what clocks show in a time zone, and the instant at which they show it.

Instants are epoch milliseconds, times of the day are minutes since midnight. Offsets are those of the time zone
database, by way of zoneinfo. A time that a clock change skips moves forward by the gap; of one that occurs twice, the
first is meant. An instant that has no date in a zone, within a day of the years 1 and 9999, is read in UTC there.
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from connrules.duration import parse_instant
from connrules.text import closest

DAY: Final = 86_400_000
_MINUTE: Final = 60_000
_LENGTH_OF_A_DATE: Final = len("2026-03-01")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  # what a clock in UTC showed then
_MILLISECOND: Final = timedelta(milliseconds=1)
_OFFSET: Final = re.compile(r"[+-]\d")
_OF_THE_MACHINE: Final = frozenset({"localtime", "posixrules", "Factory"})
"""Names that mean something else on each machine, or nothing."""


@lru_cache(maxsize=1024)
def find_zone(name: str) -> tzinfo | None:
    """The time zone of a name of the time zone database, such as `Europe/Paris`; None where there is none."""
    if name == "UTC":
        return UTC
    if name in _OF_THE_MACHINE:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def zone_meant(name: str) -> str | None:
    """The time zone that was probably meant by a name that is none; None for an offset: many regions share it."""
    if is_offset(name):
        return None
    zones = available_timezones() - _OF_THE_MACHINE
    folded = name.strip().replace(" ", "_").casefold()
    same = [zone for zone in zones if zone.casefold() == folded or zone.rpartition("/")[2].casefold() == folded]
    return min(same) if same else closest(name, sorted(zone for zone in zones if "/" in zone))


def is_offset(name: str) -> bool:
    """Whether a name that is no zone says how far clocks are from UTC: `UTC+1`, `+02:00`."""
    return _OFFSET.search(name) is not None


def wall_ms(instant: int, zone: tzinfo) -> int:
    """What a clock in the zone shows at an instant: milliseconds since the midnight that began 1970-01-01 there."""
    try:
        shown = (_EPOCH + timedelta(milliseconds=instant)).astimezone(zone)
    except OverflowError:
        return instant
    return (shown.replace(tzinfo=None) - _NAIVE_EPOCH) // _MILLISECOND


def instant_at(wall: int, zone: tzinfo) -> int:
    """The instant at which a clock in the zone shows so many milliseconds since the midnight that began 1970-01-01."""
    try:
        shown = (_NAIVE_EPOCH + timedelta(milliseconds=wall)).replace(tzinfo=zone)
        return (shown - _EPOCH) // _MILLISECOND
    except OverflowError:
        return wall


def read_instant(text: str, zone: tzinfo | None) -> int:
    """Epoch milliseconds of a date or time as data has it; a bare date begins in that zone, without one in UTC.

    Raises ValueError where the text is neither.
    """
    instant = parse_instant(text)
    return instant if zone is None or len(text) > _LENGTH_OF_A_DATE else instant_at(instant, zone)


def in_days(instant: int, days: int, minute: int, zone: tzinfo) -> int:
    """That minute of the day, so many calendar days after the date of an instant; never before the instant itself."""
    midnight = wall_ms(instant, zone) // DAY * DAY
    return max(instant, instant_at(midnight + days * DAY + minute * _MINUTE, zone))


def next_weekday(instant: int, weekday: int, minute: int, zone: tzinfo) -> int:
    """That minute of the next such weekday (Monday is 0), strictly after the date of an instant."""
    today = (wall_ms(instant, zone) // DAY + 3) % 7  # 1970-01-01 was a Thursday
    return in_days(instant, (weekday - today - 1) % 7 + 1, minute, zone)


def is_open(instant: int, opens: int, closes: int, zone: tzinfo) -> bool:
    """Whether clocks in the zone show a time of the day in `[opens, closes)`; such a window may cross midnight."""
    now = wall_ms(instant, zone) % DAY
    start, end = opens * _MINUTE, closes * _MINUTE
    return start <= now < end if start <= end else now >= start or now < end


def next_open(instant: int, opens: int, closes: int, zone: tzinfo) -> int:
    """The first instant from this one on at which `is_open` holds. The window must not be empty."""
    while not is_open(instant, opens, closes, zone):
        until_opening = (opens * _MINUTE - wall_ms(instant, zone)) % DAY
        change = _next_change(instant, instant + until_opening, zone)
        instant = instant + until_opening if change is None else change
    return instant


def _next_change(instant: int, end: int, zone: tzinfo) -> int | None:
    """The first instant in `(instant, end]` whose offset from UTC is not that of `instant`, where `end` has another."""
    offset = wall_ms(instant, zone) - instant
    if wall_ms(end, zone) - end == offset:
        return None
    low, high = instant, end
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if wall_ms(middle, zone) - middle == offset else (low, middle)
    return high
