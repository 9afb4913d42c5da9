"""A rule set as a drawing: campaigns, cards and events lead to the rules that they trigger, rules to what they send."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from connrules import ast
from connrules.check import Checked, CheckedRule
from connrules.check.patterns import interaction_of, names_in, where_of
from connrules.cli.drawings.drawing import Arrow, Drawing, Mark, Node, Shape
from connrules.syntax.formatter import format_condition, format_pattern
from connrules.syntax.pieces import one_line, outline, pieces_of
from connrules.syntax.spelling import spell_share
from connrules.vocabulary import OBJECT_KIND, ObjectKind

if TYPE_CHECKING:
    from connrules.catalog import Catalog

_SHAPES = {ObjectKind.CAMPAIGN: Shape.CAMPAIGN, ObjectKind.CARD: Shape.CARD, ObjectKind.EVENT: Shape.EVENT}


def rule_drawing(checked: Checked) -> Drawing:
    """The healthy rules, in rule-set order; what the catalog does not know, and rules that are not there, is marked."""
    return _Sketch(checked).drawing()


class _Sketch:
    """Collects nodes and arrows; a node is drawn where it is first spoken of."""

    def __init__(self, checked: Checked) -> None:
        self._rules = checked.rules
        self._catalog = checked.catalog
        self._nodes: dict[tuple[str, str], Node] = {}
        self._arrows: dict[Arrow, None] = {}
        self._by_name = {rule.name: rule for rule in reversed(checked.rules)}

    def drawing(self) -> Drawing:
        for rule in self._rules:
            id_ = self._rule(rule)
            for pattern in rule.node.on.patterns:
                for arrow in self._triggers(pattern, id_):
                    self._arrows.setdefault(arrow)
            for arrow in self._sends(rule.node, id_):
                self._arrows.setdefault(arrow)
        return Drawing(tuple(self._nodes.values()), tuple(self._arrows))

    def _triggers(self, pattern: ast.Pattern, rule: str) -> Iterator[Arrow]:
        match pattern:
            case ast.SentRule(sender):
                yield Arrow(self._rule_named(sender.text), rule, "sent")
            case ast.CancelledRule(sender):
                yield Arrow(self._rule_named(sender.text), rule, "cancelled", Mark.FAINT)
            case ast.CustomEvent(name):
                yield Arrow(self._object(ObjectKind.EVENT, name.text), rule, _where(pattern))
            case ast.EventPattern():
                yield from self._interactions(pattern, rule)
            case _:
                assert_never(pattern)

    def _interactions(self, pattern: ast.EventPattern, rule: str) -> Iterator[Arrow]:
        interaction = interaction_of(pattern)
        if interaction is None:
            yield Arrow(self._event(pattern.word.text), rule, _where(pattern))
            return
        label = format_pattern(replace(pattern, of=None))
        for name in names_in(pattern):
            yield Arrow(self._object(interaction.object, name.text), rule, label)
        if not names_in(pattern):
            yield Arrow(self._any(interaction.object), rule, label)

    def _sends(self, rule: ast.Rule, id_: str) -> Iterator[Arrow]:
        match rule.send:
            case ast.Send(target):
                yield Arrow(id_, self._object(ObjectKind.CAMPAIGN, target.text), "send")
            case ast.SendOneOf(arms):
                for arm in arms:
                    campaign = self._object(ObjectKind.CAMPAIGN, arm.target.text)
                    yield Arrow(id_, campaign, f"send {spell_share(arm.share)}")
            case _:
                assert_never(rule.send)

    # Nodes

    def _rule(self, rule: CheckedRule) -> str:
        return self._node("rule", rule.name, (rule.name, *_clauses(rule.node)), Shape.RULE)

    def _rule_named(self, name: str) -> str:
        if name in self._by_name:
            return self._rule(self._by_name[name])
        return self._node("rule", name, (name, "no such rule"), Shape.RULE, Mark.WRONG)

    def _object(self, kind: ObjectKind, name: str) -> str:
        if _is_known(self._catalog, kind, name):
            return self._node(kind, name, (name,), _SHAPES[kind])
        return self._node(kind, name, (name, "not in the catalog"), _SHAPES[kind], Mark.WRONG)

    def _any(self, kind: ObjectKind) -> str:
        return self._node("any", kind, (f"any {kind}",), _SHAPES[kind])

    def _event(self, word: str) -> str:
        if word in OBJECT_KIND:
            return self._node("event", word, (word,), Shape.EVENT)
        return self._node("event", word, (word, "no such event"), Shape.EVENT, Mark.WRONG)

    def _node(self, kind: str, name: str, lines: tuple[str, ...], shape: Shape, mark: Mark = Mark.PLAIN) -> str:
        key = (f"{kind} {shape}", name)
        if key not in self._nodes:
            self._nodes[key] = Node(f"n{len(self._nodes) + 1}", lines, shape, mark)
        return self._nodes[key].id


def _is_known(catalog: Catalog | None, kind: ObjectKind, name: str) -> bool:
    if catalog is None:
        return True
    if kind is ObjectKind.EVENT:
        return catalog.events is None or catalog.event(name) is not None
    return len(catalog.named(kind, name)) == 1


def _where(pattern: ast.Pattern) -> str:
    condition = where_of(pattern)
    return "" if condition is None else f"where {format_condition(condition)}"


def _clauses(rule: ast.Rule) -> Iterator[str]:
    """Everything that a rule says between its trigger and what it sends, a line for each clause."""
    bare = replace(rule, name=None)
    _, lines, _ = outline(bare)
    for clause in lines:
        text = one_line(pieces_of(clause))
        if not text.startswith("send "):
            yield text
