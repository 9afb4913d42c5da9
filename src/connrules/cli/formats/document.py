"""A report as JSON: one document, or a line for each finding. In ASCII, so that no terminal or pipe can spoil it."""

import json
from dataclasses import asdict
from typing import Any, Final

from connrules.cli.formats.results import Results
from connrules.diagnostic import Diagnostic, Edit, Fix, Related
from connrules.duration import format_instant
from connrules.lint import Suppressed
from connrules.text import SourceText, Span

JSON_VERSION: Final = 1
"""The version of the form of the document; it grows when something in it changes its meaning or goes away."""


def render_json(results: Results) -> str:
    """One document."""
    document = {
        "version": JSON_VERSION,
        "findings": [_finding(finding) for finding in results.report.findings],
        **_rest(results),
    }
    return json.dumps(document, indent=2)


def render_jsonl(results: Results) -> str:
    """A finding a line; the last line is what else the document has."""
    lines = [_finding(finding) for finding in results.report.findings]
    return "\n".join(map(json.dumps, [*lines, {"version": JSON_VERSION, **_rest(results)}]))


def _rest(results: Results) -> dict[str, Any]:
    report = results.report
    suppressed = [_suppressed(one) for one in report.suppressed]
    return {"suppressed": suppressed, "skipped": list(report.skipped), "summary": asdict(results.summary)}


def _suppressed(one: Suppressed) -> dict[str, Any]:
    until = None if one.until is None else str(format_instant(one.until))
    return {**_finding(one.finding), "reason": one.reason, "until": until}


def _finding(finding: Diagnostic) -> dict[str, Any]:
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "message": finding.message,
        "label": finding.label,
        "help": finding.help,
        "file": finding.source.path,
        **_extent(finding.source, finding.span),
        "fix": None if finding.fix is None else _fix(finding.source, finding.fix),
        "related": [_related(place) for place in finding.related],
        "witness": finding.witness,
        "silent_rule": finding.silent_rule,
    }


def _fix(source: SourceText, fix: Fix) -> dict[str, Any]:
    return {"title": fix.title, "safe": fix.safe, "edits": [_edit(source, edit) for edit in fix.edits]}


def _edit(source: SourceText, edit: Edit) -> dict[str, Any]:
    return {**_extent(source, edit.span), "text": edit.text}


def _related(place: Related) -> dict[str, Any]:
    return {"file": place.source.path, **_extent(place.source, place.span), "message": place.message}


def _extent(source: SourceText, span: Span) -> dict[str, dict[str, int]]:
    return {"start": _position(source, span.start), "end": _position(source, span.end)}


def _position(source: SourceText, offset: int) -> dict[str, int]:
    line, column = source.position(offset)
    return {"line": line, "column": column, "offset": offset}
