"""A declaration cut into the pieces that may stand on lines of their own, in canonical order.

Pieces are joined by a space, or each begins a line; a group's pieces after the first then stand deeper. A piece's span
is where in the source it comes from, so that the comments there can be put to it; the word that joins it to the piece
before it (one of `JOINING`), commas and parentheses are not part of the span.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, assert_never

from connrules import ast
from connrules.syntax.spelling import (
    quoted,
    spell_clock,
    spell_comparison,
    spell_moment,
    spell_name,
    spell_operand,
    spell_path,
    spell_schedule,
    spell_share,
    spell_subject,
    spell_value,
    spell_zone,
)
from connrules.text import Span


@dataclass(slots=True)
class Piece:
    """A text that never breaks, with the comments above and behind it."""

    text: str
    span: Span
    above: list[str] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)


Group = list["Piece | Group"]
"""Pieces that belong together. The first of them begins the group's first line."""


JOINING = frozenset(["and", "at", "because", "by", "not", "or", "where", "within"])
"""The words with which a piece may begin before its span does."""


class Outline(NamedTuple):
    """A declaration: how it begins, and its clauses, conditions or steps, each beginning a line."""

    opening: Group
    lines: list[Group]
    joins: bool
    """Whether all of it stands on one line, where there is room."""


def pieces_of(group: Group) -> list[Piece]:
    """The pieces of a group, in order."""
    return [piece for part in group for piece in ([part] if isinstance(part, Piece) else pieces_of(part))]


def one_line(pieces: Sequence[Piece]) -> str:
    """The pieces side by side; what follows an opening parenthesis stands right behind it."""
    line = ""
    for piece in pieces:
        line += f" {piece.text}" if line and not line.endswith("(") else piece.text
    return line


def outline(declaration: ast.Declaration) -> Outline:
    """A declaration, cut."""
    match declaration:
        case ast.Rule(name):
            clauses = [_clause(clause) for clause in _in_order(declaration)]
            if name is None:
                return Outline(clauses[0], clauses[1:], joins=True)
            return Outline([Piece(f"rule {name.text}:", name.span)], clauses, joins=False)
        case ast.Segment(name, condition):
            return Outline([Piece(f"segment {name.text} =", name.span)], _terms(condition), joins=True)
        case ast.Policy(limits, time_zone, quiet, span):
            found = (*limits, time_zone, quiet)
            lines = [_policy_clause(clause) for clause in found if clause is not None]
            return Outline([Piece("policy:", Span(span.start, span.start + len("policy")))], lines, joins=False)
        case ast.Test(name, steps):
            return Outline([Piece(f"test {quoted(name.text)}:", name.span)], list(map(_step, steps)), joins=False)
        case _:
            assert_never(declaration)


def _in_order(rule: ast.Rule) -> list[ast.Clause]:
    return sorted(rule.clauses, key=lambda clause: ast.CANONICAL_ORDER.index(type(clause)))


def _clause(clause: ast.Clause) -> Group:
    match clause:
        case ast.On(patterns) | ast.Unless(patterns):
            return _patterns(clause.keyword, patterns, clause.span)
        case ast.If(condition) | ast.StillIf(condition):
            group = _condition(condition, f"{clause.keyword} ")
            first = pieces_of(group)[0]
            first.span = Span(clause.span.start, first.span.end)
            return group
        case ast.Convert(pattern, within):
            head, *others = pattern_group(pattern, "convert on ", clause.span)
            return [head, *others, Piece(f"within {within.spelling}", within.span)]
        case ast.SendOneOf(arms):
            items = [(f"{spell_share(arm.share)} {spell_name(arm.target)}", arm.span) for arm in arms]
            return [Piece("send one of", Span(clause.span.start, clause.span.start + len("send"))), *_items(items)]
        case _:
            return [Piece(_clause_text(clause), clause.span)]


def _items(items: Sequence[tuple[str, Span]], suffix: str = "") -> list[Piece]:
    """The items of a list, with commas behind all but the last."""
    *others, (text, span) = items
    return [*(Piece(f"{text},", span) for text, span in others), Piece(text + suffix, span)]


_Unbroken = (
    ast.After
    | ast.Schedule
    | ast.Per
    | ast.Between
    | ast.From
    | ast.Until
    | ast.Once
    | ast.AtMost
    | ast.HoldOut
    | ast.Send
)


def _clause_text(clause: _Unbroken) -> str:
    match clause:
        case ast.After(delay, restarting):
            return f"after {delay.spelling}{' restarting' if restarting else ''}"
        case ast.InDays() | ast.NextWeekday():
            return spell_schedule(clause)
        case ast.Per(path):
            return f"per {spell_path(path)}"
        case ast.Between(opens, closes, zone, drops):
            return f"between {spell_clock(opens)} and {spell_clock(closes)}{_closed(zone, drops=drops)}"
        case ast.From(time) | ast.Until(time):
            return f"{clause.keyword} {time.spelling}"
        case ast.Once():
            return "once"
        case ast.AtMost(count, window):
            return f"at most {count} per {window.spelling}"
        case ast.HoldOut(share):
            return f"hold out {spell_share(share)}"
        case ast.Send(target):
            return f"send {spell_name(target)}"
        case _:
            assert_never(clause)


def _closed(zone: ast.Zone | None, *, drops: bool) -> str:
    """Whose clocks a window goes by, and what becomes of what is due while it is closed, unless that is held."""
    return spell_zone(zone) + (" or drop" if drops else "")


def _policy_clause(clause: ast.PolicyClause) -> Group:
    match clause:
        case ast.Limit(channel, count, window):
            to = f"{channel.text} to " if channel else ""
            text = f"limit {to}{count} per {window.spelling}"
        case ast.TimeZone(name):
            text = f"time zone {quoted(name)}"
        case ast.Quiet(begins, ends, zone, drops):
            text = f"quiet {spell_clock(begins)} to {spell_clock(ends)}{_closed(zone, drops=drops)}"
        case _:
            assert_never(clause)
    return [Piece(text, clause.span)]


# Event patterns and conditions


def _patterns(keyword: str, patterns: Sequence[ast.Pattern], span: Span) -> Group:
    """A group for each pattern; the first starts with the clause."""
    first, *others = patterns
    head = pattern_group(first, f"{keyword} ", span)
    return [head, *(pattern_group(pattern, "or ", pattern.span) for pattern in others)] if others else head


def pattern_group(pattern: ast.Pattern, prefix: str, span: Span) -> Group:
    """An event pattern, and in pieces what its `where` says. The span is that of the pattern with what precedes it."""
    of: ast.AnyObject | ast.Objects | None = None
    match pattern:
        case ast.EventPattern(word, of, where):
            text, head = word.text, word.span
        case ast.CustomEvent(name, where):
            text, head = f"event {quoted(name.text)}", name.span
        case ast.SentRule(rule):
            text, head, where = f"sent {rule.text}", rule.span, None
        case ast.CancelledRule(rule):
            text, head, where = f"cancelled {rule.text}", rule.span, None
        case _:
            assert_never(pattern)
    group = _of(Piece(prefix + text, span.to(head)), of)
    if where is None:
        return group
    opening = group[0] if len(group) == 1 else group
    # A bare `or` separates patterns, so here a disjunction stands in parentheses.
    inner = [_term(where, "where ")] if isinstance(where, ast.AnyOf) else _terms(where, "where ")
    return [opening, *inner]


def _of(head: Piece, of: ast.AnyObject | ast.Objects | None) -> Group:
    """A pattern's first words, and the campaigns or cards that it is about."""
    match of:
        case None:
            return [head]
        case ast.AnyObject():
            return [Piece(f"{head.text} of any", head.span.to(of.span))]
        case ast.Objects(names):
            return [Piece(f"{head.text} of", head.span), *_items([(spell_name(name), name.span) for name in names])]
        case _:
            assert_never(of)


def condition_group(condition: ast.Condition) -> Group:
    """A condition on the user, where a bare `or` is clear."""
    return _condition(condition)


def _terms(condition: ast.Condition, prefix: str = "") -> list[Group]:
    """A condition without parentheses around it, a group for each of the terms that it joins."""
    group = _condition(condition, prefix)
    joins = isinstance(condition, ast.AllOf | ast.AnyOf)
    return [[part] for part in group] if joins else [group]


def _condition(condition: ast.Condition, prefix: str = "", suffix: str = "") -> Group:
    """A condition without parentheses around it."""
    match condition:
        case ast.AllOf(terms):
            return _joined(terms, "and ", prefix, suffix)
        case ast.AnyOf(terms):
            return _joined(terms, "or ", prefix, suffix)
        case ast.Negation(term):
            return _term(term, f"{prefix}not ", suffix)
        case ast.OneOf(subject, operands):
            items = [(spell_operand(operand), operand.span) for operand in operands]
            return [Piece(f"{prefix}{spell_subject(subject)} in (", subject.span), *_items(items, f"){suffix}")]
        case _:
            return [Piece(prefix + spell_comparison(condition) + suffix, condition.span)]


def _joined(terms: Sequence[ast.Condition], word: str, prefix: str, suffix: str) -> Group:
    """Terms with a word between. A conjunction in a disjunction needs no parentheses."""
    group: Group = []
    for place, term in enumerate(terms, 1):
        before = word if group else prefix
        after = suffix if place == len(terms) else ""
        bare = word == "or " and isinstance(term, ast.AllOf)
        group.append(_condition(term, before, after) if bare else _term(term, before, after))
    return group


def _term(term: ast.Condition, prefix: str, suffix: str = "") -> Group:
    """A condition as a part of another: in parentheses where it joins others itself."""
    if isinstance(term, ast.AllOf | ast.AnyOf):
        return _condition(term, f"{prefix}(", f"){suffix}")
    return _condition(term, prefix, suffix)


# Tests


def _step(step: ast.Step) -> Group:
    match step:
        case ast.Start(time):
            text = f"start {time.spelling}"
        case ast.Active(name, from_, until):
            bounds = (("from", from_), ("until", until))
            said = "".join(f" {word} {spell_moment(moment)}" for word, moment in bounds if moment is not None)
            text = f"active {spell_name(name)}{said}"
        case ast.Each(variable, values):
            head = Piece(f"each {variable.name} in", step.span.to(variable.span))
            return [head, *_items([(spell_value(value), value.span) for value in values])]
        case ast.Happening():
            return _happening(step)
        case ast.Expect():
            return _expectation(step)
        case _:
            assert_never(step)
    return [Piece(text, step.span)]


def _user(user: str | None) -> str:
    return f"user {quoted(user)} " if user is not None else ""


def _happening(step: ast.Happening) -> Group:
    text = f"{_user(step.user)}at {spell_moment(step.at)} {step.type.text}"
    if step.object is not None:
        of = " " if step.type.text == "event" else " of "
        text += of + spell_name(step.object)
    words = ["where", *["and"] * (len(step.properties) - 1)]
    properties = [
        Piece(f"{word} {spell_path(property_.path)} = {spell_value(property_.value)}", property_.span)
        for word, property_ in zip(words, step.properties, strict=False)
    ]
    return [Piece(text, step.span.to((step.object or step.type).span)), *properties]


def _expectation(step: ast.Expect) -> Group:
    subject = f" {spell_name(step.subject)}" if step.subject else ""
    text = f"expect {_user(step.user)}{step.fate or 'nothing'}{subject}"
    tails: Group = []
    if step.at is not None:
        tails.append(Piece(f"at {spell_moment(step.at)}", step.at.span))
    if step.by is not None:
        tails.append(Piece(f"by {step.by.text}", step.by.span))
    if step.because is not None:
        tails.append(Piece(f"because {step.because.text}", step.because.span))
    end = step.subject.span.end if step.subject else step.span.start + len("expect")
    return [Piece(text, Span(step.span.start, end)), *tails]
