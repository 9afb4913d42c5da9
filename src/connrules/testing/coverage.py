"""What there is to reach in a rule: all that can become of its triggers and waits, and the instants where that turns.

Only what is possible is listed: `rule_ended` of a rule with `until`, `audience` of one with `if`, and so on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from connrules import ast, catalog
from connrules.catalog import ALWAYS
from connrules.check import Checked, CheckedRule
from connrules.check.conditions.parts import needs_trigger_property
from connrules.check.waits.windows import is_always_inside
from connrules.duration import format_duration
from connrules.event import Kind, Reason
from connrules.reference.timing import window_of
from connrules.syntax.formatter import format_pattern
from connrules.syntax.spelling import quoted, spell_name
from connrules.testing.chains import triggered_once
from connrules.testing.start import sources_of
from connrules.vocabulary import OBJECT_KIND, ObjectKind

if TYPE_CHECKING:
    from connrules.catalog import Entry

BEFORE, AT, AFTER = -1, 0, 1
"""Milliseconds from the due instant at which an exception event shows on which side of it the wait ends."""


class Point(NamedTuple):
    """Something to reach. `kind` is that of an outcome, or `boundary`; `detail` is the campaign sent, the pattern, the
    reason, or the side of the boundary.
    """

    kind: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """A point of a rule, in words, with whether it was reached and how it can be."""

    point: Point
    text: str
    hint: str
    reached: bool = False


@dataclass(frozen=True, slots=True)
class RuleCoverage:
    """What was reached of one rule."""

    rule: CheckedRule
    items: tuple[Item, ...]

    @property
    def reached(self) -> int:
        """How many of its points were."""
        return sum(item.reached for item in self.items)

    @property
    def percent(self) -> int:
        """How many of a hundred, rounded down."""
        return _percent(self.reached, len(self.items))


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was reached of each rule, in rule-set order."""

    rules: tuple[RuleCoverage, ...] = ()

    @property
    def points(self) -> int:
        """How many points there are to reach."""
        return sum(len(rule.items) for rule in self.rules)

    @property
    def reached(self) -> int:
        """How many of them were."""
        return sum(rule.reached for rule in self.rules)

    @property
    def percent(self) -> int:
        """How many of a hundred, rounded down: only all of them are 100."""
        return _percent(self.reached, self.points)

    def is_below(self, percent: int) -> bool:
        """Whether less than so many of a hundred were."""
        return self.reached * 100 < percent * self.points


def _percent(reached: int, points: int) -> int:
    return reached * 100 // points if points else 100


def points_of(checked: Checked) -> Iterator[tuple[CheckedRule, tuple[Item, ...]]]:
    """What there is to reach in each rule, nothing of it reached yet."""
    rules = {rule.name: rule.node for rule in checked.rules}
    for rule in checked.rules:
        yield rule, tuple(_Possible(rule.node, checked, rules).items())


class _Possible:
    """Works out what can become of the triggers and waits of one rule."""

    def __init__(self, rule: ast.Rule, checked: Checked, rules: Mapping[str, ast.Rule]) -> None:
        self._rule = rule
        self._catalog = checked.catalog
        self._policy = checked.policy
        self._window = window_of(rule, checked.policy)
        self._again = not triggered_once(rule, rules)
        self._waits = _waits(rule.delay) or (self._window is not None and not self._window.drops)

    def items(self) -> Iterator[Item]:
        """All of them, in the order in which they are told."""
        yield from self._sends()
        yield from self._exceptions()
        yield from self._boundary()
        if self._again and isinstance(self._rule.delay, ast.After) and self._rule.delay.restarting:
            yield Item(Point(Kind.RESTARTED), "restarted", "trigger the rule again while it waits")
        if self._rule.convert:
            text = format_pattern(self._rule.convert.pattern)
            within = self._rule.convert.within.spelling
            yield Item(Point(Kind.GOAL), "goal", f"let `{text}` happen within {within} of the send")
        for kind, reasons in ((Kind.DROPPED, self._drops()), (Kind.IGNORED, self._ignores())):
            for reason, hint in reasons:
                yield Item(Point(kind, reason), f"{kind} because {reason}", hint)

    def _sends(self) -> Iterator[Item]:
        targets = list(dict.fromkeys(target.text for target in self._rule.targets))
        for target in targets:
            hint = "let nothing cancel the wait" if self._waits else "trigger the rule"
            if len(targets) > 1:
                hint = 'try other users, e.g. `user "u2" at 0s …`: which message one gets depends on the user alone'
            yield Item(Point(Kind.SENT, target), f"sent {quoted(target)}", hint)

    def _exceptions(self) -> Iterator[Item]:
        for text in self._exception_texts():
            yield Item(Point(Kind.CANCELLED, text), f"cancelled by `{text}`", "let it happen during the wait")

    def _exception_texts(self) -> list[str]:
        patterns = self._rule.unless.patterns if self._rule.unless and self._waits else ()
        return list(dict.fromkeys(format_pattern(pattern) for pattern in patterns if self._is_possible(pattern)))

    def _is_possible(self, exception: ast.Pattern) -> bool:
        """Whether an exception can match: what rules send and cancel has no properties to compare with."""
        if any(isinstance(trigger, ast.EventPattern | ast.CustomEvent) for trigger in self._rule.on.patterns):
            return True
        where = exception.where if isinstance(exception, ast.EventPattern | ast.CustomEvent) else None
        return not needs_trigger_property(where)

    def _boundary(self) -> Iterator[Item]:
        if not self._exception_texts():
            return
        sides = {BEFORE: "1ms before the due instant", AT: "at the due instant", AFTER: "1ms after the due instant"}
        for side, words in sides.items():
            when = words
            if isinstance(self._rule.delay, ast.After) and self._window is None:
                when = f"{format_duration(self._rule.delay.delay.ms + side)} after the trigger"
            yield Item(Point("boundary", str(side)), f"exception {words}", f"let an exception event happen {when}")

    def _drops(self) -> Iterator[tuple[Reason, str]]:
        rule = self._rule
        if self._may_be_outside():
            yield Reason.OUTSIDE_WINDOW, "let it be due while the window is closed"
        if self._waits and any(_ends(target) for target in self._targets()):
            name = spell_name(rule.targets[0])
            yield Reason.TARGET_STOPPED, f"let the message stop during the wait: `active {name} until …`"
        if self._waits and rule.until:
            yield Reason.RULE_ENDED, f"trigger it so shortly before {rule.until.time.spelling} that it is due after it"
        if rule.still_if:
            yield Reason.AUDIENCE_AT_SEND, "change the user during the wait: `at … attributes where …`"
        if rule.eligibility and self._again and self._waits and rule.per:
            yield Reason.NOT_ELIGIBLE, "let several waits of one user be due, more than the rule may send"
        if rule.hold_out:
            yield Reason.HELD_OUT, 'try other users, e.g. `user "u2" at 0s …`: some of them are held out'
        if self._is_limited():
            yield Reason.LIMITED, "let a user be sent as many messages as the policy allows, and then this one"

    def _may_be_outside(self) -> bool:
        """Whether the window drops anything: with a schedule inside it, nothing is ever due while it is closed."""
        schedule, window = self._rule.delay, self._window
        if window is None or not window.drops:
            return False
        return not (isinstance(schedule, ast.Schedule) and is_always_inside(schedule, window, self._policy))

    def _ignores(self) -> Iterator[tuple[Reason, str]]:
        rule = self._rule
        if rule.from_ or rule.until:
            yield Reason.RULE_NOT_LIVE, f"trigger it {_outside(rule)}"
        if any(_has_bounds(target) for target in self._targets()):
            yield Reason.TARGET_NOT_PUBLISHED, f"trigger it while the message is not active: {self._from(rule.targets)}"
        sources = [name for kind, name in sources_of(rule) if _has_bounds(self._entry(kind, name.text))]
        if sources or self._any_source_has_bounds():
            hint = self._from(sources) if sources else "`active … from …`"
            yield Reason.SOURCE_NOT_ACTIVE, f"trigger it while that is not active: {hint}"
        if rule.if_:
            yield Reason.AUDIENCE, "trigger it for a user whom `if` leaves out"
        if self._again and self._waits and not (isinstance(rule.delay, ast.After) and rule.delay.restarting):
            yield Reason.ALREADY_WAITING, "trigger it again while it waits"
        if rule.eligibility and self._again and self._can_use_up():
            yield Reason.NOT_ELIGIBLE, "trigger it again after as many sends as it may make"

    def _from(self, names: list[ast.Name] | tuple[ast.Name, ...]) -> str:
        return f"`active {spell_name(names[0])} from 1h` and a trigger at 0s"

    def _targets(self) -> list[Entry | None]:
        return [self._entry(ObjectKind.CAMPAIGN, target.text) for target in self._rule.targets]

    def _entry(self, kind: ObjectKind, name: str) -> Entry | None:
        found = self._catalog.named(kind, name) if self._catalog else []
        return found[0] if len(found) == 1 else None

    def _any_source_has_bounds(self) -> bool:
        """Whether the trigger is of any campaign or card, and one of them is not always active."""
        kinds = {
            OBJECT_KIND.get(pattern.word.text)
            for pattern in self._rule.on.patterns
            if isinstance(pattern, ast.EventPattern) and isinstance(pattern.of, ast.AnyObject)
        }
        if self._catalog is None:
            return False
        entries = {ObjectKind.CAMPAIGN: self._catalog.campaigns, ObjectKind.CARD: self._catalog.cards}
        return any(_has_bounds(entry) for kind, found in entries.items() if kind in kinds for entry in found)

    def _is_limited(self) -> bool:
        channels = {c for target in self._targets() if isinstance(target, catalog.Campaign) for c in target.channels}
        return any(limit.channel is None or limit.channel.text in channels for limit in self._policy.limits)

    def _can_use_up(self) -> bool:
        """Whether a user can be sent as many messages as the rule may send in the window, one wait after the other."""
        match self._rule.eligibility:
            case ast.AtMost(count, window) if isinstance(self._rule.delay, ast.After) and self._rule.per is None:
                return (count - 1) * self._rule.delay.delay.ms < window.ms
            case _:
                return True


def _waits(delay: ast.Delay | None) -> bool:
    return delay.delay.ms > 0 if isinstance(delay, ast.After) else delay is not None


def _ends(entry: Entry | None) -> bool:
    return entry is not None and any(end is not None for _, end in entry.intervals)


def _has_bounds(entry: Entry | None) -> bool:
    return entry is not None and entry.intervals != ALWAYS


def _outside(rule: ast.Rule) -> str:
    sides = (("before", rule.from_), ("at or after", rule.until))
    return " or ".join(f"{word} {clause.time.spelling}" for word, clause in sides if clause)
