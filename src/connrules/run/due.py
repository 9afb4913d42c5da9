"""When a send is due, where clocks on the wall have a say: schedules and delivery windows.

A time zone is read once, at the trigger. So is whether a send will be outside a window that drops it.
"""

from datetime import tzinfo
from typing import NamedTuple, assert_never

from connrules import plan
from connrules.wallclock import find_zone, in_days, is_open, next_open, next_weekday


class Due(NamedTuple):
    """The instant at which a send is due, and whether it is dropped then, because the delivery window is shut."""

    instant: int
    missed: bool


class Clockwork:
    """The schedule and the delivery window of a rule that has at least one of them."""

    __slots__ = ("_delay", "_schedule", "_window", "is_local")

    def __init__(self, rule: plan.Rule) -> None:
        self._delay = rule.delay
        self._schedule = rule.schedule
        self._window = rule.between
        zones = [part.zone for part in (rule.schedule, rule.between) if part]
        self.is_local = any(zone.local for zone in zones)
        """Whether it depends on the time zone of the user."""
        _check(rule, zones)

    def due(self, trigger: int, local: tzinfo | None, not_before: int | None = None) -> Due:
        """When the send of a trigger is due; `local` is the user's time zone, None where it is not known.

        What would be due before an instant is due then, as if it were scheduled for that.
        """
        instant = self._scheduled(trigger, local)
        if not_before is not None:
            instant = max(instant, not_before)
        window = self._window
        if window is None:
            return Due(instant, missed=False)
        zone = _meant(window.zone, local)
        if window.drops:
            return Due(instant, missed=not is_open(instant, window.opens, window.closes, zone))
        return Due(next_open(instant, window.opens, window.closes, zone), missed=False)

    def _scheduled(self, trigger: int, local: tzinfo | None) -> int:
        match self._schedule:
            case None:
                return trigger + self._delay
            case plan.InDays(days, minute, zone):
                return in_days(trigger, days, minute, _meant(zone, local))
            case plan.NextWeekday(weekday, minute, zone):
                return next_weekday(trigger, weekday, minute, _meant(zone, local))
            case _:
                assert_never(self._schedule)


def clockwork(rule: plan.Rule) -> Clockwork | None:
    """What clocks have to say about a rule; None: its sends are due so long after the trigger, and that is all."""
    return Clockwork(rule) if rule.schedule or rule.between else None


def _meant(zone: plan.Zone, local: tzinfo | None) -> tzinfo:
    if zone.local and local is not None:
        return local
    found = find_zone(zone.name)
    assert found is not None, "looked at when the plan was made ready"
    return found


def _check(rule: plan.Rule, zones: list[plan.Zone]) -> None:
    """A plan may come from a machine that knows more time zones than this one."""
    for zone in zones:
        if find_zone(zone.name) is None:
            raise plan.PlanError(f"there is no time zone `{zone.name}` here, of which the rule `{rule.name}` speaks")
    if rule.between and rule.between.opens == rule.between.closes:
        raise plan.PlanError(f"this is not a plan: the delivery window of the rule `{rule.name}` never opens")
