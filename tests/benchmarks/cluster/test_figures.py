"""What of the benchmark on Flink needs no Flink: its log, and the arithmetic of the plan on paper."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.benchmarks.cluster.contenders import RACES, Pace
from tests.benchmarks.cluster.log import START, write_log
from tests.benchmarks.cluster.paper import plan_on_paper
from tests.benchmarks.cluster.sizes import Size, value_of_waiting
from tests.benchmarks.cluster.tables import BEGIN, END, PAPER_BEGIN, PAPER_END
from tests.benchmarks.table import write_into

PAGE = Path(__file__).parents[3] / "docs" / "cluster.md"


@pytest.mark.parametrize("relevant", [0.05, 1.0])
def test_no_user_gets_the_push_twice_and_the_log_ends_at_a_whole_second(tmp_path: Path, relevant: float) -> None:
    write_log(tmp_path / "log.jsonl", 5_000, relevant)
    events = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    pushes = Counter(event["user"] for event in events if event["type"] == "received_push")
    assert pushes
    assert max(pushes.values()) == 1
    assert events[-1]["time"] == START + 3_600_000
    assert [event["time"] for event in events] == sorted({event["time"] for event in events})
    of_rule = sum(event["type"] != "session_start" for event in events) / len(events)
    assert of_rule == pytest.approx(relevant, abs=0.02)


def test_the_plan_on_paper_follows_from_the_figures() -> None:
    cpu = {"engine-1-5": 2e-6, "thread-1-5": 50e-6}
    paces = [Pace(race, 1.0, 1e-4, cpu[race.name], same=True) for race in RACES if race.name in cpu]
    sizes = [Size("checkpoint, hashmap", 200), Size("checkpoint, rocksdb", 50), Size("heap of Java, hashmap", 800)]
    results = {step.what: step.result for step in plan_on_paper(paces, sizes)}
    assert results["events a second, peak"] == "347,222"
    assert results["slots, thread mode, 5 % relevant"] == "35, in as many TaskManagers"
    assert results["checkpoint, hashmap"] == "20 GB"
    assert results["heap, hashmap"] == "80 GB, 2,286 MB a slot"
    assert results["the same with engines in processes of their own"] == "2 cores"


def test_there_is_no_plan_without_figures() -> None:
    assert plan_on_paper([], []) == []


def test_the_value_of_a_user_who_waits_names_the_user_s_push() -> None:
    assert b"e000000001" in value_of_waiting()


def test_the_page_has_places_for_the_tables(tmp_path: Path) -> None:
    page = tmp_path / "cluster.md"
    page.write_bytes(PAGE.read_bytes())
    write_into(page, "the figures", BEGIN, END)
    write_into(page, "the plan", PAPER_BEGIN, PAPER_END)
    text = page.read_text(encoding="utf-8")
    assert text.index("## Sizing") < text.index("the figures") < text.index("## A plan on paper")
    assert text.index("## A plan on paper") < text.index("the plan\n") < text.index("## Limits")
