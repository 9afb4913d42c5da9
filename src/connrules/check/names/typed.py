"""Comparisons that can never be true, since the catalog types what they look at otherwise.

A comparison between different types is false, and so is its `!=`. Types are those of the catalog, and what it does not
type could be anything. A time is a text or a number in data, so a text or a number may be one.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple, assert_never

from connrules import ast
from connrules.catalog import PropertyType
from connrules.check.names.binding import Names
from connrules.check.names.properties import Listed, properties_listed, trigger_properties
from connrules.check.patterns import where_of
from connrules.checked import CheckedRule
from connrules.codes import finding
from connrules.diagnostic import Diagnostic, Severity
from connrules.syntax.fixes import writing
from connrules.syntax.spelling import spell_comparison, spell_operand, spell_path, spell_subject
from connrules.text import SourceText
from connrules.wallclock import read_instant


class _Kind(StrEnum):
    """What a value is in data."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    LIST = "list"
    OBJECT = "object"


_Kinds = frozenset[_Kind]
_ANY: _Kinds = frozenset(_Kind)
_NOTHING: _Kinds = frozenset()
_TIMES: _Kinds = frozenset({_Kind.TEXT, _Kind.NUMBER})
_SCALARS: _Kinds = frozenset({_Kind.TEXT, _Kind.NUMBER, _Kind.BOOLEAN})
_KINDS: Mapping[PropertyType, _Kinds] = {
    "string": frozenset({_Kind.TEXT}),
    "number": frozenset({_Kind.NUMBER}),
    "boolean": frozenset({_Kind.BOOLEAN}),
    "time": _TIMES,
    "list": frozenset({_Kind.LIST}),
    "object": frozenset({_Kind.OBJECT}),
}
_CALLED: Mapping[PropertyType, str] = {"string": "text", "object": "group of values"}
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,6})?")


class _Facts(NamedTuple):
    """What is known of the values that a condition looks at."""

    types: Listed
    trigger: list[Listed] | None = None
    """The properties of each event that may have started the wait; None where they are not known."""


def check_rule_types(rule: CheckedRule, names: Names) -> Iterator[Diagnostic]:
    """The conditions of a rule on events whose properties the catalog types, and on users."""
    node = rule.node
    goal = (node.convert.pattern,) if node.convert else ()
    for pattern in (*node.on.patterns, *goal):
        yield from _in_where(rule, pattern, _Facts(properties_listed(pattern, names) or {}))
    triggers = trigger_properties(node, names)
    for pattern in node.unless.patterns if node.unless else ():
        yield from _in_where(rule, pattern, _Facts(properties_listed(pattern, names) or {}, triggers))
    yield from check_user_types(rule.source, (c.condition for c in (node.if_, node.still_if) if c), names)


def check_user_types(source: SourceText, conditions: Iterable[ast.Condition], names: Names) -> Iterator[Diagnostic]:
    """Conditions on users, of rules or of segments."""
    for condition in conditions if names.attribute_types else ():
        yield from _wrong(source, condition, _Facts(names.attribute_types), negated=False)


def _in_where(rule: CheckedRule, pattern: ast.Pattern, facts: _Facts) -> Iterator[Diagnostic]:
    where = where_of(pattern)
    if where is not None and (facts.types or facts.trigger):
        yield from _wrong(rule.source, where, facts, negated=False)


def _wrong(source: SourceText, condition: ast.Condition, facts: _Facts, *, negated: bool) -> Iterator[Diagnostic]:
    match condition:
        case ast.AllOf(terms) | ast.AnyOf(terms):
            for term in terms:
                yield from _wrong(source, term, facts, negated=negated)
        case ast.Negation(term):
            yield from _wrong(source, term, facts, negated=not negated)
        case ast.InSegment():
            return
        case _:
            if not _can_hold(condition, facts):
                yield _never(source, condition, facts, negated=negated)


def _can_hold(comparison: ast.Comparison, facts: _Facts) -> bool:
    value = _kinds_at(_path(comparison.subject), facts.types)
    match comparison:
        case ast.IsMissing():
            return True
        case ast.IsPresent():
            return bool(value)
        case ast.Compare(operator=operator, operand=operand):
            return _compares(comparison.subject, value, operator, operand, facts)
        case ast.OneOf(operands=operands):
            return any(_compares(comparison.subject, value, "=", operand, facts) for operand in operands)
        case ast.Contains(operand=operand):
            is_part = _Kind.TEXT in value and _Kind.TEXT in _kinds_of(operand, facts)
            return is_part or (_Kind.LIST in value and bool(_element_kinds(operand, facts)))
        case ast.StartsWith(operand=operand):
            return _Kind.TEXT in value and _Kind.TEXT in _kinds_of(operand, facts)
        case _:
            assert_never(comparison)


def _compares(subject: ast.Subject, value: _Kinds, operator: ast.Operator, operand: ast.Operand, facts: _Facts) -> bool:
    if isinstance(operand, ast.Instant):
        return bool(value & _TIMES)
    if _is_time(subject, facts):
        return _names_instant(operand, facts)
    common = value & _kinds_of(operand, facts)
    return bool(common & (_SCALARS if operator in {"=", "!="} else _TIMES))


def _names_instant(operand: ast.Operand, facts: _Facts) -> bool:
    match operand:
        case ast.Text(value):
            return _is_instant(value)
        case ast.Number(value):
            return isinstance(value, int)
        case _:
            return bool(_kinds_of(operand, facts) & _TIMES)


def _is_instant(text: str) -> bool:
    try:
        read_instant(text, None)
    except ValueError:
        return False
    return True


def _kinds_of(operand: ast.Operand, facts: _Facts) -> _Kinds:
    match operand:
        case ast.Text():
            return frozenset({_Kind.TEXT})
        case ast.Number():
            return frozenset({_Kind.NUMBER})
        case ast.Boolean():
            return frozenset({_Kind.BOOLEAN})
        case ast.Instant():
            return _NOTHING  # as a part of something; it compares by itself
        case ast.TriggerProperty(path):
            return _kinds_of_trigger(path, facts.trigger)
        case _:
            assert_never(operand)


def _kinds_of_trigger(path: ast.Path, triggers: list[Listed] | None) -> _Kinds:
    """What `trigger.x` can be; anything, where no trigger has it: that is a finding of its own."""
    having = [listed for listed in triggers or () if path.segments[0] in listed]
    return _NOTHING.union(*(_kinds_at(path, listed) for listed in having)) if having else _ANY


def _element_kinds(operand: ast.Operand, facts: _Facts) -> _Kinds:
    """What elements of a list can be equal to."""
    return _TIMES if isinstance(operand, ast.Instant) else _kinds_of(operand, facts) & _SCALARS


def _kinds_at(path: ast.Path, types: Listed) -> _Kinds:
    type_ = types.get(path.segments[0])
    if type_ is None or (len(path.segments) > 1 and type_ == "object"):
        return _ANY
    return _NOTHING if len(path.segments) > 1 else _KINDS[type_]


def _is_time(subject: ast.Subject, facts: _Facts) -> bool:
    path = _path(subject)
    return len(path.segments) == 1 and facts.types.get(path.segments[0]) == "time"


def _path(subject: ast.Subject) -> ast.Path:
    return subject.path if isinstance(subject, ast.Attribute) else subject


def _never(source: SourceText, comparison: ast.Comparison, facts: _Facts, *, negated: bool) -> Diagnostic:
    """An error; a warning behind `not`, where it makes something true of everybody."""
    type_ = facts.types.get(_path(comparison.subject).segments[0])
    meant = _meant(comparison, type_)
    message = f"`{spell_comparison(comparison)}` is never true"
    return finding(
        "CR216",
        source,
        comparison.span,
        f"{message}, so the `not` before it always is" if negated else message,
        label=_why(comparison, type_),
        help=f"write `{spell_comparison(meant)}`" if meant else _instead(comparison, type_),
        severity=Severity.WARNING if negated else None,
        fix=writing(source, comparison.span, spell_comparison(meant)) if meant else None,
    )


def _why(comparison: ast.Comparison, type_: PropertyType | None) -> str:
    subject, path = spell_subject(comparison.subject), _path(comparison.subject)
    if type_ is None:
        return "in the catalog, the property of the trigger has a type that does not go with this"
    if len(path.segments) > 1:
        whole = subject.removesuffix("." + spell_path(ast.Path(path.segments[1:], path.span)))
        return f"in the catalog, `{whole}` is a {_CALLED.get(type_, type_)}, with nothing inside"
    label = f"in the catalog, `{subject}` is a {_CALLED.get(type_, type_)}"
    if isinstance(comparison, ast.Compare) and comparison.operator == "!=":
        label += "; a comparison between different types is false, and so is its `!=`"
    return label


def _instead(comparison: ast.Comparison, type_: PropertyType | None) -> str:
    subject, path = spell_subject(comparison.subject), _path(comparison.subject)
    if type_ is None:
        return "compare properties of the same type, or correct the types in the catalog"
    if len(path.segments) > 1:
        return 'correct the name, or give it the type "object" in the catalog'
    return f"{_INSTEAD[type_].format(subject)}; or correct its type in the catalog"


_INSTEAD: Mapping[PropertyType, str] = {
    "string": 'compare it with a text: `{} = "…"`',
    "number": "compare it with a number: `{} > 5`",
    "boolean": "ask `{0} = true` or `{0} = false`",
    "time": "compare it with a time: `{} > 2026-03-01`",
    "list": 'ask what is in it: `{} contains "…"`',
    "object": "ask for a value inside it: `{}.name = …`",
}


def _meant(comparison: ast.Comparison, type_: PropertyType | None) -> ast.Comparison | None:
    """The same comparison with the value as the type wants it, where there is no doubt about the value."""
    match comparison, type_:
        case ast.Compare(operand=ast.Text(text) as operand), "number" if _NUMBER.fullmatch(text):
            value = float(text) if "." in text else int(text)
            return replace(comparison, operand=ast.Number(value, operand.span))
        case ast.Compare(operand=ast.Number() | ast.Boolean() as operand), "string":
            return replace(comparison, operand=ast.Text(spell_operand(operand), operand.span))
        case ast.Compare(operator="=" | "!=", operand=ast.Text("true" | "false" as text) as operand), "boolean":
            return replace(comparison, operand=ast.Boolean(text == "true", operand.span))
        case ast.Compare(subject, "=", operand), "list" if len(_path(subject).segments) == 1:
            return ast.Contains(subject, operand, comparison.span)
        case _:
            return None
