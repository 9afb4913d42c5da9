"""`connrules test`: what it prints for people and for machines, what it selects, and how it ends."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.cli.running import process

from connrules.cli.shell import shell

RULES = """rule reminder:
  on received_push of "Cart"
  after 1d
  unless purchase or opened_push
  send "Reminder"
"""
PASSING = """
test "silence":
  at 0s received_push of "Cart"
  expect sent "Reminder" at 1d

test "a purchase cancels":
  each delay in 0s, 2h
  at 0s received_push of "Cart"
  at delay purchase
  expect cancelled reminder at delay
"""
FAILING = """
test "a purchase at 2h changes nothing":
  at 0s received_push of "Cart"
  at 2h purchase where amount = 30
  expect sent "Reminder" at 1d
"""


def files(place: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (place / f"{name}.conn").write_text(text, encoding="utf-8")
    return place


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(shell, ["test", *map(str, arguments)])


@pytest.fixture
def passing(tmp_path: Path) -> Path:
    return files(tmp_path, rules=RULES, tests=PASSING)


@pytest.fixture
def failing(tmp_path: Path) -> Path:
    return files(tmp_path, rules=RULES, tests=PASSING, wrong=FAILING)


# text


def test_passed(passing: Path) -> None:
    done = invoke(passing)
    assert (done.exit_code, done.stdout) == (0, f"{passing}/tests.conn: 3 passed\n\n3 passed\n")
    assert done.stderr == "note: no catalog: every campaign and card that is named counts as known and always active\n"


def test_a_failure_is_shown_where_it_stands_and_told_as_one_timeline(failing: Path) -> None:
    done = invoke(failing)
    assert done.exit_code == 1
    assert done.stdout == (
        f"""{failing}/tests.conn: 3 passed
{failing}/wrong.conn: 0 passed, 1 failed

FAILED a purchase at 2h changes nothing
  --> {failing}/wrong.conn:5:3
   |
 4 |   at 2h purchase where amount = 30
 5 |   expect sent "Reminder" at 1d
   |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ cancelled by the purchase at 2h instead
   |

   0s is 2026-01-01T00:00:00Z
     0s  received_push of "Cart"
     2h  purchase where amount = 30
     2h  → cancelled reminder, by `purchase`
  ✗  1d  expected sent "Reminder" at 1d       cancelled by the purchase at 2h instead

3 passed, 1 failed
"""
    )


def test_quiet_says_what_failed_and_how_many(failing: Path) -> None:
    done = invoke(failing, "-q")
    assert done.stdout.startswith("FAILED a purchase at 2h changes nothing\n")
    assert done.stdout.endswith("\n\n3 passed, 1 failed\n")
    assert done.stderr == ""
    assert invoke(failing, "-q", "-k", "silence").stdout == "1 passed\n"


def test_users_and_clocks_have_columns_where_they_matter(tmp_path: Path) -> None:
    text = """
    policy: time zone "Europe/Paris"
    rule daily: on purchase in 1 day at 09:00 unless session_start send X
    test "two users":
      start 2026-03-28T12:00:00Z
      user "ana" at 0s purchase
      user "ben 🙂" at 1h purchase
      user "ana" at 20h59m59s999ms session_start
      expect nothing
    """
    done = invoke(files(tmp_path, rules=text))
    timeline = done.stdout.partition("0s is ")[2].splitlines()
    assert timeline[:6] == [
        "2026-03-28T13:00:00+01:00",
        "                 0s  2026-03-28T13:00:00+01:00      ana     purchase",
        "                 1h  2026-03-28T14:00:00+01:00      ben 🙂  purchase",
        '  !             19h  2026-03-29T09:00:00+02:00      ana     → sent "X" by daily  not expected',
        '  !             19h  2026-03-29T09:00:00+02:00      ben 🙂  → sent "X" by daily  not expected',
        "     20h59m59s999ms  2026-03-29T10:59:59.999+02:00  ana     session_start",
    ]


def test_a_test_that_cannot_be_run_counts_as_failed(tmp_path: Path) -> None:
    (tmp_path / "catalog.toml").write_text(
        '[[campaigns]]\nname = "Cart"\npublished_at = 2026-01-01\nstopped_at = 2026-02-01\n'
        '[[campaigns]]\nname = "Reminder"\npublished_at = 2026-01-31\nstopped_at = 2026-04-01\n'
        '[[campaigns]]\nname = "Later"\npublished_at = 2026-03-01\n'
    )
    chain = 'rule later: on sent reminder send "Later"\n'
    done = invoke(files(tmp_path, rules=RULES + chain + PASSING), "-q", "-k", "silence")
    assert done.exit_code == 1
    assert "CANNOT RUN silence\n" in done.stdout
    assert "there is no instant at which all that the rules name is active" in done.stdout
    assert "= help: say when the test starts, e.g. `start 2026-03-01T09:00:00Z`" in done.stdout
    assert done.stdout.endswith("\n\n0 passed, 1 failed\n")


def test_colours_are_chosen(failing: Path) -> None:
    assert "\x1b[" not in invoke(failing).output
    colored = invoke(failing, "--color", "always").stdout
    assert "\x1b[31m  ✗  1d" in colored
    assert "\x1b[31m\x1b[1m3 passed, 1 failed\x1b[0m" in colored


def test_names_cannot_spoil_the_terminal(tmp_path: Path) -> None:
    text = RULES + 'test "a\\n\\u{1B}[31m": at 0s received_push of "Cart" expect nothing'
    done = invoke(files(tmp_path, rules=text), "-q")
    assert done.stdout.startswith("FAILED a␊␛[31m\n")


# selection


def test_selects_by_name(failing: Path) -> None:
    assert invoke(failing, "-k", "DELAY=2H").stdout == f"{failing}/tests.conn: 1 passed\n\n1 passed\n"


def test_an_empty_selection_fails(failing: Path) -> None:
    done = invoke(failing, "-k", "nothing like it")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "error: no test has `nothing like it` in its name\n" in done.stderr
    assert "= help: without -k, 4 tests would run" in done.stderr
    assert invoke(failing).stdout.endswith("\n3 passed, 1 failed\n")


def test_no_tests_fail(tmp_path: Path) -> None:
    done = invoke(files(tmp_path, rules=RULES))
    assert (done.exit_code, done.stdout) == (2, "")
    assert "error: there are no tests\n" in done.stderr


def test_rules_with_errors_are_not_tested(tmp_path: Path) -> None:
    done = invoke(files(tmp_path, rules=RULES + PASSING, broken="on purchase unless session_start send X"))
    assert (done.exit_code, done.stdout) == (1, "")
    assert "error[CR301]" in done.stderr
    assert done.stderr.endswith("1 error: rules with errors are not tested\n")


def test_a_catalog_is_found_or_given(tmp_path: Path) -> None:
    folder = files(tmp_path, rules=RULES + PASSING)
    (tmp_path / "other").mkdir()
    catalog = tmp_path / "other" / "mine.toml"
    catalog.write_text('[[campaigns]]\nname = "Cart"\nchannels = ["push"]\n')
    done = invoke(folder, "--catalog", catalog)
    assert done.exit_code == 1
    assert "error[CR212]" in done.stderr


# coverage


def test_coverage_shows_what_was_reached_and_how_to_reach_the_rest(passing: Path) -> None:
    done = invoke(passing, "--coverage")
    assert done.exit_code == 0
    assert done.stdout.partition("3 passed\n\n")[2] == (
        f"""reminder: 2 of 7, 28%  ({passing}/rules.conn:1)
  ✓ sent "Reminder"
  ✓ cancelled by `purchase`
  ✗ cancelled by `opened_push`            let it happen during the wait
  ✗ exception 1ms before the due instant  let an exception event happen 23h59m59s999ms after the trigger
  ✗ exception at the due instant          let an exception event happen 1d after the trigger
  ✗ exception 1ms after the due instant   let an exception event happen 1d1ms after the trigger
  ✗ ignored because already_waiting       trigger it again while it waits
coverage: 2 of 7 points, 28%

3 passed
"""
    )


def test_fail_under(passing: Path) -> None:
    assert invoke(passing, "--fail-under", "28").exit_code == 0
    done = invoke(passing, "--fail-under", "29")
    assert done.exit_code == 1
    assert done.stderr.endswith("coverage is 28%, less than 29%\n")
    assert "coverage: 2 of 7 points, 28%" in done.stdout
    assert invoke(passing, "--fail-under", "101").exit_code == 2


# machines


def document(*arguments: str | Path) -> Any:
    done = invoke(*arguments, "--format", "json")
    assert done.stdout.isascii()
    return json.loads(done.stdout)


def test_json(failing: Path) -> None:
    whole = document(failing)
    assert whole["version"] == 1
    assert whole["summary"] == {"passed": 3, "failed": 1}
    assert whole["coverage"] is None
    assert [(test["name"], test["status"]) for test in whole["tests"]] == [
        ("silence", "passed"),
        ("a purchase cancels [delay=0s]", "passed"),
        ("a purchase cancels [delay=2h]", "passed"),
        ("a purchase at 2h changes nothing", "failed"),
    ]
    failed = whole["tests"][-1]
    assert (failed["file"], failed["line"], failed["column"]) == (f"{failing}/wrong.conn", 2, 1)
    assert failed["start"] == "2026-01-01T00:00:00Z"
    assert failed["failures"] == [
        {
            "file": f"{failing}/wrong.conn",
            "line": 5,
            "column": 3,
            "message": 'expected, but did not happen: sent "Reminder" at 1d',
            "why": "cancelled by the purchase at 2h instead",
            "help": "",
        }
    ]
    assert failed["timeline"][-1] == {
        "mark": "unmet",
        "at": "2026-01-02T00:00:00Z",
        "offset_ms": 86_400_000,
        "user": None,
        "text": 'sent "Reminder" at 1d',
        "note": "cancelled by the purchase at 2h instead",
    }


def test_json_has_the_coverage(passing: Path) -> None:
    coverage = document(passing, "--coverage")["coverage"]
    assert (coverage["reached"], coverage["points"], coverage["percent"]) == (2, 7, 28)
    [rule] = coverage["rules"]
    assert (rule["rule"], rule["line"], rule["percent"]) == ("reminder", 1, 28)
    assert rule["items"][1] == {
        "kind": "cancelled",
        "detail": "purchase",
        "text": "cancelled by `purchase`",
        "reached": True,
        "hint": "let it happen during the wait",
    }


def test_json_says_whether_the_coverage_is_enough(passing: Path) -> None:
    for least, met in (("28", True), ("29", False)):
        coverage = document(passing, "--fail-under", least)["coverage"]
        assert (coverage["percent"], coverage["fail_under"], coverage["met"]) == (28, int(least), met)
    coverage = document(passing, "--coverage")["coverage"]
    assert (coverage["fail_under"], coverage["met"]) == (None, None)


def test_junit_has_a_case_for_the_coverage(passing: Path) -> None:
    done = invoke(passing, "--format", "junit", "--fail-under", "29")
    assert done.exit_code == 1
    root = ET.fromstring(done.stdout)
    assert (root.get("tests"), root.get("failures")) == ("4", "1")
    suite = root[-1]
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("coverage", "1", "1")
    [case] = suite
    [failure] = case
    assert case.get("name") == "coverage"
    assert failure.get("message") == "coverage is 28%, less than 29%"
    assert "✗ cancelled by `opened_push`" in (failure.text or "")


def test_junit_has_no_failure_where_the_coverage_is_enough(passing: Path) -> None:
    root = ET.fromstring(invoke(passing, "--format", "junit", "--fail-under", "28").stdout)
    assert (root.get("tests"), root.get("failures"), len(root[-1][0])) == ("4", "0", 0)
    root = ET.fromstring(invoke(passing, "--format", "junit", "--coverage").stdout)
    assert (root.get("tests"), [suite.get("name") for suite in root]) == ("3", [f"{passing}/tests.conn"])


def test_junit(failing: Path) -> None:
    done = invoke(failing, "--format", "junit")
    assert done.exit_code == 1
    root = ET.fromstring(done.stdout)
    assert root.tag == "testsuites"
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("4", "1", "0")
    assert float(root.get("time", "")) >= 0
    assert [(suite.get("name"), suite.get("tests")) for suite in root] == [
        (f"{failing}/tests.conn", "3"),
        (f"{failing}/wrong.conn", "1"),
    ]
    case = root[1][0]
    assert case.get("name") == "a purchase at 2h changes nothing"
    assert case.get("classname") == f"{failing}/wrong.conn"
    [failure] = case
    assert failure.tag == "failure"
    assert "cancelled by the purchase at 2h instead" in failure.get("message", "")
    assert "✗  1d  expected sent" in (failure.text or "")


def test_junit_is_valid_whatever_stands_in_a_name(tmp_path: Path) -> None:
    text = (
        RULES + 'test "\\u{1}<&\\u{FFFF}\\u{0}\\n\\u{200B}": user "\\u{B}" at 0s received_push of "Cart" expect nothing'
    )
    done = invoke(files(tmp_path, rules=text), "--format", "junit")
    assert done.stdout.isascii()
    root = ET.fromstring(done.stdout)
    assert (root[0][0].get("name") or "").startswith("␁<&")


def test_machine_formats_leave_the_output_pure(failing: Path) -> None:
    done = process("test", failing, "--format", "json", "--fail-under", "100", "--color", "always")
    assert done.returncode == 1
    assert json.loads(done.stdout)["summary"]["failed"] == 1
    assert done.stderr.splitlines()[-1] == b"coverage is 28%, less than 100%"


def test_help_shows_examples() -> None:
    done = invoke("--help")
    assert done.exit_code == 0
    assert "connrules test rules/ --coverage --fail-under 90" in done.stdout
    assert "what is wrong only\nas of today" in "\n".join(map(str.strip, done.stdout.splitlines()))
    assert "test " in CliRunner().invoke(shell, ["--help"]).stdout
