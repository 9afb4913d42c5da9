"""Test results as documents for machines: JSON, and XML as JUnit has it."""

import json
from collections.abc import Iterable
from typing import Any, Final
from xml.etree import ElementTree as ET

from connrules.cli.cells import visible
from connrules.cli.testing.timelines import render_coverage, render_failure, render_too_little
from connrules.cli.xml_text import render_xml
from connrules.duration import format_instant
from connrules.testing import Coverage, Failure, Line, Report, Result, RuleCoverage, Status

JSON_VERSION: Final = 1
"""The version of the form of the JSON document; it grows when something in it changes its meaning or goes away."""


def render_json(report: Report, *, coverage: bool, fail_under: int | None = None) -> str:
    """One JSON document, in ASCII so that no terminal or pipe can spoil it. `fail_under`: the percentage to reach."""
    document = {
        "version": JSON_VERSION,
        "tests": [_test(result) for result in report.results],
        "coverage": _coverage(report.coverage, fail_under) if coverage else None,
        "summary": {"passed": report.passed, "failed": report.failed},
    }
    return json.dumps(document, indent=2)


def _test(result: Result) -> dict[str, Any]:
    line, column = result.position
    return {
        "name": result.name,
        "status": result.status.value,
        "file": result.test.source.path,
        "line": line,
        "column": column,
        "start": None if result.start is None else format_instant(result.start),
        "failures": [_failure(failure) for failure in result.failures],
        "timeline": [_line(line, result.start or 0) for line in result.timeline],
    }


def _failure(failure: Failure) -> dict[str, Any]:
    line, column = failure.position
    place = {"file": failure.source.path, "line": line, "column": column}
    return {**place, "message": failure.message, "why": failure.why, "help": failure.help}


def _line(line: Line, start: int) -> dict[str, Any]:
    at = None if line.at is None else format_instant(line.at)
    offset = None if line.at is None else line.at - start
    words = {"text": line.text, "note": line.note}
    return {"mark": line.mark.value, "at": at, "offset_ms": offset, "user": line.user, **words}


def _coverage(coverage: Coverage, fail_under: int | None) -> dict[str, Any]:
    return {
        "points": coverage.points,
        "reached": coverage.reached,
        "percent": coverage.percent,
        "fail_under": fail_under,
        "met": None if fail_under is None else not coverage.is_below(fail_under),
        "rules": [_rule(rule) for rule in coverage.rules],
    }


def _rule(rule: RuleCoverage) -> dict[str, Any]:
    return {
        "rule": rule.rule.name,
        "file": rule.rule.source.path,
        "line": rule.rule.line_of(rule.rule.node.span.start),
        "points": len(rule.items),
        "reached": rule.reached,
        "percent": rule.percent,
        "items": [
            {
                "kind": str(item.point.kind),
                "detail": str(item.point.detail),
                "text": item.text,
                "reached": item.reached,
                "hint": item.hint,
            }
            for item in rule.items
        ],
    }


def render_junit(report: Report, seconds: float, *, fail_under: int | None = None) -> str:
    """XML as JUnit has it, in ASCII: a suite for each file. `seconds` is how long all took; none is measured alone.

    `fail_under`, the percentage to reach, makes a suite of its own, whose only case fails where it is not reached.
    """
    statuses = [result.status for result in report.results]
    if fail_under is not None:
        statuses.append(_status(report.coverage, fail_under))
    root = ET.Element("testsuites", {"name": "connrules", "time": f"{seconds:.3f}", **_numbers(statuses)})
    paths = dict.fromkeys(result.test.source.path for result in report.results)
    for path in paths:
        results = [result for result in report.results if result.test.source.path == path]
        suite = ET.SubElement(
            root, "testsuite", {"name": visible(path), "time": "0.000", **_numbers(r.status for r in results)}
        )
        for result in results:
            _case(suite, result)
    if fail_under is not None:
        _coverage_suite(root, report.coverage, fail_under)
    return render_xml(root)


def _numbers(all_of: Iterable[Status]) -> dict[str, str]:
    statuses = list(all_of)
    failures, errors = statuses.count(Status.FAILED), statuses.count(Status.IMPOSSIBLE)
    return {"tests": str(len(statuses)), "failures": str(failures), "errors": str(errors), "skipped": "0"}


def _status(coverage: Coverage, fail_under: int) -> Status:
    return Status.FAILED if coverage.is_below(fail_under) else Status.PASSED


def _coverage_suite(root: ET.Element, coverage: Coverage, fail_under: int) -> None:
    status = _status(coverage, fail_under)
    suite = ET.SubElement(root, "testsuite", {"name": "coverage", "time": "0.000", **_numbers([status])})
    case = ET.SubElement(suite, "testcase", {"classname": "coverage", "name": "coverage", "time": "0.000"})
    if status is Status.FAILED:
        why = render_too_little(coverage, fail_under)
        ET.SubElement(case, "failure", message=why, type=status.value).text = render_coverage(coverage)


def _case(suite: ET.Element, result: Result) -> None:
    path = visible(result.test.source.path)
    name = {"classname": path, "name": visible(result.name), "file": path, "line": str(result.position.line)}
    case = ET.SubElement(suite, "testcase", {**name, "time": "0.000"})
    if result.status is Status.PASSED:
        return
    why = "; ".join(": ".join(filter(None, (f.message, f.why))) for f in result.failures)
    kind = "failure" if result.status is Status.FAILED else "error"
    ET.SubElement(case, kind, message=visible(why), type=result.status.value).text = render_failure(result)
