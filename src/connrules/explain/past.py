"""A user's past: the events, what the reference interpreter makes of them, and what it would make of others."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from functools import cached_property

import msgspec

from connrules import ast
from connrules.check import Checked, CheckedRule
from connrules.check.patterns import patterns_of
from connrules.event import Event, Kind, Outcome, Profiles
from connrules.reference import evaluate
from connrules.reference.admission import admit
from connrules.reference.matching import Happening, matches
from connrules.reference.timing import zone_of
from connrules.vocabulary import ATTRIBUTES, CUSTOM_EVENT

_WAITS = frozenset({Kind.SENT, Kind.CANCELLED, Kind.DROPPED, Kind.RESTARTED, Kind.PENDING})


@dataclass(frozen=True)
class Past:
    """Everything about one user, up to the instant `end`."""

    checked: Checked
    user: str
    all_events: Sequence[Event]
    """In their total order, none of them late, each with an id."""
    end: int
    dedupe: int = 0
    profiles: Profiles | None = None
    since: int | None = None
    """What came before that instant counts, but is not told."""

    @cached_property
    def events(self) -> list[Event]:
        """The events that are no repeats, in their total order."""
        return admit(self.all_events, 0, self.dedupe).events

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """What became of every trigger."""
        return self._replay(self.checked, self.all_events, self.end)

    def if_moved(self, event: Event, to: int, rule: CheckedRule, until: int) -> list[Outcome]:
        """What would have become of that rule's triggers up to an instant, had an event come at another."""
        changed = (msgspec.structs.replace(e, time=to) if e is event else e for e in self._events_for[rule.name])
        in_order = sorted((e for e in changed if e.time <= until), key=lambda e: e.time)
        return self._replay(self._related[rule.name], in_order, until)

    def effort(self, rule: CheckedRule) -> int:
        """How many events `if_moved` replays, at most."""
        return len(self._events_for[rule.name])

    def sends(self, place: int, start: int | None, end: int) -> list[Outcome]:
        """What was sent in `(start, end]`, by any rule, of the outcomes before the one at a place; None: since ever."""
        first = 0 if start is None else bisect_right(self._sends, start, key=lambda each: self.outcomes[each].at)
        last = bisect_left(self._sends, place)
        return [send for each in self._sends[first:last] if (send := self.outcomes[each]).at <= end]

    def later_waits(self, rule: str, place: int) -> Iterator[int]:
        """The places of the outcomes after a place that ended waits of a rule, in order."""
        waits = self._waits.get(rule, [])
        return (waits[each] for each in range(bisect_right(waits, place), len(waits)))

    def goal(self, place: int) -> Outcome | None:
        """The goal that the send or hold-out at a place reached."""
        opened = self.outcomes[place]
        later = (self.outcomes[each] for each in self._goals.get(_start_of(opened), ()) if each > place)
        return next((goal for goal in later if goal.per == opened.per), None)

    def trigger(self, outcome: Outcome) -> Happening:
        """The event that triggered an outcome, or the outcome of another rule that did."""
        event = self.event(outcome.trigger, outcome.triggered_at, self._rules[outcome.rule].node.on.patterns)
        return self._news[outcome.trigger] if event is None else event

    def canceller(self, outcome: Outcome) -> Event | None:
        """The event that cancelled a wait; None where none did."""
        unless = self._rules[outcome.rule].node.unless
        return self.event(outcome.by, outcome.at, unless.patterns, self.trigger(outcome)) if unless else None

    def event(
        self, name: str | None, instant: int, patterns: Sequence[ast.Pattern], trigger: Happening | None = None
    ) -> Event | None:
        """The event of that id at an instant that one of the patterns speaks of.

        Of two such events the first: outcomes do not tell them apart. With a trigger, the patterns are exceptions to
        its wait.
        """
        candidates = self._by_name.get((name or "", instant), ())
        return next((e for e in candidates if any(self.matches(p, e, trigger) for p in patterns)), None)

    def matches(self, pattern: ast.Pattern, happening: Happening, trigger: Happening | None = None) -> bool:
        """Whether a pattern speaks of an event or outcome; with a trigger, as an exception to its wait."""
        return matches(pattern, happening, self.checked.catalog, trigger, self.zone)

    @cached_property
    def zone(self) -> tzinfo | None:
        """The time zone in which bare dates begin; None: UTC."""
        return zone_of(self.checked.policy)

    def between(self, start: int, end: int) -> Sequence[Event]:
        """The events in `[start, end)`."""
        first, last = (bisect_left(self.events, instant, key=lambda event: event.time) for instant in (start, end))
        return self.events[first:last]

    def is_told(self, instant: int) -> bool:
        """Whether what came at an instant is told."""
        return self.since is None or instant >= self.since

    @property
    def told_events(self) -> Sequence[Event]:
        """The events that are told."""
        return self.events if self.since is None else self.between(self.since, self.end + 1)

    def place(self, event: Event) -> int:
        """The place of an event in the total order."""
        return self._places[id(event)]

    def _replay(self, checked: Checked, events: Iterable[Event], until: int) -> list[Outcome]:
        return evaluate(checked, events, until=until, dedupe=self.dedupe, profiles=self.profiles).outcomes

    @cached_property
    def _by_name(self) -> dict[tuple[str, int], list[Event]]:
        index: dict[tuple[str, int], list[Event]] = {}
        for event in self.events:
            index.setdefault((event.id or "", event.time), []).append(event)
        return index

    @cached_property
    def _rules(self) -> dict[str, CheckedRule]:
        return {rule.name: rule for rule in self.checked.rules}

    @cached_property
    def _places(self) -> dict[int, int]:
        return {id(event): place for place, event in enumerate(self.events)}

    @cached_property
    def _sends(self) -> list[int]:
        """The places of the sends among the outcomes."""
        return [place for place, outcome in enumerate(self.outcomes) if outcome.kind is Kind.SENT]

    @cached_property
    def _waits(self) -> dict[str, list[int]]:
        """For each rule, the places of the outcomes that ended its waits."""
        index: dict[str, list[int]] = {}
        for place, outcome in enumerate(self.outcomes):
            if outcome.kind in _WAITS:
                index.setdefault(outcome.rule, []).append(place)
        return index

    @cached_property
    def _goals(self) -> dict[tuple[str, str, int], list[int]]:
        """For each trigger of a rule, the places of the goals that what it led to reached."""
        index: dict[tuple[str, str, int], list[int]] = {}
        for place, outcome in enumerate(self.outcomes):
            if outcome.kind is Kind.GOAL:
                index.setdefault(_start_of(outcome), []).append(place)
        return index

    @cached_property
    def _news(self) -> dict[str, Outcome]:
        return {outcome.id: outcome for outcome in self.outcomes if outcome.kind in {Kind.SENT, Kind.CANCELLED}}

    @cached_property
    def _related(self) -> dict[str, Checked]:
        """For each rule, a rule set of those alone that matter to it: its own chain, or all where limits join them."""
        if self.checked.policy.limits:
            return {rule.name: self.checked for rule in self.checked.rules}
        return {rule.name: replace(self.checked, rules=_upstream(self.checked, rule)) for rule in self.checked.rules}

    @cached_property
    def _events_for(self) -> dict[str, Sequence[Event]]:
        """For each rule, the events that may matter to it; with deduplication, all may."""
        if self.dedupe:
            return dict.fromkeys(self._related, self.all_events)
        types = {name: {ATTRIBUTES, *_types(checked)} for name, checked in self._related.items()}
        return {name: [e for e in self.all_events if e.type in wanted] for name, wanted in types.items()}


def _start_of(outcome: Outcome) -> tuple[str, str, int]:
    return outcome.rule, outcome.trigger, outcome.triggered_at


def _types(checked: Checked) -> Iterator[str]:
    """The types of events that the rules speak of."""
    for pattern in (pattern for rule in checked.rules for pattern in patterns_of(rule.node)):
        if isinstance(pattern, ast.EventPattern):
            yield pattern.word.text
        elif isinstance(pattern, ast.CustomEvent):
            yield CUSTOM_EVENT


def _upstream(checked: Checked, rule: CheckedRule) -> tuple[CheckedRule, ...]:
    """The rules whose outcomes may lead to a trigger of the rule, and the rule itself."""
    wanted: set[str] = set()
    found = {rule.name}
    while found:
        wanted |= found
        patterns = [p for r in checked.rules if r.name in found for p in r.node.on.patterns]
        found = {p.rule.text for p in patterns if isinstance(p, ast.SentRule | ast.CancelledRule)} - wanted
    return tuple(r for r in checked.rules if r.name in wanted)
