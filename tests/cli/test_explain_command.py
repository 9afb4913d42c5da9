"""`connrules explain`: by code, by name, and all at once."""

import pytest
from click.testing import CliRunner, Result

from connrules.cli.shell import shell
from connrules.codes import CODES
from connrules.findings import load_page


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
    assert rows == [[row.code, row.name, str(row.severity)] for row in CODES.values()]
    families = result.stdout.split("\n\n")
    assert families[0].startswith("# 1xx Syntax\nCR101  ")
    for family in families:
        heading, *members = family.strip().splitlines()
        assert {f"# {member[2]}xx" for member in members} == {heading[:5]}
