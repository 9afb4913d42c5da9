"""A plan made ready to run: patterns indexed, so that an event finds the triggers that may match it by two look-ups."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import tzinfo
from functools import partial
from typing import Final, NamedTuple

from connrules import plan
from connrules.run.conditions import Conditions, first_keys
from connrules.run.filters import Candidates
from connrules.run.retired import NOTHING_RETIRED, Retired
from connrules.run.rule import Alike, Exception, Rule  # noqa: A004  # the field's word
from connrules.run.triggers import NOBODY, Listeners, listeners
from connrules.run.world import Key, Known, World
from connrules.vocabulary import ATTRIBUTES, OBJECT_KIND, ObjectKind
from connrules.wallclock import find_zone

_FIELDS: Final = {ObjectKind.CAMPAIGN: "campaign", ObjectKind.CARD: "card", ObjectKind.EVENT: "name"}
TIME_ZONE: Final = "time_zone"
"""The attribute that holds a user's time zone."""


class Route(NamedTuple):
    """Where events of one type go."""

    field: str | None
    """The event's field that names what it is about; None: events of this type are about nothing."""
    named: Mapping[str, Known]
    """The objects that such events may be about, by name and id, as they are mostly written."""
    find: Callable[[str], Known | None]
    """The object of a name or id, however it is written."""
    by_object: dict[Known | None, Candidates]
    """The rules whose trigger an event may match, by what it is about."""
    others: Candidates
    """The same for events that are about what no trigger names."""
    exceptions: dict[int, list[Exception]]
    """The exceptions of this type, by the index of their rule."""
    goals: frozenset[int]
    """The indexes of the rules whose goal is reached by events of this type."""


class Program:
    """A plan, ready to run.

    `retired` are definitions that rules had, by their numbers, under whose terms waits go on. Behind the rules of the
    plan stand those that it names, as they were: nothing triggers them, and what they do counts as the rule's.
    """

    def __init__(self, compiled: plan.Plan, retired: Mapping[int, Retired] = NOTHING_RETIRED) -> None:
        self.world = World(compiled)
        spoken_of = [*_spoken_of(compiled, retired)]
        _check_types(spoken_of)
        zone = _zone(compiled)
        conditions = Conditions(compiled.segments, zone)
        alike: Alike = {}
        self.rules = [Rule(index, compiled, self.world, conditions, alike) for index in range(len(compiled.rules))]
        _chain(self.rules, compiled)
        self.retired = retired
        self.rules += self._former_rules(conditions)
        self.windows = _windows(compiled)
        """How long sends count, by the index of their quota; None: for ever."""
        self.attributes = _attributes(compiled)
        """The attributes of users that some condition looks at."""
        exceptions = _exceptions(self.rules)
        goals: dict[str, set[int]] = {}
        for rule in self.rules:
            if rule.goal is not None:
                goals.setdefault(rule.goal.pattern.type, set()).add(rule.index)
        listening = listeners(self.rules, conditions)
        self.routes = {
            type_: self._route(kind, listening.get(type_, NOBODY), exceptions.get(type_, {}), goals.get(type_, ()))
            for type_, kind in OBJECT_KIND.items()
            if type_ != ATTRIBUTES
        }
        """Where events go, by their type. Those that set attributes go nowhere: they start and cancel nothing."""
        self.heard = frozenset({*(matcher.type for _, matcher in spoken_of), ATTRIBUTES})
        """The types of events that can change anything."""

    def _former_rules(self, conditions: Conditions) -> list[Rule]:
        """The rules as they were when waits began that go on so."""
        by_name, former_rules = {rule.name: rule for rule in self.rules}, []
        for index, (version, former) in enumerate(self.retired.items(), start=len(self.rules)):
            if former.rule not in by_name:
                raise plan.PlanError(f"users wait for the rule `{former.rule}`, which is not in the plan")
            keys: dict[tuple[str, str], Key] = {(o.kind, o.name): (o.kind, o.name, o.id) for o in former.objects}
            for key in keys.values():
                self.world.recall(key)
            find = partial(self._recall, keys)
            former_rules.append(by_name[former.rule].formerly(index, version, former.definition, find, conditions))
        return former_rules

    def _recall(self, keys: Mapping[tuple[str, str], Key], kind: ObjectKind, name: str) -> Known:
        return self.world.recall(keys.get((kind, name), (kind, name, None)))

    def _route(
        self,
        kind: ObjectKind | None,
        listening: Listeners,
        exceptions: dict[int, list[Exception]],
        goals: Iterable[int],
    ) -> Route:
        by_object, others = listening
        goals = frozenset(goals)
        if kind is None:
            return Route(None, {}, _nothing, by_object, others, exceptions, goals)
        named, find = self.world.named(kind), partial(self.world.find, kind)
        return Route(_FIELDS[kind], named, find, by_object, others, exceptions, goals)


def _nothing(_: str) -> None:
    """What events that are about nothing name."""


def _zone(compiled: plan.Plan) -> tzinfo | None:
    """The time zone in which bare dates begin; None: UTC."""
    if compiled.time_zone is None:
        return None
    zone = find_zone(compiled.time_zone)
    if zone is None:
        raise plan.PlanError(f"there is no time zone `{compiled.time_zone}` on this machine")
    return zone


def _spoken_of(compiled: plan.Plan, retired: Mapping[int, Retired]) -> Iterator[tuple[str, plan.Matcher]]:
    """All patterns, each with the name of its rule."""
    for rule in compiled.rules:
        goals = () if rule.goal is None else (rule.goal.matcher,)
        yield from ((rule.name, matcher) for matcher in (*rule.triggers, *rule.exceptions, *goals))
    for former in retired.values():
        yield from ((former.rule, matcher) for matcher in former.definition.exceptions)


def _check_types(spoken_of: Iterable[tuple[str, plan.Matcher]]) -> None:
    """A plan of a newer version may speak of events that this one knows nothing of."""
    for rule, matcher in spoken_of:
        if matcher.rule is None and (matcher.type not in OBJECT_KIND or matcher.type == ATTRIBUTES):
            raise plan.PlanError(f"this connrules does not know `{matcher.type}`, of which the rule `{rule}` speaks")


def _chain(rules: list[Rule], compiled: plan.Plan) -> None:
    """Tell each rule which rules are triggered by its outcomes."""
    by_name = {rule.name: rule for rule in rules}
    for rule, made in zip(compiled.rules, rules, strict=True):
        for type_, name in dict.fromkeys((m.type, m.rule) for m in rule.triggers if m.rule is not None):
            if name not in by_name or type_ not in {plan.SENT, plan.CANCELLED}:
                raise plan.PlanError(f"this is not a plan: the rule `{rule.name}` follows `{type_} {name}`")
            before = by_name[name]
            (before.after_sent if type_ == plan.SENT else before.after_cancelled).append(made)


def _windows(compiled: plan.Plan) -> dict[int, int | None]:
    quotas = enumerate((*(rule.eligibility for rule in compiled.rules), *compiled.limits))
    return {index: quota.window for index, quota in quotas if quota is not None}


def _attributes(compiled: plan.Plan) -> frozenset[str]:
    conditions = [
        *(segment.condition for segment in compiled.segments),
        *(condition for rule in compiled.rules for condition in (rule.condition, rule.still) if condition is not None),
    ]
    parts = (part for rule in compiled.rules for part in (rule.schedule, rule.between))
    zones = {TIME_ZONE for part in parts if part is not None and part.zone.local}
    return frozenset(zones).union(*map(first_keys, conditions))


def _exceptions(rules: list[Rule]) -> dict[str, dict[int, list[Exception]]]:
    """Exceptions by their type and the index of their rule; rules that have the same share one list."""
    found: dict[str, dict[int, list[Exception]]] = {}
    shared: dict[tuple[Exception, ...], list[Exception]] = {}
    for rule in rules:
        own: dict[str, list[Exception]] = {}
        for type_, exception in rule.exceptions:
            own.setdefault(type_, []).append(exception)
        for type_, exceptions in own.items():
            found.setdefault(type_, {})[rule.index] = shared.setdefault(tuple(exceptions), exceptions)
    return found
