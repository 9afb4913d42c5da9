"""Pairs of a source and the follow-on that a rule sends after it, with the time in which the source can trigger it.

A source is a campaign or card that a trigger names. `sent R` and `cancelled R` speak of the campaigns that the rule `R`
sends: those are its sources, while `R` can send them, or lets users wait for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connrules import ast, catalog
from connrules.catalog import ALWAYS
from connrules.check.patterns import interaction_of, names_in
from connrules.check.publishing.times import Intervals, is_dated, since, union
from connrules.check.waits.too_late import life_of, meet
from connrules.check.waits.waiting import shortest_wait
from connrules.checked import CheckedRule
from connrules.text import Span
from connrules.vocabulary import ObjectKind

if TYPE_CHECKING:
    from connrules.catalog import Catalog, Entry

Entries = Callable[[ObjectKind, str], "Entry | None"]
"""Finds the one campaign or card of a name; None where there is none, or more than one."""

_DEEPEST = 50
"""How many rules that wait for one another are followed; what comes behind them counts as possible at any time."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A source and a follow-on of one rule."""

    rule: CheckedRule
    place: Span
    """Where the rule's trigger names the source, or the rule that sends it."""
    kind: ObjectKind
    source: Entry
    target: Entry
    words: tuple[str, ...]
    """The interactions that count; of a source that another rule sends: `sent` or `cancelled`."""
    when: Intervals
    """When those can happen, by the dates of the catalog."""
    sender: CheckedRule | None = None
    """The rule that sends the source, where the trigger names that instead."""
    is_utc: bool = True
    """Whether a bare date of the rule begins at 00:00 UTC, as one of the catalog does."""

    @property
    def is_final(self) -> bool:
        """Whether some user can be lost for good: by what comes about without users, once."""
        return any(map(_is_final, self.words))

    @property
    def is_one_shot(self) -> bool:
        """Whether what the trigger waits for happens to everybody at once, when the source is published."""
        once = isinstance(self.source, catalog.Campaign) and self.source.one_shot and self.sender is None
        return once and all(map(_is_final, self.words))

    @property
    def is_to_itself(self) -> bool:
        """Whether source and follow-on are the same campaign."""
        return self.kind is ObjectKind.CAMPAIGN and self.source is self.target

    @property
    def lived(self) -> Intervals:
        """When its source can trigger the rule."""
        return meet(self.when, life_of(self.rule.node))


def _is_final(word: str) -> bool:
    return word.startswith("received_") or word in {"entered_control", "sent"}


@dataclass(frozen=True, slots=True)
class RulePairs:
    """A rule, its pairs, and when it can be triggered at all."""

    rule: CheckedRule
    pairs: tuple[Pair, ...]
    triggers: Intervals
    """When some trigger can happen: at any time, where one has no dates."""


def entries_of(catalog: Catalog) -> Entries:
    """The campaigns and cards of a catalog."""

    def entry(kind: ObjectKind, name: str) -> Entry | None:
        found = catalog.named(kind, name)
        return found[0] if len(found) == 1 else None

    return entry


def pairs_of(
    rules: Iterable[CheckedRule],
    by_name: Mapping[str, CheckedRule],
    entry: Entries,
    policy: ast.Policy = ast.Policy(),  # noqa: B008  # frozen
) -> Iterator[RulePairs]:
    """The pairs of each rule, of those whose names are known."""
    world = _World(by_name, entry, is_utc=policy.time_zone is None or policy.time_zone.name == "UTC")
    for rule in rules:
        yield RulePairs(rule, tuple(_pairs_of(rule, world)), world.triggers_of(rule.node))


def _pairs_of(rule: CheckedRule, world: _World) -> Iterator[Pair]:
    targets = [world.entry(ObjectKind.CAMPAIGN, name.text) for name in rule.node.targets]
    distinct = {target.name: target for target in targets if target}
    for source in world.sources_of(rule.node):
        for target in distinct.values():
            words, sender = tuple(source.words), source.sender
            yield Pair(rule, source.place, source.kind, source.entry, target, words, source.when, sender, world.is_utc)


@dataclass(slots=True)
class _Source:
    place: Span
    kind: ObjectKind
    entry: Entry
    when: Intervals
    words: list[str]
    sender: CheckedRule | None = None


class _World:
    """A rule set and its catalog: when rules can be triggered and can send."""

    def __init__(self, rules: Mapping[str, CheckedRule], entry: Entries, *, is_utc: bool) -> None:
        self._rules = rules
        self.entry = entry
        self.is_utc = is_utc
        self._outcomes: dict[tuple[str, str, str], Intervals] = {}
        self._depth = 0

    def sources_of(self, rule: ast.Rule) -> Iterable[_Source]:
        """The sources that the triggers name, each where it is named first, with all that counts of it."""
        found: dict[tuple[str, ObjectKind, str], _Source] = {}
        for pattern in rule.on.patterns:
            for source in self._sources_in(pattern):
                sender = source.sender.name if source.sender else ""
                known = found.setdefault((sender, source.kind, source.entry.name), source)
                if known is not source:
                    known.words.extend(source.words)
                    known.when = union((*known.when, *source.when))
        return found.values()

    def triggers_of(self, rule: ast.Rule) -> Intervals:
        """When some trigger of a rule can happen, whatever is asked of the rule then."""
        return union(interval for pattern in rule.on.patterns for interval in self._when(pattern))

    def _sources_in(self, pattern: ast.Pattern) -> Iterator[_Source]:
        interaction = interaction_of(pattern)
        if interaction is not None:
            for name in names_in(pattern):
                entry = self.entry(interaction.object, name.text)
                if entry is not None:
                    yield _Source(name.span, interaction.object, entry, entry.intervals, [interaction.word])
        elif isinstance(pattern, ast.SentRule | ast.CancelledRule) and pattern.rule.text in self._rules:
            yield from self._sources_sent_by(self._rules[pattern.rule.text], pattern)

    def _sources_sent_by(self, sender: CheckedRule, pattern: ast.SentRule | ast.CancelledRule) -> Iterator[_Source]:
        word = "sent" if isinstance(pattern, ast.SentRule) else "cancelled"
        for name in sender.node.targets:
            entry = self.entry(ObjectKind.CAMPAIGN, name.text)
            if entry is not None:
                when = self._outcomes_of(sender, entry, word)
                yield _Source(pattern.rule.span, ObjectKind.CAMPAIGN, entry, when, [word], sender)

    def _when(self, pattern: ast.Pattern) -> Intervals:
        """When a pattern can be matched: always, where something about it has no dates."""
        if isinstance(pattern, ast.SentRule | ast.CancelledRule):
            known = list(self._sources_in(pattern))
            rule = self._rules.get(pattern.rule.text)
            whole = rule is not None and len(known) == len(rule.node.targets)
            return union(i for source in known for i in source.when) if whole else ALWAYS
        interaction = interaction_of(pattern)
        names = names_in(pattern)
        entries = [self.entry(interaction.object, name.text) for name in names] if interaction else []
        if not entries or not all(entry and entry.intervals for entry in entries):
            return ALWAYS
        return union(interval for entry in entries if entry for interval in entry.intervals)

    def _outcomes_of(self, rule: CheckedRule, target: Entry, word: str) -> Intervals:
        """When a rule can send that campaign, or can cancel what users wait for."""
        key = (word, rule.name, target.name)
        if key not in self._outcomes:
            if self._depth >= _DEEPEST:
                return ALWAYS
            self._outcomes[key] = ALWAYS  # of rules that wait for one another in a circle, one has to count as possible
            self._depth += 1
            self._outcomes[key] = self._computed(rule.node, target, word)
            self._depth -= 1
        return self._outcomes[key]

    def _computed(self, rule: ast.Rule, target: Entry, word: str) -> Intervals:
        possible = meet(life_of(rule), target.intervals)
        triggers = meet(self.triggers_of(rule), possible)
        if word == "cancelled":
            return since(ALWAYS, triggers[0][0]) if triggers else ()
        if not is_dated(triggers):
            return possible if triggers else ()
        # Where a clock or a window has a say, sends may come at any time after the first that could be due.
        return since(possible, triggers[0][0] + shortest_wait(rule))
