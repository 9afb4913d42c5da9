"""When a send is due: delays, schedules, delivery windows. Instants are epoch milliseconds."""

from datetime import UTC, tzinfo
from typing import NamedTuple, assert_never

from connrules import ast
from connrules.reference.user import User
from connrules.wallclock import find_zone, in_days, is_open, next_open, next_weekday


class Due(NamedTuple):
    """When a send is due, and whether that is outside a window that drops it."""

    due: int
    is_outside: bool


def due_of(rule: ast.Rule, policy: ast.Policy, user: User, instant: int) -> Due:
    """When a send of the rule is due that was triggered at an instant."""
    due = _delayed(rule.delay, policy, user, instant)
    window = window_of(rule, policy)
    if window is None:
        return Due(due, is_outside=False)
    opens, closes, zone = window.opens.minutes, window.closes.minutes, _zone(window.zone, policy, user)
    if window.drops:
        return Due(due, is_outside=not is_open(due, opens, closes, zone))
    return Due(next_open(due, opens, closes, zone), is_outside=False)


def _delayed(delay: ast.Delay | None, policy: ast.Policy, user: User, instant: int) -> int:
    match delay:
        case None:
            return instant
        case ast.After(duration):
            return instant + duration.ms
        case ast.InDays(days, clock, zone):
            return in_days(instant, days, clock.minutes, _zone(zone, policy, user))
        case ast.NextWeekday(weekday, clock, zone):
            return next_weekday(instant, weekday, clock.minutes, _zone(zone, policy, user))
        case _:
            assert_never(delay)


def window_of(rule: ast.Rule, policy: ast.Policy) -> ast.Between | None:
    """The rule's own delivery window, else what the quiet hours of the policy leave."""
    return rule.between or (window_left_by(policy.quiet) if policy.quiet else None)


def window_left_by(quiet: ast.Quiet) -> ast.Between:
    """Quiet hours turned round."""
    return ast.Between(quiet.ends, quiet.begins, quiet.zone, quiet.drops, quiet.span)


def zone_of(policy: ast.Policy) -> tzinfo | None:
    """The time zone of clocks and bare dates that name none; None: UTC."""
    return find_zone(policy.time_zone.name) if policy.time_zone else None


def _zone(clause: ast.Zone | None, policy: ast.Policy, user: User) -> tzinfo:
    """The zone that a clause names, else that of the policy, else UTC; for `local`, that of the user goes first."""
    of_policy = zone_of(policy) or UTC
    match clause:
        case None:
            return of_policy
        case ast.NamedZone(name):
            return _known_zone(name) or of_policy
        case ast.Local():
            return _known_zone(user.attributes.get("time_zone")) or of_policy
        case _:
            assert_never(clause)


def _known_zone(name: object) -> tzinfo | None:
    return find_zone(name) if isinstance(name, str) else None
