"""Conditions that can never hold: of events in `where`, of users in `if`, `still if` and segments.

An error only where that is proved (see `satisfy`). Where a condition can hold in one way and never in another, that
other way is a warning. A condition that asks for a segment in which nobody can be has no finding: the segment has it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from connrules import ast
from connrules.check.conditions.parts import segments_in
from connrules.check.conditions.satisfy import Scope, contradiction, is_never
from connrules.check.index import Index
from connrules.check.names.binding import Names
from connrules.check.patterns import where_of
from connrules.check.together.witness import Setting, scope_of_event, scope_of_user
from connrules.checked import CheckedRule
from connrules.codes import finding
from connrules.diagnostic import Diagnostic, Related, Severity
from connrules.syntax.formatter import format_condition
from connrules.syntax.spelling import spell_operand, spell_subject
from connrules.text import SourceText


@dataclass(frozen=True, slots=True)
class _Asked:
    """A condition, where it stands, and what follows where it never holds."""

    condition: ast.Condition
    source: SourceText
    scope: Scope
    effect: str
    silent_rule: str = ""
    """The rule that never sends then."""
    in_where: bool = field(default=False)


def check_never_true(
    rule: CheckedRule, index: Index, names: Names | None, mistyped: Sequence[Diagnostic] = ()
) -> Iterator[Diagnostic]:
    """The conditions of a rule, but for those with comparisons that are never true for their types."""
    setting = Setting(index, names)
    for asked in (*_of_triggers(rule, setting), *_of_others(rule, setting), *_of_users(rule, setting)):
        if not _is_in(asked.condition, mistyped):
            yield from _found(asked)


def check_segment_never_true(
    source: SourceText, segment: ast.Segment, index: Index, names: Names | None, mistyped: Sequence[Diagnostic] = ()
) -> Iterator[Diagnostic]:
    """A segment that nobody can be in."""
    if not _is_in(segment.condition, mistyped):
        scope = scope_of_user(Setting(index, names))
        yield from _found(_Asked(segment.condition, source, scope, "so nobody is ever in this segment"))


def _is_in(condition: ast.Condition, findings: Sequence[Diagnostic]) -> bool:
    """Whether one of the findings is about a part of the condition."""
    return any(condition.span.start <= found.span.start < condition.span.end for found in findings)


def never_matches(pattern: ast.Pattern, setting: Setting) -> bool:
    """Whether it is certain that no event has what the pattern's `where` asks for."""
    where = where_of(pattern)
    return where is not None and is_never(where, scope_of_event(pattern, setting))


def never_holds(clause: ast.If | ast.StillIf | None, setting: Setting) -> bool:
    """Whether it is certain that no user satisfies the clause."""
    return clause is not None and is_never(clause.condition, scope_of_user(setting))


# The conditions of a rule


def _of_triggers(rule: CheckedRule, setting: Setting) -> Iterator[_Asked]:
    triggers = rule.node.on.patterns
    silent_rule = rule.name if all(never_matches(trigger, setting) for trigger in triggers) else ""
    effect = "so the rule never sends" if silent_rule else "so this trigger never happens"
    yield from (asked for trigger in triggers for asked in _of_event(rule, trigger, setting, effect, silent_rule))


def _of_others(rule: CheckedRule, setting: Setting) -> Iterator[_Asked]:
    for pattern in rule.node.unless.patterns if rule.node.unless else ():
        yield from _of_event(rule, pattern, setting, "so this exception never cancels")
    if rule.node.convert:
        yield from _of_event(rule, rule.node.convert.pattern, setting, "so the goal is never reached")


def _of_event(
    rule: CheckedRule, pattern: ast.Pattern, setting: Setting, effect: str, silent_rule: str = ""
) -> Iterator[_Asked]:
    where = where_of(pattern)
    if where is not None:
        yield _Asked(where, rule.source, scope_of_event(pattern, setting), effect, silent_rule, in_where=True)


def _of_users(rule: CheckedRule, setting: Setting) -> Iterator[_Asked]:
    for clause in (rule.node.if_, rule.node.still_if):
        if clause is not None:
            scope = scope_of_user(setting)
            yield _Asked(clause.condition, rule.source, scope, "so the rule never sends", rule.name)


# What is found


def _found(asked: _Asked) -> Iterator[Diagnostic]:
    scope = asked.scope
    if not is_never(asked.condition, scope):
        for way in _ways(asked.condition):
            if is_never(way, scope) and is_never(way, _sound(way, scope)):
                yield _never(asked, way, Severity.WARNING)
    elif is_never(asked.condition, _sound(asked.condition, scope)):
        yield _never(asked, asked.condition, Severity.ERROR)


def _sound(condition: ast.Condition, scope: Scope) -> Scope:
    """The scope without those segments of the condition in which nobody can be."""
    asked_for = {name.text for name in segments_in(condition) if name.text in scope.segments}
    empty = {text for text in asked_for if is_never(scope.segments[text].condition, scope)}
    sound = {text: segment for text, segment in scope.segments.items() if text not in empty} if empty else None
    return scope if sound is None else scope._replace(segments=sound)


def _ways(condition: ast.Condition) -> Iterator[ast.Condition]:
    """The ways in which a condition can come to hold that are written in it as such."""
    match condition:
        case ast.AnyOf(terms):
            yield from terms
        case ast.AllOf(terms):
            for term in terms:
                yield from _ways(term)
        case _:
            return


def _terms(condition: ast.Condition) -> Iterator[ast.Condition]:
    """Conditions that all must hold for this one to hold."""
    match condition:
        case ast.AllOf(terms):
            for term in terms:
                yield from _terms(term)
        case ast.Negation(ast.AnyOf(terms)):
            for term in terms:
                yield from _terms(ast.Negation(term, term.span))
        case ast.Negation(ast.Negation(term)):
            yield from _terms(term)
        case _:
            yield condition


def _never(asked: _Asked, condition: ast.Condition, severity: Severity) -> Diagnostic:
    terms = sorted(contradiction(list(_terms(condition)), _sound(condition, asked.scope)), key=lambda term: term.span)
    *others, last = terms
    is_error = severity is Severity.ERROR
    return finding(
        "CR510",
        asked.source,
        last.span,
        f"{_in_words(terms)} {_NEVER[min(len(terms), 3)]}",
        label=asked.effect if is_error else "so this way of the `or` counts for nothing",
        help=_remedy(terms, in_where=asked.in_where),
        severity=severity,
        related=tuple(Related(asked.source, other.span, "this contradicts it") for other in others),
        silent_rule=asked.silent_rule if is_error else "",
    )


_NEVER = {1: "is never true", 2: "are never true together", 3: "are never all true together"}


def _in_words(terms: Sequence[ast.Condition]) -> str:
    *others, last = [f"`{format_condition(term)}`" for term in terms]
    return f"{', '.join(others)} and {last}" if others else last


def _remedy(terms: Sequence[ast.Condition], *, in_where: bool) -> str:
    if len(terms) == 1:
        return _remedy_of_one(terms[0])
    match terms:
        case [ast.Compare(one, "=", here), ast.Compare(other, "=", there)] if one == other:
            either = f"{spell_subject(one)} in ({spell_operand(here)}, {spell_operand(there)})"
        case _:
            either = " or ".join(format_condition(term) for term in terms)
            either = f"({either})" if in_where else either
    return f"correct one of them; for either of them, write `{either}`"


def _remedy_of_one(term: ast.Condition) -> str:
    match term:
        case ast.Compare(subject, "<" | "<=" | ">" | ">=", ast.Boolean(value)):
            return f"`true` and `false` have no order: write `{spell_subject(subject)} = {str(value).lower()}`"
        case ast.StartsWith(subject):
            return (
                f'only texts start with something, and so only with a text: `{spell_subject(subject)} starts with "…"`'
            )
        case _:
            return "correct it, or delete it"
