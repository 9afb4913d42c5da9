"""Measures of engines that keep their state in an SQLite file, each commit written through to the disk."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count as numbers
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from connrules import Engine, Kind, Outcome
from connrules.connectors.jsonl import encode_outcomes
from connrules.connectors.rows import RowReader
from connrules.connectors.streams import Lines
from connrules.durable.engine import DurableEngine
from connrules.event import Row
from connrules.plan import Plan
from connrules.run.needs import needs_of
from tests.benchmarks import logs, rules
from tests.benchmarks.decoded import decisions
from tests.benchmarks.files import unexpected
from tests.benchmarks.measure import Figure, Job, Measure, Setting, agree, at_most
from tests.benchmarks.rounds import dearer, in_turn, seconds

BATCH: Final = 5_000
LINES = Measure(
    "durable-lines",
    "durable engine, a commit every 5,000 lines, against one in memory in the same batches, 5 % match",
    goal=at_most(1.4),
)
DECODED = Measure("durable-decoded", "the same over decoded events, without reading and writing lines")
ONE = Measure("durable-one", "one event's way through a durable engine, a commit each: 99th percentile", "ms")


class Fresh:
    """Durable engines that begin with nothing, each with a file of its own."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._plan = plan
        self._files = (folder / f"state{number}.db" for number in numbers())

    def engine(self) -> DurableEngine:
        """One more."""
        return DurableEngine.open(next(self._files), self._plan, kinds={Kind.SENT})


def against_memory(setting: Setting) -> dict[str, Figure]:
    """From lines to lines, and over events that are there already."""
    count = setting.events(400_000)
    plan = rules.plan_of(rules.CART_REMINDER)
    fresh = Fresh(plan, setting.folder)
    log = logs.write_jsonl(logs.Log(count, max(1, count // 10)), setting.folder / "log.jsonl")
    note = f"{count:,} events"
    return {
        LINES.name: _lines(log, plan, fresh, setting, note),
        DECODED.name: _decoded(list(_batches(log, plan)), plan, fresh, setting, note),
    }


def _lines(log: Path, plan: Plan, fresh: Fresh, setting: Setting, note: str) -> Figure:
    out = {name: setting.folder / f"{name}.out.jsonl" for name in ("durable", "memory")}
    contenders: dict[str, Callable[[], object]] = {
        "durable": lambda: durably_replayed(fresh.engine(), log, out["durable"]),
        "memory": lambda: taken_from(Engine(plan, kinds={Kind.SENT}), log, out["memory"]),
    }
    for contender in contenders.values():
        contender()
    agree({name: path.read_bytes() for name, path in out.items()})
    times = in_turn(contenders, setting.rounds)
    return dearer(times["durable"], times["memory"], note)


def durably_replayed(engine: DurableEngine, log: Path, out: Path) -> None:
    """From lines to lines, with a state that is kept, and decisions until they are written."""
    first = 1
    with engine, out.open("wb") as file:
        for batch in _batches(log, engine.plan):
            engine.take(batch, first, unexpected, position=str(first).encode())
            file.write(engine.lines)
            engine.acknowledge()
            first += len(batch)


def taken_from(engine: Engine, log: Path, out: Path) -> None:
    """The same without a state that is kept."""
    first = 1
    with out.open("wb") as file:
        for batch in _batches(log, engine.plan):
            file.write(encode_outcomes(engine.take(batch, first, unexpected)))
            first += len(batch)


def _batches(log: Path, plan: Plan) -> Iterator[list[Row]]:
    """The rows of a log by the five thousand, read as `connrules run` reads them."""
    lines, reader, batch = Lines(log), RowReader(needs_of(plan)), list[Row]()
    for block in lines.blocks():
        batch += reader.read(block, lines.number).rows
        if len(batch) >= BATCH:
            yield batch[:BATCH]
            del batch[:BATCH]
    yield batch
    lines.close()


def _decoded(batches: Sequence[Sequence[Row]], plan: Plan, fresh: Fresh, setting: Setting, note: str) -> Figure:
    contenders: dict[str, Callable[[], list[Outcome]]] = {
        "durable": lambda: _take_durably(fresh.engine(), batches),
        "memory": lambda: _take(Engine(plan, kinds={Kind.SENT}), batches),
    }
    agree({name: contender() for name, contender in contenders.items()})
    times = in_turn(contenders, setting.rounds)
    return dearer(times["durable"], times["memory"], note, events=sum(map(len, batches)))


def _take(engine: Engine, batches: Sequence[Sequence[Row]]) -> list[Outcome]:
    return [outcome for batch in batches for outcome in engine.take(batch, 1, unexpected)]


def _take_durably(engine: DurableEngine, batches: Sequence[Sequence[Row]]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    with engine:
        for number, batch in enumerate(batches):
            outcomes += engine.take(batch, 1, unexpected, position=str(number).encode())
            engine.acknowledge()
    return outcomes


def one_by_one(setting: Setting) -> dict[str, Figure]:
    """Events that all matter, each committed before its outcomes are given; beside it what the disk takes alone."""
    count = setting.events(2_000)
    events = logs.events(logs.Log(count, max(1, count // 10), matching=1.0))
    plan = rules.plan_of(rules.CART_REMINDER)
    outcomes, taken = [], []
    with Fresh(plan, setting.folder).engine() as engine:
        for event in events:
            begun = time.perf_counter()
            outcomes += engine.feed(event)
            taken.append((time.perf_counter() - begun) * 1000)
            engine.acknowledge()
    agree({"one by one": decisions(outcomes), "in memory": decisions(Engine(plan).feed_many(events))})
    if not setting.rounds:
        return {ONE.name: Figure(None, "only the decisions were compared")}
    sides = {"half of them": seconds(median(taken) / 1000), "4 KiB to the disk alone": seconds(_sync(setting.folder))}
    return {ONE.name: Figure(quantiles(taken, n=100)[98], f"{count:,} events, by the clock", sides, {"ms": taken})}


def _sync(folder: Path) -> float:
    """The median of the seconds in which some bytes are written through to the disk."""
    taken = []
    with (folder / "sync").open("wb", buffering=0) as file:
        for _ in range(200):
            begun = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - begun)
    return median(taken)


JOBS = (Job("durable", (LINES, DECODED), against_memory), Job("durable-one", (ONE,), one_by_one))
