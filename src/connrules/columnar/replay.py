"""A log of columns through a plan: resolved for all users at once where the plan is plain, else by the engine."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import msgspec

from connrules.columnar import reading
from connrules.columnar.database import database, readable
from connrules.columnar.plain import Codes, spoken_of, why_not_plain
from connrules.columnar.reading import OnLate, OnReject
from connrules.columnar.relevant import event_of, log_of_rows, make_relevant, nests_deeper, rows_for_engine, tell_codes
from connrules.columnar.sources import MILLISECONDS, open_source
from connrules.event import DEEPEST, Event, Outcome, Profiles, Row
from connrules.plan import Plan
from connrules.run.counts import Counts
from connrules.run.engine import Engine
from connrules.run.needs import needs_of
from connrules.run.world import World

Rows = Iterable[Sequence[tuple[int, Row]]]
"""Rows that were decoded elsewhere, in batches, each with its number in the log."""
_KINDS: Final = {list: "a list", int: "a number", float: "a number", bool: "true or false", type(None): "null"}


class ColumnarReplay:
    """One run of a plan over a log: a Parquet file, a folder of them, a CSV file, or rows decoded elsewhere.

    `everything`: all outcomes are wanted, not only those that are sent. `lateness`, `dedupe` and `profiles` are as
    for the engine. `on_reject` is given the number of each row that is no event, the row as JSON, and why; `on_late`
    each late event as JSON. `memory`, such as `4GB`, is how much DuckDB takes before it spills to the disk.

    Raises UnreadableError where there is no such log, or DuckDB is not installed.
    """

    def __init__(  # noqa: PLR0913  # the options of a run
        self,
        plan: Plan,
        log: Path | Rows,
        *,
        everything: bool,
        lateness: int,
        dedupe: int,
        profiles: Profiles | None,
        on_reject: OnReject,
        on_late: OnLate,
        memory: str | None = None,
    ) -> None:
        self._plan = plan
        self._log = log
        self._everything = everything
        self._lateness = lateness
        self._on_reject = on_reject
        self._on_late = on_late
        self._dedupe = dedupe
        self._profiles = profiles
        self.counts = Counts.of_goals(rule.name for rule in plan.rules if rule.goal)
        self.newest: int | None = None
        """The time of the newest event."""
        self.rejected = 0
        self.like_seconds = 0
        """How many events have a time that looks like seconds."""
        self.worst_late = 0
        """How much older than the newest event, in milliseconds, the latest late one is."""
        why = "repeated events are skipped" if dedupe else why_not_plain(plan)
        self._is_plain = why is None
        self.note = "columnar engine" if why is None else f"streaming engine over the rows that matter: {why}"
        """Which engine runs, and why not the columnar one."""
        with ExitStack() as stack:
            self._con = stack.enter_context(database(memory))
            self._missing = frozenset[str]()
            if isinstance(log, Path):
                with readable(log):
                    self._source = open_source(self._con, log, needs_of(plan).properties)
                self._missing = self._source.columns.missing
            self._stack = stack.pop_all()

    def close(self) -> None:
        """Let go of the log, and of what was spilled."""
        self._stack.close()

    def reject(self, number: int, row: bytes, why: str) -> None:
        """Take note of a row that is no event: by its number, as it is, and why."""
        self.rejected += 1
        self._on_reject(number, row, why)

    def batches(self, until: int | None) -> Iterator[Sequence[Outcome] | bytes]:
        """The outcomes in the order of their instants, those pending last: as they are, or as whole lines of JSON.

        Lines are only those wanted. `until` (epoch ms): time moves on to that instant. Raises UnreadableError.
        """
        with readable(self._log if isinstance(self._log, Path) else Path("the log")):
            in_order = self._read()
            if self._is_plain:
                from connrules.columnar.plain_run import PlainRun  # noqa: PLC0415  # numpy, where there is DuckDB

                codes = self._codes()
                make_relevant(self._con, codes, in_order=in_order)
                run = PlainRun(self._con, self._plan, codes, self.counts, everything=self._everything)
                ends = [instant for instant in (self.newest, until) if instant is not None]
                if self.newest is not None:
                    yield from run.lines(max(ends))
            else:
                yield from self._by_engine(until)

    def _read(self) -> bool:
        """Read what is no event, what is late and when the log ends; whether it is in order."""
        con, clock = self._con, MILLISECONDS
        if isinstance(self._log, Path):
            clock = reading.load(con, self._source)
        else:
            log_of_rows(con, self._log)
        reading.leave_out_what_is_no_event(con, clock, self.reject)
        self.counts.events = reading.count_of(con, reading.events(con))
        self.like_seconds = reading.like_seconds(con, clock)
        self.newest = reading.newest(con, clock)
        in_order = reading.is_in_order(con, clock)
        if not in_order:
            late = reading.leave_out_what_is_late(con, self._lateness, self._on_late)
            self.counts.late, self.worst_late = late
        return in_order

    def _by_engine(self, until: int | None) -> Iterator[Sequence[Outcome]]:
        engine = Engine(self._plan, dedupe=self._dedupe, profiles=self._profiles)
        events, rejected, engine.counts.late = self.counts.events, self.rejected, self.counts.late
        self.counts = engine.counts
        codes = None if self._dedupe else self._codes()
        for rows in rows_for_engine(self._con, codes):
            # Rows without an id are known by their numbers; to the engine they follow each other.
            for first, run in _runs(self._events(rows)):
                yield engine.take(run, first, _never_late)
        self.counts.events = events - (self.rejected - rejected)
        if self.newest is not None:
            yield engine.advance_to(self.newest)
        yield engine.finish(until)

    def _codes(self) -> Codes:
        world = World(self._plan)
        codes = Codes(world, spoken_of(self._plan, world), self.counts)
        for census in reading.take_census(self._con, self._missing):
            codes.add(census)
        tell_codes(self._con, codes)
        return codes

    def _events(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[int, Event]]:
        for row in rows:
            try:
                properties = None if row[-1] is None else _properties(row[-1])
            except ValueError as error:
                self.reject(row[0], reading.as_line([row[4], *row[1:4], *row[5:], None]), str(error))
            else:
                yield row[0], event_of(row, properties)


def _properties(text: str) -> dict[str, Any]:
    """The properties of a text. Raises ValueError where it is not the JSON of an object, or nests too deep."""
    try:
        properties = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        raise ValueError("properties: they are not JSON") from None
    if not isinstance(properties, dict):
        raise ValueError(f"properties: expected an object, not {_KINDS.get(type(properties), 'text')}")
    if nests_deeper(properties, DEEPEST):
        raise ValueError(f"properties: they nest more than {DEEPEST} deep")
    return properties


def _never_late(index: int, row: Row) -> None:
    raise AssertionError(f"late events were left out, but not row {index}: {row!r}")


def _runs(events: Iterable[tuple[int, Event]]) -> Iterator[tuple[int, list[Event]]]:
    """Events whose numbers follow each other, or that have an id of their own, with the number of the first."""
    first, run = 0, list[Event]()
    for number, event in events:
        if run and event.id is None and number != first + len(run):
            yield first, run
            run = []
        if not run:
            first = number
        run.append(event)
    if run:
        yield first, run
