"""`connrules explain`: by code, by name, and all at once."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connrules.cli.shell import shell
from connrules.codes import CODES
from connrules.findings import load_page

DOCS = Path(__file__).parents[2] / "docs"


def explain(*arguments: str) -> Result:
    return CliRunner(env={"NO_COLOR": "", "FORCE_COLOR": ""}).invoke(shell, ["explain", *arguments])


@pytest.mark.parametrize("finding", ["CR301", "cr301", "exception-without-delay", "Exception-Without-Delay"])
def test_by_code_and_by_name_in_any_case(finding: str) -> None:
    result = explain(finding)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.rstrip("\n") == load_page("CR301").markdown.rstrip("\n")
    assert "exception-without-delay" in result.stdout


def test_headings_are_bold_in_color_and_comments_in_examples_are_not() -> None:
    plain, colored = explain("CR301").stdout, explain("CR301", "--color", "always").stdout
    assert colored.replace("\x1b[1m", "").replace("\x1b[0m", "") == plain
    assert colored.startswith("\x1b[1m# CR301")
    inside = [line for block in colored.split("```")[1::2] for line in block.splitlines()]
    assert inside
    assert [line for line in inside if "\x1b" in line] == []


@pytest.mark.parametrize(
    ("finding", "remedy"),
    [
        ("CR999", "`connrules explain` lists them all"),
        ("exception-without-dealy", "did you mean `exception-without-delay`? `connrules explain` lists them all"),
        ("nonsense", "`connrules explain` lists them all"),
    ],
)
def test_an_unknown_finding(finding: str, remedy: str) -> None:
    result = explain(finding)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"error: there is no finding `{finding}`\n  = help: {remedy}\n"


def test_the_list_has_every_code_once_in_its_family() -> None:
    result = explain()
    assert result.exit_code == 0
    rows = [line.split() for line in result.stdout.splitlines() if line.startswith("CR")]
    assert [row[:3] for row in rows] == [[row.code, row.name, str(row.severity)] for row in CODES.values()]
    families = result.stdout.split("\n\n")
    assert families[0].startswith("# 1xx Syntax\nCR101  ")
    for family in families:
        heading, *members = family.strip().splitlines()
        assert {f"# {member[2]}xx" for member in members} == {heading[:5]}


@pytest.mark.parametrize("family", ["CR6", "cr6"])
def test_the_list_of_a_family(family: str) -> None:
    lines = explain(family).stdout.splitlines()
    assert lines[0] == "# 6xx Style"
    assert [line.split()[0] for line in lines[1:]] == ["CR601", "CR602", "CR603"]
    assert set(lines) <= set(explain().stdout.splitlines())
    rows = json.loads(explain(family, "--format", "json").stdout)
    assert [row["code"] for row in rows] == ["CR601", "CR602", "CR603"]


def test_the_list_says_what_a_check_needs_and_which_fix_it_offers() -> None:
    rows = dict(re.findall(r"^(CR\d+)  \S+ +\w+ *(.*)$", explain().stdout, re.MULTILINE))
    assert (rows["CR104"], rows["CR205"], rows["CR314"]) == ("", "catalog, date", "safe fix")
    assert rows["CR201"] == "catalog, unsafe fix"
    assert {code: marks.split(", ")[-1] for code, marks in rows.items() if "fix" in marks} == {
        row.code: f"{row.fix} fix" for row in CODES.values() if row.fix
    }


def test_the_whole_reference_has_a_table_and_every_page() -> None:
    result = explain("--all", "--format", "md")
    assert (result.exit_code, result.stderr) == (0, "")
    table = re.findall(
        r"^\| \[(CR\d+)\]\(#(\S+)\) \| (\S+) \| (\w+) \| ([\w, ]*) \| (\w*) \|$", result.stdout, re.MULTILINE
    )
    assert table == [
        (
            row.code,
            f"{row.code}-{row.name}".lower(),
            row.name,
            str(row.severity),
            ", ".join(["catalog"] * row.needs_catalog + ["date"] * row.dated),
            row.fix,
        )
        for row in CODES.values()
    ]
    headings = re.findall(r"^### (.*)$", result.stdout, re.MULTILINE)
    assert headings == [f"{row.code} {row.name}" for row in CODES.values()]
    without_links = re.sub(r"\[(CR\d+)\]\(#[^)]*\)", r"\1", result.stdout)
    for code in CODES:
        for line in load_page(code).markdown.splitlines():
            assert line in without_links


def test_the_reference_links_the_findings_that_a_page_names_but_not_those_in_code() -> None:
    reference = explain("--all").stdout
    assert "they can never act: that is [CR301](#cr301-exception-without-delay)." in reference
    assert "# connrules: ignore[CR305] both are wanted" in reference
    assert "Findings are named by code (`CR401`)" in reference


def test_the_reference_in_the_documents_is_what_the_command_writes() -> None:
    written = (DOCS / "findings.md").read_text(encoding="utf-8")
    assert written == explain("--all").stdout, "write it anew: connrules explain --all > docs/findings.md"


def test_json_has_what_is_known_of_a_finding() -> None:
    about = json.loads(explain("exception-without-delay", "--format", "json").stdout)
    assert about.pop("markdown") == load_page("CR301").markdown
    assert about == {
        "code": "CR301",
        "name": "exception-without-delay",
        "severity": "error",
        "family": "Delay and exceptions",
        "needs_catalog": False,
        "dated": False,
        "fix": CODES["CR301"].fix,
    }


def test_json_of_all_has_pages_only_where_they_are_asked_for() -> None:
    short = json.loads(explain("--format", "json").stdout)
    long = json.loads(explain("--all", "--format", "json").stdout)
    assert [row["code"] for row in short] == [row["code"] for row in long] == [*CODES]
    assert short == [{key: value for key, value in row.items() if key != "markdown"} for row in long]
    assert all(row["markdown"].startswith(f"# {row['code']} ") for row in long)


def test_json_has_no_colour() -> None:
    assert "\x1b" not in explain("CR301", "--format", "json", "--color", "always").stdout


def test_all_and_one_are_no_question() -> None:
    result = explain("--all", "CR301")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "error: --all writes the page of every finding\n  = help: leave out --all, or `CR301`\n"
