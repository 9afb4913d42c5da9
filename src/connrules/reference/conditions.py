"""Whether a condition holds, of an event or of a user.

A comparison with what is missing, or between different types, is false, and so is its `!=`. Strings compare in Unicode
NFC, and so do the names of properties and attributes. Booleans are no numbers and have no order.
"""

import operator
from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any, Final, NamedTuple, assert_never

from connrules import ast
from connrules.text import nfc
from connrules.wallclock import read_instant

_OPERATORS: Final[dict[ast.Operator, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Facts(NamedTuple):
    """What a condition looks at."""

    values: Mapping[str, Any]
    """The properties of an event, or the attributes of a user."""
    types: Mapping[str, str]
    """Their types, as far as the catalog knows them."""
    trigger: Mapping[str, Any] = {}
    """The properties of the event that started the wait."""
    segments: Mapping[str, ast.Segment] = {}
    zone: tzinfo | None = None
    """Where the bare dates of data begin; None: in UTC."""


def holds(condition: ast.Condition, facts: Facts) -> bool:
    """Whether the condition holds of the facts."""
    match condition:
        case ast.AllOf(terms):
            return all(holds(term, facts) for term in terms)
        case ast.AnyOf(terms):
            return any(holds(term, facts) for term in terms)
        case ast.Negation(term):
            return not holds(term, facts)
        case ast.InSegment(name):
            return holds(facts.segments[name.text].condition, facts)
        case ast.IsMissing(subject):
            return _value(subject, facts) is None
        case ast.IsPresent(subject):
            return _value(subject, facts) is not None
        case ast.Compare(subject, symbol, operand):
            return _compare(subject, symbol, operand, facts)
        case ast.OneOf(subject, operands):
            return any(_compare(subject, "=", operand, facts) for operand in operands)
        case ast.Contains(subject, operand):
            return _contains(_value(subject, facts), operand, facts)
        case ast.StartsWith(subject, operand):
            value, start = _value(subject, facts), _operand(operand, facts)
            return isinstance(value, str) and isinstance(start, str) and nfc(value).startswith(nfc(start))
        case _:
            assert_never(condition)


def value_at(path: ast.Path, values: Mapping[str, Any]) -> Any:
    """The value that a path leads to. None where it leads to none, or to JSON's null: both are missing."""
    value: Any = values
    for segment in path.segments:
        inside = value if isinstance(value, Mapping) else {}
        same = [item for name, item in inside.items() if nfc(name) == segment]
        value = inside.get(segment, same[0] if same else None)
    return value


def _compare(subject: ast.Subject, symbol: ast.Operator, operand: ast.Operand, facts: Facts) -> bool:
    segments = _path(subject).segments
    is_time = len(segments) == 1 and facts.types.get(segments[0]) == "time"
    return _is_so(_value(subject, facts), symbol, operand, facts, is_time=is_time)


def _contains(value: object, operand: ast.Operand, facts: Facts) -> bool:
    if isinstance(value, list):
        return any(_is_so(element, "=", operand, facts) for element in value)
    part = _operand(operand, facts)
    return isinstance(value, str) and isinstance(part, str) and nfc(part) in nfc(value)


def _is_so(value: object, symbol: ast.Operator, operand: ast.Operand, facts: Facts, *, is_time: bool = False) -> bool:
    as_type = _instant if is_time or isinstance(operand, ast.Instant) else _scalar
    left, right = as_type(value, facts), as_type(_operand(operand, facts), facts)
    if left is None or right is None or left[0] != right[0]:
        return False
    return (left[0] != "boolean" or symbol in {"=", "!="}) and _OPERATORS[symbol](left[1], right[1])


def _value(subject: ast.Subject, facts: Facts) -> Any:
    return value_at(_path(subject), facts.values)


def _path(subject: ast.Subject) -> ast.Path:
    return subject.path if isinstance(subject, ast.Attribute) else subject


def _operand(operand: ast.Operand, facts: Facts) -> Any:
    match operand:
        case ast.Text(value) | ast.Number(value) | ast.Boolean(value) | ast.Instant(value):
            return value
        case ast.TriggerProperty(path):
            return value_at(path, facts.trigger)
        case _:
            assert_never(operand)


def _scalar(value: object, _: Facts) -> tuple[str, Any] | None:
    """A value with the type that it compares as; None: it compares with nothing."""
    match value:
        case bool():
            return "boolean", value
        case int() | float():
            return "number", value
        case str():
            return "string", nfc(value)
        case _:
            return None


def _instant(value: object, facts: Facts) -> tuple[str, int] | None:
    instant = as_instant(value, facts.zone)
    return None if instant is None else ("instant", instant)


def as_instant(value: object, zone: tzinfo | None) -> int | None:
    """The instant that data names: epoch milliseconds, or a time or date in ISO 8601; None: it names none."""
    match value:
        case str():
            try:
                return read_instant(value, zone)
            except ValueError:
                return None
        case int() if not isinstance(value, bool):
            return value
        case _:
            return None
