"""Measures of what a million waiting users take: memory, and the time of a full garbage collection."""

import gc
import os
import time
from pathlib import Path
from statistics import median

from connrules import Engine, Event
from tests.benchmarks import rules
from tests.benchmarks.measure import Figure, Job, Measure, Setting, agree, at_most
from tests.benchmarks.rounds import seconds

MEASURES = (
    Measure("memory", "memory per waiting user, ids of 13 and 10 characters", "B", at_most(280, "B")),
    Measure("collection", "full garbage collection while they wait", "s", at_most(0.1, "s")),
)


def a_million(setting: Setting) -> dict[str, Figure]:
    """Pages that the process holds more than before, by user, and the median of some collections.

    Ids are texts of their own, as a decoder makes them, and die with their event unless the engine keeps them.
    """
    users = setting.events(1_000_000)
    plan = rules.plan_of(rules.CART_REMINDER)
    engine = Engine(plan)
    engine.feed_many([_push(0)])
    gc.collect()
    before = resident()
    for first in range(1, users, 1_000):
        engine.feed_many([_push(number) for number in range(first, min(first + 1_000, users))])
    gc.collect()
    held = resident() - before
    taken = [_collection() for _ in range(setting.rounds)]
    agree({"waiting": len(engine.pending()), "users": users})
    if not taken:
        return {m.name: Figure(None, "only the decisions were compared") for m in MEASURES}
    note = f"{users:,} users wait"
    return {
        "memory": Figure(held / users, note, {"held": f"{held / 2**20:,.0f} MiB"}, {"bytes": [float(held)]}),
        "collection": Figure(median(taken), note, {"gc.collect()": seconds(median(taken))}, {"cpu": taken}),
    }


def resident() -> int:
    """Bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _push(number: int) -> Event:
    return Event(user=f"user-{number:08}", type="received_push", campaign="Cart 00000", time=number, id=f"e{number:09}")


def _collection() -> float:
    begun = time.process_time()
    gc.collect()
    return time.process_time() - begun


JOBS = (Job("waiting", MEASURES, a_million),)
