"""Which rules an event may start, by its type and by what it is about."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import tzinfo
from typing import NamedTuple

from connrules import plan
from connrules.run.conditions import Predicate
from connrules.run.filters import FEW, Candidate, Candidates, beside, filed
from connrules.run.rule import Rule
from connrules.run.world import Known

_Test = tuple[plan.Condition | None, Predicate | None]
"""What a trigger asks of an event's properties, as a condition and as its function; None: nothing."""

_Tests = dict[int, list[_Test]]
"""Of rules by their index: tests of which an event must pass one."""


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


def listeners(rules: Sequence[Rule], compiled: plan.Plan, zone: tzinfo | None) -> dict[str, Listeners]:
    """Who listens to events, by their type. Bare dates begin in the zone; None: in UTC."""
    naming: dict[str, dict[Known, _Tests]] = defaultdict(dict)
    for_any: dict[str, _Tests] = defaultdict(dict)
    for rule, planned in zip(rules, compiled.rules, strict=True):
        matchers = (matcher for matcher in planned.triggers if matcher.rule is None)
        for matcher, pattern in zip(matchers, rule.triggers, strict=True):
            test = (matcher.where, pattern.holds)
            if pattern.objects is None:
                for_any[pattern.type].setdefault(rule.index, []).append(test)
            for known in pattern.objects or ():
                naming[pattern.type].setdefault(known, {}).setdefault(rule.index, []).append(test)
    return {type_: _listeners(rules, naming[type_], for_any[type_], zone) for type_ in {*naming, *for_any}}


def _listeners(rules: Sequence[Rule], naming: dict[Known, _Tests], for_any: _Tests, zone: tzinfo | None) -> Listeners:
    others = _candidates(rules, for_any, zone)
    by_object: dict[Known | None, Candidates] = {}
    for known, named in naming.items():
        # Many rules for any object stand once beside those that name one, not once in every list.
        joined = _joined(named, for_any if len(for_any) <= FEW else for_any.keys() & named.keys(), for_any)
        candidates = _candidates(rules, joined, zone)
        by_object[known] = candidates if len(for_any) <= FEW else beside(candidates, others)
    return Listeners(by_object, others)


def _joined(named: _Tests, of_any: Iterable[int], for_any: _Tests) -> _Tests:
    """The tests of rules that name an object, and of some of those for any."""
    if not of_any:
        return named
    return {index: named.get(index, []) + for_any.get(index, []) for index in {*named, *of_any}}


def _candidates(rules: Sequence[Rule], tests: _Tests, zone: tzinfo | None) -> Candidates:
    in_order = sorted(tests.items())
    candidates: list[Candidate] = [(rules[index], _holds(of_rule)) for index, of_rule in in_order]
    return filed(candidates, [_condition(of_rule) for _, of_rule in in_order], zone)


def _holds(tests: list[_Test]) -> Predicate | None:
    """Whether properties pass one of the tests; None: all do."""
    needed = [holds for _, holds in tests if holds is not None]
    if len(needed) < len(tests):
        return None
    if len(needed) == 1:
        return needed[0]
    return lambda properties, kept: any(holds(properties, kept) for holds in needed)


def _condition(tests: list[_Test]) -> plan.Condition | None:
    """What properties satisfy that pass one of the tests; None: nothing."""
    needed = [where for where, _ in tests if where is not None]
    if len(needed) < len(tests):
        return None
    return needed[0] if len(needed) == 1 else plan.AnyOf(tuple(needed))
