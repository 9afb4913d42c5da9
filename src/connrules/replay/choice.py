"""Which engine runs a log: the streaming one for lines of JSON, in one process or several, the columnar one for Parquet
and CSV.
"""

import os
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from connrules.columnar.sources import is_columnar
from connrules.connectors.rows import RowReader
from connrules.connectors.streams import Lines
from connrules.event import Kind, Profiles, Row
from connrules.files import UnreadableError
from connrules.plan import Plan
from connrules.replay.stream import OnLate, OnReject, StreamReplay
from connrules.run.engine import Engine
from connrules.run.needs import needs_of

if TYPE_CHECKING:
    from connrules.columnar.replay import ColumnarReplay, Rows
    from connrules.replay.jobs.replay import JobsReplay


class EngineChoice(StrEnum):
    """What the user asks for."""

    AUTO = "auto"
    STREAM = "stream"
    COLUMNAR = "columnar"


class Options(NamedTuple):
    """How a log is run through rules."""

    lateness: int = 0
    dedupe: int = 0
    profiles: Profiles | None = None
    everything: bool = False
    """Whether all outcomes are wanted, not only the decisions to send."""
    jobs: int | None = 1
    """How many processes run the streaming engine; None: one for each core of the machine."""


def is_for_columns(log: Path, choice: EngineChoice) -> bool:
    """Whether the columnar engine runs a log. Raises UnreadableError where the one that was asked for cannot."""
    if choice is EngineChoice.AUTO:
        return is_columnar(log)
    if choice is EngineChoice.STREAM and is_columnar(log):
        raise UnreadableError(f"{log}: the streaming engine reads lines of JSON", "run it with --engine columnar")
    return choice is EngineChoice.COLUMNAR


def stream_replay(
    plan: Plan, lines: Lines, options: Options, *, on_reject: OnReject, on_late: OnLate | None
) -> "StreamReplay | JobsReplay":
    """The run of a log through the streaming engine. Raises WorkerError where processes for it cannot be started."""
    jobs = _cores() if options.jobs is None else options.jobs
    reason = _reason_for_one(plan) if jobs > 1 else None
    if jobs > 1 and reason is None:
        return _several(plan, lines, options, jobs, on_reject, on_late)
    kinds = None if options.everything else {Kind.SENT}
    engine = Engine(plan, lateness=options.lateness, dedupe=options.dedupe, profiles=options.profiles, kinds=kinds)
    note = None if reason is None else f"one process instead of {jobs}: {reason}"
    return StreamReplay(engine, lines, on_reject=on_reject, on_late=on_late or _let_go, note=note)


def columnar_replay(
    plan: Plan, log: Path, options: Options, *, on_reject: OnReject, on_late: OnLate | None
) -> "ColumnarReplay":
    """The run of a log through the columnar engine. Raises UnreadableError where it cannot be opened."""
    if is_columnar(log):
        return _replay(plan, log, options, on_reject, on_late)
    if on_late is not None:
        raise UnreadableError(
            f"{log}: late events of lines of JSON cannot be kept as they came by the columnar engine",
            "leave out --late, or run with --engine stream",
        )
    replay: ColumnarReplay
    lines, reader = Lines(log), RowReader(needs_of(plan))

    def decoded() -> Iterator[Sequence[tuple[int, Row]]]:
        first = 1
        for block in lines.blocks():
            reading = reader.read(block, first)
            for place, why in reading.rejected:
                replay.reject(first + place, block.text(place), why)
            yield [(first + place, row) for place, row in zip(reading.places, reading.rows, strict=True)]
            first += len(block.lines)
        lines.close()

    replay = _replay(plan, decoded(), options, on_reject, None)
    return replay


def _replay(
    plan: Plan, log: "Path | Rows", options: Options, on_reject: OnReject, on_late: OnLate | None
) -> "ColumnarReplay":
    from connrules.columnar.replay import ColumnarReplay  # noqa: PLC0415  # most logs are lines of JSON

    return ColumnarReplay(
        plan,
        log,
        everything=options.everything,
        lateness=options.lateness,
        dedupe=options.dedupe,
        profiles=options.profiles,
        on_reject=on_reject,
        on_late=on_late or _let_go,
    )


def _several(  # noqa: PLR0913, PLR0917  # the options of a run
    plan: Plan, lines: Lines, options: Options, jobs: int, on_reject: OnReject, on_late: OnLate | None
) -> "JobsReplay":
    from connrules.replay.jobs.replay import JobsReplay  # noqa: PLC0415  # most runs have one process

    return JobsReplay(
        plan,
        lines,
        jobs=jobs,
        everything=options.everything,
        lateness=options.lateness,
        dedupe=options.dedupe,
        profiles=options.profiles,
        on_reject=on_reject,
        on_late=on_late,
    )


def _reason_for_one(plan: Plan) -> str | None:
    """Why the rules of a plan run in one process, however many there may be; None: they need not."""
    for rule in plan.rules:
        for trigger in rule.triggers:
            if trigger.rule is not None:
                return f"rules follow each other, as `{rule.name}` follows `{trigger.rule}`"
    return None


def _cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _let_go(line: bytes) -> None:
    """Late events that nobody wants to keep are only counted."""
