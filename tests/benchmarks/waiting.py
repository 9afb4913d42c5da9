"""Measures of what a million waiting users take: memory, the time of a full garbage collection, and snapshots."""

import gc
import os
import pickle
import time
from pathlib import Path
from statistics import median

import msgspec

from connrules import Engine, Event
from connrules.plan import Plan
from tests.benchmarks import rules
from tests.benchmarks.measure import Figure, Job, Measure, Setting, agree, at_most
from tests.benchmarks.rounds import dearer, makers_in_turn, seconds

MEASURES = (
    Measure("memory", "memory per waiting user, ids of 13 and 10 characters", "B", at_most(280, "B")),
    Measure("collection", "full garbage collection while they wait", "s", at_most(0.1, "s")),
    Measure("snapshot-objects", "a snapshot of them, against `pickle.dumps` of a dict of objects", goal=at_most(0.25)),
    Measure("restore-objects", "restoring it, against `pickle.loads` of that", goal=at_most(1.0)),
    Measure("snapshot-tuples", "a snapshot, against `pickle.dumps` of a dict of tuples", goal=at_most(0.25)),
    Measure("restore-tuples", "restoring it, against `pickle.loads` of that dict", goal=at_most(1.0)),
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
    waiting = who_waits(engine)
    agree({"waiting": len(waiting), "users": users})
    kept = snapshots(engine, waiting, plan, setting)
    if not taken:
        return kept | {m.name: Figure(None, "only the decisions were compared") for m in MEASURES[:2]}
    note = f"{users:,} users wait"
    return kept | {
        "memory": Figure(held / users, note, {"held": f"{held / 2**20:,.0f} MiB"}, {"bytes": [float(held)]}),
        "collection": Figure(median(taken), note, {"gc.collect()": seconds(median(taken))}, {"cpu": taken}),
    }


class Wait(msgspec.Struct, frozen=True, gc=False):
    """A wait as an object of its own; pickle is faster with it than with a dataclass, and slower than with a tuple."""

    rule: str
    trigger: str
    since: int
    place: int


Tuples = dict[str, tuple[str, str, int, int]]


def who_waits(engine: Engine) -> Tuples:
    """What there is to keep of each user: rule, trigger, its time, and the place among those of that time."""
    return {wait.user: (wait.rule, wait.trigger, wait.triggered_at, 0) for wait in engine.pending()}


def snapshots(engine: Engine, waiting: Tuples, plan: Plan, setting: Setting) -> dict[str, Figure]:
    """All who wait as bytes, and from them again, by the engine and by pickle.

    pickle gets a dict of objects, as the engine holds them, and one of tuples, which it is fastest with; and nothing of
    timers, the watermark or whether the bytes are whole.
    """
    rounds = min(setting.rounds, 1)  # they differ little, and take long
    objects = {user: Wait(*wait) for user, wait in waiting.items()}
    data, pickled = engine.snapshot(), {"objects": _pickled(objects), "tuples": _pickled(waiting)}
    agree({"who waits": waiting, "restored": who_waits(_restored(plan, data))})
    agree({"who waits": waiting, "pickled": pickle.loads(pickled["tuples"])})
    written = makers_in_turn(
        {"snapshot": engine.snapshot, "objects": lambda: _pickled(objects), "tuples": lambda: _pickled(waiting)}, rounds
    )
    read = makers_in_turn(
        {
            "snapshot": lambda: _restored(plan, data),
            "objects": lambda: pickle.loads(pickled["objects"]),
            "tuples": lambda: pickle.loads(pickled["tuples"]),
        },
        rounds,
    )
    figures = {}
    for kind, other in pickled.items():
        note = f"{len(waiting):,} users wait; {_size(data)}, pickled {_size(other)}"
        figures[f"snapshot-{kind}"] = dearer(written["snapshot"], written[kind], note)
        figures[f"restore-{kind}"] = dearer(read["snapshot"], read[kind], note)
    return figures


def _pickled(state: object) -> bytes:
    return pickle.dumps(state, protocol=5)


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
