"""A ready job on Flink: files of events go in, files of decisions come out.

Files are lines of JSON. Those that are in the folder when a bounded job begins are read in the order of their paths;
what a job has written is whole as of each checkpoint, and each decision is in it once.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from pyflink.common import Configuration, Duration, Encoder, Types, WatermarkStrategy
from pyflink.datastream import DataStream, StreamExecutionEnvironment
from pyflink.datastream.connectors import Source
from pyflink.datastream.connectors.file_system import (
    BucketAssigner,
    FileSink,
    FileSource,
    OutputFileConfig,
    RollingPolicy,
    StreamFormat,
)
from pyflink.datastream.connectors.hybrid_source import HybridSource
from pyflink.java_gateway import get_gateway

from connrules.event import Profiles
from connrules.flink.clock import wall_clock
from connrules.flink.failures import FlinkError
from connrules.flink.streams import MAX_PARALLELISM, evaluate
from connrules.plan import Plan
from connrules.run.eras import Former

_LOOK: Final = 1
"""Seconds from one look at a folder that is watched to the next."""


class Job(NamedTuple):
    """What is read, decided and written. Places are folders, or files, of any file system that Flink knows, as URIs."""

    plan: Plan
    source: str
    sink: str
    late: str | None = None
    rejected: str | None = None
    everything: bool = False
    """Whether all outcomes are written, not the decisions to send alone."""
    lateness: int = 0
    """Milliseconds."""
    dedupe: int = 0
    """Milliseconds."""
    profiles: Profiles | None = None
    until: int | None = None
    """Epoch ms."""
    formerly: Sequence[Former] = ()
    tick: int = 1_000
    """Milliseconds of event time."""
    watch: bool = False
    """Whether the folder is watched for files that are put into it, without end."""
    idle: float | None = None
    """Seconds."""
    clock: bool = False
    """Whether time moves on by the clock where no event comes."""
    max_parallelism: int = MAX_PARALLELISM


def build(job: Job, configuration: Mapping[str, str]) -> StreamExecutionEnvironment:
    """The job, ready to be executed. Raises PlanError and ValueError as `evaluate` does."""
    env = _environment(configuration)
    decided = evaluate(
        _lines(env, job),
        job.plan,
        lateness=job.lateness,
        dedupe=job.dedupe,
        profiles=job.profiles,
        everything=job.everything,
        until=job.until,
        formerly=job.formerly,
        idle=job.idle,
        clock=wall_clock(env) if job.clock else None,
        tick=job.tick,
        max_parallelism=job.max_parallelism,
    )
    _write(decided.decisions, job.sink, "decisions", by_hour=job.watch)
    if job.late is not None:
        _write(decided.late, job.late, "late", by_hour=job.watch)
    if job.rejected is not None:
        _write(decided.rejected, job.rejected, "rejected", by_hour=job.watch)
    return env


def _environment(configuration: Mapping[str, str]) -> StreamExecutionEnvironment:
    settings = Configuration()
    for key, value in configuration.items():
        settings.set_string(key, value)
    if configuration.get("execution.target") != "remote":
        return StreamExecutionEnvironment.get_execution_environment(settings)
    # That would be one that runs here, whatever the target is. No jar goes along: in thread mode, a class loader of the
    # job could load the library that runs Python once, and never again in the life of a worker.
    return StreamExecutionEnvironment(get_gateway().jvm.StreamExecutionEnvironment(settings._j_configuration))


def _lines(env: StreamExecutionEnvironment, job: Job) -> DataStream:
    """The lines of the files, read by one worker alone: where one was ahead of another, events would come too late."""
    source = _watched(job.source) if job.watch else _one_after_the_other(_files(job.source))
    stream = env.from_source(source, WatermarkStrategy.no_watermarks(), "events", Types.STRING())
    return stream.set_parallelism(1).uid("connrules-events")


def _watched(folder: str) -> Source:
    text = StreamFormat.text_line_format()
    return FileSource.for_record_stream_format(text, folder).monitor_continuously(Duration.of_seconds(_LOOK)).build()


def _one_after_the_other(files: Sequence[str]) -> Source:
    """A source for each file: one of several files would read them in no order, and so a day before the day before."""
    text = StreamFormat.text_line_format()
    first, *others = [FileSource.for_record_stream_format(text, file).build() for file in files]
    chain = HybridSource.builder(first)
    for source in others:
        chain = chain.add_source(source)
    return chain.build()


def _files(place: str) -> list[str]:
    """The files in a folder and the folders in it, in the order of their paths, as Flink's own file system sees it;
    hidden ones, which begin with `.` or `_`, are left out. Raises FlinkError where there are none.
    """
    jvm = get_gateway().jvm
    path = jvm.org.apache.flink.core.fs.Path(place)
    system = path.getFileSystem()
    found: list[str] = []
    left = [system.getFileStatus(path)]
    while left:
        status = left.pop()
        if not status.isDir():
            found.append(status.getPath().toString())
            continue
        left += (each for each in system.listStatus(status.getPath()) if each.getPath().getName()[0] not in "._")
    if not found:
        raise FlinkError(f"{place}: there is no file in it", "put files of events into it, one event a line")
    return sorted(found)


def _write(lines: DataStream, place: str, name: str, *, by_hour: bool) -> None:
    """Write lines to files of a folder, begun anew with each checkpoint."""
    names = OutputFileConfig.builder().with_part_prefix(name).with_part_suffix(".jsonl").build()
    folders = BucketAssigner.date_time_bucket_assigner("yyyy-MM-dd--HH", "UTC") if by_hour else None
    sink = (
        FileSink.for_row_format(place, Encoder.simple_string_encoder())
        .with_bucket_assigner(folders or BucketAssigner.base_path_bucket_assigner())
        .with_rolling_policy(RollingPolicy.on_checkpoint_rolling_policy())
        .with_output_file_config(names)
        .build()
    )
    lines.sink_to(sink).name(name).uid(f"connrules-{name}")
