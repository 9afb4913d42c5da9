"""What follows from what rules send: other rules, by `sent`, or because users receive, open or click it."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from connrules import ast
from connrules.check.names.binding import Names
from connrules.check.names.fit import lacking
from connrules.check.patterns import interaction_of, names_in
from connrules.checked import CheckedRule
from connrules.vocabulary import Interaction, ObjectKind


class Sent(NamedTuple):
    """A campaign that is sent."""

    name: str


class AnyOf(NamedTuple):
    """An interaction with some campaign: `received_push of any`."""

    word: str


Node = str | Sent | AnyOf
"""A rule by its name, or what stands between one that sends and one that is triggered."""
Graph = dict[Node, dict[Node, ast.Pattern | None]]
"""What follows from what; with the pattern that is matched, where a rule follows."""


def chains(rules: Iterable[CheckedRule]) -> Graph:
    """`on sent a`: which rules follow from which."""
    graph: Graph = {rule.name: {} for rule in rules}
    for rule in rules:
        for pattern in rule.node.on.patterns:
            if isinstance(pattern, ast.SentRule) and pattern.rule.text in graph:
                graph[pattern.rule.text][rule.name] = pattern
    return graph


def following(rules: Iterable[CheckedRule], names: Names | None, *, by_itself: bool) -> Graph:
    """Which rules follow from which, by `sent` or by what users do with what is sent.

    With `by_itself`, only what they need do nothing for: they receive it.
    """
    graph = chains(rules)
    for rule in rules:
        for target in rule.node.targets:
            graph[rule.name][Sent(target.text)] = None
            graph.setdefault(Sent(target.text), {})
    for rule in rules:
        for pattern in rule.node.on.patterns:
            if not by_itself or is_by_itself(pattern):
                _add(graph, rule, pattern, names)
    return graph


def is_by_itself(pattern: ast.Pattern) -> bool:
    """Whether the trigger follows from a send for certain, whatever the user does."""
    if isinstance(pattern, ast.SentRule):
        return True
    interaction = interaction_of(pattern)
    received = interaction is not None and interaction.word.startswith("received_")
    return received and isinstance(pattern, ast.EventPattern) and pattern.where is None


def answers_itself(rule: CheckedRule, names: Names | None, *, by_itself: bool) -> ast.Pattern | None:
    """The trigger that follows from what the rule itself sends, if there is one; those that are certain go first."""
    patterns = [pattern for pattern in rule.node.on.patterns if _follows(pattern, rule, names)]
    certain = [pattern for pattern in patterns if is_by_itself(pattern)]
    return next(iter(certain if by_itself else [*certain, *patterns]), None)


def _follows(pattern: ast.Pattern, rule: CheckedRule, names: Names | None) -> bool:
    if isinstance(pattern, ast.SentRule):
        return pattern.rule.text == rule.name
    interaction = _with_campaigns(pattern)
    if interaction is None or not isinstance(pattern, ast.EventPattern):
        return False
    named = {name.text for name in names_in(pattern)}
    is_any = isinstance(pattern.of, ast.AnyObject)
    targets = [target.text for target in rule.node.targets]
    return any(
        (target in named and _can_have(target, interaction, names)) or (is_any and _has(target, interaction, names))
        for target in targets
    )


def _add(graph: Graph, rule: CheckedRule, pattern: ast.Pattern, names: Names | None) -> None:
    """What a pattern such as `opened_push of "A"` follows from."""
    interaction = _with_campaigns(pattern)
    if interaction is None or not isinstance(pattern, ast.EventPattern):
        return
    for name in names_in(pattern):
        if Sent(name.text) in graph and _can_have(name.text, interaction, names):
            graph[Sent(name.text)].setdefault(rule.name, pattern)
    if isinstance(pattern.of, ast.AnyObject) and names:
        node = AnyOf(interaction.word)
        if node not in graph:
            graph[node] = {}
            for sent in _sent_in(graph):
                if _has(sent.name, interaction, names):
                    graph[sent][node] = None
        graph[node].setdefault(rule.name, pattern)


def _with_campaigns(pattern: ast.Pattern) -> Interaction | None:
    interaction = interaction_of(pattern)
    return interaction if interaction and interaction.object is ObjectKind.CAMPAIGN else None


def _sent_in(graph: Graph) -> Iterator[Sent]:
    return (node for node in list(graph) if isinstance(node, Sent))


def _can_have(name: str, interaction: Interaction, names: Names | None) -> bool:
    """Whether users may have the interaction with the campaign, as far as the catalog says."""
    campaign = names.catalog.campaign(name) if names else None
    return not (campaign and lacking(campaign, interaction))


def _has(name: str, interaction: Interaction, names: Names | None) -> bool:
    """Whether the catalog says that users can have the interaction with the campaign."""
    campaign = names.catalog.campaign(name) if names else None
    if campaign is None or lacking(campaign, interaction):
        return False
    return interaction.channel is None or interaction.channel in campaign.channels
