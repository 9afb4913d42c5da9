"""Measures from file to file: whole processes of `connrules run`, start-up included unless a row says otherwise."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from connrules.connectors.streams import Lines
from connrules.replay.outcomes import encode_batch
from connrules.replay.stream import StreamReplay
from connrules.run.engine import Engine
from tests.benchmarks import logs, rules
from tests.benchmarks.contenders import loop, program
from tests.benchmarks.measure import DisagreementError, Figure, Job, Measure, Setting, agree, at_least, at_most
from tests.benchmarks.rounds import connrules, dearer, faster, in_turn, output_of, processes_in_turn, run

EVENTS: Final = 1_000_000
Command = Sequence[str | Path]

FILE = (
    Measure("file-json", "JSONL file to decisions file, 5 % match, against a program with json", goal=at_least(8)),
    Measure("file-orjson", "the same, against a program with orjson", goal=at_least(3)),
)
ISO = (
    Measure("iso-json", "the same with times in ISO 8601, against the program with json"),
    Measure("iso-orjson", "the same with times in ISO 8601, against the program with orjson"),
)
MANY = Measure(
    "file-rules",
    "JSONL file, 10,000 rules with `unless purchase` against one, once they are compiled",
    goal=at_most(1.3),
)
LATE = Measure(
    "file-late", "JSONL file, out of order within `--lateness 10m` against sorted without", goal=at_most(1.5)
)
JOBS_TWO = Measure("jobs-2", "JSONL file, `--jobs 2` against one process, by the clock", goal=at_least(1.7))


def from_file_to_file(measures: tuple[Measure, Measure], *, iso: bool, setting: Setting) -> dict[str, Figure]:
    """Whole programs over the same file; the files that they write are the same to the byte."""
    count = setting.events(EVENTS // 4 if iso else EVENTS)
    log = logs.write_jsonl(logs.Log(count, max(1, count // 10)), setting.folder / "log.jsonl", iso=iso)
    out = {name: setting.folder / f"{name}.out.jsonl" for name in ("connrules", "json", "orjson")}
    commands: dict[str, Command] = {
        "connrules": run_rules(rule_file(setting), log, out["connrules"]),
        **{name: [sys.executable, program.__file__, name, log, out[name]] for name in ("json", "orjson")},
    }
    same_files(commands, out)
    times = processes_in_turn(commands, setting.few)
    note = f"{count:,} lines of {log.stat().st_size / count:.0f} bytes, CPU"
    return {
        m.name: faster(times["connrules"], times[name], note, events=count)
        for m, name in zip(measures, ("json", "orjson"), strict=True)
    }


def many_rules(setting: Setting) -> dict[str, Figure]:
    """What the log costs, once rules are read, checked and compiled; start-up has rows of its own."""
    count, number = setting.events(EVENTS // 2), setting.rules(rules.MANY)
    log = logs.Log(count, max(1, count // 10))
    single = logs.write_jsonl(log, setting.folder / "one.jsonl")
    mixed = logs.write_jsonl(log._replace(campaigns=number), setting.folder / "many.jsonl")
    few, many = rules.CARTS.plan(1), rules.CARTS.plan(number)
    out = setting.folder / "out.jsonl"
    replayed(Engine(many), mixed, out)
    by_hand = loop.decide_for_many(
        logs.events(log._replace(campaigns=number)), frozenset(f"Cart {n:05}" for n in range(number))
    )
    agree({"the engine": users_and_triggers(out), "the loop": [(user, trigger) for user, _, trigger, _ in by_hand]})
    engines = {name: [Engine(plan) for _ in range(setting.rounds)] for name, plan in (("one", few), ("many", many))}
    contenders = {
        "one": lambda: replayed(engines["one"].pop(), single, out),
        "many": lambda: replayed(engines["many"].pop(), mixed, out),
    }
    times = in_turn(contenders, setting.rounds)
    return {MANY.name: dearer(times["many"], times["one"], f"{number:,} rules, {count:,} lines, CPU", events=count)}


def replayed(engine: Engine, log: Path, out: Path) -> None:
    """What `connrules run` does after it has compiled."""
    replay = StreamReplay(engine, Lines(log), on_reject=unexpected, on_late=unexpected)
    with out.open("wb") as file:
        for batch in replay.batches(None):
            file.write(encode_batch(batch, everything=False))
    replay.close()


def unexpected(*_: object) -> None:
    """No line of these logs is one to reject, or late."""
    raise DisagreementError("a line was rejected or late")


def users_and_triggers(out: Path) -> list[tuple[str, str]]:
    """What tells the decisions of a file apart, in order."""
    decided = map(json.loads, out.read_bytes().splitlines())
    return [(decision["user"], decision["trigger"]) for decision in decided]


def out_of_order(setting: Setting) -> dict[str, Figure]:
    """The same events in order and as they might arrive."""
    count = setting.events(EVENTS // 2)
    log = logs.Log(count, max(1, count // 10))
    ordered = logs.write_jsonl(log, setting.folder / "sorted.jsonl")
    mixed = logs.write_jsonl(log, setting.folder / "mixed.jsonl", late=600_000)
    out = {name: setting.folder / f"{name}.out.jsonl" for name in ("sorted", "mixed")}
    commands = {
        "sorted": run_rules(rule_file(setting), ordered, out["sorted"]),
        "mixed": [*run_rules(rule_file(setting), mixed, out["mixed"]), "--lateness", "10m"],
    }
    same_files(commands, out, order=sorted)
    times = processes_in_turn(commands, setting.rounds)
    return {LATE.name: dearer(times["mixed"], times["sorted"], f"{count:,} lines, CPU", events=count)}


def two_jobs(setting: Setting) -> dict[str, Figure]:
    """One process and two, over the same file."""
    if not run_knows("--jobs"):
        return {JOBS_TWO.name: Figure(None, "there is no `--jobs` yet")}
    count = setting.events(EVENTS)
    log = logs.write_jsonl(logs.Log(count, max(1, count // 10)), setting.folder / "log.jsonl")
    out = {name: setting.folder / f"{name}.out.jsonl" for name in ("one", "two")}
    commands = {
        "one": run_rules(rule_file(setting), log, out["one"]),
        "two": [*run_rules(rule_file(setting), log, out["two"]), "--jobs", "2"],
    }
    same_files(commands, out)
    times = processes_in_turn(commands, setting.rounds)
    return {
        JOBS_TWO.name: faster(times["two"], times["one"], f"{count:,} lines, by the clock", by="wall", events=count)
    }


def rule_file(setting: Setting) -> Path:
    """A file with the one rule."""
    path = setting.folder / "carts.conn"
    path.write_text(rules.CART_REMINDER, encoding="utf-8")
    return path


def run_rules(path: Path, log: Path, out: Path) -> list[str | Path]:
    """The command line of a run."""
    return connrules("run", path, "--events", log, "--output", out, "--quiet")


def same_files(
    commands: Mapping[str, Command], out: Mapping[str, Path], order: Callable[[list[bytes]], object] = list
) -> None:
    """Run each once, and compare what they wrote."""
    for command in commands.values():
        run(command)
    agree({name: order(path.read_bytes().splitlines()) for name, path in out.items()})


@cache
def run_knows(option: str) -> bool:
    """Whether `connrules run` has an option."""
    return option in output_of(connrules("run", "--help"))


JOBS = (
    Job("file", FILE, lambda setting: from_file_to_file(FILE, iso=False, setting=setting)),
    Job("iso", ISO, lambda setting: from_file_to_file(ISO, iso=True, setting=setting)),
    Job("file-rules", (MANY,), many_rules),
    Job("file-late", (LATE,), out_of_order),
    Job("jobs", (JOBS_TWO,), two_jobs),
)
