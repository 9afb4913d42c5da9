"""How names, values and comparisons are written: the smallest parts of canonical text."""

from typing import assert_never

from connrules import ast
from connrules.duration import format_instant
from connrules.syntax.grammar import RESERVED

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def quoted(text: str) -> str:
    """A text as a string of the language."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(char: str) -> str:
    """A character as it stands in a string; what a reader could not see is written as its number."""
    return _ESCAPES.get(char) or (char if char.isprintable() else f"\\u{{{ord(char):X}}}")


def spell_name(name: ast.Name) -> str:
    """A name as it was written: a word, or in quotes."""
    return quoted(name.text) if name.quoted else name.text


def spell_path(path: ast.Path) -> str:
    """A property, each part of it that is no free word in backticks."""
    return ".".join(s if _is_bare(s) else f"`{s}`" for s in path.segments)


def _is_bare(segment: str) -> bool:
    return segment.isidentifier() and segment.isascii() and segment not in RESERVED


def spell_comparison(comparison: ast.Comparison | ast.InSegment) -> str:
    """A condition that holds no other."""
    match comparison:
        case ast.Compare(subject, operator, operand):
            return f"{spell_subject(subject)} {operator} {spell_operand(operand)}"
        case ast.OneOf(subject, operands):
            return f"{spell_subject(subject)} in ({', '.join(map(spell_operand, operands))})"
        case ast.Contains(subject, operand):
            return f"{spell_subject(subject)} contains {spell_operand(operand)}"
        case ast.StartsWith(subject, operand):
            return f"{spell_subject(subject)} starts with {spell_operand(operand)}"
        case ast.IsMissing(subject):
            return f"{spell_subject(subject)} is missing"
        case ast.IsPresent(subject):
            return f"{spell_subject(subject)} is present"
        case ast.InSegment(name):
            return f"in segment {name.text}"
        case _:
            assert_never(comparison)


def spell_subject(subject: ast.Subject) -> str:
    """A property of the event, or of the user."""
    match subject:
        case ast.Path():
            return spell_path(subject)
        case ast.Attribute(path):
            return f"user.{spell_path(path)}"
        case _:
            assert_never(subject)


def spell_operand(operand: ast.Operand) -> str:
    """A literal, or a property of the trigger event."""
    match operand:
        case ast.Text(value):
            return quoted(value)
        case ast.Number(value):
            return _number(value)
        case ast.Boolean(value):
            return "true" if value else "false"
        case ast.Instant(ms, is_date, spelling):
            return spelling if is_date else str(format_instant(ms))
        case ast.TriggerProperty(path):
            return f"trigger.{spell_path(path)}"
        case _:
            assert_never(operand)


def spell_share(share: ast.Share) -> str:
    """`12.5%`, without zeros that say nothing."""
    return percentage(share.millionths)


def percentage(millionths: int) -> str:
    """`12.5%` for 125,000 millionths."""
    whole, rest = divmod(millionths, 10_000)
    return f"{whole}.{rest:04}".rstrip("0").rstrip(".") + "%"


def _number(value: float) -> str:
    text = repr(value)
    if "e" not in text:
        return text
    from decimal import Decimal  # noqa: PLC0415  # numbers of that size are rare, and it takes long to load

    return format(Decimal(text), "f")


def spell_clock(clock: ast.Clock) -> str:
    """`09:00`."""
    return f"{clock.minutes // 60:02}:{clock.minutes % 60:02}"


def spell_zone(zone: ast.Zone | None) -> str:
    """` local`, ` zone "Europe/Paris"`, or nothing."""
    match zone:
        case None:
            return ""
        case ast.Local():
            return " local"
        case ast.NamedZone(name):
            return f" zone {quoted(name)}"
        case _:
            assert_never(zone)


def spell_schedule(schedule: ast.Schedule) -> str:
    """`in 2 days at 09:00`, `next monday at 09:00 local`."""
    match schedule:
        case ast.InDays(days, clock, zone):
            day = f"in {days} {'day' if days == 1 else 'days'}"
        case ast.NextWeekday(weekday, clock, zone):
            day = f"next {ast.WEEKDAYS[weekday]}"
        case _:
            assert_never(schedule)
    return f"{day} at {spell_clock(clock)}{spell_zone(zone)}"


def spell_moment(moment: ast.Moment) -> str:
    """When something happens in a test."""
    return moment.name if isinstance(moment, ast.Variable) else moment.spelling


def spell_value(value: ast.Value | ast.Variable) -> str:
    """A value in a test, as it was written."""
    match value:
        case ast.Variable(name):
            return name
        case ast.Duration() | ast.Instant():
            return value.spelling
        case _:
            return spell_operand(value)
