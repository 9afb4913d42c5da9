"""The file of an SQLite store keeps what holds and is bounded by it, however long its history."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connrules.connectors.memory import MemoryStore
from connrules.connectors.sqlite import SqliteStore, users
from connrules.run.ports import Batch, StateStore
from tests.stores.batches import Batches, contents

SMALL = 2_000
"""A bound, in bytes, that makes a few users of these tests fill a journal or a piece."""


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "_JOURNAL", SMALL)
    monkeypatch.setattr(users, "_PIECE", SMALL)


def held(store: SqliteStore, column: str) -> int:
    (found,) = store._connection.execute(f"SELECT {column} FROM pieces").fetchone()
    return int(found or 0)


def size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.parent.glob(path.name + "*"))


@pytest.mark.usefixtures("small")
def test_a_long_history_leaves_what_a_store_in_memory_holds(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.db")
    batches = Batches()
    ranges = later = 0
    for _ in range(400):
        store.commit(batches.take())
        ranges = max(ranges, held(store, "count(DISTINCT first)"))
        later = max(later, held(store, "total(later)"))
        if batches.number % 20 == 0:
            assert contents(store) == batches.expected
    assert ranges > 5, "so few users that none of this was tried"
    assert later > 5, "nothing was ever folded"
    store.close()
    store = SqliteStore(tmp_path / "state.db")
    assert contents(store) == batches.expected
    store.close()


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=3) | st.sampled_from(["", "a", "b", "m", "z"])
changes = st.dictionaries(names, st.none() | st.binary(max_size=8), max_size=12)


def test_whatever_changes_the_users_are_those_of_a_store_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "_JOURNAL", 60)
    monkeypatch.setattr(users, "_PIECE", 20)
    store = SqliteStore(tmp_path / "state.db")
    store._connection.execute("PRAGMA synchronous = OFF")  # thousands of commits, and nobody pulls the plug

    @given(st.lists(st.tuples(changes, st.sampled_from([False, False, True])), max_size=25))
    def alike(history: list[tuple[dict[str, bytes | None], bool]]) -> None:
        memory = MemoryStore()
        for changed, anew in [({}, True), *history]:
            for one in (memory, store):
                one.commit(Batch(changed, b"core", anew=anew))
            assert users_of(store) == users_of(memory)

    alike()
    store.close()


def users_of(store: StateStore) -> dict[str, bytes]:
    loaded = store.load()
    assert loaded is not None
    return dict(loaded.users)


def churn(number: int) -> dict[str, bytes | None]:
    """Of 2,000 users, 100 change with each batch."""
    return {f"user {(number * 100 + place) * 7919 % 2_000}": b"%06d" % number * 10 for place in range(100)}


def newcomers(number: int) -> dict[str, bytes | None]:
    """A hundred users come with each batch, and twenty batches later they are gone."""
    came: dict[str, bytes | None] = {f"user {number * 100 + place:09}": b"state" * 20 for place in range(100)}
    went = {f"user {(number - 20) * 100 + place:09}": None for place in range(100)}
    return came | went


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("history", [churn, newcomers])
def test_the_file_is_bounded_by_the_users_and_not_by_the_history(
    history: Callable[[int], dict[str, bytes | None]], tmp_path: Path
) -> None:
    path = tmp_path / "state.db"
    store = SqliteStore(path)
    store._connection.execute("PRAGMA wal_autocheckpoint = 10")
    store._connection.execute("PRAGMA synchronous = OFF")
    sizes = []
    for number in range(500):
        batch = Batch(
            history(number), b"core", outbox={"outcomes": b"line\n" * 100}, delivered={"outcomes": number * 500}
        )
        store.commit(batch)
        sizes.append(size(path))
    assert max(sizes[300:]) <= 1.05 * max(sizes[50:200])
    store.close()


@pytest.mark.usefixtures("small")
def test_the_file_becomes_smaller_when_users_have_gone(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = SqliteStore(path)
    store.commit(Batch({f"user {number}": b"state" * 40 for number in range(20_000)}, b"core"))
    store.close()
    full = size(path)
    store = SqliteStore(path)
    for start in range(0, 20_000, 100):
        store.commit(Batch({f"user {number}": None for number in range(start, start + 100)}, b"core"))
    store.close()
    assert size(path) < full / 4


@pytest.mark.usefixtures("small")
def test_nobody_left_behind_keeps_an_empty_range(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.db")
    everybody = [f"user {number:05}" for number in range(1_000)]
    store.commit(Batch(dict.fromkeys(everybody, b"state" * 10), b"core"))
    for _ in range(3):
        store.commit(Batch(dict.fromkeys(everybody, None), b"core"))
    assert contents(store) is not None
    assert held(store, "total(size)") <= 2 * SMALL
    store.close()


def test_lines_that_are_delivered_leave_nothing_behind(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "state.db")) as store:
        store.commit(Batch({}, b"core", outbox={"outcomes": b"1\n"}))
        store.commit(Batch({}, b"core", outbox={"outcomes": b"2\n"}, delivered={"outcomes": 2}))
        assert store._connection.execute("SELECT upto FROM outbox").fetchall() == [(4,)]
        store.commit(Batch({}, b"core", delivered={"outcomes": 4}))
        assert store._connection.execute("SELECT upto FROM outbox").fetchall() == []
