"""Timelines: events tried on a rule set, and the test that says what becomes of them.

A timeline is short: a few events of one user, perhaps what is known of the user. When it begins, and who the user is,
are chosen so that what is to be shown comes about: within the lifetimes of the rules, in the open hours of their
windows, on the right side of their chances.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from connrules import ast
from connrules.catalog import ALWAYS, Interval
from connrules.check.index import Index
from connrules.check.names.binding import Names
from connrules.check.tests import OWN_USER
from connrules.check.together.rehearsal import Rehearsal
from connrules.check.together.witness import Setting, drops, sends, witness
from connrules.check.waits.too_late import meet
from connrules.check.waits.waiting import closed_for, matters_for, shortest_wait
from connrules.checked import CheckedRule
from connrules.duration import MS_PER_UNIT, format_duration, format_instant, instant_of
from connrules.event import Event, Kind, Outcome, Reason
from connrules.reference.chance import is_held_out, target_of
from connrules.vocabulary import OBJECT_KIND, ObjectKind

if TYPE_CHECKING:
    from connrules.catalog import Catalog

USUAL_START: Final = instant_of(datetime(2026, 1, 1, tzinfo=UTC))
"""When a test starts where nothing says otherwise."""
_BEGINNING: Final = ALWAYS[0][0]
_MOST_USERS: Final = 200
_MOST_STARTS: Final = 4

Steps = Sequence[ast.Happening]


@dataclass(frozen=True, slots=True)
class Told:
    """A timeline, and what becomes of it."""

    steps: tuple[ast.Happening, ...]
    start: int
    is_dated: bool
    """Whether the rule set has dates, so that a test must say when it starts."""
    outcomes: tuple[Outcome, ...]
    by_rule: Mapping[str, Sequence[Outcome]]
    """The outcomes of each rule."""
    sent: Sequence[Outcome]
    stage: Stage

    def sent_by(self, rule: CheckedRule) -> Outcome | None:
        """The first send of a rule."""
        return next((o for o in self.by_rule.get(rule.name, ()) if o.kind is Kind.SENT), None)

    def limited(self, rule: CheckedRule) -> Outcome | None:
        """The first send of a rule that a limit of the policy stops, unless the rule sends as well."""
        if self.sent_by(rule) is not None:
            return None
        return next((o for o in self.by_rule.get(rule.name, ()) if o.reason is Reason.LIMITED), None)

    def witness(self, title: str, dropped: Outcome | None = None) -> str:
        """The test that shows it: all that is sent, and what is dropped, where the rule has a name to say so."""
        expected = [self._send(outcome) for outcome in self.sent]
        drop = None
        if dropped is not None:
            drop = drops(self.stage.rules[dropped.rule], dropped.at - self.start, str(dropped.reason))
        must_say = self.is_dated or self.start != USUAL_START
        setting = replace(self.stage.setting, start=self.start if must_say else None)
        return witness(title, [*self.steps, *expected, *([drop] if drop else [])], setting)

    def _send(self, outcome: Outcome) -> ast.Expect:
        rule = self.stage.rules[outcome.rule]
        target = next(target for target in rule.node.targets if target.text == outcome.send)
        return sends(rule, replace(target, quoted=True), outcome.at - self.start)


def later_by(step: ast.Happening, ms: int) -> ast.Happening:
    """An event of a timeline so long after where it begins."""
    return replace(step, at=ast.Duration(ms, format_duration(ms), step.span))


class Stage:
    """Where timelines are tried on a rule set."""

    def __init__(self, rules: Sequence[CheckedRule], index: Index, names: Names | None) -> None:
        self.index, self.names = index, names
        self.setting = Setting(index, names)
        self.rules = dict(index.rules)
        catalog = names.catalog if names else None
        self._rehearsal = Rehearsal(self.rules.values(), index.segments, index.policy, catalog)
        self._is_dated = _is_dated(rules, catalog)
        self._lasting = matters_for((rule.node for rule in rules), index.policy)
        self._known: dict[int, tuple[tuple[Outcome, ...], tuple[dict[str, list[Outcome]], list[Outcome]]]] = {}
        self._places = {name: place for place, name in enumerate(self.rules)}

    @property
    def is_over(self) -> bool:
        """Whether there is no telling any more of what becomes of timelines, for this many rules."""
        return self._rehearsal.is_over

    def place_of(self, name: str) -> int:
        """The place of a rule in the order of the rule set."""
        return self._places[name]

    def counts(self, limit: ast.Limit, rule: CheckedRule) -> bool:
        """Whether a limit of the policy counts every send of a rule."""
        return limit.channel is None or all(limit.channel.text in self.channels(target) for target in rule.node.targets)

    def may_count(self, limit: ast.Limit, rule: CheckedRule) -> bool:
        """Whether it counts some of them."""
        return limit.channel is None or any(limit.channel.text in self.channels(target) for target in rule.node.targets)

    def intervals(self, target: ast.Name) -> tuple[Interval, ...]:
        """When a campaign is active; never, where the catalog does not know it."""
        campaign = self.names.catalog.campaign(target.text) if self.names else None
        return campaign.intervals if campaign else () if self.names else ALWAYS

    def channels(self, target: ast.Name) -> tuple[str, ...]:
        """The channels of a campaign, as far as the catalog knows them."""
        campaign = self.names.catalog.campaign(target.text) if self.names else None
        return campaign.channels if campaign else ()

    def play(self, steps: Steps, start: int, user: str = OWN_USER) -> Told | None:
        """What becomes of a timeline that begins at an instant; None where there is no telling."""
        named = tuple(step if user == OWN_USER else replace(step, user=user) for step in steps)
        events = [_event(step, f"e{number}", start, user) for number, step in enumerate(named, start=1)]
        outcomes = self._rehearsal.play(events)
        if outcomes is None:  # what has no end is told as far as a test goes
            outcomes = self._rehearsal.play(events, self._lasting)
        if outcomes is None:
            return None
        by_rule, sent = self._sorted(outcomes)
        return Told(named, start, self._is_dated, outcomes, by_rule, sent, self)

    def _sorted(self, outcomes: tuple[Outcome, ...]) -> tuple[dict[str, list[Outcome]], list[Outcome]]:
        """Outcomes by rule, and those that are sends: worked out once, as many timelines of a crowd are the same."""
        if id(outcomes) not in self._known:
            by_rule: dict[str, list[Outcome]] = {}
            for outcome in outcomes:
                by_rule.setdefault(outcome.rule, []).append(outcome)
            sends = [outcome for outcome in outcomes if outcome.kind is Kind.SENT]
            self._known[id(outcomes)] = outcomes, (by_rule, sends)
        return self._known[id(outcomes)][1]

    def find(self, steps: Steps, rules: Sequence[CheckedRule], shows: Callable[[Told], bool]) -> Told | None:
        """The timeline with the start and the user with which it shows something about these rules, if there is one."""
        users = list(_users(rules))
        for start in self._starts(steps, rules):
            for user in users:
                told = self.play(steps, start, user)
                if told is not None and shows(told):
                    return told
        return None

    def _starts(self, steps: Steps, rules: Sequence[CheckedRule]) -> Iterator[int]:
        """The instants at which to try: early and late in what all rules have of life in common."""
        longest = max(shortest_wait(rule.node) for rule in rules)
        for interval in islice(self._common(steps, rules), _MOST_STARTS):
            for start in _within(interval, longest):
                yield start
                closed = {closed_for(rule.node, self.index.policy, start) for rule in rules}
                yield from (start + wait for wait in sorted(closed) if wait)

    def _common(self, steps: Steps, rules: Sequence[CheckedRule]) -> Iterable[Interval]:
        """When all rules live, and all is active that they send or that the events are about."""
        common: Iterable[Interval] = ALWAYS
        for lifetime in self._lifetimes(steps, rules):
            common = meet(common, lifetime)
        return sorted(common, key=lambda interval: interval[0])

    def _lifetimes(self, steps: Steps, rules: Sequence[CheckedRule]) -> Iterator[tuple[Interval, ...]]:
        for rule in rules:
            from_, until = rule.node.from_, rule.node.until
            yield ((from_.time.ms if from_ else _BEGINNING, until.time.ms if until else None),)
            if isinstance(rule.node.send, ast.Send):
                yield self._active(ObjectKind.CAMPAIGN, rule.node.send.target)
        for step in steps:
            kind = OBJECT_KIND.get(step.type.text)
            if step.object is not None and kind in {ObjectKind.CAMPAIGN, ObjectKind.CARD}:
                yield self._active(kind, step.object)

    def _active(self, kind: ObjectKind | None, name: ast.Name) -> tuple[Interval, ...]:
        found = self.names.catalog.named(kind, name.text) if self.names and kind else []
        return found[0].intervals if len(found) == 1 else ALWAYS


def _users(rules: Sequence[CheckedRule]) -> Iterator[str]:
    """A user for each way in which the chances of the rules may fall, but for those who are held out."""
    left = [rule for rule in rules if rule.node.hold_out or isinstance(rule.node.send, ast.SendOneOf)]
    seen: set[tuple[str, ...]] = set()
    for user in (OWN_USER, *(f"u{number}" for number in range(1, _MOST_USERS if left else 1))):
        side = tuple(target_of(rule, user) for rule in left)
        if side not in seen and not any(is_held_out(rule, user) for rule in left):
            seen.add(side)
            yield user


def _is_dated(rules: Iterable[CheckedRule], catalog: Catalog | None) -> bool:
    entries = (*catalog.campaigns, *catalog.cards) if catalog else ()
    return any(rule.node.from_ or rule.node.until for rule in rules) or any(e.intervals != ALWAYS for e in entries)


def _within(interval: Interval, longest: int) -> Iterator[int]:
    """The start of an interval, or the usual one; and where it has an end, as late as a wait has room before it."""
    begins, ends = interval
    if begins > _BEGINNING:
        yield begins
    elif ends is None or ends > USUAL_START:
        yield USUAL_START
    if ends is not None:
        yield max(begins, ends - longest - MS_PER_UNIT["d"])
        yield max(begins, ends - longest - 1)


def _event(step: ast.Happening, id_: str, start: int, user: str) -> Event:
    about = {OBJECT_KIND.get(step.type.text): step.object.text if step.object else None}
    assert isinstance(step.at, ast.Duration)
    return Event(
        user=user,
        type=step.type.text,
        time=start + step.at.ms,
        id=id_,
        campaign=about.get(ObjectKind.CAMPAIGN),
        card=about.get(ObjectKind.CARD),
        name=about.get(ObjectKind.EVENT),
        properties=_properties(step.properties) or None,
    )


def _properties(properties: Iterable[ast.Property]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for property_ in properties:
        *outer, last = property_.path.segments
        inside = made
        for segment in outer:
            inside = inside.setdefault(segment, {})
        inside[last] = _data(property_.value)
    return made


def _data(value: ast.Literal | ast.Variable) -> Any:
    match value:
        case ast.Text(data) | ast.Number(data) | ast.Boolean(data):
            return data
        case ast.Instant(ms):
            return format_instant(ms)
        case ast.Variable():
            raise TypeError("a witness has no variables")
