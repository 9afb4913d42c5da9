"""A test told as one timeline: what happened, in order, and between it what was expected and did not happen."""

from collections.abc import Iterator, Sequence

from connrules.event import Event, Outcome
from connrules.testing.bound import BoundTest
from connrules.testing.judge import Expectation, Verdict
from connrules.testing.play import Play
from connrules.testing.report import Line, Mark
from connrules.testing.words import broken_words, expectation_words, happening_words, outcome_words


def timeline(
    test: BoundTest, start: int, play: Play, verdict: Verdict, misses: Sequence[tuple[Expectation, str]]
) -> tuple[Line, ...]:
    """The lines of a run. `misses` are the expectations that were not met, each with how it was missed."""
    lines = list(_happened(test, start, play, verdict))
    for expectation, why in sorted(misses, key=lambda miss: _time(miss[0], play.end)):
        node = expectation.node
        line = Line(Mark.UNMET, expectation.at, node.user, expectation_words(node), why)
        lines.insert(_place(lines, _time(expectation, play.end)), line)
    return (*lines, *_contradictions(verdict, start))


def _contradictions(verdict: Verdict, start: int) -> Iterator[Line]:
    """A line for each `expect nothing` that forbids what is marked as expected."""
    for broken in verdict.broken:
        if broken.expected_by is not None:
            words = expectation_words(broken.node)
            yield Line(Mark.UNMET, None, broken.node.user, words, broken_words(broken, start))


def _time(expectation: Expectation, end: int) -> int:
    return end if expectation.at is None else expectation.at


def _place(lines: Sequence[Line], at: int) -> int:
    """Where a line belongs: behind all of its instant and before."""
    return next((place for place, line in enumerate(lines) if line.at is not None and line.at > at), len(lines))


def _happened(test: BoundTest, start: int, play: Play, verdict: Verdict) -> Iterator[Line]:
    words = {f"e{number}": happening_words(step) for number, step in enumerate(test.happenings, start=1)}
    met, unexpected = set(verdict.met.values()), set(verdict.unexpected)
    outcomes = 0
    for item in play.happened:
        if isinstance(item, Event):
            yield Line(Mark.EVENT, item.time, item.user, words[item.id or ""])
            continue
        mark = Mark.MET if outcomes in met else Mark.UNEXPECTED if outcomes in unexpected else Mark.OTHER
        outcomes += 1
        yield _outcome_line(item, mark, start)


def _outcome_line(outcome: Outcome, mark: Mark, start: int) -> Line:
    note = "not expected" if mark is Mark.UNEXPECTED else ""
    words = outcome_words(outcome, start)
    return Line(mark, outcome.at, outcome.user, words, note)
