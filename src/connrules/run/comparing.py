"""Which rule of a plan is which rule of another, and what of it changed, in words.

A rule that has a name is recognised by it. One that has none is called by its file and line, and is recognised where
the same file still has a rule that says the same; once it was edited, nobody can tell. What policy and catalog make of
it is not what it says.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple, assert_never

import msgspec

from connrules import plan
from connrules.duration import format_duration, format_instant

_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NONE: Final = "none"
_MILLIONTHS_PER_PERCENT: Final = 10_000

_encode = msgspec.json.Encoder().encode


class Change(StrEnum):
    """What became of a rule."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    RENAMED = "renamed"
    """It has no name of its own, and stands on another line; nothing else changed."""
    REMOVED = "removed"
    ADDED = "added"


class RuleChange(NamedTuple):
    """What became of one rule."""

    kind: Change
    rule: str
    """Its name now; of one that was removed, the name it had."""
    was: str | None
    """Its name before; None: it was added."""
    what: tuple[str, ...] = ()
    """What of it changed, in words: `delay 1d -> 2d`."""


def compare_plans(old: plan.Plan, new: plan.Plan) -> tuple[RuleChange, ...]:
    """What became of each rule: those of the new plan in its order, then those that were removed."""
    before = {rule.name: rule for rule in old.rules}
    names = recognise(old, new)
    segments = _changed_segments(old, new)
    found = [_change(before.get(names.get(rule.name, "")), rule, segments) for rule in new.rules]
    kept = set(names.values())
    removed = [RuleChange(Change.REMOVED, name, name) for name in before if name not in kept]
    return (*found, *removed)


def recognise(old: plan.Plan, new: plan.Plan) -> dict[str, str]:
    """The name that each rule of the new plan had in the old one; those that were added are not in it."""
    before = {rule.name for rule in old.rules if is_named(rule.name)}
    named = {rule.name: rule.name for rule in new.rules if rule.name in before}
    return named | _unnamed(old, new)


def is_named(rule: str) -> bool:
    """Whether that is the name that somebody gave a rule, and not its file and line."""
    return ":" not in rule


def meaning(rule: plan.Rule) -> plan.Rule:
    """What a rule does, whatever it is called and however it is written."""
    return msgspec.structs.replace(rule, name="", says="")


def same(one: Any, other: Any) -> bool:
    """Whether two parts of plans say the same; to Python the number 1 would be as good as `true`."""
    return one == other and _encode(one) == _encode(other)


def pair(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    """The places of what is equal in both, each once, in order."""
    places: dict[Hashable, list[int]] = defaultdict(list)
    for place, item in enumerate(old):
        places[item].append(place)
    return [(places[item].pop(0), place) for place, item in enumerate(new) if places[item]]


def _unnamed(old: plan.Plan, new: plan.Plan) -> dict[str, str]:
    """The same for rules without a name: what says the same on the same line, then what moved, in order.

    At last come those that were written anew and amount to the same.
    """
    before, after = ([rule for rule in each.rules if not is_named(rule.name)] for each in (old, new))
    found: dict[str, str] = {}
    for alike in (_line_and_text, _file_and_text, _file_and_meaning):
        before = [rule for rule in before if rule.name not in found.values()]
        after = [rule for rule in after if rule.name not in found]
        pairs = pair(list(map(alike, before)), list(map(alike, after)))
        found |= {after[a].name: before[b].name for b, a in pairs}
    return found


def _line_and_text(rule: plan.Rule) -> tuple[str, Hashable]:
    return rule.name, _text(rule)


def _file_and_text(rule: plan.Rule) -> tuple[str, Hashable]:
    return _file(rule), _text(rule)


def _file_and_meaning(rule: plan.Rule) -> tuple[str, bytes]:
    return _file(rule), _encode(meaning(rule))


def _text(rule: plan.Rule) -> Hashable:
    """What a rule says; of a plan that nobody compiled, what it means."""
    return rule.says or _encode(meaning(rule))


def _file(rule: plan.Rule) -> str:
    return rule.name.rpartition(":")[0]


def _change(before: plan.Rule | None, rule: plan.Rule, segments: frozenset[str]) -> RuleChange:
    if before is None:
        return RuleChange(Change.ADDED, rule.name, None)
    what = (*_differences(before, rule), *_through_segments(rule, segments))
    if what:
        return RuleChange(Change.CHANGED, rule.name, before.name, what)
    return RuleChange(Change.UNCHANGED if before.name == rule.name else Change.RENAMED, rule.name, before.name)


# What changed, in words


def _differences(old: plan.Rule, new: plan.Rule) -> Iterator[str]:
    yield from _difference("on", old.triggers, new.triggers, _patterns(old.triggers), _patterns(new.triggers))
    yield from _difference("if", old.condition, new.condition)
    yield from _difference("delay", _timing(old), _timing(new), _timing(old), _timing(new))
    yield from _difference(
        "exceptions", old.exceptions, new.exceptions, _patterns(old.exceptions), _patterns(new.exceptions)
    )
    yield from _difference("per", old.per, new.per, _path(old.per), _path(new.per))
    yield from _difference("still if", old.still, new.still)
    yield from _difference("between", old.between, new.between, _window(old.between), _window(new.between))
    yield from _difference("from", old.live_from, new.live_from, _instant(old.live_from), _instant(new.live_from))
    yield from _difference("until", old.live_until, new.live_until, _instant(old.live_until), _instant(new.live_until))
    yield from _difference(
        "how often", old.eligibility, new.eligibility, _quota(old.eligibility), _quota(new.eligibility)
    )
    yield from _difference("hold out", old.hold_out, new.hold_out, _share(old.hold_out), _share(new.hold_out))
    yield from _difference("convert on", old.goal, new.goal, _goal(old.goal), _goal(new.goal))
    yield from _difference("send", old.send, new.send, _send(old.send), _send(new.send))


def _difference(what: str, old: Any, new: Any, shown: str = "", shown_now: str = "") -> Iterator[str]:
    """What changed, and from what to what where words can tell."""
    if not same(old, new):
        yield what if shown == shown_now else f"{what} {shown} -> {shown_now}"


def _patterns(matchers: Sequence[plan.Matcher]) -> str:
    return f"`{' or '.join(matcher.text for matcher in matchers)}`" if matchers else _NONE


def _timing(rule: plan.Rule) -> str:
    match rule.schedule:
        case None:
            text = format_duration(rule.delay)
        case plan.InDays(days, minute, zone):
            text = f"in {days} days at {_clock(minute)}{_zone(zone)}"
        case plan.NextWeekday(weekday, minute, zone):
            text = f"next {_WEEKDAYS[weekday]} at {_clock(minute)}{_zone(zone)}"
        case _:
            assert_never(rule.schedule)
    return f"{text} restarting" if rule.restarting else text


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _zone(zone: plan.Zone) -> str:
    return f" local, else {zone.name}" if zone.local else f" {zone.name}"


def _path(path: plan.Path | None) -> str:
    return f"`{'.'.join(path)}`" if path else _NONE


def _window(window: plan.DeliveryWindow | None) -> str:
    if window is None:
        return _NONE
    ending = " or drop" if window.drops else ""
    return f"{_clock(window.opens)} and {_clock(window.closes)}{_zone(window.zone)}{ending}"


def _instant(instant: int | None) -> str:
    return _NONE if instant is None else str(format_instant(instant))


def _quota(quota: plan.Eligibility | None) -> str:
    if quota is None:
        return "always"
    if quota.window is None:
        return "once" if quota.count == 1 else f"at most {quota.count}"
    return f"at most {quota.count} per {format_duration(quota.window)}"


def _share(millionths: int) -> str:
    return f"{millionths / _MILLIONTHS_PER_PERCENT:g}%"


def _goal(goal: plan.Goal | None) -> str:
    return _NONE if goal is None else f"`{goal.matcher.text}` within {format_duration(goal.within)}"


def _send(send: str | tuple[plan.Arm, ...]) -> str:
    if isinstance(send, str):
        return f"`{send}`"
    return " + ".join(f"{_share(arm.share)} `{arm.send}`" for arm in send)


# Conditions on users may change although the rule reads the same


def _changed_segments(old: plan.Plan, new: plan.Plan) -> frozenset[str]:
    """The segments that say something else now, by themselves or through others."""
    before, after = ({s.name: s.condition for s in each.segments} for each in (old, new))
    changed = {name for name, condition in after.items() if not same(before.get(name), condition)}
    while more := {n for n, c in after.items() if n not in changed and not changed.isdisjoint(_segments_in(c))}:
        changed |= more
    return frozenset(changed)


def _through_segments(rule: plan.Rule, changed: frozenset[str]) -> Iterator[str]:
    conditions = [condition for condition in (rule.condition, rule.still) if condition is not None]
    named = {name for condition in conditions for name in _segments_in(condition)}
    yield from (f"segment `{name}`" for name in sorted(changed & named))


def _segments_in(condition: plan.Condition) -> Iterator[str]:
    """The segments that a condition names."""
    match condition:
        case plan.InSegment(name):
            yield name
        case plan.Negation(term):
            yield from _segments_in(term)
        case plan.AllOf(terms) | plan.AnyOf(terms):
            for term in terms:
                yield from _segments_in(term)
        case _:
            return
