"""What an event or a timer does to the state of its user: the heart. Deterministic, without input, output or clock.

An event first cancels, then reaches goals, then starts; what is due at or before its instant was fired before. A send
that is due at the very instant of its trigger fires at once, before anything else happens. The outcomes that are
triggers of other rules follow when the event or timer has done all it does, first in, first out.
"""

from collections import deque
from collections.abc import Mapping
from typing import Any, Final, assert_never

from connrules.event import Event, Kind, Outcome, Profiles, Reason, Row
from connrules.plan import PlanError
from connrules.run.audience import attributes_of, zone_of
from connrules.run.chance import is_held_out
from connrules.run.filters import Candidates
from connrules.run.program import Program
from connrules.run.quotas import Quota, forget_oldest
from connrules.run.rule import Arm, Exception, Rule  # noqa: A004  # the field's word
from connrules.run.state import Goal, Held, Key, Source, UserState, Wait, in_start_order, settled, state_of
from connrules.run.timers import NEVER, Forget, Queue, Timer, Timers
from connrules.run.topics import Topic
from connrules.run.world import Known

# Looked up once: to look up a member of an enum takes longer than many a step.
_SENT, _CANCELLED, _DROPPED, _GOAL = Kind.SENT, Kind.CANCELLED, Kind.DROPPED, Kind.GOAL
_RESTARTED, _IGNORED, _PENDING = Kind.RESTARTED, Kind.IGNORED, Kind.PENDING
_HELD_OUT = Reason.HELD_OUT
_NO_PROPERTIES: Final[Mapping[str, Any]] = {}
_MOST_FOLLOWED: Final = 100_000
"""No rule set that the checker let pass gets there by one event; a plan that was edited by hand may never end."""


class Stepper:
    """Takes steps: changes the states of users, sets timers, and leaves the outcomes, in order, in `outcomes`.

    In its methods `name` is what an event is known by, `topic` what it may do. With `numbered`, or where clocks on the
    wall make sends due, waits stand in one heap in start order.
    """

    __slots__ = (
        "_forgets",
        "_goals",
        "_links",
        "_profiles",
        "_targets",
        "latest",
        "numbered",
        "outcomes",
        "plain",
        "queues",
        "rules",
        "sends_start",
        "starts",
        "timers",
        "touched",
        "users",
    )

    def __init__(self, program: Program, profiles: Profiles | None = None, *, numbered: bool = False) -> None:
        self.rules = program.rules
        self.users: dict[str, Held] = {}
        self.timers = Timers(self._is_live)
        self.outcomes: list[Outcome] = []
        self.numbered = numbered or any(rule.clockwork for rule in program.rules)
        self.latest = -NEVER
        """The instant of the newest trigger that started a wait. No wait starts after one of a later instant."""
        self.starts = 0
        """The place of the newest wait among those of that instant."""
        self.touched: dict[str, Held | None] | None = None
        """Users whose state may have changed, with what was held of them before; None: nobody wants to know."""
        self.queues = [self.timers.queue(Wait, rule.delay) for rule in program.rules]
        """Where the waits of a rule stand, by its index, unless they are numbered."""
        self._profiles = profiles
        self.plain = [rule.arm if rule.is_plain else None for rule in program.rules]
        self.sends_start = any(rule.after_sent for rule in program.rules)
        """Whether there are rules that a send starts."""
        self._goals = {rule.index: self.timers.queue(Goal, rule.goal.within) for rule in program.rules if rule.goal}
        windows = program.windows.items()
        self._forgets = {index: self.timers.queue(Forget, window) for index, window in windows if window}
        self._targets: dict[Known | None, Topic] = {}
        self._links: deque[tuple[Outcome, list[Rule], Known | None]] = deque()
        """The outcomes that are triggers, with the rules they may start and the campaign they are about."""

    def on_event(self, event: Row, name: str, topic: Topic) -> bool:
        """Cancel, reach and start what an event does; whether it did match any pattern."""
        held = self.users.get(event.user)
        if held is None and not topic.candidates:
            return False
        state, matched = state_of(held), False
        properties = event.properties or _NO_PROPERTIES
        if topic.exceptions and state.waits:
            matched = self._cancel(state, event, name, topic)
        if topic.goals and state.goals:
            matched |= self._reach(state, event, name, topic)
        for rule, holds in topic.candidates.of(properties):
            if holds is None or holds(properties, ()):
                matched = True
                self._start(rule, state, event, name, topic)
        if matched:
            if self._links:
                self._follow(state)
            self._settle(event.user, held, state)
        return matched

    def learn(self, user: str, attributes: dict[str, Any]) -> None:
        """Remember what an event said about a user."""
        state = state_of(self.users.get(user))
        state.learn(attributes)
        self.users[user] = state

    def fire_next(self) -> None:
        """Fire the timer that is due next."""
        self.fire_timer(self.timers.pop())

    def fire_timer(self, timer: Timer) -> None:
        """Fire a timer that was taken out."""
        self._on_timer(self.users.get(timer.user), timer)

    def set_timer(self, wait: Wait) -> None:
        """Set the timer of a wait; in its queue, none comes due before those set earlier."""
        if self.numbered:
            self.timers.add_numbered(wait)
        else:
            self.timers.add(self.queues[wait.source.rule], wait)

    def restore_waits(self, waits: Mapping[int, list[Wait]]) -> None:
        """Set the timers of waits again, by the index of their rule."""
        by_queue: dict[Queue, list[Wait]] = {}
        for index, found in waits.items():
            by_queue.setdefault(self.queues[index], []).extend(found)
        for queue, found in by_queue.items():
            if self.numbered:
                self.timers.add_all_numbered(found)
            else:
                self.timers.add_all(queue, in_start_order(found)[0])

    def restore(self, timer: Goal | Forget) -> None:
        """Set a timer again that was set before state was saved; those of a kind by when they are due."""
        match timer:
            case Goal(rule=rule):
                self.timers.add(self._goals[rule], timer)
            case Forget(quota=quota):
                self.timers.add(self._forgets[quota], timer)
            case _:
                assert_never(timer)

    def next_place(self, now: int) -> int:
        """The place of a wait that a trigger of that instant starts."""
        if now == self.latest:
            self.starts += 1
        else:
            self.latest, self.starts = now, 0
        return self.starts

    def pending(self, wait: Wait, at: int) -> Outcome:
        """The outcome of a wait that is still pending at the end of a run."""
        rule, source = self.rules[wait.source.rule].name, wait.source
        return Outcome(
            _PENDING, rule, wait.user, at, wait.trigger, wait.since, None, None, None, None, wait.due, source.per
        )

    def _on_timer(self, held: Held | None, timer: Timer) -> None:
        """Fire the send that is due, or forget what no longer counts, if the timer still stands for something."""
        if held is None or not _stands_for(timer, held):
            self.timers.one_was_dead(timer)
            return
        if self.touched is not None:
            self.touched.setdefault(timer.user, held)
        state = state_of(held)
        match timer:
            case Wait():
                del state.waits[timer.source.key]
                self._fire(self.rules[timer.source.rule], state, timer)
                if self._links:
                    self._follow(state)
            case Goal():
                del state.goals[timer]
            case Forget():
                forget_oldest(state, timer.quota)
            case _:
                assert_never(timer)
        self._settle(timer.user, held, state)

    def _is_live(self, timer: Timer) -> bool:
        held = self.users.get(timer.user)
        return held is not None and _stands_for(timer, held)

    def _settle(self, user: str, before: Held | None, state: UserState) -> None:
        """Hold what is left of a user after a step."""
        held = settled(state)
        if held is None:
            if before is not None:
                del self.users[user]
        elif held is not before:
            self.users[user] = held

    def _cancel(self, state: UserState, event: Row, name: str, topic: Topic) -> bool:
        """Cancel the waits, in start order, that have an exception which the event matches."""
        cancelled: list[tuple[Wait, Exception]] = []
        known, exceptions, properties = topic.known, topic.exceptions, event.properties or _NO_PROPERTIES
        for wait in state.waits.values():
            source = wait.source
            if source.rule in exceptions:
                for exception in exceptions[source.rule]:
                    if exception.matches(known, properties, source.known, source.kept):
                        cancelled.append((wait, exception))
                        break
        for wait, exception in cancelled:
            source = wait.source
            rule = self.rules[source.rule]
            del state.waits[source.key]
            self.timers.one_died(wait)
            by = (None, name, exception.text, None, None, source.per)
            outcome = Outcome(_CANCELLED, rule.name, wait.user, event.time, wait.trigger, wait.since, *by)
            self.outcomes.append(outcome)
            if rule.after_cancelled:
                self._links.append((outcome, rule.after_cancelled, None))
        return bool(cancelled)

    def _reach(self, state: UserState, event: Row, name: str, topic: Topic) -> bool:
        """Close the goals, in the order in which they were opened, that the event reaches."""
        reached = [goal for goal in state.goals if goal.rule in topic.goals and self._is_reached(goal, event, topic)]
        for goal in reached:
            del state.goals[goal]
            self.timers.one_died(goal)
            self.outcomes.append(self._goal_outcome(goal, event.time, name))
        return bool(reached)

    def _is_reached(self, goal: Goal, event: Row, topic: Topic) -> bool:
        rule = self.rules[goal.rule]
        return rule.goal is not None and rule.goal.is_reached(topic.known, event.properties or _NO_PROPERTIES)

    def _start(self, rule: Rule, state: UserState, event: Row, name: str, topic: Topic) -> None:
        now, user = event.time, event.user
        key: Key = rule.index
        per = None
        if not rule.waits_per_user:
            key, per = rule.key_and_per(event.properties)
        reason = self._reason_not_to_start(rule, state, event, topic.known, key)
        if reason is not None:
            self.outcomes.append(
                Outcome(_IGNORED, rule.name, user, now, name, now, None, None, None, reason, None, per)
            )
            return
        wait = Wait(user, name, now, self._source(rule, state, event, topic, key, per), self.next_place(now))
        if rule.restarting and key in state.waits:
            old = state.waits.pop(key)
            self.timers.one_died(old)
            restarted = Outcome(_RESTARTED, rule.name, user, now, old.trigger, old.since, per=old.source.per)
            self.outcomes.append(restarted)
        if wait.source.lasts <= 0:
            self._fire(rule, state, wait)
            return
        state.waits[key] = wait
        self.set_timer(wait)

    def _source(  # noqa: PLR0913, PLR0917  # what a start knows
        self, rule: Rule, state: UserState, event: Row, topic: Topic, key: Key, per: Any
    ) -> Source:
        """What the wait has in common with others; one that there is already, where there can be."""
        lasts, missed = rule.delay, False
        if rule.clockwork is not None:
            zone = zone_of(state, event.user, self._profiles) if rule.clockwork.is_local else None
            due, missed = rule.clockwork.due(event.time, zone)
            lasts = due - event.time
        elif rule.waits_per_user and not rule.kept_paths:
            if rule.index not in topic.sources:
                topic.sources[rule.index] = Source(rule.index, key, lasts, topic.known)
            return topic.sources[rule.index]
        kept = rule.keep(event.properties) if rule.kept_paths else ()
        return Source(rule.index, key, lasts, topic.known, kept, per, missed)

    def _fire(self, rule: Rule, state: UserState, wait: Wait) -> None:
        arm = rule.arm or rule.arm_of(wait.user)
        source, user, trigger, since = wait.source, wait.user, wait.trigger, wait.since
        due = since + source.lasts
        reason = self._reason_to_drop(rule, arm, state, wait, due)
        if reason is not None:
            self.outcomes.append(
                Outcome(_DROPPED, rule.name, user, due, trigger, since, None, None, None, reason, None, source.per)
            )
            if reason is _HELD_OUT and rule.goal is not None:
                self._open(state, wait, due, None)
            return
        if rule.quota is not None:
            self._use(rule.quota, state, user, due)
        for limit in arm.limits:
            self._use(limit, state, user, due)
        outcome = Outcome(_SENT, rule.name, user, due, trigger, since, arm.send, None, None, None, None, source.per)
        self.outcomes.append(outcome)
        if rule.goal is not None:
            self._open(state, wait, due, arm.send)
        if rule.after_sent:
            self._links.append((outcome, rule.after_sent, arm.target))

    def _use(self, quota: Quota, state: UserState, user: str, instant: int) -> None:
        forget = quota.use(state, user, instant)
        if forget is not None:
            self.timers.add(self._forgets[quota.number], forget)

    def _open(self, state: UserState, wait: Wait, now: int, send: str | None) -> None:
        """From now on the user can reach the goal of a rule."""
        source = wait.source
        rule = self.rules[source.rule].current
        goal = Goal(wait.user, rule, now, wait.trigger, wait.since, send, source.per)
        state.open(goal)
        self.timers.add(self._goals[rule], goal)

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
            if known not in self._targets:
                self._targets[known] = Topic(known, Candidates(), {}, frozenset())
            for rule in followers:
                self._start(rule, state, event, name, self._targets[known])

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

    def _reason_to_drop(self, rule: Rule, arm: Arm, state: UserState, wait: Wait, due: int) -> Reason | None:
        """Why a due send is not sent: the first check that fails."""
        if wait.source.missed:
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


def _stands_for(timer: Timer, held: Held) -> bool:
    """Whether a timer still stands for a wait, for a goal, or for a send to forget."""
    if isinstance(held, Wait):
        return held is timer
    match timer:
        case Wait():
            return held.waits.get(timer.source.key) is timer
        case Goal():
            return timer in held.goals
        case Forget():
            return timer.quota in held.sends
        case _:
            assert_never(timer)
