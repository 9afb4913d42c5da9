"""The reference interpreter's own promises; what it makes of events is in the conformance timelines."""

import ast as python
from pathlib import Path

import msgspec
import pytest

import connrules.reference
from connrules.check import Checked, check
from connrules.event import Event, Kind, Outcome
from connrules.reference import evaluate
from connrules.syntax.parser import parse
from connrules.text import SourceText

HOUR = 3_600_000
FILES = sorted(Path(connrules.reference.__file__).parent.glob("*.py"))


def rules(text: str) -> Checked:
    return check([parse(SourceText("rules.conn", text))])


def purchase(time: int, user: str = "u1", name: str | None = None) -> Event:
    return Event(user=user, type="purchase", time=time, id=name)


def test_no_events_give_no_outcomes() -> None:
    assert evaluate(rules("on purchase send X"), []) == ([], [], 0)


def test_events_may_come_from_a_generator() -> None:
    outcomes, *_ = evaluate(rules("on purchase send X"), (purchase(n) for n in range(3)))
    assert [outcome.trigger for outcome in outcomes] == ["#1", "#2", "#3"]


def test_a_late_event_is_handed_back_as_it_came() -> None:
    late = purchase(0)
    history = evaluate(rules("on purchase send X"), [purchase(HOUR + 1), late], lateness=HOUR)
    assert history.late == [late]
    assert late.id is None


def test_an_instant_before_1970_is_an_instant() -> None:
    outcomes, *_ = evaluate(rules("rule r: on purchase after 1h send X"), [purchase(-2 * HOUR)], until=-HOUR)
    assert outcomes == [
        Outcome(kind=Kind.SENT, rule="r", user="u1", at=-HOUR, trigger="#1", triggered_at=-2 * HOUR, send="X")
    ]


def test_an_evaluation_remembers_nothing_of_the_one_before() -> None:
    checked = rules("rule r: on purchase once send X")
    events = [purchase(0), purchase(1)]
    assert evaluate(checked, events) == evaluate(checked, events)


@pytest.mark.parametrize("others", [[], ["u0"], ["u0", "u2"]])
def test_a_user_gets_the_same_outcomes_in_any_company(others: list[str]) -> None:
    checked = rules("rule r: on purchase after 1h restarting at most 1 per 2h send X")
    mine = [purchase(n * HOUR // 2, name=f"e{n}") for n in range(9)]
    company = [msgspec.structs.replace(event, user=user) for event in mine for user in others]
    events = sorted([*company, *mine], key=lambda event: event.time)
    outcomes = [outcome for outcome in evaluate(checked, events).outcomes if outcome.user == "u1"]
    assert outcomes == evaluate(checked, mine).outcomes
    assert {outcome.kind for outcome in outcomes} == {Kind.RESTARTED, Kind.PENDING}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_it_shares_no_execution_code_with_an_engine(file: Path) -> None:
    imported = {
        f"{node.module}.{alias.name}"
        for node in python.walk(python.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, python.ImportFrom)
        for alias in node.names
    }
    assert imported
    engines = ("connrules.plan", "connrules.compile", "connrules.run", "connrules.pipeline")
    assert not [name for name in imported if name.startswith(engines)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_it_stays_short_enough_to_be_read_at_a_sitting(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) < 200
