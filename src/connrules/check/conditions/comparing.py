"""Whether one comparison holds of one value, exactly as when rules run; and what a value can be compared as.

A value is data as an event carries it: text, a number, a boolean, a list, an object; None is missing.
"""

import operator
from collections.abc import Callable
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


class Atom(NamedTuple):
    """A comparison with literals, or that it does not hold."""

    comparison: ast.Comparison
    holds: bool
    is_time: bool = False
    """Whether the catalog types what it looks at as a time."""
    zone: tzinfo | None = None
    """Where bare dates in texts begin; None: in UTC."""

    def is_true_of(self, value: object) -> bool:
        """Whether the value makes it true."""
        return _is_so(self, value) is self.holds


def literals_in(comparison: ast.Comparison) -> tuple[ast.Operand, ...]:
    """What a comparison compares with."""
    match comparison:
        case ast.Compare() | ast.Contains() | ast.StartsWith():
            return (comparison.operand,)
        case ast.OneOf():
            return comparison.operands
        case ast.IsMissing() | ast.IsPresent():
            return ()
        case _:
            assert_never(comparison)


def data_of(literal: ast.Operand) -> Any:
    """A literal as data; an instant is its epoch milliseconds."""
    match literal:
        case ast.Text(value) | ast.Number(value) | ast.Boolean(value) | ast.Instant(value):
            return value
        case ast.TriggerProperty():
            raise TypeError("a property of the trigger is not known before there is one")
        case _:
            assert_never(literal)


def as_instant(value: object, zone: tzinfo | None) -> int | None:
    """The instant (epoch ms) that data names; None where it names none."""
    match value:
        case bool():
            return None
        case int():
            return value
        case str():
            try:
                return read_instant(value, zone)
            except ValueError:
                return None
    return None


def _is_so(atom: Atom, value: object) -> bool:
    match atom.comparison:
        case ast.IsMissing():
            return value is None
        case ast.IsPresent():
            return value is not None
        case ast.Compare(_, symbol, operand):
            return _compare(value, symbol, operand, atom.zone, is_time=atom.is_time)
        case ast.OneOf(_, operands):
            return any(_compare(value, "=", operand, atom.zone, is_time=atom.is_time) for operand in operands)
        case ast.Contains(_, operand):
            return _contains(value, operand, atom.zone)
        case ast.StartsWith(_, operand):
            start = data_of(operand)
            return isinstance(value, str) and isinstance(start, str) and nfc(value).startswith(nfc(start))
        case _:
            assert_never(atom.comparison)


def _compare(
    value: object, symbol: ast.Operator, operand: ast.Operand, zone: tzinfo | None, *, is_time: bool = False
) -> bool:
    if is_time or isinstance(operand, ast.Instant):
        here, there = as_instant(value, zone), as_instant(data_of(operand), zone)
        return here is not None and there is not None and _OPERATORS[symbol](here, there)
    left, right = _typed(value), _typed(data_of(operand))
    if left is None or right is None or left[0] is not right[0]:
        return False
    return (left[0] is not bool or symbol in {"=", "!="}) and _OPERATORS[symbol](left[1], right[1])


def _typed(value: object) -> tuple[type, Any] | None:
    match value:
        case bool():
            return bool, value
        case int() | float():
            return float, value
        case str():
            return str, nfc(value)
    return None


def _contains(value: object, operand: ast.Operand, zone: tzinfo | None) -> bool:
    if isinstance(value, list):
        return any(_compare(element, "=", operand, zone) for element in value)
    part = data_of(operand)
    return isinstance(value, str) and isinstance(part, str) and nfc(part) in nfc(value)
