"""A report as XML of JUnit: a case for each finding, each file without one, and each check that was skipped.

An error or a warning is a failure; an info is a case that passes and has something to say.
"""

from collections.abc import Iterator
from typing import Final
from xml.etree import ElementTree as ET

from connrules.cli.cells import visible
from connrules.cli.formats.results import Results
from connrules.cli.render import render_full, why_skipped
from connrules.cli.xml_text import render_xml
from connrules.codes import CODES
from connrules.diagnostic import Diagnostic, Severity

_SUITE: Final = "connrules check"


def render_junit(results: Results) -> str:
    """One suite, in ASCII. No time is measured."""
    cases = [*_cases(results)]
    kinds = [child.tag for case in cases for child in case]
    numbers = {"tests": len(cases), "failures": kinds.count("failure"), "errors": 0, "skipped": kinds.count("skipped")}
    attributes = {"name": _SUITE, "time": "0.000", **{key: str(number) for key, number in numbers.items()}}
    root = ET.Element("testsuites", attributes)
    ET.SubElement(root, "testsuite", attributes).extend(cases)
    return render_xml(root)


def _cases(results: Results) -> Iterator[ET.Element]:
    findings = results.report.findings
    yield from map(_finding, findings)
    with_findings = {finding.source.path for finding in findings}
    for source in results.sources:
        if source.path not in with_findings:
            yield _case(source.path, "no findings", file=visible(source.path))
    for code in results.report.skipped:
        case = _case(_SUITE, f"{code} {CODES[code].name}")
        ET.SubElement(case, "skipped", message="; ".join(why_skipped(results.report, code)))
        yield case


def _finding(finding: Diagnostic) -> ET.Element:
    path = finding.source.path
    line, column = finding.source.position(finding.span.start)
    name = f"{finding.code} {finding.name} at {line}:{column}"
    case = _case(path, name, file=visible(path), line=str(line))
    if finding.severity is Severity.INFO:
        ET.SubElement(case, "system-out").text = render_full([finding])
    else:
        failure = ET.SubElement(case, "failure", message=visible(finding.message), type=finding.severity.value)
        failure.text = render_full([finding])
    return case


def _case(path: str, name: str, **where: str) -> ET.Element:
    return ET.Element("testcase", {"classname": visible(path), "name": name, "time": "0.000", **where})
