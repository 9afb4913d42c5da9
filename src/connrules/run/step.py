"""What an event or a timer does to the state of its user: the heart. Deterministic, without input, output or clock.

An event first cancels, then starts; what is due at or before its instant was fired before. A send that is due at the
very instant of its trigger fires at once, before anything else happens.
"""

from typing import Any

from connrules import plan
from connrules.event import Kind, Outcome, Reason
from connrules.run.program import ALWAYS, Arrival, Pattern, Program, Rule
from connrules.run.state import UserState, Wait
from connrules.run.timers import FORGET, Timer


class Effects:
    """What steps bring about, gathered for whoever drives them."""

    __slots__ = ("ended", "outcomes", "starts", "timers")

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.timers: list[Timer] = []
        """Timers to set."""
        self.ended = 0
        """How many waits ended before they were due, so that their timers stand for nothing now."""
        self.starts = 0
        """How many waits have started so far; the next one's start number."""


def on_event(program: Program, state: UserState, arrival: Arrival, effects: Effects) -> bool:
    """Cancel and start what an event cancels and starts; whether it did match any pattern."""
    cancelled = _cancel(program.rules, state, arrival, effects) if state.waits else False
    triggered = False
    properties = arrival.properties
    for rule, patterns in program.candidates(arrival.event.type, arrival.key):
        if _any_holds(patterns, properties):
            triggered = True
            _start(rule, state, arrival, effects)
    return cancelled or triggered


def on_timer(program: Program, state: UserState, timer: Timer, effects: Effects) -> None:
    """Fire the pending send that is due, or forget the sends that no longer count."""
    rule = program.rules[timer.rule]
    if timer.start == FORGET:
        _forget(rule, state, timer.due)
        return
    wait = state.waits.pop(timer.rule)
    _fire(rule, state, timer.user, wait, effects)


def is_live(state: UserState | None, timer: Timer) -> bool:
    """Whether a timer still stands for a wait or for sends to forget."""
    if state is None:
        return False
    if timer.start == FORGET:
        return timer.rule in state.sends
    wait = state.waits.get(timer.rule)
    return wait is not None and wait.start == timer.start


def _any_holds(patterns: tuple[Pattern, ...], properties: Any) -> bool:
    """Whether one of the patterns, whose type and object already fit, holds for these properties."""
    return any(pattern.holds is None or pattern.holds(properties, ()) for pattern in patterns)


def _cancel(rules: list[Rule], state: UserState, arrival: Arrival, effects: Effects) -> bool:
    event = arrival.event
    matched = [
        (index, wait, pattern)
        for index, wait in state.waits.items()
        if (pattern := _exception(rules[index], wait, arrival)) is not None
    ]
    for index, wait, pattern in matched:
        del state.waits[index]
        effects.ended += 1
        effects.outcomes.append(
            _of_wait(Kind.CANCELLED, rules[index], event.user, wait, event.time, by=arrival.id, pattern=pattern.text)
        )
    return bool(matched)


def _exception(rule: Rule, wait: Wait, arrival: Arrival) -> Pattern | None:
    for pattern in rule.exceptions.get(arrival.event.type, ()):
        if pattern.matches(arrival.key, arrival.properties, wait.key, wait.kept):
            return pattern
    return None


def _start(rule: Rule, state: UserState, arrival: Arrival, effects: Effects) -> None:
    event = arrival.event
    reason = _reason_not_to_start(rule, state, arrival)
    if reason is not None:
        effects.outcomes.append(
            Outcome(
                kind=Kind.IGNORED,
                rule=rule.plan.name,
                user=event.user,
                at=event.time,
                trigger=arrival.id,
                triggered_at=event.time,
                reason=reason,
            )
        )
        return
    old = state.waits.pop(rule.index, None)
    if old is not None:
        effects.ended += 1
        effects.outcomes.append(_of_wait(Kind.RESTARTED, rule, event.user, old, event.time))
    wait = Wait(
        event.time + rule.plan.delay, effects.starts, arrival.id, event.time, arrival.key, rule.keep(arrival.properties)
    )
    effects.starts += 1
    if wait.due == event.time:
        _fire(rule, state, event.user, wait, effects)
        return
    state.waits[rule.index] = wait
    effects.timers.append(Timer(wait.due, wait.start, event.user, rule.index))


def _reason_not_to_start(rule: Rule, state: UserState, arrival: Arrival) -> Reason | None:
    """Why a trigger starts no wait: the first check that fails."""
    now = arrival.event.time
    if not _within(now, rule.plan.live_from, rule.plan.live_until):
        return Reason.RULE_NOT_LIVE
    if not _active(rule.target, now):
        return Reason.TARGET_NOT_PUBLISHED
    if arrival.known is not None and not _active(arrival.known.active, now):
        return Reason.SOURCE_NOT_ACTIVE
    if rule.index in state.waits and not rule.plan.restarting:
        return Reason.ALREADY_WAITING
    if not _eligible(rule, state, now):
        return Reason.NOT_ELIGIBLE
    return None


def _fire(rule: Rule, state: UserState, user: str, wait: Wait, effects: Effects) -> None:
    reason = _reason_to_drop(rule, state, wait.due)
    if reason is not None:
        effects.outcomes.append(_of_wait(Kind.DROPPED, rule, user, wait, wait.due, reason=reason))
        return
    _remember_send(rule, state, user, wait.due, effects)
    effects.outcomes.append(_of_wait(Kind.SENT, rule, user, wait, wait.due, send=rule.plan.send))


def _reason_to_drop(rule: Rule, state: UserState, due: int) -> Reason | None:
    if not _active(rule.target, due):
        return Reason.TARGET_STOPPED
    if not _within(due, None, rule.plan.live_until):
        return Reason.RULE_ENDED
    if not _eligible(rule, state, due):
        return Reason.NOT_ELIGIBLE
    return None


def _eligible(rule: Rule, state: UserState, instant: int) -> bool:
    limit = rule.plan.eligibility
    if limit is None:
        return True
    sends = state.sends.get(rule.index, ())
    if limit.window is None:
        return len(sends) < limit.count
    oldest = instant - limit.window
    return sum(sent > oldest for sent in sends) < limit.count


def _remember_send(rule: Rule, state: UserState, user: str, instant: int, effects: Effects) -> None:
    """Keep the instant of a send as long as it may count against the rule's next one."""
    limit = rule.plan.eligibility
    if limit is None:
        return
    state.sends.setdefault(rule.index, []).append(instant)
    if limit.window is not None:
        effects.timers.append(Timer(instant + limit.window, FORGET, user, rule.index))


def _forget(rule: Rule, state: UserState, now: int) -> None:
    limit = rule.plan.eligibility
    if limit is None or limit.window is None:
        return
    kept = [sent for sent in state.sends.get(rule.index, ()) if sent > now - limit.window]
    if kept:
        state.sends[rule.index] = kept
    else:
        state.sends.pop(rule.index, None)


def _within(instant: int, start: int | None, end: int | None) -> bool:
    return (start is None or start <= instant) and (end is None or instant < end)


def _active(intervals: tuple[plan.Interval, ...], instant: int) -> bool:
    if intervals is ALWAYS:
        return True
    return any(_within(instant, start, end) for start, end in intervals)


def _of_wait(kind: Kind, rule: Rule, user: str, wait: Wait, at: int, **rest: Any) -> Outcome:
    return Outcome(
        kind=kind,
        rule=rule.plan.name,
        user=user,
        at=at,
        trigger=wait.trigger,
        triggered_at=wait.triggered_at,
        **rest,
    )


def pending(rule: Rule, user: str, wait: Wait, at: int) -> Outcome:
    """The outcome of a wait that is still pending at the end of a run."""
    return _of_wait(Kind.PENDING, rule, user, wait, at, due=wait.due)
