"""What stands in a condition: the segments and attributes that it names, the properties of the trigger."""

from collections.abc import Iterator
from typing import assert_never

from connrules import ast


def segments_in(condition: ast.Condition | None) -> Iterator[ast.Name]:
    """The names of the segments that a condition asks for."""
    return (leaf.name for leaf in leaves_in(condition) if isinstance(leaf, ast.InSegment))


def attributes_in(condition: ast.Condition | None) -> Iterator[ast.Path]:
    """The attributes that a condition itself looks at, not those of its segments."""
    subjects = (leaf.subject for leaf in leaves_in(condition) if not isinstance(leaf, ast.InSegment))
    return (subject.path for subject in subjects if isinstance(subject, ast.Attribute))


def properties_in(condition: ast.Condition | None) -> Iterator[ast.Path]:
    """The properties of an event that a condition looks at."""
    subjects = (leaf.subject for leaf in leaves_in(condition) if not isinstance(leaf, ast.InSegment))
    return (subject for subject in subjects if isinstance(subject, ast.Path))


def trigger_properties_in(condition: ast.Condition | None) -> Iterator[ast.TriggerProperty]:
    """Where a condition compares with a property of the trigger event."""
    for leaf in leaves_in(condition):
        yield from (operand for operand in operands_of(leaf) if isinstance(operand, ast.TriggerProperty))


def needs_trigger_property(condition: ast.Condition | None) -> bool:
    """Whether a condition can hold only where the trigger has properties: without them it compares with nothing."""
    match condition:
        case None | ast.Negation():
            return False
        case ast.AllOf(terms):
            return any(map(needs_trigger_property, terms))
        case ast.AnyOf(terms):
            return all(map(needs_trigger_property, terms))
        case _:
            operands = list(operands_of(condition))
            return bool(operands) and all(isinstance(operand, ast.TriggerProperty) for operand in operands)


def leaves_in(condition: ast.Condition | None) -> Iterator[ast.Comparison | ast.InSegment]:
    """The comparisons of a condition and the segments that it asks for, in order."""
    match condition:
        case None:
            return
        case ast.Negation(term):
            yield from leaves_in(term)
        case ast.AllOf(terms) | ast.AnyOf(terms):
            for term in terms:
                yield from leaves_in(term)
        case _:
            yield condition


def operands_of(leaf: ast.Comparison | ast.InSegment) -> tuple[ast.Operand, ...]:
    """What a comparison compares with; nothing, where it asks for a segment."""
    match leaf:
        case ast.Compare() | ast.Contains() | ast.StartsWith():
            return (leaf.operand,)
        case ast.OneOf():
            return leaf.operands
        case ast.IsMissing() | ast.IsPresent() | ast.InSegment():
            return ()
        case _:
            assert_never(leaf)
