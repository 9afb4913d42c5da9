"""Plans as bytes: they survive the way to a worker, and what is no plan is refused."""

import json
import pickle
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
"""
CATALOG = connrules.Catalog.model_validate(
    {
        "campaigns": [{"name": name, "channels": ["push"], "id": f"c-{name}"} for name in "ABXY"],
        "cards": [{"name": "K", "active": [[1, 5], [7]]}],
        "events": [{"name": "Joined", "properties": {}}],
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
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(field: str, value: object) -> None:
    tree = json.loads(connrules.compile_rules(connrules.loads("on purchase send X")).to_json())
    connrules.Plan.from_json(json.dumps(tree).encode())
    tree["rules"][0][field] = value
    with pytest.raises(connrules.PlanError):
        connrules.Plan.from_json(json.dumps(tree).encode())


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
