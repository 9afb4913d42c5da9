"""Who runs the rule over the same log, what that takes, and whether all decide the same."""

import json
import os
import resource
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple

import connrules
from tests.benchmarks.cluster.log import DELAY, RULE, write_log

Pairs = set[tuple[str, str]]
"""Who is sent something, and the event that it follows."""
Side = Literal["engine", "thread", "blocks", "process", "interval_join", "match_recognize"]


class Race(NamedTuple):
    """One contender over logs of two lengths."""

    title: str
    side: Side
    parallelism: int
    relevant: float
    """The share of events that the rule speaks of."""
    short: int
    long: int

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        return f"{self.side}-{self.parallelism}-{self.relevant:.0%}".removesuffix("%")


class Pace(NamedTuple):
    """How fast it was."""

    race: Race
    start: float
    """Seconds."""
    clock: float
    """Seconds an event, once it runs."""
    cpu: float
    """Seconds of processor time an event."""
    same: bool
    """Whether it decided as the engine does."""


_ROUNDS: Final = 3
"""How often the engine runs over a log, to take the shortest: it is done in less than a second."""
_FEW: Final = (0.05, 30_000, 300_000)
_ALL: Final = (1.0, 10_000, 50_000)
RACES: Final = (
    Race("`connrules run`, no Flink", "engine", 1, *_FEW),
    Race("the job, thread mode", "thread", 1, *_FEW),
    Race("the job, thread mode", "thread", 2, *_FEW),
    Race("the same, 100 lines an element", "blocks", 1, *_FEW),
    Race("the job, process mode", "process", 1, *_FEW),
    Race("Flink SQL, interval join", "interval_join", 1, *_FEW),
    Race("Flink SQL, interval join", "interval_join", 2, *_FEW),
    Race("Flink SQL, MATCH_RECOGNIZE", "match_recognize", 1, *_FEW),
    Race("`connrules run`, no Flink", "engine", 1, *_ALL),
    Race("the job, thread mode", "thread", 1, *_ALL),
    Race("Flink SQL, interval join", "interval_join", 1, *_ALL),
)


def race(race: Race, folder: Path, scale: float) -> Pace:
    """Run a contender. Raises CalledProcessError where it fails."""
    lengths = (race.short, race.long, race.short, race.long)
    logs = [_log(folder, round(events * scale), race.relevant) for events in lengths]
    outs = [folder / f"{race.name}-{number}" for number in range(len(logs))]
    took = _engine(folder, logs, outs) if race.side == "engine" else _flink(race, logs, outs)
    (first, _), one_long, (short, short_cpu), other_long = took  # Java is warm once it has run a long one
    long, long_cpu = map(min, zip(one_long, other_long, strict=True))
    more = round(race.long * scale) - round(race.short * scale)
    clock, cpu = (long - short) / more, (long_cpu - short_cpu) / more
    expected = _expected(logs[-1], race.side, _pairs(_engine_lines(folder, logs[-1])))
    return Pace(
        race, first - clock * race.short * scale, clock, cpu, _decided(race.side, logs[-1], outs[-1]) == expected
    )


def _log(folder: Path, events: int, relevant: float) -> Path:
    path = folder / f"{events}-{relevant}.jsonl"
    if not path.exists():
        write_log(path, events, relevant)
    return path


def _flink(race: Race, logs: list[Path], outs: list[Path]) -> list[tuple[float, float]]:
    task = {
        "side": race.side,
        "parallelism": race.parallelism,
        "logs": list(map(str, logs)),
        "outs": list(map(str, outs)),
        "plan": plan(),
    }
    return [(took["clock"], took["cpu"]) for took in told("runs", task)]


def told(module: str, task: Mapping[str, object]) -> list[dict[str, float]]:
    """What a process told that was given a task."""
    command = [sys.executable, "-m", f"tests.benchmarks.cluster.{module}", json.dumps(task)]
    environment = {**os.environ, "_python_worker_execution_mode": "process"}  # as on a cluster, not in the client
    run = subprocess.run(
        command, cwd=Path(__file__).parents[3], env=environment, capture_output=True, text=True, check=False
    )
    if run.returncode:
        print(run.stderr, file=sys.stderr)
        run.check_returncode()
    return [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]


def plan() -> str:
    """The plan of the rule, as it goes into a task."""
    return b64encode(connrules.compile_rules(connrules.loads(RULE)).to_json()).decode()


def _engine(folder: Path, logs: list[Path], outs: list[Path]) -> list[tuple[float, float]]:
    return [min(_engine_once(folder, *each) for _ in range(_ROUNDS)) for each in zip(logs, outs, strict=True)]


def _engine_once(folder: Path, log: Path, out: Path) -> tuple[float, float]:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    out.write_bytes(_engine_lines(folder, log))
    clock, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _engine_lines(folder: Path, log: Path) -> bytes:
    """What `connrules run` writes."""
    rules = folder / "rules.conn"
    rules.write_text(RULE, encoding="utf-8")
    command = [sys.executable, "-m", "connrules", "run", str(rules), "--events", str(log), "--quiet"]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout


def _decided(side: Side, log: Path, out: Path) -> Pairs:
    """What a contender decided, up to the instant of the last event: SQL goes on to the end of time."""
    newest = json.loads(log.read_bytes().splitlines()[-1])["time"]
    files = [out] if out.is_file() else [file for file in out.rglob("*") if file.is_file() and file.suffix != ".crc"]
    lines = b"".join(file.read_bytes() for file in files)
    if side in ("interval_join", "match_recognize"):
        lines = b"\n".join(line for line in lines.splitlines() if json.loads(line)["at"] <= newest)
    return _pairs(lines)


def _pairs(lines: bytes) -> Pairs:
    found = [(decision["user"], decision["trigger"]) for decision in map(json.loads, lines.splitlines())]
    assert len(found) == len(set(found)), "something was decided twice"
    return set(found)


def _expected(log: Path, side: Side, decided: Pairs) -> Pairs:
    """What a contender has to decide, given what the engine did: a match in SQL ends with an event only."""
    if side != "match_recognize":
        return decided
    last: dict[str, int] = {}
    times: dict[str, int] = {}
    for event in map(json.loads, log.read_bytes().splitlines()):
        last[event["user"]] = times[event["id"]] = event["time"]
    return {(user, trigger) for user, trigger in decided if last[user] >= times[trigger] + DELAY}
