"""A report as commands of GitHub Actions: each line annotates a place in the files of a change."""

from typing import Final

from connrules.cli.cells import visible
from connrules.cli.formats.places import place_in_repository
from connrules.cli.formats.results import Results
from connrules.cli.render import render_skipped
from connrules.diagnostic import Diagnostic, Severity

_COMMANDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render_github(results: Results) -> str:
    """A command for each finding, and one for what was skipped."""
    commands = [_annotation(finding) for finding in results.report.findings]
    skipped = render_skipped(results.report)
    return "\n".join([*commands, *([_command("notice", {"title": "connrules"}, skipped)] if skipped else [])])


def _annotation(finding: Diagnostic) -> str:
    start, end = (finding.source.position(offset) for offset in finding.span)
    properties = {
        "title": f"{finding.code} {finding.name}",
        "file": place_in_repository(finding.source.path).as_posix(),
        "line": str(start.line),
        "endLine": str(end.line),
        "col": str(start.column),
    }
    if start.line == end.line:  # an end elsewhere has no column there
        properties["endColumn"] = str(end.column)
    return _command(_COMMANDS[finding.severity], properties, _message(finding))


def _message(finding: Diagnostic) -> str:
    lines = [finding.message, finding.label, *(finding.help and f"help: {finding.help}").split("\n")]
    return "\n".join(visible(line) for line in lines if line)


def _command(name: str, properties: dict[str, str], message: str) -> str:
    return f"::{name} {','.join(f'{key}={_property(value)}' for key, value in properties.items())}::{_escaped(message)}"


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
