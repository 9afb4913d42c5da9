"""The nouns of a benchmark: goals, measures, what was taken of them, and the jobs that take them."""

import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple


class Goal(NamedTuple):
    """What a figure should be: `≥ 1.3 ×`, `≤ 0.1 s`."""

    sense: Literal["≥", "≤"]
    limit: float
    unit: str = "×"

    def met_by(self, value: float) -> bool:
        """Whether a figure is as good as this; at the limit it is."""
        return value >= self.limit if self.sense == "≥" else value <= self.limit

    def __str__(self) -> str:
        return f"{self.sense} {written(self.limit, self.unit)}"


class Measure(NamedTuple):
    """A row of the table. Without a goal, the figure is told and nothing is asked of it."""

    name: str
    title: str
    unit: str = "×"
    goal: Goal | None = None


class Figure(NamedTuple):
    """What was taken of a measure.

    `value` is None where nothing could be taken; `note` then says why. Else it says on what. `sides` are the medians
    that the value comes from, as text, by contender.
    """

    value: float | None
    note: str
    sides: Mapping[str, str] = {}
    samples: Mapping[str, list[float]] = {}


class Setting(NamedTuple):
    """How a benchmark is run: how many rounds (0: only the decisions are compared), on how much, and where."""

    rounds: int
    scale: float
    folder: Path

    @property
    def few(self) -> int:
        """Rounds of contenders that take seconds each."""
        return min(self.rounds, 3)

    def events(self, count: int) -> int:
        """A number of events at this scale."""
        return max(1_000, round(count * self.scale))

    def rules(self, count: int) -> int:
        """A number of rules at this scale."""
        return max(20, round(count * self.scale))


class Job(NamedTuple):
    """Some measures that are taken together. `take` gives a figure for each of them, by its name."""

    name: str
    measures: tuple[Measure, ...]
    take: Callable[[Setting], dict[str, Figure]]


class DisagreementError(Exception):
    """Contenders that should decide the same do not."""


def agree(decisions: Mapping[str, object]) -> None:
    """Raise DisagreementError unless all contenders decided the same."""
    (first, expected), *others = decisions.items()
    if not expected:
        raise DisagreementError(f"{first} decided nothing")
    for name, decided in others:
        if decided != expected:
            raise DisagreementError(f"{first} and {name} decide differently")


def at_least(limit: float) -> Goal:
    """So many times as fast, or faster."""
    return Goal("≥", limit)


def at_most(limit: float, unit: str = "×") -> Goal:
    """So much, or less."""
    return Goal("≤", limit, unit)


def ratio(above: list[float], below: list[float]) -> float:
    """The median of the ratios of the same rounds."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def written(value: float, unit: str) -> str:
    """A figure with its unit, as precise as figures of a benchmark are."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}"
