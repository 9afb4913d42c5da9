"""The clock on the wall as a stream of instants: so what is due goes out though no event comes."""

import time
from typing import Any

from pyflink.common import Types
from pyflink.datastream import DataStream, StreamExecutionEnvironment
from pyflink.datastream.functions import SourceFunction
from pyflink.java_gateway import get_gateway


def wall_clock(env: StreamExecutionEnvironment) -> DataStream:
    """The instant it is, in epoch milliseconds, once a second from each worker, without end; for `evaluate`.

    It is a source of Flink's own, paced by Flink: one in Python would block what it shares a process with.
    """
    generators = get_gateway().jvm.org.apache.flink.streaming.api.functions.source.datagen
    beats = generators.DataGeneratorSource(generators.RandomGenerator.longGenerator(0, 1), env.get_parallelism(), None)
    stream = env.add_source(SourceFunction(beats), "clock", Types.LONG())
    return stream.map(_now, Types.LONG()).name("clock")


def _now(_: Any) -> int:
    return time.time_ns() // 1_000_000
