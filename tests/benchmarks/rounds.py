"""Contenders in turn, several rounds, and what each of them took."""

import gc
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.measure import Figure, agree, ratio, written

Command = Sequence[str | Path]


class Times(NamedTuple):
    """Seconds of each round."""

    cpu: list[float]
    wall: list[float]


def in_turn(contenders: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Times]:
    """CPU and wall-clock seconds of each contender, which take turns in going first.

    What was there before is out of the garbage collector's sight, and the garbage of one is gone before the next.
    """
    gc.collect()
    gc.freeze()
    try:
        return _in_turn(list(contenders), rounds, lambda name: timed(contenders[name]))
    finally:
        gc.unfreeze()


def makers_in_turn(contenders: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Times]:
    """The same of contenders that make something large without cycles: see `timed_making`."""
    return _in_turn(list(contenders), rounds, lambda name: timed_making(contenders[name]))


def timed(contender: Callable[[], object]) -> tuple[float, float]:
    """Seconds of CPU and by the clock of one call; what it gives is garbage before the next."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    contender()
    return time.process_time() - cpu, time.perf_counter() - wall


def timed_making(maker: Callable[[], object]) -> tuple[float, float]:
    """The same without the garbage collector, whose walks would be what is timed, and before what was made goes."""
    gc.collect()
    gc.disable()
    try:
        wall, cpu = time.perf_counter(), time.process_time()
        made = maker()
        taken = time.process_time() - cpu, time.perf_counter() - wall
        del made
        return taken
    finally:
        gc.enable()


def processes_in_turn(
    commands: Mapping[str, Command], rounds: int, before: Callable[[str], object] = bool
) -> dict[str, Times]:
    """The same of whole processes, from start to end; CPU is that of all their threads and children.

    `before` is called with the name of each before it runs, and not counted.
    """

    def fresh(name: str) -> tuple[float, float]:
        before(name)
        return run(commands[name])

    return _in_turn(list(commands), rounds, fresh)


class Writer(NamedTuple):
    """A process that writes a file."""

    command: Command
    out: Path


def writers_in_turn(
    writers: Mapping[str, Writer],
    rounds: int,
    *,
    order: Callable[[list[bytes]], object] = list,
    before: Callable[[str], object] = bool,
) -> dict[str, Times]:
    """The same of processes that write files, which are compared at the end: each runs at least once."""
    times = processes_in_turn({name: writer.command for name, writer in writers.items()}, max(1, rounds), before)
    agree({name: order(writer.out.read_bytes().splitlines()) for name, writer in writers.items()})
    return times if rounds else {name: Times([], []) for name in writers}


def run(command: Command) -> tuple[float, float]:
    """Run a process: its seconds of CPU and by the clock. Raises RuntimeError with its last words where it fails."""
    before, begun = _spent(), time.perf_counter()
    output_of(command)
    wall, cpu = time.perf_counter() - begun, _spent() - before
    return cpu, wall


def output_of(command: Command) -> str:
    """What a process says. Raises as `run` does."""
    done = subprocess.run(command, check=False, capture_output=True, env=_environment())
    if done.returncode:
        words = " ".join(map(str, command))
        raise RuntimeError(f"`{words}` ends with {done.returncode}: {done.stderr.decode()[-500:]}")
    return done.stdout.decode()


def connrules(*arguments: str | Path) -> list[str | Path]:
    """A command line of connrules."""
    return [sys.executable, "-m", "connrules", *arguments]


def faster(ours: Times, theirs: Times, note: str, *, by: str = "cpu", events: int = 0) -> Figure:
    """How many times as fast ours is. With a number of events, what each side took is told per event."""
    mine, other = getattr(ours, by), getattr(theirs, by)
    return _figure(lambda: ratio(other, mine), note, events, {"connrules": mine, "other": other})


def dearer(ours: Times, plain: Times, note: str, *, by: str = "cpu", events: int = 0) -> Figure:
    """How many times the cost of the plain case; told as by `faster`."""
    mine, other = getattr(ours, by), getattr(plain, by)
    return _figure(lambda: ratio(mine, other), note, events, {"this": mine, "plain": other})


def _figure(value: Callable[[], float], note: str, events: int, samples: Mapping[str, list[float]]) -> Figure:
    if not all(samples.values()):
        return Figure(None, "only the decisions were compared")
    medians = {name: statistics.median(taken) for name, taken in samples.items()}
    sides = {name: nanoseconds(taken / events) if events else seconds(taken) for name, taken in medians.items()}
    return Figure(value(), note, sides, samples)


def nanoseconds(value: float) -> str:
    """What an event took."""
    return f"{value * 1e9:,.0f} ns an event"


def seconds(value: float) -> str:
    """A time, in the unit that suits it."""
    return written(value, "s") if value >= 1 else written(value * 1000, "ms")


def _spent() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def _in_turn(names: list[str], rounds: int, take: Callable[[str], tuple[float, float]]) -> dict[str, Times]:
    times = {name: Times([], []) for name in names}
    for number in range(rounds):
        for name in _turned(names, number):
            cpu, wall = take(name)
            times[name].cpu.append(cpu)
            times[name].wall.append(wall)
    return times


def _turned(names: list[str], number: int) -> list[str]:
    return names[::-1] if number % 2 else names


def _environment() -> dict[str, str]:
    """Modules are compiled once, as they are for a user."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
