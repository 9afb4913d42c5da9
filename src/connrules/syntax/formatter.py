"""Syntax tree to text, in canonical form."""

from decimal import Decimal
from typing import assert_never

from connrules import ast
from connrules.duration import format_instant
from connrules.syntax.grammar import RESERVED

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def format_pattern(pattern: ast.Pattern) -> str:
    """An event pattern on one line: `opened_push of "Abandoned Cart" where amount > 5`."""
    match pattern:
        case ast.EventPattern(word, of, where):
            return word.text + _of(of) + _where(where)
        case ast.CustomEvent(name, where):
            return f"event {_quoted(name.text)}{_where(where)}"
        case ast.SentRule(rule):
            return f"sent {rule.text}"
        case ast.CancelledRule(rule):
            return f"cancelled {rule.text}"
        case _:
            assert_never(pattern)


def format_name(name: ast.Name) -> str:
    """A name as it was written: a word, or in quotes."""
    return _quoted(name.text) if name.quoted else name.text


def _of(of: ast.AnyObject | ast.Objects | None) -> str:
    match of:
        case None:
            return ""
        case ast.AnyObject():
            return " of any"
        case ast.Objects(names):
            return " of " + ", ".join(map(format_name, names))
        case _:
            assert_never(of)


def _where(where: ast.Condition | None) -> str:
    return "" if where is None else f" where {_condition(where)}"


def _condition(condition: ast.Condition) -> str:  # one case per node
    match condition:
        case ast.Compare(subject, operator, operand):
            return f"{_subject(subject)} {operator} {_operand(operand)}"
        case ast.OneOf(subject, operands):
            return f"{_subject(subject)} in ({', '.join(map(_operand, operands))})"
        case ast.Contains(subject, operand):
            return f"{_subject(subject)} contains {_operand(operand)}"
        case ast.StartsWith(subject, operand):
            return f"{_subject(subject)} starts with {_operand(operand)}"
        case ast.IsMissing(subject):
            return f"{_subject(subject)} is missing"
        case ast.IsPresent(subject):
            return f"{_subject(subject)} is present"
        case ast.InSegment(name):
            return f"in segment {name.text}"
        case ast.Negation(term):
            return f"not {_grouped(term)}"
        case ast.AllOf(terms):
            return " and ".join(map(_grouped, terms))
        case ast.AnyOf(terms):
            # A bare `or` separates patterns, so a disjunction always stands in parentheses.
            return f"({' or '.join(_condition(t) for t in terms)})"
        case _:
            assert_never(condition)


def _grouped(term: ast.Condition) -> str:
    return f"({_condition(term)})" if isinstance(term, ast.AllOf) else _condition(term)


def _operand(operand: ast.Operand) -> str:
    match operand:
        case ast.Text(value):
            return _quoted(value)
        case ast.Number(value):
            return format(Decimal(repr(value)), "f")
        case ast.Boolean(value):
            return "true" if value else "false"
        case ast.Instant(ms, is_date, spelling):
            return spelling if is_date else str(format_instant(ms))
        case ast.TriggerProperty(path):
            return f"trigger.{_path(path)}"
        case _:
            assert_never(operand)


def _subject(subject: ast.Subject) -> str:
    match subject:
        case ast.Path():
            return _path(subject)
        case ast.Attribute(path):
            return f"user.{_path(path)}"
        case _:
            assert_never(subject)


def _path(path: ast.Path) -> str:
    return ".".join(s if _is_bare(s) else f"`{s}`" for s in path.segments)


def _is_bare(segment: str) -> bool:
    return segment.isidentifier() and segment.isascii() and segment not in RESERVED


def _quoted(text: str) -> str:
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(char: str) -> str:
    """A character as it stands in a string; what a reader could not see is written as its number."""
    return _ESCAPES.get(char) or (char if char.isprintable() else f"\\u{{{ord(char):X}}}")
