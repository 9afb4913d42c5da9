"""Which rule sets are resolved for all users at once, and what of a log rules speak of."""

from collections.abc import Iterable, Iterator
from typing import Final

from connrules import plan
from connrules.columnar.reading import Census
from connrules.run.counts import OTHERS, Counts
from connrules.run.needs import needs_of
from connrules.run.world import Key, Known, World
from connrules.vocabulary import ATTRIBUTES, OBJECT_KIND, ObjectKind

Spoken = dict[str, frozenset[Key] | None]
"""For each type of event that rules speak of, the objects that matter; None: whatever is known."""
_NO_OBJECT: Final[Key] = ("", "", None)


def why_not_plain(compiled: plan.Plan) -> str | None:
    """Why a rule set is none that is resolved for all users at once; None: it is one."""
    if compiled.limits:
        return "the policy limits sends over all rules"
    for rule in compiled.rules:
        for what, is_there in _beyond(rule):
            if is_there:
                return f"the rule `{rule.name}` has {what}"
    return None


def _beyond(rule: plan.Rule) -> Iterator[tuple[str, object]]:
    """What a rule may have that makes its waits depend on more than their triggers and exceptions."""
    matchers = (*rule.triggers, *rule.exceptions)
    yield "a rule as its trigger", any(matcher.rule is not None for matcher in matchers)
    yield "a `where`", any(matcher.where is not None for matcher in matchers)
    yield "an `if`", rule.condition is not None
    yield "`restarting`", rule.restarting
    yield "a schedule", rule.schedule is not None
    yield "`per`", rule.per is not None
    yield "`still if`", rule.still is not None
    yield "a delivery window", rule.between is not None
    yield "`once` or `at most`", rule.eligibility is not None
    yield "a hold-out", rule.hold_out
    yield "a goal", rule.goal is not None
    yield "a split", not isinstance(rule.send, str)
    yield "events that this connrules does not know", any(m.type not in OBJECT_KIND for m in matchers)


def spoken_of(compiled: plan.Plan, world: World) -> Spoken:
    """What of a log the rules speak of. Users' attributes are about nothing."""
    spoken: dict[str, set[Key] | None] = {type_: set() for type_ in needs_of(compiled).types}
    for rule in compiled.rules:
        for matcher in _matchers(rule):
            if matcher.rule is None and matcher.type in spoken:
                _add(spoken, matcher.type, _keys(matcher, rule, world))
    if ATTRIBUTES in spoken:
        spoken[ATTRIBUTES] = None
    return {type_: None if keys is None else frozenset(keys) for type_, keys in spoken.items()}


def named_by(matcher: plan.Matcher, world: World) -> list[Known]:
    """The objects that a pattern names."""
    kind = OBJECT_KIND[matcher.type]
    if kind is None:
        return []
    found = (world.find_for_rule(kind, name) for name in matcher.objects or ())
    return [known for known in found if known is not None]


def _add(spoken: dict[str, set[Key] | None], type_: str, keys: Iterable[Key] | None) -> None:
    so_far = spoken[type_]
    if keys is None:
        spoken[type_] = None
    elif so_far is not None:
        so_far.update(keys)


def _keys(matcher: plan.Matcher, rule: plan.Rule, world: World) -> list[Key] | None:
    if matcher.scope != "implied":
        return None if matcher.objects is None else [known.key for known in named_by(matcher, world)]
    triggers = [_keys(trigger, rule, world) for trigger in rule.triggers if trigger.rule is None]
    if None in triggers or len(triggers) < len(rule.triggers):
        return None
    return [key for keys in triggers for key in keys or ()]


def _matchers(rule: plan.Rule) -> Iterator[plan.Matcher]:
    yield from rule.triggers
    yield from rule.exceptions
    if rule.goal is not None:
        yield rule.goal.matcher


class Codes:
    """Numbers for what events are about: one for each type and object that rules speak of and the log has."""

    def __init__(self, world: World, spoken: Spoken, counts: Counts) -> None:
        self.world = world
        """What is known; it has found by now what rules name."""
        self._spoken = spoken
        self._counts = counts
        self._code: dict[tuple[str, Key], int] = {}
        self.known: list[tuple[str, Known | None]] = []
        """The type and the object of each code."""
        self.written: list[tuple[str, str, int]] = []
        """Each type and name or id, as events give them, with their code."""
        self.events: list[int] = []
        """How many events there are of each code."""

    def add(self, census: Census) -> None:
        """Take note of what some events are about; what is unknown is counted."""
        type_, about, events = census
        if type_ not in OBJECT_KIND:
            _count_unknown_type(self._counts, type_, events)
            return
        known = self._find(OBJECT_KIND[type_], about)
        if known is None and OBJECT_KIND[type_] is not None:
            _count_unknown_object(self._counts, type_, about, events)
            return
        key = _NO_OBJECT if known is None else known.key
        if type_ in self._spoken and ((keys := self._spoken[type_]) is None or known is None or key in keys):
            self._note(type_, about, key, known, events)

    def _find(self, kind: ObjectKind | None, about: str) -> Known | None:
        return self.world.find(kind, about) if kind is not None and about else None

    def _note(self, type_: str, about: str, key: Key, known: Known | None, events: int) -> None:
        code = self._code.setdefault((type_, key), len(self.known))
        if code == len(self.known):
            self.known.append((type_, known))
            self.events.append(0)
        self.events[code] += events
        self.written.append((type_, about, code))


def _count_unknown_type(counts: Counts, type_: str, events: int) -> None:
    counts.add_unknown_type(type_)
    counts.unknown_types[type_ if type_ in counts.unknown_types else OTHERS] += events - 1


def _count_unknown_object(counts: Counts, type_: str, about: str, events: int) -> None:
    counts.add_unknown_object(type_, about)
    key = (type_, about)
    counts.unknown_objects[key if key in counts.unknown_objects else (OTHERS, OTHERS)] += events - 1
