"""What becomes of events and waits: all events in their total order, all timers between them.

Users never affect each other; they are replayed together so that outcomes come about in the order in which they are
given. Instants are epoch milliseconds.
"""

from collections import deque
from collections.abc import Iterable
from heapq import heappop, heappush
from itertools import count
from typing import Any, NamedTuple

from connrules import ast
from connrules.checked import Checked, CheckedRule
from connrules.event import Event, Kind, Outcome, Profiles, Reason, per_value
from connrules.reference.admission import admit
from connrules.reference.chance import target_of
from connrules.reference.checks import channels_of, reasons_not_to_start, reasons_to_drop
from connrules.reference.conditions import value_at
from connrules.reference.matching import Happening, instant_of, matches, properties_of
from connrules.reference.timing import due_of, zone_of
from connrules.reference.user import Goal, Sending, User, Wait
from connrules.syntax.formatter import format_pattern
from connrules.vocabulary import ATTRIBUTES


class EndlessError(Exception):
    """What becomes of waits triggers rules more often than is allowed."""


class History(NamedTuple):
    """What became of every trigger, in order; the events that came too late to change anything; how many repeated."""

    outcomes: list[Outcome]
    late: list[Event]
    repeated: int = 0


def evaluate(  # noqa: PLR0913  # each says one thing about a run
    checked: Checked,
    events: Iterable[Event],
    *,
    until: int | None = None,
    lateness: int = 0,
    dedupe: int = 0,
    profiles: Profiles | None = None,
    follow_ups: int | None = None,
) -> History:
    """Replay events, in order of arrival, through a rule set without errors.

    Time moves on to the newest event, or to the instant `until` if that is later. `lateness`, in milliseconds, is by
    how much an event may be older than the newest before it; `dedupe`, in milliseconds, how long the id of a user's
    event is remembered, so that another with it is a repeat (0: never). `profiles` knows what events do not say of
    users. This is the definition and not the fast way: all events are held in memory. Raises ValueError where the rule
    set has errors, and EndlessError where what becomes of waits triggers rules more than `follow_ups` times.
    """
    if checked.errors:
        raise ValueError(f"a rule set with errors means nothing: {checked.errors[0].message}")
    admitted = admit(events, lateness, dedupe)
    replay = _Replay(checked, profiles, follow_ups)
    for event in admitted.events:
        replay.move_to(event.time)
        replay.take(event)
    replay.close(max((instant for instant in (admitted.newest, until) if instant is not None), default=0))
    return History(replay.outcomes, admitted.late, admitted.repeated)


class _Replay:
    """The state of all users, and the outcomes so far, in order."""

    def __init__(self, checked: Checked, profiles: Profiles | None, follow_ups: int | None) -> None:
        self.outcomes: list[Outcome] = []
        self._checked, self._profiles = checked, profiles
        self._most, self._follow_ups = follow_ups, 0
        self._chained = [rule for rule in checked.rules if _follows_others(rule.node)]
        self._zone = zone_of(checked.policy)
        self._users: dict[str, User] = {}
        self._timers: list[tuple[int, int, Wait]] = []  # a heap by due instant, then by start; some waits are over
        self._starts = count()
        self._news: deque[Outcome] = deque()  # outcomes to pass on to the rules that wait for them

    def move_to(self, instant: int) -> None:
        """Fire what is due up to an instant, and whatever follows from that."""
        while self._timers and self._timers[0][0] <= instant:
            _, _, wait = heappop(self._timers)
            if not wait.is_over:
                self._fire(wait)
                self._pass_on()

    def take(self, event: Event) -> None:
        """Cancel what the event is an exception to, close the goals it reaches, then start what it triggers."""
        user = self._users.setdefault(event.user, User(event.user, self._profiles))
        if event.type == ATTRIBUTES:
            user.learn(event.properties or {})
            return
        self._cancel(user, event)
        self._reach_goals(user, event)
        self._trigger(user, event)
        self._pass_on()

    def close(self, end: int) -> None:
        """Let time move on to the end; what is pending then stays pending."""
        self.move_to(end)
        for due, _, wait in sorted(self._timers, key=lambda timer: timer[:2]):
            if not wait.is_over:
                self._tell(wait, Kind.PENDING, end, due=due)

    def _pass_on(self) -> None:
        while self._news:
            outcome = self._news.popleft()
            self._trigger(self._users[outcome.user], outcome)

    def _cancel(self, user: User, event: Event) -> None:
        for wait in list(user.waits.values()):
            exceptions = wait.rule.node.unless.patterns if wait.rule.node.unless else ()
            matching = [p for p in exceptions if self._matches(p, event, wait.trigger)]
            if matching:
                del user.waits[wait.key]
                self._tell(wait, Kind.CANCELLED, event.time, by=event.id, pattern=format_pattern(matching[0]))

    def _reach_goals(self, user: User, event: Event) -> None:
        for goal in list(user.goals):
            wait, convert = goal.wait, goal.wait.rule.node.convert
            assert convert is not None
            if event.time - goal.opened_at >= convert.within.ms:
                user.goals.remove(goal)
            elif self._matches(convert.pattern, event):
                user.goals.remove(goal)
                whose: dict[str, Any] = {"reason": Reason.HELD_OUT} if goal.is_held_out else {"send": wait.target}
                self._tell(wait, Kind.GOAL, event.time, by=event.id, pattern=format_pattern(convert.pattern), **whose)

    def _trigger(self, user: User, happening: Happening) -> None:
        for rule in self._checked.rules if isinstance(happening, Event) else self._chained:
            if any(self._matches(pattern, happening) for pattern in rule.node.on.patterns):
                self._start(self._wait(rule, user, happening))

    def _matches(self, pattern: ast.Pattern, happening: Happening, trigger: Happening | None = None) -> bool:
        return matches(pattern, happening, self._checked.catalog, trigger, self._zone)

    def _wait(self, rule: CheckedRule, user: User, trigger: Happening) -> Wait:
        now, per = instant_of(trigger), rule.node.per
        due, is_outside = due_of(rule.node, self._checked.policy, user, now)
        return Wait(
            start=next(self._starts),
            rule=rule,
            user=user,
            trigger=trigger,
            triggered_at=now,
            per=per_value(value_at(per.path, properties_of(trigger))) if per else None,
            target=target_of(rule, user.name),
            due=due,
            is_outside=is_outside,
        )

    def _start(self, wait: Wait) -> None:
        self._follow_ups += isinstance(wait.trigger, Outcome)
        if self._most is not None and self._follow_ups > self._most:
            raise EndlessError
        user, now = wait.user, wait.triggered_at
        old = user.waits.get(wait.key)
        reason = next(reasons_not_to_start(self._checked, wait, is_waiting=old is not None), None)
        if reason is not None:
            self._tell(wait, Kind.IGNORED, now, reason=reason)
            return
        if old is not None:
            del user.waits[wait.key]
            self._tell(old, Kind.RESTARTED, now)
        user.waits[wait.key] = wait
        if wait.due == now:
            self._fire(wait)
        else:
            heappush(self._timers, (wait.due, wait.start, wait))

    def _fire(self, wait: Wait) -> None:
        user, due, target = wait.user, wait.due, wait.target
        del user.waits[wait.key]
        reason = next(reasons_to_drop(self._checked, wait), None)
        if wait.rule.node.convert and reason in {None, Reason.HELD_OUT}:
            user.goals.append(Goal(wait, due, is_held_out=reason is not None))
        if reason is not None:
            self._tell(wait, Kind.DROPPED, due, reason=reason)
        else:
            user.sends.append(Sending(wait.rule.name, due, channels_of(target, self._checked)))
            self._tell(wait, Kind.SENT, due, send=target)

    def _tell(self, wait: Wait, kind: Kind, at: int, **details: Any) -> None:
        trigger, per = str(wait.trigger.id), wait.per
        outcome = Outcome(kind, wait.rule.name, wait.user.name, at, trigger, wait.triggered_at, per=per, **details)
        self.outcomes.append(outcome)
        if kind in {Kind.SENT, Kind.CANCELLED}:
            self._news.append(outcome)


def _follows_others(rule: ast.Rule) -> bool:
    """Whether what becomes of some rule may trigger this one."""
    return any(isinstance(pattern, ast.SentRule | ast.CancelledRule) for pattern in rule.on.patterns)
