"""What becomes of events and waits: one user after the other, every question answered by looking through plain lists.

Instants are epoch milliseconds.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple, assert_never

import msgspec

from connrules import ast
from connrules.check import Checked, CheckedRule
from connrules.event import Event, Kind, Outcome, Reason
from connrules.reference.matching import campaign_is_active, matches, object_is_active
from connrules.syntax.formatter import format_pattern


class History(NamedTuple):
    """What became of every trigger, in order, and the events that came too late to change anything."""

    outcomes: list[Outcome]
    late: list[Event]


def evaluate(checked: Checked, events: Iterable[Event], *, until: int | None = None, lateness: int = 0) -> History:
    """Replay events, in order of arrival, through a rule set without errors.

    Time moves on to the newest event, or to the instant `until` if that is later. `lateness`, in milliseconds, is by
    how much an event may be older than the newest before it. This is the definition and not the fast way: all events
    are held in memory. Raises ValueError where the rule set has errors.
    """
    if checked.errors:
        raise ValueError(f"a rule set with errors means nothing: {checked.errors[0].message}")
    on_time, late = _admit(events, lateness)
    end = max([event.time for event in on_time] + ([] if until is None else [until]), default=0)
    users = {event.user: _User(checked) for event in on_time}
    for place, event in enumerate(on_time):
        users[event.user].take(place, event)
    for user in users.values():
        user.close(end)
    ranked = [pair for user in users.values() for pair in user.ranked]
    return History([outcome for _, outcome in sorted(ranked, key=lambda pair: pair[0])], late)


def _admit(events: Iterable[Event], lateness: int) -> tuple[list[Event], list[Event]]:
    """The events that are not late, in order of time and then of arrival, each with an id; and those that are late."""
    on_time: list[Event] = []
    late: list[Event] = []
    newest: int | None = None
    for number, event in enumerate(events, start=1):
        newest = event.time if newest is None else max(newest, event.time)
        if event.time < newest - lateness:
            late.append(event)
        else:
            on_time.append(event if event.id else msgspec.structs.replace(event, id=f"#{number}"))
    return sorted(on_time, key=lambda event: event.time), late


class _Wait(NamedTuple):
    """A pending send, or one that would be if its trigger started it."""

    start: tuple[int, int]
    """The trigger's place in the total order, then the rule's in the rule set: the start order."""
    rule: CheckedRule
    trigger: Event
    due: int


_Rank = tuple[int, ...]


class _User:
    """Replays the events of one user. Users never affect each other; only the order of their outcomes joins them.

    `ranked` has each outcome with its rank: first its instant, and at one instant timers in start order, then events in
    their total order, and last what is pending at the end.
    """

    def __init__(self, checked: Checked) -> None:
        self.ranked: list[tuple[_Rank, Outcome]] = []
        self._rules, self._catalog = checked.rules, checked.catalog
        self._waits: list[_Wait] = []  # in start order
        self._sends: list[tuple[str, int]] = []  # the rule's name, the instant

    def take(self, place: int, event: Event) -> None:
        """Fire what is due, then cancel what the event is an exception to, then start what it triggers."""
        self._fire_up_to(event.time)
        self._cancel(event, (event.time, 1, place))
        for number, rule in enumerate(self._rules):
            if any(matches(pattern, event, self._catalog) for pattern in rule.node.on.patterns):
                delay = rule.node.after.delay.ms if rule.node.after else 0
                self._start(_Wait((place, number), rule, event, event.time + delay), (event.time, 1, place))

    def close(self, end: int) -> None:
        """Let time move on to `end`; what is pending then stays pending."""
        self._fire_up_to(end)
        for wait in list(self._waits):
            self._end(wait, (end, 2, wait.due, *wait.start), Kind.PENDING, end, due=wait.due)

    def _fire_up_to(self, instant: int) -> None:
        due = [wait for wait in self._waits if wait.due <= instant]
        for wait in sorted(due, key=lambda wait: (wait.due, wait.start)):
            self._fire(wait, (wait.due, 0, *wait.start))

    def _cancel(self, event: Event, rank: _Rank) -> None:
        for wait in list(self._waits):
            exceptions = wait.rule.node.unless.patterns if wait.rule.node.unless else ()
            matching = [p for p in exceptions if matches(p, event, self._catalog, wait.trigger)]
            if matching:
                text = format_pattern(matching[0])
                self._end(wait, rank, Kind.CANCELLED, event.time, by=event.id, pattern=text)

    def _start(self, wait: _Wait, rank: _Rank) -> None:
        rule, trigger, now = wait.rule, wait.trigger, wait.trigger.time
        old = next((other for other in self._waits if other.rule is rule), None)
        checks = {
            Reason.RULE_NOT_LIVE: _is_live(rule.node, now),
            Reason.TARGET_NOT_PUBLISHED: campaign_is_active(rule.node.send.target.text, now, self._catalog),
            Reason.SOURCE_NOT_ACTIVE: object_is_active(trigger, self._catalog),
            Reason.ALREADY_WAITING: old is None or (rule.node.after is not None and rule.node.after.restarting),
            Reason.NOT_ELIGIBLE: self._is_eligible(rule, now),
        }
        reason = _first_failed(checks)
        if reason is not None:
            self._end(wait, rank, Kind.IGNORED, now, reason=reason)
            return
        if old is not None:
            self._end(old, rank, Kind.RESTARTED, now)
        self._waits.append(wait)
        if wait.due == now:
            self._fire(wait, rank)

    def _fire(self, wait: _Wait, rank: _Rank) -> None:
        rule, due, target = wait.rule, wait.due, wait.rule.node.send.target.text
        checks = {
            Reason.TARGET_STOPPED: campaign_is_active(target, due, self._catalog),
            Reason.RULE_ENDED: _is_live(rule.node, due),
            Reason.NOT_ELIGIBLE: self._is_eligible(rule, due),
        }
        reason = _first_failed(checks)
        if reason is not None:
            self._end(wait, rank, Kind.DROPPED, due, reason=reason)
        else:
            self._sends.append((rule.name, due))
            self._end(wait, rank, Kind.SENT, due, send=target)

    def _end(self, wait: _Wait, rank: _Rank, kind: Kind, at: int, **details: Any) -> None:
        self._waits = [other for other in self._waits if other is not wait]
        rule, user, trigger, triggered_at = wait.rule.name, wait.trigger.user, str(wait.trigger.id), wait.trigger.time
        outcome = Outcome(kind=kind, rule=rule, user=user, at=at, trigger=trigger, triggered_at=triggered_at, **details)
        self.ranked.append((rank, outcome))

    def _is_eligible(self, rule: CheckedRule, instant: int) -> bool:
        sends = [at for name, at in self._sends if name == rule.name]
        match rule.node.eligibility:
            case None:
                return True
            case ast.Once():
                return not sends
            case ast.AtMost(count, window):
                return sum(instant - window.ms < at <= instant for at in sends) < count
            case clause:
                assert_never(clause)


def _is_live(rule: ast.Rule, instant: int) -> bool:
    begun = rule.from_ is None or rule.from_.time.ms <= instant
    ended = rule.until is not None and rule.until.time.ms <= instant
    return begun and not ended


def _first_failed(checks: dict[Reason, bool]) -> Reason | None:
    return next((reason for reason, passed in checks.items() if not passed), None)
