"""Engines over streams of asyncio: what is given when, and what becomes of it where a stream is left or stops."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

import pytest
from tests.unit.durably import DAY, PLAN, Watched, due, left, purchase, users

from connrules import Batch, DurableEngine, Engine, Event, Kind, MemoryStore, Outcome, StoreError
from connrules.run.streaming import Item


async def source(*items: Item) -> AsyncIterator[Item]:
    for item in items:
        yield item
        await asyncio.sleep(0)


@pytest.fixture
def store() -> Watched:
    return Watched()


@pytest.fixture
def engine(store: Watched) -> Iterator[DurableEngine]:
    with DurableEngine(PLAN, store) as engine:
        yield engine


# through a durable engine


def test_a_stream_gives_outcomes_and_commits_positions(engine: DurableEngine) -> None:
    async def main() -> list[str]:
        events = source(purchase("a"), ([purchase("b", 1)], b"2"), (purchase("c", 2 * DAY), b"3"), ([], b"4"))
        return [outcome.user async for outcome in engine.stream(events)]

    assert asyncio.run(main()) == ["a", "b"]
    assert (engine.position, users(engine.pending())) == (b"4", ["c"])


def test_a_stream_begins_with_what_is_undelivered(store: Watched) -> None:
    due(DurableEngine(PLAN, store), "a", "b", "c")

    async def main(engine: DurableEngine) -> None:
        async with aclosing(engine.stream(source(purchase("z", 9 * DAY)))) as outcomes:
            async for outcome in outcomes:
                engine.acknowledge()
                if outcome.user == "b":
                    break

    with DurableEngine(PLAN, store) as engine:
        asyncio.run(main(engine))
        assert left(engine) == ["c"]
    with DurableEngine(PLAN, store) as engine:
        assert left(engine) == ["c"]


def test_what_a_stream_did_not_give_is_given_by_the_next(engine: DurableEngine) -> None:
    async def some(count: int, *items: Item) -> list[str]:
        found: list[str] = []
        async with aclosing(engine.stream(source(*items))) as outcomes:
            async for outcome in outcomes:
                found.append(outcome.user)
                if len(found) == count:
                    break
        return found

    assert asyncio.run(some(1, [purchase("a"), purchase("b", 1)], purchase("z", 2 * DAY))) == ["a"]
    assert users(due(engine, "c")) == ["z", "c"]
    with pytest.raises(ValueError, match="outcomes from before"):
        engine.acknowledge()
    assert asyncio.run(some(9)) == ["b", "z", "c"]
    engine.acknowledge()
    assert left(engine) == []


def test_the_loop_goes_on_while_the_store_commits() -> None:
    class Slow(MemoryStore):
        def commit(self, batch: Batch) -> None:
            super().commit(batch)
            if batch.users:
                assert ticked.wait(10), "the loop stood still"

    ticked = threading.Event()

    async def main() -> None:
        asyncio.get_running_loop().call_later(0.05, ticked.set)
        with DurableEngine(PLAN, Slow()) as engine:
            assert [o async for o in engine.stream(source(purchase()))] == []
            assert len(engine.pending()) == 1

    asyncio.run(main())


def test_a_stream_that_is_cancelled_amid_a_commit_loses_nothing() -> None:
    committing, goes_on = threading.Event(), threading.Event()

    class Slow(MemoryStore):
        def commit(self, batch: Batch) -> None:
            if batch.outbox:
                committing.set()
                goes_on.wait(10)
            super().commit(batch)

    async def main(engine: DurableEngine) -> None:
        task = asyncio.ensure_future(anext(engine.stream(source([purchase()], (purchase("v", DAY), b"2")))))
        await asyncio.to_thread(committing.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        goes_on.set()

    with DurableEngine(PLAN, Slow()) as engine:
        asyncio.run(main(engine))
        assert (left(engine), engine.position, users(engine.pending())) == (["u"], b"2", ["v"])


def test_time_moves_on_where_something_is_due_and_nothing_comes(engine: DurableEngine) -> None:
    now = DAY - 1

    async def events() -> AsyncIterator[Event]:
        yield purchase()
        await asyncio.sleep(60)

    async def main() -> str:
        nonlocal now
        async with aclosing(engine.stream(events(), clock=lambda: now, idle=0.02)) as outcomes:
            waiting = asyncio.ensure_future(anext(outcomes))
            await asyncio.sleep(0.2)
            assert (waiting.done(), engine.watermark) == (False, 0), "nothing is due"
            now = DAY
            return (await asyncio.wait_for(waiting, 10)).user

    assert asyncio.run(main()) == "u"
    assert engine.watermark == DAY


@pytest.mark.parametrize("told", [None, 1.5, "now"])
def test_a_clock_that_tells_no_time_is_said(engine: DurableEngine, told: Any) -> None:
    async def events() -> AsyncIterator[Event]:
        yield purchase()
        await asyncio.sleep(60)

    async def main() -> None:
        async for _ in engine.stream(events(), clock=lambda: told, idle=0.01):
            pass

    with pytest.raises(TypeError, match="a time is a whole number of epoch milliseconds"):
        asyncio.run(main())


def test_a_stream_stops_where_the_store_fails(store: Watched) -> None:
    engine = DurableEngine(PLAN, store)

    async def main() -> None:
        store.fails = True
        async for _ in engine.stream(source(purchase())):
            pass

    with pytest.raises(StoreError, match="no room"):
        asyncio.run(main())
    engine.close()


# through an engine in memory


def test_a_stream_through_an_engine_is_what_the_engine_gives() -> None:
    events = [purchase(str(n), n * DAY // 3) for n in range(40)]
    expected = Engine(PLAN, lateness=5).feed_many(events)

    async def main(most: int, *items: Item) -> list[Outcome]:
        return [outcome async for outcome in Engine(PLAN, lateness=5).stream(source(*items), most=most)]

    assert asyncio.run(main(1, *events)) == expected
    assert asyncio.run(main(7, events[:9], *events[9:30], (events[30:], b""))) == expected
    assert len(expected) > 30


def test_what_a_source_raises_comes_after_what_it_gave() -> None:
    async def events() -> AsyncIterator[Event]:
        yield purchase()
        yield purchase("b", DAY)
        raise ConnectionError("lost")

    engine, found = Engine(PLAN), []

    async def main() -> None:
        async for outcome in engine.stream(events()):
            found.append(outcome.user)  # noqa: PERF401  # what came before it raises is kept

    with pytest.raises(ConnectionError, match="lost"):
        asyncio.run(main())
    assert (found, engine.counts.events) == (["u"], 2)


def test_outcomes_that_a_left_stream_did_not_give_come_next() -> None:
    engine = Engine(PLAN)

    async def main() -> str:
        async with aclosing(
            engine.stream(source([purchase("a"), purchase("b", 1)], purchase("c", 2 * DAY)))
        ) as outcomes:
            return (await anext(outcomes)).user

    assert asyncio.run(main()) == "a"
    again = Engine(PLAN)
    again.restore(engine.snapshot())
    assert users(engine.advance_to(3 * DAY)) == users(again.advance_to(3 * DAY)) == ["b", "c"]
    assert engine.counts.total(Kind.SENT) == 3


def test_leaving_a_stream_cancels_what_reads_the_source() -> None:
    ended: list[str] = []

    async def events() -> AsyncIterator[Event]:
        try:
            yield purchase()
            yield purchase("b", DAY)
            await asyncio.sleep(60)
        finally:
            ended.append("ended")

    async def main() -> None:
        async with aclosing(Engine(PLAN).stream(events())) as outcomes:
            await anext(outcomes)
        assert ended == ["ended"]
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())


def test_a_source_is_not_read_far_ahead() -> None:
    read = 0

    async def events() -> AsyncIterator[Event]:
        nonlocal read
        for number in range(1_000):
            read += 1
            yield purchase(str(number), number * DAY)

    async def main() -> None:
        async with aclosing(Engine(PLAN).stream(events(), most=10)) as outcomes:
            await anext(outcomes)
            await asyncio.sleep(0.01)
            assert read <= 20

    asyncio.run(main())


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"source": [purchase()]}, "feed_many"),
        ({"clock": 5}, "a clock is called"),
        ({"idle": "1"}, "number of seconds"),
        ({"idle": True}, "number of seconds"),
        ({"idle": 0}, "above 0"),
        ({"idle": float("nan")}, "above 0"),
        ({"most": 1.0}, "number of events"),
        ({"most": 0}, "from 1 up"),
    ],
)
def test_a_stream_is_made_with_what_makes_sense(engine: DurableEngine, wrong: dict[str, Any], words: str) -> None:
    arguments: dict[str, Any] = {"source": source()} | wrong
    for streamed in (Engine(PLAN), engine):
        with pytest.raises((TypeError, ValueError), match=words):
            streamed.stream(**arguments)


@pytest.mark.parametrize("item", ["e", (purchase(), 5), (purchase(), b"", 1), purchase, ((), b"")])
def test_a_source_gives_events(item: Any) -> None:
    async def main() -> None:
        async for _ in Engine(PLAN).stream(source(item)):
            pass

    with pytest.raises(TypeError, match="a source gives events"):
        asyncio.run(main())
