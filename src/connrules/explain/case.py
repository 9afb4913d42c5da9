"""One trigger of one rule, with everything that explains what became of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from connrules import ast
from connrules.check import CheckedRule
from connrules.event import Event, Outcome
from connrules.explain.clauses import clause_at
from connrules.explain.past import Past
from connrules.explain.story import Clause
from connrules.explain.world import World
from connrules.reference.chance import target_of
from connrules.reference.matching import Happening
from connrules.reference.timing import due_of
from connrules.reference.user import User


@dataclass(frozen=True)
class Case:
    """An outcome, the rule whose it is, and its place among all outcomes of the user."""

    past: Past
    world: World
    rule: CheckedRule
    outcome: Outcome
    place: int

    @cached_property
    def trigger(self) -> Happening:
        """What triggered it."""
        return self.past.trigger(self.outcome)

    @cached_property
    def attributes(self) -> Mapping[str, Any]:
        """The user's attributes when the trigger came."""
        return self.world.attributes_when(self.trigger)

    @cached_property
    def canceller(self) -> Event | None:
        """The event that cancelled the wait."""
        return self.past.canceller(self.outcome)

    @property
    def exceptions(self) -> tuple[ast.Pattern, ...]:
        """The patterns of the exceptions to the wait."""
        return self.rule.node.unless.patterns if self.rule.node.unless else ()

    def is_after_trigger(self, event: Event) -> bool:
        """Whether an event comes after the trigger in the total order."""
        if isinstance(self.trigger, Event):
            return self.past.place(event) > self.past.place(self.trigger)
        return event.time >= self.outcome.triggered_at

    def is_exception(self, event: Event) -> bool:
        """Whether an exception pattern speaks of an event."""
        return any(self.past.matches(pattern, event, self.trigger) for pattern in self.exceptions)

    @property
    def target(self) -> str:
        """The campaign that the rule sends to the user."""
        return target_of(self.rule, self.past.user)

    @cached_property
    def due(self) -> int:
        """When the send is due, or would have been."""
        return self._due(self.rule.node, self.past.checked.policy)

    @cached_property
    def due_without_window(self) -> int:
        """When it would have been due, were every window open."""
        return self._due(replace(self.rule.node, between=None), replace(self.past.checked.policy, quiet=None))

    @property
    def is_held(self) -> bool:
        """Whether a closed window made it due later."""
        return self.due_without_window != self.due

    @property
    def window(self) -> ast.Between | ast.Quiet | None:
        """The clause that says at which times of the day messages may go out."""
        return self.rule.node.between or self.past.checked.policy.quiet

    def clause(self, node: ast.Clause | ast.Pattern, before: str = "") -> Clause:
        """How a piece of the rule reads."""
        return clause_at(self.rule.source, node.span, before)

    def window_clause(self, window: ast.Between | ast.Quiet) -> Clause:
        """How the clause of the window reads, in the rule or in the policy."""
        return self.policy_clause(window) if isinstance(window, ast.Quiet) else self.clause(window)

    def policy_clause(self, node: ast.PolicyClause) -> Clause:
        """How a piece of the policy reads."""
        source = self.past.checked.policy_source
        assert source is not None, "a policy with clauses stands somewhere"
        return clause_at(source, node.span)

    def earlier_sends(self, window: ast.Duration | None) -> list[Outcome]:
        """What had been sent to the user before this was decided, by any rule, within a window or ever."""
        now = self.outcome.at
        return self.past.sends(self.place, None if window is None else now - window.ms, now)

    def later_waits(self) -> Iterator["Case"]:
        """The waits of the same rule and `per` value that ended after this was decided, in order."""
        for place in self.past.later_waits(self.rule.name, self.place):
            other = self.past.outcomes[place]
            if other.per == self.outcome.per:
                yield replace(self, outcome=other, place=place)

    def _due(self, rule: ast.Rule, policy: ast.Policy) -> int:
        user = User(self.past.user, None, said=dict(self.attributes))
        return due_of(rule, policy, user, self.outcome.triggered_at).due
