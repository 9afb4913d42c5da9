"""A store in a file when things go wrong: killed at any moment, without power, without room, with a second process.

What the power takes away is simulated from outside: which of the bytes of one commit have reached the disk is drawn at
random, sector by sector, in the order that SQLite's calls for syncing leave open. That it does call is taken from its
documentation and from the setting that is looked at below; no test here pulls a plug.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from random import Random

import pytest
from hypothesis import settings

from connrules.connectors.sqlite import SqliteStore, users
from connrules.run.ports import Batch, StoreError
from tests.stores.batches import Batches, Contents, contents

ROOT = Path(__file__).parents[2]
NIGHTLY = settings().max_examples > 1_000
SECTOR = 512
BOUND = 3_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@contextmanager
def committing(path: Path, *numbers: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.stores.committing", str(path), *map(str, numbers)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def holding(path: Path) -> Contents | None:
    with closing(SqliteStore(path)) as store:
        return contents(store)


def expected(number: int) -> Contents | None:
    batches = Batches()
    batches.take_up_to(b"%d" % number)
    return batches.expected


@pytest.mark.parametrize("bound", [0, BOUND])
def test_a_killed_process_leaves_whole_batches_and_all_that_it_said_were_committed(path: Path, bound: int) -> None:
    random = Random(bound)
    last = 0
    for _ in range(60 if NIGHTLY else 6):
        with committing(path, bound) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(random.random() / 5)
            process.send_signal(signal.SIGKILL)
            said = process.stdout.read().splitlines()
        found = holding(path)
        number = int(found.core) if found else 0
        # the last of them may be without its line break, and one more may be committed and not said
        assert number in (last + len(said), last + len(said) + 1)
        assert found == expected(number)
        last = number
    assert last > 50


def files(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.parent.glob(path.name + "*")}


def torn(random: Random, before: bytes, after: bytes) -> bytes:
    """A file some of whose sectors have been written anew when the power goes, and others have not."""
    share = random.choice((0, 0.5, 0.99, 1))
    parts = []
    for start in range(0, max(len(before), len(after)), SECTOR):
        old, new = before[start : start + SECTOR], after[start : start + SECTOR]
        parts.append((new or old) if random.random() < share else (old or bytes(len(new))))
    return b"".join(parts)[: len(after) if share == 1 else random.choice((len(before), len(after)))]


def test_the_power_goes_amid_a_commit(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "_JOURNAL", BOUND)
    monkeypatch.setattr(users, "_PIECE", BOUND)
    random = Random(1)
    dark = tmp_path / "dark" / path.name
    dark.parent.mkdir()
    wal = Path(f"{dark}-wal")
    batches = Batches()
    kept: set[bool] = set()
    checkpoints = 0
    with closing(SqliteStore(path)) as store:
        store._connection.execute("PRAGMA wal_autocheckpoint = 40")
        store.commit(batches.take())
        for _ in range(400 if NIGHTLY else 60):
            before, held = files(path), batches.expected
            store.commit(batches.take())
            after = files(path)
            # first the log is written and synced: the file itself is as it was
            dark.write_bytes(before[path.name])
            wal.write_bytes(torn(random, before[wal.name], after[wal.name]))
            found = holding(dark)
            assert found in (held, batches.expected)
            kept.add(found == batches.expected)
            # then, now and then, what is in the log goes to the file, while the log stays
            checkpoints += before[path.name] != after[path.name]
            dark.write_bytes(torn(random, before[path.name], after[path.name]))
            wal.write_bytes(after[wal.name])
            assert holding(dark) == batches.expected
    assert kept == {False, True}
    assert checkpoints > 5


def test_a_commit_waits_until_it_is_on_the_disk(path: Path) -> None:
    with closing(SqliteStore(path)) as store:
        execute = store._connection.execute
        assert execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert execute("PRAGMA synchronous").fetchone() == (2,), "FULL: the log is synced with every commit"
        assert execute("PRAGMA fullfsync").fetchone() == (1,)


def test_a_file_that_may_not_grow(path: Path) -> None:
    """As under a quota, or a limit of the shell."""
    with committing(path, BOUND, 400_000) as process:
        assert process.stdout is not None
        said = process.stdout.read().splitlines()
    assert said[-1].startswith(f"`{path}` cannot be ")
    number = int(said[-2])
    assert number > 1
    assert holding(path) == expected(number)


def test_a_full_disk_is_said_and_what_was_committed_stands(path: Path) -> None:
    batches = Batches()
    with closing(SqliteStore(path)) as store:
        for _ in range(5):
            store.commit(batches.take())
        held = batches.expected
        execute = store._connection.execute
        (pages,) = execute("PRAGMA page_count").fetchone()
        execute(f"PRAGMA max_page_count = {pages}")
        large = Batch({"ada": b"1"}, b"6", outbox={"outcomes": b"x" * 100_000})
        with pytest.raises(StoreError, match=f"^`{path}` cannot be written: the disk is full$") as caught:
            store.commit(large)
        assert caught.value.help == "make room and go on from the same file: what was committed before stands"
        assert contents(store) == held
        execute("PRAGMA max_page_count = 100000")
        store.commit(batches.take())
        assert contents(store) == batches.expected
    assert holding(path) == batches.expected


@pytest.fixture
def little_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode != 0:
        pytest.skip("no small disk can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_small_disk_that_is_full_and_then_is_not(little_disk: Path) -> None:
    path = little_disk / "state.db"
    other = little_disk / "other"
    other.write_bytes(bytes(500_000))
    batches = Batches()
    held, batch = batches.expected, batches.take()
    with closing(SqliteStore(path)) as store:
        full: StoreError | None = None
        while full is None:
            try:
                store.commit(batch)
                held, batch = batches.expected, batches.take()
            except StoreError as error:
                full = error
        assert str(full) == f"`{path}` cannot be written: the disk is full"
        assert batches.number > 2
        assert contents(store) == held
    assert holding(path) == held
    other.unlink()
    with closing(SqliteStore(path)) as store:
        store.commit(batch)
        assert contents(store) == batches.expected


def test_a_commit_that_fails_at_any_of_its_steps_leaves_nothing_behind(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "_JOURNAL", BOUND)
    monkeypatch.setattr(users, "_PIECE", BOUND)
    batches = Batches()
    with closing(SqliteStore(path)) as store:
        done: list[int] = []
        for number in range(20):
            held, batch = batches.expected, batches.take()
            for steps in (1, 10, 100, 300, 1_000):
                store._connection.set_progress_handler(lambda: 1, steps)
                with suppress(StoreError):
                    store.commit(batch)
                store._connection.set_progress_handler(None, 0)
                found = contents(store)
                if found == batches.expected:
                    done.append(steps)
                    break
                assert found == held, f"batch {number} after {steps} steps"
            else:
                store.commit(batch)
                assert contents(store) == batches.expected
    assert len(set(done)) > 1, "nothing failed"


def test_a_second_process_is_refused_at_once(path: Path) -> None:
    with committing(path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        started = time.monotonic()
        with pytest.raises(StoreError, match=f"^`{path}` is used by another process$") as caught:
            SqliteStore(path)
        assert time.monotonic() - started < 2
        assert caught.value.help == "stop that process first"
        assert process.poll() is None
    SqliteStore(path).close()


def test_a_second_store_of_one_process_is_refused_too(path: Path) -> None:
    with closing(SqliteStore(path)) as store:
        store.commit(Batch({}, b"core"))
        with pytest.raises(StoreError, match="is used by another process"):
            SqliteStore(path)
        store.commit(Batch({}, b"more"))


def test_of_two_that_make_a_file_at_once_one_has_it(path: Path) -> None:
    for _ in range(20 if NIGHTLY else 3):
        with committing(path) as one, committing(path) as other:
            assert one.stdout is not None
            assert other.stdout is not None
            first = sorted((one.stdout.readline(), other.stdout.readline()))
        assert first == [f"`{path}` is used by another process\n", "ready\n"]
        for file in path.parent.iterdir():
            file.unlink()


@pytest.mark.skipif(sys.platform == "win32", reason="a signal cannot be sent there")
def test_a_process_that_stands_still_keeps_its_file(path: Path) -> None:
    with committing(path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.kill(process.pid, signal.SIGSTOP)
        with pytest.raises(StoreError, match="is used by another process"):
            SqliteStore(path)
        os.kill(process.pid, signal.SIGCONT)
