"""A job is stopped with a savepoint and goes on from it: with more workers, or with other rules."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.flink.cluster import as_lines, lines_of
from tests.flink.folders import Folder, running, wait_until

import connrules
from connrules import Engine
from connrules.event import Event, Kind, Reason
from connrules.flink.running import Running
from connrules.plan import Plan
from connrules.run.eras import Former
from connrules.run.passage import Changed

HOUR = 3_600_000
OLD = """
rule remind: on purchase after 3h restarting unless session_start send "Remind"
rule gone: on session_start after 4h send "Gone"
rule twice: on purchase after 30m at most 2 per 6h send "Twice"
rule follower: on sent twice after 2h send "After"
rule marker: on event "marker" send "Marker"
"""
NEW = """
rule remind: on purchase after 5h restarting unless session_start or event "seen" send "Remind anew"
rule twice: on purchase after 30m at most 1 per 6h send "Twice"
rule follower: on sent twice after 2h send "After"
rule fresh: on event "seen" after 1h send "Fresh"
"""
HALF = 6 * HOUR
"""When the job is stopped, in event time."""


def events_between(first: int, last: int) -> Iterator[Event]:
    """Events of some users, a few at the same instants."""
    for n in range(first, last, 60_000):
        kind = (n // 60_000) % 7
        type_, name = ("purchase", None) if kind < 3 else ("session_start", None) if kind < 5 else ("event", "seen")
        yield Event(user=f"u{n // 60_000 * 31 % 97}", type=type_, name=name, time=n, id=f"e{n}")


BEFORE = [*events_between(0, HALF), Event(user="marker", type="event", name="marker", time=HALF - 1, id="m")]
AFTER = [*events_between(HALF, 2 * HALF), Event(user="end", type="event", name="end", time=100 * HOUR, id="end")]


class Saved(NamedTuple):
    """A job that was stopped."""

    folder: Folder
    savepoint: str
    written: list[str]


def plan_of(rules: str) -> Plan:
    checked = connrules.loads(rules)
    assert not checked.errors
    return connrules.compile_rules(checked)


@pytest.fixture(scope="module")
def saved(java: None, tmp_path_factory: pytest.TempPathFactory) -> Saved:
    """The first half of the events under the old rules, by one worker."""
    folder = Folder(tmp_path_factory.mktemp("saved"))
    folder.put("before", lines_of(BEFORE))
    with running(folder, folder.job(plan_of(OLD))) as job:
        wait_until(lambda: any('"marker"' in line for line in folder.committed()), job)
        savepoint = job.stop()
    folder.put("zafter", lines_of(AFTER))
    return Saved(folder, savepoint, folder.committed())


def rest_of(saved: Saved, place: Path, expected: list[str], plan: Plan, formerly: tuple[Former, ...] = ()) -> list[str]:
    """What a job gives that goes on with two workers, until it has given so much, and has committed since."""
    folder = Folder(place)
    job = folder.job(plan, formerly=formerly)._replace(source=saved.folder.job(plan).source)
    with running(folder, job, parallelism=2, restore=saved.savepoint) as started:
        wait_until(lambda: len(folder.committed()) >= len(expected) - len(saved.written), started)
        stop(started)
    return folder.committed()


def stop(job: Running) -> None:
    """Stop a job; what it has written is committed then."""
    job.stop()


def test_more_workers_go_on(saved: Saved, place: Path) -> None:
    engine = Engine(plan_of(OLD))
    expected = as_lines(engine.feed_many([*BEFORE, *AFTER]))

    rest = rest_of(saved, place, expected, plan_of(OLD))

    assert sorted([*saved.written, *rest]) == sorted(expected)
    assert saved.written
    assert len(rest) > 100


@pytest.mark.parametrize("changed", ["pin", "follow"])
def test_other_rules_go_on(saved: Saved, place: Path, changed: Changed) -> None:
    engine = Engine(plan_of(OLD))
    outcomes = engine.feed_many(BEFORE) + engine.advance_to(HALF)
    outcomes += engine.replace(plan_of(NEW), changed) + engine.feed_many(AFTER)

    rest = rest_of(saved, place, as_lines(outcomes), plan_of(NEW), (Former(plan_of(OLD), HALF, changed),))

    assert sorted([*saved.written, *rest]) == sorted(as_lines(outcomes))
    assert Reason.RULE_REMOVED in {outcome.reason for outcome in outcomes}
    anew = [outcome for outcome in outcomes if outcome.kind is Kind.SENT and outcome.send == "Remind anew"]
    assert anew
