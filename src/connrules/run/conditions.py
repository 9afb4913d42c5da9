"""A plan's conditions as functions: of an event's properties and what a wait kept of its trigger, or of a user's
attributes.

A comparison with what is missing, or between different types, is false, and so is its `!=`; booleans are no numbers and
have no order.
"""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import tzinfo
from functools import partial
from typing import Any, Final, assert_never

from connrules import plan
from connrules.text import nfc
from connrules.wallclock import read_instant

Properties = Mapping[str, Any]
Kept = tuple[Any, ...]
"""The values of the trigger's properties that a rule's exceptions look at, in the order of `kept_paths`."""

Predicate = Callable[[Properties, Kept], bool]
_Test = Callable[[Any, Any], bool]
_Getter = Callable[[Properties, Kept], Any]

_OPERATORS: Final[dict[plan.Operator, _Test]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_EQUALITIES: Final = ("=", "!=")
_NUMBERS: Final = frozenset({int, float})


class Conditions:
    """Makes functions of a plan's conditions. A bare date in data begins in the time zone of the plan."""

    def __init__(self, segments: Iterable[plan.Segment] = (), zone: tzinfo | None = None) -> None:
        self._unmade = {segment.name: segment.condition for segment in segments}
        self._segments: dict[str, Predicate] = {}
        self._zone = zone

    def predicate(self, condition: plan.Condition, kept_paths: Sequence[plan.Path] = ()) -> Predicate:
        """The function that tells whether a condition holds."""
        match condition:
            case plan.Compare(path, symbol, operand, instant):
                return self._compare(path, symbol, operand, kept_paths, instant=instant or _is_instant(operand))
            case plan.OneOf(path, operands, instant):
                equals = [plan.Compare(path, "=", operand, instant) for operand in operands]
                return self.predicate(plan.AnyOf(tuple(equals)), kept_paths)
            case plan.Contains(path, operand):
                equal = self._comparison("=", instant=_is_instant(operand))
                return _binary(path, _value(operand, kept_paths), partial(_contains, equal))
            case plan.StartsWith(path, operand):
                return _binary(path, _value(operand, kept_paths), _starts_with)
            case plan.IsMissing(path):
                return lambda properties, _: look_up(properties, path) is None
            case plan.InSegment(name):
                return self._segment(name)
            case plan.Negation(term):
                inner = self.predicate(term, kept_paths)
                return lambda properties, kept: not inner(properties, kept)
            case plan.AllOf(terms):
                every = [self.predicate(term, kept_paths) for term in terms]
                return lambda properties, kept: all(holds(properties, kept) for holds in every)
            case plan.AnyOf(terms):
                some = [self.predicate(term, kept_paths) for term in terms]
                return lambda properties, kept: any(holds(properties, kept) for holds in some)
            case _:
                assert_never(condition)

    def _segment(self, name: str) -> Predicate:
        """The condition of a segment, made when it is first asked for."""
        if name not in self._segments:
            if name not in self._unmade:
                raise plan.PlanError(f"this is not a plan: the segment `{name}` is missing, or part of itself")
            self._segments[name] = self.predicate(self._unmade.pop(name))
        return self._segments[name]

    def _compare(
        self,
        path: plan.Path,
        symbol: plan.Operator,
        operand: plan.Operand,
        kept_paths: Sequence[plan.Path],
        *,
        instant: bool,
    ) -> Predicate:
        other = _value(operand, kept_paths)
        if instant and not callable(other):
            other = _instant(other, self._zone)  # read once
        return _binary(path, other, self._comparison(symbol, instant=instant))

    def _comparison(self, symbol: plan.Operator, *, instant: bool) -> _Test:
        compare = _OPERATORS[symbol]
        if instant:
            return partial(_compare_instants, compare, self._zone)
        return partial(_compare_values, compare, symbol in _EQUALITIES)


def first_keys(condition: plan.Condition) -> frozenset[str]:
    """The attributes that a condition looks at, but for those that its segments do."""
    match condition:
        case plan.InSegment():
            return frozenset()
        case plan.Negation(term):
            return first_keys(term)
        case plan.AllOf(terms) | plan.AnyOf(terms):
            return frozenset().union(*map(first_keys, terms))
        case _:
            return frozenset({condition.path[0]})


def trigger_paths(condition: plan.Condition | None) -> frozenset[plan.Path]:
    """The properties of the trigger event that a condition looks at."""
    match condition:
        case plan.Compare(operand=plan.FromTrigger(path)):
            return frozenset({path})
        case plan.Contains(operand=plan.FromTrigger(path)) | plan.StartsWith(operand=plan.FromTrigger(path)):
            return frozenset({path})
        case plan.OneOf(operands=operands):
            return frozenset(operand.path for operand in operands if isinstance(operand, plan.FromTrigger))
        case plan.Negation(term):
            return trigger_paths(term)
        case plan.AllOf(terms) | plan.AnyOf(terms):
            return frozenset().union(*map(trigger_paths, terms))
        case _:
            return frozenset()


def look_up(properties: Properties, path: plan.Path) -> Any:
    """The value at a path, or None where it is missing. JSON's null is missing."""
    value: Any = properties
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value[key] if key in value else _look_up_nfc(value, key)
    return value


def _look_up_nfc(properties: Properties, key: str) -> Any:
    """The value of a key that is written otherwise, but is the same in NFC."""
    if key.isascii():
        return None
    return next((value for name, value in properties.items() if nfc(name) == key), None)


def _binary(path: plan.Path, other: Any | _Getter, test: _Test) -> Predicate:
    if callable(other):
        return lambda properties, kept: test(look_up(properties, path), other(properties, kept))
    if len(path) == 1 and path[0].isascii():
        key = path[0]
        return lambda properties, _: test(properties.get(key), other)
    return lambda properties, _: test(look_up(properties, path), other)


def _value(operand: plan.Operand, kept_paths: Sequence[plan.Path]) -> Any:
    """A literal as it is, or the function that fetches what was kept of the trigger."""
    match operand:
        case plan.Value(value):
            return value
        case plan.FromTrigger(path):
            place = kept_paths.index(path)
            return lambda _, kept: kept[place]
        case _:
            assert_never(operand)


def _is_instant(operand: plan.Operand) -> bool:
    return isinstance(operand, plan.Value) and operand.instant


def _compare_values(compare: _Test, booleans_too: bool, left: Any, right: Any) -> bool:  # noqa: FBT001  # bound once
    if left.__class__ in _NUMBERS and right.__class__ in _NUMBERS:
        return compare(left, right)
    if isinstance(left, bool) or isinstance(right, bool):
        return booleans_too and isinstance(left, bool) and isinstance(right, bool) and compare(left, right)
    if isinstance(left, str):
        return isinstance(right, str) and compare(nfc(left), nfc(right))
    return isinstance(left, int | float) and isinstance(right, int | float) and compare(left, right)


def _compare_instants(compare: _Test, zone: tzinfo | None, left: Any, right: Any) -> bool:
    here, there = _instant(left, zone), _instant(right, zone)
    return here is not None and there is not None and compare(here, there)


def _instant(value: Any, zone: tzinfo | None) -> int | None:
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


def _contains(equal: _Test, whole: Any, part: Any) -> bool:
    if isinstance(whole, str):
        return isinstance(part, str) and nfc(part) in nfc(whole)
    return isinstance(whole, list) and any(equal(element, part) for element in whole)


def _starts_with(whole: Any, start: Any) -> bool:
    return isinstance(whole, str) and isinstance(start, str) and nfc(whole).startswith(nfc(start))
