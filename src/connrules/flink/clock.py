"""The clock of the wall as a stream, for input that pauses: so what is due goes out though no event comes."""

from pyflink.datastream import DataStream, StreamExecutionEnvironment


def wall_clock(env: StreamExecutionEnvironment, lateness: int = 0) -> DataStream:
    """todo"""
    raise NotImplementedError
