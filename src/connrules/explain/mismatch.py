"""Events that look like what a pattern speaks of, and are not: of the right type, but of another campaign or card, or
with properties that a `where` refuses.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from connrules import ast
from connrules.check import CheckedRule
from connrules.check.patterns import names_in, where_of
from connrules.event import Event
from connrules.explain.case import Case
from connrules.explain.clauses import clause_at
from connrules.explain.conditions import why
from connrules.explain.past import Past
from connrules.explain.story import Absent, Comparison, Mismatch, OtherObject
from connrules.explain.world import World
from connrules.reference.matching import Happening
from connrules.syntax.formatter import format_pattern
from connrules.vocabulary import CUSTOM_EVENT


def mismatched_triggers(past: Past, world: World, rule: CheckedRule) -> Iterator[Mismatch]:
    """Events that only the `where` of the rule's triggers refuses."""
    patterns = rule.node.on.patterns
    for event in past.told_events:
        if any(past.matches(pattern, event) for pattern in patterns):
            continue
        refusing = next((p for p in patterns if where_of(p) and past.matches(_bare(p), event)), None)
        if refusing is not None:
            yield Mismatch(
                world.occurrence(event),
                clause_at(rule.source, refusing.span, "on "),
                _comparisons(refusing, event, None, world),
            )


def spared(case: Case, until: int) -> Iterator[Mismatch]:
    """Events that look like exceptions and did not cancel the wait of a case, which ended at `until`."""
    for event in case.past.between(case.outcome.triggered_at, until):
        if case.is_after_trigger(event) and not case.is_exception(event):
            mismatches = (_exception_mismatch(case, pattern, event) for pattern in case.exceptions)
            yield from islice(filter(None, mismatches), 1)


def absent_triggers(past: Past, world: World, rule: CheckedRule) -> Iterator[Absent]:
    """What the rule's triggers looked for in vain, and what events of the same type were about."""
    for pattern in rule.node.on.patterns:
        events = [event for event in past.told_events if event.type == _type(pattern)]
        others = Counter(name for event in events if (name := world.object_of(event)))
        yield Absent(clause_at(rule.source, pattern.span, "on "), _wanted(pattern), tuple(others.most_common()))


def _exception_mismatch(case: Case, pattern: ast.Pattern, event: Event) -> Mismatch | None:
    if event.type != _type(pattern):
        return None
    clause, occurrence = case.clause(pattern, "unless "), case.world.occurrence(event)
    if case.past.matches(_bare(pattern), event, case.trigger):
        return Mismatch(occurrence, clause, _comparisons(pattern, event, case.trigger, case.world))
    about, wanted = case.world.object_of(event), _objects(pattern, case)
    if about is None or isinstance(pattern, ast.CustomEvent) or not wanted:
        return None
    return Mismatch(occurrence, clause, (OtherObject(about, wanted),))


def _objects(pattern: ast.Pattern, case: Case) -> tuple[str, ...]:
    named = tuple(name.text for name in names_in(pattern))
    implied = case.world.object_of(case.trigger)
    return named or ((implied,) if implied else ())


def _comparisons(pattern: ast.Pattern, event: Event, trigger: Happening | None, world: World) -> tuple[Comparison, ...]:
    where = where_of(pattern)
    assert where is not None, "only a `where` can refuse such an event"
    return why(where, world.about_event(event, trigger))


def _bare(pattern: ast.Pattern) -> ast.Pattern:
    """The pattern without its `where`."""
    return replace(pattern, where=None) if isinstance(pattern, ast.EventPattern | ast.CustomEvent) else pattern


def _wanted(pattern: ast.Pattern) -> str:
    return format_pattern(_bare(pattern))


def _type(pattern: ast.Pattern) -> str | None:
    match pattern:
        case ast.EventPattern(word):
            return word.text
        case ast.CustomEvent():
            return CUSTOM_EVENT
        case _:
            return None
