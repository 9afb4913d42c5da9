"""What an event or a timer does to the state of its user: the heart. Deterministic, without input, output or clock.

An event first cancels, then starts; what is due at or before its instant was fired before. A send that is due at the
very instant of its trigger fires at once, before anything else happens.
"""

from collections.abc import Mapping
from typing import Any, Final

from connrules.event import Event, Kind, Outcome, Reason
from connrules.run.program import Exception, Route, Rule  # noqa: A004  # the field's word
from connrules.run.state import UserState, Wait
from connrules.run.timers import Forget, Timer, Timers
from connrules.run.world import Known

# Looked up once: to look up a member of an enum takes longer than many a step.
_SENT, _CANCELLED, _DROPPED = Kind.SENT, Kind.CANCELLED, Kind.DROPPED
_RESTARTED, _IGNORED, _PENDING = Kind.RESTARTED, Kind.IGNORED, Kind.PENDING
_NO_PROPERTIES: Final[Mapping[str, Any]] = {}


class Stepper:
    """Takes steps: changes the state of a user, sets timers, and leaves the outcomes, in order, in `outcomes`.

    In its methods `name` is what an event is known by, `known` the campaign, card or custom event that it is about.
    """

    __slots__ = ("_forgets", "_waits", "outcomes", "rules", "starts", "timers")

    def __init__(self, rules: list[Rule], timers: Timers, starts: int = 0) -> None:
        self.rules = rules
        self.timers = timers
        self.outcomes: list[Outcome] = []
        self.starts = starts
        """How many waits have started so far; the next one's start number."""
        self._waits = [timers.queue(Wait, rule.delay) for rule in rules]
        self._forgets = [timers.queue(Forget, rule.window or 0) for rule in rules]

    def on_event(self, state: UserState, event: Event, name: str, known: Known | None, route: Route) -> bool:
        """Cancel and start what an event cancels and starts; whether it did match any pattern."""
        matched = False
        if route.exceptions and state.waits:
            matched = self._cancel(state, event, name, known, route.exceptions)
        for rule, holds in route.by_object.get(known, route.others):
            if holds is None or holds(event.properties or _NO_PROPERTIES, ()):
                matched = True
                self._start(rule, state, event, name, known)
        return matched

    def on_timer(self, state: UserState, timer: Timer) -> bool:
        """Fire the pending send that is due, or forget the sends that no longer count; False: it stood for nothing."""
        if isinstance(timer, Wait):
            if state.waits.get(timer.rule) is not timer:
                return False
            del state.waits[timer.rule]
            self._fire(self.rules[timer.rule], state, timer)
        elif timer.rule not in state.sends:
            return False
        else:
            _forget_oldest(self.rules[timer.rule], state)
        return True

    def restore(self, timer: Timer) -> None:
        """Set a timer again that was set before a snapshot was taken; the soonest first."""
        queues = self._forgets if isinstance(timer, Forget) else self._waits
        self.timers.add(queues[timer.rule], timer)

    def pending(self, wait: Wait, at: int) -> Outcome:
        """The outcome of a wait that is still pending at the end of a run."""
        rule = self.rules[wait.rule].name
        return Outcome(_PENDING, rule, wait.user, at, wait.trigger, wait.triggered_at, due=wait.due)

    def _cancel(
        self, state: UserState, event: Event, name: str, known: Known | None, exceptions: dict[int, list[Exception]]
    ) -> bool:
        """Cancel the waits, in start order, that have an exception which the event matches."""
        cancelled: list[tuple[Wait, Exception]] = []
        for wait in state.waits.values():
            for exception in exceptions.get(wait.rule, ()):
                if exception.matches(known, event.properties or _NO_PROPERTIES, wait):
                    cancelled.append((wait, exception))
                    break
        for wait, exception in cancelled:
            del state.waits[wait.rule]
            self.timers.one_died()
            self._leave(_CANCELLED, wait, event.time, None, name, exception.text)
        return bool(cancelled)

    def _start(self, rule: Rule, state: UserState, event: Event, name: str, known: Known | None) -> None:
        now = event.time
        kept = rule.keep(event.properties or _NO_PROPERTIES) if rule.kept_paths else ()
        wait = Wait(now + rule.delay, self.starts, event.user, rule.index, name, now, known, kept)
        reason = _reason_not_to_start(rule, state, now, known)
        if reason is not None:
            self._leave(_IGNORED, wait, now, None, None, None, reason)
            return
        self.starts += 1
        if rule.restarting and (old := state.waits.pop(rule.index, None)) is not None:
            self.timers.one_died()
            self._leave(_RESTARTED, old, now)
        if rule.delay:
            state.waits[rule.index] = wait
            self.timers.add(self._waits[rule.index], wait)
        else:
            self._fire(rule, state, wait)

    def _fire(self, rule: Rule, state: UserState, wait: Wait) -> None:
        reason = _reason_to_drop(rule, state, wait.due)
        if reason is not None:
            self._leave(_DROPPED, wait, wait.due, None, None, None, reason)
            return
        if rule.limit is not None:
            state.sends.setdefault(rule.index, []).append(wait.due)
            if rule.window is not None:
                self.timers.add(self._forgets[rule.index], Forget(wait.due + rule.window, wait.user, rule.index))
        due = wait.due
        self.outcomes.append(Outcome(_SENT, rule.name, wait.user, due, wait.trigger, wait.triggered_at, rule.send))

    def _leave(self, kind: Kind, wait: Wait, at: int, *rest: Any) -> None:
        """Leave an outcome; `rest` are its fields from `send` on."""
        rule = self.rules[wait.rule].name
        self.outcomes.append(Outcome(kind, rule, wait.user, at, wait.trigger, wait.triggered_at, *rest))


def is_live(state: UserState, timer: Timer) -> bool:
    """Whether a timer still stands for a wait or for sends to forget."""
    if isinstance(timer, Forget):
        return timer.rule in state.sends
    return state.waits.get(timer.rule) is timer


def _reason_not_to_start(rule: Rule, state: UserState, now: int, known: Known | None) -> Reason | None:
    """Why a trigger starts no wait: the first check that fails."""
    if not rule.open_from <= now < rule.open_until:
        if not rule.live_from <= now < rule.live_until:
            return Reason.RULE_NOT_LIVE
        if not rule.target.active_at(now):
            return Reason.TARGET_NOT_PUBLISHED
    if known is not None and not known.active_at(now):
        return Reason.SOURCE_NOT_ACTIVE
    if not rule.restarting and rule.index in state.waits:
        return Reason.ALREADY_WAITING
    if rule.limit is not None and not _eligible(rule, state):
        return Reason.NOT_ELIGIBLE
    return None


def _reason_to_drop(rule: Rule, state: UserState, due: int) -> Reason | None:
    """Why a due send is not sent: the first check that fails."""
    if not rule.open_from <= due < rule.open_until:
        if not rule.target.active_at(due):
            return Reason.TARGET_STOPPED
        if due >= rule.live_until:
            return Reason.RULE_ENDED
    if rule.limit is not None and not _eligible(rule, state):
        return Reason.NOT_ELIGIBLE
    return None


def _eligible(rule: Rule, state: UserState) -> bool:
    """Whether fewer sends count than the rule allows: a send that has left the window is forgotten."""
    return rule.limit is None or len(state.sends.get(rule.index, ())) < rule.limit


def _forget_oldest(rule: Rule, state: UserState) -> None:
    """Forget the send that leaves the rule's window: each has a timer of its own, so it is the oldest."""
    sends = state.sends[rule.index]
    del sends[0]
    if not sends:
        del state.sends[rule.index]
