"""How a report is written: one name for each format, and one function that writes."""

from typing import Final

import click

from connrules.cli.render import (
    Summary,
    render_concise,
    render_full,
    render_json,
    render_skipped,
    render_summary,
)
from connrules.lint import Report

FORMATS: Final = ("full", "concise", "json")
"""The formats by name, the usual one first."""


def write(report: Report, layout: str, *, summary: Summary, color: bool) -> None:
    """Write findings to standard output and, for people, what is to be said about them to standard error."""
    if layout == "json":
        click.echo(render_json(report.findings, report.skipped, summary))
        return
    render = render_full if layout == "full" else render_concise
    if report.findings:
        click.echo(render(report.findings, color=color))
    for line in filter(None, (render_skipped(report), render_summary(summary))):
        click.echo(line, err=True)
