"""Rules whose every send would come too late: the rule or its target ends before any could be due.

A trigger at the instant t counts while its source and the target are active and the rule is live; its send, due at t
plus the delay, needs the target active and the rule live once more. All of that is sets of instants, so the question
is whether one set is empty. What the catalog does not date counts as always active: no rule is refused on a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from connrules import ast
from connrules.catalog import ALWAYS, Interval
from connrules.check.names.binding import Bindings
from connrules.check.patterns import interaction_of
from connrules.check.waits.waiting import shortest_wait
from connrules.checked import CheckedRule
from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.duration import day, format_duration
from connrules.text import Span

if TYPE_CHECKING:
    from connrules.catalog import Entry

Intervals = tuple[Interval, ...]
"""Half-open, in epoch milliseconds; without an end: open."""

_START = ALWAYS[0][0]


def check_too_late(rule: CheckedRule, bindings: Bindings | None) -> Iterator[Diagnostic]:
    """One finding where nobody can ever receive the message; the catalog's dates count where there are bindings."""
    live = life_of(rule.node)
    delay = shortest_wait(rule.node)
    if not live:
        yield _ends_before_it_begins(rule)
    elif not meet(live, _earlier(live, delay)):
        yield _outlasts_the_rule(rule, delay)
    elif bindings is not None:
        yield from _with_catalog(rule, bindings, live, delay)


def life_of(rule: ast.Rule) -> Intervals:
    """When a rule lives: from its `from` until its `until`."""
    start = rule.from_.time.ms if rule.from_ else _START
    end = rule.until.time.ms if rule.until else None
    return ((start, end),) if end is None or start < end else ()


def _with_catalog(rule: CheckedRule, bindings: Bindings, live: Intervals, delay: int) -> Iterator[Diagnostic]:
    sources = sources_active(rule.node, bindings)
    for name in rule.node.targets:
        entry = bindings.get(name.span)
        # Two that are never active together are so whatever the rule says: that is about their dates.
        if entry is not None and meet(sources, entry.intervals):
            yield from _for_target(rule, (name, entry), sources, live, delay)


def _for_target(
    rule: CheckedRule, sent: tuple[ast.Name, Entry], sources: Intervals, live: Intervals, delay: int
) -> Iterator[Diagnostic]:
    name, entry = sent
    target = entry.intervals
    triggers = meet(meet(sources, target), live)
    if meet(triggers, _earlier(meet(target, live), delay)):
        return
    ends = f"`{entry.name}` is active {in_words(target)}"
    if not triggers:
        label = f"{ends}, and no trigger counts while the rule is live"
        remedy = "correct `from` and `until`, or the dates in the catalog"
        message = f"`{entry.name}` can never be sent by this rule"
        yield _finding(rule, name.span, message, label, remedy)
        return
    assert rule.node.delay is not None  # without a delay the send is due when the trigger counts
    label = f"{ends}; {_first_due(rule.node, triggers[0][0] + delay)}"
    remedy = "write a shorter delay, or correct the dates in the catalog"
    message = f"every send comes too late for `{entry.name}`"
    yield _finding(rule, rule.node.delay.span, message, label, remedy)


def sources_active(rule: ast.Rule, bindings: Bindings) -> Intervals:
    """When some trigger can count; always, where one has no dates."""
    found: list[Interval] = []
    for pattern in rule.on.patterns:
        if interaction_of(pattern) is None or not isinstance(pattern, ast.EventPattern):
            return ALWAYS
        if not isinstance(pattern.of, ast.Objects):
            return ALWAYS
        for name in pattern.of.names:
            entry = bindings.get(name.span)
            if entry is None or not entry.intervals:
                return ALWAYS
            found.extend(entry.intervals)
    return tuple(sorted(found, key=lambda interval: interval[0]))


def meet(some: Iterable[Interval], others: Intervals) -> Intervals:
    """The instants that are in both."""
    common = [
        (max(start, other), end if to is None else to if end is None else min(end, to))
        for start, end in some
        for other, to in others
    ]
    return tuple((start, end) for start, end in common if end is None or start < end)


def _earlier(intervals: Intervals, by: int) -> Intervals:
    return tuple((start - by, None if end is None else end - by) for start, end in intervals)


def in_words(intervals: Intervals) -> str:
    """From when until when, gaps left out: `from 2026-03-01 until 2026-05-03`, or `always`."""
    (start, _), (_, end) = intervals[0], intervals[-1]
    since = "" if start == _START else f"from {day(start)}"
    till = "" if end is None else f"until {day(end)}"
    return f"{since} {till}".strip() or "always"


def _first_due(rule: ast.Rule, earliest: int) -> str:
    return f"the first send would be due {'on' if rule.after else 'after'} {day(earliest)}"


def _ends_before_it_begins(rule: CheckedRule) -> Diagnostic:
    from_, until = rule.node.from_, rule.node.until
    assert from_ is not None
    assert until is not None
    label = f"it begins only on {day(from_.time.ms)}"
    return _finding(rule, until.span, "the rule ends before it begins", label, "write an `until` after `from`")


def _outlasts_the_rule(rule: CheckedRule, delay: int) -> Diagnostic:
    node = rule.node
    assert node.delay is not None
    assert node.from_ is not None
    assert node.until is not None
    lifetime = format_duration(node.until.time.ms - node.from_.time.ms)
    label = f"the rule lives for {lifetime}; {_first_due(node, node.from_.time.ms + delay)}"
    remedy = f"write a delay shorter than `{lifetime}`, or a later `until`"
    return _finding(rule, node.delay.span, "every send comes after the end of the rule", label, remedy)


def _finding(rule: CheckedRule, span: Span, message: str, label: str, remedy: str) -> Diagnostic:
    silent_rule = rule.name if len(rule.node.targets) == 1 else ""  # of several targets, others may be in time
    return finding("CR307", rule.source, span, message, label=label, help=remedy, silent_rule=silent_rule)
