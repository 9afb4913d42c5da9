"""Rules that set one another going without end, by what they send.

There are three such loops. In one, every send is due at the instant of the one before, so it would never end at all: no
engine could run it. In the next time passes, and still each turn follows from the one before, whatever users do. In the
last it takes a user at each turn, or something may end it: that is only likely. `once` ends each of them.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import assert_never

from connrules import ast
from connrules.check.cycles import cycles
from connrules.check.names.binding import Names
from connrules.check.together.follows import Graph, Node, answers_itself, chains, following, is_by_itself
from connrules.check.together.rounds import (
    Circle,
    Link,
    bounds,
    goes_round_twice,
    going_round,
    leaves_no_second_round,
    pace,
    quotas_of,
)
from connrules.check.together.timeline import Stage
from connrules.checked import CheckedRule
from connrules.codes import finding
from connrules.diagnostic import Diagnostic, Related, Severity

_MOST_TOLD = 6
"""How many rules of a loop are told one by one."""


def check_loops(stage: Stage, sending: Collection[str]) -> Iterator[Diagnostic]:
    """Loops among the rules that can send at all: at one instant, without end, and those that are likely."""
    rules = [rule for rule in stage.index.rules.values() if rule.name in sending]
    looping: set[str] = set()
    for circle in _circles_at_one_instant(rules, stage):
        looping.update(link.rule.name for link in circle)
        yield _endless(circle, stage, "at the same instant and without end")
    for circle in _endless_circles([rule for rule in rules if rule.name not in looping], stage):
        looping.update(link.rule.name for link in circle)
        yield _endless(circle, stage, "again and again without end")
    others = [r for r in rules if r.name not in looping and not isinstance(r.node.eligibility, ast.Once)]
    for circle in _possible_circles(others, stage.names):
        if goes_round_twice(circle, stage):
            yield from _possible(circle, stage)


# At one instant


def _circles_at_one_instant(rules: Iterable[CheckedRule], stage: Stage) -> Iterator[list[Link]]:
    """Circles of rules that can all be due at once. Rules that never live at the same time are in none together."""
    limits = stage.index.policy.limits
    at_once = [r for r in rules if _is_at_once(r.node) and not any(stage.counts(limit, r) for limit in limits)]
    if not any(True for _ in cycles(chains(at_once))):
        return
    seen: set[str] = set()
    for instant in sorted({_begins(rule.node) for rule in at_once}):
        living = [rule for rule in at_once if rule.name not in seen and _lives(rule.node, instant)]
        for circle in _circles(chains(living), living):
            seen.update(link.rule.name for link in circle)
            yield circle


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


def _begins(rule: ast.Rule) -> float:
    return rule.from_.time.ms if rule.from_ else float("-inf")


def _lives(rule: ast.Rule, instant: float) -> bool:
    return _begins(rule) <= instant and (rule.until is None or instant < rule.until.time.ms)


# As time passes


def _endless_circles(rules: Iterable[CheckedRule], stage: Stage) -> Iterator[list[Link]]:
    """Circles in which each turn follows from the one before, of rules that nothing ends."""
    going_on = [rule for rule in rules if _goes_on(rule, stage)]
    yield from _all_circles(going_on, stage.names, by_itself=True)


def _possible_circles(rules: Sequence[CheckedRule], names: Names | None) -> Iterator[list[Link]]:
    """Circles in which users have a part, or of rules that something may end."""
    yield from _all_circles(rules, names, by_itself=False)


def _all_circles(rules: Sequence[CheckedRule], names: Names | None, *, by_itself: bool) -> Iterator[list[Link]]:
    """Rules that follow from themselves, then circles among the others."""
    alone = [(rule, answers_itself(rule, names, by_itself=by_itself)) for rule in rules]
    yield from ([Link(rule, pattern)] for rule, pattern in alone if pattern is not None)
    others = [rule for rule, pattern in alone if pattern is None]
    yield from _circles(following(others, names, by_itself=by_itself), others)


def _goes_on(rule: CheckedRule, stage: Stage) -> bool:
    """Whether every trigger leads to a send, for every user and for ever: the rule has no way out at all."""
    node, policy = rule.node, stage.index.policy
    window = node.between or policy.quiet
    ways_out = (node.unless, node.if_, node.still_if, node.eligibility, node.until, node.hold_out)
    is_limited = any(stage.may_count(limit, rule) for limit in policy.limits)
    return (
        not any(ways_out)
        and not is_limited
        and not (window and window.drops)
        and all(_never_ends(target, stage.names) for target in node.targets)
    )


def _never_ends(target: ast.Name, names: Names | None) -> bool:
    if names is None:
        return True
    campaign = names.catalog.campaign(target.text)
    return campaign is not None and campaign.intervals[-1:] != () and campaign.intervals[-1][1] is None


def _circles(graph: Graph, rules: Iterable[CheckedRule]) -> Iterator[list[Link]]:
    """The cycles of a graph as the rules in them."""
    by_name = {rule.name: rule for rule in rules}
    for cycle in cycles(graph):
        first = next(place for place, node in enumerate(cycle) if isinstance(node, str))
        nodes = [*cycle[first:], *cycle[:first]]
        yield list(_links(nodes, graph, by_name))


def _links(nodes: Sequence[Node], graph: Graph, rules: dict[str, CheckedRule]) -> Iterator[Link]:
    for before, node in zip([nodes[-1], *nodes], nodes, strict=False):
        pattern = graph[before][node]
        if isinstance(node, str) and pattern is not None:
            yield Link(rules[node], pattern)


# What is found


def _endless(circle: Circle, stage: Stage, manner: str) -> Diagnostic:
    """A loop that is certain. At one instant it has no timeline: it would have no end."""
    names = [link.rule.name for link in circle]
    return finding(
        "CR501" if names[1:] else "CR503",
        circle[0].rule.source,
        circle[0].pattern.span,
        f"{_in_words(names, 'triggers')}, {manner}",
        label=f"this follows from each send of `{names[-1]}`",
        help=f"{_another_trigger(circle)}, or give {_one_of(names)} a way out: with `once`, each user has its message "
        "only once",
        severity=Severity.ERROR,
        related=_others(circle, "follows"),
        witness=going_round(circle, stage, f"{_in_title(names)} without end", 2 * len(names)),
    )


def _possible(circle: Circle, stage: Stage) -> Iterator[Diagnostic]:
    """A loop that is likely. Where nothing but quotas stands in its way, it is only told if it gets past them."""
    names = [link.rule.name for link in circle]
    title, quotas = f"{_in_title(names)} again and again", quotas_of(circle, stage)
    shown = going_round(circle, stage, title, 2 * len(names))
    if not shown and all(is_by_itself(link.pattern) for link in circle):
        if leaves_no_second_round(circle, quotas):
            return
        shown = going_round(circle, stage, title, len(names) + 1) if quotas else ""
    yield finding(
        "CR502" if names[1:] else "CR503",
        circle[0].rule.source,
        circle[0].pattern.span,
        f"{_in_words(names, 'may trigger')}, again and again",
        label=f"this may follow from each send of `{names[-1]}`, {pace(circle, stage)}",
        help=f"{_another_trigger(circle)}; or give {_one_of(names)} `once`, or `at most 1 per 30d` for users who may "
        "have it again",
        severity=Severity.INFO if bounds(circle) else None,
        related=_others(circle, "may follow"),
        witness=shown,
    )


def _another_trigger(circle: Circle) -> str:
    """A rule that follows from itself most likely names its follow-on where the message before it belongs."""
    if circle[1:]:
        return "name another message in one of these triggers"
    return "name another trigger, such as the message that comes before this one"


def _one_of(names: Sequence[str]) -> str:
    return "one of these rules" if names[1:] else "the rule"


def _others(circle: Circle, verb: str) -> tuple[Related, ...]:
    return tuple(
        Related(link.rule.source, link.pattern.span, f"this {verb} from each send of `{before.rule.name}`")
        for before, link in pairwise(circle)
    )


def _in_words(names: Sequence[str], verb: str) -> str:
    """`a` triggers `b`, and `b` triggers `a`; of many rules, how it begins and how it ends."""
    if len(names) == 1:
        return f"`{names[0]}` {verb} itself"
    steps = [f"`{one}` {verb} `{other}`" for one, other in pairwise([*names, names[0]])]
    if len(steps) > _MOST_TOLD:
        steps = [*steps[:2], f"and so on by way of {len(names) - 4} more rules", *steps[-2:]]
    return f"{', '.join(steps[:-1])}, and {steps[-1]}"


def _in_title(names: Sequence[str]) -> str:
    """What the test of a loop is called: by its first rules."""
    return f"{names[0]} triggers itself" if len(names) == 1 else f"{names[0]} and {names[1]} trigger one another"
