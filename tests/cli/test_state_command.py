"""`connrules state`: what it tells of a state file, which it does not touch."""

import errno
import json
import os
import shutil
from pathlib import Path

import pytest
from tests.cli.running import DAY, folder, line, log
from tests.cli.states import EVENTS, RULES, connrules, files, held, killed, run, state

from connrules.compile import compile_rules
from connrules.connectors.sqlite import SqliteStore
from connrules.durable.engine import DurableEngine
from connrules.event import Event
from connrules.pipeline import loads

TEXT = """\
run.db: 4 users, 6 pending sends
  decided up to  2026-03-03T10:00:00Z
  read           {log}: 5 lines, {bytes} bytes
  size           {size:,} bytes

rule          wait  users  pinned  next due              last due
thanks           2      2          2026-03-03T11:00:00Z  2026-03-04T06:00:00Z
later            3      3          2026-03-05T10:00:00Z  2026-03-06T06:00:00Z
rules.conn:3     1      1          2026-03-03T11:00:00Z  2026-03-03T11:00:00Z
"""


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_who_waits_for_what_and_how_far_it_has_come(tmp_path: Path) -> None:
    size = state(tmp_path).stat().st_size

    result = connrules("state", "run.db")

    log = (tmp_path / "old" / "events.jsonl").resolve()
    assert result.stdout == TEXT.format(log=log, bytes=log.stat().st_size, size=size)
    assert (result.exit_code, result.stderr) == (0, "")


def test_json_is_one_document(tmp_path: Path) -> None:
    state(tmp_path)

    found = json.loads(connrules("state", "run.db", "--format", "json").stdout)

    assert (found["users"], found["decided_up_to"]) == (4, "2026-03-03T10:00:00Z")
    assert found["position"]["lines"] == 5
    assert found["undelivered"] == {"outcomes": 0, "rejects": 0, "late": 0}
    assert [(rule["rule"], rule["waits"]) for rule in found["rules"]] == [
        ("thanks", 2),
        ("later", 3),
        ("rules.conn:3", 1),
    ]
    assert "user" not in found


def test_one_user(tmp_path: Path) -> None:
    state(tmp_path)

    assert connrules("state", "run.db", "--user", "ben").stdout == (
        "ben: up to 2026-03-03T10:00:00Z\n"
        "  thanks: waits since 2026-03-02T11:00:00Z (e2) for 1d, until 2026-03-03T11:00:00Z\n"
        "  later: waits since 2026-03-02T11:00:00Z (e2) for 3d, until 2026-03-05T11:00:00Z\n"
    )
    found = json.loads(connrules("state", "run.db", "--user", "ben", "--format", "json").stdout)
    assert [wait["due"] for wait in found["user"]["waits"]] == ["2026-03-03T11:00:00Z", "2026-03-05T11:00:00Z"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run.db", "--user", ""], "error: --user: it is empty, as no user is\n  = help: name the user"),
        ([""], "Error: Invalid value for 'FILE': it is empty"),
    ],
)
def test_what_is_empty_names_nothing(tmp_path: Path, arguments: list[str], said: str) -> None:
    state(tmp_path)

    result = connrules("state", *arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


def test_a_user_of_whom_nothing_is_held(tmp_path: Path) -> None:
    state(tmp_path)

    result = connrules("state", "run.db", "--user", "nobody")

    assert result.exit_code == 0
    assert "nothing is held of this user" in result.stdout


def test_all_that_can_be_held_of_a_user(tmp_path: Path) -> None:
    rules = (
        'rule a: on purchase after 1d per cart_id send "A"\n'
        'rule b: on purchase once convert on session_start within 3d send "B"\n'
        'rule c: on session_start if user.country = "FR" send "C"\n'
        "policy: limit 5 per 1w\n"
    )
    events = log(
        line("ana", 0, id="e1", properties={"cart_id": ["c", 1]}),
        line("ana", 1, "attributes", properties={"country": "FR"}),
    )
    run(folder(tmp_path / "old", events, rules), "--state", "run.db")

    told = connrules("state", "run.db", "--user", "ana").stdout

    assert 'a: waits since 2026-03-02T10:00:00Z (e1) for 1d, until 2026-03-03T10:00:00Z, per ["c",1]\n' in told
    assert "b: the goal counts since 2026-03-02T10:00:00Z, for e1\n" in told
    assert "b: sent 2026-03-02T10:00:00Z, which still counts\n" in told
    assert "a limit counts sends of 2026-03-02T10:00:00Z\n" in told
    assert 'user.country = "FR"\n' in told


def test_what_lateness_and_dedupe_hold_is_told(tmp_path: Path) -> None:
    state(tmp_path, "--lateness", "5h", "--dedupe", "1d")

    told = connrules("state", "run.db").stdout

    assert "decided up to  2026-03-03T05:00:00Z\n  newest event   2026-03-03T10:00:00Z\n" in told
    assert "held back      2 events that --lateness lets others come before\n" in told
    assert "remembered     3 ids of events for --dedupe\n" in told


def test_a_state_whose_process_was_killed_is_not_touched(tmp_path: Path) -> None:
    killed(tmp_path)
    before = files()

    result = connrules("state", "run.db")

    assert files() == before
    assert result.stdout.startswith("run.db: 4 users, 6 pending sends\n")


def test_a_link_leads_to_the_whole_state(tmp_path: Path) -> None:
    killed(tmp_path)
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "link.db").symlink_to(tmp_path / "run.db")

    told = connrules("state", "links/link.db").stdout

    assert told.startswith("links/link.db: 4 users, 6 pending sends\n")


def test_without_room_for_a_copy_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state(tmp_path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)

    result = connrules("state", "run.db")

    assert result.exit_code == 2
    assert result.stderr.startswith("error: there is no room for a copy of `run.db` in `")
    assert result.stderr.endswith("  = help: the variable TMPDIR names a folder for such copies\n")


def test_a_state_in_use_is_not_looked_at(tmp_path: Path) -> None:
    state(tmp_path)
    before = files()

    with held(tmp_path / "run.db"):
        result = connrules("state", "run.db")

    assert result.exit_code == 2
    assert result.stderr == "error: `run.db` is used by another process\n  = help: stop that process first\n"
    assert files() == before
    assert connrules("state", "run.db").exit_code == 0


def test_who_looks_keeps_nobody_out(tmp_path: Path) -> None:
    state(tmp_path)
    connrules("state", "run.db")

    SqliteStore(tmp_path / "run.db", create=False).close()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gone.db", None, "`gone.db` does not exist\n  = help: check the spelling; the path starts"),
        ("old", None, "`old` is a folder"),
        ("old/rules.conn", None, "`old/rules.conn` holds something else than a state"),
        ("empty.db", b"", "empty.db: the state holds nothing yet"),
        ("cut.db", b"SQLite format 3\x00", "`cut.db` holds something else than a state"),
    ],
)
def test_what_is_no_state_is_refused(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    folder(tmp_path / "old", EVENTS, RULES)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    before = files()

    result = connrules("state", name)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {said}")
    assert files() == before


def test_a_pipe_is_no_state() -> None:
    os.mkfifo("pipe")

    result = connrules("state", "pipe")

    assert result.exit_code == 2
    assert result.stderr == "error: `pipe` is a pipe or a device\n  = help: name another file for the state\n"


def test_a_damaged_state_is_refused(tmp_path: Path) -> None:
    path = state(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"watermark", b"waterMark"))

    result = connrules("state", "run.db")

    assert result.exit_code == 2
    assert "is damaged" in result.stderr


def test_a_state_in_words_of_its_own_position(tmp_path: Path) -> None:
    """Whoever embeds connrules says in their own words how far the input was read."""
    engine = DurableEngine.open(tmp_path / "own.db", compile_rules(loads(RULES)))
    engine.feed(Event(user="ana", type="purchase", time=DAY), b"offset 17")
    engine.close()

    result = connrules("state", "own.db")

    assert result.exit_code == 0
    assert "own.db: 1 user, 2 pending sends\n" in result.stdout
    assert "  read" not in result.stdout


def test_the_help_shows_how() -> None:
    assert "connrules state run.db --user u-17" in connrules("state", "--help").stdout
