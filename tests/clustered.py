"""Runs lines through the adapter for a cluster as a cluster would: keys, timers and watermarks, in one process."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from connrules.connectors.jsonl import parse_event
from connrules.event import Event, Kind, Outcome, Profiles
from connrules.flink.gate import Gate, Passed, Refused
from connrules.flink.users import END, Late, Users
from connrules.plan import Plan
from connrules.run.eras import Former
from connrules.run.keyed import KeyedEngine

BEGIN = -(2**63)
"""The watermark before any."""


class Cell:
    """The state of a key."""

    def __init__(self, data: bytes | None = None) -> None:
        self.data = data

    def value(self) -> bytes | None:
        return self.data

    def update(self, value: bytes) -> None:
        self.data = value

    def clear(self) -> None:
        self.data = None


class KeyTimers:
    """The timers of a key."""

    def __init__(self, cluster: "Cluster", user: str) -> None:
        self._cluster = cluster
        self._user = user

    def current_watermark(self) -> int:
        return self._cluster.watermark

    def register_event_time_timer(self, timestamp: int) -> None:
        assert timestamp > self._cluster.watermark, "a timer that is due already would fire at once, and again"
        self._cluster.timers.add((timestamp, self._user))

    def delete_event_time_timer(self, timestamp: int) -> None:
        self._cluster.timers.discard((timestamp, self._user))


class Given(NamedTuple):
    """What a cluster gave."""

    outcomes: list[Outcome]
    late: list[str]
    refused: list[str]


class Cluster:
    """One worker. A watermark is emitted whenever `emits` says so of the number of a record; else time stands still."""

    def __init__(
        self,
        plan: Plan,
        *,
        lateness: int = 0,
        dedupe: int = 0,
        profiles: Profiles | None = None,
        formerly: Sequence[Former] = (),
        until: int | None = None,
        tick: int = 1,
    ) -> None:
        def engine() -> KeyedEngine:
            return KeyedEngine(plan, dedupe=dedupe, profiles=profiles, formerly=formerly, kinds=frozenset(Kind))

        self.engine = engine()
        self.gate, self.users = Gate(engine(), tick), Users(self.engine, until)
        self.lateness = lateness
        self.watermark = BEGIN
        self.newest = BEGIN
        self.cells: dict[str, Cell] = {}
        self.timers: set[tuple[int, str]] = set()
        self.given = Given([], [], [])
        self.fired = 0

    def take(self, line: str) -> None:
        """A line comes; time does not move on."""
        for each in self.gate.look(line):
            match each:
                case Refused():
                    self.given.refused.append(each.line)
                case Passed():
                    self.newest = max(self.newest, each.time)
                    if each.line:
                        self._on_passed(each)

    def emit(self) -> None:
        """The watermark moves on to what the newest record allows."""
        if self.newest > BEGIN:
            self._advance(max(self.watermark, self.newest - self.lateness - 1))

    def finish(self) -> Given:
        """The input is at its end."""
        if self.newest > BEGIN:
            self.users.on_passed(Passed("", self.newest, ""), Cell(), KeyTimers(self, ""))
        self._advance(END)
        return self.given

    def _on_passed(self, passed: Passed) -> None:
        cell = self.cells.setdefault(passed.user, Cell())
        came = self.users.on_passed(passed, cell, KeyTimers(self, passed.user))
        if isinstance(came, Late):
            self.given.late.append(came.line)
        else:
            self.given.outcomes.extend(came)
        self._forget(passed.user)

    def _advance(self, watermark: int) -> None:
        self.watermark = watermark
        while self.timers and min(self.timers)[0] <= watermark:
            timer = min(self.timers)
            self.timers.remove(timer)
            self.fired += 1
            _, user = timer
            cell = self.cells.setdefault(user, Cell())
            self.given.outcomes.extend(self.users.on_timer(user, cell, KeyTimers(self, user)))
            self._forget(user)

    def _forget(self, user: str) -> None:
        if self.cells[user].data is None:
            del self.cells[user]


def lines_of(events: Iterable[Event]) -> Iterator[str]:
    """Events as lines, which name those without an id by their number."""
    for number, event in enumerate(events, start=1):
        yield msgspec.json.encode(msgspec.structs.replace(event, id=event.id or f"#{number}")).decode()


def event_of(line: str) -> Event:
    """The event of such a line, as it was."""
    event = parse_event(line)
    return msgspec.structs.replace(event, id=None) if event.id and event.id.startswith("#") else event


def in_order(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Outcomes user by user, each in order, so that what several workers gave can be compared."""
    return sorted(outcomes, key=lambda outcome: (outcome.user, outcome.kind is Kind.PENDING))


def run(plan: Plan, events: Iterable[Event], *, until: int | None = None, **told: Any) -> Given:
    """What events come to where a watermark follows each of them."""
    cluster = Cluster(plan, until=until, **told)
    for line in lines_of(events):
        cluster.take(line)
        cluster.emit()
    return cluster.finish()
