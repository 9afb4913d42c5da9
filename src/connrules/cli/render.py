"""Diagnostics as text: the only place that decides how a finding looks. Nothing here ends in a line break.

Columns count code points from 1, offsets code points from 0, as everywhere.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from connrules.cli.cells import visible
from connrules.cli.excerpt import Mark, draw, fits_beside, styled
from connrules.codes import CODES
from connrules.diagnostic import Diagnostic, Fix, Severity
from connrules.duration import day

if TYPE_CHECKING:
    from connrules.lint import Report, Suppressed  # other commands than check print findings, too, and lint nothing

_COLORS: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_MOST_ELSEWHERE: Final = 3
"""Of more other places elsewhere than this, only so many are drawn."""
_MOST_OF_WITNESS: Final = 20
"""Of a witness of more lines than this, only so many are shown."""
_NO_CATALOG: Final = ("no catalog", "give --catalog FILE")
_CROWDED: Final = ("too many rules have to do with one another to try them all", "check fewer of them together")
_NOT_LISTED: Final = ("the catalog does not list what this goes by", "see docs/catalog.md")


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
    """One line for each finding: `FILE:LINE:COLUMN: SEVERITY CODE[NAME] MESSAGE`, with `[*]` before the message where
    a safe fix is offered.
    """
    return "\n".join(_concise(finding, color=color) for finding in findings)


def render_suppressed_full(suppressed: Iterable["Suppressed"], *, color: bool = False) -> str:
    """Each suppressed finding with the lines it is about, and which comment suppresses it."""
    return "\n\n".join("\n".join(_suppressed(one, color=color)) for one in suppressed)


def render_suppressed_concise(suppressed: Iterable["Suppressed"], *, color: bool = False) -> str:
    """One line for each suppressed finding: `FILE:LINE:COLUMN: suppressed CODE[NAME] MESSAGE (REASON)`."""
    return "\n".join(_suppressed_concise(one, color=color) for one in suppressed)


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
    """Which checks could not run, why, and what to do: a line for each reason; empty where none was skipped.

    Checks of what the catalog need not list, and does not, are not told here: nobody asked for them.
    """
    by_reason: dict[tuple[str, str], list[str]] = {}
    for code in report.skipped:
        by_reason.setdefault(why_skipped(report, code), []).append(code)
    by_reason.pop(_NOT_LISTED, None)
    return "\n".join(_skipped(why, remedy, codes) for (why, remedy), codes in by_reason.items())


def why_skipped(report: "Report", code: str) -> tuple[str, str]:
    """Why a check could not run, and what to do so that it can."""
    if code in report.checked.cut_short:
        return _CROWDED
    if CODES[code].needs_catalog:
        return _NO_CATALOG if report.checked.catalog is None else _NOT_LISTED
    return "the rules have errors", "mend those first"


def _skipped(why: str, remedy: str, codes: Sequence[str]) -> str:
    were = "was" if len(codes) == 1 else "were"
    done = "cut short" if why == _CROWDED[0] else "skipped"
    return f"{why}: {counted(len(codes), 'check')} {were} {done} ({_ranges(codes)}); {remedy}"


def _ranges(codes: Sequence[str]) -> str:
    """`CR201 to CR212, CR302`: codes that follow each other in the table are named by the first and the last."""
    place = {code: number for number, code in enumerate(CODES)}
    runs: list[list[str]] = []
    for code in codes:
        if runs and place[code] == place[runs[-1][-1]] + 1:
            runs[-1].append(code)
        else:
            runs.append([code])
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(run) for run in runs)


def counted(number: int, noun: str) -> str:
    """`1 file`, `1,203 files`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _enumerated(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _concise(finding: Diagnostic, *, color: bool) -> str:
    severity = styled(finding.severity, color=color, fg=_COLORS[finding.severity])
    fixable = "[*] " if finding.fix and finding.fix.safe else ""
    return f"{_mark(finding).place}: {severity} {finding.code}[{finding.name}] {fixable}{visible(finding.message)}"


def _full(finding: Diagnostic, *, color: bool) -> Iterator[str]:
    margin = _margin(finding)
    title = styled(f"{finding.severity}[{finding.code}]", color=color, fg=_COLORS[finding.severity])
    yield f"{title} {styled(f'{finding.name}: {visible(finding.message)}', color=color)}"
    yield from _whereabouts(finding, color=color)
    if finding.fix:
        yield f"{margin}= fix: {_fix(finding.fix, finding.help)}"
    if finding.witness:
        runs = finding.severity is not Severity.ERROR
        shows = "as things are, this test passes" if runs else "if the rules could run, this test would pass"
        yield f"{margin}= witness: {shows}"
        yield from (f"{margin}    {line}" for line in _witness(finding.witness.split("\n")))
    yield f"{margin}= more: connrules explain {finding.code}"


def _suppressed(suppressed: "Suppressed", *, color: bool) -> Iterator[str]:
    finding = suppressed.finding
    title = styled(f"suppressed[{finding.code}]", color=color, fg="blue")
    yield f"{title} {styled(f'{finding.name}: {visible(finding.message)}', color=color)}"
    yield from _whereabouts(replace(finding, help=""), color=color)
    line = finding.source.position(suppressed.comment.start).line
    yield f"{_margin(finding)}= suppressed: on line {line}, {_reason(suppressed)}"


def _suppressed_concise(suppressed: "Suppressed", *, color: bool) -> str:
    finding = suppressed.finding
    what = f"{styled('suppressed', color=color, fg='blue')} {finding.code}[{finding.name}]"
    return f"{_mark(finding).place}: {what} {visible(finding.message)} ({_reason(suppressed)})"


def _reason(suppressed: "Suppressed") -> str:
    """`until 2026-12-01: approved for the spring campaign`."""
    reason = visible(suppressed.reason) or "without a reason"
    return reason if suppressed.until is None else f"until {day(suppressed.until)}: {reason}"


def _whereabouts(finding: Diagnostic, *, color: bool) -> Iterator[str]:
    margin, mark = _margin(finding), _mark(finding)
    beside, elsewhere = _others(finding)
    bar = styled("|", color=color, fg="blue")
    yield f"{margin[:-1]}{styled('-->', color=color, fg='blue')} {mark.place}"
    yield f"{margin}{bar}"
    yield from draw([mark, *beside], mark.shown_lines, margin, color=color)
    yield f"{margin}{bar}"
    for other in elsewhere[:_MOST_ELSEWHERE]:
        yield from _elsewhere(other, margin, color=color)
    more = len(elsewhere) - _MOST_ELSEWHERE
    if more > 0:
        yield f"{margin}= {counted(more, 'more place')}"
    if finding.help:
        first, *others = finding.help.split("\n")
        yield f"{margin}= help: {visible(first)}"
        yield from (f"{margin}        {visible(line)}" for line in others)


def _elsewhere(mark: Mark, margin: str, *, color: bool) -> Iterator[str]:
    """Another place, briefly: the line on which it begins."""
    bar = styled("|", color=color, fg="blue")
    yield f"{margin[:-1]}{styled(':::', color=color, fg='blue')} {mark.place}"
    yield f"{margin}{bar}"
    yield from draw([mark], mark.lines[:1], margin, color=color)
    yield f"{margin}{bar}"


def _others(finding: Diagnostic) -> tuple[list[Mark], list[Mark]]:
    """The other places that a finding is about: those beside it, and those elsewhere."""
    mark = _mark(finding)
    shown = mark.shown_lines
    others = [Mark(place.source, place.span, place.message, fg="blue", caret="-") for place in finding.related]
    beside = [other for other in others if fits_beside(other, mark, shown)]
    return beside, [other for other in others if other not in beside]


def _fix(fix: Fix, help_: str) -> str:
    """How to have it made; and what it does, unless the help has just said so."""
    how = "with check --fix" if fix.safe else "with check --fix --unsafe-fixes"
    return how if fix.title.removeprefix("write ") in help_ else f"{visible(fix.title)}, {how}"


def _witness(lines: Sequence[str]) -> Iterator[str]:
    """The lines of a test; of one that is longer than anybody reads, how it begins."""
    left_out = max(0, len(lines) - _MOST_OF_WITNESS)
    yield from map(visible, lines[: len(lines) - left_out])
    if left_out:
        yield f"… {counted(left_out, 'more line')}; connrules check --format json has all of it"


def _mark(finding: Diagnostic) -> Mark:
    return Mark(finding.source, finding.span, finding.label, fg=_COLORS[finding.severity])


def _margin(finding: Diagnostic) -> str:
    """The room for the numbers of lines."""
    elsewhere = _others(finding)[1][:_MOST_ELSEWHERE]
    return " " * (len(str(max([_mark(finding).shown_lines[-1], *(mark.lines[0] for mark in elsewhere)]))) + 2)
