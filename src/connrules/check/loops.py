"""Rules that set one another going without end, by what they send.

There are two such loops. In one, every send is due at the instant of the one before, so it would never end at all: no
engine could run it. In the other time passes, and still each turn follows from the one before, whatever users do.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, assert_never

from connrules import ast
from connrules.catalog import Campaign
from connrules.check.checked import CheckedRule
from connrules.check.cycles import cycles
from connrules.check.fit import lacking
from connrules.check.index import Index
from connrules.check.names import Names
from connrules.check.patterns import interaction_of, names_in
from connrules.codes import finding
from connrules.diagnostic import Diagnostic


class _Campaign(NamedTuple):
    """A campaign that is sent: its users receive it."""

    name: str


class _AnyOf(NamedTuple):
    """Some campaign is received: `received_push of any`."""

    word: str


_Node = str | _Campaign | _AnyOf
"""A rule by its name, or what stands between one that sends and one that is triggered."""
_Graph = dict[_Node, dict[_Node, ast.Pattern | None]]
"""What follows from what; with the pattern that is matched, where a rule follows."""


def check_loops(index: Index, names: Names | None) -> Iterator[Diagnostic]:
    """Loops at one instant, and those among other rules that nothing ends."""
    rules = index.rules.values()
    looping: set[str] = set()
    for cycle, graph in _at_one_instant(rules, index.policy, names):
        looping.update(map(str, cycle))
        yield _loop(cycle, graph, index, "at the same instant and without end")
    others = [rule for rule in rules if rule.name not in looping and _goes_on(rule.node, index.policy, names)]
    graph = _following(others, names)
    for cycle in cycles(graph):
        yield _loop(cycle, graph, index, "again and again without end")


def _at_one_instant(
    rules: Iterable[CheckedRule], policy: ast.Policy, names: Names | None
) -> Iterator[tuple[list[_Node], _Graph]]:
    """Cycles of rules that can all be due at once. Rules that never live at the same time are in none together."""
    at_once = [rule for rule in rules if _is_at_once(rule.node) and not _is_limited(rule.node, policy, names)]
    if not any(True for _ in cycles(_chains(at_once))):
        return
    seen: set[_Node] = set()
    for instant in sorted({_begins(rule.node) for rule in at_once}):
        graph = _chains([rule for rule in at_once if rule.name not in seen and _lives(rule.node, instant)])
        for cycle in cycles(graph):
            seen.update(cycle)
            yield cycle, graph


def _is_at_once(rule: ast.Rule) -> bool:
    """Whether a send can be due at the instant of the trigger, as often as that comes."""
    if rule.eligibility is not None:
        return False
    match rule.delay:
        case None:
            return True
        case ast.After(delay):
            return delay.ms == 0
        case ast.InDays(days):
            return days == 0
        case ast.NextWeekday():
            return False
        case _:
            assert_never(rule.delay)


def _is_limited(rule: ast.Rule, policy: ast.Policy, names: Names | None) -> bool:
    """Whether a limit of the policy counts every send of the rule."""
    targets = [names.catalog.campaign(target.text) if names else None for target in rule.targets]
    return any(
        limit.channel is None or all(target and limit.channel.text in target.channels for target in targets)
        for limit in policy.limits
    )


def _begins(rule: ast.Rule) -> float:
    return rule.from_.time.ms if rule.from_ else float("-inf")


def _lives(rule: ast.Rule, instant: float) -> bool:
    return _begins(rule) <= instant and (rule.until is None or instant < rule.until.time.ms)


def _goes_on(rule: ast.Rule, policy: ast.Policy, names: Names | None) -> bool:
    """Whether every trigger leads to a send, for every user and for ever: the rule has no way out at all."""
    window = rule.between or policy.quiet
    ways_out = (rule.unless, rule.if_, rule.still_if, rule.eligibility, rule.until, rule.hold_out, *policy.limits)
    return not any(ways_out) and not (window and window.drops) and all(_never_ends(t, names) for t in rule.targets)


def _never_ends(target: ast.Name, names: Names | None) -> bool:
    if names is None:
        return True
    campaign = names.catalog.campaign(target.text)
    return campaign is not None and campaign.intervals[-1:] != () and campaign.intervals[-1][1] is None


def _chains(rules: Iterable[CheckedRule]) -> _Graph:
    """`on sent a`: which rules follow from which."""
    graph: _Graph = {rule.name: {} for rule in rules}
    for rule in rules:
        for pattern in rule.node.on.patterns:
            if isinstance(pattern, ast.SentRule) and pattern.rule.text in graph:
                graph[pattern.rule.text][rule.name] = pattern
    return graph


def _following(rules: Sequence[CheckedRule], names: Names | None) -> _Graph:
    """Which rules follow from which, by `sent` or because users receive what is sent."""
    graph = _chains(rules)
    for rule in rules:
        for target in rule.node.targets:
            graph[rule.name][_Campaign(target.text)] = None
            graph.setdefault(_Campaign(target.text), {})
    for rule in rules:
        for pattern in rule.node.on.patterns:
            _add_received(graph, rule, pattern, names)
    return graph


def _add_received(graph: _Graph, rule: CheckedRule, pattern: ast.Pattern, names: Names | None) -> None:
    """What a pattern such as `received_push of "A"` follows from."""
    interaction = interaction_of(pattern)
    if not isinstance(pattern, ast.EventPattern) or pattern.where is not None or interaction is None:
        return
    word = interaction.word
    if not word.startswith("received_"):
        return
    for name in names_in(pattern):
        campaign = names.catalog.campaign(name.text) if names else None
        if _Campaign(name.text) in graph and not (campaign and lacking(campaign, interaction)):
            graph[_Campaign(name.text)][rule.name] = pattern
    if isinstance(pattern.of, ast.AnyObject) and names:
        if _AnyOf(word) not in graph:
            graph[_AnyOf(word)] = {}
            for node in [node for node in graph if isinstance(node, _Campaign)]:
                if _has_channel(names.catalog.campaign(node.name), interaction.channel):
                    graph[node][_AnyOf(word)] = None
        graph[_AnyOf(word)][rule.name] = pattern


def _has_channel(campaign: Campaign | None, channel: str | None) -> bool:
    return campaign is not None and channel in campaign.channels


def _loop(cycle: list[_Node], graph: _Graph, index: Index, manner: str) -> Diagnostic:
    first = next(place for place, node in enumerate(cycle) if isinstance(node, str))
    nodes = [*cycle[first:], *cycle[:first]]
    members = [node for node in nodes if isinstance(node, str)]
    pattern = graph[nodes[-1]][members[0]]
    assert pattern is not None  # a rule follows where one of its patterns is matched
    where = "one of these rules" if members[1:] else "the rule"
    return finding(
        "CR501",
        index.rules[members[0]].source,
        pattern.span,
        f"{_in_words(members)}, {manner}",
        label=f"this follows from each send of `{members[-1]}`",
        help=f"give {where} a way out, e.g. `once` or `at most 1 per 1w`",
    )


def _in_words(members: list[str]) -> str:
    """`a` triggers `b`, and `b` triggers `a`."""
    if len(members) == 1:
        return f"`{members[0]}` triggers itself"
    steps = [f"`{one}` triggers `{other}`" for one, other in zip(members, [*members[1:], members[0]], strict=True)]
    return f"{', '.join(steps[:-1])}, and {steps[-1]}"
