"""What users who wait take on Flink: `python -m tests.benchmarks.cluster.waiting` with a task as JSON.

For each number of users it runs a job that reads a push of each of them and does not end, looks at the newest
checkpoint and at Java's heap once all of them wait, and prints a line of JSON.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import msgspec
from pyflink.common import Configuration, Duration, Encoder, Types, WatermarkStrategy
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.datastream.connectors.file_system import FileSink, FileSource, RollingPolicy, StreamFormat
from pyflink.java_gateway import get_gateway

from connrules.flink import evaluate
from connrules.flink.running import start_java
from connrules.flink.settings import newest_checkpoint
from connrules.plan import Plan
from tests.benchmarks.cluster.log import DELAY, START

_PATIENCE: Final = 300
"""Seconds."""


class Task(msgspec.Struct, frozen=True):
    """How many users wait in each job, and where files go."""

    backend: Literal["hashmap", "rocksdb"]
    users: tuple[int, ...]
    folder: str
    plan: bytes


class Held(msgspec.Struct, frozen=True):
    """What so many users take, in bytes."""

    users: int
    checkpoint: int
    heap: int


def main() -> None:
    """Run the jobs of the task."""
    task = msgspec.json.decode(sys.argv[1], type=Task)
    start_java(Path(task.folder))
    for users in task.users:
        print(msgspec.json.encode(_measure(task, users)).decode(), flush=True)


def _measure(task: Task, users: int) -> Held:
    place = Path(task.folder) / f"{task.backend}-{users}"
    events, decisions, checkpoints = (place / name for name in ("events", "decisions", "checkpoints"))
    events.mkdir(parents=True)
    _write_pushes(events / "events.jsonl", users)
    client = _environment(task, events, decisions, checkpoints).execute_async("waiting")
    try:
        _wait_for(lambda: any(_sizes(decisions)))
        seen = newest_checkpoint(checkpoints)
        _wait_for(lambda: newest_checkpoint(checkpoints) != seen)
        newest = newest_checkpoint(checkpoints)
        assert newest is not None
        return Held(users, sum(_sizes(newest)), _heap())
    finally:
        client.cancel().result()


def _write_pushes(path: Path, users: int) -> None:
    """The first user's send is due as the last event comes: when it is written, all the others wait."""
    with path.open("w", encoding="utf-8") as out:
        for number in range(users + 1):
            time_ = START + (1_000 + number * 60_000 // users if number else 0)
            event = {"id": f"e{number:09d}", "user": f"user-{number:08d}", "type": "received_push", "time": time_}
            out.write(json.dumps({**event, "campaign": "Cart 00000"}) + "\n")
        out.write(json.dumps({"id": "last", "user": "nobody", "type": "other", "time": START + DELAY + 500}) + "\n")


def _environment(task: Task, events: Path, decisions: Path, checkpoints: Path) -> StreamExecutionEnvironment:
    settings = Configuration()
    for key, value in {
        "python.execution-mode": "thread",
        "python.executable": sys.executable,
        "restart-strategy.type": "none",
        "state.backend.type": task.backend,
        "execution.checkpointing.interval": "2 s",
        "execution.checkpointing.dir": checkpoints.as_uri(),
    }.items():
        settings.set_string(key, value)
    env = StreamExecutionEnvironment.get_execution_environment(settings)
    env.set_parallelism(1)
    text = FileSource.for_record_stream_format(StreamFormat.text_line_format(), events.as_uri())
    source = text.monitor_continuously(Duration.of_seconds(1)).build()
    lines = env.from_source(source, WatermarkStrategy.no_watermarks(), "events", Types.STRING())
    sink = FileSink.for_row_format(decisions.as_uri(), Encoder.simple_string_encoder())
    decided = evaluate(lines, Plan.from_json(task.plan), tick=1)
    decided.decisions.sink_to(sink.with_rolling_policy(RollingPolicy.on_checkpoint_rolling_policy()).build())
    return env


def _sizes(folder: Path) -> list[int]:
    return [file.stat().st_size for file in folder.rglob("*") if file.is_file() and file.name[0] != "."]


def _wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the job does not get so far")
        time.sleep(0.2)


def _heap() -> int:
    """Bytes of Java's heap that are in use."""
    java = get_gateway().jvm.java.lang
    for _ in range(3):
        java.System.gc()
    runtime = java.Runtime.getRuntime()
    return int(runtime.totalMemory() - runtime.freeMemory())


if __name__ == "__main__":
    main()
