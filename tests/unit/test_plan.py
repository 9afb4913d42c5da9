"""Plans as bytes: they survive the way to a worker, and what is no plan is refused."""

import json
import pickle
import subprocess
import sys
from typing import Any

import pytest

import connrules
from connrules import Plan, PlanError

RULES = """
rule every: on purchase where (amount > 5 or tags contains "a") and not code is missing or event "Joined"
  after 1d restarting
  unless purchase where cart_id = trigger.cart_id and moment in (2026-03-02, "2026-03-02")
    or opened_push of "A", "B" where sku starts with "é"
  from 2026-03-01 until 2026-04-01
  at most 3 per 1w
  send "X"
on viewed_card of any after 1h unless clicked_card once send "Y"
segment locals = user.address.city in ("Oslo", "Bergen") and user.since < 2026-03-01
policy: limit 3 per 1d limit push to 1 per 12h time zone "Europe/Oslo" quiet 22:00 to 08:00 local
rule whole: on sent every or cancelled every or purchase if in segment locals or user.vip = true
  next monday at 09:00 local unless purchase per cart.id still if not user.blocked = true
  between 09:00 and 21:00 zone "Europe/Paris" or drop hold out 12.5%
  convert on purchase where amount > 3 within 7d send one of 33.3% "X", 66.7% "Y"
rule early: on purchase in 2 days at 00:00 send "X"
"""
CATALOG = connrules.Catalog.model_validate(
    {
        "campaigns": [{"name": name, "channels": ["push"], "id": f"c-{name}"} for name in "ABXY"],
        "cards": [{"name": "K", "active": [[1, 5], [7]]}],
        "events": [{"name": "Joined", "properties": {}}],
        "user": {"attributes": {"since": "time", "address": "object", "vip": "boolean", "blocked": "boolean"}},
    }
)


@pytest.mark.parametrize("catalog", [None, CATALOG])
def test_a_plan_survives_being_written_and_read(catalog: connrules.Catalog | None) -> None:
    plan = connrules.compile_rules(connrules.loads(RULES, catalog=catalog))
    data = plan.to_json()
    assert Plan.from_json(data) == plan
    assert Plan.from_json(data).to_json() == data
    assert (plan.objects is None) == (catalog is None)


def test_the_same_rules_give_the_same_bytes() -> None:
    first, second = (connrules.compile_rules(connrules.loads(RULES, catalog=CATALOG)).to_json() for _ in range(2))
    assert first == second


def test_a_plan_without_rules() -> None:
    plan = connrules.compile_rules(connrules.loads(""))
    assert Plan.from_json(plan.to_json()) == plan
    assert connrules.Engine(plan).feed(connrules.Event(user="u", type="purchase", time=0)) == []


RUBBISH: dict[bytes, str] = {
    b"": "not a plan",
    b"\xff\xfe": "not a plan",
    b"plan": "not a plan",
    b"[]": "not a plan",
    b"null": "not a plan",
    b"{}": "missing required field `version`",
    b'{"version": 2}': "missing required field `rules`",
    b'{"version": "1", "rules": []}': "not a plan",
    b'{"version": true, "rules": []}': "not a plan",
    b'{"version": 0, "rules": []}': "has version 0; this connrules runs version 2",
    b'{"version": 3, "rules": "of another kind"}': "has version 3; this connrules runs version 2",
    b'{"version": 2, "rules": [{"name": "r"}]}': "missing required field",
    b'{"version": 2, "rules": [{"name": "r", "send": "X", "triggers": [{"text": "t", "type": "purchase", "where": '
    b'{"is": "guess"}}]}]}': "not a plan",
    b'{"version": 2, "rules": [{"name": "r", "send": "X", "triggers": [{"text": "t", "type": "purchase", "where": '
    + b'{"is": "not", "term": ' * 100_000: "nest too deep",
}


@pytest.mark.parametrize("data", RUBBISH, ids=range(len(RUBBISH)))
def test_what_is_no_plan_is_refused(data: bytes) -> None:
    with pytest.raises(PlanError, match=RUBBISH[data]):
        Plan.from_json(data)


def test_every_cut_of_a_plan_is_refused() -> None:
    data = connrules.compile_rules(connrules.loads('on purchase send "X"')).to_json()
    for length in range(len(data)):
        with pytest.raises(PlanError):
            Plan.from_json(data[:length])


def test_a_plan_cannot_be_changed() -> None:
    plan: Any = connrules.compile_rules(connrules.loads('on purchase send "X"'))
    with pytest.raises(AttributeError):
        plan.rules = ()
    assert hash(plan) == hash(Plan.from_json(plan.to_json()))


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("on purchase", "rules.conn:1:12: CR104 this rule has no `send`"),
        (
            'on purchase\nunless purchase send "X"\non purchase after 90 send "X"',
            "rules.conn:2:1: CR301 an exception needs a delay to act in (and 1 more)",
        ),
    ],
)
def test_rules_with_errors_are_not_compiled(rules: str, message: str) -> None:
    checked = connrules.loads(rules)
    with pytest.raises(connrules.CompileError) as refused:
        connrules.compile_rules(checked)
    assert str(refused.value) == message
    assert refused.value.errors == checked.errors


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("delay", -1),
        ("delay", 10**30),
        ("triggers", []),
        ("eligibility", {"count": 0}),
        ("eligibility", {"count": 1, "window": 0}),
        ("send", []),
        ("send", [{"share": 1_000_001, "send": "X"}]),
        ("hold_out", -1),
        ("per", []),
        ("schedule", {"is": "in_days", "days": -1, "minute": 0, "zone": {}}),
        ("schedule", {"is": "in_days", "days": 1, "minute": 1_440, "zone": {}}),
        ("schedule", {"is": "next_weekday", "weekday": 7, "minute": 0, "zone": {}}),
        ("between", {"opens": -1, "closes": 5, "zone": {}}),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(field: str, value: object) -> None:
    tree = json.loads(connrules.compile_rules(connrules.loads("on purchase send X")).to_json())
    connrules.Plan.from_json(json.dumps(tree).encode())
    tree["rules"][0][field] = value
    with pytest.raises(connrules.PlanError):
        connrules.Plan.from_json(json.dumps(tree).encode())


LOOP = {"name": "s", "condition": {"is": "not", "term": {"is": "in_segment", "name": "s"}}}


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("send", [{"share": 999_999, "send": "X"}], "the shares of the rule `rules.conn:1` are not the whole"),
        ("condition", {"is": "in_segment", "name": "t"}, "the segment `t` is missing, or part of itself"),
        ("condition", {"is": "in_segment", "name": "s"}, "the segment `s` is missing, or part of itself"),
        ("triggers", [{"text": "", "type": "sent", "rule": "q"}], "the rule `rules.conn:1` follows `sent q`"),
        ("triggers", [{"text": "", "type": "purchase", "rule": "rules.conn:1"}], "follows `purchase rules.conn:1`"),
        ("triggers", [{"text": "", "type": "attributes"}], "does not know `attributes`"),
        (
            "between",
            {"opens": 5, "closes": 5, "zone": {}},
            "the delivery window of the rule `rules.conn:1` never opens",
        ),
        ("between", {"opens": 5, "closes": 6, "zone": {"name": "Mars/Base"}}, "there is no time zone `Mars/Base` here"),
        (
            "schedule",
            {"is": "in_days", "days": 1, "minute": 1, "zone": {"name": "Mars/Base", "local": True}},
            "there is no time zone `Mars/Base` here, of which the rule `rules.conn:1` speaks",
        ),
        ("goal", {"matcher": {"text": "", "type": "teleported"}, "within": 5}, "does not know `teleported`"),
    ],
)
def test_what_no_rule_set_gives_is_refused_by_the_engine(field: str, value: object, words: str) -> None:
    tree = json.loads(connrules.compile_rules(connrules.loads("on purchase send X")).to_json())
    tree["segments"] = [LOOP]
    tree["rules"][0][field] = value
    plan = connrules.Plan.from_json(json.dumps(tree).encode())
    with pytest.raises(connrules.PlanError, match=words):
        connrules.Engine(plan)


def test_two_rules_of_one_name_are_refused() -> None:
    tree = json.loads(connrules.compile_rules(connrules.loads("on purchase send X")).to_json())
    tree["rules"] *= 2
    with pytest.raises(connrules.PlanError, match="one name"):
        connrules.Plan.from_json(json.dumps(tree).encode())


def test_errors_survive_the_way_between_processes() -> None:
    with pytest.raises(connrules.CompileError) as compiled:
        connrules.compile_rules(connrules.loads("on purchase"))
    again = pickle.loads(pickle.dumps(compiled.value))
    assert (str(again), [e.code for e in again.errors]) == (str(compiled.value), ["CR104"])
    with pytest.raises(connrules.CatalogError) as read:
        connrules.load_catalog(b"x = 1", "a.toml")
    assert str(pickle.loads(pickle.dumps(read.value))) == str(read.value)


AT_ONCE = """
import sys, threading
from connrules.plan import Plan
plan, begin = sys.stdin.buffer.read(), threading.Barrier(4)
sys.setswitchinterval(1e-6)
threads = [threading.Thread(target=lambda: (begin.wait(), Plan.from_json(plan))) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_threads_may_read_their_first_plan_at_once() -> None:
    """It crashed more than half of the processes in which they did."""
    plan = connrules.compile_rules(connrules.loads(RULES)).to_json()
    for _ in range(6):
        assert subprocess.run([sys.executable, "-c", AT_ONCE], input=plan, check=False).returncode == 0
