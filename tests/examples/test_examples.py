"""Every story under examples/ is clean, gives the outcomes that it shows, and tries both sides of a due instant."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connrules.duration import parse_instant

ROOT = Path(__file__).parents[2]
STORIES = sorted(folder.parent for folder in (ROOT / "examples").glob("*/expected.jsonl"))
IN_EACH = {"README.md", "catalog.toml", "events.jsonl", "expected-all.jsonl", "expected.jsonl", "rules.conn"}

each_story = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)


def _connrules(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "connrules", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False)


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _shown(story: Path) -> str:
    return story.relative_to(ROOT).as_posix()


def test_the_stories_are_there() -> None:
    names = {story.name for story in STORIES}
    assert names == {"abandoned-cart", "resend-email", "free-shipping", "onboarding", "card-click", "control-group"}


@each_story
def test_a_story_is_whole(story: Path) -> None:
    assert {file.name for file in story.iterdir()} == IN_EACH


@each_story
def test_check_finds_nothing(story: Path) -> None:
    result = _connrules("check", _shown(story))
    assert (result.returncode, result.stdout) == (0, b"")


@each_story
@pytest.mark.parametrize(("file", "options"), [("expected.jsonl", []), ("expected-all.jsonl", ["--outcomes", "all"])])
def test_run_gives_what_the_story_shows_byte_for_byte(story: Path, file: str, options: list[str]) -> None:
    result = _connrules("run", _shown(story), *options)
    assert result.returncode == 0
    assert result.stdout.decode() == (story / file).read_text(encoding="utf-8")


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
    assert {-1, 0, 1} <= set(_distances_to_due(story))


def _distances_to_due(story: Path) -> Iterator[int]:
    """How many milliseconds each event lies after an instant at which a wait of its user was, or was to be, due."""
    events = _lines(story / "events.jsonl")
    outcomes = _lines(story / "expected-all.jsonl")
    delays = {o["rule"]: parse_instant(o["at"]) - parse_instant(o["triggered_at"]) for o in outcomes if "send" in o}
    for outcome in outcomes:
        if delay := delays[outcome["rule"]]:
            due = parse_instant(outcome["triggered_at"]) + delay
            yield from (parse_instant(e["time"]) - due for e in events if e["user"] == outcome["user"])


@each_story
def test_the_readme_tells_of_every_user_and_of_what_was_ignored_or_dropped(story: Path) -> None:
    readme = (story / "README.md").read_text(encoding="utf-8")
    users = {event["user"] for event in _lines(story / "events.jsonl")}
    reasons = {o["reason"] for o in _lines(story / "expected-all.jsonl") if "reason" in o}
    assert [user for user in sorted(users) if f"| {user} |" not in readme] == []
    assert [reason for reason in sorted(reasons) if f"`{reason}`" not in readme] == []
