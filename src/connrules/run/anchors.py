"""What must be so of one property wherever a condition holds: by that, an index files the condition.

Of the terms of an `and`, one is enough, the one that the fewest events are expected to satisfy; of an `or`, every term
must have its own. How many events satisfy a term is guessed from the conditions themselves, as if properties had each
of the values that the conditions name equally often.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import Any, Final, NamedTuple

from connrules import plan
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


class Choice(NamedTuple):
    """Anchors of which one holds wherever a condition does."""

    anchors: tuple[Anchor, ...]
    is_whole: bool
    """Whether the condition holds, too, wherever one of them does."""


class Anchors:
    """Finds anchors for conditions, and knows how selective each is among those of all of them.

    A bare date begins in the zone (None: in UTC).
    """

    def __init__(self, conditions: Sequence[plan.Condition], zone: tzinfo | None) -> None:
        self._zone = zone
        self._conditions = conditions
        self._made: dict[int, Choice | None] = {}
        """The choice for each comparison, by its identity: the conditions live as long."""
        self._values: dict[Column, Counter[Any]] = {}
        self._bounds: dict[tuple[Column, bool], list[Any]] = {}
        for condition in conditions:
            self._look_at(condition)
        for bounds in self._bounds.values():
            bounds.sort()
        self._totals = {column: counts.total() for column, counts in self._values.items()}

    def best(self, condition: plan.Condition) -> Choice | None:
        """The most selective choice for one of the conditions, or for a part of it; None: there is none."""
        match condition:
            case plan.AllOf():
                return self._best_of(list(self._choices(condition)))
            case plan.AnyOf(terms):
                found = [self.best(term) for term in terms]
                choices = [choice for choice in found if choice is not None]
                if len(choices) < len(found):
                    return None
                return Choice(sum((c.anchors for c in choices), ()), all(c.is_whole for c in choices))
            case _:
                return self._made[id(condition)]

    def _best_of(self, found: list[Choice | None]) -> Choice | None:
        if len(found) == 1:
            return found[0]
        choices = [choice for choice in found if choice is not None]
        best = min(choices, key=self._share, default=None)
        return None if best is None else Choice(best.anchors, is_whole=False)

    def _choices(self, condition: plan.AllOf) -> Iterator[Choice | None]:
        """The choice for each term; the ranges in which one property must lie are one."""
        ranges: dict[tuple[Column, bool], tuple[Range, bool]] = {}
        for term in _terms(condition):
            choice = self.best(term)
            match choice:
                case Choice((Within(column, texts, range_),), is_whole):
                    if known := ranges.get((column, texts)):
                        range_, is_whole = known[0].and_also(range_), known[1] and is_whole
                    ranges[column, texts] = range_, is_whole
                case _:
                    yield choice
        for (column, texts), (range_, is_whole) in ranges.items():
            yield Choice((Within(column, texts, range_),), is_whole)

    def _of_comparison(self, condition: plan.Condition) -> Choice | None:
        match condition:
            case plan.Compare(path, symbol, plan.Value() as operand, instant) if symbol != "!=":
                if symbol == "=":
                    return self._equal(path, (operand,), instant=instant)
                column = Column(path, instant or operand.instant)
                return self._ordered(column, symbol, self._literal(operand, instant=column.instant))
            case plan.OneOf(path, operands, instant):
                return self._equal(path, operands, instant=instant)
            case plan.StartsWith(path, plan.Value(str() as start)):
                within = Within(Column(path, instant=False), True, _beginning(nfc(start)))  # noqa: FBT003
                return Choice((within,), is_whole=False)
            case _:
                return None

    def _equal(self, path: plan.Path, operands: tuple[plan.Operand, ...], *, instant: bool) -> Choice | None:
        anchors: list[Anchor] = []
        for operand in operands:
            if isinstance(operand, plan.FromTrigger):
                return None
            column = Column(path, instant or operand.instant)
            value = self._literal(operand, instant=column.instant)
            if value is not None and value == value:  # noqa: PLR0124  # else, or as NaN, it equals nothing
                anchors.append(Is(column, value))
        return Choice(tuple(anchors), is_whole=True)

    def _literal(self, operand: plan.Value, *, instant: bool) -> Any:
        return as_instant(operand.value, self._zone) if instant else scalar(operand.value)

    def _ordered(self, column: Column, symbol: str, bound: Any) -> Choice:
        if bound is None or isinstance(bound, tuple) or bound != bound:  # noqa: PLR0124  # as NaN does
            return Choice((), is_whole=True)  # what is no instant, booleans and what is no number have no order
        range_ = Range(bound, None) if symbol in {">", ">="} else Range(None, bound, closed=symbol == "<=")
        # A slab goes from a bound up to the next: only so are the values in its slabs just those in the range.
        return Choice((Within(column, isinstance(bound, str), range_),), symbol in {">=", "<"})

    def _look_at(self, condition: plan.Condition) -> None:
        """Make the choice for every comparison, and note its anchors."""
        match condition:
            case plan.AllOf(terms) | plan.AnyOf(terms):
                for term in terms:
                    self._look_at(term)
            case _:
                choice = self._made[id(condition)] = self._of_comparison(condition)
                for anchor in choice.anchors if choice else ():
                    self._note(anchor)

    def _note(self, anchor: Anchor) -> None:
        match anchor:
            case Is(column, value):
                self._values.setdefault(column, Counter())[value] += 1
            case Within(column, texts, range_):
                ends = self._bounds.setdefault((column, texts), [])
                ends += [bound for bound in (range_.low, range_.high) if bound is not None]

    def _share(self, choice: Choice) -> float:
        """The share of the events, from 0 to 1, that are expected to satisfy one of its anchors."""
        return sum(map(self._share_of, choice.anchors))

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
