"""The rules of a plan as clauses of the language, so that people see what is different between two of them.

A plan holds no source text. What is written here means the same as what the rule's author wrote: quiet hours of the
policy stand as the `between` that they amount to.
"""

from collections.abc import Iterator
from typing import Final, assert_never

from connrules import ast, plan
from connrules.duration import day, format_duration, format_instant
from connrules.syntax.spelling import percentage, quoted, spell_operand, spell_path
from connrules.text import Span

_NOWHERE: Final = Span(0, 0)
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def clauses_of(rule: plan.Rule) -> tuple[str, ...]:
    """The clauses of a rule, in canonical order."""
    return tuple(_clauses(rule))


def segment_of(segment: plan.Segment) -> str:
    """`segment vip = user.plan = "gold"`."""
    return f"segment {segment.name} = {_condition(segment.condition, 'user.')}"


def limit_of(limit: plan.Limit) -> str:
    """`limit push to 1 per 12h`."""
    channel = f"{limit.channel} to " if limit.channel else ""
    return f"limit {channel}{limit.count} per {format_duration(limit.window)}"


def _clauses(rule: plan.Rule) -> Iterator[str]:
    yield f"on {_patterns(rule.triggers)}"
    if rule.condition is not None:
        yield f"if {_condition(rule.condition, 'user.')}"
    yield from _delay(rule)
    if rule.exceptions:
        yield f"unless {_patterns(rule.exceptions)}"
    if rule.per is not None:
        yield f"per {_path(rule.per)}"
    if rule.still is not None:
        yield f"still if {_condition(rule.still, 'user.')}"
    if rule.between is not None:
        yield _window(rule.between)
    if rule.live_from is not None:
        yield f"from {day(rule.live_from)}"
    if rule.live_until is not None:
        yield f"until {day(rule.live_until)}"
    if rule.eligibility is not None:
        yield _eligibility(rule.eligibility)
    if rule.hold_out:
        yield f"hold out {percentage(rule.hold_out)}"
    if rule.goal is not None:
        yield f"convert on {rule.goal.matcher.text} within {format_duration(rule.goal.within)}"
    yield _send(rule.send)


def _patterns(matchers: tuple[plan.Matcher, ...]) -> str:
    return " or ".join(matcher.text for matcher in matchers)


def _delay(rule: plan.Rule) -> Iterator[str]:
    match rule.schedule:
        case plan.InDays(days, minute, zone):
            yield f"in {days} days at {_clock(minute)}{_zone(zone)}"
        case plan.NextWeekday(weekday, minute, zone):
            yield f"next {_WEEKDAYS[weekday]} at {_clock(minute)}{_zone(zone)}"
        case None if rule.delay or rule.exceptions:
            yield f"after {format_duration(rule.delay)}{' restarting' if rule.restarting else ''}"
        case None:
            pass
        case _:
            assert_never(rule.schedule)


def _window(window: plan.DeliveryWindow) -> str:
    closed = " or drop" if window.drops else ""
    return f"between {_clock(window.opens)} and {_clock(window.closes)}{_zone(window.zone)}{closed}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _zone(zone: plan.Zone) -> str:
    if zone.local:
        return " local"
    return "" if zone.name == "UTC" else f" zone {quoted(zone.name)}"


def _eligibility(eligibility: plan.Eligibility) -> str:
    if eligibility.window is None:
        return "once" if eligibility.count == 1 else f"at most {eligibility.count}"
    return f"at most {eligibility.count} per {format_duration(eligibility.window)}"


def _send(send: str | tuple[plan.Arm, ...]) -> str:
    if isinstance(send, str):
        return f"send {quoted(send)}"
    return f"send one of {', '.join(f'{percentage(arm.share)} {quoted(arm.send)}' for arm in send)}"


def _condition(condition: plan.Condition, owner: str = "") -> str:
    """A condition on what belongs to an owner: `user.` or, for an event's own properties, nothing."""
    match condition:
        case plan.Compare(path, operator, operand):
            return f"{owner}{_path(path)} {operator} {_operand(operand)}"
        case plan.OneOf(path, operands):
            return f"{owner}{_path(path)} in ({', '.join(map(_operand, operands))})"
        case plan.Contains(path, operand):
            return f"{owner}{_path(path)} contains {_operand(operand)}"
        case plan.StartsWith(path, operand):
            return f"{owner}{_path(path)} starts with {_operand(operand)}"
        case plan.IsMissing(path):
            return f"{owner}{_path(path)} is missing"
        case plan.Negation(plan.IsMissing(path)):
            return f"{owner}{_path(path)} is present"
        case plan.InSegment(name):
            return f"in segment {name}"
        case plan.Negation(term):
            return f"not ({_condition(term, owner)})"
        case plan.AllOf(terms):
            return " and ".join(_term(term, owner) for term in terms)
        case plan.AnyOf(terms):
            return " or ".join(_term(term, owner) for term in terms)
        case _:
            assert_never(condition)


def _term(term: plan.Condition, owner: str) -> str:
    text = _condition(term, owner)
    return f"({text})" if isinstance(term, plan.AllOf | plan.AnyOf) else text


def _operand(operand: plan.Operand) -> str:
    match operand:
        case plan.FromTrigger(path):
            return f"trigger.{_path(path)}"
        case plan.Value(value, instant=True):
            return str(format_instant(int(value)))
        case plan.Value(value):
            return _literal(value)
        case _:
            assert_never(operand)


def _literal(value: str | float) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return quoted(value)
        case _:
            return spell_operand(ast.Number(value, _NOWHERE))


def _path(path: plan.Path) -> str:
    return spell_path(ast.Path(path, _NOWHERE))
