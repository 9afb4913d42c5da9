"""A cluster in Java beside this process: plans over lines that a test has in memory, many of them in one job."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
from pyflink.common import Configuration, Types
from pyflink.datastream import DataStream, StreamExecutionEnvironment

from connrules.connectors.jsonl import encode_outcome
from connrules.event import Event, Outcome
from connrules.flink.settings import Settings
from connrules.flink.streams import Decisions

Mode = Literal["thread", "process"]
GROUPS = 8
"""Of keys: fewer than usual, so that a job is soon made."""
_OFTEN = {"pipeline.auto-watermark-interval": "1 ms"}
"""Else all of a short history has come before time moves on."""
_MANY = {"taskmanager.memory.network.min": "256mb", "taskmanager.memory.network.max": "256mb"}
"""Room for many pipelines in one job."""


class Given(NamedTuple):
    """What a plan gave, as lines."""

    decisions: list[str]
    late: list[str]
    rejected: list[str]


def environment(parallelism: int = 1, mode: Mode = "thread") -> Any:
    """Where a job is made."""
    settings = Configuration()
    for key, value in Settings(mode, parallelism, others=_OFTEN | _MANY).as_configuration().items():
        settings.set_string(key, value)
    return StreamExecutionEnvironment.get_execution_environment(settings)


def stream_of(env: StreamExecutionEnvironment, lines: Sequence[str]) -> DataStream:
    """Lines as a stream. With several workers, those of one user stay in order: one worker reads them."""
    stream = env.from_collection(lines, Types.STRING())
    return stream if env.get_parallelism() == 1 else stream.key_by(_user_of).map(_same, Types.STRING())


def gather(pipelines: Mapping[str, Decisions]) -> dict[str, Given]:
    """Run a job, and give what each of its plans gave."""
    tagged = [
        stream.map(_tagging(f"{name}\t{channel}\t"), Types.STRING())
        for name, decided in pipelines.items()
        for channel, stream in zip(Given._fields, decided, strict=True)
    ]
    given = {name: Given([], [], []) for name in pipelines}
    with tagged[0].union(*tagged[1:]).execute_and_collect() as results:
        for result in results:
            name, channel, line = result.split("\t", 2)
            getattr(given[name], channel).append(line)
    return given


def lines_of(events: Iterable[Event]) -> list[str]:
    """Events as lines, which name those without an id by their number."""
    return [
        msgspec.json.encode(msgspec.structs.replace(event, id=event.id or f"#{number}")).decode()
        for number, event in enumerate(events, start=1)
    ]


def by_user(lines: Iterable[str]) -> dict[str, list[str]]:
    """Outcomes user by user, each in order: users never affect each other, and workers do not wait for each other."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        found[json.loads(line)["user"]].append(line)
    return dict(found)


def as_lines(outcomes: Iterable[Outcome]) -> list[str]:
    """Outcomes as they are written."""
    return [encode_outcome(outcome).decode().removesuffix("\n") for outcome in outcomes]


def _tagging(tag: str) -> Any:
    return lambda line: tag + line


def _user_of(line: str) -> str:
    return str(json.loads(line)["user"])


def _same(line: str) -> str:
    return line
