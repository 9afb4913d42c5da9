"""Which comparisons of a condition decided, and the values they looked at."""

from collections.abc import Iterator
from typing import assert_never

from connrules import ast
from connrules.explain.story import Comparison
from connrules.reference.conditions import Facts, holds, value_at
from connrules.syntax.spelling import spell_comparison, spell_operand, spell_path


def why(condition: ast.Condition, facts: Facts) -> tuple[Comparison, ...]:
    """The comparisons because of which a condition holds or does not."""
    return tuple(_compared(leaf, facts) for leaf in _deciding(condition, facts))


def _deciding(condition: ast.Condition, facts: Facts) -> Iterator[ast.Comparison]:
    match condition:
        case ast.AllOf(terms):
            yield from _of_terms(terms, facts, all_needed=True)
        case ast.AnyOf(terms):
            yield from _of_terms(terms, facts, all_needed=False)
        case ast.Negation(term):
            yield from _deciding(term, facts)
        case ast.InSegment(name):
            yield from _deciding(facts.segments[name.text].condition, facts)
        case _:
            yield condition


def _of_terms(terms: tuple[ast.Condition, ...], facts: Facts, *, all_needed: bool) -> Iterator[ast.Comparison]:
    """The first term that decides alone, if there is one; else every term had its part."""
    alone = next((term for term in terms if holds(term, facts) is not all_needed), None)
    for term in terms if alone is None else (alone,):
        yield from _deciding(term, facts)


def _compared(leaf: ast.Comparison, facts: Facts) -> Comparison:
    operand = leaf.operand if isinstance(leaf, ast.Compare | ast.Contains | ast.StartsWith) else None
    of_trigger = operand if isinstance(operand, ast.TriggerProperty) else None
    return Comparison(
        text=spell_comparison(leaf),
        holds=holds(leaf, facts),
        subject=_spelled(leaf.subject),
        value=value_at(_path(leaf.subject), facts.values),
        operand=spell_operand(of_trigger) if of_trigger else None,
        operand_value=value_at(of_trigger.path, facts.trigger) if of_trigger else None,
    )


def _path(subject: ast.Subject) -> ast.Path:
    match subject:
        case ast.Path():
            return subject
        case ast.Attribute(path):
            return path
        case _:
            assert_never(subject)


def _spelled(subject: ast.Subject) -> str:
    return f"user.{spell_path(subject.path)}" if isinstance(subject, ast.Attribute) else spell_path(subject)
