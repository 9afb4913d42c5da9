"""Sets of instants: half-open intervals in order, in epoch milliseconds; and how much of one another makes up.

An interval without an end is open; one that begins at `BEGINNING` has no date of its own.
"""

from collections.abc import Iterable

from connrules.catalog import ALWAYS, Interval
from connrules.duration import MS_PER_UNIT, format_duration

Intervals = tuple[Interval, ...]

BEGINNING = ALWAYS[0][0]
_DAY = MS_PER_UNIT["d"]


def union(intervals: Iterable[Interval]) -> Intervals:
    """The instants that are in any of them."""
    merged: list[Interval] = []
    for start, end in sorted(intervals, key=lambda interval: interval[0]):
        last = merged[-1] if merged else None
        if last is None or (last[1] is not None and last[1] < start):
            merged.append((start, end))
        elif last[1] is not None:
            merged[-1] = (last[0], None if end is None else max(last[1], end))
    return tuple(merged)


def before(intervals: Intervals, instant: int) -> Intervals:
    """What of them is before an instant."""
    return tuple((start, instant if end is None else min(end, instant)) for start, end in intervals if start < instant)


def since(intervals: Intervals, instant: int) -> Intervals:
    """What of them is at an instant or later."""
    return tuple((max(start, instant), end) for start, end in intervals if end is None or end > instant)


def is_dated(intervals: Intervals) -> bool:
    """Whether they begin at some date."""
    return bool(intervals) and intervals[0][0] != BEGINNING


def length(intervals: Intervals) -> int | None:
    """Milliseconds in all; None: without end."""
    ends = [end for _, end in intervals if end is not None]
    return sum(ends) - sum(start for start, _ in intervals) if len(ends) == len(intervals) else None


def share(part: Intervals, whole: Intervals, which: str = "first") -> str:
    """How much of a time a part of it is: `28 of 63 days`, or `the first 28 days` of a time without end."""
    lost, total = length(part), length(whole)
    assert lost is not None  # what has no end is no share of anything
    if total is None:
        return f"the {which} {days(lost)}"
    if lost == total:
        return f"all {days(total)}"
    if lost % _DAY == total % _DAY == 0:
        return f"{lost // _DAY} of {days(total)}"
    return f"{days(lost)} of {days(total)}"


def days(ms: int) -> str:
    """Whole days as such, and from ten days on rounded to them; what is shorter as it is."""
    number = round(ms / _DAY)
    if ms % _DAY == 0 or number >= 10:
        return f"{number} day{'' if number == 1 else 's'}"
    return format_duration(ms)
