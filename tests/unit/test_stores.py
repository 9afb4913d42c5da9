"""What every state store does alike, whatever it keeps its state in."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connrules.connectors.memory import MemoryStore
from connrules.connectors.sqlite import SqliteStore
from connrules.run.ports import Batch, Note, Outbox, StateStore, StoreError

Reopen = Callable[[], StateStore]
"""Lets go of the store that was given last and gives one with the same state."""


@pytest.fixture(params=["memory", "sqlite"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reopen]:
    kept = MemoryStore()
    given: list[StateStore] = []

    def again() -> StateStore:
        for store in given:
            store.close()
        given.append(kept if request.param == "memory" else SqliteStore(tmp_path / "state.db"))
        return given[-1]

    yield again
    given[-1].close()


@pytest.fixture
def store(reopen: Reopen) -> StateStore:
    return reopen()


def users_of(store: StateStore) -> dict[str, bytes]:
    loaded = store.load()
    assert loaded is not None
    users = list(loaded.users)
    assert len(users) == len({user for user, _ in users})
    return dict(users)


def notes_of(store: StateStore) -> tuple[bytes, ...]:
    loaded = store.load()
    assert loaded is not None
    return loaded.notes


def test_a_store_to_which_nothing_was_committed_holds_nothing(store: StateStore, reopen: Reopen) -> None:
    assert store.load() is None
    assert store.outbox("outcomes") == Outbox(0, b"")
    assert reopen().load() is None


def test_what_was_committed_is_there_when_it_is_opened_anew(store: StateStore, reopen: Reopen) -> None:
    users = {"ada": b"\0\xff", "bob": b""}
    store.commit(
        Batch(users, b"core", note=Note(9, b"note"), outbox={"outcomes": b"{}\n"}, position=b"here", plan=b"plan")
    )
    for anew in (False, True):
        one = reopen() if anew else store
        loaded = one.load()
        assert loaded is not None
        assert (loaded.plan, loaded.core, loaded.position, loaded.notes) == (b"plan", b"core", b"here", (b"note",))
        assert dict(loaded.users) == users
        assert one.outbox("outcomes") == Outbox(0, b"{}\n")


def test_the_core_takes_the_place_of_what_was_there_and_what_is_not_given_stays(
    store: StateStore, reopen: Reopen
) -> None:
    store.commit(Batch({"ada": b"1"}, b"first", position=b"here", plan=b"plan", note=Note(9, b"note")))
    store.commit(Batch({}, b"second"))
    loaded = reopen().load()
    assert loaded is not None
    assert (loaded.plan, loaded.core, loaded.position, loaded.notes) == (b"plan", b"second", b"here", (b"note",))
    assert dict(loaded.users) == {"ada": b"1"}


def test_a_store_that_was_never_given_a_plan_or_a_position_says_so(store: StateStore, reopen: Reopen) -> None:
    store.commit(Batch({}, b""))
    loaded = reopen().load()
    assert loaded is not None
    assert (loaded.plan, loaded.core, loaded.position) == (b"", b"", None)


def test_users_change_and_go_and_come_back(store: StateStore, reopen: Reopen) -> None:
    store.commit(Batch({"ada": b"1", "bob": b"1", "eve": b"1"}, b""))
    store.commit(Batch({"ada": b"2", "bob": None, "nobody": None}, b""))
    assert users_of(reopen()) == {"ada": b"2", "eve": b"1"}
    store = reopen()
    store.commit(Batch({"bob": b"3"}, b""))
    assert users_of(reopen()) == {"ada": b"2", "bob": b"3", "eve": b"1"}


@pytest.mark.parametrize(
    "user", ["", " ", "a\0b", "\n", "Zoë", "Zoe\u0308", "名前", "🦊", "\U0010ffff", "'; DROP TABLE users", "%_*?"]
)
def test_any_text_names_a_user(store: StateStore, reopen: Reopen, user: str) -> None:
    store.commit(Batch({user: b"1", "other": b"2"}, b""))
    assert users_of(reopen()) == {user: b"1", "other": b"2"}
    store = reopen()
    store.commit(Batch({user: None}, b""))
    assert users_of(reopen()) == {"other": b"2"}


def test_half_of_a_surrogate_pair_is_no_text_and_nothing_of_the_batch_is_kept(
    store: StateStore, reopen: Reopen
) -> None:
    store.commit(Batch({"ada": b"1"}, b"before"))
    with pytest.raises(StoreError, match=r"user `'\\ud83e'` cannot be kept: half of a surrogate pair is no character"):
        store.commit(Batch({"bob": b"2", "\ud83e": b"1"}, b"after", outbox={"outcomes": b"{}\n"}))
    loaded = reopen().load()
    assert loaded is not None
    assert (loaded.core, dict(loaded.users)) == (b"before", {"ada": b"1"})
    assert reopen().outbox("outcomes") == Outbox(0, b"")


def test_notes_are_kept_until_their_instant_and_no_longer(store: StateStore, reopen: Reopen) -> None:
    store.commit(Batch({}, b"", note=Note(10, b"ten")))
    store.commit(Batch({}, b"", note=Note(5, b"five")))
    store.commit(Batch({}, b"", note=Note(11, b"eleven"), now=4))
    assert notes_of(reopen()) == (b"ten", b"five", b"eleven")
    store = reopen()
    store.commit(Batch({}, b"", now=9))
    assert notes_of(store) == (b"ten", b"eleven")
    store.commit(Batch({}, b"", now=10))
    assert notes_of(reopen()) == (b"eleven",)


def test_the_note_of_a_batch_outlives_the_instant_of_its_own_batch(store: StateStore) -> None:
    store.commit(Batch({}, b"", note=Note(10, b"late already"), now=10))
    assert notes_of(store) == (b"late already",)
    store.commit(Batch({}, b"", now=10))
    assert notes_of(store) == ()


def test_instants_may_be_before_1970_and_after_the_end_of_all_calendars(store: StateStore, reopen: Reopen) -> None:
    store.commit(Batch({}, b"", note=Note(-62_135_596_800_000, b"year one"), now=-62_135_596_800_001))
    store.commit(Batch({}, b"", note=Note(2**70, b"never")))
    assert notes_of(reopen()) == (b"year one", b"never")
    store = reopen()
    store.commit(Batch({}, b"", now=253_402_300_799_999))
    assert notes_of(reopen()) == (b"never",)


def test_a_batch_anew_takes_the_place_of_users_and_notes_and_of_nothing_else(store: StateStore, reopen: Reopen) -> None:
    store.commit(
        Batch({"ada": b"1"}, b"", note=Note(9, b"old"), outbox={"outcomes": b"1\n"}, position=b"here", plan=b"plan")
    )
    store.commit(Batch({"bob": b"2", "eve": None}, b"new", note=Note(8, b"new"), anew=True))
    loaded = reopen().load()
    assert loaded is not None
    assert (loaded.plan, loaded.core, loaded.position, loaded.notes) == (b"plan", b"new", b"here", (b"new",))
    assert dict(loaded.users) == {"bob": b"2"}
    assert reopen().outbox("outcomes") == Outbox(0, b"1\n")


def test_lines_of_a_channel_come_after_those_that_are_there(store: StateStore, reopen: Reopen) -> None:
    store.commit(Batch({}, b"", outbox={"outcomes": b"1\n2\n", "late": b""}))
    store.commit(Batch({}, b"", outbox={"outcomes": b"3\n", "late": b"a\n"}))
    assert reopen().outbox("outcomes") == Outbox(0, b"1\n2\n3\n")
    assert reopen().outbox("late") == Outbox(0, b"a\n")
    assert reopen().outbox("others") == Outbox(0, b"")


def test_what_is_delivered_goes_and_bytes_keep_their_numbers(store: StateStore, reopen: Reopen) -> None:
    store.commit(Batch({}, b"", outbox={"outcomes": b"1\n2\n", "late": b"a\n"}))
    store.commit(Batch({}, b"", outbox={"outcomes": b"3\n"}))
    store.commit(Batch({}, b"", delivered={"outcomes": 2}))
    assert reopen().outbox("outcomes") == Outbox(2, b"2\n3\n")
    store = reopen()
    store.commit(Batch({}, b"", delivered={"outcomes": 6}))
    assert reopen().outbox("outcomes") == Outbox(6, b"")
    assert reopen().outbox("late") == Outbox(0, b"a\n")
    store = reopen()
    store.commit(Batch({}, b"", outbox={"outcomes": b"4\n"}))
    assert reopen().outbox("outcomes") == Outbox(6, b"4\n")


def test_a_batch_may_deliver_its_own_lines(store: StateStore) -> None:
    store.commit(Batch({}, b"", outbox={"outcomes": b"1\n2\n"}, delivered={"outcomes": 2}))
    assert store.outbox("outcomes") == Outbox(2, b"2\n")


def test_what_was_delivered_before_stays_delivered(store: StateStore) -> None:
    store.commit(Batch({}, b"", outbox={"outcomes": b"1\n2\n"}))
    store.commit(Batch({}, b"", delivered={"outcomes": 2}))
    store.commit(Batch({}, b"", delivered={"outcomes": 0}))
    assert store.outbox("outcomes") == Outbox(2, b"2\n")


def test_more_than_there_was_cannot_be_delivered_and_nothing_of_the_batch_is_kept(
    store: StateStore, reopen: Reopen
) -> None:
    store.commit(Batch({}, b"before", outbox={"outcomes": b"1\n"}))
    with pytest.raises(StoreError, match="5 bytes of `outcomes` cannot be delivered: there have been no more than 4"):
        store.commit(
            Batch(
                {"ada": b"1"}, b"after", outbox={"outcomes": b"2\n"}, delivered={"outcomes": 5}, note=Note(9, b"note")
            )
        )
    loaded = reopen().load()
    assert loaded is not None
    assert (loaded.core, loaded.notes, dict(loaded.users)) == (b"before", (), {})
    assert reopen().outbox("outcomes") == Outbox(0, b"1\n")


def test_a_store_goes_on_after_an_error(store: StateStore) -> None:
    with pytest.raises(StoreError):
        store.commit(Batch({}, b"", delivered={"outcomes": 1}))
    assert store.load() is None
    store.commit(Batch({"ada": b"1"}, b"core"))
    assert users_of(store) == {"ada": b"1"}


def test_users_need_not_be_gone_through(store: StateStore) -> None:
    store.commit(Batch({"ada": b"1", "bob": b"1"}, b""))
    loaded = store.load()
    assert loaded is not None
    next(loaded.users)
    store.commit(Batch({"ada": None}, b""))
    assert users_of(store) == {"bob": b"1"}


def test_a_store_in_a_file_does_nothing_after_it_is_closed(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.db")
    store.commit(Batch({"ada": b"1"}, b""))
    loaded = store.load()
    assert loaded is not None
    store.close()
    uses: list[Callable[[], object]] = [
        store.load,
        lambda: store.commit(Batch({}, b"")),
        lambda: store.outbox("outcomes"),
        lambda: list(loaded.users),
    ]
    for use in uses:
        with pytest.raises(StoreError, match=r"state.db` is closed$"):
            use()


def test_a_store_may_be_closed_twice(store: StateStore) -> None:
    store.close()
    store.close()
