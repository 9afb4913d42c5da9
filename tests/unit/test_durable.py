"""A durable engine: what is committed when, what it takes after something went wrong, and what of it is delivered."""

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.durably import DAY, PLAN, Watched, due, left, plan, purchase, users

from connrules import Batch, DurableEngine, Event, Kind, MemoryStore, StoreError
from connrules.connectors.jsonl import encode_outcomes


@pytest.fixture
def store() -> Watched:
    return Watched()


@pytest.fixture
def engine(store: Watched) -> Iterator[DurableEngine]:
    with DurableEngine(PLAN, store) as engine:
        yield engine


# what is committed


def test_a_call_is_one_commit(engine: DurableEngine, store: Watched) -> None:
    assert len(store.batches) == 1, "the plan, when it is begun"
    assert store.batches[0].plan == PLAN.to_json()

    assert engine.feed_many([purchase("a"), purchase("b", 1)], b"at 2") == []
    assert (len(store.batches), store.batches[-1].position, engine.position) == (2, b"at 2", b"at 2")
    assert set(store.batches[-1].users) == {"a", "b"}

    [outcome] = engine.advance_to(DAY)
    assert store.batches[-1].outbox == {"outcomes": encode_outcomes([outcome])}
    assert engine.lines == encode_outcomes([outcome])
    assert (store.batches[-1].users, engine.position) == ({"a": None}, b"at 2")
    assert (len(store.batches), engine.counts.events, engine.watermark, engine.next_due) == (3, 2, DAY, DAY + 1)


def test_what_changes_nothing_is_not_committed(engine: DurableEngine, store: Watched) -> None:
    engine.feed(purchase(time=5))
    before = len(store.batches)

    assert engine.feed_many([]) == engine.advance_to(5) == engine.advance_to(4) == []
    assert (len(store.batches), engine.lines) == (before, b"")

    engine.feed_many([], b"p")
    engine.advance_to(5, b"q")
    engine.commit(b"r")
    assert (len(store.batches), engine.position) == (before + 3, b"r")
    assert engine.advance_to(6) == []
    assert len(store.batches) == before + 4


def test_it_goes_on_where_it_was(store: Watched) -> None:
    with DurableEngine(PLAN, store, lateness=10) as first:
        first.feed_many([purchase("a", 7), purchase("b", 15), purchase("c", 16)], b"3")

    with DurableEngine(PLAN, store, lateness=10) as second:
        assert (second.position, second.watermark, second.counts.events) == (b"3", 6, 0)
        assert users(second.pending()) == []
        assert users(second.advance_to(DAY + 20)) == ["a", "b", "c"]
        assert second.replaced == ()


def test_a_send_that_is_fired_between_two_events_of_a_call_is_not_sent_again(store: Watched) -> None:
    with DurableEngine(PLAN, store) as engine:
        engine.feed(purchase())
        newer, late = purchase("v", 2 * DAY), purchase("w", 5)
        again = Event(user="u", type="session_start", time=2 * DAY + 1)
        assert users(engine.feed_many([newer, late, again])) == ["u"]
        assert store.batches[-1].users.keys() == {"u", "v"}

    with DurableEngine(PLAN, store) as engine:
        assert users(engine.pending()) == ["v"]
        assert users(engine.advance_to(9 * DAY)) == ["v"]


def test_a_file_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with DurableEngine.open(path, PLAN, kinds={Kind.SENT}) as engine:
        engine.feed(purchase(), b"1")
        with pytest.raises(StoreError, match="used by another"):
            DurableEngine.open(path, PLAN)
        sent = due(engine, "v")
    with DurableEngine.open(path, PLAN) as engine:
        assert ([o for _, o in engine.undelivered()], engine.position) == (sent, b"1")


def test_a_file_is_let_go_of_where_it_cannot_be_opened(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with pytest.raises(TypeError, match="whole number"):
        DurableEngine.open(path, PLAN, lateness=1.5)  # type: ignore[arg-type]
    DurableEngine.open(path, PLAN).close()


def test_rows_of_a_log_are_taken_with_lines_for_other_channels(engine: DurableEngine, store: Watched) -> None:
    lines: dict[str, bytes] = {}
    engine.feed(purchase("z", 5))

    def late(index: int, _: object) -> None:
        lines["late"] = b"%d\n" % index

    engine.take([purchase("a", 9), purchase("b", 4)], 7, late, b"p", lines)
    engine.take([], 9, late, b"q", {"rejects": b"no event\n"})

    assert (engine.outbox("late").lines, engine.outbox("rejects").lines, engine.position) == (
        b"1\n",
        b"no event\n",
        b"q",
    )
    engine.acknowledge(len(b"1\n"), "late")
    engine.commit()
    assert engine.outbox("late") == (2, b"")


# what is delivered


def test_what_is_not_acknowledged_is_undelivered(store: Watched) -> None:
    engine = DurableEngine(PLAN, store)
    assert users(due(engine, "a", "b", "c")) == ["a", "b", "c"]
    [(first, _), _, (last, _)] = engine.undelivered()
    assert (engine.mark, store.outbox("outcomes").start) == (last, 0)

    engine.acknowledge(first)
    assert left(engine) == ["b", "c"]
    assert left(DurableEngine(PLAN, store)) == ["a", "b", "c"], "it was not committed"
    engine.close()

    with DurableEngine(PLAN, store) as engine:
        assert left(engine) == ["b", "c"]
        engine.acknowledge(first)
        assert left(engine) == ["b", "c"], "acknowledged before"
        engine.acknowledge(last)
        engine.feed_many([])
        assert store.outbox("outcomes") == (last, b"")


def test_a_mark_is_where_an_outcome_ends(store: Watched) -> None:
    with DurableEngine(PLAN, store) as engine:
        due(engine, "a", "b", "c")
        marks = [mark for mark, _ in engine.undelivered()]
    with DurableEngine(PLAN, store) as engine:  # which has not read them yet
        for wrong in {1, *(mark + beside for mark in marks[:2] for beside in (-1, 1))}:
            with pytest.raises(ValueError, match=f"there is no outcome with the mark {wrong}: "):
                engine.acknowledge(wrong)
        assert left(engine) == ["a", "b", "c"]
        engine.acknowledge(marks[1])
        engine.acknowledge(marks[0])
        assert left(engine) == ["c"]
        engine.commit()
        assert left(engine) == ["c"]
        engine.acknowledge(marks[2])
        assert left(engine) == []


def test_without_a_mark_what_was_given_is_acknowledged(engine: DurableEngine) -> None:
    engine.acknowledge()
    due(engine, "a", "b")
    engine.acknowledge()
    assert left(engine) == []


def test_what_was_never_given_is_not_acknowledged_by_accident(store: Watched) -> None:
    due(DurableEngine(PLAN, store), "a")
    with DurableEngine(PLAN, store) as engine:
        engine.acknowledge()
        assert users(due(engine, "b")) == ["b"]
        with pytest.raises(ValueError, match="outcomes from before"):
            engine.acknowledge()
        assert left(engine) == ["a", "b"]
        engine.acknowledge()
        assert left(engine) == []


@pytest.mark.parametrize(("mark", "error"), [("1", TypeError), (True, TypeError), (-1, ValueError), (1, ValueError)])
def test_marks_that_there_are_not(engine: DurableEngine, mark: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="mark"):
        engine.acknowledge(mark)
    assert engine.feed(purchase()) == []


# what goes wrong


def test_an_ill_formed_event_changes_nothing(engine: DurableEngine, store: Watched) -> None:
    before = len(store.batches)
    events: list[Any] = [purchase(), Event(user="v", type="purchase", time="noon"), "event"]  # type: ignore[arg-type]
    wrongs: list[Any] = [events, events[:2], [purchase(), Event(user="\ud800", type="purchase", time=0)], iter([1])]
    for wrong in wrongs:
        with pytest.raises((TypeError, ValueError)):
            engine.feed_many(wrong)
    for time in ("noon", 1.5, 10**20):
        with pytest.raises((TypeError, ValueError)):
            engine.advance_to(time)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a position is bytes"):
        engine.feed(purchase(), "1")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a position is bytes"):
        engine.take([], 1, print, 1)  # type: ignore[arg-type]

    assert (len(store.batches), engine.counts.events, engine.pending()) == (before, 0, [])
    engine.feed(purchase())
    assert len(engine.pending()) == 1


def test_a_store_that_fails_stops_the_engine(store: Watched) -> None:
    engine = DurableEngine(PLAN, store)
    engine.feed(purchase("a"), b"1")
    store.fails = True
    with pytest.raises(StoreError, match="no room is left"):
        engine.feed(purchase("b", 1), b"2")
    store.fails = False

    calls = (engine.pending, engine.undelivered, engine.acknowledge, engine.commit, lambda: engine.feed(purchase("c")))
    for call in calls:
        with pytest.raises(StoreError, match="takes no more, since a call raised: no room is left") as refused:
            call()
        assert "open it anew" in refused.value.help
    assert engine.stopped == "the engine takes no more, since a call raised: no room is left"
    engine.close()

    with DurableEngine(PLAN, store) as engine:
        assert (engine.stopped, engine.position, users(engine.pending())) == (None, b"1", ["a"])
        engine.feed(purchase("b", 1), b"2")
        assert users(engine.pending()) == ["a", "b"]


@pytest.mark.parametrize(
    ("raises", "why"),
    [(KeyError("a"), "KeyError: 'a'"), (KeyboardInterrupt(), "KeyboardInterrupt"), (StoreError("full"), "full")],
)
def test_why_it_stopped_says_what_was_raised(store: Watched, raises: BaseException, why: str) -> None:
    def fail(_: Event) -> None:
        raise raises

    engine = DurableEngine(PLAN, store, on_late=fail)
    with pytest.raises(type(raises)):
        engine.feed_many([purchase(time=5), purchase(time=4)])
    assert engine.stopped == f"the engine takes no more, since a call raised: {why}"


@pytest.mark.parametrize("raises", [RuntimeError("no answer"), KeyboardInterrupt()])
def test_what_profiles_raise_leaves_the_store_as_it_was(store: Watched, raises: BaseException) -> None:
    class Down:
        def attributes(self, user: str) -> dict[str, object]:
            if user == "b":
                raise raises
            return {"age": 20}

    adults = plan("rule r: on purchase if user.age > 18 after 1d send X")
    engine = DurableEngine(adults, store, profiles=Down())
    with pytest.raises(type(raises)):
        engine.feed_many([purchase("a"), purchase("b", 1)], b"2")
    with pytest.raises(StoreError, match="takes no more"):
        engine.feed(purchase("c", 2))
    engine.close()

    with DurableEngine(adults, store, profiles=Down()) as engine:
        assert (engine.position, engine.watermark, engine.pending()) == (None, None, [])
        engine.feed(purchase("a"))
        assert users(engine.pending()) == ["a"]


def test_what_on_late_raises_leaves_the_store_as_it_was(store: Watched) -> None:
    def refuse(event: Event) -> None:
        raise LookupError(event.user)

    engine = DurableEngine(PLAN, store, on_late=refuse)
    engine.feed(purchase("a", 5), b"1")
    with pytest.raises(LookupError):
        engine.feed_many([purchase("b", 6), purchase("c", 4)], b"2")
    engine.close()

    late: list[Event] = []
    with DurableEngine(PLAN, store, on_late=late.append) as engine:
        engine.feed_many([purchase("b", 6), purchase("c", 4)], b"2")
        assert (users(engine.pending()), [e.user for e in late]) == (["a", "b"], ["c"])


def test_an_engine_is_not_used_by_what_it_calls(store: Watched) -> None:
    def again(_: Event) -> None:
        own.feed(purchase("d", 9))

    own = DurableEngine(PLAN, store, on_late=again)
    own.feed(purchase("a", 5))
    with pytest.raises(StoreError, match="amid a call"):
        own.feed(purchase("c", 4))


def test_closing_twice_is_no_mistake(store: Watched) -> None:
    engine = DurableEngine(PLAN, store)
    due(engine, "a")
    engine.acknowledge()
    engine.close()
    engine.close()
    assert (store.is_closed, store.outbox("outcomes").lines) == (1, b"")
    with pytest.raises(StoreError, match="closed"):
        engine.feed(purchase())


def test_the_store_is_let_go_of_though_the_last_commit_fails(store: Watched) -> None:
    engine = DurableEngine(PLAN, store)
    due(engine, "a")
    engine.acknowledge()
    store.fails = True
    with pytest.raises(StoreError, match="no room"):
        engine.close()
    assert store.is_closed == 1
    assert left(DurableEngine(PLAN, MemoryStore())) == []


def test_what_it_is_made_with_is_looked_at(store: Watched) -> None:
    with pytest.raises(TypeError, match=r"DurableEngine\.open\(path, plan\)"):
        DurableEngine(PLAN, "state.db")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"DurableEngine\.open\(path, plan\)"):
        DurableEngine.open(PLAN, "state.db")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="runs a plan"):
        DurableEngine("rules", store)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="`pin` or to `follow`"):
        DurableEngine(PLAN, store, changed="drop")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="lateness"):
        DurableEngine(PLAN, store, lateness=-1)
    assert store.load() is None


@pytest.mark.parametrize("core", [b"", b"{}", b"\xff", b"[1]"])
def test_a_state_that_cannot_be_read_is_refused(core: bytes) -> None:
    store = MemoryStore()
    store.commit(Batch({}, core, plan=PLAN.to_json()))
    with pytest.raises(StoreError, match="cannot be read"):
        DurableEngine(PLAN, store)


def test_a_state_of_a_plan_that_cannot_be_read_is_refused() -> None:
    store = MemoryStore()
    store.commit(Batch({}, b"{}", plan=b'{"version":99}'))
    with pytest.raises(StoreError, match="the plan that the state was made with cannot be read") as refused:
        DurableEngine(PLAN, store)
    assert refused.value.help


# other rules

LONGER = plan("rule r: on purchase after 2d unless session_start send X")
OTHER = plan("rule s: on purchase after 2d send X")


@pytest.mark.parametrize(("changed", "instant"), [("pin", DAY), ("follow", 2 * DAY)])
def test_a_state_is_carried_over_to_another_plan(store: Watched, changed: Any, instant: int) -> None:
    with DurableEngine(PLAN, store) as engine:
        engine.feed(purchase(), b"1")
    with DurableEngine(LONGER, store, changed=changed) as engine:
        assert [str(change.kind) for change in engine.replaced] == ["changed"]
        assert engine.advance_to(instant - 1) == []
    with DurableEngine(LONGER, store, changed=changed) as engine:
        assert (engine.replaced, engine.position) == ((), b"1")
        assert users(engine.advance_to(instant)) == ["u"]


def test_rules_are_replaced_while_it_runs(engine: DurableEngine, store: Watched) -> None:
    engine.feed(purchase())
    [dropped] = engine.replace(OTHER)
    assert (dropped.kind, dropped.reason) == (Kind.DROPPED, "rule_removed")
    assert (engine.plan, store.batches[-1].plan) == (OTHER, OTHER.to_json())
    assert [str(change.kind) for change in engine.replaced] == ["added", "removed"]
    engine.feed(purchase("v", 7))
    assert users(DurableEngine(OTHER, store).pending()) == ["v"]
    assert left(engine) == ["u"]

    for wrong, changed in ((None, "pin"), (PLAN, "drop")):
        with pytest.raises((TypeError, ValueError)):
            engine.replace(wrong, changed)  # type: ignore[arg-type]
    assert users(engine.pending()) == ["v"]


def test_what_replacing_brought_about_is_undelivered_after_opening(store: Watched) -> None:
    with DurableEngine(PLAN, store) as engine:
        engine.feed(purchase())
    with DurableEngine(OTHER, store) as engine:
        assert [o.reason for _, o in engine.undelivered()] == ["rule_removed"]
        engine.acknowledge()
    assert left(DurableEngine(OTHER, store)) == []


# threads and logs


def test_several_threads_may_use_it(tmp_path: Path) -> None:
    with DurableEngine.open(tmp_path / "state.db", PLAN) as engine:

        def work(name: str) -> None:
            for number in range(20):
                engine.feed(purchase(f"{name}{number}", 5))

        threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert engine.counts.events == len(engine.pending()) == 80
    with DurableEngine.open(tmp_path / "state.db", PLAN) as engine:
        assert len(engine.pending()) == 80


def test_it_says_what_it_does_where_somebody_listens(store: Watched, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="connrules")
    with DurableEngine(PLAN, store) as engine:
        engine.feed(purchase(), b"1")
    with DurableEngine(OTHER, store) as engine:
        store.fails = True
        with pytest.raises(StoreError):
            engine.feed(purchase("v", 1))
    said = [(record.getMessage(), record.levelname) for record in caplog.records]
    assert said == [
        ("began a state", "INFO"),
        ("went on from a state", "INFO"),
        ("replaced the rules", "INFO"),
        ("stopped amid a call", "ERROR"),
    ]
    assert vars(caplog.records[1])["position"] == b"1"
    assert vars(caplog.records[2])["rules"] == {"added": 1, "removed": 1}
    assert vars(caplog.records[3])["why"] == "no room is left"
