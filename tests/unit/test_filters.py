"""Rules with a filter each on one type of event: which of them an event is held against."""

from typing import Any

import pytest

import connrules
from connrules.event import Event
from connrules.run.filters import FEW
from connrules.run.program import Program

MANY = 100


def program(*rules: str) -> Program:
    named = (f"rule r{n}: on {trigger} after 1d send X" for n, trigger in enumerate(rules))
    return Program(connrules.compile_rules(connrules.loads("\n".join(named))))


def asked(made: Program, type_: str = "purchase", about: str | None = None, **properties: Any) -> list[str]:
    """The rules that an event is held against."""
    route = made.routes[type_]
    known = route.find(about) if about else None
    return [rule.name for rule, _ in route.by_object.get(known, route.others).of(properties)]


def test_rules_with_one_exception_share_it() -> None:
    exceptions = ["purchase where amount > 5", "purchase where amount > 6", "purchase where amount > 5"]
    rules = (f"rule r{n}: on session_start after 1d unless {text} send X" for n, text in enumerate(exceptions))
    made = Program(connrules.compile_rules(connrules.loads("\n".join(rules)))).routes["purchase"].exceptions

    assert [made[n][0].text for n in range(3)] == exceptions
    assert made[0] is made[2]
    assert made[0] is not made[1]


@pytest.mark.parametrize(
    ("filter_", "properties"),
    [
        ('sku = "s{n}"', {"sku": "s7"}),
        ("amount = {n}", {"amount": 7.0}),
        ('sku in ("s{n}", "t{n}")', {"sku": "t7"}),
        ('(sku = "s{n}" or code = {n})', {"code": 7}),
        ("amount >= {n} and amount < {n}.5", {"amount": 7.25}),
        ('country = "FR" and sku = "s{n}"', {"country": "FR", "sku": "s7"}),
        ('country = "FR" and (not free = true and sku = "s{n}") and amount > 5', {"country": "FR", "sku": "s7"}),
        ('sku starts with "s{n}-"', {"sku": "s7-green"}),
        ("cart.id = {n}", {"cart": {"id": 7}}),
        ("moment = 2026-03-01T00:00:{n:02}Z", {"moment": "2026-03-01T01:00:07+01:00"}),
    ],
)
def test_an_event_is_held_against_the_one_rule_whose_filter_it_may_pass(
    filter_: str, properties: dict[str, Any]
) -> None:
    made = program(*(f"purchase where {filter_.format(n=n)}" for n in range(60)))

    assert asked(made, **properties) == ["r7"]
    assert asked(made) == []


def test_ranges_that_overlap_are_found_in_the_order_of_the_rules() -> None:
    made = program(*(f"purchase where amount > {MANY - n}" for n in range(MANY)))

    assert asked(made, amount=3.5) == ["r97", "r98", "r99"]


def test_a_rule_that_cannot_be_filed_is_always_asked() -> None:
    filters = [f"purchase where amount = {n}" for n in range(MANY)]
    filters[5] = "purchase where amount != 3"
    filters[50] = "purchase"
    made = program(*filters)

    assert asked(made) == ["r5", "r50"]
    assert asked(made, amount=20) == ["r5", "r20", "r50"]
    assert asked(made, amount=True) == ["r5", "r50"]


@pytest.mark.parametrize(("count", "expected"), [(FEW, FEW), (FEW + 1, 1)])
def test_few_rules_are_asked_one_by_one(count: int, expected: int) -> None:
    made = program(*(f"purchase where amount = {n}" for n in range(count)))

    assert len(asked(made, amount=1)) == expected


def test_rules_for_any_campaign_stand_beside_those_that_name_one() -> None:
    for_any = [f"received_push of any where n = {n}" for n in range(MANY)]
    naming = [f'received_push of "C{n}"' for n in range(MANY)]
    both = 'received_push of "C1" where n = 1 or received_push of any where n = 2'
    made = program(*for_any, *naming, both)

    assert asked(made, "received_push", "C1", n=7) == ["r7", "r101", "r200"]
    assert asked(made, "received_push", "C1", n=1) == ["r1", "r101", "r200"]
    assert asked(made, "received_push", "C1", n=2) == ["r2", "r101", "r200"]
    assert asked(made, "received_push", "C2", n=1) == ["r1", "r102"]


def test_a_rule_for_any_campaign_and_for_one_is_started_once() -> None:
    for_any = [f"received_push of any where n = {n}" for n in range(MANY)]
    both = 'received_push of "C1" where n = 1 or received_push of any where n = 2'
    rules = "\n".join(f"rule r{n}: on {trigger} after 1d send X" for n, trigger in enumerate([*for_any, both]))
    engine = connrules.Engine(connrules.compile_rules(connrules.loads(rules)))
    for n in (1, 2, 3):
        engine.feed(Event(user=f"u{n}", type="received_push", time=n, campaign="C1", properties={"n": n}))

    assert [(wait.user, wait.rule) for wait in engine.pending()] == [
        ("u1", "r1"),
        ("u1", "r100"),
        ("u2", "r2"),
        ("u2", "r100"),
        ("u3", "r3"),
    ]
