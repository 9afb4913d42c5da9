"""Rules whose sends a limit of the policy stops, because other rules always send first.

It is proved where at every instant at which the rule is due, so many others as the limit allows have just been due,
and whatever stops one of those stops this rule too (CR506). It is likely where others with the same trigger are due
before it, within the window of the limit, and nothing is seen to stop them (CR509). A rule's own `once` and `at most`
count its own sends, and so silence no other.
"""

from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import replace

from connrules import ast
from connrules.check.patterns import meanings
from connrules.check.together.pairs import one_event
from connrules.check.together.roots import roots_of
from connrules.check.together.side_by_side import listed, place_of, related
from connrules.check.together.timeline import Stage, Told
from connrules.checked import CheckedRule
from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.event import Outcome
from connrules.reference.timing import window_of

_NEAREST = 16
"""How many of the rules that are due before it a rule is compared with."""

Taken = tuple[ast.Limit, list[CheckedRule]]
"""A limit, and rules that use up what it allows."""


def check_crowded_out(stage: Stage, copies: Collection[str]) -> Iterator[Diagnostic]:
    """Rules that never send, and those that hardly do; `copies` are the rules that have a finding as such."""
    if not stage.index.policy.limits:
        return
    rules = [rule for rule in stage.rules.values() if rule.name not in copies]
    proved = {}
    for rule, taken in _always_first(stage, rules):
        proved[rule.name] = taken
        yield from _told(stage, rule, taken, is_proved=True)
    for rule, taken in _mostly_first(stage, [rule for rule in rules if rule.name not in proved]):
        yield from _told(stage, rule, taken, is_proved=False)


# Proved


def _always_first(stage: Stage, rules: Sequence[CheckedRule]) -> Iterator[tuple[CheckedRule, Taken]]:
    in_step: dict[Hashable, list[CheckedRule]] = {}
    for rule in rules:
        before = in_step.setdefault(_step(rule.node, stage), [])
        taken = _taken(stage, rule, [other for other in before[-_NEAREST:] if _stops_too(stage, other, rule)])
        taken = taken or _by_its_cause(stage, rule)
        if taken is not None:
            yield rule, taken
        if rule.node.eligibility is None and rule.node.hold_out is None:
            before.append(rule)


def _step(rule: ast.Rule, stage: Stage) -> Hashable:
    """Equal for rules that wait for the same, at the same times, and are due at the same instants."""
    return (
        frozenset(meanings(rule, rule.on.patterns)),
        rule.if_,
        None if rule.after and rule.after.delay.ms == 0 else rule.delay,
        frozenset(meanings(rule, rule.unless.patterns)) if rule.unless else None,
        rule.per,
        rule.still_if,
        window_of(rule, stage.index.policy),
        rule.from_,
        rule.until,
        stage.intervals(rule.targets[0]) if len(rule.targets) == 1 else rule,
    )


def _stops_too(stage: Stage, first: CheckedRule, rule: CheckedRule) -> bool:
    """Whether every limit that may stop the first rule stops the other as well."""
    return all(stage.counts(limit, rule) for limit in stage.index.policy.limits if stage.may_count(limit, first))


def _by_its_cause(stage: Stage, rule: CheckedRule) -> Taken | None:
    """A limit that the very send which triggers the rule uses up: `on sent welcome after 1h` under `limit 1 per 1d`."""
    node = rule.node
    if window_of(node, stage.index.policy) is not None or not isinstance(node.delay, ast.After | None):
        return None
    causes = [stage.rules.get(p.rule.text) for p in node.on.patterns if isinstance(p, ast.SentRule)]
    known = [cause for cause in causes if cause is not None]
    if len(known) < len(node.on.patterns):
        return None
    wait = node.delay.delay.ms if node.delay else 0
    for limit in stage.index.policy.limits:
        counted = stage.counts(limit, rule) and all(stage.counts(limit, cause) for cause in known)
        if counted and limit.count == 1 and wait < limit.window.ms:
            return limit, known
    return None


def _taken(stage: Stage, rule: CheckedRule, others: Sequence[CheckedRule]) -> Taken | None:
    """The first limit that those rules use up."""
    for limit in stage.index.policy.limits:
        takers = [other for other in others if stage.counts(limit, other)]
        if stage.counts(limit, rule) and len(takers) >= limit.count > 0:
            return limit, takers[: limit.count]
    return None


# Likely


def _mostly_first(stage: Stage, rules: Sequence[CheckedRule]) -> Iterator[tuple[CheckedRule, Taken]]:
    """By the event that triggers them, rules in the order in which they are due."""
    by_event: dict[Hashable, list[tuple[int, int, CheckedRule]]] = {}
    for rule in rules:
        wait = _plain_wait(rule.node, stage)
        if wait is not None:
            for key in _events(rule.node):
                by_event.setdefault(key, []).append((wait, stage.place_of(rule.name), rule))
    found: set[str] = set()
    for due in by_event.values():
        due.sort(key=lambda entry: entry[:2])
        for place, (wait, _, rule) in enumerate(due):
            nearest = due[max(0, place - _NEAREST) : place]
            taken = _taken_within(stage, rule, wait, nearest) if rule.name not in found else None
            if taken is not None:
                found.add(rule.name)
                yield rule, taken


def _plain_wait(rule: ast.Rule, stage: Stage) -> int | None:
    """How long (ms) a rule waits, where no clock decides it."""
    if not isinstance(rule.delay, ast.After | None):
        return None
    window = window_of(rule, stage.index.policy)
    return None if window is not None else rule.delay.delay.ms if rule.delay else 0


def _events(rule: ast.Rule) -> set[Hashable]:
    return set(meanings(rule, tuple(_bare(pattern) for pattern in rule.on.patterns)))


def _bare(pattern: ast.Pattern) -> ast.Pattern:
    return replace(pattern, where=None) if isinstance(pattern, ast.EventPattern | ast.CustomEvent) else pattern


def _taken_within(
    stage: Stage, rule: CheckedRule, wait: int, nearest: Sequence[tuple[int, int, CheckedRule]]
) -> Taken | None:
    for limit in stage.index.policy.limits:
        takers = [
            other
            for earlier, _, other in nearest
            if wait - earlier < limit.window.ms and stage.counts(limit, other) and _is_likelier(other.node, rule.node)
        ]
        if stage.counts(limit, rule) and len(takers) >= limit.count > 0:
            return limit, takers[: limit.count]
    return None


def _is_likelier(other: ast.Rule, rule: ast.Rule) -> bool:
    """Whether all that leads to a send of the rule leads to one of the other, as far as is seen."""
    if other.eligibility or other.hold_out or other.per != rule.per:
        return False
    if other.if_ not in {None, rule.if_} or other.still_if not in {None, rule.still_if}:
        return False
    if (other.from_, other.until) != (None, None) and (other.from_, other.until) != (rule.from_, rule.until):
        return False
    restarts = [bool(node.after and node.after.restarting) for node in (other, rule)]
    exceptions = [set(meanings(node, node.unless.patterns)) if node.unless else set() for node in (other, rule)]
    triggers = set(meanings(other, other.on.patterns))
    bare = meanings(rule, tuple(map(_bare, rule.on.patterns)))
    matched = zip(meanings(rule, rule.on.patterns), bare, strict=True)
    return (
        restarts[0] == restarts[1]
        and exceptions[0] <= exceptions[1]
        and all(meaning in triggers or general in triggers for meaning, general in matched)
    )


# Findings


def _told(stage: Stage, rule: CheckedRule, taken: Taken, *, is_proved: bool) -> Iterator[Diagnostic]:
    """The finding, where there is a timeline that shows it."""
    for root in roots_of(rule, stage.rules):
        steps = one_event(stage, root, root)
        told = stage.find(steps, (rule, *taken[1]), lambda told: told.limited(rule) is not None) if steps else None
        dropped = told.limited(rule) if told else None
        if told is not None and dropped is not None:
            limit, takers = taken
            sent = [stage.rules[outcome.rule] for outcome in told.sent if outcome.at <= dropped.at]
            seen = [other for other in sent if stage.counts(limit, other)][: limit.count]
            taken = limit, seen if len(seen) == limit.count else takers
            yield (_shadowed if is_proved else _silent)(rule, taken, told, dropped)
            return


def _shadowed(rule: CheckedRule, taken: Taken, told: Told, dropped: Outcome) -> Diagnostic:
    limit, takers = taken
    return finding(
        "CR506",
        rule.source,
        rule.node.send.span,
        f"`{rule.name}` can never send: {listed(takers)} always {_comes(takers)} first, "
        f"and `{_spelled(limit)}` allows no more",
        label=f"dropped as `limited` each time; `{takers[0].name}` stands {place_of(takers[0], rule)}",
        help=_remedy(limit),
        related=related(takers, rule, "this one sends first"),
        witness=told.witness(f"{rule.name} is limited", dropped),
        silent_rule=rule.name,
    )


def _silent(rule: CheckedRule, taken: Taken, told: Told, dropped: Outcome) -> Diagnostic:
    limit, takers = taken
    return finding(
        "CR509",
        rule.source,
        rule.node.send.span,
        f"`{rule.name}` will hardly ever send: {listed(takers)} {_comes(takers)} first, "
        f"and `{_spelled(limit)}` allows no more",
        label=f"dropped as `limited`; `{takers[0].name}` stands {place_of(takers[0], rule)}",
        help=_remedy(limit),
        related=related(takers, rule, "this one sends first"),
        witness=told.witness(f"{rule.name} is limited", dropped),
    )


def _comes(takers: Sequence[CheckedRule]) -> str:
    return "comes" if len(takers) == 1 else "come"


def _remedy(limit: ast.Limit) -> str:
    longer = f"wait until the limit's window is over, e.g. `after {limit.window.spelling}` behind the other send"
    more = f"allow more in the policy, e.g. `{_spelled(replace(limit, count=limit.count + 1))}`"
    return f"{longer}; {more}; or delete the rule"


def _spelled(limit: ast.Limit) -> str:
    to = f" {limit.channel.text} to" if limit.channel else ""
    return f"limit{to} {limit.count} per {limit.window.spelling}"
