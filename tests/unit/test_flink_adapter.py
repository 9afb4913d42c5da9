"""What runs on a worker of a cluster, with timers that behave as Flink's: no Flink is needed for that."""

import json
import pickle
import subprocess
import sys
from typing import Any

import pytest
from tests.clustered import BEGIN, Cell, Cluster, KeyTimers, Newest, Timers

import connrules
from connrules import Event, Outcome, Plan, SnapshotError
from connrules.flink.ending import Ending
from connrules.flink.gate import Gate, Passed, Refused, name_of
from connrules.flink.users import END, Late, Users
from connrules.run.eras import Former
from connrules.run.keyed import KeyedEngine

HOUR = 3_600_000
T = 1_772_445_600_000
REMIND = 'rule remind: on purchase after 1h unless session_start send "X"'


def plan_of(rules: str = REMIND) -> Plan:
    return connrules.compile_rules(connrules.loads(rules))


def line(type_: str, at: int, **fields: Any) -> str:
    return json.dumps({"id": f"e{at}", "user": "u", "type": type_, "time": T + at, **fields})


def kinds(outcomes: list[Outcome]) -> list[str]:
    return [f"{outcome.kind} {outcome.at - T}" for outcome in outcomes]


class Key:
    """One user on a worker, with the worker's watermark."""

    def __init__(self, plan: Plan | None = None, until: int | None = None, **told: Any) -> None:
        self.users = Users(KeyedEngine(plan or plan_of(), **told), until)
        self.cell, self.timers = Cell(), Timers()
        self.given: list[Outcome] = []

    def take(self, text: str) -> Late | list[Outcome]:
        row = json.loads(text)
        came = self.users.on_passed(Passed("u", row["time"], text), self.cell, self.timers.of("u"))
        self.given += [] if isinstance(came, Late) else came
        return came

    def advance(self, watermark: int) -> None:
        for user in self.timers.advance(watermark):
            self.given += self.users.on_timer(user, self.cell, self.timers.of(user))

    @property
    def pending(self) -> list[int]:
        """When the timers are due."""
        return [instant - T for instant, _ in self.timers.pending]


# Flink's timers, as the fake has them


def test_timers_fire_when_the_watermark_reaches_them_and_once() -> None:
    timers = Timers()
    key = timers.of("u")
    for instant in (5, 5, 6):
        key.register_event_time_timer(instant)
    timers.of("v").register_event_time_timer(5)
    assert list(timers.advance(4)) == []
    assert sorted(timers.advance(5)) == ["u", "v"]
    key.delete_event_time_timer(6)
    assert list(timers.advance(7)) == []
    key.register_event_time_timer(3)  # has passed
    assert list(timers.advance(8)) == ["u"]


# When it is time


@pytest.mark.parametrize(("watermark", "sent"), [(HOUR - 2, False), (HOUR - 1, True), (HOUR, True)])
def test_a_send_goes_out_when_nothing_before_its_instant_can_come(watermark: int, sent: bool) -> None:
    """A watermark says that nothing up to and at its instant can come."""
    key = Key()
    key.take(line("purchase", 0))
    key.advance(T + 0)
    assert key.pending == [HOUR - 1]
    key.advance(T + watermark)
    assert kinds(key.given) == ([f"sent {HOUR}"] if sent else [])
    assert (key.cell.data is None, key.pending) == (sent, [] if sent else [HOUR - 1])


@pytest.mark.parametrize(
    ("at", "expected"),
    [(HOUR - 1, [f"cancelled {HOUR - 1}"]), (HOUR, [f"sent {HOUR}"]), (HOUR + 1, [f"sent {HOUR}"])],
)
def test_an_event_at_the_due_instant_comes_too_late_to_cancel(at: int, expected: list[str]) -> None:
    key = Key()
    key.take(line("purchase", 0))
    key.advance(T + HOUR - 2)
    key.take(line("session_start", at))
    key.advance(T + at)
    assert kinds(key.given) == expected


@pytest.mark.parametrize(("at", "is_late"), [(99, True), (100, True), (101, False), (102, False)])
def test_an_event_at_the_watermark_is_late(at: int, is_late: bool) -> None:
    key = Key()
    key.timers.watermark = T + 100
    came = key.take(line("purchase", at))
    assert came == (Late(line("purchase", at)) if is_late else [])
    assert (key.cell.data is None) == is_late


def test_before_the_first_watermark_all_events_wait() -> None:
    key = Key()
    assert key.timers.watermark == BEGIN
    key.take(line("session_start", 10))
    key.take(line("purchase", 0))
    key.take(line("purchase", 20))
    assert key.pending == [-1]
    key.advance(T + 20)
    assert kinds(key.given) == ["cancelled 10"]
    assert key.pending == [20 + HOUR - 1]


def test_after_a_restart_what_was_decided_stays_decided() -> None:
    key = Key()
    key.take(line("purchase", 100))
    key.advance(T + 100)
    key.users, key.timers.watermark = Users(KeyedEngine(plan_of()), None), BEGIN
    assert isinstance(key.take(line("session_start", 99)), Late)
    assert isinstance(key.take(line("session_start", 100)), Late)
    key.take(line("session_start", 101))
    assert kinds(key.given) == ["cancelled 101"]
    assert (key.cell.data, key.pending) == (None, [])


def test_there_is_one_timer_for_whatever_comes_next() -> None:
    key = Key(plan_of(REMIND + ' rule soon: on purchase where n = 1 after 1m send "Y"'))
    key.advance(T - 1)
    seen = []
    for at, n in ((0, 0), (1, 1), (2, 1)):
        key.take(line("purchase", at, properties={"n": n}))
        key.advance(T + at)
        seen.append(key.pending)
    assert seen == [[HOUR - 1], [60_000], [60_000]]
    key.take(line("session_start", 60_001))
    key.advance(T + 60_000)
    assert kinds(key.given)[-2:] == ["sent 60001", "cancelled 60001"]
    assert (key.cell.data, key.pending) == (None, [])


def test_a_timer_of_nobody_does_nothing() -> None:
    """A state that has ended by its time to live, say."""
    key = Key()
    assert key.users.on_timer("u", key.cell, key.timers.of("u")) == []


# The end of the input


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        (None, ["pending 0"]),
        (HOUR - 1, [f"pending {HOUR - 1}"]),
        (HOUR, [f"sent {HOUR}"]),
        (HOUR + 1, [f"sent {HOUR}"]),
    ],
)
def test_at_the_end_time_moves_on_and_no_timer_is_set_any_more(until: int | None, expected: list[str]) -> None:
    key = Key(until=None if until is None else T + until)
    key.take(line("purchase", 0))
    key.advance(T - 1)
    key.advance(END)
    assert kinds(key.given) == expected
    assert key.pending == []


@pytest.mark.parametrize(("tick", "sent"), [(HOUR - 1, 0), (HOUR, 1)])
def test_at_the_end_time_has_got_to_the_newest_tick(tick: int, sent: int) -> None:
    key = Key()
    key.take(line("purchase", 0))
    for time in (tick, 5):
        assert key.users.on_passed(Passed("\0k", T + time, ""), Cell(), key.timers.of("\0k")) == []
    key.advance(END)
    assert [str(outcome.kind) for outcome in key.given] == ["sent" if sent else "pending"]


def test_the_end_is_told_to_every_key_group_with_the_newest_tick() -> None:
    ending, newest, timers = Ending(("a", "b")), Newest(), Timers()
    assert list(ending.on_timer(newest)) == []
    for time in (5, 9, 7):
        ending.on_tick(time, newest, timers.of(""))
    assert list(timers.advance(END - 2)) == []
    assert list(timers.advance(END)) == [""]
    assert list(ending.on_timer(newest)) == [Passed("a", 9, ""), Passed("b", 9, "")]


def test_two_workers_hear_of_the_end_of_one_stream() -> None:
    cluster = Cluster(plan_of(), workers=2)
    for user in ("a", "b"):
        cluster.take(line("purchase", 0, user=user))
    cluster.take(line("something_else", HOUR, user="c"))
    assert [kinds([outcome]) for outcome in cluster.finish().outcomes] == [[f"sent {HOUR}"]] * 2


# The gate


def test_the_gate_lets_through_what_rules_speak_of_and_says_what_time_it_is() -> None:
    gate = Gate(KeyedEngine(plan_of()), 1_000)
    texts = [
        line("purchase", 0),
        line("opened_email", 999, campaign="C"),
        line("session_start", 1_000),
        line("purchase", 500),
    ]
    assert [list(gate.look(text)) for text in texts] == [
        [Passed("", T, ""), Passed("u", T, texts[0])],
        [],
        [Passed("", T + 1_000, ""), Passed("u", T + 1_000, texts[2])],
        [Passed("u", T + 500, texts[3])],
    ]
    assert list(gate.look("  ")) == []
    assert gate.unknown == 0


def test_the_gate_takes_several_lines_at_a_time() -> None:
    lines = [line("purchase", 5), "", "no event", line("session_start", 7), line("purchase", 2_000)]
    one_by_one, at_once = (Gate(KeyedEngine(plan_of()), 1_000) for _ in range(2))
    expected = [each for one in lines for each in one_by_one.look(one)]
    given = list(at_once.look("\n".join(lines) + "\n"))
    for kind in (Passed, Refused):  # they go different ways: only each of them is in order
        assert [each for each in given if isinstance(each, kind)] == [
            each for each in expected if isinstance(each, kind)
        ]
    assert len(given) == len(expected) == 6
    assert list(at_once.look("")) == list(at_once.look("\n \n")) == []


def test_the_gate_counts_what_is_unknown_and_refuses_what_is_no_event() -> None:
    gate = Gate(KeyedEngine(plan_of()), 1)
    assert not [each for each in gate.look(line("unheard_of", 0)) if each.line]
    assert gate.unknown == 1
    (refused,) = gate.look('{"user": "u"')
    assert isinstance(refused, Refused)
    assert json.loads(refused.line)["text"] == '{"user": "u"'
    assert list(gate.look('{"user":"\ud800"}'))


def test_with_dedupe_whatever_has_an_id_goes_through() -> None:
    gate = Gate(KeyedEngine(plan_of(), dedupe=5), 1)
    assert [each.line for each in gate.look(line("unheard_of", 0))] == ["", line("unheard_of", 0)]
    assert [each.line for each in gate.look(line("unheard_of", 1, id=None))] == [""]


@pytest.mark.parametrize(("at", "passes"), [(99, (True, False)), (100, (False, True)), (101, (False, True))])
def test_the_gate_goes_by_the_rules_of_the_instant(at: int, passes: tuple[bool, bool]) -> None:
    before, after = plan_of('on purchase send "X"'), plan_of('on session_start send "X"')
    gate = Gate(KeyedEngine(after, formerly=[Former(before, T + 100)]), 1)
    found = tuple(any(e.line for e in gate.look(line(t, at))) for t in ("purchase", "session_start"))
    assert found == passes


def test_what_former_rules_wait_for_goes_through() -> None:
    before, after = plan_of(), plan_of(REMIND.replace("session_start", 'event "Left"'))
    gate = Gate(KeyedEngine(after, formerly=[Former(before, T)]), 1)
    assert any(each.line for each in gate.look(line("session_start", 5)))


def test_an_event_without_an_id_is_known_by_its_line() -> None:
    key = Key(plan_of('on purchase send "X"'))
    text = line("purchase", 0, id=None)
    key.take(text)
    key.advance(T)
    (outcome,) = key.given
    assert outcome.trigger == name_of(Event(user="u", type="purchase", time=T), text)
    assert outcome.trigger != name_of(Event(user="u", type="purchase", time=T), text + " ")
    assert name_of(Event(user="u", type="purchase", time=T, id="e"), text) == "e"


# Bad states, and what travels


def test_a_state_of_other_rules_stops_the_job_and_says_why() -> None:
    key = Key()
    key.take(line("purchase", 0))
    other = Key(plan_of('on session_start send "X"'))
    other.cell = key.cell
    with pytest.raises(SnapshotError, match="the state was made with other rules"):
        other.take(line("session_start", 1))


def test_state_is_bytes_and_nothing_else_lasts() -> None:
    key = Key()
    key.take(line("purchase", 0))
    key.advance(T)
    other = Key()
    other.cell.data = key.cell.data
    KeyTimers(other.timers, "u").register_event_time_timer(T + HOUR - 1)
    other.advance(T + HOUR)
    assert kinds(other.given) == [f"sent {HOUR}"]


def test_what_goes_from_worker_to_worker_can_travel() -> None:
    for thing in (Passed("u", 5, "{}"), Refused("{}"), Late("{}"), plan_of()):
        assert pickle.loads(pickle.dumps(thing)) == thing


WORKER = """
import sys
from connrules.flink.ending import Ending
from connrules.flink.gate import Gate
from connrules.flink.users import Users
from connrules.plan import Plan
from connrules.run.eras import Former
from connrules.run.keyed import KeyedEngine

plan = Plan.from_json(sys.stdin.buffer.read())
engine = KeyedEngine(plan, formerly=[Former(plan, 5)], dedupe=5)
Gate(engine, 1), Users(engine, None), Ending(())
print(*sys.modules)
"""


def test_a_worker_loads_neither_parser_nor_checker_nor_flink() -> None:
    done = subprocess.run([sys.executable, "-c", WORKER], input=plan_of().to_json(), capture_output=True, check=True)
    modules = set(done.stdout.decode().split())
    assert "connrules.flink.users" in modules
    never = {"lark", "pydantic", "click", "pyflink", "duckdb", "asyncio", "sqlite3"}
    never |= {f"connrules.{name}" for name in ("syntax", "check", "catalog", "cli", "ast", "compile", "reference")}
    assert modules & never == set()
