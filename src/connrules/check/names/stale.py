"""Entries of the catalog whose status contradicts their dates: the catalog was written down some time ago.

The dates decide what is active; the status only tells how things stood when the catalog was written. One that was
true once, and by its dates is no more, shows that the catalog is old, and maybe wrong in other ways too. A status of
later than the date that is asked about is no contradiction: one may look back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from connrules.catalog import Status
from connrules.check.names.binding import Mention, Names, mentions
from connrules.check.names.lifetime import FINAL, PLANNED, is_over
from connrules.check.patterns import interaction_of, names_in
from connrules.checked import CheckedRule
from connrules.codes import finding
from connrules.diagnostic import Diagnostic, Related
from connrules.duration import day
from connrules.vocabulary import ObjectKind

if TYPE_CHECKING:
    from connrules.catalog import Entry


class _Stale(NamedTuple):
    """An entry where it is named first, with what its dates say."""

    rule: CheckedRule
    mention: Mention
    entry: Entry
    dates: str

    @property
    def in_words(self) -> str:
        return f"its status is {self.entry.status}, and {self.dates}"


def check_stale(rules: Sequence[CheckedRule], names: Names, as_of: int | None) -> Iterator[Diagnostic]:
    """One finding for all entries with the same to correct, however many became old on a day; none for an entry that is
    over, so that a rule cannot work.
    """
    if as_of is None:
        return
    alike: dict[str, list[_Stale]] = {}
    said = {name for rule in rules for name in _started_by_or_sent(rule)}
    for rule, mention, entry in _first_mentions(rules, names):
        if (mention.kind, mention.name.text) in said and is_over(entry, as_of):
            continue
        contradiction = _contradiction(entry, as_of)
        if contradiction is not None:
            dates, remedy = contradiction
            alike.setdefault(remedy, []).append(_Stale(rule, mention, entry, dates))
    for remedy, entries in alike.items():
        yield _stale(entries, remedy)


def _started_by_or_sent(rule: CheckedRule) -> Iterator[tuple[ObjectKind, str]]:
    for pattern in rule.node.on.patterns:
        interaction = interaction_of(pattern)
        if interaction is not None:
            yield from ((interaction.object, name.text) for name in names_in(pattern))
    yield from ((ObjectKind.CAMPAIGN, target.text) for target in rule.node.targets)


def _first_mentions(rules: Sequence[CheckedRule], names: Names) -> Iterator[tuple[CheckedRule, Mention, Entry]]:
    seen: set[tuple[ObjectKind, str]] = set()
    for rule in rules:
        for mention in mentions(rule.node):
            key = (mention.kind, mention.name.text)
            found = [] if key in seen else names.catalog.named(*key)
            seen.add(key)
            if len(found) == 1:
                yield rule, mention, found[0]


def _contradiction(entry: Entry, as_of: int) -> tuple[str, str] | None:
    """What the dates say, and what to correct; None where status and dates go together."""
    if not entry.intervals:
        return None
    (start, _), (_, end) = entry.intervals[0], entry.intervals[-1]
    is_said = "status" in entry.model_fields_set  # who leaves it out says nothing
    if entry.status in PLANNED and start <= as_of and (entry.active_at(as_of) or is_over(entry, as_of)):
        now = "active" if entry.active_at(as_of) else "stopped"
        return f"it was published on {day(start)}", f'write `status = "{now}"`, or correct `published_at`'
    if entry.status is Status.ACTIVE and is_said and end is not None and end <= as_of:
        return f"it was stopped on {day(end)}", 'write `status = "stopped"`, or correct `stopped_at`'
    if entry.status in FINAL and end is None:
        return "no date says when it was stopped, so it goes on", "write its `stopped_at`, or correct its status"
    return None


def _stale(entries: Sequence[_Stale], remedy: str) -> Diagnostic:
    first, *others = entries
    which = f"`{first.entry.name}`"
    if others:
        which = f"{len(entries)} campaigns and cards, such as {which}"
    return finding(
        "CR220",
        first.rule.source,
        first.mention.name.span,
        f"the catalog contradicts itself about {which}: {first.in_words}",
        label="the dates decide; the status seems to be older",
        help=f"{remedy}, in the catalog",
        related=tuple(Related(other.rule.source, other.mention.name.span, other.in_words) for other in others),
    )
