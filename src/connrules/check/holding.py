"""Whether a condition holds of values that are known: the properties of an event, or the attributes of a user."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any, NamedTuple, assert_never

from connrules import ast
from connrules.check.comparing import Atom
from connrules.text import nfc


class Facts(NamedTuple):
    """What a condition looks at."""

    values: Mapping[str, Any]
    types: Mapping[str, str] = {}
    """Their types, as far as the catalog knows them."""
    trigger: Mapping[str, Any] = {}
    """The properties of the event that started the wait."""
    segments: Mapping[str, ast.Segment] = {}
    zone: tzinfo | None = None
    """Where the bare dates of data begin; None: in UTC."""


def holds(condition: ast.Condition, facts: Facts, inside: tuple[str, ...] = ()) -> bool:
    """Whether the condition holds of the facts; `inside` are the segments that it was asked for in."""
    match condition:
        case ast.AllOf(terms):
            return all(holds(term, facts, inside) for term in terms)
        case ast.AnyOf(terms):
            return any(holds(term, facts, inside) for term in terms)
        case ast.Negation(term):
            return not holds(term, facts, inside)
        case ast.InSegment(name):
            segment = None if name.text in inside else facts.segments.get(name.text)
            return segment is not None and holds(segment.condition, facts, (*inside, name.text))
        case _:
            return _is_true(condition, facts)


def value_at(path: ast.Path, values: Mapping[str, Any]) -> Any:
    """The value that a path leads to; None where it leads to none."""
    value: Any = values
    for segment in path.segments:
        value = value.get(segment) if isinstance(value, Mapping) else None
    return value


def _is_true(comparison: ast.Comparison, facts: Facts) -> bool:
    subject = comparison.subject.path if isinstance(comparison.subject, ast.Attribute) else comparison.subject
    known = _with_literals(comparison, facts)
    is_time = len(subject.segments) == 1 and facts.types.get(subject.segments[0]) == "time"
    return known is not None and Atom(known, holds=True, is_time=is_time, zone=facts.zone).is_true_of(
        value_at(subject, facts.values)
    )


def _with_literals(comparison: ast.Comparison, facts: Facts) -> ast.Comparison | None:
    """The comparison with what the trigger says in the place of `trigger.x`; None where that compares with nothing."""
    match comparison:
        case ast.Compare(subject, operator, operand, span):
            literal = _literal(operand, facts)
            return None if literal is None else ast.Compare(subject, operator, literal, span)
        case ast.Contains(subject, operand, span):
            literal = _literal(operand, facts)
            return None if literal is None else ast.Contains(subject, literal, span)
        case ast.StartsWith(subject, operand, span):
            literal = _literal(operand, facts)
            return None if literal is None else ast.StartsWith(subject, literal, span)
        case ast.OneOf(subject, operands, span):
            literals = (_literal(operand, facts) for operand in operands)
            return ast.OneOf(subject, tuple(literal for literal in literals if literal is not None), span)
        case ast.IsMissing() | ast.IsPresent():
            return comparison
        case _:
            assert_never(comparison)


def _literal(operand: ast.Operand, facts: Facts) -> ast.Literal | None:
    if not isinstance(operand, ast.TriggerProperty):
        return operand
    match value_at(operand.path, facts.trigger):
        case bool(value):
            return ast.Boolean(value, operand.span)
        case int(value) | float(value):
            return ast.Number(value, operand.span)
        case str(value):
            return ast.Text(nfc(value), operand.span)
        case _:
            return None
