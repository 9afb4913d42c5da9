"""`connrules why`: what it prints and how it ends."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result
from tests.cli.running import DAY, HOUR, folder, line, log, process, warnings

from connrules.cli import report
from connrules.cli.shell import shell
from connrules.explain import story
from connrules.explain.tell import MOST_REPLAYED, MOST_SOUGHT

ROOT = Path(__file__).parents[2]


def why(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(shell, ["why", *map(str, arguments)], input=stdin)


def document(*arguments: str | Path) -> dict[str, Any]:
    result = why(*arguments, "--format", "json")
    assert result.exit_code == 0, result.stderr
    loaded: dict[str, Any] = json.loads(result.stdout)
    return loaded


CANCELLED = log(
    line("ana", id="e1"),
    line("ana", HOUR, id="e2"),
    line("ana", DAY - 240_000, "session_start", id="e3"),
    line("ben", 3 * DAY, id="e4"),
)


def test_a_story_reads_like_this(tmp_path: Path) -> None:
    place = folder(tmp_path, CANCELLED)
    result = why(place, "--user", "ana", "--color", "never")
    assert result.exit_code == 0
    assert (
        result.stdout
        == f"""\
ana: 3 events, 0 messages sent, up to 2026-03-05T10:00:00Z

rule thanks ({place}/rules.conn:1) sends "Thanks"

  2026-03-02T10:00:00Z  purchase (e1) starts a wait of 1d, until 2026-03-03T10:00:00Z
  2026-03-03T09:56:00Z  cancelled by session_start (e3), 23h56m after the trigger
                        decided by `unless session_start` ({place}/rules.conn:1)
                        near miss: would have been sent, had the session_start of 2026-03-03T09:56:00Z (e3) come 4m \
later, when the wait is over

  2026-03-02T11:00:00Z  purchase (e2) is ignored: the user is already waiting: since 2026-03-02T10:00:00Z, until \
2026-03-03T10:00:00Z, which ended at 2026-03-03T09:56:00Z, for purchase (e1)
                        decided by `after 1d` ({place}/rules.conn:1)
                        near miss: would have been sent at 2026-03-04T09:56:00.001Z, had this event come \
22h56m1ms later
"""
    )


WORLD = """\
policy:
  time zone "Europe/Paris"
  quiet 21:00 to 08:00
  limit 1 per 12h

segment rich = user.plan = "gold"

rule mail: on purchase after 11h send "Mail"
rule drop: on purchase after 11h between 09:00 and 20:00 or drop send "Drop"
rule gold: on purchase if in segment rich or user.age >= 18 send "Gold"
rule cart: on purchase where amount > 30 per cart send "Cart"
rule follow: on sent mail after 1h send "Next"
rule half: on session_start hold out 99% convert on purchase within 2d send one of 50% "A", 50% "B"
rule news: on viewed_card of "News" send "X"
"""


@pytest.fixture
def world(tmp_path: Path) -> Path:
    events = log(
        line("ana", -HOUR, "session_start", id="e0"),
        line("ana", id="e1", properties={"amount": 30, "cart": "c1"}),
        line("ana", 1, "viewed_card", card="Other", id="e2"),
        line("ana", HOUR, id="e3", properties={"amount": 31, "cart": "c2"}),
        line("ben", 4 * DAY),
        line("ana", 5 * HOUR, "viewed_card", card="News", id="e9"),
    )
    return folder(tmp_path, events, WORLD)


@pytest.mark.parametrize(
    "sentence",
    [
        "due at 2026-03-02T21:00:00Z, when a clock shows Mon 2026-03-02 22:00 (Europe/Paris): held for 10h",
        "due when a clock shows Tue 2026-03-03 08:00 (Europe/Paris)",
        "dropped: outside the delivery window: a clock shows Mon 2026-03-02 22:00 (Europe/Paris)",
        "decided by `between 09:00 and 20:00 or drop`",
        'purchase (e1) is ignored: the user is not in the audience: `user.plan = "gold"` is false',
        "`user.plan` is missing; `user.age >= 18` is false: `user.age` is missing",
        "decided by `if in segment rich or user.age >= 18`",
        "purchase (e1) does not trigger: `amount > 30` is false: `amount` is 30",
        'purchase (e3) with per value "c2" triggers',
        'rule mail, which sent "Mail", starts a wait of 1h, until 2026-03-03T08:00:00Z',
        'dropped: a limit is reached: at most 1 within 12h, and sent already "Mail" at 2026-03-03T07:00:00Z',
        "decided by `limit 1 per 12h`",
        "dropped: the user is held out: the draw puts the user at ",
        "%, within the first 99%",
        "purchase (e1) reaches the goal",
        "decided by `convert on purchase within 2d`",
        'sends "A" or "B"; the draw gives this user "',
        'never triggered:\n  rule news ({place}/rules.conn:14): no viewed_card of "News", but 1 of "Other"',
        'late: viewed_card of "News" (e9) at 2026-03-02T15:00:00Z changed nothing: it was 3d19h older than the newest ',
        " older than the newest event before it, and 0s is allowed",
    ],
)
def test_every_reason_has_its_words(world: Path, sentence: str) -> None:
    result = why(world, "--user", "ana", "--color", "never")
    assert result.exit_code == 0
    assert sentence.format(place=world) in result.stdout


def test_the_document_has_what_the_text_says(tmp_path: Path) -> None:
    told = document(folder(tmp_path, CANCELLED), "--user", "ana")
    assert (told["version"], told["user"], told["events"], told["until"]) == (1, "ana", 3, "2026-03-05T10:00:00Z")
    (story,) = told["stories"]
    first, second = story["entries"]
    assert (first["outcome"], first["at"], first["due"]) == (
        "cancelled",
        "2026-03-03T09:56:00Z",
        "2026-03-03T10:00:00Z",
    )
    assert first["by"] == {"type": "session_start", "id": "e3", "at": "2026-03-03T09:56:00Z"}
    assert first["clause"] == {"text": "unless session_start", "file": str(tmp_path / "rules.conn"), "line": 1}
    assert (first["miss"]["shift_ms"], first["miss"]["outcome"], first["miss"]["to"]) == (240_000, "sent", first["due"])
    assert (second["reason"], second["facts"][0]["fact"]) == ("already_waiting", "waiting")


def test_the_document_keeps_what_the_log_said(tmp_path: Path) -> None:
    events = log(line("ana", properties={"due": {"until": 5}}))
    told = document(folder(tmp_path, events, "rule r: on purchase where due = 1 send X"), "--user", "ana")
    assert told["stories"][0]["entries"][0]["facts"][0]["value"] == {"until": 5}


def test_machine_formats_leave_standard_output_pure(tmp_path: Path) -> None:
    result = process("why", folder(tmp_path, CANCELLED), "--user", "ana", "--format", "json")
    assert json.loads(result.stdout)
    assert b"no catalog" in result.stderr


def test_one_rule_can_be_asked_for(world: Path) -> None:
    told = document(world, "--user", "ana", "--rule", "follow")
    assert [story["rule"] for story in told["stories"]] == ["follow"]


def test_events_come_from_standard_input_too(tmp_path: Path) -> None:
    place = folder(tmp_path, None)
    result = why(place, "--events", "-", "--user", "ana", stdin=CANCELLED)
    assert result.exit_code == 0
    assert "cancelled by session_start (e3)" in result.stdout


def test_profiles_until_lateness_and_dedupe_are_those_of_a_run(tmp_path: Path) -> None:
    events = log(line("ana", HOUR, id="e1"), line("ana", 2 * HOUR, id="e1"), line("ana", id="e3"))
    place = folder(tmp_path, events, 'rule r: on purchase after 1d if user.plan = "gold" per n send X')
    (tmp_path / "profiles.jsonl").write_text('{"user":"ana","attributes":{"plan":"gold"}}\n', encoding="utf-8")
    options = [
        "--profiles",
        str(tmp_path / "profiles.jsonl"),
        "--lateness",
        "2h",
        "--dedupe",
        "3h",
        "--until",
        "2026-03-04",
    ]
    told = document(place, "--user", "ana", *options)
    entries = told["stories"][0]["entries"]
    assert [(entry["event"]["id"], entry["outcome"]) for entry in entries] == [("e3", "sent"), ("e1", "ignored")]
    assert [event["at"] for event in told["repeated"]] == ["2026-03-02T12:00:00Z"]
    assert "repeated: purchase (e1) at 2026-03-02T12:00:00Z" in why(place, "--user", "ana", *options).stdout


def test_a_user_who_is_not_in_the_log_is_an_error_with_a_near_name(tmp_path: Path) -> None:
    result = why(folder(tmp_path), "--user", "anna")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "the log has no event of the user `anna`" in result.stderr
    assert "did you mean `ana`?" in result.stderr


def test_a_rule_that_does_not_exist_is_an_error_with_a_near_name(tmp_path: Path) -> None:
    result = why(folder(tmp_path), "--user", "ana", "--rule", "thank")
    assert result.exit_code == 2
    assert "there is no rule `thank`" in result.stderr
    assert "did you mean `thanks`?" in result.stderr


def test_rules_with_errors_are_not_told(tmp_path: Path) -> None:
    result = why(folder(tmp_path, rules="rule r: on opened_push send X"), "--user", "ana")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "CR213" in result.stderr


def test_rejected_lines_are_counted(tmp_path: Path) -> None:
    result = why(folder(tmp_path, log(line("ana"), b"{}", b"")), "--user", "ana")
    assert result.exit_code == 3
    assert "purchase (line 1) starts a wait" in result.stdout
    assert warnings(result.stderr) == ["1 line of the log was rejected; `connrules run --rejects FILE` says why"]


def test_an_end_before_the_end_of_the_log_changes_nothing_and_says_so(tmp_path: Path) -> None:
    result = why(folder(tmp_path), "--user", "ana", "--until", "2026-03-01")
    assert "changes nothing: the log goes on" in result.stderr


def test_without_a_log_there_is_nothing_to_tell(tmp_path: Path) -> None:
    result = why(folder(tmp_path, None), "--user", "ana")
    assert result.exit_code == 2
    assert "there is no log" in result.stderr


def test_a_log_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    result = why(folder(tmp_path), "--user", "ana", "--events", tmp_path / "none.jsonl")
    assert result.exit_code == 2
    assert "none.jsonl" in result.stderr


def test_what_cannot_be_seen_in_a_log_is_drawn(tmp_path: Path) -> None:
    events = log(line("ana", id="\x1b[2J", properties={"amount": "\x1b[31m"}))
    rules = 'rule r: on purchase where amount = "x" send X'
    result = why(folder(tmp_path, events, rules), "--user", "ana", "--color", "never")
    assert "\x1b" not in result.stdout


def test_colours_only_where_they_are_asked_for(tmp_path: Path) -> None:
    place = folder(tmp_path, CANCELLED)
    assert "\x1b[" in why(place, "--user", "ana", "--color", "always").stdout
    assert "\x1b[" not in why(place, "--user", "ana").stdout


PAGE = (ROOT / "docs" / "why.md").read_text(encoding="utf-8")


def test_the_page_lists_every_key_of_the_document() -> None:
    nouns = [noun for noun in vars(story).values() if isinstance(noun, type) and issubclass(noun, msgspec.Struct)]
    assert len(nouns) > 15
    keys = {name for noun in nouns for name in noun.__struct_fields__}
    keys |= {str(noun.__struct_config__.tag) for noun in nouns if noun.__struct_config__.tag is not None}
    assert sorted(key for key in keys if f"`{key}`" not in PAGE) == []


def test_the_page_shows_what_the_command_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = why("examples/abandoned-cart", "--user", "ben", "--color", "never")
    assert f"```text\n{result.stdout}```" in PAGE


def test_the_page_says_for_how_many_triggers_near_misses_are_sought() -> None:
    assert f"the last {MOST_SOUGHT} triggers" in PAGE
    assert f"about {MOST_REPLAYED:,} events" in PAGE


def test_a_story_ends_with_for_how_many_triggers_near_misses_were_sought(tmp_path: Path) -> None:
    purchases = [line("ana", hours * HOUR, id=f"e{hours}") for hours in range(MOST_SOUGHT + 1)]
    place, all_sought = folder(tmp_path / "more", log(*purchases)), folder(tmp_path / "all", log(*purchases[1:]))
    told = why(place, "--user", "ana", "--color", "never").stdout
    assert told.endswith(f"\n  near misses were sought for the last {MOST_SOUGHT} triggers only\n")
    assert document(place, "--user", "ana")["stories"][0]["sought"] == MOST_SOUGHT
    assert "were sought" not in why(all_sought, "--user", "ana").stdout


# since


def test_triggers_are_told_from_an_instant_on_and_what_came_before_still_counts(tmp_path: Path) -> None:
    place = folder(tmp_path, CANCELLED)
    at, after = "2026-03-02T11:00:00Z", "2026-03-02T11:00:00.001Z"
    told = why(place, "--user", "ana", "--since", at).stdout
    assert told.startswith(f"ana: 3 events, 0 messages sent for what came since {at}, up to 2026-03-05T10:00:00Z\n")
    assert "purchase (e2) is ignored: the user is already waiting: since 2026-03-02T10:00:00Z" in told
    assert "starts a wait" not in told
    later = why(place, "--user", "ana", "--since", after).stdout
    assert f"never triggered since {after}:\n  rule thanks ({place}/rules.conn:1): no purchase\n" in later
    assert document(place, "--user", "ana", "--since", at)["since"] == at


def test_what_only_looks_like_a_trigger_is_told_from_an_instant_on_too(world: Path) -> None:
    refused = "purchase (e1) does not trigger"
    assert refused in why(world, "--user", "ana", "--since", "2026-03-02T10:00:00Z").stdout
    assert refused not in why(world, "--user", "ana", "--since", "2026-03-02T10:00:00.001Z").stdout


def test_late_events_are_told_from_an_instant_on_too(world: Path) -> None:
    late = "late: viewed_card"
    assert late in why(world, "--user", "ana", "--since", "2026-03-02T15:00:00Z").stdout
    assert late not in why(world, "--user", "ana", "--since", "2026-03-02T15:00:00.001Z").stdout


def test_a_table_is_no_log_to_tell_from(tmp_path: Path) -> None:
    result = why(folder(tmp_path, CANCELLED), "--user", "ana", "--events", "log.parquet")
    assert result.exit_code == 2
    assert "log.parquet: `connrules why` reads lines of JSON" in result.stderr


# progress


def test_a_terminal_is_told_how_far_the_telling_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = folder(tmp_path, CANCELLED)
    monkeypatch.setattr(report, "_EVERY", 1e-9)
    assert "told" not in why(place, "--user", "ana").stderr
    monkeypatch.setattr(report, "sys", SimpleNamespace(stderr=SimpleNamespace(isatty=lambda: True)))
    result = why(place, "--user", "ana")
    assert "rule thanks: 0 of 2 triggers told" in result.stderr
    assert "rule thanks: 1 of 2 triggers told" in result.stderr
    assert "triggers told" not in result.stdout
