"""Delivery windows that never open, and whether the schedule of a rule meets them never or always."""

from collections.abc import Iterator
from datetime import UTC

from connrules import ast
from connrules.checked import CheckedRule
from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.reference.timing import window_left_by
from connrules.text import SourceText
from connrules.wallclock import is_open

_MINUTE = 60_000
_MINUTES = 24 * 60
_LONGEST_SKIP = 3 * 60
_NIGHT = (21 * 60, 6 * 60)
"""Between which times of the day clocks have gone forward since 2001, in minutes; what they skip comes later."""


def check_window(rule: CheckedRule, policy: ast.Policy) -> Iterator[Diagnostic]:
    """A rule's own window where it is empty, and its schedule where that meets no window."""
    between, quiet, schedule = rule.node.between, policy.quiet, rule.node.delay
    if between is not None:
        if between.opens.minutes == between.closes.minutes:
            yield _empty(rule.source, between, rule.name)
        elif between.drops and isinstance(schedule, ast.InDays | ast.NextWeekday):
            yield from _missed(rule, schedule, between, policy, f"the window `{_times(between.opens, between.closes)}`")
    elif quiet is not None and quiet.drops and isinstance(schedule, ast.InDays | ast.NextWeekday):
        window = window_left_by(quiet)
        if window.opens.minutes != window.closes.minutes:
            yield from _missed(rule, schedule, window, policy, "what `quiet` of the policy leaves")


def is_always_inside(schedule: ast.Schedule, window: ast.Between, policy: ast.Policy) -> bool:
    """Whether it is certain that the window is open whenever the schedule comes.

    It is not where a clock change may carry the schedule out of the window, nor for clocks of users, who may move.
    """
    zone, minute = _clock_of(schedule.zone, policy), schedule.clock.minutes
    if zone is None or zone != _clock_of(window.zone, policy) or _is_at_trigger(schedule):
        return False
    return _is_open(window, minute) and not _is_moved_past(window, minute)


def check_quiet(source: SourceText, quiet: ast.Quiet) -> Iterator[Diagnostic]:
    """Quiet hours that leave none."""
    if quiet.begins.minutes == quiet.ends.minutes:
        yield _empty(source, quiet)


def _empty(source: SourceText, clause: ast.Between | ast.Quiet, silent_rule: str = "") -> Diagnostic:
    if isinstance(clause, ast.Between):
        message, remedy = "the window is empty, so nothing is ever sent", "to send at all hours, delete the clause"
    else:
        message, remedy = "the quiet hours never end, so nothing is ever sent", "to have none, delete the clause"
    label = "it begins and ends at the same time of the day"
    remedy = f"write two times; {remedy}"
    return finding("CR309", source, clause.span, message, label=label, help=remedy, silent_rule=silent_rule)


def _missed(
    rule: CheckedRule, schedule: ast.Schedule, window: ast.Between, policy: ast.Policy, called: str
) -> Iterator[Diagnostic]:
    """A schedule whose time of the day is outside a window that drops, on the same clock."""
    if _is_at_trigger(schedule) or _clock_of(schedule.zone, policy) != _clock_of(window.zone, policy):
        return
    if _is_open(window, schedule.clock.minutes) or _moved_into(window, schedule.clock.minutes):
        return
    yield finding(
        "CR309",
        rule.source,
        schedule.span,
        f"every send is due outside {called}, and so is dropped",
        label=f"it is due at {_time(schedule.clock)}",
        help="write a time of the day inside the window, or `or hold`",
        silent_rule=rule.name,
    )


def _is_at_trigger(schedule: ast.Schedule) -> bool:
    """Whether it may be due right at the trigger, and so at any time of the day."""
    return isinstance(schedule, ast.InDays) and schedule.days == 0


def _clock_of(zone: ast.Zone | None, policy: ast.Policy) -> str | None:
    """The time zone that is meant; None for that of the user."""
    match zone:
        case ast.Local():
            return None
        case ast.NamedZone(name):
            return name
        case None:
            return policy.time_zone.name if policy.time_zone else "UTC"


def _is_open(window: ast.Between, minute: int) -> bool:
    return is_open(minute * _MINUTE, window.opens.minutes, window.closes.minutes, UTC)


def _moved_into(window: ast.Between, minute: int) -> bool:
    """Whether a clock change may carry that time of the day into the window."""
    return _is_by_night(minute) and (window.opens.minutes - minute) % _MINUTES <= _LONGEST_SKIP


def _is_moved_past(window: ast.Between, minute: int) -> bool:
    """Whether a clock change may carry that time of the day, which is inside the window, to its end or beyond."""
    return _is_by_night(minute) and (window.closes.minutes - minute) % _MINUTES <= _LONGEST_SKIP


def _is_by_night(minute: int) -> bool:
    return minute >= _NIGHT[0] or minute < _NIGHT[1]


def _times(opens: ast.Clock, closes: ast.Clock) -> str:
    return f"{_time(opens)} and {_time(closes)}"


def _time(clock: ast.Clock) -> str:
    return f"{clock.minutes // 60:02}:{clock.minutes % 60:02}"
