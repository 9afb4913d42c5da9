"""A plan made ready to run: patterns indexed, so that an event finds the triggers that may match it by two look-ups."""

import unicodedata
from collections import Counter
from typing import Final, NamedTuple

from connrules import plan
from connrules.run.conditions import Kept, Predicate, Properties, look_up, predicate, trigger_paths
from connrules.vocabulary import OBJECT_KIND, ObjectKind

Key = tuple[str, str, str | None]
"""Kind, name and id of a campaign, card or custom event."""

ALWAYS: Final[tuple[plan.Interval, ...]] = ((-(2**62), None),)


class Known:
    """An object that is known, and when it is active. There is one per object, so that identity tells them apart."""

    __slots__ = ("active", "key")

    def __init__(self, key: Key, active: tuple[plan.Interval, ...]) -> None:
        self.key = key
        self.active = ALWAYS if active == ALWAYS else active


class Pattern(NamedTuple):
    """One pattern of a rule, ready to match events whose type already fits.

    `objects` are those that it names; None: any. `implied`: the object of the trigger event.
    """

    text: str
    objects: frozenset[Known] | None
    implied: bool
    holds: Predicate | None

    def matches(self, known: Known | None, properties: Properties, implied: Known | None, kept: Kept) -> bool:
        """Whether it matches an event with that object and those properties."""
        if self.implied:
            if known is None or known is not implied:
                return False
        elif self.objects is not None and known not in self.objects:
            return False
        return self.holds is None or self.holds(properties, kept)


class Rule:
    """A rule, ready to run.

    `triggers` are its trigger patterns by type of event, `exceptions` its exception patterns. `kept_paths` are the
    properties of the trigger event that its exceptions look at. Instants and durations are milliseconds.
    """

    __slots__ = (
        "delay",
        "exceptions",
        "index",
        "kept_paths",
        "limit",
        "live_from",
        "live_until",
        "name",
        "restarting",
        "send",
        "target",
        "triggers",
        "window",
    )

    def __init__(self, index: int, rule: plan.Rule, world: "World") -> None:
        self.index = index
        self.name = rule.name
        self.send = rule.send
        self.target = world.intervals(ObjectKind.CAMPAIGN, rule.send)
        self.delay = rule.delay
        self.restarting = rule.restarting
        self.live_from = rule.live_from
        self.live_until = rule.live_until
        self.limit = rule.eligibility.count if rule.eligibility else None
        self.window = rule.eligibility.window if rule.eligibility else None
        paths: frozenset[plan.Path] = frozenset().union(*(trigger_paths(m.where) for m in rule.exceptions))
        self.kept_paths = tuple(sorted(paths))
        self.triggers = [(m.type, _pattern(m, world, ())) for m in rule.triggers]
        self.exceptions: dict[str, list[Pattern]] = {}
        for matcher in rule.exceptions:
            self.exceptions.setdefault(matcher.type, []).append(_pattern(matcher, world, self.kept_paths))

    def keep(self, properties: Properties) -> Kept:
        """What a wait keeps of its trigger's properties."""
        return tuple(look_up(properties, path) for path in self.kept_paths) if self.kept_paths else ()


class World:
    """Which campaigns, cards and custom events are known, and when they are active.

    An event may name an object by its id or by its name; a name that two objects share is known to mean neither.
    """

    def __init__(self, compiled: plan.Plan) -> None:
        self._by_kind: dict[ObjectKind, dict[str, Known]] = {kind: {} for kind in ObjectKind}
        listed = compiled.objects is not None
        self._is_closed = {
            ObjectKind.CAMPAIGN: listed,
            ObjectKind.CARD: listed,
            ObjectKind.EVENT: compiled.events is not None,
        }
        for name in compiled.events or ():
            self._by_kind[ObjectKind.EVENT][name] = Known(("event", name, None), ALWAYS)
        objects = compiled.objects or ()
        shared = Counter((o.kind, o.name) for o in objects)
        for o in objects:
            known = Known((o.kind, o.name, o.id), o.active)
            references = self._by_kind[ObjectKind(o.kind)]
            if shared[o.kind, o.name] == 1:
                references.setdefault(o.name, known)
            if o.id is not None:
                references[o.id] = known

    def find(self, kind: ObjectKind, reference: str) -> Known | None:
        """The object that an event or a rule names; None where it is unknown."""
        return self._by_kind[kind].get(reference) or self._find(kind, reference)

    def find_key(self, key: Key) -> Known | None:
        """The object of a key that was written down."""
        kind, name, id_ = key
        return self.find(ObjectKind(kind), name if id_ is None else id_)

    def _find(self, kind: ObjectKind, reference: str) -> Known | None:
        """An object that is written otherwise, or that is met for the first time in a world without a catalog."""
        name = reference if reference.isascii() else unicodedata.normalize("NFC", reference)
        references = self._by_kind[kind]
        if name in references or self._is_closed[kind]:
            return references.get(name)
        return references.setdefault(name, Known((kind, name, None), ALWAYS))

    def intervals(self, kind: ObjectKind, name: str) -> tuple[plan.Interval, ...]:
        """When an object is active: never, if it is unknown."""
        known = self.find(kind, name)
        return known.active if known else ()


Candidate = tuple[Rule, Predicate | None]
"""A rule whose trigger fits an event's type and object, with what its properties must satisfy; None: nothing."""


class Route(NamedTuple):
    """Where events of one type go: the rules whose trigger they may match, in rule-set order, by what they name."""

    kind: ObjectKind | None
    """What such events name; None: nothing."""
    by_object: dict[Known | None, list[Candidate]]
    others: list[Candidate]
    """For events that name what no trigger names."""


class Program:
    """A plan, ready to run."""

    def __init__(self, compiled: plan.Plan) -> None:
        self.plan = compiled
        self.world = World(compiled)
        self.rules = [Rule(index, rule, self.world) for index, rule in enumerate(compiled.rules)]
        self.routes: dict[str, Route] = {kind: Route(OBJECT_KIND[kind], {}, []) for kind in OBJECT_KIND}
        for type_, by_object in _index_by_object(self.rules).items():
            self.routes[type_].by_object.update(by_object)
        for type_, others in _index_of_others(self.rules).items():
            self.routes[type_].others.extend(others)


def _pattern(matcher: plan.Matcher, world: World, kept_paths: tuple[plan.Path, ...]) -> Pattern:
    kind = OBJECT_KIND.get(matcher.type)
    objects: frozenset[Known] | None = None
    if matcher.objects is not None and kind is not None:
        found = (world.find(kind, name) for name in matcher.objects)
        objects = frozenset(known for known in found if known is not None)
    holds = None if matcher.where is None else predicate(matcher.where, kept_paths)
    return Pattern(matcher.text, objects, matcher.scope == "implied", holds)


def _index_by_object(rules: list[Rule]) -> dict[str, dict[Known | None, list[Candidate]]]:
    """For each type and object that some trigger names: the rules that name it, and those for any object."""
    naming: dict[tuple[str, Known], dict[int, Rule]] = {}
    for rule in rules:
        for type_, pattern in rule.triggers:
            for known in pattern.objects or ():
                naming.setdefault((type_, known), {})[rule.index] = rule
    for_any = _rules_for_any(rules)
    index: dict[str, dict[Known | None, list[Candidate]]] = {}
    for (type_, known), named in naming.items():
        both = sorted((for_any.get(type_, {}) | named).items())
        index.setdefault(type_, {})[known] = [(rule, _needs(rule, type_, known)) for _, rule in both]
    return index


def _index_of_others(rules: list[Rule]) -> dict[str, list[Candidate]]:
    """For each type: the rules whose trigger is for any object, or has none."""
    return {
        type_: [(rule, _needs(rule, type_, None)) for _, rule in sorted(named.items())]
        for type_, named in _rules_for_any(rules).items()
    }


def _rules_for_any(rules: list[Rule]) -> dict[str, dict[int, Rule]]:
    found: dict[str, dict[int, Rule]] = {}
    for rule in rules:
        for type_, pattern in rule.triggers:
            if pattern.objects is None:
                found.setdefault(type_, {})[rule.index] = rule
    return found


def _needs(rule: Rule, event_type: str, known: Known | None) -> Predicate | None:
    """What the properties of an event must satisfy, where its type and object fit the rule's trigger."""
    tests = [
        pattern.holds
        for type_, pattern in rule.triggers
        if type_ == event_type and (pattern.objects is None or (known is not None and known in pattern.objects))
    ]
    needed = [test for test in tests if test is not None]
    if len(needed) < len(tests):
        return None
    if len(needed) == 1:
        return needed[0]
    return lambda properties, kept: any(test(properties, kept) for test in needed)
