"""Rules that send different messages at one instant, because of one event, where no limit says how many a user gets.

Rules are compared only where they share a trigger and wait as long, each with a bounded number of those before it.
"""

from collections.abc import Collection, Hashable, Iterator, Sequence
from itertools import product

from connrules import ast
from connrules.check.patterns import names_in
from connrules.check.together.pairs import are_alternatives, one_event, pairs
from connrules.check.together.roots import may_be_one, roots_of
from connrules.check.together.side_by_side import all_of, in_order, place_of, related, who
from connrules.check.together.timeline import Stage, Told
from connrules.checked import CheckedRule
from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.event import Kind, Outcome
from connrules.reference.timing import window_of


def check_simultaneous(stage: Stage, copies: Collection[str]) -> Iterator[Diagnostic]:
    """Rules that send at once; `copies` are the rules that have a finding as such."""
    alike: dict[Hashable, list[CheckedRule]] = {}
    for rule in stage.rules.values():
        if rule.name not in copies:
            for key in dict.fromkeys(_moments(rule.node, stage.index.policy)):
                alike.setdefault(key, []).append(rule)
    found: set[str] = set()
    for rules in alike.values():
        for earlier, later in pairs(rules, found):
            told = _at_once(stage, earlier, later)
            if told is not None:
                group = _sending_with(earlier, told, stage)
                found.update(rule.name for rule in group[1:])
                yield _simultaneous(earlier, later, group, told)


def _moments(rule: ast.Rule, policy: ast.Policy) -> Iterator[Hashable]:
    """By what it is known that rules are due at once: a trigger that they share, the same wait, the same window."""
    delay = None if rule.after and rule.after.delay.ms == 0 else rule.delay
    wait = (delay.delay if isinstance(delay, ast.After) else delay, window_of(rule, policy))
    for pattern in rule.on.patterns:
        if isinstance(pattern, ast.CustomEvent):
            yield ("event", pattern.name.text, wait)
        elif isinstance(pattern, ast.EventPattern):
            yield from ((pattern.word.text, name.text, wait) for name in names_in(pattern))
            if not names_in(pattern):
                yield (pattern.word.text, None, wait)
        elif isinstance(pattern, ast.SentRule):
            yield ("sent", pattern.rule.text, wait)


def _at_once(stage: Stage, some: CheckedRule, other: CheckedRule) -> Told | None:
    """A timeline of one event because of which both send, at one instant and not the same."""

    def shows(told: Told) -> bool:
        one, two = told.sent_by(some), told.sent_by(other)
        return (
            one is not None
            and two is not None
            and (one.at, one.trigger) == (two.at, two.trigger)
            and one.send != two.send
        )

    if some.node.send == other.node.send or _have_a_limit(stage, some, other) or are_alternatives(stage, some, other):
        return None
    for a, b in product(roots_of(some, stage.rules), roots_of(other, stage.rules)):
        steps = one_event(stage, a, b) if may_be_one(a.pattern, b.pattern) else []
        told = stage.find(steps, (some, other), shows) if steps else None
        if told is not None:
            return told
    return None


def _have_a_limit(stage: Stage, some: CheckedRule, other: CheckedRule) -> bool:
    """Whether a limit of the policy counts both: it has been decided how many a user gets."""
    return any(stage.counts(limit, some) and stage.counts(limit, other) for limit in stage.index.policy.limits)


def _sending_with(rule: CheckedRule, told: Told, stage: Stage) -> list[CheckedRule]:
    """The rules that send at the instant at which that one does, because of the same event, in rule-set order."""
    sent = told.sent_by(rule)
    assert sent is not None
    return in_order({o.rule for o in told.outcomes if _is_with(o, sent)}, stage)


def _is_with(outcome: Outcome, sent: Outcome) -> bool:
    return outcome.kind is Kind.SENT and (outcome.at, outcome.trigger) == (sent.at, sent.trigger)


def _simultaneous(earlier: CheckedRule, later: CheckedRule, group: Sequence[CheckedRule], told: Told) -> Diagnostic:
    count = "two messages" if len(group) == 2 else f"{len(group)} messages"
    return finding(
        "CR508",
        later.source,
        later.node.send.span,
        f"{all_of(group)} send at the same moment, and {who(told)} gets {count} at once",
        label=f"`{earlier.name}` stands {place_of(earlier, later)}",
        help="let one of them wait longer, e.g. `after 1d`, or say in the policy how many messages a user may get",
        related=related(group, later),
        witness=told.witness(f"{earlier.name} and {later.name} send at once"),
    )
