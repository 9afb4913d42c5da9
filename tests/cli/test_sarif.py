"""SARIF: valid by the published schema whatever is found, and what stands where."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cli.findings import LINES, about, fixed, related, results

from connrules.cli.formats.results import Results
from connrules.cli.formats.sarif import render_sarif
from connrules.codes import CODES
from connrules.diagnostic import Diagnostic, Severity
from connrules.findings import load_page
from connrules.text import SourceText, Span

SCHEMA = json.loads((Path(__file__).parent / "sarif" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())

RICH = replace(
    fixed(about(LINES), "delete the `unless` clause", "", safe=False),
    related=(related('on «"カート"»\n', "the first one", "other.conn"), related("a\n«b\nc»\n", "another")),
    witness='test "it happens":\n  expect nothing',
    silent_rule="r",
)


def run_of(shown: Results) -> dict[str, Any]:
    """The one run of a log that is valid."""
    text = render_sarif(shown)
    assert text.isascii()
    log = json.loads(text)
    VALIDATOR.validate(log)
    [run] = log["runs"]
    return dict(run)


def place_of(found: Diagnostic) -> dict[str, Any]:
    [result] = run_of(results(found))["results"]
    [location] = result["locations"]
    return dict(location["physicalLocation"])


def test_the_schema_refuses_what_is_no_sarif() -> None:
    log = json.loads(render_sarif(results(RICH)))
    log["runs"][0]["results"][0]["level"] = "severe"
    assert not VALIDATOR.is_valid(log)


def test_nothing_found() -> None:
    run = run_of(results(clean="a.conn"))
    assert run["results"] == []
    assert run["tool"]["driver"]["rules"] == []
    assert [artifact["location"]["uri"] for artifact in run["artifacts"]] == ["a.conn"]


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_a_rule_with_its_page(code: str) -> None:
    [rule] = run_of(results(about(LINES, code=code)))["tool"]["driver"]["rules"]
    page = load_page(code).markdown
    assert (rule["id"], rule["name"], rule["help"]["markdown"]) == (code, CODES[code].name, page)
    assert page.split("\n\n")[1] == rule["fullDescription"]["text"]
    assert rule["fullDescription"]["text"].startswith(rule["shortDescription"]["text"])
    assert rule["defaultConfiguration"]["level"] == CODES[code].severity.value.replace("info", "note")


def test_results_point_at_their_rules() -> None:
    shown = results(*(about(LINES, code=code) for code in ("CR308", "CR301", "CR308", "CR105")))
    run = run_of(shown)
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == ["CR105", "CR301", "CR308"]
    assert [rules[result["ruleIndex"]] for result in run["results"]] == ["CR308", "CR301", "CR308", "CR105"]
    assert [result["ruleId"] for result in run["results"]] == ["CR308", "CR301", "CR308", "CR105"]


@pytest.mark.parametrize(
    ("severity", "level"), [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "note")]
)
def test_the_level_is_the_severity_of_the_finding_not_of_its_code(severity: Severity, level: str) -> None:
    run = run_of(results(replace(about(LINES), severity=severity)))
    assert run["results"][0]["level"] == level
    assert run["tool"]["driver"]["rules"][0]["defaultConfiguration"]["level"] == "error"


def test_columns_count_code_points() -> None:
    run = run_of(results(about('on received_push of "🛒 Cafe\u0301", «"👩\u200d💻"» send X\n')))
    assert run["columnKind"] == "unicodeCodePoints"
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 1, "startColumn": 32, "endLine": 1, "endColumn": 37}


def test_a_region_of_several_lines_and_one_of_none() -> None:
    several = place_of(about("rule «r:\r\n  on purchase»\r\n  send X\r\n"))["region"]
    assert several == {"startLine": 1, "startColumn": 6, "endLine": 2, "endColumn": 14}
    nothing = place_of(about("on purchase«»\n"))["region"]
    assert nothing == {"startLine": 1, "startColumn": 12, "endLine": 1, "endColumn": 12}


def test_the_message_says_what_why_and_what_to_do() -> None:
    [result] = run_of(results(about(LINES, message="what", label="why", help="what to do")))["results"]
    assert result["message"]["text"] == "what\nwhy\nhelp: what to do"
    [bare] = run_of(results(about(LINES, message="what", label="", help="")))["results"]
    assert bare["message"]["text"] == "what"


def test_other_places_the_fix_and_the_witness() -> None:
    [result] = run_of(results(RICH))["results"]
    first, second = result["relatedLocations"]
    assert (first["id"], first["message"]["text"]) == (1, "the first one")
    assert first["physicalLocation"]["artifactLocation"]["uri"] == "other.conn"
    assert second["physicalLocation"]["region"] == {"startLine": 2, "startColumn": 1, "endLine": 3, "endColumn": 2}
    [fix] = result["fixes"]
    assert fix["description"]["text"] == "delete the `unless` clause (unsafe)"
    [change] = fix["artifactChanges"]
    region = {"startLine": 3, "startColumn": 3, "endLine": 3, "endColumn": 18}
    assert change["replacements"] == [{"deletedRegion": region, "insertedContent": {"text": ""}}]
    assert result["properties"] == {"witness": 'test "it happens":\n  expect nothing', "silentRule": "r"}


def test_suppressed_findings_are_there_and_marked() -> None:
    run = run_of(results(about(LINES), suppressed=[about(LINES, code="CR308")]))
    assert [(result["ruleId"], result["suppressions"]) for result in run["results"]] == [
        ("CR301", []),
        ("CR308", [{"kind": "inSource", "justification": "as agreed"}]),
    ]


def test_skipped_checks_are_told() -> None:
    [invocation] = run_of(results(skipped=("CR201", "CR202")))["invocations"]
    assert invocation["executionSuccessful"] is True
    [note] = invocation["toolConfigurationNotifications"]
    assert note["level"] == "note"
    assert note["message"]["text"] == "no catalog: 2 checks were skipped (CR201, CR202); give --catalog FILE"
    assert run_of(results())["invocations"][0]["toolConfigurationNotifications"] == []


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("a.conn", "a.conn"),
        ("./rules/a.conn", "rules/a.conn"),
        ("rules/../a.conn", "a.conn"),
        ("my rules/50% off#1?.conn", "my%20rules/50%25%20off%231%3F.conn"),
        ("Grüße/カート.conn", "Gr%C3%BC%C3%9Fe/%E3%82%AB%E3%83%BC%E3%83%88.conn"),
        ("a:b.conn", "a%3Ab.conn"),
        ("caf\udce9.conn", "caf%E9.conn"),  # a name that is no UTF-8
    ],
)
def test_relative_paths_are_uris_below_the_root(path: str, uri: str) -> None:
    assert place_of(about(LINES, path=path))["artifactLocation"] == {"uri": uri, "uriBaseId": "%SRCROOT%"}


def test_on_github_the_repository_is_the_root_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "repo" / "sub").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "repo" / "sub")
    (tmp_path / "repo" / ".git").mkdir()
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    for path, uri in (("a.conn", "sub/a.conn"), ("../b.conn", "b.conn"), (str(tmp_path / "repo" / "c.conn"), "c.conn")):
        assert place_of(about(LINES, path=path))["artifactLocation"] == {"uri": uri, "uriBaseId": "%SRCROOT%"}
    outside = place_of(about(LINES, path="../../d.conn"))["artifactLocation"]
    assert outside == {"uri": (tmp_path / "d.conn").as_uri()}


def test_paths_that_are_not_below_the_root_are_absolute_uris(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in here").mkdir()
    monkeypatch.chdir(tmp_path / "in here")
    for path in (str(tmp_path / "my rules.conn"), "../my rules.conn"):
        location = place_of(about(LINES, path=path))["artifactLocation"]
        assert location == {"uri": (tmp_path / "my rules.conn").as_uri()}


ANY_TEXT = st.text(st.sampled_from("ab \t\n\r\u2028\u200d\u0301カ🛒\x1b\0{}[]()%"), max_size=40)
PATHS = st.text(st.sampled_from("ab /.%#?:カ🛒\\"), min_size=1, max_size=12)


@given(ANY_TEXT, PATHS, st.data())
def test_any_finding_gives_a_valid_log_that_means_it(text: str, path: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    span = Span(start, data.draw(st.integers(start, len(text))))
    source = SourceText(path, text)
    found = fixed(replace(about(LINES), source=source, span=span, message=text or "m"), text, text, safe=True)
    [result] = run_of(results(found))["results"]
    region = result["locations"][0]["physicalLocation"]["region"]
    assert source.line_starts[region["startLine"] - 1] + region["startColumn"] - 1 == span.start
    assert source.line_starts[region["endLine"] - 1] + region["endColumn"] - 1 == span.end
    location = result["locations"][0]["physicalLocation"]["artifactLocation"]
    if "uriBaseId" in location:
        assert Path(unquote(location["uri"])) == Path(path) or ".." in path
