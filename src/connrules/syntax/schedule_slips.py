"""Slips about the clock: schedules, delivery windows and quiet hours, and the zones that they go by."""

import re
from collections.abc import Callable
from typing import NamedTuple

from connrules import ast
from connrules.syntax.place import Place, Slip
from connrules.syntax.scanner import Token
from connrules.syntax.times_meant import COUNTS, clock_meant, time_meant
from connrules.wallclock import find_zone, zone_meant

_BETWEEN = re.compile(r"[ \t]*(?:and|to|until|till|[-–—])[ \t]*", re.IGNORECASE)
_FILLER = re.compile(r"[ \t]*(?:(?:hours|from|between|at)\b[ \t]*)*", re.IGNORECASE)
_IN_DAYS = re.compile(
    rf"(?P<count>\d{{1,5}}|{'|'.join(COUNTS)})[ \t]*(?P<unit>weeks?|w|days?|d)\b(?:[ \t]*at\b[ \t]*)?", re.IGNORECASE
)
_DATE = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})|(\d{4})([/.])(\d{1,2})\6(\d{1,2})")
_ZONE = re.compile(r"[A-Za-z]+(?:/[A-Za-z_+\-0-9]+)*")


class _Days(NamedTuple):
    """`2 days at 9:00` as a schedule, and how many characters it took."""

    text: str
    length: int
    has_clock: bool


def _days_meant(text: str) -> _Days | None:
    match = _IN_DAYS.match(text)
    if match is None:
        return None
    clock = clock_meant(text[match.end() :])
    count = COUNTS.get(match["count"].lower()) or int(match["count"])
    days = count * (7 if match["unit"].lower().startswith("w") else 1)
    length = match.end() + clock.length if clock else len(match[0].rstrip())
    written = f"in {days} {'day' if days == 1 else 'days'} at {clock.text if clock else '09:00'}"
    return _Days(written, length, clock is not None)


def _until(place: Place, start: int, end: int) -> Token:
    """The last of the tokens that begin before an offset of the source."""
    return [token for token in place.chunk if start <= token.start < end][-1]


def delay_with_clock(place: Place) -> Slip | None:
    """`after 2 days at 09:00`, `after 2d at 09:00`, `after next monday`: a delay is elapsed time."""
    if place.token.kind == "NEXT" and place.before.kind == "AFTER":
        remedy, fix = "write `next monday at 09:00` without `after`", place.deleting(place.before, place.before)
        return Slip("CR101", place.before, place.token, "a schedule is no delay", remedy, fix=fix)
    start = place.token
    if place.before.kind == "AT" and place.at(-2).kind == "DURATION" and place.at(-3).kind == "AFTER":
        start = place.at(-2)
    elif place.before.kind != "AFTER":
        return None
    days = _days_meant(place.line_from(start))
    if days is None or not days.has_clock:
        return None
    first, last = place.chunk[place.chunk.index(start) - 1], _until(place, start.start, start.start + days.length)
    remedy, fix = f"write `{days.text}`", place.writing(first, last, days.text)
    return Slip("CR101", first, last, "`after` takes no time of the day", remedy, fix=fix)


def _in_days(place: Place) -> Slip | None:
    """`in 2d at 09:00`, `in 2 weeks`, `in 2 days`, `in 2 hours`: a schedule names days and a time of the day."""
    opener = next((place.at(offset) for offset in (-1, -2, -3) if place.at(offset).kind == "IN"), None)
    if opener is None or not place.accepted & {"NUMBER", "DAYS", "AT"} or "SEGMENT" in place.accepted:
        return None
    text = place.line_from(opener)[len("in") :]
    skipped = len("in") + len(text) - len(text.lstrip())
    days = _days_meant(text.lstrip())
    if days is None:
        elapsed = re.match(r"\d+[ \t]*(?:h|hours?|m|mins?|minutes?)\b", text.lstrip())
        if elapsed is None:
            return None
        meant = re.sub(r"[ \t]*([hm])\w*$", r"\1", elapsed[0])
        last = _until(place, opener.start, opener.start + skipped + len(elapsed[0]))
        remedy, fix = f"for elapsed time write `after {meant}`", place.writing(opener, last, f"after {meant}")
        return Slip("CR101", opener, last, "a schedule counts days", remedy, fix=fix)
    last = _until(place, opener.start, opener.start + skipped + days.length)
    if not days.has_clock:  # whoever wrote the rule knows which it is
        return Slip("CR101", opener, last, "the schedule names no time of the day", f"write `{days.text}`")
    fix = place.writing(opener, last, days.text)
    return Slip("CR101", opener, last, "a schedule counts days", f"write `{days.text}`", fix=fix)


def _next_without_clock(place: Place) -> Slip | None:
    """`next monday`."""
    if place.at(-2).kind != "NEXT" or place.accepted != {"AT"}:
        return None
    day = place.before.text if place.before.text in ast.WEEKDAYS else ast.WEEKDAYS[0]
    message = "the schedule names no time of the day"
    return Slip("CR101", place.at(-2), place.before, message, f"write `next {day} at 09:00`")


def _window(place: Place) -> Slip | None:
    """`between 9am and 9pm`, `between 9:00-17:00`, `quiet from 22:00 to 8:00`."""
    opener = next((place.at(n) for n in range(-1, -6, -1) if place.at(n).kind in {"BETWEEN", "QUIET"}), None)
    if opener is None or not place.accepted & {"CLOCK", "AND", "TO", "LOCAL"}:
        return None
    line = place.line_from(opener)
    at = len(opener.text)
    at += len(_FILLER.match(line[at:])[0])  # type: ignore[index]  # it matches nothing too
    opens = clock_meant(line[at:])
    join = _BETWEEN.match(line, at + opens.length) if opens else None
    closes = clock_meant(line[join.end() :]) if join else None
    if opens is None or join is None or closes is None:
        return None
    end = opener.start + join.end() + closes.length
    if place.token.start >= end:
        return None
    word = "and" if opener.kind == "BETWEEN" else "to"
    meant = f"{opener.text} {opens.text} {word} {closes.text}"
    message = f"`{' '.join(line[: join.end() + closes.length].split())}` is not how conn says it"
    last = _until(place, opener.start, end)
    fix = place.writing(opener, last, meant)
    return Slip("CR113", opener, last, message, f"write `{meant}`", "times of the day are `HH:MM`", fix)


def _clock(place: Place) -> Slip | None:
    """`at 9am`, `at noon`, `at 9`."""
    after_clock = place.before.kind == "CLOCK" and place.token.text.lower() in {"am", "pm"}
    if "CLOCK" not in place.accepted and not after_clock:
        return None
    first = place.before if after_clock else place.token
    meant = clock_meant(place.line_from(first))
    if meant is None:
        return None
    last = _until(place, first.start, first.start + meant.length)
    message = f"`{place.text(first, last)}` is no time of the day"
    fix = place.writing(first, last, meant.text)
    return Slip("CR113", first, last, message, f"write `{meant.text}`", "a time of the day is expected here", fix)


def _clock_alone(place: Place) -> Slip | None:
    """`at 09:00` as a clause of its own."""
    dated = place.at(-2).kind == "TIME"
    if dated or place.before.kind != "AT" or place.accepted != {"MOST"} or (meant := clock_meant(_line(place))) is None:
        return None
    message, written = "a time of the day stands in a schedule", f"in 0 days at {meant.text}"
    fix = place.writing(place.before, _until(place, place.token.start, place.token.start + meant.length), written)
    return Slip("CR101", place.before, place.token, message, f"write `{written}`", fix=fix)


def _line(place: Place) -> str:
    return place.line_from(place.token)


def _date(place: Place) -> Slip | None:
    """`from 01/03/2026`, `until 2026/03/01`."""
    match = _DATE.match(_line(place)) if "TIME" in place.accepted and "STRING" not in place.accepted else None
    dates = _dates_meant(match) if match else []
    if match is None or not dates:
        return None
    last = _until(place, place.token.start, place.token.start + match.end())
    remedy = f"the year stands first: write {' or '.join(f'`{date}`' for date in dates)}"
    fix = place.writing(place.token, last, dates[0]) if len(dates) == 1 else None
    return Slip("CR113", place.token, last, f"`{match[0]}` is not a time", remedy, "a time is expected here", fix)


def _dates_meant(match: re.Match[str]) -> list[str]:
    """The dates that digits may mean: of two numbers before a year, either may be the month."""
    if match[5]:
        candidates = [f"{match[5]}-{match[7]:0>2}-{match[8]:0>2}"]
    else:
        candidates = [
            f"{match[4]}-{month:0>2}-{day:0>2}" for day, month in ((match[1], match[3]), (match[3], match[1]))
        ]
    return [date for date in dict.fromkeys(candidates) if time_meant(date, "00:00") is not None]


def _local(place: Place) -> Slip | None:
    """`zone local`, `time zone local`."""
    if place.before.kind != "ZONE" or place.token.kind != "LOCAL":
        return None
    if place.at(-2).kind == "TIME_KEYWORD":
        remedy = 'the policy names a zone: write `time zone "Europe/Paris"`, or whichever it is'
        return Slip("CR101", place.token, place.token, "unexpected `local`", remedy)
    remedy, fix = "write `local` without `zone`", place.deleting(place.before, place.before)
    return Slip("CR101", place.before, place.token, "`local` is no name of a zone", remedy, fix=fix)


def _zone_after_in(place: Place) -> Slip | None:
    """`next monday at 09:00 in "Europe/Paris"`."""
    if place.before.kind != "IN" or place.token.kind != "STRING" or place.at(-2).kind != "CLOCK":
        return None
    remedy = f"write `zone {place.token.text}`"
    fix = place.writing(place.before, place.token, f"zone {place.token.text}")
    return Slip("CR101", place.before, place.token, f"unexpected `in {place.token.text}`", remedy, fix=fix)


def _zone_before_clock(place: Place) -> Slip | None:
    """`in 2 days local at 09:00`, `next monday zone "UTC" at 09:00`."""
    end = 1 if place.token.kind == "ZONE" else 0
    last, clock = place.at(end), place.at(end + 2)
    if place.accepted != {"AT"} or place.token.kind not in {"LOCAL", "ZONE"} or clock.kind != "CLOCK":
        return None
    zone = place.text(place.token, last)
    meant = f"at {clock.text} {zone}"
    remedy, fix = f"the zone stands behind the time: write `{meant}`", place.writing(place.token, clock, meant)
    return Slip("CR101", place.token, clock, f"unexpected `{zone}`", remedy, fix=fix)


def _second_weekday(place: Place) -> Slip | None:
    """`next monday or tuesday at 09:00`."""
    day = place.before.text
    if place.at(-2).kind != "NEXT" or place.accepted != {"AT"} or place.token.kind not in {"OR", "AND", "COMMA"}:
        return None
    clock = next((t.text for t in place.chunk[place.stop :] if t.kind == "CLOCK"), "09:00")
    remedy = f"name one, e.g. `next {day} at {clock}`; for two days write two rules"
    return Slip("CR101", place.at(-2), place.at(1), "a schedule names one weekday", remedy)


def _second_window(place: Place) -> Slip | None:
    """`between 08:00 and 12:00 and between 22:00 and 23:00`."""
    if place.before.kind != "CLOCK" or place.token.kind not in {"AND", "OR", "COMMA"}:
        return None
    if place.at(-4).kind != "BETWEEN" or not {place.at(1).kind, place.at(2).kind} & {"CLOCK"}:
        return None
    last = next(t for t in reversed(place.chunk[: place.stop + 5]) if t.kind == "CLOCK")
    remedy = f"keep one, e.g. `{place.text(place.at(-4), place.before)}`; for two windows write two rules"
    return Slip("CR101", place.token, last, "a rule has one window", remedy)


def _zone(place: Place) -> Slip | None:
    """`zone Europe/Paris`, `between … and … Europe/Paris`, `at 09:00 CET`, `at 09:00 Berlin`."""
    named = place.before.kind == "ZONE"
    if place.token.kind != "WORD" or not (named or place.goes_on_with("ZONE")):
        return None
    match = _ZONE.match(_line(place))
    zone = _known(match[0]) if match else None
    if match is None or zone is None:
        return None
    last = _until(place, place.token.start, place.token.start + match.end())
    if named:
        remedy, meant = f'names of zones stand in quotes: write `"{zone}"`', f'"{zone}"'
    else:
        remedy, meant = f'write `zone "{zone}"`', f'zone "{zone}"'
    fix = place.writing(place.token, last, meant)
    return Slip("CR101", place.token, last, f"unexpected `{match[0]}`", remedy, fix=fix)


def _known(word: str) -> str | None:
    """The zone that a word names, perhaps by its city alone."""
    if find_zone(word) is not None:
        return word
    meant = zone_meant(word)
    return meant if meant and meant.rpartition("/")[2].casefold() == word.casefold() else None


SCHEDULE_SLIPS: tuple[Callable[[Place], Slip | None], ...] = (
    delay_with_clock,
    _date,
    _zone_before_clock,
    _second_weekday,
    _second_window,
    _in_days,
    _next_without_clock,
    _window,
    _clock,
    _clock_alone,
    _local,
    _zone_after_in,
    _zone,
)
"""In the order in which they are looked for."""
