"""Due sends go out though no event comes."""

import json
import time
from pathlib import Path

from tests.flink.cluster import lines_of
from tests.flink.folders import Folder, running, wait_until

import connrules
from connrules.event import Event

DELAY = 1_500
RULES = f"rule r: on purchase after {DELAY // 1_000}s{DELAY % 1_000}ms unless session_start send X"
LATENESS = 500


def test_the_clock_moves_time_on(place: Path) -> None:
    """By two workers, of which one reads nothing at all."""
    folder, plan = Folder(place), connrules.compile_rules(connrules.loads(RULES))
    job = folder.job(plan, everything=False, clock=True, lateness=LATENESS)
    with running(folder, job, parallelism=2) as started:
        now = time.time_ns() // 1_000_000
        bought = [Event(user=f"u{n}", type="purchase", time=now, id=f"e{n}") for n in range(20)]
        came = [Event(user=f"u{n}", type="session_start", time=now + 1, id=f"s{n}") for n in range(10)]
        folder.put("events", lines_of([*bought, *came]))
        wait_until(lambda: len(folder.committed()) >= 10, started)
        took = time.time_ns() // 1_000_000 - now
        started.stop()

    sent = [json.loads(line) for line in folder.committed()]
    assert sorted(row["user"] for row in sent) == sorted(f"u{n}" for n in range(10, 20))
    assert took >= DELAY + LATENESS
