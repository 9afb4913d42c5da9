"""A rule of a plan made ready to run: patterns that match, conditions that hold, campaigns that are found."""

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any, Final, NamedTuple

import msgspec

from connrules import plan
from connrules.event import json_value, per_value
from connrules.run.chance import BUCKETS, chosen, ends_of
from connrules.run.conditions import Conditions, Predicate, trigger_paths
from connrules.run.due import clockwork
from connrules.run.quotas import Quota, limits_on, own_quota
from connrules.run.state import Key
from connrules.run.values import Kept, Properties, look_up
from connrules.run.world import Known, World
from connrules.vocabulary import OBJECT_KIND, ObjectKind

_NEVER: Final = 2**62
_NO_PROPERTIES: Final[Mapping[str, Any]] = {}
_encode = msgspec.json.Encoder().encode


class Trigger(NamedTuple):
    """What starts a rule. `objects` are those that it names; None: any."""

    type: str
    objects: frozenset[Known] | None
    where: plan.Condition | None
    """What the event's properties must satisfy: no function yet, for an index may tell; None: nothing."""


class Pattern(NamedTuple):
    """A pattern that ends a wait or reaches a goal. `objects` are those that it names; None: any, or the trigger's."""

    text: str
    type: str
    objects: frozenset[Known] | None
    holds: Predicate | None
    """What the event's properties must satisfy; None: nothing."""


Matches = Callable[[Known | None, Properties, Known | None, Kept], bool]
"""Whether a pattern matches an event about that object, with those properties, for a wait whose trigger was about that
other object and of whose properties that was kept.
"""


class Exception(NamedTuple):  # noqa: A001  # the field's word
    """An exception pattern, ready to match events of its type."""

    text: str
    matches: Matches


Find = Callable[[ObjectKind, str], Known | None]
"""Finds the object that a rule names."""
Alike = dict[tuple[plan.Matcher, tuple[plan.Path, ...]], Exception]
"""The exceptions made so far: of rules that all say `unless purchase`, one is made."""


class RuleGoal(NamedTuple):
    """What reaches a rule's goal, within so many milliseconds after a send."""

    pattern: Pattern
    within: int

    def is_reached(self, known: Known | None, properties: Properties) -> bool:
        """Whether an event of the pattern's type, about that object and with those properties, reaches the goal."""
        _, _, objects, holds = self.pattern
        return (objects is None or known in objects) and (holds is None or holds(properties, ()))


class Arm:
    """A campaign that a rule may send, and the limits that such a send is under."""

    __slots__ = ("limits", "open_from", "open_until", "send", "target")

    def __init__(self, send: str, rule: plan.Rule, compiled: plan.Plan, world: World) -> None:
        self.send = send
        self.target = world.target(send)
        self.open_from, self.open_until = _open(self.target, rule)
        """A span `[from, until)` in which the rule lives and the campaign is active: one comparison for most events."""
        self.limits = limits_on(self.target, compiled)


class Rule:
    """A rule, ready to run. Instants and durations are milliseconds, shares millionths."""

    __slots__ = (
        "_arms",
        "_ends",
        "_known_by",
        "_per",
        "after_cancelled",
        "after_sent",
        "arm",
        "clockwork",
        "condition",
        "current",
        "delay",
        "exceptions",
        "goal",
        "hold_out",
        "index",
        "kept_paths",
        "live_from",
        "live_until",
        "name",
        "quota",
        "restarting",
        "still",
        "triggers",
        "version",
        "waits_per_user",
    )

    def __init__(
        self, index: int, compiled: plan.Plan, world: World, conditions: Conditions, alike: Alike | None = None
    ) -> None:
        rule = compiled.rules[index]
        self.index = index
        self.current = index
        """The index of the rule as it is now: its own, but for waits that go on under former terms."""
        self.version = 0
        """0, or the number of the retired definition under whose terms waits go on."""
        self.name = rule.name
        self.restarting = rule.restarting
        self.condition = None if rule.condition is None else conditions.predicate(rule.condition)
        self.still = None if rule.still is None else conditions.predicate(rule.still)
        self.live_from = -_NEVER if rule.live_from is None else rule.live_from
        self.live_until = _NEVER if rule.live_until is None else rule.live_until
        self.quota: Quota | None = own_quota(index, rule)
        self.hold_out = rule.hold_out
        self._ends = _ends(rule)
        self._arms = [Arm(send, rule, compiled, world) for send in _sends(rule)]
        self.arm = self._arms[0] if len(self._arms) == 1 else None
        """The only arm; None: it depends on the user, and `arm_of` says."""
        self.triggers = [_trigger(matcher, world.find_for_rule) for matcher in rule.triggers if matcher.rule is None]
        self._wait_under(rule, index, world.find_for_rule, conditions, {} if alike is None else alike)
        self.goal = None if rule.goal is None else _goal(rule.goal, world.find_for_rule, conditions)
        self.after_sent: list[Rule] = []
        """The rules, in rule-set order, whose trigger is that this rule sent."""
        self.after_cancelled: list[Rule] = []
        """The rules, in rule-set order, whose trigger is that a pending send of this rule was cancelled."""

    def formerly(self, index: int, version: int, terms: plan.Rule, find: Find, conditions: Conditions) -> "Rule":
        """The rule for waits that go on under the terms of a definition that it had: nothing triggers it.

        Where they wait per something else, they are known apart from those that start now.
        """
        former = copy(self)  # what follows its outcomes and what it sends is shared
        former.index, former.version, former.triggers = index, version, []
        former._wait_under(terms, self.index if terms.per == self._per else index, find, conditions, {})
        return former

    def _wait_under(self, terms: plan.Rule, known_by: int, find: Find, conditions: Conditions, alike: Alike) -> None:
        """Set what a wait keeps of the definition that it began under: when it is due, what cancels it, what it is per.

        See `retired.Terms`.
        """
        self.delay = terms.delay
        self.clockwork = clockwork(terms)
        self._known_by = known_by
        """The index under which its waits are known."""
        self._per = terms.per
        self.waits_per_user = terms.per is None
        """Whether a user waits for it once, not once for each value of a property."""
        self.kept_paths = kept_paths(terms.exceptions)
        """The properties of the trigger event that the exceptions look at."""
        for matcher in terms.exceptions:
            if (matcher, self.kept_paths) not in alike:
                alike[matcher, self.kept_paths] = _exception(matcher, find, conditions, self.kept_paths)
        self.exceptions = [(matcher.type, alike[matcher, self.kept_paths]) for matcher in terms.exceptions]

    @property
    def is_plain(self) -> bool:
        """Whether nothing but time, its triggers and its exceptions decides what becomes of it, and nothing follows."""
        decides = (self.clockwork, self.condition, self.still, self.quota, self.hold_out, self.goal, self.restarting)
        follows = (self.after_sent, self.after_cancelled)
        waits = self.delay > 0 and self.waits_per_user and not self.kept_paths
        return waits and self.arm is not None and not self.arm.limits and not any(decides) and not any(follows)

    def key_and_per(self, properties: Properties | None) -> tuple[Key, Any]:
        """What a wait is known by, and the value of the property of its trigger that the rule waits per."""
        per = None if self._per is None else per_value(look_up(properties or _NO_PROPERTIES, self._per))
        return self.key(per), per

    def key(self, per: Any) -> Key:
        """What a wait for such a value is known by."""
        return self._known_by if self.waits_per_user else (self._known_by, _encode(per))

    def keep(self, properties: Properties | None) -> Kept:
        """What a wait keeps of its trigger's properties."""
        return tuple(_comparable(look_up(properties or _NO_PROPERTIES, path)) for path in self.kept_paths)

    def arm_of(self, user: str) -> Arm:
        """What the rule sends to a user."""
        return self._arms[chosen(self._ends, self.name, user)]


def _comparable(value: Any) -> Any:
    """A value as far as an exception can compare with it: no list and no object is equal to anything, or part of it."""
    return None if isinstance(value, list | dict) else json_value(value)


def _sends(rule: plan.Rule) -> tuple[str, ...]:
    return (rule.send,) if isinstance(rule.send, str) else tuple(arm.send for arm in rule.send)


def _ends(rule: plan.Rule) -> tuple[int, ...]:
    ends = (BUCKETS,) if isinstance(rule.send, str) else ends_of(rule.send)
    if ends[-1] != BUCKETS:
        raise plan.PlanError(f"this is not a plan: the shares of the rule `{rule.name}` are not the whole")
    return ends


def _open(target: Known, rule: plan.Rule) -> tuple[int, int]:
    if len(target.active) != 1:
        return 0, 0
    start, end = target.active[0]
    live_from = -_NEVER if rule.live_from is None else rule.live_from
    live_until = _NEVER if rule.live_until is None else rule.live_until
    return max(start, live_from), min(_NEVER if end is None else end, live_until)


def _goal(goal: plan.Goal, find: Find, conditions: Conditions) -> RuleGoal:
    return RuleGoal(_pattern(goal.matcher, find, conditions), goal.within)


def _trigger(matcher: plan.Matcher, find: Find) -> Trigger:
    return Trigger(matcher.type, _objects(matcher, find), matcher.where)


def _pattern(
    matcher: plan.Matcher, find: Find, conditions: Conditions, kept_paths: tuple[plan.Path, ...] = ()
) -> Pattern:
    holds = None if matcher.where is None else conditions.predicate(matcher.where, kept_paths)
    return Pattern(matcher.text, matcher.type, _objects(matcher, find), holds)


def _objects(matcher: plan.Matcher, find: Find) -> frozenset[Known] | None:
    """The objects that a pattern names, as far as they are known; None: it names none."""
    kind = OBJECT_KIND.get(matcher.type)
    if matcher.objects is None or kind is None:
        return None
    found = (find(kind, name) for name in matcher.objects)
    return frozenset(known for known in found if known is not None)


def _exception(
    matcher: plan.Matcher, find: Find, conditions: Conditions, kept_paths: tuple[plan.Path, ...]
) -> Exception:
    _, _, objects, holds = _pattern(matcher, find, conditions, kept_paths)
    about = _is_about(matcher, objects)
    if holds is None:
        return Exception(matcher.text, about)
    return Exception(matcher.text, lambda known, p, other, kept: about(known, p, other, kept) and holds(p, kept))


def _is_about(matcher: plan.Matcher, objects: frozenset[Known] | None) -> Matches:
    """Whether an event is about what the pattern says."""
    if matcher.scope == "implied":
        return lambda known, _p, other, _k: known is not None and known.is_same(other)
    if objects is not None:
        return lambda known, _p, _o, _k: known in objects
    if matcher.scope == "any":
        return lambda known, _p, _o, _k: known is not None and not known.is_lost
    return lambda *_: True


def kept_paths(exceptions: tuple[plan.Matcher, ...]) -> tuple[plan.Path, ...]:
    """The properties of the trigger event that exceptions look at, in the order in which a wait keeps them."""
    paths: frozenset[plan.Path] = frozenset().union(*(trigger_paths(matcher.where) for matcher in exceptions))
    return tuple(sorted(paths))
