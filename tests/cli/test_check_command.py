"""`connrules check`: what goes where, and how it ends."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.cli.configured import BROKEN, CATALOG, CLEAN, write

from connrules.cli.shell import shell

WITHIN = ("--as-of", "2026-03-01")


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(variable, raising=False)


def check(*arguments: str, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(shell, ["check", *arguments])


def test_a_clean_rule_set() -> None:
    write("rules/a.conn", CLEAN)
    write("catalog.toml", CATALOG)
    result = check("rules", "--catalog", "catalog.toml", *WITHIN)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no findings in 1 file (1 rule)\n")


def test_findings_on_standard_output_and_the_summary_beside_it() -> None:
    write("rules/a.conn", CLEAN)
    write("rules/b.conn", BROKEN)
    write("catalog.toml", CATALOG)
    result = check("rules", "--catalog", "catalog.toml", *WITHIN)
    assert result.exit_code == 1
    assert result.stdout.startswith("error[CR105] invalid-duration: ")
    assert " 1 | on purchase after 90 send" in result.stdout
    assert result.stdout.endswith("= more: connrules explain CR105\n")
    assert result.stderr == "found 1 error in 2 files (1 rule)\n"


def test_concise_is_one_line_for_each_finding_and_nothing_else() -> None:
    write("b.conn", BROKEN * 2)
    result = check("b.conn", "--format", "concise")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert [line.split(": ")[0] for line in lines] == ["b.conn:1:19", "b.conn:2:19"]
    assert lines[0].startswith("b.conn:1:19: error CR105[invalid-duration] ")


def test_json_is_one_document_and_nothing_else() -> None:
    write("b.conn", BROKEN + CLEAN)
    result = check("b.conn", "--format", "json")
    document = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (1, "")
    assert list(document) == ["version", "findings", "suppressed", "skipped", "summary"]
    counts = {"errors": 1, "warnings": 0, "infos": 0, "files": 1, "rules": 1}
    assert document["summary"] == {**counts, "suppressed": 0, "since": None, "unchanged": 0}
    assert "CR201" in document["skipped"]
    (found,) = document["findings"]
    assert (found["code"], found["file"]) == ("CR105", "b.conn")
    assert found["start"] == {"line": 1, "column": 19, "offset": 18}
    assert found["end"] == {"line": 1, "column": 21, "offset": 20}


def test_json_of_a_clean_rule_set() -> None:
    write("a.conn", CLEAN)
    result = check("a.conn", "--format", "json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["findings"] == []


def test_without_a_catalog_it_says_which_checks_were_skipped() -> None:
    write("a.conn", CLEAN)
    result = check("a.conn")
    skipped, summary = result.stderr.splitlines()
    assert skipped.startswith("no catalog: ")
    assert "checks were skipped (CR201 to CR212, CR215 to CR217, " in skipped
    assert skipped.endswith("); give --catalog FILE")
    assert summary == "no findings in 1 file (1 rule)"


@pytest.mark.parametrize("name", ["catalog.toml", "catalog.json", "catalog.yaml", "catalog.yml"])
def test_the_catalog_in_a_folder_is_used(name: str) -> None:
    write("shop/a.conn", CLEAN)
    texts = {".toml": CATALOG, ".json": '{"campaigns": [{"name": "A", "channels": ["push"]}, {"name": "B"}]}'}
    write(f"shop/{name}", texts.get(Path(name).suffix, "campaigns: [{name: A, channels: [push]}, {name: B}]"))
    result = check("shop", *WITHIN)
    assert (result.exit_code, result.stderr) == (0, "no findings in 1 file (1 rule)\n")


def test_a_catalog_that_is_given_goes_before_the_one_in_the_folder() -> None:
    write("shop/a.conn", CLEAN)
    write("shop/catalog.toml", "this is no catalog")
    write("other.toml", CATALOG)
    assert check("shop", "--catalog", "other.toml", *WITHIN).exit_code == 0


def test_the_catalog_beside_a_file_or_in_one_of_two_folders_is_not_guessed() -> None:
    write("shop/a.conn", CLEAN)
    write("shop/catalog.toml", CATALOG)
    write("more/b.conn", CLEAN.replace("A", "C"))
    assert "no catalog" in check("shop/a.conn").stderr
    assert "no catalog" in check("shop", "more").stderr


def test_two_catalogs_in_a_folder() -> None:
    write("shop/a.conn", CLEAN)
    write("shop/catalog.toml", CATALOG)
    write("shop/catalog.yml", "campaigns: []")
    assert_refused(
        check("shop"),
        "error: shop: more than one catalog: catalog.toml, catalog.yml\n"
        "  = help: name the one you mean with --catalog FILE\n",
    )


def test_infos_alone_are_no_reason_to_fail() -> None:
    write("a.conn", 'rule a:\n  on event "A"\n  after 1d\n  unless event "A"\n  send "B"\n')
    result = check("a.conn")
    assert result.exit_code == 0
    assert result.stdout.startswith("info[CR304] ")
    assert result.stderr.endswith("found 1 info in 1 file (1 rule)\n")


def test_warnings_are() -> None:
    write("a.conn", 'rule a:\n  on purchase\n  after 0s\n  send "B"\n')
    result = check("a.conn")
    assert result.exit_code == 1
    assert result.stdout.startswith("warning[CR308] ")


def test_as_of_is_the_date_at_which_things_stand() -> None:
    write("a.conn", CLEAN)
    write("catalog.toml", CATALOG)
    outcomes = {
        day: check("a.conn", "--catalog", "catalog.toml", "--as-of", day) for day in ("2026-03-01", "2026-06-01")
    }
    assert outcomes["2026-03-01"].exit_code == 0
    assert outcomes["2026-06-01"].exit_code == 1
    assert "CR205" in outcomes["2026-06-01"].stdout


def test_as_of_is_now_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    write("a.conn", CLEAN)
    write("catalog.toml", CATALOG)
    monkeypatch.setattr("time.time_ns", lambda: 1_772_323_200_000 * 1_000_000)  # 2026-03-01
    assert check("a.conn", "--catalog", "catalog.toml").exit_code == 0
    monkeypatch.setattr("time.time_ns", lambda: 1_780_272_000_000 * 1_000_000)  # 2026-06-01
    assert check("a.conn", "--catalog", "catalog.toml").exit_code == 1


def test_a_time_that_is_none() -> None:
    write("a.conn", CLEAN)
    result = check("a.conn", "--as-of", "yesterday")
    assert result.exit_code == 2
    assert "`yesterday` is not a time; write `2026-03-01` or `2026-03-01T09:00:00Z`" in result.stderr


@pytest.mark.parametrize(
    ("choice", "environment", "colored"),
    [
        ("auto", {}, False),  # standard output is no terminal here
        ("auto", {"FORCE_COLOR": "1"}, True),
        ("auto", {"FORCE_COLOR": "0"}, False),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ("always", {}, True),
        ("always", {"NO_COLOR": "1"}, True),
        ("never", {"FORCE_COLOR": "1"}, False),
    ],
)
@pytest.mark.parametrize("layout", ["full", "concise"])
def test_color(choice: str, environment: dict[str, str], colored: bool, layout: str) -> None:
    write("b.conn", BROKEN)
    result = check("b.conn", "--color", choice, "--format", layout, **environment)
    assert ("\x1b[" in result.stdout) is colored


def test_json_has_no_color() -> None:
    write("b.conn", BROKEN)
    assert "\x1b" not in check("b.conn", "--format", "json", "--color", "always").stdout


def assert_refused(result: Result, message: str) -> None:
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", message)


def test_a_missing_file() -> None:
    assert_refused(
        check("nowhere.conn"),
        "error: nowhere.conn: no such file or directory\n"
        "  = help: check the spelling; the path starts at the folder you are in\n",
    )


def test_a_folder_without_rules() -> None:
    Path("rules").mkdir()
    assert_refused(
        check("rules"),
        "error: rules: the folder has no .conn files\n  = help: name a folder with rules, or a rule file\n",
    )


def test_a_missing_catalog() -> None:
    write("a.conn", CLEAN)
    assert_refused(
        check("a.conn", "--catalog", "nowhere.toml"),
        "error: nowhere.toml: no such file or directory\n"
        "  = help: check the spelling; the path starts at the folder you are in\n",
    )


def test_a_catalog_that_is_a_folder() -> None:
    write("shop/a.conn", CLEAN)
    assert_refused(check("shop", "--catalog", "shop"), "error: shop: is a directory\n  = help: name a file in it\n")


def test_every_problem_of_a_catalog_has_a_line() -> None:
    write("a.conn", CLEAN)
    write("catalog.toml", '[[campaigns]]\nname = "A"\nstatus = "on"\n[[cards]]\nnam = "B"\n')
    result = check("a.conn", "--catalog", "catalog.toml")
    assert (result.exit_code, result.stdout) == (2, "")
    *problems, remedy = result.stderr.splitlines()
    assert [problem.split(": ")[:3] for problem in problems] == [
        ["error", "catalog.toml", 'campaigns[0] ("A").status'],
        ["error", "catalog.toml", "cards[0].name"],
        ["error", "catalog.toml", "cards[0].nam"],
    ]
    assert remedy == "  = help: docs/catalog.md shows a whole one; `connrules catalog schema` prints its JSON Schema"


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("catalog.json", "[" * 100_000, "nested too deep for a catalog"),
        ("catalog.toml", "a = " + "[" * 5_000, "nested too deep for a catalog"),
        ("catalog.json", "1" * 5_000, "a number has more digits than can be read"),
        ("catalog.toml", "a = " + "1" * 5_000, "a number has more digits than can be read"),
    ],
    ids=["deep JSON", "deep TOML", "a long number in JSON", "a long number in TOML"],
)
def test_a_catalog_that_would_break_its_reader(name: str, text: str, problem: str) -> None:
    write("a.conn", CLEAN)
    write(name, text)
    result = check("a.conn", "--catalog", name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {name}: {problem}")


def test_no_paths() -> None:
    result = check()
    assert result.exit_code == 2
    assert "Missing argument 'PATHS...|-'" in result.stderr
