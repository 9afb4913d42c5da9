"""`connrules run --state` killed at random moments: all parts together decide what one run decides, each thing once.

SIGKILL leaves what was written to the operating system. What a power cut leaves of a file that was not synced is tried
in tests/unit/test_sinks.py, for the outputs.
"""

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner
from tests.cli.running import command, line
from tests.conformance.test_starbucks import DELAYS
from tests.conformance.test_starbucks import EXAMPLE as STARBUCKS
from tests.real_logs import folder_of

from connrules.cli.shell import shell
from connrules.connectors.sqlite import SqliteStore
from connrules.replay.lasting import Saved
from connrules.run.ports import StoreError

IS_NIGHTLY = os.environ.get("CONNRULES_PROFILE") == "nightly"
KILLS = 200 if IS_NIGHTLY else 6
CHANNELS = {"outcomes": "out", "rejects": "rejects", "late": "late"}
OPTIONS = ("--outcomes", "all", "--lateness", "6h", "--dedupe", "1d", "--until", "2035-01-01", "--quiet")
SMALL = """
rule thanks: on purchase after 1d unless session_start send "Thanks"
rule again: on purchase where amount >= 50 after 3d restarting unless purchase where amount = trigger.amount
  send "Again"
rule welcome: on session_start after 12h once send "Welcome"
"""


class Work(NamedTuple):
    """A folder with rules and a log, and what one run writes over it."""

    place: Path
    whole: dict[str, bytes]


def options(place: Path, outputs: Path) -> list[str]:
    catalog = ["--catalog", str(place / "catalog.toml")] if (place / "catalog.toml").exists() else []
    files = [f"--output={outputs / 'out'}", f"--rejects={outputs / 'rejects'}", f"--late={outputs / 'late'}"]
    return ["run", str(place / "rules.conn"), *catalog, "--events", str(place / "events.jsonl"), *OPTIONS, *files]


def work_in(place: Path) -> Work:
    """The log is roughened: every thousandth line is none, and every 701st comes again, too late."""
    lines = (place / "events.jsonl").read_bytes().splitlines(keepends=True)
    rough = [row for n, row in enumerate(lines) for row in _with_trouble(n, row, lines)]
    (place / "events.jsonl").write_bytes(b"".join(rough))
    one = place / "one"
    one.mkdir()
    assert subprocess.run(command(*options(place, one)), check=False, capture_output=True).returncode == 3
    whole = {channel: (one / file).read_bytes() for channel, file in CHANNELS.items()}
    assert all(whole.values())
    assert b'"outcome":"pending"' not in whole["outcomes"]
    return Work(place, whole)


def _with_trouble(number: int, row: bytes, lines: list[bytes]) -> Iterator[bytes]:
    yield row
    if number % 1_000 == 999:
        yield b'{"user":"nobody"\n'
    if number % 701 == 700:
        yield lines[number // 2]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Work:
    place, types = tmp_path_factory.mktemp("small"), ("purchase", "session_start", "blinked", "purchase")
    (place / "rules.conn").write_text(SMALL, encoding="utf-8")
    with (place / "events.jsonl").open("wb") as file:
        for n in range(30_000):
            properties = {"amount": n % 90}
            file.write(
                line(f"u{n * n % 4_001}", n * 60_000, types[n % 4], properties=properties, pad="x" * 100) + b"\n"
            )
    return work_in(place)


@pytest.fixture(scope="module")
def starbucks(tmp_path_factory: pytest.TempPathFactory) -> Work:
    log = folder_of("starbucks")
    place = tmp_path_factory.mktemp("starbucks")
    subprocess.run([sys.executable, STARBUCKS / "convert.py", log, place], check=True, capture_output=True)
    (place / "rules.conn").write_text(DELAYS, encoding="utf-8")
    return work_in(place)


def test_killed_at_random_moments(small: Work, tmp_path: Path) -> None:
    kill_often(small, tmp_path, 6)


@pytest.mark.real_log
def test_killed_at_random_moments_over_a_public_log(starbucks: Work, tmp_path: Path) -> None:
    kill_often(starbucks, tmp_path, KILLS)


def kill_often(work: Work, place: Path, kills: int) -> None:
    """Run over the log, from its beginning whenever it has come to its end, until so many runs were killed."""
    chance, left, amid = random.Random(6), kills, 0
    while left:
        folder, patience, before = place / f"after-{kills - left}", 0.1, b""
        folder.mkdir()
        while (code := run_for_a_while(work, folder, chance, patience if left else None)) == -signal.SIGKILL:
            left -= 1
            position = position_after(work, folder)
            amid += position != before
            patience = 0.1 if position != before else patience * 2
            before = position
        assert code in {0, 3}
        assert {channel: (folder / file).read_bytes() for channel, file in CHANNELS.items()} == work.whole
        assert outbox_of(folder) == dict.fromkeys(CHANNELS, b"")
    assert amid >= kills / 5, "most were killed before they did anything"


def run_for_a_while(work: Work, folder: Path, chance: random.Random, patience: float | None) -> int:
    """Go on with a run, kill it at some moment after it has begun to work, and give the code it ended with.

    Without patience, it is let go to its end.
    """
    arguments = command(*options(work.place, folder), "--state", folder / "state")
    with subprocess.Popen(arguments, stderr=subprocess.DEVNULL) as process:
        seen, changes = marks_of(folder), chance.randint(0, 8)
        while patience is not None and changes and process.poll() is None:
            time.sleep(0.002)
            changes -= (now := marks_of(folder)) != seen
            seen = now
        if patience is not None:
            time.sleep(chance.random() * patience)
            process.kill()
        return process.wait()


def marks_of(folder: Path) -> list[int]:
    """What changes with each commit."""
    return [path.stat().st_mtime_ns for path in (folder / "state", folder / "state-wal") if path.exists()]


def position_after(work: Work, folder: Path) -> bytes:
    """How far the log was read. What is in output and outbox together begins what one run writes, each line once."""
    if not (folder / "state").exists():
        return b""
    with closing(SqliteStore(folder / "state")) as store:
        loaded = store.load()
        if loaded is None or loaded.position is None:
            return b""
        outputs = Saved.read(loaded.position).outputs
        for channel, file in CHANNELS.items():
            outbox, found = store.outbox(channel), (folder / file).read_bytes()
            assert channel not in outputs or outputs[channel].start == 0
            together = found[: outbox.start] + outbox.lines
            assert len(found) >= outbox.start
            assert work.whole[channel].startswith(together)
            assert together.startswith(found)
        return loaded.position


def outbox_of(folder: Path) -> dict[str, bytes]:
    with closing(SqliteStore(folder / "state")) as store:
        return {channel: store.outbox(channel).lines for channel in CHANNELS}


def limited(size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("size", [20_000, 300_000, 1_000_000])
def test_no_room_for_state_or_output(small: Work, tmp_path: Path, size: int) -> None:
    """No file may grow beyond a size, as on a full disk; with more room, the same command goes on."""
    arguments = command(*options(small.place, tmp_path), "--state", tmp_path / "state")
    full = subprocess.run(arguments, capture_output=True, check=False, preexec_fn=limited(size))
    assert full.returncode == 2
    assert full.stderr.startswith(b"error: ") or b"\nerror: " in full.stderr
    assert b"Traceback" not in full.stderr
    assert b"internal" not in full.stderr
    position_after(small, tmp_path)
    assert subprocess.run(arguments, capture_output=True, check=False).returncode in {0, 3}
    assert {channel: (tmp_path / file).read_bytes() for channel, file in CHANNELS.items()} == small.whole


@pytest.mark.parametrize("failing", [1, 2, 3, 5])
def test_a_store_that_fails_amid_a_run(
    small: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    arguments = [*options(small.place, tmp_path), "--state", str(tmp_path / "state")]
    commit, commits = SqliteStore.commit, iter(range(1, 1_000))

    def fail(self: SqliteStore, batch: object) -> None:
        if next(commits) == failing:
            raise StoreError("the disk is gone", "plug it in")
        commit(self, batch)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(SqliteStore, "commit", fail)
        result = CliRunner().invoke(shell, arguments)
    assert result.exit_code == 2
    assert result.stderr.endswith("error: the disk is gone\n  = help: plug it in\n")
    assert CliRunner().invoke(shell, arguments).exit_code in {0, 3}
    assert {channel: (tmp_path / file).read_bytes() for channel, file in CHANNELS.items()} == small.whole
