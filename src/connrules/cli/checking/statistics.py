"""`connrules check --statistics`: how many findings of each kind."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import click

from connrules.cli.exit import ShellError
from connrules.diagnostic import Diagnostic, Severity

_COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}


def refuse_format(layout: str) -> None:
    """Raise ShellError for a format that counts do not have."""
    if layout not in {"full", "concise", "json"}:
        raise ShellError(f"--statistics has no format `{layout}`", "choose --format full or --format json")


def write_statistics(findings: Sequence[Diagnostic], layout: str, *, color: bool) -> None:
    """Write the counts to standard output: as JSON, or as text where findings would be text."""
    text = render_statistics_json(findings) if layout == "json" else render_statistics(findings, color=color)
    if text:
        click.echo(text)


def render_statistics(findings: Iterable[Diagnostic], *, color: bool = False) -> str:
    """A line for each kind: how many, how severe, code and name; the most frequent first. Empty where there is none."""
    rows = list(_rows(findings))
    width = max((len(str(count)) for *_, count in rows), default=0)
    return "\n".join(
        f"{count:>{width}}  {_colored(severity, color=color)}  {code}  {name}" for code, name, severity, count in rows
    )


def render_statistics_json(findings: Iterable[Diagnostic]) -> str:
    """The same as a JSON list."""
    keys = ("code", "name", "severity", "count")
    return json.dumps([dict(zip(keys, row, strict=True)) for row in _rows(findings)], indent=2)


def _rows(findings: Iterable[Diagnostic]) -> Iterator[tuple[str, str, Severity, int]]:
    """Code, name, severity and count; one code may come in two severities."""
    counts = Counter((f.code, f.name, f.severity) for f in findings)
    for (code, name, severity), count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        yield code, name, severity, count


def _colored(severity: Severity, *, color: bool) -> str:
    padded = f"{severity:<7}"
    return click.style(padded, fg=_COLORS[severity], bold=True) if color else padded
