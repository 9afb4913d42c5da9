"""Runs lines through the adapter for a cluster as a cluster would: keys, workers, timers, watermarks; in one process.

All that lasts from one call to the next is the bytes in the cells, the timers, and how far time has got.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from connrules.event import Event, Kind, Outcome, Profiles, json_value
from connrules.flink.ending import Ending
from connrules.flink.gate import Gate, Passed, Refused
from connrules.flink.users import END, Late, Users
from connrules.plan import Plan
from connrules.run.eras import Former
from connrules.run.keyed import KeyedEngine

BEGIN = -(2**63)
"""The watermark before any."""


class Cell:
    """The state of a key."""

    def __init__(self) -> None:
        self.data: bytes | None = None

    def value(self) -> bytes | None:
        return self.data

    def update(self, value: bytes) -> None:
        assert type(value) is bytes
        self.data = value

    def clear(self) -> None:
        self.data = None


class Newest:
    """The state that an `Ending` has."""

    def __init__(self) -> None:
        self.time: int | None = None

    def value(self) -> int | None:
        return self.time

    def update(self, value: int) -> None:
        self.time = value


class Timers:
    """The event-time timers of an operator, as Flink has them: one for a key and an instant, which fires when the
    watermark reaches it; one for an instant that has passed fires at the next watermark.
    """

    def __init__(self) -> None:
        self.watermark = BEGIN
        self.pending: set[tuple[int, str]] = set()

    def of(self, key: str) -> "KeyTimers":
        return KeyTimers(self, key)

    def advance(self, watermark: int) -> Iterator[str]:
        """The keys whose timers fire, one after the other."""
        self.watermark = watermark
        while self.pending and min(self.pending)[0] <= watermark:
            timer = min(self.pending)
            self.pending.remove(timer)
            yield timer[1]


class KeyTimers:
    """The timers of a key."""

    def __init__(self, timers: Timers, key: str) -> None:
        self._timers = timers
        self._key = key

    def current_watermark(self) -> int:
        return self._timers.watermark

    def register_event_time_timer(self, timestamp: int) -> None:
        self._timers.pending.add((timestamp, self._key))

    def delete_event_time_timer(self, timestamp: int) -> None:
        self._timers.pending.discard((timestamp, self._key))


class Given(NamedTuple):
    """What a cluster gave."""

    outcomes: list[Outcome]
    late: list[str]
    refused: list[str]
    repeated: int


class Worker:
    """The users of some keys."""

    def __init__(self, engine: Callable[[], KeyedEngine], until: int | None) -> None:
        self.cells: dict[str, Cell] = {}
        self.timers = Timers()
        self.outcomes: list[Outcome] = []
        self.late: list[str] = []
        self.fired = 0
        """How many timers fired."""
        self._make, self._until = engine, until
        self._repeated = 0
        self._build()

    @property
    def repeated(self) -> int:
        return self._repeated + self._engine.repeated

    def rebuild(self) -> None:
        """The process ends; another goes on from the cells and the timers."""
        self._repeated += self._engine.repeated
        self._build()

    def take(self, passed: Passed) -> None:
        with_cell = self.cells.setdefault(passed.user, Cell())
        came = self._users.on_passed(passed, with_cell, self.timers.of(passed.user))
        if isinstance(came, Late):
            self.late.append(came.line)
        else:
            self.outcomes += came
        self._settle(passed.user)

    def advance(self, watermark: int) -> None:
        for user in self.timers.advance(watermark):
            self.fired += 1
            self.outcomes += self._users.on_timer(user, self.cells.setdefault(user, Cell()), self.timers.of(user))
            self._settle(user)

    def _build(self) -> None:
        self._engine = self._make()
        self._users = Users(self._engine, self._until)

    def _settle(self, user: str) -> None:
        """What holds after every call: one timer at a time, none that is due already, and none for nothing."""
        mine = [timestamp for timestamp, key in self.timers.pending if key == user]
        assert len(mine) <= 1
        assert all(timestamp > self.timers.watermark for timestamp in mine)
        if self.cells[user].data is None:
            del self.cells[user]
            assert not mine


class Cluster:
    """Some workers, who share the users. Time stands still but where a watermark is emitted."""

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
        workers: int = 1,
    ) -> None:
        def engine() -> KeyedEngine:
            travelled = [Former(Plan.from_json(f.plan.to_json()), f.until, f.changed) for f in formerly]
            return KeyedEngine(
                Plan.from_json(plan.to_json()),
                dedupe=dedupe,
                profiles=profiles,
                formerly=travelled,
                kinds=frozenset(Kind),
            )

        def gate() -> Gate:
            return Gate(engine(), tick)

        self._gate, self.gate = gate, gate()
        self.workers = [Worker(engine, until) for _ in range(workers)]
        self.lateness = lateness
        self.newest = BEGIN
        self._ending = Ending(tuple(map(chr, range(workers))))
        self._ticked, self._ending_timers = Newest(), Timers()
        self.refused: list[str] = []

    @property
    def cells(self) -> dict[str, bytes]:
        """The states of all users."""
        return {user: bytes(c.data or b"") for worker in self.workers for user, c in worker.cells.items()}

    @property
    def timers(self) -> set[tuple[int, str]]:
        """All timers of users."""
        return set().union(*(worker.timers.pending for worker in self.workers))

    def go_on_from(self, other: "Cluster") -> None:
        """Start with the states and timers of another cluster, as from its savepoint."""
        for worker in other.workers:
            for user, cell in worker.cells.items():
                self._worker(user).cells[user] = cell
            for timestamp, user in worker.timers.pending:
                self._worker(user).timers.pending.add((timestamp, user))
        self._ticked.time, self._ending_timers.pending = other._ticked.time, other._ending_timers.pending

    def restart(self) -> None:
        """All processes end; others go on from the cells and the timers, and know of no watermark."""
        self.gate, self.newest = self._gate(), BEGIN
        self._ending_timers.watermark = BEGIN
        for worker in self.workers:
            worker.timers.watermark = BEGIN
            worker.rebuild()

    def take(self, line: str) -> None:
        """A line comes; time does not move on."""
        for each in self.gate.look(line):
            match each:
                case Refused():
                    self.refused.append(each.line)
                case Passed(line=""):
                    self.newest = max(self.newest, each.time)
                    self._ending.on_tick(each.time, self._ticked, self._ending_timers.of(""))
                case Passed():
                    self.newest = max(self.newest, each.time)
                    self._worker(each.user).take(each)

    def emit(self) -> None:
        """The watermark moves on to what the newest record allows."""
        watermark = self.newest - self.lateness - 1
        if watermark > max(worker.timers.watermark for worker in self.workers):
            self._advance(watermark)

    def finish(self) -> Given:
        """The input is at its end."""
        self._advance(END)
        return self.given

    @property
    def given(self) -> Given:
        """What was given so far, worker by worker."""
        return Given(
            [outcome for worker in self.workers for outcome in worker.outcomes],
            [line for worker in self.workers for line in worker.late],
            self.refused,
            sum(worker.repeated for worker in self.workers),
        )

    def _advance(self, watermark: int) -> None:
        for _ in self._ending_timers.advance(watermark):
            for passed in self._ending.on_timer(self._ticked):
                self._worker(passed.user).take(passed)
        for worker in self.workers:
            worker.advance(watermark)

    def _worker(self, key: str) -> Worker:
        return self.workers[sum(map(ord, key)) % len(self.workers)]


def lines_of(events: Iterable[Event], *, named: bool = True) -> list[str]:
    """Events as lines; `named`, those without an id have their number as one. What JSON cannot hold is missing."""
    return [line_of(event, number, named=named) for number, event in enumerate(events, start=1)]


def line_of(event: Event, number: int, *, named: bool = True) -> str:
    """The line of an event; no two are the same."""
    id_ = event.id or (f"#{number}" if named else None)
    said = msgspec.structs.replace(event, id=id_, properties=json_value(event.properties))
    return msgspec.json.encode(msgspec.to_builtins(said) | {"line": number}).decode()


def spoken_of(plan: Plan, lines: Iterable[str], dedupe: int = 0) -> list[str]:
    """Those of some lines that a gate lets through: when others come late, nobody knows."""
    gate = Gate(KeyedEngine(plan, dedupe=dedupe), 1)
    return [line for line in lines if any(isinstance(each, Passed) and each.line for each in gate.look(line))]


def in_order(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Outcomes user by user, each in order, so that what several workers gave can be compared."""
    return sorted(outcomes, key=lambda outcome: outcome.user)


def run(plan: Plan, lines: Iterable[str], *, until: int | None = None, **told: Any) -> Given:
    """What lines come to where a watermark follows each of them."""
    cluster = Cluster(plan, until=until, **told)
    for line in lines:
        cluster.take(line)
        cluster.emit()
    return cluster.finish()
