"""What a rule set makes of a few events of one user, told before anything runs: the ground that witnesses stand on.

It follows the meaning of the language step by step (fire, cancel, start, pass on what was sent and cancelled) for one
user of whom nothing is known but what the events say, and goes on until nobody waits. Rules are found by what triggers
them. Where that would take more work than the size of the rule set allows, or would never end, there is no telling.
"""

from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any, assert_never

import msgspec

from connrules import ast
from connrules.catalog import Catalog
from connrules.check.due import due_of, policy_zone
from connrules.check.holding import Facts, holds, value_at
from connrules.check.lots import is_held_out, target_for
from connrules.check.seeing import Eyes, Happening, instant_of, properties_of
from connrules.checked import CheckedRule
from connrules.event import Event, Kind, Outcome, Reason, per_value
from connrules.vocabulary import ATTRIBUTES, CUSTOM_EVENT

ROUNDS = 64
"""How often the rules that one thing triggers may all be gone through, in all rehearsals of a rule set together."""
MOST_CHAINED = 50
"""How many sends and cancellations may follow from one another: what goes on for longer hardly ends."""


_ALL = ("all",)


class NoTellingError(Exception):
    """There would be too much to go through, or no end to it."""


class Rehearsal:
    """A rule set on which timelines are tried."""

    def __init__(
        self,
        rules: Iterable[CheckedRule],
        segments: Mapping[str, ast.Segment],
        policy: ast.Policy,
        catalog: Catalog | None,
    ) -> None:
        self.policy = policy
        self.eyes = Eyes(catalog, Facts({}, segments=segments, zone=policy_zone(policy)))
        self.attribute_types = catalog.user.attributes if catalog else {}
        self._triggered: dict[Hashable, list[tuple[int, CheckedRule]]] = {}
        self._work: dict[Hashable, int] = {}
        self._played: dict[bytes, tuple[Outcome, ...] | None] = {}
        for number, rule in enumerate(rules):
            for key in {key for pattern in rule.node.on.patterns for key in _keys_of_pattern(pattern)}:
                self._triggered.setdefault(key, []).append((number, rule))

    def play(self, events: Sequence[Event], lasting: int | None = None) -> tuple[Outcome, ...] | None:
        """What becomes of events, in order of time, of one user; None where there is no telling.

        With `lasting`, until so long (ms) after the last event: what goes on without end can be told so far.
        """
        key = msgspec.json.encode((events, lasting))
        if key not in self._played:
            try:
                self._played[key] = _Run(self, events[0].user).all_of(events, lasting)
            except NoTellingError:
                self._played[key] = None
        return self._played[key]

    def is_waited_for(self, outcome: Outcome) -> bool:
        """Whether some rule is triggered by what became of another."""
        return any(key in self._triggered for key in _keys_of(outcome))

    def triggered_by(self, happening: Happening) -> list[CheckedRule]:
        """The rules that a thing may trigger, in rule-set order. Raises NoTellingError when that is asked too often."""
        found: dict[int, CheckedRule] = {}
        for key in _keys_of(happening):
            rules = self._triggered.get(key, ())
            self._work[key] = self._work.get(key, 0) + len(rules)
            if self._work[key] > ROUNDS * (len(rules) + ROUNDS):
                raise NoTellingError
            found.update(rules)
        return [found[number] for number in sorted(found)]


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


def _keys_of(happening: Happening) -> Iterator[Hashable]:
    if isinstance(happening, Outcome):
        yield (happening.kind, happening.rule)
        return
    about = happening.campaign or happening.card or happening.name
    if about is not None:
        yield (happening.type, about)
    yield (happening.type, None)


@dataclass(eq=False, slots=True)
class _Wait:
    """A pending send."""

    number: int
    rule: CheckedRule
    trigger: Happening
    per: Any
    target: str
    due: int
    is_outside: bool

    @property
    def key(self) -> tuple[str, bytes]:
        """What tells the waits of a user apart."""
        return self.rule.name, msgspec.json.encode(self.per)


@dataclass(eq=False, slots=True)
class _Run:
    """One user on the way through a timeline."""

    rehearsal: Rehearsal
    user: str
    outcomes: list[Outcome] = field(default_factory=list)
    _attributes: dict[str, Any] = field(default_factory=dict)
    _waits: dict[tuple[str, bytes], _Wait] = field(default_factory=dict)
    _timers: list[tuple[int, int, _Wait]] = field(default_factory=list)
    """A heap by due instant, then by start; some waits in it are over."""
    _sends: dict[Hashable, list[int]] = field(default_factory=dict)
    """The instants of sends: of all, of each rule, over each channel."""
    _news: deque[Outcome] = field(default_factory=deque)
    _started: int = 0
    _passed_on: int = 0

    def all_of(self, events: Sequence[Event], lasting: int | None) -> tuple[Outcome, ...]:
        """What becomes of the events, until so long (ms) after the last of them; None: until nobody waits."""
        for event in sorted(events, key=lambda event: event.time):
            self._fire_until(event.time)
            if event.type == ATTRIBUTES:
                self._attributes |= event.properties or {}
                continue
            self._cancel(event)
            self._trigger(event)
            self._pass_on()
        self._fire_until(None if lasting is None else max(event.time for event in events) + lasting)
        return tuple(self.outcomes)

    def _fire_until(self, instant: int | None) -> None:
        """Fire what is due up to an instant; None: until nobody waits."""
        while self._timers and (instant is None or self._timers[0][0] <= instant):
            _, _, wait = heappop(self._timers)
            if self._waits.get(wait.key) is wait:
                self._fire(wait)
                self._pass_on()

    def _cancel(self, event: Event) -> None:
        for wait in list(self._waits.values()):
            unless = wait.rule.node.unless
            if unless and any(self.rehearsal.eyes.matches(p, event, wait.trigger) for p in unless.patterns):
                del self._waits[wait.key]
                self._tell(wait, Kind.CANCELLED, event.time)

    def _pass_on(self) -> None:
        while self._news:
            outcome = self._news.popleft()
            if self.rehearsal.is_waited_for(outcome):
                self._passed_on += 1
                if self._passed_on > MOST_CHAINED:
                    raise NoTellingError
                self._trigger(outcome)

    def _trigger(self, happening: Happening) -> None:
        for rule in self.rehearsal.triggered_by(happening):
            if any(self.rehearsal.eyes.matches(pattern, happening) for pattern in rule.node.on.patterns):
                self._start(rule, happening)

    def _start(self, rule: CheckedRule, trigger: Happening) -> None:
        now, node = instant_of(trigger), rule.node
        due = due_of(node, self.rehearsal.policy, now, self._zone())
        if due is None:
            raise NoTellingError
        per = per_value(value_at(node.per.path, properties_of(trigger))) if node.per else None
        target = target_for(rule, self.user)
        wait = _Wait(self._started, rule, trigger, per, target, due.at, due.is_outside)
        self._started += 1
        reason = self._reason_not_to_start(wait, now)
        if reason is not None:
            self._tell(wait, Kind.IGNORED, now, reason=reason)
            return
        if wait.key in self._waits:
            self._tell(self._waits.pop(wait.key), Kind.RESTARTED, now)
        self._waits[wait.key] = wait
        if wait.due == now:
            self._fire(wait)
        else:
            heappush(self._timers, (wait.due, wait.number, wait))

    def _zone(self) -> str | None:
        zone = self._attributes.get("time_zone")
        return zone if isinstance(zone, str) else None

    def _reason_not_to_start(self, wait: _Wait, now: int) -> Reason | None:
        node, eyes = wait.rule.node, self.rehearsal.eyes
        if not _is_live(node, now):
            return Reason.RULE_NOT_LIVE
        if not eyes.is_active(wait.target, now):
            return Reason.TARGET_NOT_PUBLISHED
        if not eyes.is_source_active(wait.trigger):
            return Reason.SOURCE_NOT_ACTIVE
        if node.if_ and not self._is_so(node.if_.condition):
            return Reason.AUDIENCE
        if wait.key in self._waits and not (node.after and node.after.restarting):
            return Reason.ALREADY_WAITING
        return None if self._is_eligible(wait.rule, now) else Reason.NOT_ELIGIBLE

    def _fire(self, wait: _Wait) -> None:
        del self._waits[wait.key]
        reason = self._reason_to_drop(wait)
        if reason is not None:
            self._tell(wait, Kind.DROPPED, wait.due, reason=reason)
            return
        for key in (_ALL, ("rule", wait.rule.name), *(("channel", c) for c in self._channels_of(wait))):
            self._sends.setdefault(key, []).append(wait.due)
        self._tell(wait, Kind.SENT, wait.due, send=wait.target)

    def _reason_to_drop(self, wait: _Wait) -> Reason | None:
        node = wait.rule.node
        if wait.is_outside:
            return Reason.OUTSIDE_WINDOW
        if not self.rehearsal.eyes.is_active(wait.target, wait.due):
            return Reason.TARGET_STOPPED
        if not _is_live(node, wait.due):
            return Reason.RULE_ENDED
        if node.still_if and not self._is_so(node.still_if.condition):
            return Reason.AUDIENCE_AT_SEND
        if not self._is_eligible(wait.rule, wait.due):
            return Reason.NOT_ELIGIBLE
        if is_held_out(wait.rule, self.user):
            return Reason.HELD_OUT
        within = all(self._is_within(limit, wait) for limit in self.rehearsal.policy.limits)
        return None if within else Reason.LIMITED

    def _is_so(self, condition: ast.Condition) -> bool:
        types = self.rehearsal.attribute_types
        return holds(condition, self.rehearsal.eyes.facts._replace(values=self._attributes, types=types))

    def _is_eligible(self, rule: CheckedRule, instant: int) -> bool:
        sends = self._sends.get(("rule", rule.name), [])
        match rule.node.eligibility:
            case None:
                return True
            case ast.Once():
                return not sends
            case ast.AtMost(count, window):
                return _count_in(window, instant, sends) < count
            case _:
                assert_never(rule.node.eligibility)

    def _is_within(self, limit: ast.Limit, wait: _Wait) -> bool:
        if limit.channel and limit.channel.text not in self._channels_of(wait):
            return True
        sends = self._sends.get(("channel", limit.channel.text) if limit.channel else _ALL, [])
        return _count_in(limit.window, wait.due, sends) < limit.count

    def _channels_of(self, wait: _Wait) -> tuple[str, ...]:
        campaign = self.rehearsal.eyes.campaign(wait.target)
        return campaign.channels if campaign else ()

    def _tell(self, wait: _Wait, kind: Kind, at: int, **details: Any) -> None:
        trigger, since = str(wait.trigger.id), instant_of(wait.trigger)
        outcome = Outcome(kind, wait.rule.name, self.user, at, trigger, since, per=wait.per, **details)
        self.outcomes.append(outcome)
        if kind in {Kind.SENT, Kind.CANCELLED}:
            self._news.append(outcome)


def _is_live(rule: ast.Rule, instant: int) -> bool:
    begun = rule.from_ is None or rule.from_.time.ms <= instant
    return begun and (rule.until is None or instant < rule.until.time.ms)


def _count_in(window: ast.Duration, instant: int, sends: Iterable[int]) -> int:
    """How many sends lie in the window that ends with the instant, and begins after the instant so long before it."""
    return sum(instant - window.ms < at <= instant for at in sends)
