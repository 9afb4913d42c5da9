"""Which rules on one type of event and one object an event may start: all, or those that an index leaves over.

Ten thousand rules may listen to one type of event, each with a `where` of its own. The index files each rule by what
one property must be wherever its condition holds: equal to a value, or within a range. An event then looks up each of
those properties once. What comes out may be too much, never too little, so whoever asks looks at the whole condition;
rules for which no such property is found are always among what comes out.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import tzinfo
from typing import Any, Final

from connrules import plan
from connrules.run.anchors import Anchor, Anchors, Column, Is, Within
from connrules.run.conditions import Predicate
from connrules.run.ranges import Ranges
from connrules.run.rule import Rule
from connrules.run.values import Properties, as_instant, reader, scalar

Candidate = tuple[Rule, Predicate | None]
"""A rule whose trigger fits an event's type and object, with what its properties must satisfy; None: nothing."""

Narrow = Callable[[Properties], Sequence[Candidate]]

FEW: Final = 8
"""So many candidates are looked at one by one: an index would save nothing."""


class Candidates:
    """The rules whose trigger an event of one type, about one object, may match, in rule-set order."""

    __slots__ = ("all", "narrow")

    def __init__(self, all_: Iterable[Candidate] = (), narrow: Narrow | None = None) -> None:
        self.all = tuple(all_)
        self.narrow = narrow
        """Gives those that may match, by the properties of an event; then `all` may be empty. None: look at `all`."""

    def __bool__(self) -> bool:
        return bool(self.all) or self.narrow is not None

    def of(self, properties: Properties) -> Sequence[Candidate]:
        """The rules that an event with those properties may start: all that match and maybe more."""
        return self.all if self.narrow is None else self.narrow(properties)


def filed(
    candidates: Sequence[Candidate], conditions: Sequence[plan.Condition | None], zone: tzinfo | None
) -> Candidates:
    """Candidates with an index, where they are many, by their conditions. A bare date begins in the zone."""
    if len(candidates) <= FEW or not any(conditions):
        return Candidates(candidates)
    index = _Index(candidates, conditions, zone)
    return Candidates(candidates, index.narrow if index.is_of_use else None)


def beside(own: Candidates, shared: Candidates) -> Candidates:
    """Both, in rule-set order. A rule may be among both: it asks of an event what its own candidate does."""

    def narrow(properties: Properties) -> Sequence[Candidate]:
        found = {candidate[0].index: candidate for candidate in shared.of(properties)}
        found |= {candidate[0].index: candidate for candidate in own.of(properties)}
        return [found[index] for index in sorted(found)]

    return Candidates((), narrow)


class _Index:
    """Candidates filed by what their conditions say of single properties."""

    def __init__(
        self, candidates: Sequence[Candidate], conditions: Sequence[plan.Condition | None], zone: tzinfo | None
    ) -> None:
        self._candidates = candidates
        anchors = Anchors((condition for condition in conditions if condition is not None), zone)
        unfiled: list[int] = []
        by_column: dict[Column, list[tuple[Anchor, int]]] = {}
        for number, condition in enumerate(conditions):
            found = None if condition is None else anchors.best(condition)
            if found is None:
                unfiled.append(number)
            for anchor in found or ():
                by_column.setdefault(anchor.column, []).append((anchor, number))
        self._columns = [_column(column, filed, zone) for column, filed in by_column.items()]
        self._unfiled_numbers = tuple(unfiled)
        self._unfiled = tuple(candidates[number] for number in unfiled)
        self.is_of_use = len(unfiled) < len(candidates)

    def narrow(self, properties: Properties) -> Sequence[Candidate]:
        found: list[int] = []
        for hits in self._columns:
            found += hits(properties)
        if not found:
            return self._unfiled
        candidates = self._candidates
        if len(found) == 1 and not self._unfiled:
            return (candidates[found[0]],)
        return [candidates[number] for number in sorted({*found, *self._unfiled_numbers})]


_Hits = Callable[[Properties], Sequence[int]]


def _column(column: Column, filed: list[tuple[Anchor, int]], zone: tzinfo | None) -> _Hits:
    """The function that finds the numbers filed by one property."""
    read, equal = _reader(column, zone), _equal(filed)
    numbers, texts = _ranges(filed, texts=False), _ranges(filed, texts=True)

    def hits(properties: Properties) -> Sequence[int]:
        value = read(properties)
        found = equal.get(value, ())
        if numbers is None and texts is None:
            return found
        if value is None or isinstance(value, tuple):  # missing, a list, an object; or a boolean, which has no order
            return found
        ranges = texts if isinstance(value, str) else numbers
        return found if ranges is None else (*found, *ranges.holding(value))

    return hits


def _reader(column: Column, zone: tzinfo | None) -> Callable[[Properties], Any]:
    read = reader(column.path)
    if column.instant:
        return lambda properties: as_instant(read(properties), zone)
    return lambda properties: scalar(read(properties))


def _equal(filed: list[tuple[Anchor, int]]) -> dict[Any, tuple[int, ...]]:
    numbers: dict[Any, list[int]] = {}
    for anchor, number in filed:
        if isinstance(anchor, Is):
            numbers.setdefault(anchor.value, []).append(number)
    return {value: tuple(same) for value, same in numbers.items()}


def _ranges(filed: list[tuple[Anchor, int]], *, texts: bool) -> Ranges | None:
    """The ranges of texts, or those of numbers; None: there are none."""
    ranges = [(a.range, number) for a, number in filed if isinstance(a, Within) and a.texts == texts]
    return Ranges(ranges) if ranges else None
