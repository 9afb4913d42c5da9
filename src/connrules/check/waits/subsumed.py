"""Patterns beside a wider one: whatever they match, that one matches too.

    unless opened_push or opened_push of any
    on purchase where amount > 5 or purchase

A pattern is wider than another of the same event if it is about at least the same campaigns or cards, and asks for no
condition that the other does not ask for. Only patterns that could be wider are looked at, by way of an index.
"""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from itertools import product
from typing import NamedTuple

from connrules import ast
from connrules.check.patterns import implied_name, interaction_of, meanings, names_in, object_given, where_of
from connrules.checked import CheckedRule
from connrules.codes import finding
from connrules.diagnostic import Diagnostic, Related
from connrules.syntax.fixes import deleting_item
from connrules.syntax.formatter import format_pattern
from connrules.vocabulary import ObjectKind


class _Reach(NamedTuple):
    """What a pattern can match."""

    event: Hashable
    names: frozenset[str] | None
    """The campaigns or cards that it can be about; None: there is no telling, or all of them."""
    is_implied: bool
    """Whether it is about that of the trigger, and this may be one of several."""
    terms: frozenset[ast.Condition]
    """Conditions that all must hold."""

    def covers(self, other: "_Reach") -> bool:
        """Whether everything that the other matches is matched."""
        return self.event == other.event and self.terms <= other.terms and self._names(other)

    def _names(self, other: "_Reach") -> bool:
        if self.is_implied:
            return other.is_implied
        return self.names is None or (other.names is not None and other.names <= self.names)


def check_subsumed(rule: CheckedRule) -> Iterator[Diagnostic]:
    """Patterns of `on` or `unless` that a wider one of the same clause makes superfluous."""
    for clause in (rule.node.on, rule.node.unless):
        if clause is not None and len(clause.patterns) > 1:
            yield from _in_clause(rule, clause)


def _in_clause(rule: CheckedRule, clause: ast.On | ast.Unless) -> Iterator[Diagnostic]:
    same = meanings(rule.node, clause.patterns)
    count = Counter(same)
    reaches = _reaches(rule.node, clause.patterns, same)
    if len({reach.event for reach in reaches.values()}) == len(reaches):
        return  # the usual case, and nothing can be wider than something else
    index: dict[Hashable, list[int]] = {}
    for place, reach in reaches.items():
        for key in _keys(reach):
            index.setdefault(key, []).append(place)
    for place, reach in reaches.items():
        likely = sorted({other for key in _keys_of_wider(reach) for other in index.get(key, ())} - {place})
        wider = next((other for other in likely if _is_wider(reaches, other, place)), None)
        if wider is not None:
            yield _subsumed(rule, clause, place, clause.patterns[wider], is_copied=count[same[place]] > 1)


def _reaches(rule: ast.Rule, patterns: tuple[ast.Pattern, ...], same: list[Hashable]) -> dict[int, _Reach]:
    """By place; a pattern that stands there once more is left out, since that is a finding of its own."""
    first: dict[Hashable, int] = {}
    for place, meaning in enumerate(same):
        first.setdefault(meaning, place)
    return {place: _reach(rule, patterns[place]) for place in first.values()}


def _is_wider(reaches: Mapping[int, _Reach], wide: int, narrow: int) -> bool:
    """Of two that match the same in other words, the first counts as the wider one."""
    return reaches[wide].covers(reaches[narrow]) and (wide < narrow or not reaches[narrow].covers(reaches[wide]))


def _keys(reach: _Reach) -> Iterator[Hashable]:
    """Under which a pattern is found as a wider one: each name, with one of its conditions."""
    for name in reach.names if reach.names and not reach.is_implied else (None,):
        yield (reach.event, name, next(iter(reach.terms), None))


def _keys_of_wider(reach: _Reach) -> Iterator[Hashable]:
    """Under which all that are wider are found."""
    names = {None, next(iter(reach.names), None)} if reach.names else {None}
    return ((reach.event, name, term) for name, term in product(names, (None, *reach.terms)))


def _reach(rule: ast.Rule, pattern: ast.Pattern) -> _Reach:
    where = where_of(pattern)
    terms = frozenset(where.terms if isinstance(where, ast.AllOf) else () if where is None else (where,))
    interaction = interaction_of(pattern)
    if interaction is None or not isinstance(pattern, ast.EventPattern):
        return _Reach(_event(pattern), frozenset(), is_implied=False, terms=terms)
    if pattern.of is None:
        is_implied = implied_name(rule, interaction.object) is None
        return _Reach(interaction.word, _implied(rule, interaction.object), is_implied, terms)
    names = frozenset(name.text for name in names_in(pattern)) if isinstance(pattern.of, ast.Objects) else None
    return _Reach(interaction.word, names, is_implied=False, terms=terms)


def _event(pattern: ast.Pattern) -> Hashable:
    match pattern:
        case ast.EventPattern(word):
            return word.text
        case ast.CustomEvent(name):
            return ("event", name.text)
        case outcome:
            return outcome


def _implied(rule: ast.Rule, kind: ObjectKind) -> frozenset[str] | None:
    """The campaigns or cards that the triggers name; None where one of them names none of that kind."""
    if any(object_given(pattern) is not kind or not names_in(pattern) for pattern in rule.on.patterns):
        return None
    return frozenset(name.text for pattern in rule.on.patterns for name in names_in(pattern))


def _subsumed(
    rule: CheckedRule, clause: ast.On | ast.Unless, place: int, wider: ast.Pattern, *, is_copied: bool
) -> Diagnostic:
    """While there are copies of the pattern, deleting it would help nothing."""
    spans = [pattern.span for pattern in clause.patterns]
    narrow = clause.patterns[place]
    here, there = format_pattern(narrow), format_pattern(wider)
    return finding(
        "CR306",
        rule.source,
        narrow.span,
        f"`{here}` is part of `{there}`, which stands in the same `{clause.keyword}`",
        label="whatever matches this matches the other one too",
        help="delete it; or delete the wider one, if only this is meant",
        fix=None if is_copied else deleting_item(rule.source, spans, place, safe=True),
        related=(Related(rule.source, wider.span, "the wider one"),),
    )
