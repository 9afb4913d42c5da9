"""What an engine has seen and decided so far, in numbers."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final, Self

from connrules.event import Kind, Outcome, Reason

OTHERS: Final = "(others)"
"""What unknown things are counted under once there are too many to count one by one."""
_ONE_BY_ONE: Final = 1_000
_KIND_AND_REASON: Final = attrgetter("kind", "reason")
_RULE_AND_KIND: Final = attrgetter("rule", "kind")
_CANCELLED: Final = Kind.CANCELLED
_IGNORED: Final = Kind.IGNORED
_ALREADY_WAITING: Final = Reason.ALREADY_WAITING
_SENT: Final = Kind.SENT


@dataclass(slots=True)
class Conversion:
    """How many users' sends of a rule reached its goal, and how many would-be sends of users who were held out did."""

    sends: Counter[str] = field(default_factory=Counter)
    """Sends, by the campaign sent."""
    goals: Counter[str] = field(default_factory=Counter)
    """Those of them that reached the goal."""
    held_out: int = 0
    held_out_converted: int = 0

    @property
    def sent(self) -> int:
        """Sends of all campaigns together."""
        return self.sends.total()

    @property
    def sent_converted(self) -> int:
        """Those of them that reached the goal."""
        return self.goals.total()

    def add(self, outcome: Outcome) -> None:
        """Count an outcome of the rule."""
        match outcome.kind, outcome.reason:
            case Kind.SENT, _:
                self.sends[outcome.send or ""] += 1
            case Kind.DROPPED, Reason.HELD_OUT:
                self.held_out += 1
            case Kind.GOAL, Reason.HELD_OUT:
                self.held_out_converted += 1
            case Kind.GOAL, _:
                self.goals[outcome.send or ""] += 1


@dataclass(slots=True)
class Counts:
    """Counts since the engine was made or restored. All but `rejected` are the engine's to count."""

    events: int = 0
    """Events fed, late ones included."""
    matched: int = 0
    """Events that matched the trigger of a rule, cancelled a pending send or reached a goal."""
    late: int = 0
    repeated: int = 0
    """Events that were skipped, because their user was seen with their id before."""
    rejected: int = 0
    """Events that `feed` and its like refused. Add what you refuse yourself, such as lines that are no events."""
    unknown_objects: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Events that are about an unknown campaign, card or custom event, by their type and what they name; the name is
    empty where they name none. The first thousand one by one, the others together."""
    unknown_types: Counter[str] = field(default_factory=Counter)
    """Events of an unknown type, by their type: the first thousand types one by one, the others together."""
    outcomes: Counter[tuple[Kind, Reason | None]] = field(default_factory=Counter)
    """Outcomes by kind and reason."""
    cancelled: Counter[str] = field(default_factory=Counter)
    """Cancelled sends by rule and exception pattern: `cart_reminder: purchase`."""
    conversions: dict[str, Conversion] = field(default_factory=dict)
    """For each rule that has a goal, by its name: how often it was reached."""
    rules: Counter[tuple[str, Kind]] | None = None
    """Outcomes by the name of their rule and kind; None: nobody asked for them."""

    @classmethod
    def of_goals(cls, rules: Iterable[str], *, by_rule: bool = False) -> Self:
        """Nothing counted yet, of rules that have a goal; with `by_rule`, outcomes are counted by all rules, too."""
        return cls(conversions={rule: Conversion() for rule in rules}, rules=Counter() if by_rule else None)

    def add_unknown_type(self, type_: str, count: int = 1) -> None:
        """Count events of an unknown type. A log may have a type for every event; memory must not grow with it."""
        one_by_one = type_ in self.unknown_types or len(self.unknown_types) < _ONE_BY_ONE
        self.unknown_types[type_ if one_by_one else OTHERS] += count

    def add_unknown_object(self, type_: str, name: str, count: int = 1) -> None:
        """Count events about something unknown, with the same care for memory."""
        key = (type_, name)
        one_by_one = key in self.unknown_objects or len(self.unknown_objects) < _ONE_BY_ONE
        self.unknown_objects[key if one_by_one else (OTHERS, OTHERS)] += count

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Count outcomes: sends, which most are, at a glance."""
        others = [outcome for outcome in outcomes if outcome.kind is not _SENT]
        if sends := len(outcomes) - len(others):
            self.outcomes[_SENT, None] += sends
        if others:
            self.outcomes.update(map(_KIND_AND_REASON, others))
            self.cancelled.update(f"{o.rule}: {o.pattern}" for o in others if o.kind is _CANCELLED)
        if self.conversions:
            for outcome in outcomes:
                if outcome.rule in self.conversions:
                    self.conversions[outcome.rule].add(outcome)
        if self.rules is not None:
            self.rules.update(map(_RULE_AND_KIND, outcomes))

    def add_cancelled(self, rule: str, pattern: str) -> None:
        """Count a cancelled send of which nobody wants to be told."""
        self.outcomes[_CANCELLED, None] += 1
        self.cancelled[f"{rule}: {pattern}"] += 1
        if self.rules is not None:
            self.rules[rule, _CANCELLED] += 1

    def add_ignored(self, rule: str) -> None:
        """Count a trigger that started nothing, since a send was pending already, of which nobody wants to be told."""
        self.outcomes[_IGNORED, _ALREADY_WAITING] += 1
        if self.rules is not None:
            self.rules[rule, _IGNORED] += 1

    def total(self, kind: Kind) -> int:
        """How many outcomes of a kind there were."""
        return sum(count for (k, _), count in self.outcomes.items() if k is kind)

    def reasons(self, kind: Kind) -> Counter[str]:
        """How many outcomes of a kind there were for each reason."""
        return Counter({str(r): n for (k, r), n in self.outcomes.items() if k is kind and r is not None})
