"""What must be so of one property wherever a condition holds: by that, an index files the condition.

Of the terms of an `and`, one is enough, the one that the fewest events are expected to satisfy; of an `or`, every term
must have its own. How many events satisfy a term is guessed from the conditions themselves, as if properties had each
of the values that the conditions name equally often.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import tzinfo
from typing import Any, Final, NamedTuple

from connrules import plan
from connrules.run.conditions import is_instant
from connrules.run.ranges import Range
from connrules.run.values import as_instant, scalar
from connrules.text import nfc

_LAST: Final = 0x10FFFF
"""The greatest code point."""


class Column(NamedTuple):
    """A property, as conditions read it: the value that it has, or the instant that it names."""

    path: plan.Path
    instant: bool


class Is(NamedTuple):
    """The property has this value, in the form of `scalar`."""

    column: Column
    value: Any


class Within(NamedTuple):
    """The property has a value in this range: of texts, or of numbers."""

    column: Column
    texts: bool
    range: Range


Anchor = Is | Within


class Anchors:
    """Finds anchors for conditions, and knows how selective each is among those of all of them.

    A bare date begins in the zone (None: in UTC).
    """

    def __init__(self, conditions: Iterable[plan.Condition], zone: tzinfo | None) -> None:
        self._zone = zone
        self._values: dict[Column, Counter[Any]] = {}
        self._bounds: dict[tuple[Column, bool], list[Any]] = {}
        for condition in conditions:
            for anchor in self._all(condition):
                self._note(anchor)
        for bounds in self._bounds.values():
            bounds.sort()
        self._totals = {column: counts.total() for column, counts in self._values.items()}

    def best(self, condition: plan.Condition) -> tuple[Anchor, ...] | None:
        """Anchors of which one holds wherever the condition does, as selective as can be; None: there are none."""
        match condition:
            case plan.AllOf():
                choices = [choice for choice in self._choices(condition) if choice is not None]
                return min(choices, key=self._share, default=None)
            case plan.AnyOf(terms):
                found = [self.best(term) for term in terms]
                anchors = [choice for choice in found if choice is not None]
                return sum(anchors, ()) if len(anchors) == len(found) else None
            case _:
                return self._of_comparison(condition)

    def _choices(self, condition: plan.AllOf) -> Iterator[tuple[Anchor, ...] | None]:
        """The anchors of each term; the ranges in which one property must lie are one."""
        ranges: dict[tuple[Column, bool], Range] = {}
        for term in _terms(condition):
            choice = self.best(term)
            match choice:
                case (Within(column, texts, range_),):
                    known = ranges.get((column, texts))
                    ranges[column, texts] = range_ if known is None else known.and_also(range_)
                case _:
                    yield choice
        for (column, texts), range_ in ranges.items():
            yield (Within(column, texts, range_),)

    def _of_comparison(self, condition: plan.Condition) -> tuple[Anchor, ...] | None:
        match condition:
            case plan.Compare(path, "=", plan.Value() as operand, instant):
                return self._equal(path, (operand,), instant=instant)
            case plan.OneOf(path, operands, instant):
                return self._equal(path, operands, instant=instant)
            case plan.Compare(path, symbol, plan.Value() as operand, instant) if symbol != "!=":
                column = Column(path, instant or is_instant(operand))
                return self._ordered(column, symbol, self._literal(operand, instant=column.instant))
            case plan.StartsWith(path, plan.Value(str() as start)):
                return (Within(Column(path, instant=False), True, _beginning(nfc(start))),)  # noqa: FBT003
            case _:
                return None

    def _equal(
        self, path: plan.Path, operands: tuple[plan.Operand, ...], *, instant: bool
    ) -> tuple[Anchor, ...] | None:
        anchors: list[Anchor] = []
        for operand in operands:
            if isinstance(operand, plan.FromTrigger):
                return None
            column = Column(path, instant or operand.instant)
            value = self._literal(operand, instant=column.instant)
            if value is not None:  # else it equals nothing
                anchors.append(Is(column, value))
        return tuple(anchors)

    def _literal(self, operand: plan.Value, *, instant: bool) -> Any:
        return as_instant(operand.value, self._zone) if instant else scalar(operand.value)

    def _ordered(self, column: Column, symbol: str, bound: Any) -> tuple[Anchor, ...]:
        if bound is None or isinstance(bound, tuple) or bound != bound:  # noqa: PLR0124  # as NaN does
            return ()  # what is no instant, booleans and what is no number have no order
        range_ = Range(bound, None) if symbol in {">", ">="} else Range(None, bound, closed=symbol == "<=")
        return (Within(column, isinstance(bound, str), range_),)

    def _all(self, condition: plan.Condition) -> Iterator[Anchor]:
        """The anchors of every comparison that could be chosen."""
        match condition:
            case plan.AllOf(terms) | plan.AnyOf(terms):
                for term in terms:
                    yield from self._all(term)
            case _:
                yield from self._of_comparison(condition) or ()

    def _note(self, anchor: Anchor) -> None:
        match anchor:
            case Is(column, value):
                self._values.setdefault(column, Counter())[value] += 1
            case Within(column, texts, range_):
                ends = self._bounds.setdefault((column, texts), [])
                ends += [bound for bound in (range_.low, range_.high) if bound is not None]

    def _share(self, anchors: tuple[Anchor, ...]) -> float:
        """The share of the events, from 0 to 1, that are expected to satisfy one of them."""
        return sum(map(self._share_of, anchors))

    def _share_of(self, anchor: Anchor) -> float:
        if isinstance(anchor, Is):
            return self._values[anchor.column][anchor.value] / (self._totals[anchor.column] + 1)
        bounds = self._bounds[anchor.column, anchor.texts]
        low, high, _ = anchor.range
        first = 0 if low is None else bisect_left(bounds, low)
        last = len(bounds) if high is None else bisect_right(bounds, high)
        return (last - first + 1) / (len(bounds) + 1)


def _terms(condition: plan.AllOf) -> Iterator[plan.Condition]:
    """The terms of an `and`, and of those in it."""
    for term in condition.terms:
        if isinstance(term, plan.AllOf):
            yield from _terms(term)
        else:
            yield term


def _beginning(start: str) -> Range:
    """The texts that begin so."""
    if not start or ord(start[-1]) == _LAST:
        return Range(start, None)
    return Range(start, start[:-1] + chr(ord(start[-1]) + 1), closed=False)
