"""Measures from file to file: whole processes of `connrules run`, start-up included unless a row says otherwise."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from connrules.connectors.streams import Lines
from connrules.replay.outcomes import encode_batch
from connrules.replay.stream import StreamReplay
from connrules.run.engine import Engine
from tests.benchmarks import logs, rules
from tests.benchmarks.contenders import loop, program
from tests.benchmarks.measure import DisagreementError, Figure, Job, Measure, Setting, agree, at_least, at_most
from tests.benchmarks.rounds import Times, Writer, connrules, dearer, faster, in_turn, writers_in_turn

EVENTS: Final = 750_000

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
STATE = Measure("file-state", "JSONL file, `--state` against without, 5 % match", goal=at_most(1.4))


def from_file_to_file(setting: Setting) -> dict[str, Figure]:
    """Whole programs over the same file, and the run that keeps its state, which begins with none each time."""
    count = setting.events(EVENTS)
    log = logs.write_jsonl(logs.Log(count, max(1, count // 10)), setting.folder / "log.jsonl")
    writers = programs(log, setting)
    writers["state"] = run_rules(setting, log, "state", "--state", setting.folder / "state.db")

    def forget_state(name: str) -> None:
        if name == "state":
            for path in setting.folder.glob("state.*"):
                path.unlink()

    times = writers_in_turn(writers, setting.few, before=forget_state)
    note = _note(log, count)
    state = dearer(times["state"], times["connrules"], note, events=count)
    return {**against_programs(FILE, times, note, count), STATE.name: state}


def from_iso_file(setting: Setting) -> dict[str, Figure]:
    """Whole programs over a file whose times are texts."""
    count = setting.events(EVENTS // 3)
    log = logs.write_jsonl(logs.Log(count, max(1, count // 10)), setting.folder / "log.jsonl", iso=True)
    return against_programs(ISO, writers_in_turn(programs(log, setting), setting.few), _note(log, count), count)


def programs(log: Path, setting: Setting) -> dict[str, Writer]:
    """connrules and the programs by hand; the files that they write are the same to the byte."""
    writers = {"connrules": run_rules(setting, log, "connrules")}
    for name in ("json", "orjson"):
        out = setting.folder / f"{name}.out.jsonl"
        writers[name] = Writer([sys.executable, program.__file__, name, log, out], out)
    return writers


def against_programs(
    measures: tuple[Measure, Measure], times: Mapping[str, Times], note: str, count: int
) -> dict[str, Figure]:
    """How many times as fast connrules is."""
    return {
        m.name: faster(times["connrules"], times[name], note, events=count)
        for m, name in zip(measures, ("json", "orjson"), strict=True)
    }


def _note(log: Path, count: int) -> str:
    return f"{count:,} lines of {log.stat().st_size / count:.0f} bytes, CPU"


def many_rules(setting: Setting) -> dict[str, Figure]:
    """What the log costs, once rules are read, checked and compiled; start-up has rows of its own."""
    count, number = setting.events(EVENTS * 2 // 3), setting.rules(rules.MANY)
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
    count = setting.events(EVENTS * 2 // 3)
    log = logs.Log(count, max(1, count // 10))
    ordered = logs.write_jsonl(log, setting.folder / "sorted.jsonl")
    mixed = logs.write_jsonl(log, setting.folder / "mixed.jsonl", late=600_000)
    writers = {
        "sorted": run_rules(setting, ordered, "sorted"),
        "mixed": run_rules(setting, mixed, "mixed", "--lateness", "10m"),
    }
    times = writers_in_turn(writers, setting.rounds, order=sorted)
    return {LATE.name: dearer(times["mixed"], times["sorted"], f"{count:,} lines, CPU", events=count)}


def two_jobs(setting: Setting) -> dict[str, Figure]:
    """One process and two, over the same file."""
    count = setting.events(EVENTS)
    log = logs.write_jsonl(logs.Log(count, max(1, count // 10)), setting.folder / "log.jsonl")
    writers = {"one": run_rules(setting, log, "one"), "two": run_rules(setting, log, "two", "--jobs", "2")}
    times = writers_in_turn(writers, setting.rounds)
    return {
        JOBS_TWO.name: faster(times["two"], times["one"], f"{count:,} lines, by the clock", by="wall", events=count)
    }


def rule_file(setting: Setting) -> Path:
    """A file with the one rule."""
    path = setting.folder / "carts.conn"
    path.write_text(rules.CART_REMINDER, encoding="utf-8")
    return path


def run_rules(setting: Setting, log: Path, name: str, *options: str | Path) -> Writer:
    """A run of the one rule, which writes a file of that name."""
    out = setting.folder / f"{name}.out.jsonl"
    return Writer(connrules("run", rule_file(setting), "--events", log, "--output", out, "--quiet", *options), out)


JOBS = (
    Job("file", (STATE, *FILE), from_file_to_file),
    Job("iso", ISO, from_iso_file),
    Job("file-rules", (MANY,), many_rules),
    Job("file-late", (LATE,), out_of_order),
    Job("jobs", (JOBS_TWO,), two_jobs),
)
