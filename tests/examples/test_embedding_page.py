"""What docs/embedding.md shows of state that lasts is so: its programs run, and go on where they were."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.examples.test_readme import EMBEDDING, blocks

import connrules

MINUTE = 60_000
PLAN = connrules.compile_rules(connrules.loads("on purchase after 1m unless session_start send X"))


def show(label: str, **names: Any) -> dict[str, Any]:
    """Run the program of that label, with such names around it."""
    [program] = blocks(EMBEDDING, f"python {label}")
    around: dict[str, Any] = {"connrules": connrules, "json": json, "plan": PLAN, **names}
    exec(compile(program, "embedding.md", "exec"), around)
    return around


def purchase(user: str, time: int) -> connrules.Event:
    return connrules.Event(user=user, type="purchase", time=time)


EVENTS = [purchase(str(number), number * MINUTE) for number in range(10)]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_one_user_at_a_time_does_as_shown(capsys: pytest.CaptureFixture[str]) -> None:
    states: dict[str, bytes] = {}
    alarms: dict[str, int | None] = {}
    sent: list[connrules.Outcome] = []
    clock = [0]
    names = {"states": states, "set_alarm": alarms.__setitem__, "deliver": sent.append, "now": lambda: clock[0]}
    take = show("keyed", **names)["take"]

    for user, type_ in (("ana", "purchase"), ("ben", "purchase"), ("ben", "session_start")):
        take(user, connrules.Event(user=user, type=type_, time=0, id=f"{user} {type_}"))
    assert ({*states}, alarms) == ({"ana"}, {"ana": MINUTE, "ben": None})
    clock[0] = MINUTE
    take("ana")

    assert [(outcome.user, outcome.send) for outcome in sent] == [("ana", "X")]
    assert (states, alarms["ana"]) == ({}, None)
    assert capsys.readouterr().out == ""


def test_the_durable_engine_does_as_shown() -> None:
    delivered: list[str] = []
    fails_at: set[str] = {"1", "5"}

    def deliver(outcome: connrules.Outcome) -> None:
        if outcome.user in fails_at:
            fails_at.remove(outcome.user)
            raise ConnectionError(outcome.user)
        delivered.append(outcome.user)

    def read_from(position: bytes | None) -> Iterator[tuple[list[connrules.Event], bytes]]:
        for number in range(int(position or b"0"), len(EVENTS), 2):
            yield EVENTS[number : number + 2], b"%d" % (number + 2)
        yield [], b""

    for fails in (True, True, False):
        names = {"deliver": deliver, "read_from": read_from, "now": lambda: 10 * MINUTE}
        if fails:
            with pytest.raises(ConnectionError):
                show("durable", **names)
        else:
            show("durable", **names)

    assert delivered == [str(number) for number in range(10)]


class Message:
    def __init__(self, partition: int, offset: int, value: bytes) -> None:
        self._parts = (partition, offset, value)

    def partition(self) -> int:
        return self._parts[0]

    def offset(self) -> int:
        return self._parts[1]

    def value(self) -> bytes:
        return self._parts[2]


class Broker:
    """Two partitions of ten messages, five of each at a time."""

    def __init__(self, stop: threading.Event, polls: int) -> None:
        self._stop, self._polls = stop, polls
        self._at: dict[int, int] = {}
        self.given: list[tuple[int, int]] = []

    def seek(self, topic: str, partition: int, offset: int) -> None:
        assert topic == "events"
        self._at[partition] = offset

    def consume(self, most: int, timeout: float) -> list[Message]:
        assert (most, timeout) == (500, 1.0)
        self._polls -= 1
        if not self._polls:
            self._stop.set()
        places = [(number, self._at[number] + n) for number in self._at for n in range(5)]
        places = [(number, offset) for number, offset in places if offset < 10]
        self._at = {number: min(10, at + 5) for number, at in self._at.items()}
        self.given += places
        line = '{"user":"%d/%d","type":"purchase","time":0}'
        return [Message(*place, b"nothing" if place == (1, 3) else (line % place).encode()) for place in places]


def test_offsets_are_a_position_as_shown(capsys: pytest.CaptureFixture[str]) -> None:
    given: list[tuple[int, int]] = []
    waiting: set[str] = set()
    for polls in (1, 2):
        stop = threading.Event()
        broker = Broker(stop, polls)
        with connrules.DurableEngine.open("state.db", PLAN) as engine:
            show("kafka", engine=engine, consumer=broker, partitions=[0, 1], stop=stop)
            given += broker.given
            waiting = {outcome.user for outcome in engine.pending()}
    assert sorted(given) == [(number, offset) for number in (0, 1) for offset in range(10)]
    assert waiting == {f"{number}/{offset}" for number, offset in given} - {"1/3"}
    assert "rejected: not JSON" in capsys.readouterr().out


def test_several_engines_share_the_users_as_shown(folder: Path) -> None:
    names = show("shards")
    engines, engine_of = names["engines"], names["engine_of"]
    users = [f"u{number}" for number in range(100)]
    for user in users:
        engine_of(user).feed(purchase(user, 0))
    waiting = [{outcome.user for outcome in engine.pending()} for engine in engines]
    for engine in engines:
        engine.close()
    assert all(waiting)
    assert sorted(user for some in waiting for user in some) == sorted(users)
    assert {path.name for path in folder.glob("*.db")} == {f"state-{number}.db" for number in range(4)}


def test_a_stream_does_as_shown() -> None:
    delivered: list[str] = []
    crashes = {"3"}

    async def deliver(outcome: connrules.Outcome) -> None:
        if outcome.user in crashes:
            crashes.remove(outcome.user)
            raise ConnectionError(outcome.user)
        delivered.append(outcome.user)

    async def source(position: bytes | None) -> AsyncIterator[tuple[list[connrules.Event], bytes]]:
        for number in range(int(position or b"0"), len(EVENTS), 5):
            yield EVENTS[number : number + 5], b"%d" % (number + 5)

    main = show("asyncio", deliver=deliver, source=source, now=lambda: 0)["main"]
    with pytest.raises(ConnectionError):
        asyncio.run(main())
    asyncio.run(main())
    assert delivered == [str(number) for number in range(9)]
