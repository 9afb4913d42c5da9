"""Measures of what a million waiting users take: memory, the time of a full garbage collection, and snapshots."""

import gc
import os
import pickle
import time
from pathlib import Path
from statistics import median

from connrules import Engine, Event
from connrules.plan import Plan
from tests.benchmarks import rules
from tests.benchmarks.measure import Figure, Job, Measure, Setting, agree, at_most
from tests.benchmarks.rounds import dearer, makers_in_turn, seconds

MEASURES = (
    Measure("memory", "memory per waiting user, ids of 13 and 10 characters", "B", at_most(280, "B")),
    Measure("collection", "full garbage collection while they wait", "s", at_most(0.1, "s")),
    Measure(
        "snapshot", "a snapshot of a million who wait, against `pickle.dumps` of a dict of tuples", goal=at_most(0.25)
    ),
    Measure("restore", "restoring it, against `pickle.loads` of that", goal=at_most(1.0)),
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
    by_hand = {wait.user: (wait.trigger, wait.triggered_at) for wait in engine.pending()}
    agree({"waiting": len(by_hand), "users": users})
    kept = snapshots(engine, by_hand, plan, setting)
    if not taken:
        return kept | {m.name: Figure(None, "only the decisions were compared") for m in MEASURES[:2]}
    note = f"{users:,} users wait"
    return kept | {
        "memory": Figure(held / users, note, {"held": f"{held / 2**20:,.0f} MiB"}, {"bytes": [float(held)]}),
        "collection": Figure(median(taken), note, {"gc.collect()": seconds(median(taken))}, {"cpu": taken}),
    }


def snapshots(engine: Engine, by_hand: dict[str, tuple[str, int]], plan: Plan, setting: Setting) -> dict[str, Figure]:
    """All who wait as bytes, and from them again, by the engine and by pickle.

    What is pickled is what somebody would keep who writes the one rule by hand, in the form that pickle is fastest
    with: a dict of tuples (objects take longer), and nothing of timers, the watermark or whether the bytes are whole.
    """
    data, pickled = engine.snapshot(), pickle.dumps(by_hand, protocol=5)
    again = _restored(plan, data).pending()
    agree({"who waits": by_hand, "restored": {wait.user: (wait.trigger, wait.triggered_at) for wait in again}})
    agree({"pickled": by_hand, "read again": pickle.loads(pickled)})
    del again
    writing = {"connrules": engine.snapshot, "pickle": lambda: pickle.dumps(by_hand, protocol=5)}
    reading = {"connrules": lambda: _restored(plan, data), "pickle": lambda: pickle.loads(pickled)}
    rounds = min(setting.rounds, 2)  # they differ little
    note = f"{len(by_hand):,} users wait; {_size(data)} against {_size(pickled)}"
    return {
        name: dearer(times["connrules"], times["pickle"], note)
        for name, times in (
            ("snapshot", makers_in_turn(writing, rounds)),
            ("restore", makers_in_turn(reading, rounds)),
        )
    }


def _size(data: bytes) -> str:
    return f"{len(data) / 2**20:.0f} MiB"


def _restored(plan: Plan, data: bytes) -> Engine:
    engine = Engine(plan)
    engine.restore(data)
    return engine


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
