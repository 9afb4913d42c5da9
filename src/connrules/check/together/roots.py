"""What sets a rule going in the end: the events at the root of its triggers, through the sends it follows from.

`on sent welcome` has the root of `welcome`. What is cancelled has none here: it takes more than one event.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple, assert_never

from connrules import ast
from connrules.check.patterns import names_in
from connrules.checked import CheckedRule

_MOST_ROOTS = 4
_DEEPEST = 4

Rules = Mapping[str, CheckedRule]


class Root(NamedTuple):
    """An event that sets a rule going, and what must be so of the user for it to be sent."""

    pattern: ast.EventPattern | ast.CustomEvent
    conditions: tuple[ast.Condition, ...]


def roots_of(rule: CheckedRule, rules: Rules) -> list[Root]:
    """The first few roots of a rule."""
    return list(islice(_roots(rule.node, rules, _DEEPEST), _MOST_ROOTS))


def may_be_one(some: ast.Pattern, other: ast.Pattern) -> bool:
    """Whether one event can be what both patterns speak of, but for its properties."""
    match some, other:
        case ast.CustomEvent(), ast.CustomEvent():
            return some.name.text == other.name.text
        case ast.EventPattern(), ast.EventPattern():
            names, others = ({name.text for name in names_in(pattern)} for pattern in (some, other))
            return some.word.text == other.word.text and (not names or not others or not names.isdisjoint(others))
        case _:
            return False


def follows(rule: CheckedRule, other: CheckedRule, rules: Rules) -> bool:
    """Whether a rule is triggered by what becomes of the other, or of one that is."""
    seen: set[str] = set()
    todo = [rule]
    while todo and len(seen) < 2 * _DEEPEST:
        for name in triggering(todo.pop().node):
            if name == other.name:
                return True
            if name not in seen and name in rules:
                seen.add(name)
                todo.append(rules[name])
    return False


def triggering(rule: ast.Rule) -> list[str]:
    """The names of the rules whose sends or cancellations trigger a rule."""
    chained = (p for p in rule.on.patterns if isinstance(p, ast.SentRule | ast.CancelledRule))
    return [pattern.rule.text for pattern in chained]


def _roots(rule: ast.Rule, rules: Rules, depth: int) -> Iterator[Root]:
    own = tuple(clause.condition for clause in (rule.if_, rule.still_if) if clause)
    for pattern in rule.on.patterns:
        match pattern:
            case ast.EventPattern() | ast.CustomEvent():
                yield Root(pattern, own)
            case ast.SentRule(name):
                cause = rules.get(name.text)
                if cause is not None and depth:
                    yield from (Root(r.pattern, r.conditions + own) for r in _roots(cause.node, rules, depth - 1))
            case ast.CancelledRule():
                continue
            case _:
                assert_never(pattern)
