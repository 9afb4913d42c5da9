"""Measures over a Parquet log: the columnar engine, by the clock, for it uses all cores."""

import sys
from pathlib import Path
from typing import Final

from connrules.columnar.replay import ColumnarReplay
from connrules.plan import Plan
from connrules.replay.outcomes import encode_batch
from tests.benchmarks import logs, rules
from tests.benchmarks.contenders import loop, query
from tests.benchmarks.files import run_rules, unexpected, users_and_triggers
from tests.benchmarks.measure import Figure, Job, Measure, Setting, agree, at_least, at_most
from tests.benchmarks.rounds import Writer, dearer, faster, in_turn, writers_in_turn

EVENTS: Final = 10_000_000
EVENTS_OF_MANY: Final = 5_000_000
QUERY = Measure(
    "columnar-sql", "columnar against single-scan DuckDB SQL by hand, one rule, Parquet", goal=at_least(1.0)
)
MANY = Measure("columnar-rules", "columnar, 10,000 rules against one, once they are compiled", goal=at_most(1.3))


def columnar(setting: Setting) -> dict[str, Figure]:
    """Both measures; many rules over fewer events."""
    return {QUERY.name: against_query(setting), MANY.name: many_rules(setting)}


def against_query(setting: Setting) -> Figure:
    """Whole processes, which write the same file, to the byte."""
    count = setting.events(EVENTS)
    log = logs.write_parquet(logs.Log(count, max(1, count // 10)), setting.folder / "log.parquet")
    out = setting.folder / "sql.out.jsonl"
    writers = {
        "columnar": run_rules(setting, log, "columnar", "--engine", "columnar"),
        "sql": Writer([sys.executable, query.__file__, log, out], out),
    }
    times = writers_in_turn(writers, min(setting.rounds, 2))
    return faster(times["columnar"], times["sql"], f"{count:,} events, by the clock", by="wall", events=count)


def many_rules(setting: Setting) -> Figure:
    """What a log costs, once rules are compiled. Decisions are compared over a twentieth of it."""
    count, number = setting.events(EVENTS_OF_MANY), setting.rules(rules.MANY)
    log = logs.Log(count, max(1, count // 10))
    few, many = rules.CARTS.plan(1), rules.CARTS.plan(number)
    spread, out = log._replace(campaigns=number), setting.folder / "out.jsonl"
    part = spread._replace(events=count // 20)
    replayed(many, logs.write_parquet(part, setting.folder / "part.parquet"), out)
    by_hand = loop.decide_for_many(logs.events(part), frozenset(f"Cart {n:05}" for n in range(number)))
    agree({"columnar": users_and_triggers(out), "the loop": [(user, trigger) for user, _, trigger, _ in by_hand]})
    if not setting.rounds:
        return Figure(None, "only the decisions were compared")
    single = logs.write_parquet(log, setting.folder / "one.parquet")
    mixed = logs.write_parquet(spread, setting.folder / "many.parquet")
    ours = {"one": lambda: replayed(few, single, out), "many": lambda: replayed(many, mixed, out)}
    times = in_turn(ours, setting.rounds)
    return dearer(
        times["many"],
        times["one"],
        f"{number:,} rules, {log.events:,} events, by the clock",
        by="wall",
        events=log.events,
    )


def replayed(plan: Plan, log: Path, out: Path) -> None:
    """What `connrules run` does after it has compiled."""
    replay = ColumnarReplay(
        plan, log, everything=False, lateness=0, dedupe=0, profiles=None, on_reject=unexpected, on_late=unexpected
    )
    with out.open("wb") as file:
        for batch in replay.batches(None):
            file.write(encode_batch(batch, everything=False))
    replay.close()


JOBS = (Job("columnar", (QUERY, MANY), columnar),)
