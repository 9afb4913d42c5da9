"""Holds what happened against what a test expects: who was expected, who was not, and which expectations went unmet.

An expectation is met by one outcome and an outcome meets one expectation; among all ways to pair them, one that meets
the most is taken. An expectation that names no user is of any user. Sends are a closed world: one that meets no
expectation fails the test.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from connrules import ast
from connrules.event import Kind, Outcome
from connrules.testing.bound import BoundTest, instant_of


@dataclass(frozen=True, slots=True)
class Expectation:
    """An `expect` of a bound test, and the instant (epoch ms) that its `at` means."""

    node: ast.Expect
    at: int | None

    def is_met_by(self, outcome: Outcome) -> bool:
        """Whether that outcome is what is expected."""
        node = self.node
        return (
            self.is_about(outcome)
            and node.fate == outcome.kind.value
            and (self.at is None or self.at == instant_in(outcome))
            and (node.by is None or node.by.text == outcome.rule)
            and (node.because is None or node.because.text == outcome.reason)
        )

    def is_about(self, outcome: Outcome) -> bool:
        """Whether the outcome is of the user, and of the campaign or rule, that it speaks of."""
        subject = outcome.send if self.node.fate == "sent" else outcome.rule
        named = self.node.subject is not None and self.node.subject.text == subject
        return named and self.node.user in {None, outcome.user}


class Broken(NamedTuple):
    """An `expect nothing` that did not hold, with a send that it forbids."""

    node: ast.Expect
    send: Outcome
    expected_by: ast.Expect | None
    """What expects that very send, so that the test contradicts itself; None: nothing does."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The expectations of a test and what became of them."""

    expectations: tuple[Expectation, ...]
    """Those that expect something, in the order of the text."""
    met: dict[int, int]
    """The outcome, by its place, that meets the expectation at a place."""
    unmet: tuple[Expectation, ...]
    unexpected: tuple[int, ...]
    """The places of the sends that meet no expectation."""
    broken: tuple[Broken, ...]
    """Each `expect nothing` that did not hold, with the first send that it forbids and something else expects, or else
    with the first that it forbids."""


def instant_in(outcome: Outcome) -> int:
    """The instant that `at` means of an outcome: when it came about, or when a pending send is due."""
    return outcome.at if outcome.due is None else outcome.due


def expectations_of(test: BoundTest, start: int) -> tuple[Expectation, ...]:
    """What a bound test that counts from `start` expects to happen."""
    nodes = (node for node in test.expectations if node.fate is not None)
    return tuple(Expectation(node, None if node.at is None else instant_of(node.at, start)) for node in nodes)


def judge(test: BoundTest, expectations: tuple[Expectation, ...], outcomes: Sequence[Outcome]) -> Verdict:
    """Hold outcomes against the expectations of a bound test."""
    met = _pair(expectations, outcomes)
    expected_by = {outcome: expectations[place].node for place, outcome in met.items()}
    sends = [place for place, outcome in enumerate(outcomes) if outcome.kind is Kind.SENT]
    broken = []
    for node in test.expectations:
        forbidden = [place for place in sends if node.user in {None, outcomes[place].user}]
        if node.fate is None and forbidden:
            place = next((place for place in forbidden if place in expected_by), forbidden[0])
            broken.append(Broken(node, outcomes[place], expected_by.get(place)))
    return Verdict(
        expectations,
        met,
        unmet=tuple(e for place, e in enumerate(expectations) if place not in met),
        unexpected=tuple(place for place in sends if place not in expected_by),
        broken=tuple(broken),
    )


def _pair(expectations: Sequence[Expectation], outcomes: Sequence[Outcome]) -> dict[int, int]:
    """The most pairs of an expectation and an outcome that meets it: each expectation in turn may ask others to make
    room (augmenting paths).
    """
    fitting = [[o for o, outcome in enumerate(outcomes) if e.is_met_by(outcome)] for e in expectations]
    owner: dict[int, int] = {}

    def place(expectation: int, asked: set[int]) -> bool:
        for outcome in fitting[expectation]:
            if outcome not in asked:
                asked.add(outcome)
                if outcome not in owner or place(owner[outcome], asked):
                    owner[outcome] = expectation
                    return True
        return False

    for expectation in range(len(expectations)):
        place(expectation, set())
    return {expectation: outcome for outcome, expectation in owner.items()}
