"""The small changes that can be made to a rule, each of them a slip that somebody could make while editing it.

Syntax trees are changed, not texts: `mutations` gives every tree that differs from the given one in one small thing.
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final, NamedTuple

from connrules import ast
from connrules.duration import format_duration, format_instant
from connrules.syntax.formatter import format_condition, format_pattern
from connrules.syntax.spelling import quoted, spell_clock, spell_operand, spell_path

OPERATORS: Final[tuple[ast.Operator, ...]] = ("=", "!=", "<", "<=", ">", ">=")
CENT: Final = 0.01
STEPS: Final = {"amount": CENT, "total": CENT}
"""The smallest step of what is money; of everything else it is 1."""
PERCENT: Final = 10_000
_DAY: Final = 24 * 60


class Mutation(NamedTuple):
    """A node with one small change in it: what kind of change, where in the text, in words, and the changed node."""

    kind: str
    place: int
    said: str
    node: Any


def mutations(node: Any) -> Iterator[Mutation]:
    """Each way to change a node, or something in it, a little."""
    yield from _here(node)
    for field in fields(node):
        for mutation in _inside(getattr(node, field.name)):
            yield mutation._replace(node=replace(node, **{field.name: mutation.node}))


def _inside(value: Any) -> Iterator[Mutation]:
    if is_dataclass(value):
        yield from mutations(value)
    elif isinstance(value, tuple):
        for place, item in enumerate(value):
            for mutation in _inside(item):
                yield mutation._replace(node=(*value[:place], mutation.node, *value[place + 1 :]))


def _here(node: Any) -> Iterator[Mutation]:
    """Each way to change the node itself."""
    match node:
        case ast.Rule() | ast.Policy():
            yield from _without_clauses(node)
        case ast.On(patterns):
            yield from _without_one("trigger", node, "patterns", [format_pattern(p) for p in patterns])
        case ast.Unless(patterns):
            yield from _without_one("exception", node, "patterns", [format_pattern(p) for p in patterns])
        case ast.EventPattern() | ast.CustomEvent():
            if node.where is not None:
                yield Mutation("where", node.where.span.start, "without where", replace(node, where=None))
        case ast.Objects(names):
            yield from _without_one("object", node, "names", [quoted(name.text) for name in names])
        case ast.After() | ast.InDays() | ast.NextWeekday():
            yield from _of_a_delay(node)
        case ast.Between() | ast.Quiet():
            yield from _of_a_window(node)
        case ast.AtMost() | ast.Limit():
            yield from _counts(node, "count", "count")
            yield from _durations(node, "length", "window")
        case ast.Convert():
            yield from _durations(node, "within", "within")
        case ast.HoldOut() | ast.SendOneOf():
            yield from _shares(node)
        case ast.From(time) | ast.Until(time):
            yield from _changed("time", node, "time", _instants(time))
        case _:
            yield from _of_a_condition(node)


def _of_a_delay(node: ast.After | ast.InDays | ast.NextWeekday) -> Iterator[Mutation]:
    match node:
        case ast.After(_, restarting):
            yield from _durations(node, "delay", "delay")
            if restarting:
                yield Mutation("clause", node.span.start, "without restarting", replace(node, restarting=False))
        case ast.InDays():
            yield from _counts(node, "schedule", "days")
            yield from _clocks(node, "schedule", "clock")
            yield from _without_zone(node)
        case ast.NextWeekday(weekday):
            for other in ((weekday - 1) % 7, (weekday + 1) % 7):
                yield Mutation("schedule", node.span.start, ast.WEEKDAYS[other], replace(node, weekday=other))
            yield from _clocks(node, "schedule", "clock")
            yield from _without_zone(node)


def _of_a_window(node: ast.Between | ast.Quiet) -> Iterator[Mutation]:
    for field in ("opens", "closes") if isinstance(node, ast.Between) else ("begins", "ends"):
        yield from _clocks(node, "window", field)
    said = "or hold" if node.drops else "or drop"
    yield Mutation("window", node.span.start, said, replace(node, drops=not node.drops))
    yield from _without_zone(node)


def _of_a_condition(node: Any) -> Iterator[Mutation]:
    match node:
        case ast.Compare(subject, operator):
            others = [replace(node, operator=other) for other in OPERATORS if other != operator]
            yield from _conditions("comparison", others)
            yield from _conditions("literal", [replace(node, operand=o) for o in _literals(subject, node.operand)])
        case ast.OneOf(subject, operands):
            yield from _without_one("literal", node, "operands", [spell_operand(o) for o in operands])
        case ast.StartsWith(subject, operand) | ast.Contains(subject, operand):
            yield from _conditions("literal", [replace(node, operand=o) for o in _literals(subject, operand)])
        case ast.IsMissing(subject):
            yield from _conditions("comparison", [ast.IsPresent(subject, node.span)])
        case ast.IsPresent(subject):
            yield from _conditions("comparison", [ast.IsMissing(subject, node.span)])
        case ast.AllOf(terms):
            yield from _conditions("and or", [ast.AnyOf(terms, node.span)])
        case ast.AnyOf(terms):
            yield from _conditions("and or", [ast.AllOf(terms, node.span)])
        case ast.Negation(term):
            yield Mutation("not", node.span.start, format_condition(term), term)


def _literals(subject: ast.Subject, operand: ast.Operand) -> Iterator[ast.Operand]:
    """The nearest other values of a literal."""
    match operand:
        case ast.Number(value):
            step = STEPS.get(spell_path(subject), 1) if isinstance(subject, ast.Path) else 1
            yield from (replace(operand, value=round(value + by, 2)) for by in (-step, step))
        case ast.Text(value):
            yield replace(operand, value=value + "x")
        case ast.Boolean(value):
            yield replace(operand, value=not value)
        case ast.Instant():
            yield from _instants(operand)


def _instants(time: ast.Instant) -> Iterator[ast.Instant]:
    for ms in (time.ms - 1, time.ms + 1):
        yield replace(time, ms=ms, is_date=False, spelling=str(format_instant(ms)))


# Ways to change a node


def _conditions(kind: str, conditions: list[Any]) -> Iterator[Mutation]:
    for condition in conditions:
        yield Mutation(kind, condition.span.start, format_condition(condition), condition)


def _without_clauses(node: ast.Rule | ast.Policy) -> Iterator[Mutation]:
    """A rule without its only exception, or without one of the clauses that it can do without.

    An exception needs a delay, so the checker would not let the delay go alone.
    """
    has_exceptions = isinstance(node, ast.Rule) and node.unless is not None
    for clause in node.clauses:
        match clause:
            case ast.Unless(patterns) if len(patterns) == 1:
                said = f"without {format_pattern(patterns[0])}"
                yield Mutation("exception", clause.span.start, said, _less(node, clause))
            case ast.On() | ast.Send() | ast.SendOneOf() | ast.Unless():
                continue
            case ast.After() | ast.InDays() | ast.NextWeekday() if has_exceptions:
                continue
            case _:
                yield Mutation("clause", clause.span.start, f"without {clause.keyword}", _less(node, clause))


def _less(node: Any, clause: ast.Clause | ast.PolicyClause) -> Any:
    """The rule or policy without a clause that it has."""
    if isinstance(clause, ast.Limit):
        return replace(node, limits=tuple(limit for limit in node.limits if limit is not clause))
    [field] = [field.name for field in fields(node) if getattr(node, field.name) is clause]
    return replace(node, **{field: None})


def _without_one(kind: str, node: Any, field: str, said: list[str]) -> Iterator[Mutation]:
    """The node without one of several things."""
    values = getattr(node, field)
    if len(values) < 2:
        return
    for place, value in enumerate(values):
        fewer = (*values[:place], *values[place + 1 :])
        yield Mutation(kind, value.span.start, f"without {said[place]}", replace(node, **{field: fewer}))


def _changed(kind: str, node: Any, field: str, values: Iterator[Any]) -> Iterator[Mutation]:
    for value in values:
        yield Mutation(kind, node.span.start, f"{node.keyword} {value.spelling}", replace(node, **{field: value}))


def _durations(node: Any, kind: str, field: str) -> Iterator[Mutation]:
    duration: ast.Duration = getattr(node, field)
    nearest = (duration.ms - 1, duration.ms + 1)
    changed = (replace(duration, ms=ms, spelling=format_duration(ms)) for ms in nearest)
    yield from _changed(kind, node, field, changed)


def _counts(node: Any, kind: str, field: str) -> Iterator[Mutation]:
    for count in (getattr(node, field) - 1, getattr(node, field) + 1):
        yield Mutation(kind, node.span.start, f"{node.keyword} {count}", replace(node, **{field: count}))


def _clocks(node: Any, kind: str, field: str) -> Iterator[Mutation]:
    clock: ast.Clock = getattr(node, field)
    for minutes in ((clock.minutes - 1) % _DAY, (clock.minutes + 1) % _DAY):
        other = replace(clock, minutes=minutes)
        yield Mutation(kind, clock.span.start, f"{field} {spell_clock(other)}", replace(node, **{field: other}))


def _without_zone(node: Any) -> Iterator[Mutation]:
    if node.zone is not None:
        yield Mutation("zone", node.span.start, f"{node.keyword} without its zone", replace(node, zone=None))


def _shares(node: ast.HoldOut | ast.SendOneOf) -> Iterator[Mutation]:
    """One percent more and one less; in a split, the next arm makes up for it."""
    for by in (-PERCENT, PERCENT):
        said = f"{node.keyword} {by // PERCENT:+} percent"
        match node:
            case ast.HoldOut(share):
                yield Mutation("share", share.span.start, said, replace(node, share=_more(share, by)))
            case ast.SendOneOf(arms):
                for place in range(len(arms) - 1):
                    one, other = arms[place], arms[place + 1]
                    moved = (replace(one, share=_more(one.share, by)), replace(other, share=_more(other.share, -by)))
                    changed = (*arms[:place], *moved, *arms[place + 2 :])
                    yield Mutation("share", one.span.start, said, replace(node, arms=changed))


def _more(share: ast.Share, by: int) -> ast.Share:
    return replace(share, millionths=share.millionths + by)
