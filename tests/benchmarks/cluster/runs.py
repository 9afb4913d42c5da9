"""One contender on Flink, in a process of its own: `python -m tests.benchmarks.cluster.runs` with a task as JSON.

It runs its jobs one after the other in the same Java, and prints a line of JSON for each: what it took.
"""

import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Final, Literal

import msgspec
from pyflink.common import Configuration, Encoder, Types, WatermarkStrategy
from pyflink.datastream import DataStream, StreamExecutionEnvironment
from pyflink.datastream.connectors.file_system import FileSink, FileSource, StreamFormat
from pyflink.table import StreamTableEnvironment

from connrules.flink import evaluate
from connrules.flink.running import start_java
from connrules.plan import Plan
from tests.benchmarks.cluster.processor import tree_seconds
from tests.benchmarks.cluster.sql import QUERIES, tables

Side = Literal["thread", "blocks", "process", "interval_join", "match_recognize"]


class Task(msgspec.Struct, frozen=True):
    """What to run: a log for each job, and the folder that its decisions go to."""

    side: Side
    parallelism: int
    logs: tuple[str, ...]
    outs: tuple[str, ...]
    plan: bytes


class Took(msgspec.Struct, frozen=True):
    """What a job took."""

    clock: float
    """Seconds, as Flink counts them: from when the job was handed over to its end."""
    cpu: float
    """Seconds of processor time, of Java and all Python."""


_BLOCK: Final = 100
"""How many lines an element has, where they come in blocks."""
_COMMON: Final = {"restart-strategy.type": "none", "pipeline.object-reuse": "true"}


def main() -> None:
    """Run the jobs of the task."""
    task = msgspec.json.decode(sys.argv[1], type=Task)
    start_java(Path(task.outs[0]).parent)
    for log, out in zip(task.logs, task.outs, strict=True):
        run = _sql if task.side in QUERIES else _rules
        before = tree_seconds()
        clock = run(task, Path(log), Path(out))()
        print(msgspec.json.encode(Took(clock, tree_seconds() - before)).decode(), flush=True)


def _environment(task: Task) -> StreamExecutionEnvironment:
    settings = Configuration()
    mode = "process" if task.side == "process" else "thread"
    for key, value in {**_COMMON, "python.execution-mode": mode, "python.executable": sys.executable}.items():
        settings.set_string(key, value)
    env = StreamExecutionEnvironment.get_execution_environment(settings)
    env.set_parallelism(task.parallelism)
    return env


def _rules(task: Task, log: Path, out: Path) -> Callable[[], float]:
    env = _environment(task)
    decided = evaluate(_events(env, task, log), Plan.from_json(task.plan))
    decided.decisions.sink_to(FileSink.for_row_format(out.as_uri(), Encoder.simple_string_encoder()).build())
    return lambda: float(env.execute("rules").get_net_runtime()) / 1_000


def _events(env: StreamExecutionEnvironment, task: Task, log: Path) -> DataStream:
    if task.side == "blocks":
        lines = iter(log.read_text(encoding="utf-8").splitlines())
        blocks = list(iter(lambda: "\n".join(islice(lines, _BLOCK)), ""))
        return env.from_collection(blocks, Types.STRING())
    source = FileSource.for_record_stream_format(StreamFormat.text_line_format(), log.as_uri()).build()
    return env.from_source(source, WatermarkStrategy.no_watermarks(), "events", Types.STRING())


def _sql(task: Task, log: Path, out: Path) -> Callable[[], float]:
    env = StreamTableEnvironment.create(_environment(task))
    for statement in tables(log, out):
        env.execute_sql(statement)

    def run() -> float:
        client = env.execute_sql(QUERIES[task.side]).get_job_client()
        return float(client.get_job_execution_result().result().get_net_runtime()) / 1_000

    return run


if __name__ == "__main__":
    main()
