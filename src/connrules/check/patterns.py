"""What an event pattern means apart from how it is written: its interaction, what it implies, when two are the same."""

from collections.abc import Hashable, Iterator
from typing import assert_never

from connrules import ast
from connrules.syntax.formatter import format_pattern
from connrules.vocabulary import INTERACTIONS, PURCHASE, SESSION_START, Interaction, ObjectKind

WORDS = (*INTERACTIONS, PURCHASE, SESSION_START)
"""Every word that a pattern may begin with, but for `event`."""


def interaction_of(pattern: ast.Pattern) -> Interaction | None:
    """The interaction of a pattern; None for `purchase`, `session_start`, custom events, and words that are unknown."""
    return INTERACTIONS.get(pattern.word.text) if isinstance(pattern, ast.EventPattern) else None


def object_given(pattern: ast.Pattern) -> ObjectKind | None:
    """What an event of that pattern is about, and so gives to an exception without `of`."""
    if isinstance(pattern, ast.SentRule):
        return ObjectKind.CAMPAIGN
    interaction = interaction_of(pattern)
    return interaction.object if interaction else None


def is_known(pattern: ast.Pattern) -> bool:
    """Whether the word of a pattern means something."""
    return not isinstance(pattern, ast.EventPattern) or pattern.word.text in WORDS


def opening(pattern: ast.Pattern) -> str:
    """The first word of a pattern, with the name that follows it where the word alone does not say what happens."""
    match pattern:
        case ast.EventPattern(word):
            return word.text
        case ast.CustomEvent(name):
            return f'event "{name.text}"'
        case ast.SentRule() | ast.CancelledRule():
            return format_pattern(pattern)
        case _:
            assert_never(pattern)


def names_in(pattern: ast.Pattern) -> tuple[ast.Name, ...]:
    """The campaigns or cards that a pattern names."""
    return pattern.of.names if isinstance(pattern, ast.EventPattern) and isinstance(pattern.of, ast.Objects) else ()


def where_of(pattern: ast.Pattern) -> ast.Condition | None:
    """The condition on the properties of the event."""
    return pattern.where if isinstance(pattern, ast.EventPattern | ast.CustomEvent) else None


def patterns_of(rule: ast.Rule) -> tuple[ast.Pattern, ...]:
    """All patterns of a rule, in the order trigger, exceptions, goal."""
    unless = rule.unless.patterns if rule.unless else ()
    return (*rule.on.patterns, *unless, *((rule.convert.pattern,) if rule.convert else ()))


def without_object(rule: ast.Rule) -> Iterator[tuple[ast.EventPattern, Interaction]]:
    """The exceptions that mean the campaign or card of the trigger event."""
    for pattern in rule.unless.patterns if rule.unless else ():
        interaction = interaction_of(pattern)
        if isinstance(pattern, ast.EventPattern) and interaction is not None and pattern.of is None:
            yield pattern, interaction


def meanings(rule: ast.Rule, patterns: tuple[ast.Pattern, ...]) -> list[Hashable]:
    """One value for each pattern; equal values mean the same, whether an object is named or implied."""
    implied = {kind: implied_name(rule, kind) for kind in (ObjectKind.CAMPAIGN, ObjectKind.CARD)}
    return [_meaning(pattern, implied) for pattern in patterns]


def implied_name(rule: ast.Rule, kind: ObjectKind) -> str | None:
    """The one object of that kind that every trigger names; None where triggers differ."""
    names = {name for pattern in rule.on.patterns for name in _names_of(pattern, kind)}
    return names.pop() if len(names) == 1 else None


def _names_of(pattern: ast.Pattern, kind: ObjectKind) -> set[str | None]:
    interaction = interaction_of(pattern)
    if isinstance(pattern, ast.EventPattern) and isinstance(pattern.of, ast.Objects) and interaction is not None:
        return {name.text for name in pattern.of.names} if interaction.object is kind else {None}
    return {None}


def _meaning(pattern: ast.Pattern, implied: dict[ObjectKind, str | None]) -> Hashable:
    match pattern:
        case ast.EventPattern(word):
            return (word.text, _objects(pattern, implied), pattern.where)
        case ast.CustomEvent(name, where):
            return ("event", name.text, where)
        case ast.SentRule(rule):
            return ("sent", rule.text)
        case ast.CancelledRule(rule):
            return ("cancelled", rule.text)
        case _:
            assert_never(pattern)


def _objects(pattern: ast.EventPattern, implied: dict[ObjectKind, str | None]) -> Hashable:
    if isinstance(pattern.of, ast.Objects):
        return frozenset(name.text for name in pattern.of.names)
    interaction = interaction_of(pattern)
    if pattern.of is None and interaction is not None:
        name = implied[interaction.object]
        return None if name is None else frozenset({name})
    return pattern.of
