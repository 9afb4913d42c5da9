"""Runs of the columnar backend over events that a test has in memory: written as Parquet, and read back."""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as parquet

import connrules
from connrules.columnar.replay import ColumnarReplay
from connrules.connectors.jsonl import encode_outcome
from connrules.duration import parse_instant
from connrules.event import Event, Kind, Outcome, Reason
from connrules.run.counts import Counts

TEXTS = ("user", "type", "id", "campaign", "card", "name")


@dataclass
class ColumnarRun:
    """What a run gave."""

    lines: list[bytes]
    counts: Counts
    note: str
    newest: int | None
    worst_late: int = 0
    late: list[dict[str, Any]] = field(default_factory=list)
    rejects: list[tuple[int, bytes, str]] = field(default_factory=list)


def table_of(events: Sequence[Event]) -> pa.Table:
    """Events as a table, their properties as the text of JSON."""
    texts = {name: pa.array([getattr(event, name) for event in events], pa.string()) for name in TEXTS}
    properties = [None if e.properties is None else msgspec.json.encode(e.properties).decode() for e in events]
    times = pa.array([event.time for event in events], pa.int64())
    return pa.table({**texts, "time": times, "properties": pa.array(properties, pa.string())})


def run_columnar(
    plan: connrules.Plan, log: Path, options: Mapping[str, Any], until: int | None = None, *, everything: bool = True
) -> ColumnarRun:
    """Run a plan over a log."""
    told = {"lateness": 0, "dedupe": 0, "profiles": None, **options}
    rejects: list[tuple[int, bytes, str]] = []
    late: list[dict[str, Any]] = []
    replay = ColumnarReplay(
        plan,
        log,
        everything=everything,
        on_reject=lambda number, row, why: rejects.append((number, row, why)),
        on_late=lambda line: late.append(json.loads(line)),
        **told,
    )
    lines: list[bytes] = []
    with closing(replay):
        for batch in replay.batches(until):
            lines += batch.splitlines(keepends=True) if isinstance(batch, bytes) else map(encode_outcome, batch)
    assert replay.rejected == len(rejects)
    return ColumnarRun(lines, replay.counts, replay.note, replay.newest, replay.worst_late, late, rejects)


def run_over_events(
    plan: connrules.Plan, events: Sequence[Event], options: Mapping[str, Any], until: int | None = None
) -> ColumnarRun:
    """Run a plan over events that are written as a Parquet file."""
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log.parquet"
        parquet.write_table(table_of(events), log, row_group_size=7 if len(events) < 1_000 else 50_000)
        return run_columnar(plan, log, options, until)


def lines_of(outcomes: Sequence[Outcome]) -> list[bytes]:
    """Outcomes as the lines that are written."""
    return [encode_outcome(outcome) for outcome in outcomes]


def outcomes_of_lines(lines: Sequence[bytes]) -> list[Outcome]:
    """The outcomes that lines were made of; the id of each line is that of its outcome."""
    outcomes = []
    for line in lines:
        fields = json.loads(line)
        written = fields.pop("id")
        instants = {name: _instant(fields[name]) for name in ("at", "due", "triggered_at") if name in fields}
        kind, reason = Kind(fields.pop("outcome")), fields.pop("reason", None)
        outcome = Outcome(kind=kind, reason=None if reason is None else Reason(reason), **(fields | instants))
        assert outcome.id == written
        outcomes.append(outcome)
    return outcomes


def _instant(written: str | int) -> int:
    return written if isinstance(written, int) else parse_instant(written)
