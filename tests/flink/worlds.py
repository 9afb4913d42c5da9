"""Many plans over many histories as one: each in a world of its own, which is named before the names of its users.

A pipeline of Flink costs more to make and to start than a short history to run. So worlds share one: its gate, keys,
timers, watermarks and state. Only what decides is told them apart, and that the time of a world stops at its own end,
while that of others goes on: what is due after the end is due at the end of the input, and pending then.

Workers load this module.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from connrules.event import Event, Kind, Outcome, Row, as_event
from connrules.plan import Plan
from connrules.run.keyed import KeyedEngine, Turn
from connrules.run.needs import Needs
from connrules.run.sieve import Unknown

_AFTER_ALL: Final = 2**62
"""An instant after the end of every world (epoch ms)."""


class Known(dict[str, Mapping[str, Any]]):
    """Profiles: what a host knows of users."""

    def attributes(self, user: str) -> Mapping[str, Any]:
        """What it knows of one."""
        return self.get(user, {})


class World(msgspec.Struct, frozen=True):
    """A plan, and the time in which it is run."""

    plan: bytes
    """JSON."""
    end: int
    """The instant (epoch ms) up to which time moves on."""
    dedupe: int = 0
    known: Mapping[str, Mapping[str, Any]] = {}


class Worlds(msgspec.Struct, frozen=True):
    """Stands in a job where what one engine is made of would."""

    worlds: tuple[World, ...]

    def engine(self) -> Any:
        """An engine for all of them."""
        return _Engines(self.worlds)


def named(number: int, user: str) -> str:
    """A user of a world."""
    return f"{number} {user}"


def told_apart(histories: Sequence[Iterable[Event]]) -> list[Event]:
    """The events of worlds in one stream: none comes later there than it does in its own."""
    arrivals = [
        (arrival, msgspec.structs.replace(event, user=named(number, event.user)))
        for number, history in enumerate(histories)
        for arrival, event in _arrivals(history)
    ]
    return [event for _, event in sorted(arrivals, key=lambda pair: pair[0])]


def outcomes_told_apart(number: int, outcomes: Iterable[Outcome]) -> list[Outcome]:
    """The outcomes of a world, as the stream of all has them."""
    return [msgspec.structs.replace(outcome, user=named(number, outcome.user)) for outcome in outcomes]


def by_world(lines: Iterable[str]) -> dict[int, list[str]]:
    """Lines of outcomes, by the worlds that they are of."""
    found: dict[int, list[str]] = defaultdict(list)
    for line in lines:
        found[_split(json.loads(line)["user"])[0]].append(line)
    return dict(found)


def _arrivals(history: Iterable[Event]) -> Iterable[tuple[int, Event]]:
    newest: int | None = None
    for event in history:
        newest = event.time if newest is None else max(newest, event.time)
        yield newest, event


class _Engines:
    """Does what a `KeyedEngine` does, with the one of the world that a user is of."""

    def __init__(self, worlds: Iterable[World]) -> None:
        self._worlds = [
            (
                KeyedEngine(
                    Plan.from_json(world.plan),
                    dedupe=world.dedupe,
                    profiles=Known(world.known),
                    kinds=frozenset(Kind),
                ),
                world.end,
            )
            for world in worlds
        ]

    @property
    def needs(self) -> Needs:
        needs = [engine.needs for engine, _ in self._worlds]
        return Needs(types=frozenset[str]().union(*(each.types for each in needs)), properties=None)

    def lets_through(self, row: Row, unknown: Unknown) -> bool:
        number, user = _split(row.user)
        return self._worlds[number][0].lets_through(_of(row, user), unknown)

    def turn(
        self,
        user: str,
        state: bytes | None,
        now: int,
        event: Row | None = None,
        *,
        known_as: str | None = None,
        ends: bool = False,
    ) -> Turn:
        number, name = _split(user)
        engine, end = self._worlds[number]
        row = None if event is None else _of(event, name)
        turn = engine.turn(name, state, min(now, end), row, known_as=known_as, ends=ends)
        outcomes = outcomes_told_apart(number, turn.outcomes)
        return turn._replace(outcomes=outcomes, next=_within(turn.next, end), was=_within(turn.was, end))


def _split(user: str) -> tuple[int, str]:
    number, _, name = user.partition(" ")
    return int(number), name


def _of(row: Row, user: str) -> Event:
    return msgspec.structs.replace(as_event(row), user=user)


def _within(instant: int | None, end: int) -> int | None:
    """An instant of a world; what lies after its end is after all."""
    return instant if instant is None or instant <= end else _AFTER_ALL
