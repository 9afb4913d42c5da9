"""What an engine has seen and decided so far, in numbers."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from connrules.event import Kind, Outcome, Reason


@dataclass(slots=True)
class Counts:
    """Counts since the engine was made or restored."""

    events: int = 0
    """Events fed, late ones included."""
    matched: int = 0
    """Events that matched the trigger of a rule or cancelled a pending send."""
    late: int = 0
    unknown_objects: Counter[str] = field(default_factory=Counter)
    """Events that name a campaign, card or custom event which is unknown, or that lack one, by their type."""
    unknown_types: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[tuple[Kind, Reason | None]] = field(default_factory=Counter)
    """Outcomes by kind and reason."""
    cancelled: Counter[str] = field(default_factory=Counter)
    """Cancelled sends by rule and exception pattern: `cart_reminder: purchase`."""

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Count outcomes."""
        for outcome in outcomes:
            self.outcomes[outcome.kind, outcome.reason] += 1
            if outcome.kind is Kind.CANCELLED:
                self.cancelled[f"{outcome.rule}: {outcome.pattern}"] += 1

    def total(self, kind: Kind) -> int:
        """How many outcomes of a kind there were."""
        return sum(count for (k, _), count in self.outcomes.items() if k is kind)

    def reasons(self, kind: Kind) -> Counter[str]:
        """How many outcomes of a kind there were for each reason."""
        return Counter({str(r): n for (k, r), n in self.outcomes.items() if k is kind and r is not None})
