"""The formats of `connrules check`: what each writes and where, and what a reader of it gets back."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from tests.cli.findings import LINES, about, fixed, results

from connrules.cli.formats import FORMATS, write
from connrules.cli.formats.github import render_github
from connrules.cli.formats.junit import render_junit
from connrules.cli.shell import shell
from connrules.diagnostic import Severity

MACHINE = [name for name, row in FORMATS.items() if not row.for_people]
PEOPLE = [name for name, row in FORMATS.items() if row.for_people]
WARNING = "on purchase after 0s send B\n"


def check(layout: str, *arguments: str, **environment: str) -> Result:
    return CliRunner(env={"NO_COLOR": "", "FORCE_COLOR": "", **environment}).invoke(
        shell, ["check", "rules", "--format", layout, *arguments]
    )


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    return tmp_path / "rules"


def read(layout: str, text: str) -> None:
    """Read what a machine format wrote, as its readers do; fails where that cannot be read."""
    match layout:
        case "json" | "sarif":
            json.loads(text)
        case "jsonl":
            assert [json.loads(line) for line in text.splitlines()]
        case "github":
            assert all(annotation(line) for line in text.splitlines())
        case "junit":
            ET.fromstring(text)
        case _:
            raise AssertionError(layout)


# What all of them keep to


def test_the_formats() -> None:
    assert [*FORMATS] == ["full", "concise", "json", "jsonl", "sarif", "github", "junit"]
    assert PEOPLE == ["full", "concise"]


@pytest.mark.parametrize("layout", MACHINE)
@pytest.mark.parametrize(
    "text", ["", WARNING, "on purchase send B\n", "on on on\n"], ids=["empty", "warning", "clean", "broken"]
)
def test_machine_formats_leave_standard_output_pure(layout: str, text: str, rules: Path) -> None:
    (rules / "a.conn").write_text(text)
    result = check(layout, "--color", "always", FORCE_COLOR="1")
    assert result.stderr == ""
    assert "\x1b" not in result.stdout
    assert result.stdout.isascii()
    read(layout, result.stdout)


@pytest.mark.parametrize("layout", MACHINE)
def test_machine_formats_say_which_checks_were_skipped(layout: str, rules: Path) -> None:
    (rules / "a.conn").write_text("on purchase send B\n")
    assert "CR201" in check(layout).stdout


@pytest.mark.parametrize("layout", PEOPLE)
@pytest.mark.parametrize(
    ("options", "environment", "colored"),
    [
        ([], {}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colour(layout: str, options: list[str], environment: dict[str, str], colored: bool, rules: Path) -> None:
    (rules / "a.conn").write_text(WARNING)
    result = check(layout, *options, **environment)
    assert ("\x1b[" in result.stdout) is colored
    assert "\x1b" not in result.stderr


@pytest.mark.parametrize("layout", FORMATS)
def test_the_exit_code_does_not_depend_on_the_format(layout: str, rules: Path) -> None:
    (rules / "a.conn").write_text(WARNING)
    assert check(layout).exit_code == 1
    (rules / "a.conn").write_text("")
    assert check(layout).exit_code == 0


@pytest.mark.parametrize("layout", FORMATS)
def test_help_describes_every_format(layout: str) -> None:
    page = CliRunner().invoke(shell, ["check", "--help"]).stdout
    assert re.search(rf"^    {layout:<7}  \S", page, re.MULTILINE)
    assert FORMATS[layout].help.split("\n")[0] in page


@pytest.mark.parametrize("layout", FORMATS)
def test_notes_are_for_people(layout: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = results(about(LINES))
    write(shown.report, layout, summary=shown.summary, color=False, notes=["only this much"])
    assert capsys.readouterr().err.endswith("only this much\n") is (layout in PEOPLE)


@pytest.mark.parametrize("layout", FORMATS)
def test_a_report_can_go_to_standard_error(layout: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = results(about(LINES))
    write(shown.report, layout, summary=shown.summary, color=False)
    out, err = capsys.readouterr()
    write(shown.report, layout, summary=shown.summary, color=False, err=True)
    assert capsys.readouterr() == ("", out + err)


# github

COMMAND = re.compile(r"::(error|warning|notice) ([^:\r\n]*)::([^\r\n]*)")


def annotation(line: str) -> tuple[str, dict[str, str], str]:
    """A command as the runner of GitHub Actions reads it."""
    parts = COMMAND.fullmatch(line)
    assert parts, line
    properties = dict(pair.split("=", 1) for pair in parts[2].split(","))
    return parts[1], {key: _plain(value) for key, value in properties.items()}, _plain(parts[3])


def _plain(text: str) -> str:
    for code, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, char)
    return text


def test_github() -> None:
    assert render_github(results(about(LINES, message="100% sure: no, none"))) == (
        "::error title=CR301 exception-without-delay,file=rules/carts.conn,line=3,endLine=3,col=3,endColumn=18"
        "::100%25 sure: no, none%0Ait is about this%0Ahelp: do something else"
    )


def test_github_names_files_of_the_repository_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "repo" / "sub").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "repo" / "sub")
    (tmp_path / "repo" / ".git").mkdir()
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    for path, file in (("a.conn", "sub/a.conn"), ("../b.conn", "b.conn"), ("../../c.conn", "../../c.conn")):
        assert annotation(render_github(results(about(LINES, path=path))))[1]["file"] == file


def test_github_of_several_lines_has_no_end_column() -> None:
    _, properties, _ = annotation(render_github(results(about("on «purchase\nsend X»\n"))))
    assert (properties["line"], properties["endLine"], properties["col"]) == ("1", "2", "4")
    assert "endColumn" not in properties


def test_github_counts_code_points() -> None:
    _, properties, _ = annotation(render_github(results(about('on "🛒 Cafe\u0301", «"👍🏽"» send\n'))))
    assert (properties["col"], properties["endColumn"]) == ("15", "19")


@pytest.mark.parametrize(
    ("severity", "command"), [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "notice")]
)
def test_github_has_a_command_for_each_severity(severity: Severity, command: str) -> None:
    found = replace(about(LINES), severity=severity)
    assert annotation(render_github(results(found)))[0] == command


def test_github_says_nothing_of_nothing() -> None:
    assert render_github(results(clean="a.conn", suppressed=[about(LINES)])) == ""


@given(st.text(), st.text(min_size=1))
def test_github_escapes_whatever_is_said(words: str, path: str) -> None:
    found = about(LINES, path="rules/a.conn", message="what", label=words)
    _, properties, message = annotation(render_github(results(found)))
    assert message.startswith("what\n")
    assert properties["file"] == "rules/a.conn"


@pytest.mark.parametrize("path", ["a,b:c%.conn", "a%2Cb.conn", "a::error::b.conn", "two\nlines.conn"])
def test_github_escapes_paths(path: str) -> None:
    assert annotation(render_github(results(about(LINES, path=path))))[1]["file"] == path


# junit


def cases(document: str) -> dict[tuple[str | None, str | None], ET.Element]:
    return {(case.get("classname"), case.get("name")): case for case in ET.fromstring(document).iter("testcase")}


def test_junit() -> None:
    document = render_junit(
        results(
            about(LINES), about(LINES, code="CR308"), about(LINES, code="CR304"), skipped=("CR201",), clean="b.conn"
        )
    )
    suites = ET.fromstring(document)
    [suite] = suites
    assert suite.attrib == suites.attrib
    assert suite.attrib == {
        "name": "connrules check",
        "time": "0.000",
        "tests": "5",
        "failures": "2",
        "errors": "0",
        "skipped": "1",
    }
    assert {key: [child.tag for child in case] for key, case in cases(document).items()} == {
        ("rules/carts.conn", "CR301 exception-without-delay at 3:3"): ["failure"],
        ("rules/carts.conn", "CR308 zero-delay at 3:3"): ["failure"],
        ("rules/carts.conn", "CR304 exception-equals-trigger at 3:3"): ["system-out"],
        ("b.conn", "no findings"): [],
        ("connrules check", "CR201 unknown-campaign"): ["skipped"],
    }


def test_a_failure_of_junit_is_the_whole_finding() -> None:
    [case] = cases(render_junit(results(fixed(about(LINES), "delete it", "")))).values()
    assert (case.get("file"), case.get("line")) == ("rules/carts.conn", "3")
    failure = case[0]
    assert (failure.get("message"), failure.get("type")) == ("an exception needs a delay to act in", "error")
    assert failure.text is not None
    assert failure.text.startswith("error[CR301] exception-without-delay: an exception needs a delay to act in\n")
    assert "\n   = fix: delete it, with check --fix\n" in failure.text


def test_a_file_whose_findings_are_suppressed_passes() -> None:
    assert [*cases(render_junit(results(suppressed=[about(LINES)])))] == [("rules/carts.conn", "no findings")]


ANY_TEXT = st.text(st.characters(codec=None), max_size=30)


@pytest.mark.parametrize("render", [render_junit], ids=["junit"])
@given(ANY_TEXT, ANY_TEXT)
def test_xml_is_well_formed_whatever_stands_in_a_name(render: Callable[..., str], words: str, text: str) -> None:
    found = about(f"«on»{text.replace('«', '').replace('»', '')}\n", message=words, label=words, path=words or "a")
    document = render(results(found))
    assert document.isascii()
    [case] = cases(document).values()
    assert case[0].get("type") == "error"
