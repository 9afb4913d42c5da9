"""How long a rule's users wait before they are sent anything: whether at all, how long at least, how long at most."""

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from connrules import ast
from connrules.reference.timing import due_of, window_of
from connrules.reference.user import User
from connrules.wallclock import DAY

_MINUTE = 60_000
_NOBODY = User("", None)


def can_wait(rule: ast.Rule, policy: ast.Policy) -> bool:
    """Whether some user may wait: for a delay, for a time of the day, or for a window to open."""
    window = window_of(rule, policy)
    elapses = rule.delay is not None and not (rule.after and rule.after.delay.ms == 0)
    return elapses or (window is not None and not window.drops)


def shortest_wait(rule: ast.Rule) -> int:
    """Milliseconds that pass at least between a trigger and its send, on whatever clock in whatever time zone."""
    match rule.delay:
        case None | ast.NextWeekday():
            return 0  # that day may begin at once, and clocks may go forward over the hours that are left
        case ast.After(delay):
            return delay.ms
        case ast.InDays(days, clock):
            # Triggered just before midnight. A clock change may cost up to a day, where a country changed sides of the
            # date line.
            return max(0, (days - 2) * DAY + clock.minutes * _MINUTE)
        case _:
            assert_never(rule.delay)


def longest_wait(rule: ast.Rule, policy: ast.Policy) -> int:
    """Milliseconds that pass at most between a trigger and its send, on whatever clock in whatever time zone."""
    window = window_of(rule, policy)
    held = 2 * DAY if window is not None and not window.drops else 0
    match rule.delay:
        case None:
            return held
        case ast.After(delay):
            return delay.ms + held
        case ast.InDays(days):
            return (days + 2) * DAY + held
        case ast.NextWeekday():
            return 9 * DAY + held
        case _:
            assert_never(rule.delay)


def closed_for(rule: ast.Rule, policy: ast.Policy, instant: int) -> int:
    """For how long (ms) yet the window is closed that drops a send which is triggered at the instant."""
    window = window_of(rule, policy)
    if window is None or not window.drops or window.opens.minutes == window.closes.minutes:
        return 0
    holding = replace(rule, between=replace(window, drops=False))
    due, open_ = (due_of(node, policy, _NOBODY, instant).due for node in (rule, holding))
    return open_ - due


def matters_for(rules: Iterable[ast.Rule], policy: ast.Policy) -> int:
    """For how long (ms) an event can matter at the most, where no rules go round in a circle.

    A rule that another triggers by what it sends may wait behind it, so the waits of such rules are added.
    """
    waits = [(longest_wait(rule, policy), _follows(rule)) for rule in rules]
    return max((wait for wait, _ in waits), default=0) + sum(wait for wait, follows in waits if follows)


def _follows(rule: ast.Rule) -> bool:
    return any(isinstance(pattern, ast.SentRule | ast.CancelledRule) for pattern in rule.on.patterns)
