"""A checked rule set to a plan: names resolved, durations as numbers, no syntax left.

Only compiles; whether a rule set may run was decided by the checker.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Final, assert_never

from connrules import ast, plan
from connrules.check import Checked, CheckedRule
from connrules.diagnostic import Diagnostic
from connrules.syntax.formatter import format_pattern
from connrules.syntax.layout import format_declaration
from connrules.text import nfc
from connrules.vocabulary import CUSTOM_EVENT, OBJECT_KIND

if TYPE_CHECKING:
    from connrules.catalog import Catalog, Entry

_DIGITS: Final = 16
"""Of a digest: it tells apart the rules of one file."""


class CompileError(ValueError):
    """A rule set with errors cannot be compiled; `errors` says what they are."""

    def __init__(self, errors: tuple[Diagnostic, ...]) -> None:
        self.errors = errors
        first = errors[0]
        position = first.source.position(first.span.start)
        place = f"{first.source.path}:{position.line}:{position.column}"
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        super().__init__(f"{place}: {first.code} {first.message}{more}")

    def __reduce__(self) -> tuple[type[CompileError], tuple[tuple[Diagnostic, ...]]]:
        return type(self), (self.errors,)  # an exception is made anew from its message otherwise


def compile_rules(checked: Checked) -> plan.Plan:
    """The plan of a rule set. Raises CompileError where the checker found errors."""
    if checked.errors:
        raise CompileError(checked.errors)
    compiler = _Compiler(checked)
    return plan.Plan(
        rules=tuple(map(compiler.rule, checked.rules)),
        segments=tuple(
            plan.Segment(name=name, condition=compiler.user_condition(segment.condition))
            for name, segment in checked.segments.items()
        ),
        limits=tuple(map(_limit, checked.policy.limits)),
        time_zone=checked.policy.time_zone.name if checked.policy.time_zone else None,
        objects=_objects(checked.catalog),
        events=_events(checked.catalog),
    )


def _objects(catalog: Catalog | None) -> tuple[plan.Object, ...] | None:
    if catalog is None:
        return None
    campaigns = (_object("campaign", entry, entry.channels) for entry in catalog.campaigns)
    cards = (_object("card", entry) for entry in catalog.cards)
    return (*campaigns, *cards)


def _object(kind: plan.ObjectKind, entry: Entry, channels: tuple[str, ...] = ()) -> plan.Object:
    return plan.Object(kind=kind, name=entry.name, id=entry.id, active=entry.intervals, channels=channels)


def _events(catalog: Catalog | None) -> tuple[str, ...] | None:
    if catalog is None or catalog.events is None:
        return None
    return tuple(event.name for event in catalog.events)


def _limit(clause: ast.Limit) -> plan.Limit:
    channel = clause.channel.text if clause.channel else None
    return plan.Limit(count=clause.count, window=clause.window.ms, channel=channel)


class _Compiler:
    """Compiles rules and conditions of one rule set."""

    def __init__(self, checked: Checked) -> None:
        self._catalog = checked.catalog
        self._policy = checked.policy

    def rule(self, rule: CheckedRule) -> plan.Rule:
        node = rule.node
        return plan.Rule(
            name=rule.name,
            triggers=tuple(map(self._matcher, node.on.patterns)),
            send=_send(node.send),
            condition=self.user_condition(node.if_.condition) if node.if_ else None,
            delay=node.after.delay.ms if node.after else 0,
            restarting=node.after is not None and node.after.restarting,
            schedule=self._schedule(node.delay),
            exceptions=tuple(map(self._matcher, node.unless.patterns)) if node.unless else (),
            per=node.per.path.segments if node.per else None,
            still=self.user_condition(node.still_if.condition) if node.still_if else None,
            between=self._window(node.between),
            live_from=node.from_.time.ms if node.from_ else None,
            live_until=node.until.time.ms if node.until else None,
            eligibility=_eligibility(node.eligibility),
            hold_out=node.hold_out.share.millionths if node.hold_out else 0,
            goal=self._goal(node.convert),
            says="" if node.name else _digest(node),
        )

    def user_condition(self, condition: ast.Condition) -> plan.Condition:
        """A condition on a user; what the catalog types as a time compares as an instant."""
        return _condition(condition, _times(self._catalog.user.attributes if self._catalog else {}))

    def _schedule(self, delay: ast.Delay | None) -> plan.Schedule | None:
        match delay:
            case None | ast.After():
                return None
            case ast.InDays(days, clock, zone):
                return plan.InDays(days, clock.minutes, self._zone(zone))
            case ast.NextWeekday(weekday, clock, zone):
                return plan.NextWeekday(weekday, clock.minutes, self._zone(zone))
            case _:
                assert_never(delay)

    def _window(self, own: ast.Between | None) -> plan.DeliveryWindow | None:
        """The delivery window of a rule: its own, or what the policy's quiet hours leave."""
        if own is not None:
            return self._open(own.opens, own.closes, own.zone, drops=own.drops)
        quiet = self._policy.quiet
        return None if quiet is None else self._open(quiet.ends, quiet.begins, quiet.zone, drops=quiet.drops)

    def _open(self, opens: ast.Clock, closes: ast.Clock, zone: ast.Zone | None, *, drops: bool) -> plan.DeliveryWindow:
        return plan.DeliveryWindow(opens=opens.minutes, closes=closes.minutes, zone=self._zone(zone), drops=drops)

    def _zone(self, zone: ast.Zone | None) -> plan.Zone:
        default = self._policy.time_zone.name if self._policy.time_zone else "UTC"
        match zone:
            case None:
                return plan.Zone(name=default)
            case ast.Local():
                return plan.Zone(name=default, local=True)
            case ast.NamedZone(name):
                return plan.Zone(name=name)
            case _:
                assert_never(zone)

    def _goal(self, clause: ast.Convert | None) -> plan.Goal | None:
        return plan.Goal(matcher=self._matcher(clause.pattern), within=clause.within.ms) if clause else None

    def _matcher(self, pattern: ast.Pattern) -> plan.Matcher:
        text = format_pattern(pattern)
        match pattern:
            case ast.SentRule(rule):
                return plan.Matcher(text=text, type=plan.SENT, rule=rule.text)
            case ast.CancelledRule(rule):
                return plan.Matcher(text=text, type=plan.CANCELLED, rule=rule.text)
            case ast.CustomEvent(name, where):
                condition = _where(where, times=self._time_properties(name.text))
                return plan.Matcher(text=text, type=CUSTOM_EVENT, objects=(name.text,), where=condition)
            case ast.EventPattern(word, of, where):
                condition = _where(where, times=frozenset())
                objects, scope = _about(word.text, of)
                return plan.Matcher(text=text, type=word.text, objects=objects, scope=scope, where=condition)
            case _:
                assert_never(pattern)

    def _time_properties(self, event: str) -> frozenset[str]:
        entry = self._catalog.event(event) if self._catalog else None
        return _times(entry.properties if entry else {})


def _digest(rule: ast.Rule) -> str:
    """What a rule says, and nothing that policy or catalog make of it; comments and layout are no part of that."""
    return sha256(format_declaration(rule).encode()).hexdigest()[:_DIGITS]


def _times(types: Mapping[str, str]) -> frozenset[str]:
    return frozenset(nfc(name) for name, type_ in types.items() if type_ == "time")


def _about(word: str, of: ast.AnyObject | ast.Objects | None) -> tuple[tuple[str, ...] | None, plan.Scope | None]:
    """The objects that a pattern names, or its scope."""
    match of:
        case ast.Objects(names):
            return tuple(name.text for name in names), None
        case ast.AnyObject():
            return None, "any"
        case None:
            return None, None if OBJECT_KIND[word] is None else "implied"
        case _:
            assert_never(of)


def _send(clause: ast.Send | ast.SendOneOf) -> str | tuple[plan.Arm, ...]:
    match clause:
        case ast.Send(target):
            return target.text
        case ast.SendOneOf(arms):
            return tuple(plan.Arm(share=arm.share.millionths, send=arm.target.text) for arm in arms)
        case _:
            assert_never(clause)


def _eligibility(clause: ast.Once | ast.AtMost | None) -> plan.Eligibility | None:
    match clause:
        case None:
            return None
        case ast.Once():
            return plan.Eligibility(count=1)
        case ast.AtMost(count, window):
            return plan.Eligibility(count=count, window=window.ms)
        case _:
            assert_never(clause)


def _where(where: ast.Condition | None, times: frozenset[str]) -> plan.Condition | None:
    return None if where is None else _condition(where, times)


def _condition(condition: ast.Condition, times: frozenset[str]) -> plan.Condition:
    match condition:
        case ast.Compare(subject, operator, operand):
            path = _path(subject)
            instant = _is_instant(path, times)
            return plan.Compare(path, operator, _operand(operand), instant)
        case ast.OneOf(subject, operands):
            path = _path(subject)
            instant = _is_instant(path, times)
            return plan.OneOf(path, tuple(map(_operand, operands)), instant)
        case ast.Contains(subject, operand):
            return plan.Contains(_path(subject), _operand(operand))
        case ast.StartsWith(subject, operand):
            return plan.StartsWith(_path(subject), _operand(operand))
        case ast.IsMissing(subject):
            return plan.IsMissing(_path(subject))
        case ast.IsPresent(subject):
            return plan.Negation(plan.IsMissing(_path(subject)))
        case ast.InSegment(name):
            return plan.InSegment(name.text)
        case ast.Negation(term):
            return plan.Negation(_condition(term, times))
        case ast.AllOf(terms):
            return plan.AllOf(tuple(_condition(term, times) for term in terms))
        case ast.AnyOf(terms):
            return plan.AnyOf(tuple(_condition(term, times) for term in terms))
        case _:
            assert_never(condition)


def _path(subject: ast.Subject) -> plan.Path:
    """The keys to follow from a user's attributes, or from an event's properties."""
    return (subject.path if isinstance(subject, ast.Attribute) else subject).segments


def _is_instant(path: plan.Path, times: frozenset[str]) -> bool:
    return len(path) == 1 and path[0] in times


def _operand(operand: ast.Operand) -> plan.Operand:
    match operand:
        case ast.TriggerProperty(path):
            return plan.FromTrigger(path.segments)
        case ast.Instant(ms):
            return plan.Value(ms, instant=True)
        case ast.Text(value) | ast.Number(value) | ast.Boolean(value):
            return plan.Value(value)
        case _:
            assert_never(operand)
