"""Rules that send one user the same message twice, because of one event or of two.

Rules are compared only where they send the same, each with a bounded number of those before it. What is claimed is
tried: a finding stands on a timeline that shows it. What is probably meant is left alone: conditions that exclude each
other, rules that follow from one another or from different outcomes of one rule, answers to the message itself.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import product

from connrules import ast
from connrules.check.patterns import names_in
from connrules.check.together.pairs import are_alternatives, one_event, pairs, with_user
from connrules.check.together.roots import Root, may_be_one, roots_of
from connrules.check.together.side_by_side import all_of, in_order, place_of, related, who
from connrules.check.together.timeline import Stage, Told, later_by
from connrules.check.together.witness import happens
from connrules.checked import CheckedRule
from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.event import Kind


def check_overlaps(stage: Stage, copies: Collection[str]) -> Iterator[Diagnostic]:
    """Rules that send the same message to one user; `copies` are the rules that have a finding as such."""
    by_target: dict[str, list[CheckedRule]] = {}
    for rule in stage.rules.values():
        if rule.name not in copies:
            for target in dict.fromkeys(target.text for target in rule.node.targets):
                by_target.setdefault(target, []).append(rule)
    for target, rules in by_target.items():
        yield from _of_target(stage, target, rules)


def _of_target(stage: Stage, target: str, rules: Sequence[CheckedRule]) -> Iterator[Diagnostic]:
    """First what one event does, whoever it concerns; then, of the others, what two events do."""
    found: set[str] = set()
    for earlier, later in pairs(rules, found):
        told = _by_one_event(stage, earlier, later, target)
        if told is not None:
            group = in_order({o.rule for o in told.outcomes if o.kind is Kind.SENT and o.send == target}, stage)
            found.update(rule.name for rule in group[1:])
            yield _overlapping(earlier, later, group, target, told)
    for earlier, later in pairs([rule for rule in rules if rule.name not in found], found):
        told = _by_two_events(stage, earlier, later, target)
        if told is not None:
            found.add(later.name)
            yield _overlapping(earlier, later, (earlier, later), target, told)


def _by_one_event(stage: Stage, some: CheckedRule, other: CheckedRule, target: str) -> Told | None:
    """A timeline of one event in which both send it."""
    if _is_meant(stage, some, other, target):
        return None
    for a, b in _shared_roots(stage, some, other):
        steps = one_event(stage, a, b)
        told = stage.find(steps, (some, other), _both_send(some, other, target)) if steps else None
        if told is not None:
            return told
    return None


def _by_two_events(stage: Stage, some: CheckedRule, other: CheckedRule, target: str) -> Told | None:
    """A timeline in which both send it, each because of an event of its own.

    Of two that start at the same events, and still send nothing together, each has its own conditions: that is meant.
    """
    if _is_meant(stage, some, other, target) or _shared_roots(stage, some, other):
        return None
    shows = _both_send(some, other, target)
    for a, b in product(roots_of(some, stage.rules)[:1], roots_of(other, stage.rules)[:1]):
        steps = _two_events(stage, a, b)
        told = stage.find(steps, (some, other), shows) if steps else None
        if told is None and steps:
            told = _one_after_the_other(stage, steps, (some, other), shows)
        if told is not None:
            return told
    return None


def _shared_roots(stage: Stage, some: CheckedRule, other: CheckedRule) -> list[tuple[Root, Root]]:
    both = product(roots_of(some, stage.rules), roots_of(other, stage.rules))
    return [(a, b) for a, b in both if may_be_one(a.pattern, b.pattern)]


def _both_send(some: CheckedRule, other: CheckedRule, target: str) -> Callable[[Told], bool]:
    def shows(told: Told) -> bool:
        sent = {o.rule for o in told.outcomes if o.kind is Kind.SENT and o.send == target}
        return {some.name, other.name} <= sent

    return shows


def _is_meant(stage: Stage, some: CheckedRule, other: CheckedRule, target: str) -> bool:
    """Whether the two are alternatives, or one of them answers to the message itself."""
    return are_alternatives(stage, some, other) or _answers(some, target) or _answers(other, target)


def _answers(rule: CheckedRule, target: str) -> bool:
    """Whether a rule answers to what comes of that very message: to send it again is then meant."""
    return any(name.text == target for pattern in rule.node.on.patterns for name in names_in(pattern))


def _two_events(stage: Stage, some: Root, other: Root) -> list[ast.Happening]:
    """An event for each, both at once."""
    events = [happens([root.pattern], 0, stage.setting) for root in (some, other)]
    return with_user(stage, [some, other], *events)


def _one_after_the_other(
    stage: Stage, steps: Sequence[ast.Happening], rules: Sequence[CheckedRule], shows: Callable[[Told], bool]
) -> Told | None:
    """The timeline with the event of one rule at the instant at which the other has sent, whichever way round."""
    *known, first, second = steps
    for one, next_, rule in ((first, second, rules[0]), (second, first, rules[1])):
        wait = _wait(stage, [*known, one], rule, rules)
        told = stage.find([*known, one, later_by(next_, wait)], rules, shows) if wait else None
        if told is not None:
            return told
    return None


def _wait(stage: Stage, steps: Sequence[ast.Happening], rule: CheckedRule, rules: Sequence[CheckedRule]) -> int:
    """How long (ms) after the start the rule sends, if these are all events; 0 where it does not, or at once."""
    told = stage.find(steps, rules, lambda told: told.sent_by(rule) is not None)
    sent = told.sent_by(rule) if told else None
    return sent.at - told.start if told and sent else 0


def _overlapping(
    earlier: CheckedRule, later: CheckedRule, group: Sequence[CheckedRule], target: str, told: Told
) -> Diagnostic:
    times = sum(o.kind is Kind.SENT and o.send == target for o in told.outcomes)
    often = "twice" if times == 2 else f"{times} times"
    place = next(name for name in later.node.targets if name.text == target)
    return finding(
        "CR505",
        later.source,
        place.span,
        f"{all_of(group)} send `{target}`, and {who(told)} gets it {often}",
        label=f"`{earlier.name}` stands {place_of(earlier, later)}",
        help="write one rule with all their triggers (`on … or …`), or conditions that exclude each other",
        related=related(group, later),
        witness=told.witness(f"{earlier.name} and {later.name} send {target} {often}"),
    )
