"""What an event or a timer does to the state of its user: the heart. Deterministic, without input, output or clock.

An event first cancels, then reaches goals, then starts; what is due at or before its instant was fired before. A send
that is due at the very instant of its trigger fires at once, before anything else happens. The outcomes that are
triggers of other rules follow when the event or timer has done all it does, first in, first out.
"""

from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from connrules.event import Event, Kind, Outcome, Profiles, Reason, Row
from connrules.plan import PlanError
from connrules.run.audience import attributes_of, zone_of
from connrules.run.chance import is_held_out
from connrules.run.program import Route
from connrules.run.quotas import Quota, forget_oldest
from connrules.run.rule import Arm, Exception, Rule, RuleGoal  # noqa: A004  # the field's word
from connrules.run.state import Goal, Key, UserState, Wait
from connrules.run.timers import Forget, Timer, Timers
from connrules.run.world import Known

# Looked up once: to look up a member of an enum takes longer than many a step.
_SENT, _CANCELLED, _DROPPED, _GOAL = Kind.SENT, Kind.CANCELLED, Kind.DROPPED, Kind.GOAL
_RESTARTED, _IGNORED, _PENDING = Kind.RESTARTED, Kind.IGNORED, Kind.PENDING
_HELD_OUT = Reason.HELD_OUT
_NO_PROPERTIES: Final[Mapping[str, Any]] = {}
_MOST_FOLLOWED: Final = 100_000
"""No rule set that the checker let pass gets there by one event; a plan that was edited by hand may never end."""


class Stepper:
    """Takes steps: changes the state of a user, sets timers, and leaves the outcomes, in order, in `outcomes`.

    In its methods `name` is what an event is known by, `known` the campaign, card or custom event that it is about.
    """

    __slots__ = ("_forgets", "_goals", "_links", "_profiles", "_waits", "outcomes", "rules", "starts", "timers")

    def __init__(
        self,
        rules: list[Rule],
        windows: Mapping[int, int | None],
        timers: Timers,
        profiles: Profiles | None = None,
        starts: int = 0,
    ) -> None:
        self.rules = rules
        self.timers = timers
        self.outcomes: list[Outcome] = []
        self.starts = starts
        """How many waits have started so far; the next one's start number."""
        self._profiles = profiles
        self._waits = [timers.queue(Wait, rule.delay) for rule in rules]
        self._goals = {rule.index: timers.queue(Goal, rule.goal.within) for rule in rules if rule.goal}
        self._forgets = {index: timers.queue(Forget, window) for index, window in windows.items() if window}
        self._links: deque[tuple[Outcome, list[Rule], Known | None]] = deque()
        """The outcomes that are triggers, with the rules they may start and the campaign they are about."""

    def on_event(self, state: UserState, event: Row, name: str, known: Known | None, route: Route) -> bool:
        """Cancel, reach and start what an event does; whether it did match any pattern."""
        matched = False
        if route.exceptions and state.waits:
            matched = self._cancel(state, event, name, known, route.exceptions)
        if route.goals and state.goals:
            matched |= self._reach(state, event, name, known, route.goals)
        for rule, holds in route.by_object.get(known, route.others).of(event.properties or _NO_PROPERTIES):
            if holds is None or holds(event.properties or _NO_PROPERTIES, ()):
                matched = True
                self._start(rule, state, event, name, known)
        if self._links:
            self._follow(state)
        return matched

    def on_timer(self, state: UserState, timer: Timer) -> bool:
        """Fire the send that is due, or forget what no longer counts; False: the timer stood for nothing."""
        if isinstance(timer, Wait):
            if state.waits.get(timer.key) is not timer:
                return False
            del state.waits[timer.key]
            self._fire(self.rules[timer.rule], state, timer)
            if self._links:
                self._follow(state)
            return True
        if isinstance(timer, Goal):
            return state.goals.pop(timer.start, None) is not None
        return forget_oldest(state, timer.quota)

    def restore(self, timer: Timer) -> None:
        """Set a timer again that was set before a snapshot was taken; the soonest first."""
        if isinstance(timer, Wait):
            if self.rules[timer.rule].clockwork is None:
                self.timers.add(self._waits[timer.rule], timer)
            else:
                self.timers.add_unordered(timer)
        elif isinstance(timer, Goal):
            self.timers.add(self._goals[timer.rule], timer)
        else:
            self.timers.add(self._forgets[timer.quota], timer)

    def pending(self, wait: Wait, at: int) -> Outcome:
        """The outcome of a wait that is still pending at the end of a run."""
        return self._outcome(_PENDING, wait, at, None, None, None, None, wait.due)

    def _cancel(
        self, state: UserState, event: Row, name: str, known: Known | None, exceptions: dict[int, list[Exception]]
    ) -> bool:
        """Cancel the waits, in start order, that have an exception which the event matches."""
        cancelled: list[tuple[Wait, Exception]] = []
        for wait in state.waits.values():
            for exception in exceptions.get(wait.rule, ()):
                if exception.matches(known, event.properties or _NO_PROPERTIES, wait):
                    cancelled.append((wait, exception))
                    break
        for wait, exception in cancelled:
            del state.waits[wait.key]
            self.timers.one_died()
            outcome = self._outcome(_CANCELLED, wait, event.time, None, name, exception.text)
            self.outcomes.append(outcome)
            if followers := self.rules[wait.rule].after_cancelled:
                self._links.append((outcome, followers, None))
        return bool(cancelled)

    def _reach(self, state: UserState, event: Row, name: str, known: Known | None, rules: frozenset[int]) -> bool:
        """Close the goals, in the order in which they were opened, that the event reaches."""
        reached = [goal for goal in state.goals.values() if goal.rule in rules and self._is_reached(goal, event, known)]
        for goal in reached:
            del state.goals[goal.start]
            self.timers.one_died()
            self.outcomes.append(self._goal_outcome(goal, event.time, name))
        return bool(reached)

    def _is_reached(self, goal: Goal, event: Row, known: Known | None) -> bool:
        rule = self.rules[goal.rule]
        return rule.goal is not None and rule.goal.is_reached(known, event.properties or _NO_PROPERTIES)

    def _start(self, rule: Rule, state: UserState, event: Row, name: str, known: Known | None) -> None:
        now, user = event.time, event.user
        key: Key = rule.index
        per = None
        if not rule.waits_per_user:
            key, per = rule.key_and_per(event.properties)
        reason = self._reason_not_to_start(rule, state, event, known, key)
        if reason is not None:
            self.outcomes.append(
                Outcome(_IGNORED, rule.name, user, now, name, now, None, None, None, reason, None, per)
            )
            return
        due, missed = now + rule.delay, False
        if rule.clockwork is not None:
            zone = zone_of(state, user, self._profiles) if rule.clockwork.is_local else None
            due, missed = rule.clockwork.due(now, zone)
        kept = rule.keep(event.properties) if rule.kept_paths else ()
        wait = Wait(due, self.starts, user, rule.index, key, name, now, known, kept, per, missed)
        self.starts += 1
        if rule.restarting and (old := state.waits.pop(key, None)) is not None:
            self.timers.one_died()
            self.outcomes.append(self._outcome(_RESTARTED, old, now))
        if due <= now:
            self._fire(rule, state, wait)
            return
        state.waits[key] = wait
        if rule.clockwork is None:
            self.timers.add(self._waits[rule.index], wait)
        else:
            self.timers.add_unordered(wait)

    def _fire(self, rule: Rule, state: UserState, wait: Wait) -> None:
        arm = rule.arm or rule.arm_of(wait.user)
        reason = self._reason_to_drop(rule, arm, state, wait)
        if reason is not None:
            self.outcomes.append(self._outcome(_DROPPED, wait, wait.due, None, None, None, reason))
            if reason is _HELD_OUT and rule.goal is not None:
                self._open(rule.goal, state, wait, None)
            return
        if rule.quota is not None:
            self._use(rule.quota, state, wait)
        for limit in arm.limits:
            self._use(limit, state, wait)
        user, due, trigger, since, per = wait.user, wait.due, wait.trigger, wait.triggered_at, wait.per
        outcome = Outcome(_SENT, rule.name, user, due, trigger, since, arm.send, None, None, None, None, per)
        self.outcomes.append(outcome)
        if rule.goal is not None:
            self._open(rule.goal, state, wait, arm.send)
        if rule.after_sent:
            self._links.append((outcome, rule.after_sent, arm.target))

    def _use(self, quota: Quota, state: UserState, wait: Wait) -> None:
        forget = quota.use(state, wait.user, wait.due)
        if forget is not None:
            self.timers.add(self._forgets[quota.number], forget)

    def _open(self, of_rule: RuleGoal, state: UserState, wait: Wait, send: str | None) -> None:
        """From now on the user can reach the goal of a rule."""
        end, trigger, since = wait.due + of_rule.within, wait.trigger, wait.triggered_at
        goal = Goal(end, wait.start, wait.user, wait.rule, trigger, since, send, wait.per)
        state.open(goal)
        self.timers.add(self._goals[wait.rule], goal)

    def _follow(self, state: UserState) -> None:
        """Start what the outcomes of this step start, and what the outcomes of that do in turn."""
        followed = 0
        while self._links:
            followed += 1
            if followed > _MOST_FOLLOWED:
                self._links.clear()
                raise PlanError("the plan's rules follow each other without end")
            outcome, followers, known = self._links.popleft()
            name = outcome.id
            event = Event(user=outcome.user, type=outcome.kind, time=outcome.at, id=name)
            for rule in followers:
                self._start(rule, state, event, name, known)

    def _reason_not_to_start(
        self, rule: Rule, state: UserState, event: Row, known: Known | None, key: Key
    ) -> Reason | None:
        """Why a trigger starts no wait: the first check that fails."""
        now = event.time
        arm = rule.arm or rule.arm_of(event.user)
        if not arm.open_from <= now < arm.open_until:
            if not rule.live_from <= now < rule.live_until:
                return Reason.RULE_NOT_LIVE
            if not arm.target.active_at(now):
                return Reason.TARGET_NOT_PUBLISHED
        if known is not None and not known.active_at(now):
            return Reason.SOURCE_NOT_ACTIVE
        if rule.condition is not None and not rule.condition(self._attributes(state, event.user), ()):
            return Reason.AUDIENCE
        if not rule.restarting and key in state.waits:
            return Reason.ALREADY_WAITING
        if rule.quota is not None and not rule.quota.allows_one_more(state):
            return Reason.NOT_ELIGIBLE
        return None

    def _reason_to_drop(self, rule: Rule, arm: Arm, state: UserState, wait: Wait) -> Reason | None:
        """Why a due send is not sent: the first check that fails."""
        due = wait.due
        if wait.missed:
            return Reason.OUTSIDE_WINDOW
        if not arm.open_from <= due < arm.open_until:
            if not arm.target.active_at(due):
                return Reason.TARGET_STOPPED
            if due >= rule.live_until:
                return Reason.RULE_ENDED
        if rule.still is not None and not rule.still(self._attributes(state, wait.user), ()):
            return Reason.AUDIENCE_AT_SEND
        if rule.quota is not None and not rule.quota.allows_one_more(state):
            return Reason.NOT_ELIGIBLE
        if rule.hold_out and is_held_out(rule.hold_out, rule.name, wait.user):
            return _HELD_OUT
        for limit in arm.limits:
            if not limit.allows_one_more(state):
                return Reason.LIMITED
        return None

    def _attributes(self, state: UserState, user: str) -> Mapping[str, Any]:
        return attributes_of(state, user, self._profiles)

    def _goal_outcome(self, goal: Goal, at: int, name: str) -> Outcome:
        rule = self.rules[goal.rule]
        pattern = rule.goal.pattern.text if rule.goal else None
        reason = _HELD_OUT if goal.send is None else None
        trigger, since = goal.trigger, goal.triggered_at
        return Outcome(
            _GOAL, rule.name, goal.user, at, trigger, since, goal.send, name, pattern, reason, None, goal.per
        )

    def _outcome(self, kind: Kind, wait: Wait, at: int, *rest: Any) -> Outcome:
        """The outcome of a wait; `rest` are its fields from `send` to `due`, as many as matter."""
        rule, since = self.rules[wait.rule].name, wait.triggered_at
        return Outcome(kind, rule, wait.user, at, wait.trigger, since, *rest, per=wait.per)  # type: ignore[misc]


def is_live(state: UserState, timer: Timer) -> bool:
    """Whether a timer still stands for a wait, for a goal, or for a send to forget."""
    if isinstance(timer, Wait):
        return state.waits.get(timer.key) is timer
    if isinstance(timer, Goal):
        return timer.start in state.goals
    return timer.quota in state.sends
