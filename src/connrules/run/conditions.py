"""A plan's conditions as functions: of an event's properties and what a wait kept of its trigger, or of a user's
attributes.

A comparison with what is missing, or between different types, is false, and so is its `!=`; booleans are no numbers and
have no order. Events are many and conditions few: what can be known of a literal is worked out when a function is made.
"""

import operator
from collections.abc import Callable, Iterable, Sequence
from datetime import tzinfo
from functools import partial
from typing import Any, Final, assert_never

from connrules import plan
from connrules.run.values import NUMBERS, Kept, Properties, as_instant, is_plain, look_up, reader, scalar
from connrules.text import nfc

Predicate = Callable[[Properties, Kept], bool]
_Comparison = Callable[[Any, Any], bool]
_Test = Callable[[Any], bool]
"""Whether a value compares with a literal as it should."""

_OPERATORS: Final[dict[plan.Operator, _Comparison]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_EQUALITIES: Final = ("=", "!=")


class Conditions:
    """Makes functions of a plan's conditions. A bare date in data begins in the time zone of the plan."""

    def __init__(self, segments: Iterable[plan.Segment] = (), zone: tzinfo | None = None) -> None:
        self._unmade = {segment.name: segment.condition for segment in segments}
        self._segments: dict[str, Predicate] = {}
        self.zone = zone

    def predicate(self, condition: plan.Condition, kept_paths: Sequence[plan.Path] = ()) -> Predicate:
        """The function that tells whether a condition holds."""
        match condition:
            case plan.Compare(path, symbol, operand, instant):
                return self._compare(path, symbol, operand, kept_paths, instant=instant or is_instant(operand))
            case plan.OneOf(path, operands, instant):
                return self._one_of(path, operands, kept_paths, instant=instant)
            case plan.Contains(path, operand):
                equal = self._comparison("=", instant=is_instant(operand))
                return _binary(path, operand, kept_paths, partial(_contains, equal))
            case plan.StartsWith(path, operand):
                return _binary(path, operand, kept_paths, _starts_with)
            case plan.IsMissing(path):
                read = reader(path)
                return lambda properties, _: read(properties) is None
            case plan.InSegment(name):
                return self._segment(name)
            case plan.Negation(term):
                inner = self.predicate(term, kept_paths)
                return lambda properties, kept: not inner(properties, kept)
            case plan.AllOf(terms):
                return _all_of([self.predicate(term, kept_paths) for term in terms])
            case plan.AnyOf(terms):
                return _any_of([self.predicate(term, kept_paths) for term in terms])
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
        if isinstance(operand, plan.FromTrigger):
            return _binary(path, operand, kept_paths, self._comparison(symbol, instant=instant))
        if instant:
            return _unary(path, _instant_test(_OPERATORS[symbol], operand.value, self.zone))
        return _unary(path, _literal_test(symbol, operand.value))

    def _one_of(
        self, path: plan.Path, operands: Sequence[plan.Operand], kept_paths: Sequence[plan.Path], *, instant: bool
    ) -> Predicate:
        plain = [scalar(o.value) for o in operands if isinstance(o, plan.Value) and not (instant or o.instant)]
        if len(plain) == len(operands):
            values = frozenset(plain)
            return _unary(path, lambda value: scalar(value) in values)
        equals = [plan.Compare(path, "=", operand, instant) for operand in operands]
        return self.predicate(plan.AnyOf(tuple(equals)), kept_paths)

    def _comparison(self, symbol: plan.Operator, *, instant: bool) -> _Comparison:
        compare = _OPERATORS[symbol]
        if instant:
            return partial(_compare_instants, compare, self.zone)
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


def is_instant(operand: plan.Operand) -> bool:
    """Whether an operand is an instant, and what is compared with it is one too."""
    return isinstance(operand, plan.Value) and operand.instant


def _all_of(terms: list[Predicate]) -> Predicate:
    match terms:
        case [first, second]:
            return lambda properties, kept: first(properties, kept) and second(properties, kept)
        case [first, second, third]:
            return lambda properties, kept: (
                first(properties, kept) and second(properties, kept) and third(properties, kept)
            )
    return lambda properties, kept: all(holds(properties, kept) for holds in terms)


def _any_of(terms: list[Predicate]) -> Predicate:
    match terms:
        case [first, second]:
            return lambda properties, kept: first(properties, kept) or second(properties, kept)
        case [first, second, third]:
            return lambda properties, kept: (
                first(properties, kept) or second(properties, kept) or third(properties, kept)
            )
    return lambda properties, kept: any(holds(properties, kept) for holds in terms)


def _unary(path: plan.Path, test: _Test) -> Predicate:
    """Whether the value at a path passes a test."""
    if is_plain(path):
        key = path[0]
        return lambda properties, _: test(properties.get(key))
    return lambda properties, _: test(look_up(properties, path))


def _binary(path: plan.Path, operand: plan.Operand, kept_paths: Sequence[plan.Path], compare: _Comparison) -> Predicate:
    """Whether the value at a path compares as it should with a literal, or with what was kept of the trigger."""
    match operand:
        case plan.Value(value):
            return _unary(path, lambda left: compare(left, value))
        case plan.FromTrigger(of_trigger):
            place, read = kept_paths.index(of_trigger), reader(path)
            return lambda properties, kept: compare(read(properties), kept[place])
        case _:
            assert_never(operand)


def _literal_test(symbol: plan.Operator, literal: str | float | bool) -> _Test:  # noqa: FBT001  # a literal may be one
    compare = _OPERATORS[symbol]
    if isinstance(literal, str):
        return _text_test(compare, nfc(literal))
    if isinstance(literal, bool):
        wanted = literal if symbol == "=" else not literal
        return (lambda value: value is wanted) if symbol in _EQUALITIES else _never
    return lambda value: (value.__class__ in NUMBERS or _is_number(value)) and compare(value, literal)


def _text_test(compare: _Comparison, literal: str) -> _Test:
    def passes(value: Any) -> bool:
        if not isinstance(value, str):
            return False
        return compare(value if value.isascii() else nfc(value), literal)

    return passes


def _instant_test(compare: _Comparison, literal: Any, zone: tzinfo | None) -> _Test:
    there = as_instant(literal, zone)
    if there is None:
        return _never

    def passes(value: Any) -> bool:
        here = as_instant(value, zone)
        return here is not None and compare(here, there)

    return passes


def _never(_: Any) -> bool:
    return False


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _compare_values(compare: _Comparison, booleans_too: bool, left: Any, right: Any) -> bool:  # noqa: FBT001  # bound once
    if left.__class__ in NUMBERS and right.__class__ in NUMBERS:
        return compare(left, right)
    if isinstance(left, bool) or isinstance(right, bool):
        return booleans_too and isinstance(left, bool) and isinstance(right, bool) and compare(left, right)
    if isinstance(left, str):
        return isinstance(right, str) and compare(nfc(left), nfc(right))
    return isinstance(left, int | float) and isinstance(right, int | float) and compare(left, right)


def _compare_instants(compare: _Comparison, zone: tzinfo | None, left: Any, right: Any) -> bool:
    here, there = as_instant(left, zone), as_instant(right, zone)
    return here is not None and there is not None and compare(here, there)


def _contains(equal: _Comparison, whole: Any, part: Any) -> bool:
    if isinstance(whole, str):
        return isinstance(part, str) and nfc(part) in nfc(whole)
    return isinstance(whole, list) and any(equal(element, part) for element in whole)


def _starts_with(whole: Any, start: Any) -> bool:
    return isinstance(whole, str) and isinstance(start, str) and nfc(whole).startswith(nfc(start))
