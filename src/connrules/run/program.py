"""A plan made ready to run: patterns indexed, so that an event finds the triggers that may match it by two look-ups.

An object is known by its key `(kind, name, id)`; what a rule waits for refers to objects by their keys alone.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

from connrules import plan
from connrules.event import Event
from connrules.run.conditions import Kept, Predicate, Properties, look_up, predicate, trigger_paths
from connrules.vocabulary import OBJECT_KIND, ObjectKind

Key = tuple[str, str, str | None]
"""Kind, name and id of a campaign, card or custom event."""

ALWAYS: Final[tuple[plan.Interval, ...]] = ((-(2**62), None),)
_NOTHING: Final[dict[str, object]] = {}


class Known(NamedTuple):
    """An object that is known, and when it is active."""

    key: Key
    active: tuple[plan.Interval, ...]


class Pattern(NamedTuple):
    """One pattern of a rule, ready to match events whose type already fits.

    `keys` are the objects that it names; None: any. `implied`: the object of the trigger event.
    """

    text: str
    keys: frozenset[Key] | None
    implied: bool
    holds: Predicate | None

    def matches(self, key: Key | None, properties: Properties, implied: Key | None, kept: Kept) -> bool:
        """Whether it matches an event with that object and those properties."""
        if self.implied:
            if key is None or key != implied:
                return False
        elif self.keys is not None and key not in self.keys:
            return False
        return self.holds is None or self.holds(properties, kept)


class Rule:
    """A rule, ready to run. `kept_paths` are the properties of the trigger event that its exceptions look at."""

    __slots__ = ("exceptions", "index", "kept_paths", "plan", "target", "triggers")

    def __init__(self, index: int, rule: plan.Rule, world: "World") -> None:
        self.index = index
        self.plan = rule
        self.target = world.intervals(ObjectKind.CAMPAIGN, rule.send)
        paths: frozenset[plan.Path] = frozenset().union(*(trigger_paths(m.where) for m in rule.exceptions))
        self.kept_paths = tuple(sorted(paths))
        self.triggers = [(m.type, _pattern(m, world, ())) for m in rule.triggers]
        self.exceptions: dict[str, list[Pattern]] = {}
        for matcher in rule.exceptions:
            self.exceptions.setdefault(matcher.type, []).append(_pattern(matcher, world, self.kept_paths))

    def keep(self, properties: Properties) -> Kept:
        """What a wait keeps of its trigger's properties."""
        return tuple(look_up(properties, path) for path in self.kept_paths)


class World:
    """Which campaigns, cards and custom events are known, and when they are active.

    An event may name an object by its id or by its name; a name that two objects share is known to mean neither.
    """

    def __init__(self, compiled: plan.Plan) -> None:
        self._closed = compiled.objects is not None
        self._events = None if compiled.events is None else frozenset(compiled.events)
        self._known: dict[tuple[str, str], Known] = {}
        objects = compiled.objects or ()
        shared = Counter((o.kind, o.name) for o in objects)
        for o in objects:
            known = Known((o.kind, o.name, o.id), o.active)
            if shared[o.kind, o.name] == 1:
                self._known[o.kind, o.name] = known
            if o.id is not None:
                self._known[o.kind, o.id] = known

    def find(self, kind: ObjectKind, reference: str) -> Known | None:
        """The object that an event or a rule names; None where it is unknown."""
        known = self._known.get((kind, reference))
        if known is not None:
            return known
        name = reference if reference.isascii() else unicodedata.normalize("NFC", reference)
        if kind is ObjectKind.EVENT:
            return Known((kind, name, None), ALWAYS) if self._events is None or name in self._events else None
        if self._closed:
            return self._known.get((kind, name)) if name != reference else None
        return Known((kind, name, None), ALWAYS)

    def intervals(self, kind: ObjectKind, name: str) -> tuple[plan.Interval, ...]:
        """When an object is active: never, if it is unknown."""
        known = self.find(kind, name)
        return known.active if known else ()


Candidate = tuple[Rule, tuple[Pattern, ...]]
"""A rule with those of its trigger patterns that name an event's type and object, or any object."""


class Program:
    """A plan, ready to run."""

    def __init__(self, compiled: plan.Plan) -> None:
        self.plan = compiled
        self.world = World(compiled)
        self.rules = [Rule(index, rule, self.world) for index, rule in enumerate(compiled.rules)]
        self._by_object = _index_by_object(self.rules)
        self._by_type = _index_by_type(self.rules)
        self.types = frozenset(self._by_type) | {t for rule in self.rules for t in rule.exceptions}
        """The types of event that can matter to a rule at all."""

    def candidates(self, event_type: str, key: Key | None) -> Iterable[Candidate]:
        """The rules whose trigger an event may match, in rule-set order."""
        found = self._by_object.get((event_type, key))
        return self._by_type.get(event_type, ()) if found is None else found


def _pattern(matcher: plan.Matcher, world: World, kept_paths: tuple[plan.Path, ...]) -> Pattern:
    kind = OBJECT_KIND.get(matcher.type)
    keys: frozenset[Key] | None = None
    if matcher.objects is not None and kind is not None:
        found = (world.find(kind, name) for name in matcher.objects)
        keys = frozenset(known.key for known in found if known is not None)
    holds = None if matcher.where is None else predicate(matcher.where, kept_paths)
    return Pattern(matcher.text, keys, matcher.scope == "implied", holds)


def _index_by_object(rules: list[Rule]) -> dict[tuple[str, Key | None], list[Candidate]]:
    """For each type and object that some trigger names: the rules that name it, and those for any object."""
    naming: dict[tuple[str, Key], dict[int, Rule]] = {}
    for rule in rules:
        for type_, pattern in rule.triggers:
            for key in pattern.keys or ():
                naming.setdefault((type_, key), {})[rule.index] = rule
    for_any = _rules_for_any(rules)
    index: dict[tuple[str, Key | None], list[Candidate]] = {}
    for (type_, key), named in naming.items():
        both = sorted((for_any.get(type_, {}) | named).items())
        index[type_, key] = [(rule, _patterns_for(rule, type_, key)) for _, rule in both]
    return index


def _index_by_type(rules: list[Rule]) -> dict[str, list[Candidate]]:
    """For each type: the rules whose trigger is for any object, or has none."""
    index: dict[str, list[Candidate]] = {type_: [] for rule in rules for type_, _ in rule.triggers}
    for type_, named in _rules_for_any(rules).items():
        index[type_] = [(rule, _patterns_for(rule, type_, None)) for _, rule in sorted(named.items())]
    return index


def _rules_for_any(rules: list[Rule]) -> dict[str, dict[int, Rule]]:
    found: dict[str, dict[int, Rule]] = {}
    for rule in rules:
        for type_, pattern in rule.triggers:
            if pattern.keys is None:
                found.setdefault(type_, {})[rule.index] = rule
    return found


def _patterns_for(rule: Rule, event_type: str, key: Key | None) -> tuple[Pattern, ...]:
    return tuple(
        pattern
        for type_, pattern in rule.triggers
        if type_ == event_type and (pattern.keys is None or (key is not None and key in pattern.keys))
    )


class Arrival(NamedTuple):
    """An event on its way through the engine, with its place in the input and what it names."""

    event: Event
    id: str
    known: Known | None
    """The campaign, card or custom event that it names; None: it names none."""

    @property
    def key(self) -> Key | None:
        """The key of that object."""
        return self.known.key if self.known else None

    @property
    def properties(self) -> Properties:
        """The event's properties."""
        return self.event.properties or _NOTHING
