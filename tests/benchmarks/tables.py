"""Measures over a Parquet log: whole processes of the columnar engine, by the clock, for it uses all cores."""

import sys
from typing import Final

from tests.benchmarks import logs
from tests.benchmarks.contenders import query
from tests.benchmarks.files import Command, less, rule_file, run_knows, run_rules, same_files
from tests.benchmarks.measure import Figure, Job, Measure, Setting, at_least, at_most
from tests.benchmarks.rounds import dearer, faster, processes_in_turn
from tests.benchmarks.rules import MANY

EVENTS: Final = 10_000_000
QUERY = Measure(
    "columnar-sql", "columnar against single-scan DuckDB SQL by hand, one rule, Parquet", goal=at_least(1.0)
)
RULES = Measure("columnar-rules", "columnar, 10,000 rules against one, less start-up", goal=at_most(1.3))


def against_query(setting: Setting) -> dict[str, Figure]:
    """Both write the same file, to the byte."""
    if not run_knows("--engine"):
        return {QUERY.name: Figure(None, "there is no columnar engine yet")}
    count = setting.events(EVENTS)
    log = logs.write_parquet(logs.Log(count, max(1, count // 10)), setting.folder / "log.parquet")
    out = {name: setting.folder / f"{name}.out.jsonl" for name in ("columnar", "sql")}
    commands: dict[str, Command] = {
        "columnar": [*run_rules(rule_file(setting, 1), log, out["columnar"]), "--engine", "columnar"],
        "sql": [sys.executable, query.__file__, log, out["sql"]],
    }
    same_files(commands, out)
    times = processes_in_turn(commands, setting.rounds)
    return {QUERY.name: faster(times["columnar"], times["sql"], f"{count:,} events, by the clock", by="wall")}


def many_rules(setting: Setting) -> dict[str, Figure]:
    """What the log alone costs: each process less the same process over an empty log. Compared with streaming."""
    if not run_knows("--engine"):
        return {RULES.name: Figure(None, "there is no columnar engine yet")}
    count, number = setting.events(EVENTS), setting.rules(MANY)
    log = logs.Log(count, max(1, count // 10))
    empty = logs.write_parquet(log._replace(events=0), setting.folder / "empty.parquet")
    commands: dict[str, Command] = {}
    for name, size in (("one", 1), ("many", number)):
        path = logs.write_parquet(log._replace(campaigns=size), setting.folder / f"{name}.parquet")
        for what, over in ((name, path), (f"{name} empty", empty)):
            run = run_rules(rule_file(setting, size), over, setting.folder / f"{what}.out.jsonl")
            commands[what] = [*run, "--engine", "columnar"]
    outs = {engine: setting.folder / f"{engine}.out.jsonl" for engine in ("many", "stream")}
    streamed = run_rules(rule_file(setting, number), setting.folder / "many.parquet", outs["stream"])
    same_files({"many": commands["many"], "stream": [*streamed, "--engine", "stream"]}, outs)
    times = processes_in_turn(commands, setting.rounds)
    one, many = (less(times[name], times[f"{name} empty"]) for name in ("one", "many"))
    return {RULES.name: dearer(many, one, f"{number:,} rules, {count:,} events, by the clock", by="wall")}


JOBS = (Job("columnar-sql", (QUERY,), against_query), Job("columnar-rules", (RULES,), many_rules))
