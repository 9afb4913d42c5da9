"""What an event may do: found by its type and what it is about, and nothing at all for most of a log.

Names and ids are remembered as events write them, those that rules or a catalog name and so many others: a log may name
any number, and memory must not grow with it.
"""

from typing import Any, Final

from connrules.event import Row
from connrules.run.conditions import Predicate
from connrules.run.filters import Candidates
from connrules.run.program import Program, Route
from connrules.run.rule import Exception, Rule  # noqa: A004  # the field's word
from connrules.run.state import Source
from connrules.run.world import Known

_MOST: Final = 1_000


class Topic:
    """What an event of one type about one object may do."""

    __slots__ = ("candidates", "exceptions", "goals", "known", "sources", "start")

    def __init__(
        self,
        known: Known | None,
        candidates: Candidates,
        exceptions: dict[int, list[Exception]],
        goals: frozenset[int],
    ) -> None:
        self.known = known
        """The object; None: such events are about nothing."""
        self.candidates = candidates
        """The rules whose trigger it may match."""
        self.exceptions = exceptions
        """Those that it may match, by the index of their rule."""
        self.goals = goals
        """The indexes of the rules whose goal it may reach."""
        self.sources: dict[int, Source] = {}
        """What waits that it started have in common, by the index of their rule."""
        self.start: Start | None = None
        """What it may start, where that is one plain rule."""


class Start:
    """A plain rule that an event may start."""

    __slots__ = ("holds", "open_from", "open_until", "rule", "source")

    def __init__(self, rule: Rule, holds: Predicate | None, known: Known | None) -> None:
        self.rule = rule
        self.holds = holds
        """What the event's properties must satisfy; None: nothing."""
        self.source = Source(rule.index, rule.index, rule.delay, known)
        self.open_from, self.open_until = _open(rule, known)
        """A span `[from, until)` in which nothing speaks against it but a wait that is pending already."""


LOOK: Final = Topic(None, Candidates(), {}, frozenset())
"""Stands for events that have to be looked at: `find` says more."""


class Topics(dict[str, "_ByReference"]):
    """The topic of an event by `topics[event.type][event.campaign]`; None: it can do nothing, and all is well.

    With `plain` not set, no topic has a start.
    """

    def __init__(self, program: Program, *, plain: bool) -> None:
        super().__init__()
        self._strange = _Constant(LOOK)
        self._by_reference = {
            type_: _ByReference(route, plain=plain) for type_, route in program.routes.items() if route.field
        }
        self._fields = {type_: route.field for type_, route in program.routes.items()}
        for type_, route in program.routes.items():
            match route.field:
                case None:
                    self[type_] = _Constant(_topic(route, None, plain=plain))
                case "campaign":
                    self[type_] = self._by_reference[type_]
                case _:
                    self[type_] = self._strange

    def __missing__(self, type_: str) -> "_ByReference":
        return self._strange

    def find(self, row: Row) -> Topic | None:
        """The topic of an event whatever it is about; `LOOK`: its type or object is unknown."""
        field = self._fields.get(row.type)
        if field is None:
            return self[row.type][None]
        return self._by_reference[row.type][getattr(row, field)]


class _ByReference(dict[str | None, Topic | None]):
    """The topics of one type of event, by the name or id of what it is about."""

    def __init__(self, route: Route | None, *, plain: bool) -> None:
        super().__init__()
        self._route = route
        self._plain = plain

    def __missing__(self, reference: str | None) -> Topic | None:
        route = self._route
        if route is None or not reference or type(reference) is not str:
            return LOOK
        known = route.named.get(reference) or route.find(reference)
        if known is None:
            return LOOK
        topic = _topic(route, known, plain=self._plain)
        if len(self) < _MOST or reference in route.named:
            self[reference] = topic
        return topic


class _Constant(_ByReference):
    """One topic, whatever else the event says."""

    def __init__(self, topic: Topic | None) -> None:
        super().__init__(None, plain=False)
        self[None] = topic

    def __missing__(self, reference: Any) -> Topic | None:
        return self[None]


def _topic(route: Route, known: Known | None, *, plain: bool) -> Topic | None:
    candidates = route.by_object.get(known, route.others)
    if not (candidates or route.exceptions or route.goals):
        return None
    topic = Topic(known, candidates, route.exceptions, route.goals)
    if plain and candidates.narrow is None and len(candidates.all) == 1 and candidates.all[0][0].is_plain:
        topic.start = Start(*candidates.all[0], known)
        topic.sources[topic.start.rule.index] = topic.start.source
    return topic


def _open(rule: Rule, known: Known | None) -> tuple[int, int]:
    if rule.arm is None or (known is not None and len(known.active) != 1):
        return 0, 0
    if known is None:
        return rule.arm.open_from, rule.arm.open_until
    begin, end = known.active[0]
    return max(rule.arm.open_from, begin), rule.arm.open_until if end is None else min(rule.arm.open_until, end)
