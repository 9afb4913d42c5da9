"""Test results as text for people: a failed test is shown where it stands, and told as one timeline.

A line of a timeline begins with its mark: ✓ expected and happened, ✗ expected but did not happen, ! happened but was
not expected. Nothing here ends in a line break.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Final

import click

from connrules.cli.cells import padded, visible, width
from connrules.cli.render import counted, render_place
from connrules.diagnostic import Diagnostic, Severity
from connrules.duration import format_instant
from connrules.testing import Coverage, Failure, Line, Mark, Report, Result, RuleCoverage, Status
from connrules.testing.words import offset
from connrules.wallclock import find_zone, wall_ms

_MARKS: Final = {Mark.MET: "✓", Mark.UNMET: "✗", Mark.UNEXPECTED: "!", Mark.EVENT: " ", Mark.OTHER: " "}
_LEADS: Final = {Mark.EVENT: "", Mark.UNMET: "expected "}
_COLORS: Final = {Mark.MET: "green", Mark.UNMET: "red", Mark.UNEXPECTED: "red"}
_TITLES: Final = {Status.FAILED: "FAILED", Status.IMPOSSIBLE: "CANNOT RUN"}
_WIDEST: Final = 60
"""Notes stand in a column of their own, behind at most so many cells."""


def render_files(report: Report) -> str:
    """How the tests of each file went, a line each."""
    counts: dict[str, Counter[Status]] = {}
    for result in report.results:
        counts.setdefault(result.test.source.path, Counter())[result.status] += 1
    return "\n".join(f"{visible(path)}: {_passed(count)}" for path, count in counts.items())


def render_failures(report: Report, *, color: bool = False) -> str:
    """Each test that did not pass, a blank line between two."""
    failed = (result for result in report.results if result.status is not Status.PASSED)
    return "\n\n".join(render_failure(result, color=color) for result in failed)


def render_failure(result: Result, *, color: bool = False) -> str:
    """A test that did not pass: its name, each place in the source text that says so, and what happened."""
    title = _styled(_TITLES[result.status], color=color, fg="red")
    places = [render_place(_finding(failure), color=color) for failure in result.failures]
    heading = f"{title} {_styled(visible(result.name), color=color)}"
    return "\n".join([heading, *places, *render_timeline(result, color=color)])


def render_summary(report: Report) -> str:
    """`12 passed, 1 failed`."""
    return _passed(Counter(result.status for result in report.results))


def _passed(count: Counter[Status]) -> str:
    failed = count[Status.FAILED] + count[Status.IMPOSSIBLE]
    return f"{count[Status.PASSED]} passed" + (f", {failed} failed" if failed else "")


def _finding(failure: Failure) -> Diagnostic:
    """A failure as what findings are drawn from; it has no code."""
    label = failure.why or failure.message
    return Diagnostic("", "", Severity.ERROR, failure.source, failure.span, failure.message, label, failure.help)


# The timeline


def render_timeline(result: Result, *, color: bool = False) -> list[str]:
    """The lines of what happened, in columns; none for a test that cannot be run."""
    if result.start is None:
        return []
    rows = [_row(line, result) for line in result.timeline]
    widths = [min(max(map(width, column)), _WIDEST) for column in zip(*rows, strict=True)]
    lines = (_line(row, widths, line, color=color) for row, line in zip(rows, result.timeline, strict=True))
    return ["", f"   0s is {_told(result.start, result)}", *lines]


def _told(at: int, result: Result) -> str:
    """An instant as a clock in the time zone of the result shows it, with its offset from UTC."""
    zone = find_zone(result.zone or "UTC") or UTC
    ahead = wall_ms(at, zone) - at
    if not ahead:
        return str(format_instant(at))
    sign, minutes = "-" if ahead < 0 else "+", abs(ahead) // 60_000
    shown = str(format_instant(at + ahead)).removesuffix("Z")
    return f"{shown}{sign}{minutes // 60:02}:{minutes % 60:02}"


def _row(line: Line, result: Result) -> tuple[str, ...]:
    """The columns of a line before its note: offset, instant, user, what happened."""
    assert result.start is not None
    at = "" if line.at is None else offset(line.at, result.start)
    clock = _told(line.at, result) if result.zone and line.at is not None else ""
    users = {each.user for each in result.timeline if each.user is not None}
    user = visible(line.user or "") if len(users) > 1 else ""
    return at, clock, user, _LEADS.get(line.mark, "→ ") + visible(line.text)


def _line(row: Sequence[str], widths: Sequence[int], line: Line, *, color: bool) -> str:
    at, *others = row
    columns = [at.rjust(widths[0])]
    columns += [padded(text, wide) for text, wide in zip(others, widths[1:], strict=True) if wide]
    text = "  ".join([f"  {_MARKS[line.mark]}", *columns, visible(line.note)]).rstrip()
    return click.style(text, fg=_COLORS[line.mark]) if color and line.mark in _COLORS else text


# Coverage


def render_coverage(coverage: Coverage, *, color: bool = False) -> str:
    """What was reached of each rule and what was not, with how it can be; the total at the end."""
    rules = [line for rule in coverage.rules for line in _rule_lines(rule, color=color)]
    total = f"coverage: {coverage.reached} of {counted(coverage.points, 'point')}, {coverage.percent}%"
    return "\n".join([*rules, total])


def render_too_little(coverage: Coverage, least: int) -> str:
    """That less than so many percent were reached."""
    return f"coverage is {coverage.percent}%, less than {least}%"


def _rule_lines(rule: RuleCoverage, *, color: bool) -> Iterator[str]:
    place = f"{visible(rule.rule.source.path)}:{rule.rule.line_of(rule.rule.node.span.start)}"
    name = _styled(visible(rule.rule.name), color=color)
    yield f"{name}: {rule.reached} of {len(rule.items)}, {rule.percent}%  ({place})"
    wide = min(max((width(item.text) for item in rule.items), default=0), _WIDEST)
    for item in rule.items:
        text = padded(visible(item.text), wide)
        line = f"  {'✓' if item.reached else '✗'} {text if item.reached else f'{text}  {visible(item.hint)}'}".rstrip()
        yield click.style(line, fg="green" if item.reached else "red") if color else line


def _styled(text: str, *, color: bool, fg: str | None = None) -> str:
    return click.style(text, fg=fg, bold=True) if color else text
