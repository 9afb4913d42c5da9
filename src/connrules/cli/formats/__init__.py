"""How a report is written: the table of formats, and one function that writes.

A format is a module of this package, or a function of `connrules.cli.render`; adding one adds a row to the table.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Final, NamedTuple, cast

import click

from connrules.cli.formats.results import Results
from connrules.cli.render import (
    Summary,
    render_concise,
    render_full,
    render_skipped,
    render_summary,
    render_suppressed_concise,
    render_suppressed_full,
)
from connrules.lint import Report, Suppressed
from connrules.text import SourceText


class Format(NamedTuple):
    """A way to write a report."""

    help: str
    """What `--help` says of it."""
    render: Callable[[Results], str]
    """All of standard output, without the last line break; empty: nothing is written."""
    for_people: bool = False
    """Whether the summary goes to standard error; other formats say all that there is to say themselves."""


def _late(module: str, function: str) -> Callable[[Results], str]:
    """A function of a module of this package that is imported when it is used: a run writes one format."""

    def render(results: Results) -> str:
        return cast("str", getattr(import_module(f"{__name__}.{module}"), function)(results))

    return render


def _full(results: Results) -> str:
    shown = render_full(results.report.findings, color=results.color)
    suppressed = render_suppressed_full(_shown(results), color=results.color)
    return "\n\n".join(filter(None, (shown, suppressed)))


def _concise(results: Results) -> str:
    shown = render_concise(results.report.findings, color=results.color)
    suppressed = render_suppressed_concise(_shown(results), color=results.color)
    return "\n".join(filter(None, (shown, suppressed)))


def _shown(results: Results) -> Sequence[Suppressed]:
    return results.report.suppressed if results.show_suppressed else ()


FORMATS: Final = {
    "full": Format("each finding with the lines that it is about", _full, for_people=True),
    "concise": Format(
        "one line each: FILE:LINE:COLUMN: SEVERITY CODE[NAME] MESSAGE,\n"
        "with [*] before MESSAGE where a safe fix is offered",
        _concise,
        for_people=True,
    ),
    "json": Format(
        "one document {version, findings, suppressed, skipped, summary};\n"
        "a finding has code, name, severity, message, label, help, file, start\n"
        "and end, fix (null or {title, safe, edits}; an edit has start, end and\n"
        "text), related (other places: file, start, end, message), witness (a\n"
        "test that shows the finding) and silent_rule (a rule that can never\n"
        "send); what is suppressed has reason and until (null or an instant),\n"
        "too; start and end have line and column (from 1) and offset (from 0),\n"
        "in code points",
        _late("document", "render_json"),
    ),
    "jsonl": Format(
        "a finding a line as in json; the last line is the rest of that document", _late("document", "render_jsonl")
    ),
    "sarif": Format("SARIF 2.1.0, as code scanning reads it", _late("sarif", "render_sarif")),
    "github": Format("commands of GitHub Actions, which annotate the lines", _late("github", "render_github")),
    "junit": Format("XML as JUnit has it: a case for each finding and each clean file", _late("junit", "render_junit")),
}
"""The formats by name, the usual one first."""


def _described(name: str, what: str) -> str:
    first, *others = what.split("\n")
    width = max(map(len, FORMATS))
    return "\n".join([f"  {name:<{width}}  {first}", *(f"  {'':<{width}}  {line}" for line in others)])


FORMATS_HELP: Final = "\n".join(_described(name, row.help) for name, row in FORMATS.items())
"""The formats as `--help` lists them."""


def write(  # noqa: PLR0913  # what is written, and how
    report: Report,
    layout: str,
    *,
    sources: Sequence[SourceText] = (),
    summary: Summary,
    color: bool,
    notes: Sequence[str] = (),
    show_suppressed: bool = False,
    err: bool = False,
) -> None:
    """Write a report to standard output, or to standard error (`err`).

    Formats for people have what was skipped, the summary and the notes go to standard error; others say nothing there.
    """
    form = FORMATS[layout]
    text = form.render(Results(report, sources, summary, color, show_suppressed))
    if text:
        click.echo(text, err=err)
    if form.for_people:
        for line in filter(None, (render_skipped(report), render_summary(summary), *notes)):
            click.echo(line, err=True)
