"""What a rule set makes of a few events of one user, told before anything runs: the ground that witnesses stand on.

The meaning is the reference interpreter's. Here the rules that can take part are found, by what triggers them; the
reference is asked about those, since all others would do nothing. Where that would take more work than the size of the
rule set allows, or would hardly end, or a rule that takes part means nothing as it stands, there is no telling.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

import msgspec

from connrules import ast
from connrules.check.together.sound import Soundness
from connrules.checked import Checked, CheckedRule
from connrules.event import Event, Kind, Outcome
from connrules.reference import EndlessError, evaluate
from connrules.reference.matching import matches
from connrules.reference.timing import zone_of
from connrules.vocabulary import CUSTOM_EVENT

if TYPE_CHECKING:
    from connrules.catalog import Catalog

PATIENCE = 10_000
"""How much may be gone through in all rehearsals of a rule set together, whatever its size."""
PATIENCE_PER_RULE = 16
"""And how much more for each rule, so that this grows no faster than the rules."""
COST_OF_TELLING = 4
"""What it costs to tell what a rule does, against looking whether it is triggered at all."""
MOST_CHAINED = 50
"""How many sends and cancellations may follow from one another: what goes on for longer hardly ends."""
_FAR = 2**60


class Rehearsal:
    """A rule set on which timelines are tried."""

    def __init__(
        self,
        rules: Iterable[CheckedRule],
        segments: Mapping[str, ast.Segment],
        policy: ast.Policy,
        catalog: Catalog | None,
    ) -> None:
        self._world = Checked((), catalog, segments, policy)
        self._zone = zone_of(policy)
        self._rules = tuple(rules)
        self._triggered: dict[Hashable, list[int]] = {}
        self._patience = PATIENCE + PATIENCE_PER_RULE * len(self._rules)
        self._soundness = Soundness(segments, policy)
        self._played: dict[bytes, tuple[Outcome, ...] | None] = {}
        for number, rule in enumerate(self._rules):
            for key in {key for pattern in rule.node.on.patterns for key in _keys_of_pattern(pattern)}:
                self._triggered.setdefault(key, []).append(number)

    @property
    def is_over(self) -> bool:
        """Whether so much has been gone through that there is no telling any more."""
        return self._patience < 0

    def play(self, events: Sequence[Event], lasting: int | None = None) -> tuple[Outcome, ...] | None:
        """What becomes of events of one user; None where there is no telling.

        With `lasting`, until so long (ms) after the last event: what goes on without end can be told so far.
        """
        key = msgspec.json.encode((events, lasting))
        if key not in self._played:
            self._played[key] = self._told(sorted(events, key=lambda event: event.time), lasting)
        return self._played[key]

    def _told(self, events: Sequence[Event], lasting: int | None) -> tuple[Outcome, ...] | None:
        numbers = self._taking_part(events)
        self._patience -= COST_OF_TELLING * len(numbers)
        if self.is_over or not all(map(self._is_sound, numbers)):
            return None
        checked = replace(self._world, rules=tuple(self._rules[number] for number in sorted(numbers)))
        until = _FAR if lasting is None else events[-1].time + lasting
        try:
            history = evaluate(checked, events, until=until, follow_ups=MOST_CHAINED)
        except EndlessError:
            return None
        return tuple(outcome for outcome in history.outcomes if outcome.kind not in {Kind.PENDING, Kind.GOAL})

    def _taking_part(self, events: Sequence[Event]) -> set[int]:
        """The rules that the events trigger, and those that may follow from them; not all, where patience ends."""
        found: set[int] = set()
        for event in events:
            asked = self._asked(_keys_of(event))
            found.update(number for number in asked if self._is_triggered(number, event))
        newest = found
        for _ in range(MOST_CHAINED + 1):
            names = [self._rules[number].name for number in newest]
            newest = self._asked((kind, name) for name in names for kind in (Kind.SENT, Kind.CANCELLED)) - found
            if not newest:
                break
            found |= newest
        return found

    def _asked(self, keys: Iterable[Hashable]) -> set[int]:
        """The rules that have these keys; none once patience has ended."""
        found = {number for key in keys for number in self._triggered.get(key, ())}
        self._patience -= len(found)
        return set() if self.is_over else found

    def _is_triggered(self, number: int, event: Event) -> bool:
        # A rule that means nothing is taken for one that is triggered, and then there is no telling.
        patterns = self._rules[number].node.on.patterns
        catalog = self._world.catalog
        return not self._is_sound(number) or any(matches(p, event, catalog, zone=self._zone) for p in patterns)

    def _is_sound(self, number: int) -> bool:
        return self._soundness.has(self._rules[number].node)


def _keys_of_pattern(pattern: ast.Pattern) -> Iterator[Hashable]:
    """What a pattern is found by."""
    match pattern:
        case ast.EventPattern(word, ast.Objects(names)):
            yield from ((word.text, name.text) for name in names)
        case ast.EventPattern(word):
            yield (word.text, None)
        case ast.CustomEvent(name):
            yield (CUSTOM_EVENT, name.text)
        case ast.SentRule(rule):
            yield (Kind.SENT, rule.text)
        case ast.CancelledRule(rule):
            yield (Kind.CANCELLED, rule.text)
        case _:
            assert_never(pattern)


def _keys_of(event: Event) -> Iterator[Hashable]:
    about = event.campaign or event.card or event.name
    if about is not None:
        yield (event.type, about)
    yield (event.type, None)
