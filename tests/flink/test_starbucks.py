"""A public log on a real Flink, from a folder into a folder, which shall give what the engine gives.

Its times lie on a grid of six hours, so events and due instants coincide all the time.
"""

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as compute
import pyarrow.parquet as parquet
import pytest
from tests.conformance.test_starbucks import DELAYS, EXAMPLE
from tests.flink.cluster import as_lines, by_user
from tests.flink.folders import Folder
from tests.real_logs import folder_of

import connrules
from connrules.event import Kind
from connrules.flink.job import build
from connrules.flink.running import Running
from connrules.flink.settings import Settings

EVERY = 1 if os.environ.get("CONNRULES_PROFILE") == "nightly" else 20
"""Of how many users one takes part; every night, all do."""

pytestmark = pytest.mark.real_log


def test_the_log(place: Path) -> None:
    take_share(folder_of("starbucks"), place)
    subprocess.run([sys.executable, EXAMPLE / "convert.py", place, place], check=True, capture_output=True)
    catalog = connrules.load_catalog((place / "catalog.toml").read_bytes(), "catalog.toml")
    plan = connrules.compile_rules(connrules.loads(DELAYS, catalog=catalog))
    lines = (place / "events.jsonl").read_text(encoding="utf-8").splitlines()
    events = list(map(connrules.parse_event, lines))
    engine, folder = connrules.Engine(plan), Folder(place)
    outcomes = engine.feed_many(events) + engine.finish()
    middle = events[len(events) // 2].time  # the events of one instant are in one file: so they stay in order
    folder.put("1.jsonl", [line for line, event in zip(lines, events, strict=True) if event.time < middle])
    folder.put("2.jsonl", [line for line, event in zip(lines, events, strict=True) if event.time >= middle])

    job = folder.job(plan, watch=False, idle=None, tick=1)
    Running(build(job, Settings(parallelism=2).as_configuration())).result()

    assert by_user(folder.committed()) == by_user(as_lines(outcomes))
    assert Counter(outcome.kind for outcome in outcomes)[Kind.SENT] > 20_000 / EVERY


def take_share(log: Path, place: Path) -> None:
    """The events of some users of the log, and its offers."""
    events = parquet.read_table(log / "events.parquet")
    users = pa.array(events.column("user_id").unique().to_pylist()[::EVERY])
    parquet.write_table(events.filter(compute.is_in(events.column("user_id"), users)), place / "events.parquet")
    shutil.copy(log / "offers.json", place)
