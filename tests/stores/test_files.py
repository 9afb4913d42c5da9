"""Files that a store in SQLite cannot use: each is refused in words, and left as it is."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from connrules.connectors.sqlite import SqliteStore
from connrules.run.ports import Batch, Note, StoreError
from tests.stores.batches import Batches, Contents, contents

PAGE = 4096
LEAVES = (0x0A, 0x0D)
"""What a page of an SQLite file begins with that holds rows."""
DAMAGED = "go on from a copy of the file, or begin anew with another file"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def filled(path: Path) -> Path:
    """A state of some pages, closed."""
    with closing(SqliteStore(path)) as store:
        batches = Batches(people=2_000, most=300)
        for _ in range(50):
            store.commit(batches.take())
    return path


def refused(path: Path, *, create: bool = True) -> StoreError:
    with pytest.raises(StoreError) as caught:
        SqliteStore(path, create=create)
    return caught.value


def files_in(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_file_that_is_not_there_is_made_unless_it_must_be_there(path: Path) -> None:
    assert str(refused(path, create=False)) == f"`{path}` does not exist"
    assert not path.exists()
    SqliteStore(path).close()
    SqliteStore(path, create=False).close()


@pytest.mark.skipif(sys.platform == "win32", reason="no file is named so there")
def test_what_sqlite_takes_for_something_else_is_a_file_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    refusal = refused(Path(":memory:"))
    assert (str(refusal), "MemoryStore" in refusal.help) == ("`:memory:` is no file", True)
    SqliteStore("file:state.db?mode=memory").close()
    assert list(files_in(tmp_path)) == ["file:state.db?mode=memory"]


def test_an_empty_file_becomes_a_state(path: Path) -> None:
    path.touch()
    with closing(SqliteStore(path)) as store:
        assert store.load() is None
        store.commit(Batch({"ada": b"1"}, b"core"))


def test_a_path_may_be_text_and_hold_what_a_path_can_hold(tmp_path: Path) -> None:
    name = tmp_path / "ein Ärger? mit #50%&mode=ro 🦊.db"
    SqliteStore(str(name)).close()
    assert [file.name for file in tmp_path.iterdir()] == [name.name]


def test_a_state_that_is_closed_is_one_file(filled: Path) -> None:
    assert [file.name for file in filled.parent.iterdir()] == [filled.name]


@pytest.mark.parametrize(
    "content", [b"hello", b"x" * 10_000, b'{"user": "ada"}\n' * 500, b"SQLite format 3", bytes(10_000)]
)
def test_a_file_of_another_kind_is_left_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    error = refused(path)
    assert str(error) == f"`{path}` holds something else than a state"
    assert error.help == "name another file for the state"
    assert files_in(path.parent) == {path.name: content}


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE orders(id)", "PRAGMA application_id = 7", "PRAGMA user_version = 1"]
)
@pytest.mark.parametrize("settings", [[], ["PRAGMA auto_vacuum = FULL"], ["PRAGMA journal_mode = WAL"]])
def test_the_database_of_another_program_is_left_as_it_is(path: Path, statement: str, settings: list[str]) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for one in (*settings, statement):
            connection.execute(one)
    before = files_in(path.parent)
    assert str(refused(path)) == f"`{path}` holds something else than a state"
    assert files_in(path.parent) == before


def test_a_state_of_a_newer_version_is_left_as_it_is(filled: Path) -> None:
    with closing(sqlite3.connect(filled)) as connection:
        connection.execute("PRAGMA user_version = 2")
    before = files_in(filled.parent)
    error = refused(filled)
    assert str(error) == f"`{filled}` was written by a newer connrules"
    assert error.help == "use that version, or newer"
    assert files_in(filled.parent) == before


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert str(refused(tmp_path)) == f"`{tmp_path}` is a folder"


def test_a_folder_is_not_made(tmp_path: Path) -> None:
    error = refused(tmp_path / "no" / "state.db")
    assert str(error) == f"`{tmp_path}/no/state.db` cannot be made: there is no folder `{tmp_path}/no`"
    assert error.help == "make the folder first"


ATTEMPT = """
import os, sys
from connrules.connectors.sqlite import SqliteStore
from connrules.run.ports import StoreError
if os.getuid() == 0:
    os.setuid(65534)
try:
    SqliteStore(sys.argv[1])
except StoreError as error:
    print(error, error.help, sep="\\n")
"""
"""What somebody may not write who is not the superuser."""


RIGHT = "it takes the right to write to the file and to its folder"


def attempt(path: Path) -> list[str]:
    ran = subprocess.run([sys.executable, "-c", ATTEMPT, str(path)], capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    return ran.stdout.splitlines()


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody may read; those of tests lie in folders that only their owner may enter."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="rights are other things there")
def test_a_folder_in_which_nothing_may_be_made(public: Path) -> None:
    public.chmod(0o555)
    path = public / "state.db"
    assert attempt(path) == [f"`{path}` cannot be opened", RIGHT]


@pytest.mark.skipif(sys.platform == "win32", reason="rights are other things there")
def test_a_file_that_may_only_be_read(filled: Path, public: Path) -> None:
    path = public / "state.db"
    shutil.copy(filled, path)
    path.chmod(0o444)
    public.chmod(0o555)
    before = files_in(public)
    assert attempt(path) == [f"`{path}` cannot be written", RIGHT]
    assert files_in(public) == before


def whole(path: Path) -> Contents | None:
    """What a state holds; None where it is said to be damaged."""
    try:
        with closing(SqliteStore(path)) as store:
            return contents(store)
    except StoreError as error:
        if (str(error), error.help) != (f"`{path}` is damaged", DAMAGED):
            raise
        return None


def test_every_page_that_was_wiped_is_noticed(filled: Path, tmp_path: Path) -> None:
    before, right = filled.read_bytes(), whole(filled)
    copy = tmp_path / "copy.db"
    for page in range(1, len(before) // PAGE):
        copy.write_bytes(before[: page * PAGE] + bytes(PAGE) + before[(page + 1) * PAGE :])
        assert whole(copy) in (right, None), f"page {page}"


def test_single_bytes_that_have_changed_are_noticed(filled: Path, tmp_path: Path) -> None:
    before, right = filled.read_bytes(), whole(filled)
    copy = tmp_path / "copy.db"
    noticed = 0
    for place in range(PAGE, len(before), 997):
        copy.write_bytes(before[:place] + bytes([before[place] ^ 0x10]) + before[place + 1 :])
        found = whole(copy)
        assert found in (right, None), f"byte {place}"
        noticed += found is None
    assert noticed > 0


def test_rows_that_have_vanished_are_noticed(filled: Path, tmp_path: Path) -> None:
    """A page that says it has one row less than it has."""
    before, right = filled.read_bytes(), whole(filled)
    copy = tmp_path / "copy.db"
    tried = 0
    for page in range(PAGE, len(before), PAGE):
        rows = int.from_bytes(before[page + 3 : page + 5], "big")
        if before[page] not in LEAVES or not 0 < rows < 500:
            continue
        copy.write_bytes(before[: page + 3] + (rows - 1).to_bytes(2, "big") + before[page + 5 :])
        assert whole(copy) in (right, None), f"page {page // PAGE}"
        tried += 1
    assert tried > 3


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM outbox WHERE number = (SELECT max(number) FROM outbox)",
        "UPDATE outbox SET channel = 'late' WHERE channel = 'outcomes'",
        "UPDATE outbox SET upto = upto + 1",
        "UPDATE meta SET name = 'center' WHERE name = 'core'",
        "UPDATE notes SET until = until + 1000",
        "UPDATE channels SET marks = zeroblob(20)",
        "UPDATE journal SET states = CAST(states AS TEXT)",
    ],
)
def test_bytes_that_stand_at_another_place_are_noticed(filled: Path, damage: str) -> None:
    with closing(SqliteStore(filled)) as store:
        store.commit(Batch({"ada": b"1"}, b"51", note=Note(2_000, b"note"), outbox={"outcomes": b"line\n"}))
    with closing(sqlite3.connect(filled, isolation_level=None)) as connection:
        assert connection.execute(damage).rowcount > 0
    assert whole(filled) is None


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_a_file_that_was_cut_is_damaged(filled: Path, part: float) -> None:
    os.truncate(filled, int(filled.stat().st_size * part))
    assert whole(filled) is None


def test_a_copy_of_both_files_is_a_state(filled: Path, tmp_path: Path) -> None:
    with closing(SqliteStore(filled)) as store:
        store.commit(Batch({"ada": b"1"}, b"more"))
        expected = contents(store)
        copy = tmp_path / "copy.db"
        shutil.copy(filled, copy)
        shutil.copy(f"{filled}-wal", f"{copy}-wal")
    assert whole(copy) == expected


@pytest.mark.skipif(sys.platform == "win32", reason="there, a file that is open stays where it is")
@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_file_that_is_taken_away_is_missed(path: Path, tmp_path: Path, *, is_replaced: bool) -> None:
    store = SqliteStore(path)
    store.commit(Batch({}, b"core"))
    path.rename(tmp_path / "elsewhere.db")
    if is_replaced:
        path.touch()

    with pytest.raises(StoreError, match="was moved or deleted while it was in use") as caught:
        store.commit(Batch({"u": b"1"}, b"more"))
    assert caught.value.help
    store.close()

    (tmp_path / "elsewhere.db").replace(path)
    with closing(SqliteStore(path)) as store:
        loaded = store.load()
        assert loaded is not None
        assert loaded.core == b"core"


@pytest.mark.skipif(sys.platform == "win32", reason="there, a file that is open stays where it is")
def test_a_file_that_is_taken_away_is_missed_at_the_end(path: Path) -> None:
    store = SqliteStore(path)
    path.unlink()
    with pytest.raises(StoreError, match="was moved or deleted"):
        store.close()
    store.close()


def test_a_file_is_where_it_was_though_the_process_goes_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    with closing(SqliteStore("state.db")) as store:
        monkeypatch.chdir(tmp_path / "other")
        store.commit(Batch({}, b"core"))


@pytest.mark.skipif(sys.platform == "win32", reason="links take a right there")
def test_a_link_leads_to_the_file(path: Path, tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(path)
    with closing(SqliteStore(tmp_path / "link.db")) as store:
        store.commit(Batch({}, b"core"))
