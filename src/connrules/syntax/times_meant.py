"""The duration, time or time of the day that somebody meant who wrote it in another way: `1 day`, `1,5d`, `9am`."""

import re
from fractions import Fraction
from typing import NamedTuple

from connrules.duration import MS_PER_UNIT, format_duration, parse_duration, parse_instant

_UNITS = {
    **dict.fromkeys(("w", "week", "weeks", "wk", "wks", "woche", "wochen", "semaine", "semaines", "semana"), "w"),
    **dict.fromkeys(("d", "day", "days", "tag", "tage", "tagen", "jour", "jours", "dia", "dias", "giorno"), "d"),
    **dict.fromkeys(("h", "hour", "hours", "hr", "hrs", "stunde", "stunden", "heure", "heures", "hora"), "h"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes", "minuten"), "m"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), "ms"),
}
_NUMBERS = ("a", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
COUNTS = {**{word: max(1, number) for number, word in enumerate(_NUMBERS)}, "an": 1}
"""Numbers in words."""
_COUNT = rf"(\d{{1,9}}(?:[.,]\d{{1,6}})?)[ \t]*|({'|'.join(COUNTS)})[ \t]+|\b"
_PART = re.compile(rf"(?:{_COUNT})({'|'.join(_UNITS)})(?![a-z])", re.IGNORECASE)
_JOIN = re.compile(r"[ \t]*(?:and\b[ \t]*)?", re.IGNORECASE)
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(:[0-5]\d)?")
_CLOCK_MEANT = re.compile(
    r"(?:(?P<word>noon|midday|midnight)|"
    r"(?P<hour>\d{1,2})(?:[:.h](?P<minute>[0-5]\d)(?::00)?|h)?(?:[ \t]*(?P<half>[ap])\.?m\.?)?)(?![\w:%]|[.,]\d)",
    re.IGNORECASE,
)


def duration_meant(text: str) -> str | None:
    """The duration that a text begins with, as connrules writes it, in the user's own units where it can be."""
    parts: list[tuple[Fraction, str]] = []
    at = 0
    while (match := _PART.match(text, at)) and not (match[3] == "M" or (parts and not match[1])):
        number = match[1].replace(",", ".") if match[1] else COUNTS[(match[2] or "a").lower()]
        count = Fraction(number)
        parts.append((count, _UNITS[match[3].lower()]))
        join = _JOIN.match(text, match.end())
        at = join.end() if join else match.end()
    if at < len(text) and parts and text[at - 1].isalnum() and text[at].isalnum():
        return None  # the text goes on with something that is no part of a duration
    return _written(parts)


def _written(parts: list[tuple[Fraction, str]]) -> str | None:
    total = sum(count * MS_PER_UNIT[unit] for count, unit in parts)
    if not total or total.denominator != 1:
        return None
    spelled = "".join(f"{count}{unit}" for count, unit in parts)
    for text in (spelled, format_duration(int(total))):
        try:
            parse_duration(text)
        except ValueError:
            continue
        return text
    return None


def duration_in_order(text: str) -> str | None:
    """A duration with its units largest first; None where a unit stands twice or is none."""
    parts = re.findall(r"(\d+)([a-z]+)", text)
    order = [list(MS_PER_UNIT).index(unit) for _, unit in parts if unit in MS_PER_UNIT]
    if "".join(number + unit for number, unit in parts) != text or not len(set(order)) == len(order) == len(parts):
        return None
    return "".join(number + unit for _, (number, unit) in sorted(zip(order, parts, strict=True)))


def with_units(number: str) -> list[str]:
    """A number with each unit that it could have been meant to have."""
    return [text for unit in "mhd" if (text := duration_meant(f"{number}{unit}")) == f"{number}{unit}"]


def time_meant(date: str, clock: str) -> str | None:
    """A date and a time of the day as one instant in UTC: `2026-03-01T09:00:00Z`."""
    match = _CLOCK.fullmatch(clock)
    if match is None:
        return None
    text = f"{date}T{match[1]:0>2}:{match[2]}{match[3] or ':00'}Z"
    try:
        parse_instant(text)
    except ValueError:
        return None
    return text


class ClockMeant(NamedTuple):
    """A time of the day, as conn writes it, and how many characters it took."""

    text: str
    length: int


def clock_meant(text: str) -> ClockMeant | None:
    """The time of the day that a text begins with: `9am`, `9:00 pm`, `9.30`, `21h`, `21`, `noon`."""
    match = _CLOCK_MEANT.match(text)
    if match is None:
        return None
    if match["word"]:
        return ClockMeant("00:00" if match["word"].lower() == "midnight" else "12:00", match.end())
    hour = int(match["hour"])
    if match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (match["half"].lower() == "p")
    return ClockMeant(f"{hour:02}:{match['minute'] or '00'}", match.end()) if hour < 24 else None
