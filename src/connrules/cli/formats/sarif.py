"""A report as SARIF 2.1.0, the format of code scanning.

Lines and columns count from 1, columns in code points; ends are exclusive. Paths below the folder where connrules was
started are relative to `%SRCROOT%`; in GitHub Actions, those in the repository.
"""

import json
import os.path
import re
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Any, Final
from urllib.parse import quote

from connrules import __version__
from connrules.cli.formats.places import place_in_repository
from connrules.cli.formats.results import Results
from connrules.cli.render import render_skipped
from connrules.codes import CODES, FAMILIES
from connrules.diagnostic import Diagnostic, Fix, Related, Severity
from connrules.findings import load_page
from connrules.lint import Suppressed
from connrules.text import SourceText, Span

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT: Final = "%SRCROOT%"
_ROOT_MEANS: Final = "the folder in which connrules was started; in GitHub Actions, the top of the repository"
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def render_sarif(results: Results) -> str:
    """One log of one run, in ASCII; what comments suppress is in it, marked so."""
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(results)]}, indent=2)


def _run(results: Results) -> dict[str, Any]:
    report = results.report
    codes = sorted({finding.code for finding in (*report.findings, *(one.finding for one in report.suppressed))})
    index = {code: number for number, code in enumerate(codes)}
    rules = [_rule(code) for code in codes]
    return {
        "tool": {"driver": {"name": "connrules", "version": __version__, "rules": rules}},
        "invocations": [_invocation(results)],
        "originalUriBaseIds": {_ROOT: {"description": {"text": _ROOT_MEANS}}},
        "artifacts": [{"location": _location(source), "sourceLanguage": "conn"} for source in results.sources],
        "columnKind": "unicodeCodePoints",
        "results": [
            *(_result(finding, index, []) for finding in report.findings),
            *(_result(one.finding, index, [_suppression(one)]) for one in report.suppressed),
        ],
    }


def _rule(code: str) -> dict[str, Any]:
    row, markdown = CODES[code], load_page(code).markdown
    about = markdown.split("\n\n")[1]
    return {
        "id": code,
        "name": row.name,
        "shortDescription": {"text": _first_sentence(about)},
        "fullDescription": {"text": about},
        "help": {"text": markdown, "markdown": markdown},
        "defaultConfiguration": {"level": _LEVELS[row.severity]},
        "properties": {"tags": [FAMILIES[code[:3]].lower()]},
    }


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=\.)\s", text, maxsplit=1)[0]


def _invocation(results: Results) -> dict[str, Any]:
    skipped = render_skipped(results.report)
    notes = [{"level": "note", "message": {"text": skipped}}] if skipped else []
    return {"executionSuccessful": True, "toolConfigurationNotifications": notes}


def _suppression(suppressed: Suppressed) -> dict[str, str]:
    return {"kind": "inSource", **({"justification": suppressed.reason} if suppressed.reason else {})}


def _result(finding: Diagnostic, index: dict[str, int], suppressions: list[dict[str, str]]) -> dict[str, Any]:
    told = [finding.message, finding.label, finding.help and f"help: {finding.help}"]
    more = {"witness": finding.witness, "silentRule": finding.silent_rule}
    return {
        "ruleId": finding.code,
        "ruleIndex": index[finding.code],
        "level": _LEVELS[finding.severity],
        "message": {"text": "\n".join(filter(None, told))},
        "locations": [{"physicalLocation": _place(finding.source, finding.span)}],
        "relatedLocations": _related(finding.related),
        "fixes": [] if finding.fix is None else [_fix(finding.source, finding.fix)],
        "suppressions": suppressions,
        "properties": {key: value for key, value in more.items() if value},
    }


def _related(places: Iterable[Related]) -> list[dict[str, Any]]:
    return [
        {"id": number, "message": {"text": place.message}, "physicalLocation": _place(place.source, place.span)}
        for number, place in enumerate(places, 1)
    ]


def _fix(source: SourceText, fix: Fix) -> dict[str, Any]:
    replacements = [
        {"deletedRegion": _region(source, edit.span), "insertedContent": {"text": edit.text}} for edit in fix.edits
    ]
    return {
        "description": {"text": fix.title if fix.safe else f"{fix.title} (unsafe)"},
        "artifactChanges": [{"artifactLocation": _location(source), "replacements": replacements}],
    }


def _place(source: SourceText, span: Span) -> dict[str, Any]:
    return {"artifactLocation": _location(source), "region": _region(source, span)}


def _region(source: SourceText, span: Span) -> dict[str, int]:
    start, end = (source.position(offset) for offset in span)
    return {"startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column}


def _location(source: SourceText) -> dict[str, str]:
    path = PurePath(os.path.normpath(place_in_repository(source.path)))
    if path.is_absolute() or path.parts[:1] == ("..",):
        return {"uri": Path(os.path.abspath(path)).as_uri()}  # noqa: PTH100  # resolve() would follow links
    return {"uri": quote(os.fsencode(path.as_posix())), "uriBaseId": _ROOT}
