"""Steady load for many simulated days: memory stays as it is, and the file follows who waits, not what has been.

New users come every hour and old ones never again, so anything that is kept of each of them shows.
"""

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

import pytest

from connrules import Event, Kind, Plan, compile_rules, loads
from connrules.connectors.sqlite import users
from connrules.durable.engine import DurableEngine

HOUR: Final = 3_600_000
DAY: Final = 24 * HOUR
START: Final = 1_772_323_200_000
LATENESS, DEDUPE = 10 * 60_000, 6 * HOUR
WARM, LAST = 4, 10
"""The days at whose end it is looked how things stand: all that waits or counts has been there for its full time."""
PUSHES: Final = 14
"""In each hour, of users who have not been there before; half of them buy some hours later."""
FORGETTING = compile_rules(
    loads("""
policy:
  limit 2 per 2d
rule cart: on received_push of "A" after 1d unless purchase at most 1 per 3d
  convert on purchase within 2d
  send "B"
rule again: on received_push of "A" after 5h restarting unless purchase send "C"
rule carts: on purchase after 7h unless session_start per sku send "D"
rule thanks: on sent carts after 2h send "E"
""")
)
MOST_OF_A_USER: Final = 450
"""Bytes of the file for each user who is held: some 150 that hold, as many that are out of date, and the journal."""
AT_MOST = compile_rules(loads('rule cart: on received_push of "A" after 1d unless purchase at most 1 per 3d send "B"'))
ONCE = compile_rules(loads('rule welcome: on received_push of "A" after 1d unless purchase once send "B"'))


class Standing(NamedTuple):
    """How things stand at the end of a day."""

    memory: int
    """Bytes that Python has allocated."""
    file: int
    """The most bytes of the state file so far, without what SQLite writes beside it first (up to some four million)."""
    users: int
    waits: int


def hours(days: int) -> Iterator[list[Event]]:
    """The events of hour after hour, in the order in which they arrive, which is not that of their times."""
    chance = Random(6)
    for hour in range(days * 24):
        begin = START + hour * HOUR
        pushed = [f"user-{hour:05}-{n:03}" for n in range(PUSHES)]
        buyers = [f"user-{hour - 3:05}-{n:03}" for n in range(0, PUSHES, 2) if hour >= 3]
        events = [
            Event(user=user, type="received_push", campaign="A", time=begin + chance.randrange(HOUR), id=f"e{user}")
            for user in pushed
        ] + [
            Event(
                user=user,
                type="purchase",
                time=begin + chance.randrange(HOUR),
                id=f"p{user}",
                properties={"sku": f"s{hour}"},
            )
            for user in buyers
        ]
        events.sort(key=lambda event: event.time + chance.randrange(LATENESS))
        yield [*events, events[-1]]  # one comes twice


def run(plan: Plan, path: Path, after: Callable[[DurableEngine, list[Event]], object]) -> tuple[Standing, Standing]:
    """How things stand early and late in a run; `after` is what its consumer does after each hour."""
    standing, largest = {}, 0
    tracemalloc.start(1)
    try:
        with DurableEngine.open(path, plan, lateness=LATENESS, dedupe=DEDUPE) as engine:
            for hour, events in enumerate(hours(LAST), 1):
                engine.feed_many(events, position=b"%d" % hour)
                after(engine, events)
                largest = max(largest, path.stat().st_size)
                if hour in (WARM * 24, LAST * 24):
                    gc.collect()
                    memory, _ = tracemalloc.get_traced_memory()
                    standing[hour] = Standing(memory, largest, engine.figures.users, engine.figures.waits)
    finally:
        tracemalloc.stop()
    return standing[WARM * 24], standing[LAST * 24]


def acknowledge(engine: DurableEngine, _: list[Event]) -> None:
    """What a consumer does that has delivered everything."""
    engine.acknowledge()


def is_flat(early: int, late: int) -> bool:
    """Whether something has not grown, though more than twice as much has been."""
    return late < 1.1 * early


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the file may hold besides is a few bytes, so that these few users fill it."""
    monkeypatch.setattr(users, "_JOURNAL", 50_000)
    monkeypatch.setattr(users, "_PIECE", 50_000)


def test_memory_and_file_follow_who_waits_and_not_what_has_been(tmp_path: Path) -> None:
    early, late = run(FORGETTING, tmp_path / "state.db", acknowledge)
    assert early.waits > 250
    assert is_flat(early.users, late.users)
    assert is_flat(early.waits, late.waits)
    assert is_flat(early.memory, late.memory)
    assert late.file < MOST_OF_A_USER * late.users


def test_a_leak_is_no_longer_flat(tmp_path: Path) -> None:
    """Of two texts an event that are kept, and of outcomes that nobody acknowledges."""
    kept: list[str] = []

    def keep(_: DurableEngine, events: list[Event]) -> None:
        kept.extend(f"{event.user} {n}" for event in events for n in range(2))

    early, late = run(FORGETTING, tmp_path / "state.db", keep)
    assert is_flat(early.users, late.users)
    assert not is_flat(early.memory, late.memory)
    assert late.file > MOST_OF_A_USER * late.users


def test_once_keeps_every_user_who_got_the_message_and_no_other(tmp_path: Path) -> None:
    """As documented: an instant for each of them, for ever."""
    sent: set[str] = set()

    def deliver(engine: DurableEngine, _: list[Event]) -> None:
        sent.update(outcome.user for _, outcome in engine.undelivered() if outcome.kind is Kind.SENT)
        engine.acknowledge()

    early, late = run(ONCE, tmp_path / "state.db", deliver)
    assert late.users == late.waits + len(sent)
    assert is_flat(early.waits, late.waits)
    assert not is_flat(early.users, late.users)
    assert (late.memory - early.memory) / (late.users - early.users) < 1_000
    assert (late.file - early.file) / (late.users - early.users) < 300


@pytest.mark.parametrize(("kept_for", "left"), [(3 * DAY - 1, PUSHES // 2), (3 * DAY, 0)])
def test_at_most_keeps_a_send_as_long_as_it_counts(tmp_path: Path, kept_for: int, left: int) -> None:
    """And when nobody is held any more, little of the file is left."""
    path = tmp_path / "state.db"
    with DurableEngine.open(path, AT_MOST) as engine:
        events = [Event(user=f"u{n}", type="received_push", campaign="A", time=START) for n in range(PUSHES)]
        engine.feed_many(events)
        engine.feed_many([Event(user=f"u{n}", type="purchase", time=START + 1) for n in range(0, PUSHES, 2)])
        engine.advance_to(START + DAY)
        engine.acknowledge()
        engine.advance_to(START + DAY + kept_for)
        assert (engine.figures.users, engine.figures.waits) == (left, 0)
    with DurableEngine.open(path, AT_MOST) as engine:
        assert engine.figures.users == left
