"""Exceptions of campaigns and cards that are over before anybody waits, or begin when nobody waits any more.

A wait leads to a send only while the source, the rule and the target are alive; when users wait is a set of instants.
When an exception can happen is another: nothing of a campaign happens before it is published. Afterwards people open
old messages and click on them, but nobody is reached by one that is over any more. The question is whether the two
sets meet. What the catalog does not date counts as always active, so nothing is found on a guess.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from connrules import ast
from connrules.catalog import ALWAYS
from connrules.check.names.binding import Bindings
from connrules.check.names.fit import lacking
from connrules.check.patterns import interaction_of, names_in
from connrules.check.waits.too_late import Intervals, in_words, life_of, meet, sources_active
from connrules.check.waits.waiting import can_wait, longest_wait
from connrules.checked import CheckedRule
from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.vocabulary import Interaction

if TYPE_CHECKING:
    from connrules.catalog import Entry


def check_exception_times(rule: CheckedRule, bindings: Bindings, policy: ast.Policy) -> Iterator[Diagnostic]:
    """A warning for each campaign or card of which nothing can happen while anybody waits."""
    if rule.node.unless is None or not can_wait(rule.node, policy):
        return
    waits = _waits(rule.node, bindings, policy)
    for pattern in rule.node.unless.patterns if waits else ():
        interaction = interaction_of(pattern)
        for name in names_in(pattern) if interaction else ():
            entry = bindings.get(name.span)
            if entry is None or interaction is None or lacking(entry, interaction):
                continue
            if entry.intervals and not meet(waits, _happens(entry, interaction)):
                yield _never_meets(rule, name, entry, interaction, waits)


def _waits(rule: ast.Rule, bindings: Bindings, policy: ast.Policy) -> Intervals:
    """The instants at which an event could cancel something that would be sent."""
    alive = meet(_targets_active(rule, bindings), life_of(rule))
    triggers = meet(sources_active(rule, bindings), alive)
    last = longest_wait(rule, policy) - 1
    waits = tuple((start, None if end is None else end + last) for start, end in triggers)
    ends = [end for _, end in alive if end is not None]
    return meet(waits, ((ALWAYS[0][0], max(ends) - 1),)) if len(ends) == len(alive) > 0 else waits


def _targets_active(rule: ast.Rule, bindings: Bindings) -> Intervals:
    """When some target is active; always, where one has no dates."""
    entries = [bindings.get(target.span) for target in rule.targets]
    if not all(entry and entry.intervals for entry in entries):
        return ALWAYS
    return tuple(sorted({interval for entry in entries if entry for interval in entry.intervals}, key=_start))


def _start(interval: tuple[int, int | None]) -> int:
    return interval[0]


def _happens(entry: Entry, interaction: Interaction) -> Intervals:
    return entry.intervals if interaction.passive else ((entry.intervals[0][0], None),)


def _never_meets(
    rule: CheckedRule, name: ast.Name, entry: Entry, interaction: Interaction, waits: Intervals
) -> Diagnostic:
    active = f"{in_words(entry.intervals)}{', with a pause,' if len(entry.intervals) > 1 else ','}"
    waiting = in_words(tuple((start, None if end is None else end + 1) for start, end in waits))
    return finding(
        "CR312",
        rule.source,
        name.span,
        f"`{interaction.word}` of `{entry.name}` cannot happen while anybody waits here",
        label=f"it is active {active} and users wait {waiting}",
        help="delete it, or name one that is active while users wait; or correct the dates in the catalog",
    )
