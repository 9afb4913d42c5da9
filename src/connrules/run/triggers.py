"""Which rules an event may start, by its type and by what it is about."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from connrules import plan
from connrules.run.conditions import Conditions
from connrules.run.filters import FEW, Candidates, beside, filed
from connrules.run.rule import Rule
from connrules.run.world import Known

_Tests = dict[int, list[plan.Condition | None]]
"""Of rules by their index: conditions of which an event's properties must satisfy one; None: any satisfy it."""


class Listeners(NamedTuple):
    """The rules that events of one type may start."""

    by_object: dict[Known | None, Candidates]
    """By the object of an event, where some trigger names it."""
    others: Candidates
    """Of events about anything else, or about nothing."""

    def of(self, known: Known | None) -> Candidates:
        """The rules that an event about that object may start."""
        return self.by_object.get(known, self.others)


NOBODY = Listeners({}, Candidates())


def listeners(rules: Sequence[Rule], conditions: Conditions) -> dict[str, Listeners]:
    """Who listens to events, by their type."""
    naming: dict[str, dict[Known, _Tests]] = defaultdict(dict)
    for_any: dict[str, _Tests] = defaultdict(dict)
    for rule in rules:
        for type_, objects, where in rule.triggers:
            if objects is None:
                for_any[type_].setdefault(rule.index, []).append(where)
            for known in objects or ():
                naming[type_].setdefault(known, {}).setdefault(rule.index, []).append(where)
    return {type_: _listeners(rules, naming[type_], for_any[type_], conditions) for type_ in {*naming, *for_any}}


def _listeners(
    rules: Sequence[Rule], naming: dict[Known, _Tests], for_any: _Tests, conditions: Conditions
) -> Listeners:
    others = _candidates(rules, for_any, conditions)
    by_object: dict[Known | None, Candidates] = {}
    for known, named in naming.items():
        # Many rules for any object stand once beside those that name one, not once in every list.
        joined = _joined(named, for_any if len(for_any) <= FEW else for_any.keys() & named.keys(), for_any)
        candidates = _candidates(rules, joined, conditions)
        by_object[known] = candidates if len(for_any) <= FEW else beside(candidates, others)
    return Listeners(by_object, others)


def _joined(named: _Tests, of_any: Iterable[int], for_any: _Tests) -> _Tests:
    """The tests of rules that name an object, and of some of those for any."""
    if not of_any:
        return named
    return {index: named.get(index, []) + for_any.get(index, []) for index in {*named, *of_any}}


def _candidates(rules: Sequence[Rule], tests: _Tests, conditions: Conditions) -> Candidates:
    in_order = sorted(tests.items())
    return filed([rules[index] for index, _ in in_order], [_any_of(asked) for _, asked in in_order], conditions)


def _any_of(asked: list[plan.Condition | None]) -> plan.Condition | None:
    """What properties satisfy that satisfy one of some conditions; None: any do."""
    needed = [where for where in asked if where is not None]
    if len(needed) < len(asked):
        return None
    return needed[0] if len(needed) == 1 else plan.AnyOf(tuple(needed))
