"""The reference interpreter's own promises; what it makes of events is in the conformance timelines."""

import ast as python
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

import connrules.reference
from connrules.check import Checked, check
from connrules.event import Event, Kind, Outcome, Reason
from connrules.reference import evaluate
from connrules.reference.chance import bucket, is_held_out, target_of
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


# Which events count


@pytest.mark.parametrize(
    ("times", "counted"),
    [
        ([0, HOUR - 1], [0]),
        ([0, HOUR], [0, HOUR]),
        ([0, HOUR - 1, 2 * HOUR - 2], [0]),  # to be seen again renews
        ([0, 0], [0]),
        ([HOUR, 0], [0, HOUR]),  # in the order of time, not of arrival
    ],
)
def test_a_repeat_is_counted_and_skipped(times: list[int], counted: list[int]) -> None:
    events = [purchase(time, name="e") for time in times]
    history = evaluate(rules("on purchase send X"), events, lateness=HOUR, dedupe=HOUR)
    assert [outcome.at for outcome in history.outcomes] == counted
    assert history.repeated == len(times) - len(counted)


def test_only_equal_ids_of_one_user_repeat_each_other() -> None:
    events = [
        purchase(0, name="e"),
        purchase(1, "u2", "e"),
        purchase(2, name="f"),
        *(purchase(3, name=n) for n in ("", None)),
    ]
    assert evaluate(rules("on purchase send X"), events, dedupe=HOUR).repeated == 0
    assert evaluate(rules("on purchase send X"), [*events, *events], dedupe=HOUR, lateness=HOUR).repeated == 3


def test_by_default_nothing_is_a_repeat() -> None:
    history = evaluate(rules("on purchase send X"), [purchase(0, name="e"), purchase(0, name="e")])
    assert (len(history.outcomes), history.repeated) == (2, 0)


def test_a_repeat_lets_time_move_on() -> None:
    events = [purchase(0, name="e"), purchase(HOUR, name="e")]
    outcomes = evaluate(rules("rule r: on purchase after 1h send X"), events, dedupe=2 * HOUR).outcomes
    assert [(outcome.kind, outcome.at) for outcome in outcomes] == [(Kind.SENT, HOUR)]


def test_what_is_late_was_not_seen() -> None:
    events = [purchase(HOUR, name="e"), purchase(0, name="f"), purchase(HOUR, name="f")]
    history = evaluate(rules("on purchase send X"), events, dedupe=2 * HOUR)
    assert (len(history.outcomes), len(history.late), history.repeated) == (2, 1, 0)


# What is known of users


class Host:
    """A host that counts how often it is asked, and says so as an attribute."""

    def __init__(self, **attributes: Any) -> None:
        self.known = attributes
        self.asked = 0

    def attributes(self, user: str) -> Mapping[str, Any]:
        self.asked += 1
        return {**self.known, "name": user, "asked": self.asked}


def says(time: int, **attributes: Any) -> Event:
    return Event(user="u1", type="attributes", time=time, properties=attributes)


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        ({}, True),
        ({"city": "Paris"}, True),
        ({"city": "Nice"}, False),
        ({"city": None}, False),  # what an event removes is missing, whatever the host says
        ({"town": "Nice"}, True),
    ],
)
def test_what_events_say_goes_before_the_profile(said: dict[str, Any], sent: bool) -> None:
    checked = rules('rule r: on purchase if user.city = "Paris" send X')
    outcomes = evaluate(checked, [says(0, **said), purchase(1)], profiles=Host(city="Paris")).outcomes
    assert [outcome.reason for outcome in outcomes] == [None if sent else Reason.AUDIENCE]


def test_attributes_are_those_of_the_instant_at_which_they_are_asked_for() -> None:
    checked = rules("rule r: on purchase if user.step = 1 after 1h still if user.step = 2 send X")
    events = [says(0, step=1), purchase(1), says(2, step=2), says(HOUR + 1, step=3)]
    assert [outcome.kind for outcome in evaluate(checked, events).outcomes] == [Kind.SENT]


def test_the_host_is_asked_about_the_user_and_only_when_something_depends_on_it() -> None:
    checked = rules('rule r: on purchase until 1970-01-02 if user.name = "u2" and user.asked = 1 send X')
    host = Host()
    events = [purchase(0, "u2"), purchase(48 * HOUR, "u2")]
    assert [outcome.kind for outcome in evaluate(checked, events, profiles=host).outcomes] == [Kind.SENT, Kind.IGNORED]
    assert host.asked == 1


def test_a_zone_that_is_none_is_not_the_users() -> None:
    checked = rules('policy: time zone "Europe/Paris" rule r: on purchase in 1 day at 09:00 local send X')
    due = [
        evaluate(checked, [purchase(0)], profiles=Host(time_zone=zone)).outcomes[0].due
        for zone in ("Asia/Tokyo", "Nowhere", 9, None, "")
    ]
    assert due == [24 * HOUR, *[32 * HOUR] * 4]


# Chance


@pytest.mark.parametrize(
    ("purpose", "rule", "user", "expected"),
    [
        ("hold out", "r", "u1", 986_352),
        ("send one of", "r", "u1", 371_626),
        ("hold out", "carts.conn:12", "zoë", 377_835),
    ],
)
def test_a_bucket_is_what_sha256_says(purpose: str, rule: str, user: str, expected: int) -> None:
    """The numbers are those of `printf 'hold out\\0r\\0u1' | sha256sum`, its first 16 digits modulo a million."""
    assert bucket(purpose, rule, user) == expected


def test_shares_come_out_within_one_percent() -> None:
    checked = rules("rule r: on purchase hold out 10% send one of 70% A, 20% B, 10% C")
    users = [f"user-{n}" for n in range(100_000)]
    targets = Counter(target_of(checked.rules[0], user) for user in users if not is_held_out(checked.rules[0], user))
    shares = {name: n / len(users) for name, n in targets.items()}
    assert shares == pytest.approx({"A": 0.63, "B": 0.18, "C": 0.09}, abs=0.01)


# Order


def test_what_follows_from_an_event_comes_first_in_first_out() -> None:
    checked = rules("""
    rule wait: on event "Go" after 1d unless purchase send A
    rule now: on purchase send B
    rule after_now: on sent now send C
    rule after_wait: on cancelled wait or sent after_now send D
    rule last: on sent after_wait send E
    """)
    go = Event(user="u1", type="event", name="Go", time=0)
    outcomes = evaluate(checked, [go, purchase(1)]).outcomes
    assert [outcome.rule for outcome in outcomes] == [
        "wait",
        "now",
        "after_wait",
        "after_now",
        "last",
        "after_wait",
        "last",
    ]
    assert {outcome.at for outcome in outcomes} == {1}
    assert [outcome.trigger for outcome in outcomes[2:]] == [outcomes[n].id for n in (0, 1, 2, 3, 5)]


def test_what_follows_from_a_timer_comes_before_the_next_timer() -> None:
    checked = rules("rule a: on purchase after 1h send A rule b: on purchase after 1h send B rule c: on sent a send C")
    outcomes = evaluate(checked, [purchase(0), purchase(0, "u2")], until=HOUR).outcomes
    assert [(outcome.rule, outcome.user) for outcome in outcomes] == [(r, u) for u in ("u1", "u2") for r in "acb"]


# Waits and goals


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1.0, True),
        (1, True, False),
        (1, "1", False),
        ({"a": 1, "b": 2}, {"b": 2.0, "a": 1}, True),
        ([1], [True], False),
    ],
)
def test_waits_per_value_are_told_apart_by_their_json(one: Any, other: Any, same: bool) -> None:
    events = [Event(user="u1", type="purchase", time=n, properties={"x": x}) for n, x in enumerate((one, other))]
    kinds = [outcome.kind for outcome in evaluate(rules("rule r: on purchase per x after 1h send X"), events).outcomes]
    assert kinds == ([Kind.IGNORED, Kind.PENDING] if same else [Kind.PENDING, Kind.PENDING])


@pytest.mark.parametrize(("later", "reached"), [(0, True), (HOUR - 1, True), (HOUR, False)])
@pytest.mark.parametrize("share", ["0.0001", "99.9999"])
def test_a_goal_is_open_until_its_time_is_over(share: str, later: int, reached: bool) -> None:
    checked = rules(f"rule r: on purchase after 1h hold out {share}% convert on session_start within 1h send X")
    session = Event(user="u1", type="session_start", time=HOUR + later, id="s")
    outcomes = evaluate(checked, [purchase(0), session, session]).outcomes
    goals = [outcome for outcome in outcomes if outcome.kind is Kind.GOAL]
    is_held_out = share != "0.0001"
    assert [(goal.by, goal.send, goal.reason) for goal in goals] == reached * [
        ("s", None, Reason.HELD_OUT) if is_held_out else ("s", "X", None)
    ]


def test_without_a_catalog_no_send_has_a_channel() -> None:
    checked = rules("policy: limit push to 1 per 1d on purchase send X")
    assert [outcome.kind for outcome in evaluate(checked, [purchase(0), purchase(1)]).outcomes] == [Kind.SENT] * 2


# What it is made of


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
