"""Lark's parse tree of one declaration to AST nodes. What a token cannot be, though its shape is right, is a finding.

One method per production, named after it; the dispatch is by name. A builder serves one declaration.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Any, cast

from lark import Token, Tree

from connrules import ast
from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.duration import parse_duration, parse_instant
from connrules.text import SourceText, Span

_ESCAPE = re.compile(r'\\(?:u\{([0-9A-Fa-f]+)\}|(["\\nt]))')
_SIMPLE_ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}
_MOST_DIGITS = 15
_SLOTS: dict[type[ast.Clause], str] = {
    ast.On: "on",
    ast.After: "after",
    ast.Unless: "unless",
    ast.From: "from_",
    ast.Until: "until",
    ast.Once: "eligibility",
    ast.AtMost: "eligibility",
    ast.Send: "send",
}

Children = list[Any]


class Builder:
    """Builds one declaration; `findings` says what is wrong with it, and `build` is None where that is an error."""

    def __init__(self, source: SourceText) -> None:
        self._source = source
        self.findings: list[Diagnostic] = []

    def build(self, tree: Tree[Token]) -> ast.Rule | None:
        """The node of a declaration's tree."""
        rule = self._node(tree)
        return None if self.findings else cast("ast.Rule | None", rule)

    def _node(self, tree: Tree[Token] | Token | None) -> Any:
        if not isinstance(tree, Tree):
            return tree
        method: Callable[[Children, Span], Any] = getattr(self, f"_{tree.data}")
        return method([self._node(child) for child in tree.children], _span_of(tree))

    def _report(self, code: str, span: Span, message: str, *, label: str = "", help: str = "") -> None:  # noqa: A002
        self.findings.append(finding(code, self._source, span, message, label=label, help=help))

    # declarations

    def _named_rule(self, children: Children, span: Span) -> ast.Rule | None:
        return self._rule(self._name(children[1]), children[3:], span)

    def _unnamed_rule(self, children: Children, span: Span) -> ast.Rule | None:
        return self._rule(None, children, span)

    def _rule(self, name: ast.Name | None, clauses: Children, span: Span) -> ast.Rule | None:
        slots: dict[str, Any] = {}
        for clause in clauses:
            slot = _SLOTS[type(clause)]
            if slot in slots:
                self._duplicate_clause(slots[slot], clause)
            else:
                slots[slot] = clause
        if "send" not in slots:
            self._report(
                "CR104",
                Span(span.end, span.end),
                f"{_rule_title(name)} has no `send`",
                label="the rule ends here and says nothing to send",
                help='add the follow-on campaign, e.g. `send "Cart Reminder"`',
            )
            return None
        return ast.Rule(name=name, span=span, **slots)

    def _duplicate_clause(self, first: ast.Clause, second: ast.Clause) -> None:
        line = self._source.position(first.span.start).line
        if first.keyword == second.keyword:
            message = f"the clause `{second.keyword}` stands twice in this rule"
            label = f"the first one is on line {line}"
        else:
            message = f"`{first.keyword}` and `{second.keyword}` exclude each other"
            label = f"`{first.keyword}` is on line {line}"
        remedy = (
            "join the patterns with `or`, or delete one" if isinstance(second, ast.Unless) else "delete one of them"
        )
        self._report("CR107", second.span, message, label=label, help=remedy)

    # clauses

    def _on_clause(self, children: Children, span: Span) -> ast.On:
        return ast.On(children[1], span)

    def _after_clause(self, children: Children, span: Span) -> ast.After:
        return ast.After(self._duration(children[1]), restarting=children[2] is not None, span=span)

    def _unless_clause(self, children: Children, span: Span) -> ast.Unless:
        return ast.Unless(children[1], span)

    def _from_clause(self, children: Children, span: Span) -> ast.From:
        return ast.From(self._instant(children[1]), span)

    def _until_clause(self, children: Children, span: Span) -> ast.Until:
        return ast.Until(self._instant(children[1]), span)

    def _once_clause(self, _: Children, span: Span) -> ast.Once:
        return ast.Once(span)

    def _at_most_clause(self, children: Children, span: Span) -> ast.AtMost:
        _, _, count, _, window = children
        before = len(self.findings)
        number = self._number(count)
        if len(self.findings) == before and (not isinstance(number.value, int) or number.value < 1):
            self._report(
                "CR101",
                number.span,
                f"`at most {count}` is no number of sends",
                label="a whole number from 1 up is expected here",
                help="e.g. `at most 3 per 1w`",
            )
        duration = self._duration(window)
        if duration.ms == 0 and not self.findings:
            self._report("CR105", duration.span, "a window of no time holds no send", help="e.g. `at most 3 per 1w`")
        return ast.AtMost(int(number.value), duration, span)

    def _send_clause(self, children: Children, span: Span) -> ast.Send:
        return ast.Send(self._name(children[1]), span)

    # event patterns

    def _patterns(self, children: Children, _: Span) -> tuple[ast.Pattern, ...]:
        return tuple(children[::2])

    def _event_pattern(self, children: Children, span: Span) -> ast.EventPattern:
        word, of, where = children
        return ast.EventPattern(self._name(word), of, where, span)

    def _custom_event(self, children: Children, span: Span) -> ast.CustomEvent:
        _, name, where = children
        return ast.CustomEvent(self._name(name), where, span)

    def _of_any(self, _: Children, span: Span) -> ast.AnyObject:
        return ast.AnyObject(span)

    def _of_targets(self, children: Children, span: Span) -> ast.Objects:
        return ast.Objects(tuple(self._name(token) for token in children[1::2]), span)

    # conditions

    def _where(self, children: Children, _: Span) -> ast.Condition:
        return cast("ast.Condition", children[1])

    def _all_of(self, children: Children, span: Span) -> ast.AllOf:
        return ast.AllOf(tuple(children[::2]), span)

    def _any_of(self, children: Children, span: Span) -> ast.AnyOf:
        return ast.AnyOf(tuple(children[::2]), span)

    def _negation(self, children: Children, span: Span) -> ast.Negation:
        return ast.Negation(children[1], span)

    def _group(self, children: Children, _: Span) -> ast.Condition:
        return cast("ast.Condition", children[1])

    def _compare(self, children: Children, span: Span) -> ast.Compare:
        path, operator, operand = children
        return ast.Compare(path, cast("ast.Operator", str(operator)), operand, span)

    def _one_of(self, children: Children, span: Span) -> ast.OneOf:
        return ast.OneOf(children[0], tuple(children[3::2]), span)

    def _contains(self, children: Children, span: Span) -> ast.Contains:
        return ast.Contains(children[0], children[2], span)

    def _starts_with(self, children: Children, span: Span) -> ast.StartsWith:
        return ast.StartsWith(children[0], children[3], span)

    def _is_missing(self, children: Children, span: Span) -> ast.IsMissing:
        return ast.IsMissing(children[0], span)

    def _is_present(self, children: Children, span: Span) -> ast.IsPresent:
        return ast.IsPresent(children[0], span)

    def _path(self, children: Children, span: Span) -> ast.Path:
        return ast.Path(tuple(_nfc(token.strip("`")) for token in children[::2]), span)

    def _trigger_property(self, children: Children, span: Span) -> ast.TriggerProperty:
        return ast.TriggerProperty(children[2], span)

    def _literal(self, children: Children, span: Span) -> ast.Literal:
        token: Token = children[0]
        match token.type:
            case "STRING":
                return ast.Text(self._string(token), span)
            case "NUMBER":
                return self._number(token)
            case "TIME":
                return self._instant(token)
            case _:
                return ast.Boolean(token == "true", span)

    # tokens

    def _name(self, token: Token) -> ast.Name:
        quoted = token.type == "STRING"
        return ast.Name(self._string(token) if quoted else str(token), quoted, _token_span(token))

    def _string(self, token: Token) -> str:
        return _nfc(_ESCAPE.sub(lambda match: self._escape(match, token), token[1:-1]))

    def _escape(self, match: re.Match[str], token: Token) -> str:
        if match[2]:
            return _SIMPLE_ESCAPES[match[2]]
        number = int(match[1], 16)
        if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
            start = _token_span(token).start + 1 + match.start()
            self._report(
                "CR103",
                Span(start, start + len(match[0])),
                f"`{match[0]}` is no character",
                help="write the number of a Unicode character in hexadecimal, e.g. `\\u{1F600}`",
            )
            return ""
        return chr(number)

    def _number(self, token: Token) -> ast.Number:
        span = _token_span(token)
        if sum(char.isdigit() for char in token) > _MOST_DIGITS:
            self._report("CR101", span, f"the number has more than {_MOST_DIGITS} digits", help="use fewer digits")
            return ast.Number(0, span)
        return ast.Number(float(token) if "." in token else int(token), span)

    def _duration(self, token: Token) -> ast.Duration:
        span = _token_span(token)
        try:
            return ast.Duration(parse_duration(token), str(token), span)
        except ValueError as error:
            self._report("CR105", span, f"invalid duration `{token}`: {error}", help=DURATION_HELP)
            return ast.Duration(0, str(token), span)

    def _instant(self, token: Token) -> ast.Instant:
        span = _token_span(token)
        try:
            return ast.Instant(parse_instant(token), str(token), span)
        except ValueError as error:
            self._report("CR113", span, str(error), help=TIME_HELP)
            return ast.Instant(0, str(token), span)


DURATION_HELP = "a duration is whole numbers with the units `w d h m s ms`, largest first, e.g. `1d12h` or `90m`"
TIME_HELP = "write a date (`2026-03-01`, 00:00 UTC) or a time with its zone (`2026-03-01T09:00:00Z`)"


def _nfc(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _rule_title(name: ast.Name | None) -> str:
    return f"the rule `{name.text}`" if name else "this rule"


def _token_span(token: Token) -> Span:
    start = cast("int", token.start_pos)
    return Span(start, start + len(token))


def _span_of(tree: Tree[Token]) -> Span:
    return Span(_edge(tree, 0).start, _edge(tree, -1).end)


def _edge(node: Tree[Token] | Token, end: int) -> Span:
    while isinstance(node, Tree):
        children: list[Tree[Token] | Token | None] = list(node.children)
        node = [child for child in children if child is not None][end]
    return _token_span(node)
