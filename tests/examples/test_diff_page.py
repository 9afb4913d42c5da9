"""docs/diff.md, docs/migrate.md and the example that they tell of: what they show is what comes out."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connrules.cli.shell import shell
from connrules.replay.diff import Difference
from connrules.run.passage import Fate

ROOT = Path(__file__).parents[2]
STORY = ROOT / "examples" / "change-of-rules"
OF_STORY = ["--catalog", "catalog.toml"]
DIFF = (ROOT / "docs" / "diff.md").read_text(encoding="utf-8")
MIGRATE = (ROOT / "docs" / "migrate.md").read_text(encoding="utf-8")


def block(page: str, label: str) -> str:
    [found] = re.findall(rf"^```text {label}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return str(found)


def connrules(*arguments: str) -> Result:
    result = CliRunner().invoke(shell, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture(autouse=True)
def _in_the_story(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(STORY)


def diff(*options: str) -> str:
    return connrules("diff", "before", "after", *OF_STORY, "--events", "events.jsonl", *options).stdout


def test_the_difference_is_the_one_shown() -> None:
    shown = (STORY / "expected.txt").read_text(encoding="utf-8")

    assert diff() == shown
    assert block(DIFF, "diff") == shown


def test_the_page_for_a_pull_request_is_the_one_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    [command] = re.findall(
        r"^    connrules (diff .*)$", (STORY / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )

    assert connrules(*command.split(), "--format", "md").stdout == (STORY / "expected.md").read_text(encoding="utf-8")
    assert connrules(*command.split()).stdout == (STORY / "expected.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("side", ["before", "after"])
def test_nothing_is_found_and_nothing_to_format(side: str) -> None:
    assert connrules("check", side, *OF_STORY).stdout == ""
    assert connrules("fmt", "--check", side).stdout == ""


def test_the_readme_tells_of_every_user_and_what_is_different() -> None:
    told = (STORY / "README.md").read_text(encoding="utf-8")
    events = (STORY / "events.jsonl").read_text(encoding="utf-8").splitlines()
    changed = json.loads(diff("--format", "json", "--users", "all"))
    touched = {e["user"] for rule in changed["rules"] for d in rule["differences"].values() for e in d["examples"]}

    for user in sorted({json.loads(event)["user"] for event in events}):
        [row] = [line for line in told.splitlines() if line.startswith(f"| {user} |")]
        assert ("| nothing |" in row) == (user not in touched)


def test_time_that_moves_on_settles_what_the_log_leaves_open() -> None:
    later = json.loads(diff("--format", "json", "--users", "all", "--until", "2026-03-07"))

    [cart, _] = later["rules"]
    retimed = {example["user"]: example for example in cart["differences"]["other_time"]["examples"]}
    assert retimed["hana"]["old"]["at"] == "2026-03-06T13:00:00Z"
    assert retimed["hana"]["new"]["at"] == "2026-03-06T09:00:00Z"


def test_a_state_is_told_of_and_carried_over_as_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = (STORY / "events.jsonl").read_bytes().splitlines(keepends=True)[:4]
    (tmp_path / "events.jsonl").write_bytes(b"".join(first))
    rules = [str(STORY / side) for side in ("before", "after")]
    catalog = ["--catalog", str(STORY / "catalog.toml")]
    monkeypatch.chdir(tmp_path)
    connrules("run", rules[0], *catalog, "--events", "events.jsonl", "--state", "run.db", "--output", "sends.jsonl")

    told = connrules("migrate", *rules, *catalog, "--state", "run.db", "--dry-run").stdout
    state = connrules("state", "run.db").stdout

    assert told == block(MIGRATE, "migrate")
    as_shown = re.sub(r"read  .*/events.jsonl:", "read           events.jsonl:", re.sub(r"size .*", "size …", state))
    assert as_shown == block(MIGRATE, "state")


def test_the_pages_name_every_word_of_the_documents() -> None:
    assert [word for word in Difference if f"`{word}`" not in DIFF] == []
    assert [word for word in Fate if f"`{word}`" not in MIGRATE] == []
