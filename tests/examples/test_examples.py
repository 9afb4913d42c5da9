"""Every story under examples/ is clean, passes its own tests, gives the outcomes that it shows, and tries both sides of
a due instant.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from connrules.cli.shell import shell
from connrules.connectors.jsonl import parse_event
from connrules.duration import parse_instant
from connrules.event import Kind
from connrules.pipeline import load
from connrules.reference import evaluate

ROOT = Path(__file__).parents[2]
STORIES = sorted(folder.parent for folder in (ROOT / "examples").glob("*/expected.jsonl"))
NAMES = {
    *("abandoned-cart", "audience", "card-click", "cart-by-cart", "control-group", "free-shipping", "good-hours"),
    *("measured", "onboarding", "polite", "resend-email"),
}
IN_EACH = {
    *("README.md", "catalog.toml", "events.jsonl", "expected-all.jsonl", "expected.jsonl"),
    *("rules.conn", "tests.conn"),
}
PROFILES = "profiles.jsonl"

FOLDERS = sorted(rules.parent for rules in (ROOT / "examples").glob("*/rules.conn"))

each_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
each_story = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)


def _connrules(*arguments: str) -> Result:
    return CliRunner().invoke(shell, arguments, catch_exceptions=False)


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _profiles(story: Path) -> list[str]:
    """The option that gives the story's profiles, if it has any."""
    return ["--profiles", _shown(story / PROFILES)] if (story / PROFILES).exists() else []


def test_the_stories_are_there_and_told_of() -> None:
    assert {story.name for story in STORIES} == NAMES
    told = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    assert [name for name in sorted(NAMES) if f"| [{name}]({name}) |" not in told] == []


@each_story
def test_a_story_is_whole(story: Path) -> None:
    assert {file.name for file in story.iterdir()} - {PROFILES} == IN_EACH


@each_folder
def test_rules_and_tests_have_a_file_each(folder: Path) -> None:
    assert load(folder / "rules.conn").tests == ()
    assert load(folder / "tests.conn").rules == ()


@each_folder
@pytest.mark.parametrize("command", [["check"], ["fmt", "--check"]], ids=" ".join)
def test_nothing_is_found_and_nothing_to_format(folder: Path, command: list[str]) -> None:
    result = _connrules(*command, _shown(folder))
    assert (result.exit_code, result.stdout) == (0, "")


@each_folder
def test_the_tests_of_a_folder_pass_and_reach_what_there_is_to_reach(folder: Path) -> None:
    result = _connrules("test", _shown(folder), "--fail-under", "100")
    assert result.exit_code == 0, result.stdout


@each_story
@pytest.mark.parametrize(("file", "options"), [("expected.jsonl", []), ("expected-all.jsonl", ["--outcomes", "all"])])
def test_run_gives_what_the_story_shows_byte_for_byte(story: Path, file: str, options: list[str]) -> None:
    result = _connrules("run", _shown(story), *_profiles(story), *options)
    assert result.exit_code == 0
    assert result.stdout_bytes.decode() == (story / file).read_text(encoding="utf-8")


@each_story
def test_the_decisions_are_the_sent_ones_of_all_outcomes(story: Path) -> None:
    everything = (story / "expected-all.jsonl").read_text(encoding="utf-8").splitlines()
    sent = [line for line in everything if json.loads(line)["outcome"] == "sent"]
    assert sent == (story / "expected.jsonl").read_text(encoding="utf-8").splitlines()


@each_story
def test_events_are_sorted_and_few(story: Path) -> None:
    times = [parse_instant(event["time"]) for event in _lines(story / "events.jsonl")]
    assert times == sorted(times)
    assert 8 <= len(times) <= 25


@each_story
def test_events_stand_on_both_sides_of_a_due_instant(story: Path) -> None:
    events = _lines(story / "events.jsonl")
    distances = {parse_instant(e["time"]) - due for user, due in _dues(story) for e in events if e["user"] == user}
    assert {-1, 0, 1} <= distances


class _Profiles:
    """What the story's host knows of its users."""

    def __init__(self, story: Path) -> None:
        lines = _lines(story / PROFILES) if (story / PROFILES).exists() else []
        self._known: dict[str, Mapping[str, Any]] = {line["user"]: line["attributes"] for line in lines}

    def attributes(self, user: str) -> Mapping[str, Any]:
        return self._known.get(user, {})


def _dues(story: Path) -> Iterator[tuple[str, int]]:
    """The users of all waits with the instants at which these were due, whatever became of them.

    They are those that are pending after one of the events.
    """
    checked, profiles = load(story, catalog=story / "catalog.toml"), _Profiles(story)
    lines = (story / "events.jsonl").read_bytes().splitlines()
    events = [parse_event(line, number) for number, line in enumerate(lines, 1)]
    for count in range(len(events)):
        for outcome in evaluate(checked, events[: count + 1], profiles=profiles).outcomes:
            if outcome.kind is Kind.PENDING and outcome.due is not None:
                yield outcome.user, outcome.due


@each_story
def test_the_readme_tells_of_every_user_and_of_what_was_ignored_or_dropped(story: Path) -> None:
    readme = (story / "README.md").read_text(encoding="utf-8")
    users = {event["user"] for event in _lines(story / "events.jsonl")}
    reasons = {o["reason"] for o in _lines(story / "expected-all.jsonl") if "reason" in o}
    assert [user for user in sorted(users) if f"| {user} |" not in readme] == []
    assert [reason for reason in sorted(reasons) if f"`{reason}`" not in readme] == []


def test_the_readme_tells_how_many_were_converted() -> None:
    summary = _connrules("run", "examples/measured").stderr
    told = (ROOT / "examples" / "measured" / "README.md").read_text(encoding="utf-8")
    whole, *split = summary.splitlines()[-3:]
    assert "converted 4 of 6 sent" in whole
    assert [line.partition(":")[0].strip() for line in split] == ['"Five Percent Off"', '"Free Delivery"']
    assert "\n".join([whole, *split]) in told
