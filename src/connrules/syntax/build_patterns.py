"""Event patterns and conditions, from the tokens below a production."""

from typing import cast

from connrules import ast
from connrules.syntax.build_values import Children, ValueBuilder
from connrules.syntax.scanner import Token
from connrules.text import Span, nfc


class PatternBuilder(ValueBuilder):
    """Builds event patterns and conditions, one method per production."""

    def _patterns(self, children: Children, _: Span) -> tuple[ast.Pattern, ...]:
        return tuple(children[::2])

    def _event_pattern(self, children: Children, span: Span) -> ast.EventPattern:
        word, of, where = children
        return ast.EventPattern(self._name(word), of, where, span)

    def _custom_event(self, children: Children, span: Span) -> ast.CustomEvent:
        _, name, where = children
        return ast.CustomEvent(self._name(name), where, span)

    def _sent_rule(self, children: Children, span: Span) -> ast.SentRule:
        return ast.SentRule(self._name(children[1]), span)

    def _cancelled_rule(self, children: Children, span: Span) -> ast.CancelledRule:
        return ast.CancelledRule(self._name(children[1]), span)

    def _of_any(self, _: Children, span: Span) -> ast.AnyObject:
        return ast.AnyObject(span)

    def _of_targets(self, children: Children, span: Span) -> ast.Objects:
        return ast.Objects(tuple(self._name(token) for token in children[1::2]), span)

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
        return ast.Compare(path, cast("ast.Operator", operator.text), operand, span)

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
        return ast.Path(tuple(nfc(token.text.strip("`")) for token in children[::2]), span)

    def _attribute(self, children: Children, span: Span) -> ast.Attribute:
        return ast.Attribute(children[2], span)

    def _in_segment(self, children: Children, span: Span) -> ast.InSegment:
        return ast.InSegment(self._name(children[2]), span)

    def _trigger_property(self, children: Children, span: Span) -> ast.TriggerProperty:
        return ast.TriggerProperty(children[2], span)

    def _literal(self, children: Children, span: Span) -> ast.Literal:
        token: Token = children[0]
        match token.kind:
            case "STRING":
                return ast.Text(self._string(token), span)
            case "NUMBER":
                return self._number(token)
            case "TIME":
                return self._instant(token)
            case _:
                return ast.Boolean(token.text == "true", span)
