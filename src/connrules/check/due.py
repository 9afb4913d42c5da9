"""When a send is due that a trigger at some instant starts: delays, schedules, delivery windows. All in epoch ms."""

from datetime import UTC, tzinfo
from typing import NamedTuple, assert_never

from connrules import ast
from connrules.check.windows import window_left_by
from connrules.wallclock import find_zone, in_days, is_open, next_open, next_weekday


class Due(NamedTuple):
    """When a send is due, and whether that is outside a window that drops it."""

    at: int
    is_outside: bool


def window_of(rule: ast.Rule, policy: ast.Policy) -> ast.Between | None:
    """The rule's own delivery window, else what the quiet hours of the policy leave."""
    return rule.between or (window_left_by(policy.quiet) if policy.quiet else None)


def due_of(rule: ast.Rule, policy: ast.Policy, instant: int, local: str | None = None) -> Due | None:
    """When a send of the rule is due that is triggered at the instant, by a user in the zone of that name.

    None where the window never opens.
    """
    due = _delayed(rule.delay, policy, instant, local)
    window = window_of(rule, policy)
    if window is None:
        return Due(due, is_outside=False)
    opens, closes, zone = window.opens.minutes, window.closes.minutes, _zone(window.zone, policy, local)
    if opens == closes:
        return None
    if window.drops:
        return Due(due, is_outside=not is_open(due, opens, closes, zone))
    return Due(next_open(due, opens, closes, zone), is_outside=False)


def closed_for(rule: ast.Rule, policy: ast.Policy, instant: int) -> int:
    """For how long (ms) yet the window is closed that drops a send which is triggered at the instant."""
    window = window_of(rule, policy)
    if window is None or not window.drops or window.opens.minutes == window.closes.minutes:
        return 0
    due, zone = _delayed(rule.delay, policy, instant, None), _zone(window.zone, policy, None)
    return next_open(due, window.opens.minutes, window.closes.minutes, zone) - due


def policy_zone(policy: ast.Policy) -> tzinfo | None:
    """The time zone of clocks and bare dates that name none; None: UTC."""
    return find_zone(policy.time_zone.name) if policy.time_zone else None


def _delayed(delay: ast.Delay | None, policy: ast.Policy, instant: int, local: str | None) -> int:
    match delay:
        case None:
            return instant
        case ast.After(duration):
            return instant + duration.ms
        case ast.InDays(days, clock, zone):
            return in_days(instant, days, clock.minutes, _zone(zone, policy, local))
        case ast.NextWeekday(weekday, clock, zone):
            return next_weekday(instant, weekday, clock.minutes, _zone(zone, policy, local))
        case _:
            assert_never(delay)


def _zone(clause: ast.Zone | None, policy: ast.Policy, local: str | None) -> tzinfo:
    of_policy = policy_zone(policy) or UTC
    match clause:
        case None:
            return of_policy
        case ast.NamedZone(name):
            return find_zone(name) or of_policy
        case ast.Local():
            return (find_zone(local) if local else None) or of_policy
        case _:
            assert_never(clause)
