"""Options of `connrules check`: counts instead of findings, standard input in the place of a file."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from tests.cli.configured import BROKEN, CATALOG, CLEAN, NO_DELAY, UNNAMED, codes, connrules, write
from tests.cli.running import process


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# --show-suppressed


SUPPRESSED = "# connrules: ignore[CR308] agreed with Jo until 2999-01-01\n" + NO_DELAY


def test_what_is_suppressed_is_shown_where_that_is_asked_for() -> None:
    write("a.conn", SUPPRESSED + UNNAMED)
    shown = connrules("check", "a.conn", "--no-config", "--show-suppressed")
    plain = connrules("check", "a.conn", "--no-config")
    assert (shown.exit_code, shown.stderr) == (plain.exit_code, plain.stderr) == (0, plain.stderr)
    assert "; 1 finding suppressed\n" in plain.stderr
    assert shown.stdout.startswith(
        plain.stdout.rstrip("\n") + "\n\nsuppressed[CR308] zero-delay: `after 0s` is no delay\n"
    )
    assert shown.stdout.endswith("   = suppressed: on line 1, until 2999-01-01: agreed with Jo\n")


def test_what_is_suppressed_is_a_line_of_its_own_where_findings_are() -> None:
    write("a.conn", SUPPRESSED)
    result = connrules("check", "a.conn", "--no-config", "--show-suppressed", "--format", "concise")
    assert result.exit_code == 0
    assert result.stdout == (
        "a.conn:4:3: suppressed CR308[zero-delay] `after 0s` is no delay (until 2999-01-01: agreed with Jo)\n"
    )


def test_json_has_what_is_suppressed_in_any_case() -> None:
    write("a.conn", SUPPRESSED)
    document = json.loads(connrules("check", "a.conn", "--no-config", "--format", "json").stdout)
    assert document["findings"] == []
    (one,) = document["suppressed"]
    assert (one["code"], one["reason"], one["until"]) == ("CR308", "agreed with Jo", "2999-01-01T00:00:00Z")


# --statistics


def some_findings() -> None:
    write("rules/a.conn", UNNAMED + 'on event "x" send "D"\n')
    write("rules/b.conn", NO_DELAY)
    write("rules/c.conn", BROKEN)


def test_statistics_are_a_line_for_each_kind_the_most_frequent_first() -> None:
    some_findings()
    result = connrules("check", "rules", "--statistics")
    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout.splitlines() == [
        "2  info     CR602  unnamed-rule",
        "1  error    CR105  invalid-duration",
        "1  warning  CR308  zero-delay",
    ]


def test_statistics_as_json() -> None:
    some_findings()
    rows = json.loads(connrules("check", "rules", "--statistics", "--format", "json").stdout)
    assert [(row["code"], row["count"]) for row in rows] == [("CR602", 2), ("CR105", 1), ("CR308", 1)]
    assert rows[0] == {"code": "CR602", "name": "unnamed-rule", "severity": "info", "count": 2}


def test_statistics_of_nothing() -> None:
    write("a.conn", CLEAN)
    result = connrules("check", "a.conn", "--statistics")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert json.loads(connrules("check", "a.conn", "--statistics", "--format", "json").stdout) == []


def test_statistics_have_no_other_format() -> None:
    some_findings()
    result = connrules("check", "rules", "--statistics", "--format", "sarif")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: --statistics has no format `sarif`\n  = help: ")


def test_what_cannot_be_told_is_refused_before_anything_is_fixed() -> None:
    file = write("late.conn", NO_DELAY)
    result = connrules("check", "late.conn", "--fix", "--statistics", "--format", "sarif")
    assert (result.exit_code, file.read_text(encoding="utf-8")) == (2, NO_DELAY)


def test_a_difference_has_no_other_format() -> None:
    some_findings()
    result = connrules("check", "rules", "--diff", "--format", "json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: --diff has no format `json`\n  = help: ")
    assert connrules("check", "rules", "--diff", "--format", "concise").exit_code == 1
    assert connrules("check", "rules", "--diff", CONNRULES_FORMAT="json").exit_code == 1  # that is of findings


def test_numbers_stand_below_each_other() -> None:
    write("a.conn", "".join(f'on event "{number}" send "{number}"\n' for number in range(10)))
    write("b.conn", NO_DELAY)
    rows = connrules("check", "a.conn", "b.conn", "--statistics").stdout.splitlines()
    assert rows == ["10  info     CR602  unnamed-rule", " 1  warning  CR308  zero-delay"]


# Standard input


def piped(text: str, *arguments: str) -> Result:
    return connrules("check", *arguments, "--format", "concise", given=text)


def test_standard_input_alone() -> None:
    result = piped(BROKEN, "-")
    assert (result.exit_code, codes(result)) == (1, ["CR105"])
    assert result.stdout.startswith("<stdin>:1:19: ")
    assert piped(CLEAN, "-").exit_code == 0


def test_standard_input_is_called_by_its_file() -> None:
    result = piped(UNNAMED, "-", "--stdin-filename", "shop/draft.conn")
    assert result.stdout.startswith("shop/draft.conn:1:1: info CR602[unnamed-rule]")
    assert "`draft.conn:1`" in result.stdout


def test_standard_input_stands_in_for_a_file_of_the_rule_set() -> None:
    write("rules/a.conn", BROKEN)
    write("rules/b.conn", 'rule later:\n  on sent fresh\n  after 1h\n  send "Z"\n')
    write("rules/c.conn", NO_DELAY)
    text = 'rule fresh:\n  on event "x"\n  after 0s\n  send "A"\n'
    result = piped(text, "rules", "-", "--stdin-filename", "./rules/../rules/a.conn")
    assert [row.split(": ")[0] for row in result.stdout.splitlines()] == ["rules/a.conn:3:3", "rules/c.conn:3:3"]
    assert codes(result) == ["CR308", "CR308"]
    assert "\nfound 2 warnings in 3 files (3 rules)\n" in result.stderr
    assert Path("rules/a.conn").read_text(encoding="utf-8") == BROKEN


def test_a_file_that_is_not_there_yet_comes_last() -> None:
    write("rules/b.conn", NO_DELAY)
    result = piped(BROKEN, "rules", "-", "--stdin-filename", "rules/a.conn")
    assert [row.split(":")[0] for row in result.stdout.splitlines()] == ["rules/b.conn", "rules/a.conn"]


def test_standard_input_is_configured_by_where_its_file_is() -> None:
    write("shop/connrules.toml", 'ignore = ["CR602"]')
    assert codes(piped(UNNAMED, "-")) == ["CR602"]
    assert codes(piped(UNNAMED, "-", "--stdin-filename", "shop/a.conn")) == []
    assert codes(piped(UNNAMED, "-", "--stdin-filename", "shop/not/yet/a.conn")) == []


def test_the_catalog_of_the_one_folder_beside_standard_input_is_used() -> None:
    write("shop/catalog.toml", CATALOG)
    write("shop/a.conn", CLEAN)
    text = CLEAN.replace('"B"', '"Nowhere"')
    result = piped(text, "shop", "-", "--stdin-filename", "shop/a.conn", "--as-of", "2026-03-01")
    assert codes(result) == ["CR212"]


def test_a_name_for_standard_input_that_is_not_read() -> None:
    write("a.conn", CLEAN)
    result = piped("", "a.conn", "--stdin-filename", "a.conn")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: --stdin-filename is for standard input, which is not read\n")


# As processes


def test_how_processes_end(tmp_path: Path) -> None:
    write("a.conn", NO_DELAY)
    write("wrong.toml", "selct = 1")
    ends = {
        ("a.conn",): 1,
        ("a.conn", "--fail-on", "error"): 0,
        ("a.conn", "--exit-zero"): 0,
        ("a.conn", "--config", "wrong.toml"): 2,
        ("a.conn", "--config", "wrong.toml", "--exit-zero"): 2,
        ("a.conn", "--select", "CR99"): 2,
        ("a.conn", "--changed-since", "main", "--exit-zero"): 2,
    }
    results = {arguments: process("check", *arguments) for arguments in ends}
    assert {arguments: result.returncode for arguments, result in results.items()} == ends
    assert [arguments for arguments, result in results.items() if b"Traceback" in result.stderr] == []


def test_a_process_reads_standard_input() -> None:
    result = process("check", "-", "--format", "concise", stdin=BROKEN.encode())
    assert (result.returncode, result.stdout[:13]) == (1, b"<stdin>:1:19:")
