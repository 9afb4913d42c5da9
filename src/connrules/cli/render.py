"""Diagnostics as text: the only place that decides how a finding looks. Nothing here ends in a line break.

Columns count code points from 1, offsets code points from 0, as everywhere.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from connrules.cli.cells import cells, visible
from connrules.codes import CODES
from connrules.diagnostic import Diagnostic, Severity
from connrules.text import SourceText

if TYPE_CHECKING:
    from connrules.lint import Report  # other commands than check print findings, too, and lint nothing

JSON_VERSION = 1
"""The version of the form of the JSON document; it grows when something in it changes its meaning or goes away."""

_COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_MOST_LINES = 5
"""A span over more lines than this is drawn without its middle."""
_LONGEST_LINE = 160
"""A line of more code points than this is drawn without its ends."""
_BEFORE_SPAN = 40


@dataclass(frozen=True, slots=True)
class Summary:
    """How many findings of each severity, in how many files and rules; rules that cannot be read are not counted."""

    errors: int
    warnings: int
    infos: int
    files: int
    rules: int
    suppressed: int = 0
    """Findings that comments keep from being reported."""
    since: str | None = None
    """The revision, where only what changed since is reported."""
    unchanged: int = 0
    """Findings that are left out for that."""


def summarize(report: "Report", files: int, *, since: str | None = None, unchanged: int = 0) -> Summary:
    """Count what is reported of a rule set of so many files."""
    found = Counter(f.severity for f in report.findings)
    numbers = (found[Severity.ERROR], found[Severity.WARNING], found[Severity.INFO], files, len(report.checked.rules))
    return Summary(*numbers, len(report.suppressed), since, unchanged)


def render_full(findings: Iterable[Diagnostic], *, color: bool = False) -> str:
    """Each finding with the lines it is about, a blank line between two."""
    return "\n\n".join("\n".join(_full(finding, color=color)) for finding in findings)


def render_place(finding: Diagnostic, *, color: bool = False) -> str:
    """Where a finding is, the lines that it is about, and its help: all but its title."""
    return "\n".join(_whereabouts(finding, color=color))


def render_concise(findings: Iterable[Diagnostic], *, color: bool = False) -> str:
    """One line for each finding: `FILE:LINE:COLUMN: SEVERITY CODE[NAME] MESSAGE`."""
    return "\n".join(_concise(finding, color=color) for finding in findings)


def render_json(findings: Iterable[Diagnostic], skipped: Sequence[str], summary: Summary) -> str:
    """One JSON document, in ASCII so that no terminal or pipe can spoil it."""
    document = {
        "version": JSON_VERSION,
        "findings": [_json(finding) for finding in findings],
        "skipped": list(skipped),
        "summary": asdict(summary),
    }
    return json.dumps(document, indent=2)


def render_summary(summary: Summary) -> str:
    """`found 2 errors and 1 warning in 3 files (12 rules)`, and what is left out of that."""
    counts = [(summary.errors, "error"), (summary.warnings, "warning"), (summary.infos, "info")]
    found = [counted(number, noun) for number, noun in counts if number]
    where = f"in {counted(summary.files, 'file')} ({counted(summary.rules, 'rule')})"
    said = f"found {_enumerated(found)} {where}" if found else f"no findings {where}"
    return "; ".join([said, *_left_out(summary)])


def _left_out(summary: Summary) -> Iterator[str]:
    if summary.suppressed:
        yield f"{counted(summary.suppressed, 'finding')} suppressed"
    if summary.since:
        rest = f", {counted(summary.unchanged, 'finding')} elsewhere" if summary.unchanged else ""
        yield f"only what changed since {visible(summary.since)}{rest}"


def render_skipped(report: "Report") -> str:
    """Which checks could not run for want of a catalog, and what to do; empty where none was skipped for that."""
    codes = [code for code in report.skipped if CODES[code].needs_catalog] if report.checked.catalog is None else []
    if not codes:
        return ""
    were = "was" if len(codes) == 1 else "were"
    return f"no catalog: {counted(len(codes), 'check')} {were} skipped ({', '.join(codes)}); give --catalog FILE"


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _enumerated(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _concise(finding: Diagnostic, *, color: bool) -> str:
    severity = _styled(finding.severity, color=color, fg=_COLORS[finding.severity])
    return f"{_place(finding)}: {severity} {finding.code}[{finding.name}] {visible(finding.message)}"


def _json(finding: Diagnostic) -> dict[str, Any]:
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "message": finding.message,
        "label": finding.label,
        "help": finding.help,
        "file": finding.source.path,
        "start": _json_position(finding.source, finding.span.start),
        "end": _json_position(finding.source, finding.span.end),
    }


def _json_position(source: SourceText, offset: int) -> dict[str, int]:
    line, column = source.position(offset)
    return {"line": line, "column": column, "offset": offset}


def _full(finding: Diagnostic, *, color: bool) -> Iterator[str]:
    title = _styled(f"{finding.severity}[{finding.code}]", color=color, fg=_COLORS[finding.severity])
    yield f"{title} {_styled(f'{finding.name}: {visible(finding.message)}', color=color)}"
    yield from _whereabouts(finding, color=color)
    yield f"{_margin(finding)}= more: connrules explain {finding.code}"


def _whereabouts(finding: Diagnostic, *, color: bool) -> Iterator[str]:
    margin = _margin(finding)
    bar = _styled("|", color=color, fg="blue")
    yield f"{margin[:-1]}{_styled('-->', color=color, fg='blue')} {_place(finding)}"
    yield f"{margin}{bar}"
    yield from _excerpt(finding, _shown_lines(finding), margin, color=color)
    yield f"{margin}{bar}"
    if finding.help:
        first, *more = finding.help.split("\n")
        yield f"{margin}= help: {visible(first)}"
        yield from (f"{margin}        {visible(line)}" for line in more)


def _margin(finding: Diagnostic) -> str:
    """The room for the numbers of lines."""
    return " " * (len(str(_shown_lines(finding)[-1])) + 2)


def _excerpt(finding: Diagnostic, shown: Sequence[int], margin: str, *, color: bool) -> Iterator[str]:
    """The lines that are shown, with carets below what the span covers and the label beside the last of them."""
    bar = _styled("|", color=color, fg="blue")
    last = _lines_of(finding)[-1]
    before = shown[0] - 1
    for number in shown:
        if number > before + 1:
            yield _styled("...", color=color, fg="blue")
        before = number
        text, indent, carets = _drawn_line(finding, number)
        yield f"{_styled(f' {number:>{len(margin) - 2}}', color=color, fg='blue')} {bar} {text}".rstrip()
        if carets:
            marks = f"{carets} {visible(finding.label)}".rstrip() if number == last else carets
            yield f"{margin}{bar} {indent}{_styled(marks, color=color, fg=_COLORS[finding.severity])}"


def _lines_of(finding: Diagnostic) -> range:
    """The numbers of the lines that the span touches."""
    start, end = finding.span
    return range(finding.source.position(start).line, finding.source.position(max(start, end - 1)).line + 1)


def _shown_lines(finding: Diagnostic) -> list[int]:
    """The lines of the span, without the middle of many, and one line of context before and after."""
    lines = _lines_of(finding)
    shown = [*lines] if len(lines) <= _MOST_LINES else [*lines[:2], *lines[-2:]]
    context = (lines[0] - 1, lines[-1] + 1)
    return sorted([*shown, *(number for number in context if _has_line(finding.source, number))])


def _has_line(source: SourceText, number: int) -> bool:
    """Whether there is such a line; what follows the last line break is one only where there is something in it."""
    count = len(source.line_starts)
    return 0 < number < count or (number == count and source.line(number) != "")


def _drawn_line(finding: Diagnostic, number: int) -> tuple[str, str, str]:
    """A line, the room before its carets, and its carets: none for context, nor for a blank line amid a span."""
    lines = _lines_of(finding)
    text = finding.source.line(number)
    start, end = _covered(finding, number, text) if number in lines else (0, 0)
    cut = max(0, min(start - _BEFORE_SPAN, len(text) - _LONGEST_LINE))
    drawn = cells(text[cut : cut + _LONGEST_LINE])
    ellipses = ("…" if cut else "", "…" if cut + _LONGEST_LINE < len(text) else "")
    shown = "".join(cell.drawn for cell in drawn).join(ellipses)
    if number not in lines or (not text.strip() and lines[0] < number < lines[-1]):
        return shown, "", ""
    indent = len(ellipses[0]) + sum(cell.width for cell in drawn[: start - cut])
    return shown, " " * indent, "^" * max(1, sum(cell.width for cell in drawn[start - cut : end - cut]))


def _covered(finding: Diagnostic, number: int, text: str) -> tuple[int, int]:
    """The part of a line that the span covers, in code points from its start; white space at its edges is left out
    where the span goes on to another line.
    """
    first = finding.source.line_starts[number - 1]
    start, end = (offset - first for offset in finding.span)
    return (
        start if start >= 0 else len(text) - len(text.lstrip()),
        end if end <= len(text) else len(text.rstrip()),
    )


def _place(finding: Diagnostic) -> str:
    line, column = finding.source.position(finding.span.start)
    return f"{visible(finding.source.path)}:{line}:{column}"


def _styled(text: str, *, color: bool, fg: str | None = None) -> str:
    return click.style(text, fg=fg, bold=True) if color else text
