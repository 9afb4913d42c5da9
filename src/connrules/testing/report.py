"""What running tests gives: a result for each run of a test, told as a timeline, and what the tests reached.

Instants are epoch milliseconds.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from connrules.check import CheckedTest
from connrules.testing.coverage import Coverage
from connrules.text import Position, SourceText, Span


class Status(StrEnum):
    """How a run of a test ended."""

    PASSED = "passed"
    FAILED = "failed"
    IMPOSSIBLE = "impossible"
    """It cannot be run; counts as failed."""


class Mark(StrEnum):
    """What a line of a timeline is."""

    EVENT = "event"
    """An event of the test."""
    MET = "met"
    """Expected, and it happened."""
    UNMET = "unmet"
    """Expected, but it did not happen."""
    UNEXPECTED = "unexpected"
    """A send that nothing expects."""
    OTHER = "other"
    """It happened, and the test does not speak of it."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a timeline. `at` is None for an expectation that names no time, `user` for one that names no user."""

    mark: Mark
    at: int | None
    user: str | None
    text: str
    note: str = ""
    """What is to be said of it, such as how an expectation was missed."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a test failed: the place in the source text that says so, what was wrong with it, and what to do."""

    source: SourceText
    span: Span
    message: str
    why: str = ""
    help: str = ""

    @property
    def position(self) -> Position:
        """Line and column of the place."""
        return self.source.position(self.span.start)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one run of a test. With `each`, a test has a run for each value."""

    test: CheckedTest
    name: str
    """The test's text and, in brackets, the values that this run stands for: `a purchase cancels [delay=1h]`."""
    start: int | None = None
    """The instant from which the test counts; None where it cannot be run."""
    timeline: tuple[Line, ...] = ()
    failures: tuple[Failure, ...] = ()
    zone: str | None = None
    """The time zone to tell instants in, where clocks and dates matter; None where offsets alone tell the story."""

    @property
    def status(self) -> Status:
        """How it ended."""
        if self.start is None:
            return Status.IMPOSSIBLE
        return Status.FAILED if self.failures else Status.PASSED

    @property
    def position(self) -> Position:
        """Line and column at which the test stands."""
        return self.test.source.position(self.test.node.span.start)


@dataclass(frozen=True, slots=True)
class Report:
    """What came of all tests that were run, in rule-set order, and what they reached of the rules."""

    results: tuple[Result, ...]
    coverage: Coverage = field(default_factory=Coverage)

    @property
    def passed(self) -> int:
        """How many runs passed."""
        return sum(result.status is Status.PASSED for result in self.results)

    @property
    def failed(self) -> int:
        """How many did not."""
        return len(self.results) - self.passed
