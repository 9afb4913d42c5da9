"""Which rules on one type of event and one object an event may start: all, or those that an index leaves over."""

from collections.abc import Callable, Iterator, Sequence

from connrules.run.conditions import Predicate
from connrules.run.rule import Rule
from connrules.run.values import Properties

Candidate = tuple[Rule, Predicate | None]
"""A rule whose trigger fits an event's type and object, with what its properties must satisfy; None: nothing."""

Narrow = Callable[[Properties], Sequence[Candidate]]


class Candidates:
    """The rules whose trigger an event of one type, about one object, may match, in rule-set order."""

    __slots__ = ("all", "narrow")

    def __init__(self, all_: Sequence[Candidate] = (), narrow: Narrow | None = None) -> None:
        self.all = tuple(all_)
        self.narrow = narrow
        """What leaves over those that may match, by the properties of an event; None: look at `all`."""

    def __bool__(self) -> bool:
        return bool(self.all)

    def __iter__(self) -> Iterator[Candidate]:
        return iter(self.all)

    def of(self, properties: Properties) -> Sequence[Candidate]:
        """The rules that an event with those properties may start: all that match and maybe more."""
        return self.all if self.narrow is None else self.narrow(properties)
