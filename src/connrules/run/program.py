"""A plan made ready to run: patterns indexed, so that an event finds the triggers that may match it by two look-ups."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, NamedTuple

from connrules import plan
from connrules.run.conditions import Kept, Predicate, Properties, look_up, predicate, trigger_paths
from connrules.run.state import Wait
from connrules.run.world import Known, World
from connrules.vocabulary import OBJECT_KIND, ObjectKind

_FIELDS: Final = {ObjectKind.CAMPAIGN: "campaign", ObjectKind.CARD: "card", ObjectKind.EVENT: "name"}
_NEVER: Final = 2**62


class Pattern(NamedTuple):
    """One pattern of a rule. `objects` are those that it names; None: any, or the object of the trigger event."""

    text: str
    type: str
    objects: frozenset[Known] | None
    holds: Predicate | None
    """What the event's properties must satisfy; None: nothing."""


Matches = Callable[[Known | None, Properties, Wait], bool]
"""Whether a pattern matches an event about that object, with those properties, for that wait."""


class Exception(NamedTuple):  # noqa: A001  # the field's word
    """An exception pattern, ready to match events of its type."""

    text: str
    matches: Matches


class Rule:
    """A rule, ready to run. Instants and durations are milliseconds."""

    __slots__ = (
        "delay",
        "exceptions",
        "index",
        "kept_paths",
        "limit",
        "live_from",
        "live_until",
        "name",
        "open_from",
        "open_until",
        "restarting",
        "send",
        "target",
        "triggers",
        "window",
    )

    def __init__(self, index: int, rule: plan.Rule, world: World) -> None:
        self.index = index
        self.name = rule.name
        self.send = rule.send
        self.delay = rule.delay
        self.restarting = rule.restarting
        self.live_from = -_NEVER if rule.live_from is None else rule.live_from
        self.live_until = _NEVER if rule.live_until is None else rule.live_until
        self.limit = rule.eligibility.count if rule.eligibility else None
        self.window = rule.eligibility.window if rule.eligibility else None
        self.target = world.find(ObjectKind.CAMPAIGN, rule.send) or Known(("campaign", rule.send, None), ())
        self.open_from, self.open_until = self._open()
        self.triggers = [_pattern(matcher, world, ()) for matcher in rule.triggers]
        self.kept_paths = _kept_paths(rule.exceptions)
        """The properties of the trigger event that the exceptions look at."""
        self.exceptions = [(m.type, _exception(m, world, self.kept_paths)) for m in rule.exceptions]

    def keep(self, properties: Properties) -> Kept:
        """What a wait keeps of its trigger's properties."""
        return tuple(look_up(properties, path) for path in self.kept_paths)

    def _open(self) -> tuple[int, int]:
        """A span `[from, until)` in which the rule lives and its target is active: one comparison for most events."""
        if len(self.target.active) != 1:
            return 0, 0
        start, end = self.target.active[0]
        return max(start, self.live_from), min(_NEVER if end is None else end, self.live_until)


Candidate = tuple[Rule, Predicate | None]
"""A rule whose trigger fits an event's type and object, with what its properties must satisfy; None: nothing."""


class Route(NamedTuple):
    """Where events of one type go."""

    field: str | None
    """The event's field that names what it is about; None: events of this type are about nothing."""
    named: Mapping[str, Known]
    """The objects that such events may be about, by name and id, as they are mostly written."""
    find: Callable[[str], Known | None]
    """The object of a name or id, however it is written."""
    by_object: dict[Known | None, list[Candidate]]
    """The rules whose trigger an event may match, in rule-set order, by what it is about."""
    others: list[Candidate]
    """The same for events that are about what no trigger names."""
    exceptions: dict[int, list[Exception]]
    """The exceptions of this type, by the index of their rule."""


class Program:
    """A plan, ready to run."""

    def __init__(self, compiled: plan.Plan) -> None:
        self.world = World(compiled)
        _check_types(compiled)
        self.rules = [Rule(index, rule, self.world) for index, rule in enumerate(compiled.rules)]
        by_object = _index_by_object(self.rules)
        others = _index_of_others(self.rules)
        exceptions: dict[str, dict[int, list[Exception]]] = {}
        for rule in self.rules:
            for type_, exception in rule.exceptions:
                exceptions.setdefault(type_, {}).setdefault(rule.index, []).append(exception)
        self.routes = {
            type_: Route(
                None if kind is None else _FIELDS[kind],
                {} if kind is None else self.world.named(kind),
                partial(self.world.find, kind or ObjectKind.EVENT),
                by_object.get(type_, {}),
                others.get(type_, []),
                exceptions.get(type_, {}),
            )
            for type_, kind in OBJECT_KIND.items()
        }
        """Where events go, by their type."""


def _check_types(compiled: plan.Plan) -> None:
    """A plan of a newer version may speak of events that this one knows nothing of."""
    for rule in compiled.rules:
        for matcher in (*rule.triggers, *rule.exceptions):
            if matcher.type not in OBJECT_KIND:
                raise plan.PlanError(
                    f"this connrules does not know `{matcher.type}`, of which the rule `{rule.name}` speaks"
                )


def _pattern(matcher: plan.Matcher, world: World, kept_paths: tuple[plan.Path, ...]) -> Pattern:
    kind = OBJECT_KIND.get(matcher.type)
    objects: frozenset[Known] | None = None
    if matcher.objects is not None and kind is not None:
        found = (world.find_for_rule(kind, name) for name in matcher.objects)
        objects = frozenset(known for known in found if known is not None)
    holds = None if matcher.where is None else predicate(matcher.where, kept_paths)
    return Pattern(matcher.text, matcher.type, objects, holds)


def _exception(matcher: plan.Matcher, world: World, kept_paths: tuple[plan.Path, ...]) -> Exception:
    _, _, objects, holds = _pattern(matcher, world, kept_paths)
    about = _is_about(matcher, objects)
    if holds is None:
        return Exception(matcher.text, about)
    return Exception(matcher.text, lambda known, p, wait: about(known, p, wait) and holds(p, wait.kept))


def _is_about(matcher: plan.Matcher, objects: frozenset[Known] | None) -> Matches:
    """Whether an event is about what the pattern says."""
    if matcher.scope == "implied":
        return lambda known, _, wait: known is not None and known.is_same(wait.known)
    if objects is not None:
        return lambda known, _p, _w: known in objects
    return lambda _k, _p, _w: True


def _kept_paths(exceptions: tuple[plan.Matcher, ...]) -> tuple[plan.Path, ...]:
    paths: frozenset[plan.Path] = frozenset().union(*(trigger_paths(matcher.where) for matcher in exceptions))
    return tuple(sorted(paths))


def _index_by_object(rules: list[Rule]) -> dict[str, dict[Known | None, list[Candidate]]]:
    """For each type and object that some trigger names: the rules that name it, and those for any object."""
    naming: dict[tuple[str, Known], dict[int, Rule]] = {}
    for rule in rules:
        for pattern in rule.triggers:
            for known in pattern.objects or ():
                naming.setdefault((pattern.type, known), {})[rule.index] = rule
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
        for pattern in rule.triggers:
            if pattern.objects is None:
                found.setdefault(pattern.type, {})[rule.index] = rule
    return found


def _needs(rule: Rule, event_type: str, known: Known | None) -> Predicate | None:
    """What the properties of an event must satisfy, where its type and object fit the rule's trigger."""
    tests = [
        pattern.holds
        for pattern in rule.triggers
        if pattern.type == event_type and (pattern.objects is None or (known is not None and known in pattern.objects))
    ]
    needed = [test for test in tests if test is not None]
    if len(needed) < len(tests):
        return None
    if len(needed) == 1:
        return needed[0]
    return lambda properties, kept: any(test(properties, kept) for test in needed)
