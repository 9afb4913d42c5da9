"""What an event may do: found by its type and what it is about, and nothing at all for most of a log.

Names and ids are remembered as events write them, those that rules or a catalog name and so many others: a log may name
any number, and memory must not grow with it.
"""

from collections.abc import Collection, Sequence
from operator import attrgetter
from typing import Final, Literal, TypeVar

from connrules.event import Row
from connrules.run.conditions import Predicate
from connrules.run.filters import Candidates
from connrules.run.program import Program, Route
from connrules.run.rule import Exception, Rule  # noqa: A004  # the field's word
from connrules.run.state import Source
from connrules.run.values import Properties
from connrules.run.world import Known

_MOST: Final = 1_000
_NEARLY_ALL: Final = 0.8
_NEXT: Final = 16

AnyRow = TypeVar("AnyRow", bound=Row)


class Topic:
    """What an event of one type about one object may do."""

    __slots__ = ("_starts", "candidates", "exceptions", "goals", "is_filtered", "known", "sources", "start")

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
        self.is_filtered = False
        """Whether `start_for` has to be asked what it may start, for that depends on its properties."""
        self._starts: dict[int, Start | None] = {}

    def start_for(self, properties: Properties) -> "Start | Literal[False] | None":
        """What an event with such properties starts, where that is one plain rule; False: nothing."""
        if self.start is not None:
            return self.start if self.start.holds is None or self.start.holds(properties, ()) else False
        found = self.candidates.of(properties)
        if not found:
            return False
        rule, holds = found[0]
        if len(found) > 1 or holds is not None:
            return None
        if rule.index not in self._starts:
            self._starts[rule.index] = Start(rule, None, self.known) if rule.is_plain else None
        return self._starts[rule.index]


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


Names = dict[str | None, Topic | None]


class Topics:
    """The topics of all events, some of which were looked up before. With `plain` not set, none has a start."""

    def __init__(self, program: Program, *, plain: bool) -> None:
        self.seen: dict[str, Names] = {type_: {} for type_ in program.routes}
        """The topic of an event by `seen[event.type][event.campaign]`; None: it can do nothing, and all is well.

        A KeyError says that `of` has to be asked.
        """
        self.dull: dict[str, set[str | None]] = {type_: set() for type_ in program.routes}
        """By the type of an event, the campaigns of which such events can do nothing: what most of a log is told by.

        A KeyError says that `of` has to be asked.
        """
        self._unasked = 0
        """How many more batches are taken whole."""
        self._routes = program.routes
        self._plain = plain
        self.dull_names: dict[str, set[str | None]] = {type_: set() for type_ in program.routes}
        """The same for what else such events are about."""
        self.by_name: dict[str, Names] = {type_: {} for type_ in program.routes}
        """The topic of an event by its type and what it is about, with `LOOK` for what is unknown."""
        self.getters = {
            type_: attrgetter(route.field)
            for type_, route in program.routes.items()
            if route.field not in {None, "campaign"}
        }
        """What tells a card or a custom event, by the type of an event that is about one."""
        for type_, route in program.routes.items():
            named = [name for name, known in route.named.items() if known in route.by_object]
            self.by_name[type_] = {name: self._made(route, name) for name in named}
            if route.field == "campaign":
                self.seen[type_] = dict(self.by_name[type_])

    def relevant(self, rows: Sequence[AnyRow]) -> Sequence[AnyRow]:
        """Those of some events that may do anything or have to be looked at, and perhaps some that do nothing.

        Where nearly all may, the next ones are not even asked.
        """
        if self._unasked:
            self._unasked -= 1
            return rows
        dull, dull_names, getters = self.dull, self.dull_names, self.getters
        try:
            rest = [row for row in rows if row.campaign not in dull[row.type]]
        except KeyError:  # a type that was not seen before, or one of too many
            return [row for row in rows if self.of(row) is not None]
        rest = [
            row for row in rest if (type_ := row.type) not in getters or getters[type_](row) not in dull_names[type_]
        ]
        if len(rest) > _NEARLY_ALL * len(rows):
            self._unasked = _NEXT
        return rest

    def spoken_of(self, rows: Sequence[AnyRow]) -> Sequence[AnyRow]:
        """Those of some events that may do anything or have to be looked at, and no others."""
        seen, of, find = self.seen, self.of, self.find
        try:
            return [
                row
                for row in rows
                if (topic := seen[row.type][row.campaign]) is not None and (topic is not LOOK or find(row) is not None)
            ]
        except KeyError:  # something is named that was not seen before
            return [row for row in rows if of(row) is not None]

    def of(self, row: Row) -> Topic | None:
        """The topic of an event; None: it can do nothing; `LOOK`: its type or what it is about is unknown."""
        route = self._routes.get(row.type)
        if route is None or route.field not in {None, "campaign"}:
            if row.type in self.seen or len(self.seen) < _MOST:
                _see(self.seen.setdefault(row.type, {}), row.campaign, LOOK)
                self.dull.setdefault(row.type, set())
            return self.find(row)
        topic = self.find(row)
        _see(self.seen[row.type], row.campaign, topic, route.named)
        if topic is None and row.campaign in self.seen[row.type]:
            self.dull[row.type].add(row.campaign)
        return topic

    def find(self, row: Row) -> Topic | None:
        """The same for an event of whose type and campaign `seen` says `LOOK`."""
        route = self._routes.get(row.type)
        if route is None:
            return LOOK
        reference = getattr(row, route.field) if route.field else None
        topics = self.by_name[row.type]
        if reference in topics:
            return topics[reference]
        topic = self._made(route, reference)
        _see(topics, reference, topic, route.named)
        if topic is None and reference in topics:
            self.dull_names[row.type].add(reference)
        return topic

    def _made(self, route: Route, reference: str | None) -> Topic | None:
        if route.field is None:
            return _topic(route, None, plain=self._plain)
        if not reference or type(reference) is not str:
            return LOOK
        known = route.named.get(reference) or route.find(reference)
        return LOOK if known is None else _topic(route, known, plain=self._plain)


def _see(names: Names, name: str | None, topic: Topic | None, named: Collection[str | None] = ()) -> None:
    """Remember a topic, unless there are too many; those of a catalog always, and they take no room of the others."""
    if len(names) < _MOST + len(named) or name in named:
        names[name] = topic


def _topic(route: Route, known: Known | None, *, plain: bool) -> Topic | None:
    if known is not None and known.is_lost:
        return Topic(known, Candidates(), route.exceptions, frozenset()) if route.exceptions else LOOK
    candidates = route.by_object.get(known, route.others)
    if not (candidates or route.exceptions or route.goals):
        return None
    topic = Topic(known, candidates, route.exceptions, route.goals)
    if plain and candidates.narrow is None and len(candidates.all) == 1 and candidates.all[0][0].is_plain:
        topic.start = Start(*candidates.all[0], known)
        topic.sources[topic.start.rule.index] = topic.start.source
    topic.is_filtered = plain and (candidates.narrow is not None or (topic.start and topic.start.holds) is not None)
    return topic


def _open(rule: Rule, known: Known | None) -> tuple[int, int]:
    if rule.arm is None or (known is not None and len(known.active) != 1):
        return 0, 0
    if known is None:
        return rule.arm.open_from, rule.arm.open_until
    begin, end = known.active[0]
    return max(rule.arm.open_from, begin), rule.arm.open_until if end is None else min(rule.arm.open_until, end)
