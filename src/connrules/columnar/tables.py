"""A plain rule set as numbers: which objects start which rules, when rules and campaigns live, what cancels waits.

What events are about is a class: one for each type and object that the log has (their codes), and one for each type.
An event is of two classes: that of its code, and that of its type.
"""

from collections.abc import Iterable, Sequence
from math import prod
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from connrules import plan
from connrules.columnar.plain import Codes, named_by
from connrules.run.world import ALWAYS, Key

Numbers = NDArray[np.int64]
NEVER: Final = 2**62
NONE: Final = -1


def order_by(*keys: Numbers) -> Numbers:
    """The order of things by keys, none of them negative and the first going before the others; no two are alike."""
    beyond = [int(key.max(initial=0)) + 1 for key in keys]
    if prod(beyond) > NEVER:
        return np.lexsort(keys[::-1])
    one = keys[0]  # one number is sorted in a tenth of the time that two take
    for key, size in zip(keys[1:], beyond[1:], strict=True):
        one = one * size + key
    return np.argsort(one)


class Activity(NamedTuple):
    """When each of some things is active: half-open intervals, as many columns as the most intervals one has."""

    starts: Numbers
    ends: Numbers

    def at(self, which: Numbers, instants: Numbers) -> NDArray[np.bool_]:
        """Whether such things are active at such instants."""
        active = np.zeros(len(which), dtype=bool)
        for start, end in zip(self.starts.T, self.ends.T, strict=True):
            active |= (start[which] <= instants) & (instants < end[which])
        return active


class Slot(NamedTuple):
    """One thing that cancels, for each rule that has so many of them."""

    pattern: Numbers
    """The index of the rule's exception pattern."""
    classes: Numbers
    """The class of the events that match; NONE: there is none, or the object is implied."""
    implied: Numbers
    """The type of event that matches where it is about the trigger's object; NONE: the object is not implied."""


class Tables(NamedTuple):
    """A plain rule set as numbers. Codes are those of the log, rules their indexes in the plan."""

    types: Numbers
    """The class of each code's type."""
    started: Numbers
    """The rules that events of a class start, class by class."""
    starts: Numbers
    """Where the rules of a class begin in `started`; one more than there are classes."""
    delay: Numbers
    live: Activity
    target: Activity
    source: Activity
    slots: tuple[Slot, ...]
    implied: Numbers
    """For each type that implies its object, in rows, the code of that type about the same object as a code."""
    cancelling: NDArray[np.bool_]
    """Whether events of a class cancel anything."""


def tables_of(compiled: plan.Plan, codes: Codes) -> Tables:
    """A plain rule set as numbers."""
    return _Maker(compiled, codes).make()


class _Maker:
    def __init__(self, compiled: plan.Plan, codes: Codes) -> None:
        self._rules = compiled.rules
        self._world = codes.world
        self._known = codes.known
        self._codes: dict[tuple[str, Key | None], int] = {
            (type_, None if known is None else known.key): code for code, (type_, known) in enumerate(codes.known)
        }
        types = dict.fromkeys(type_ for type_, _ in codes.known)
        self._types = {type_: len(codes.known) + number for number, type_ in enumerate(types)}
        self._implied: dict[str, int] = {}
        self._classes = len(codes.known) + len(types)

    def make(self) -> Tables:
        starts, started = self._starts()
        slots = self._slots()
        implied = self._implied_codes()
        return Tables(
            types=_numbers(self._types[type_] for type_, _ in self._known),
            started=started,
            starts=starts,
            delay=_numbers(rule.delay for rule in self._rules),
            live=_activity([_life(rule)] for rule in self._rules),
            target=self._targets(),
            source=_activity(ALWAYS if known is None else known.active for _, known in self._known),
            slots=slots,
            implied=implied,
            cancelling=self._cancelling(slots, implied),
        )

    def _starts(self) -> tuple[Numbers, Numbers]:
        rules: list[list[int]] = [[] for _ in range(self._classes)]
        for index, rule in enumerate(self._rules):
            for class_ in self._classes_started_by(rule):
                rules[class_].append(index)
        starts = np.zeros(self._classes + 1, dtype=np.int64)
        np.cumsum([len(of_class) for of_class in rules], out=starts[1:])
        return starts, _numbers(index for of_class in rules for index in of_class)

    def _classes_started_by(self, rule: plan.Rule) -> Iterable[int]:
        """Each event starts a rule once, also where two of its patterns match."""
        of_types = {self._types[m.type] for m in rule.triggers if m.objects is None and m.type in self._types}
        named = {code for m in rule.triggers if m.objects is not None for code in self._named(m)}
        return [*of_types, *(code for code in named if self._types[self._known[code][0]] not in of_types)]

    def _named(self, matcher: plan.Matcher) -> list[int]:
        """The codes of the objects that a pattern names, as far as the log has them."""
        keys = dict.fromkeys((matcher.type, known.key) for known in named_by(matcher, self._world))
        return [self._codes[key] for key in keys if key in self._codes]

    def _targets(self) -> Activity:
        """When each rule's target is published; many rules may send the same."""
        sends = [_send(rule) for rule in self._rules]
        active = {send: self._world.target(send).active for send in set(sends)}
        return _activity(active[send] for send in sends)

    def _slots(self) -> tuple[Slot, ...]:
        of_rules = [self._cancelling_events(rule) for rule in self._rules]
        slots: list[Slot] = []
        for place in range(max(map(len, of_rules), default=0)):
            there = [events[place] if place < len(events) else (0, NONE, NONE) for events in of_rules]
            slots.append(Slot(*(_numbers(column) for column in zip(*there, strict=True))))
        return tuple(slots)

    def _cancelling_events(self, rule: plan.Rule) -> list[tuple[int, int, int]]:
        """What cancels a rule's waits: the pattern, the class of events, and the type that implies its object."""
        found: list[tuple[int, int, int]] = []
        for number, matcher in enumerate(rule.exceptions):
            if matcher.type not in self._types:
                continue
            if matcher.scope == "implied":
                found.append((number, NONE, self._implied.setdefault(matcher.type, len(self._implied))))
            elif matcher.objects is None:
                found.append((number, self._types[matcher.type], NONE))
            else:
                found.extend((number, code, NONE) for code in self._named(matcher))
        return found

    def _implied_codes(self) -> Numbers:
        codes = np.full((len(self._implied), len(self._known)), NONE, dtype=np.int64)
        for type_, row in self._implied.items():
            for code, (_, known) in enumerate(self._known):
                if known is not None:
                    codes[row, code] = self._codes.get((type_, known.key), NONE)
        return codes

    def _cancelling(self, slots: Sequence[Slot], implied: Numbers) -> NDArray[np.bool_]:
        used = np.zeros(self._classes + 1, dtype=bool)  # the last stands for NONE
        for slot in slots:
            used[slot.classes] = True
        used[implied] = True
        return used[:-1]


def _numbers(values: Iterable[int]) -> Numbers:
    return np.fromiter(values, dtype=np.int64)


def _activity(intervals: Iterable[Sequence[plan.Interval]]) -> Activity:
    of_each = list(intervals)
    width = max(map(len, of_each), default=0)
    padded = [(*each, *[(NEVER, None)] * (width - len(each))) for each in of_each]
    starts = [[start for start, _ in each] for each in padded]
    ends = [[NEVER if end is None else end for _, end in each] for each in padded]
    shape = (len(padded), width)
    return Activity(np.array(starts, dtype=np.int64).reshape(shape), np.array(ends, dtype=np.int64).reshape(shape))


def _life(rule: plan.Rule) -> plan.Interval:
    return -NEVER if rule.live_from is None else rule.live_from, rule.live_until


def _send(rule: plan.Rule) -> str:
    assert isinstance(rule.send, str), "splits are not plain"
    return rule.send
