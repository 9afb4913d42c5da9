"""Which rules on one type of event and one object an event may start: all, or those that an index leaves over.

Ten thousand rules may listen to one type of event, each with a `where` of its own. The index files each rule by what
one property must be wherever its condition holds: equal to a value, or within a range. An event then looks up each of
those properties once. What comes out may be too much, never too little: each rule comes with what is left to look at,
which is nothing where the property says it all. Rules for which no such property is found are always among what comes
out.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import tzinfo
from typing import Any, Final

from connrules import plan
from connrules.run.anchors import Anchor, Anchors, Column, Is, Within
from connrules.run.conditions import Conditions, Predicate
from connrules.run.ranges import Slabs, Tree, ranges
from connrules.run.rule import Rule
from connrules.run.values import Properties, as_instant, reader, scalar

Candidate = tuple[Rule, Predicate | None]
"""A rule whose trigger fits an event's type and object, with what its properties must satisfy yet; None: nothing."""

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
        """The rules that an event with those properties may start, each with what is left to ask of them."""
        return self.all if self.narrow is None else self.narrow(properties)


def filed(rules: Sequence[Rule], asked: Sequence[plan.Condition | None], conditions: Conditions) -> Candidates:
    """Rules as candidates, each with what it asks of an event's properties; with an index, where they are many."""
    if len(rules) > FEW and any(asked):
        index = _Index(rules, asked, conditions)
        if index.is_of_use:
            return Candidates((), index.narrow())
    return Candidates((rule, _predicate(condition, conditions)) for rule, condition in zip(rules, asked, strict=True))


def _predicate(condition: plan.Condition | None, conditions: Conditions) -> Predicate | None:
    return None if condition is None else conditions.predicate(condition)


def beside(own: Candidates, shared: Candidates) -> Candidates:
    """Both, in rule-set order. A rule may be among both: it asks of an event what its own candidate does."""

    def narrow(properties: Properties) -> Sequence[Candidate]:
        found = {candidate[0].index: candidate for candidate in shared.of(properties)}
        found |= {candidate[0].index: candidate for candidate in own.of(properties)}
        return [found[index] for index in sorted(found)]

    return Candidates((), narrow)


class _Index:
    """Candidates filed by what their conditions say of single properties."""

    def __init__(self, rules: Sequence[Rule], asked: Sequence[plan.Condition | None], conditions: Conditions) -> None:
        self._candidates: list[Candidate] = []
        self._unfiled: list[int] = []
        anchors = Anchors([condition for condition in asked if condition is not None], conditions.zone)
        by_column: dict[Column, list[tuple[Anchor, int]]] = {}
        for number, condition in enumerate(asked):
            found = None if condition is None else anchors.best(condition)
            if found is None:
                self._unfiled.append(number)
            for anchor in found.anchors if found else ():
                by_column.setdefault(anchor.column, []).append((anchor, number))
            is_done = found is not None and found.is_whole
            self._candidates.append((rules[number], None if is_done else _predicate(condition, conditions)))
        self._columns = [_Column(column, filed, conditions.zone) for column, filed in by_column.items()]
        self.is_of_use = len(self._unfiled) < len(rules)

    def narrow(self) -> Narrow:
        """The function that finds candidates by the properties of an event."""
        direct = self._columns[0].direct(self._candidates) if len(self._columns) == 1 and not self._unfiled else None
        return direct or self._gather

    def _gather(self, properties: Properties) -> Sequence[Candidate]:
        """What all columns find, in order, and what cannot be filed."""
        found = {*self._unfiled}
        for column in self._columns:
            found.update(column.hits(properties))
        candidates = self._candidates
        return [candidates[number] for number in sorted(found)]


class _Column:
    """The numbers of candidates, filed by one property."""

    def __init__(self, column: Column, filed: list[tuple[Anchor, int]], zone: tzinfo | None) -> None:
        self._read = _reader(column, zone)
        self._equal = _equal(filed)
        self._numbers, self._texts = _ranges(filed, texts=False), _ranges(filed, texts=True)

    def hits(self, properties: Properties) -> Sequence[int]:
        """The numbers of those that an event with those properties may start, in no order."""
        value = self._read(properties)
        found = self._equal.get(value, ())
        if not _has_order(value):
            return found
        ranges = self._texts if isinstance(value, str) else self._numbers
        return found if ranges is None else (*found, *ranges.holding(value))

    def direct(self, candidates: Sequence[Candidate]) -> Narrow | None:
        """The function that finds candidates without going by numbers; None: too many ways lead to them."""
        match self._equal, self._numbers, self._texts:
            case equal, None, None:
                by_value = {value: tuple(candidates[n] for n in numbers) for value, numbers in equal.items()}
                return _by_value(self._read, by_value)
            case equal, Slabs() as slabs, None if not equal:
                return _by_slab(self._read, slabs.of(candidates.__getitem__), texts=False)
            case equal, None, Slabs() as slabs if not equal:
                return _by_slab(self._read, slabs.of(candidates.__getitem__), texts=True)
            case _:
                return None


def _by_value(read: Callable[[Properties], Any], by_value: dict[Any, tuple[Candidate, ...]]) -> Narrow:
    nothing: tuple[Candidate, ...] = ()
    return lambda properties: by_value.get(read(properties), nothing)


def _by_slab(read: Callable[[Properties], Any], slabs: Slabs[Candidate], *, texts: bool) -> Narrow:
    def narrow(properties: Properties) -> Sequence[Candidate]:
        value = read(properties)
        return slabs.holding(value) if _has_order(value) and isinstance(value, str) == texts else ()

    return narrow


def _has_order(value: Any) -> bool:
    """Whether a value is no list and no object, is not missing, is no boolean, and no NaN."""
    return value is not None and value.__class__ is not tuple and value == value  # noqa: PLR0124  # as NaN does not


def _reader(column: Column, zone: tzinfo | None) -> Callable[[Properties], Any]:
    read = reader(column.path)
    if column.instant:
        return lambda properties: as_instant(read(properties), zone)

    def comparable(properties: Properties) -> Any:
        value = read(properties)
        # Most texts are as `scalar` leaves them: a call less.
        return value if value.__class__ is str and value.isascii() else scalar(value)

    return comparable


def _equal(filed: list[tuple[Anchor, int]]) -> dict[Any, tuple[int, ...]]:
    numbers: dict[Any, dict[int, None]] = {}
    for anchor, number in filed:
        if isinstance(anchor, Is):
            numbers.setdefault(anchor.value, {})[number] = None
    return {value: tuple(same) for value, same in numbers.items()}


def _ranges(filed: list[tuple[Anchor, int]], *, texts: bool) -> Slabs[int] | Tree | None:
    """The ranges of texts, or those of numbers; None: there are none."""
    found = [(a.range, number) for a, number in filed if isinstance(a, Within) and a.texts == texts]
    return ranges(found) if found else None
