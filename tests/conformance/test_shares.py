"""Hold-outs and splits over a hundred thousand users: the shares that come out are those that the rules ask for."""

from collections import Counter

import pytest

import connrules
from connrules.event import Event, Kind
from connrules.reference.chance import is_held_out, target_of

USERS = [f"user-{number}" for number in range(100_000)]
RULES = """
rule held: on purchase hold out 10% send X
rule split: on purchase send one of 50% A, 30% B, 20% C
rule both: on purchase hold out 50% send one of 50% A, 50% B
"""
SHARES = {
    "held": {None: 0.1, "X": 0.9},
    "split": {"A": 0.5, "B": 0.3, "C": 0.2},
    "both": {None: 0.5, "A": 0.25, "B": 0.25},
}

Choice = tuple[str, str, str | None]
"""A rule, a user, and the campaign that the user is sent; None: the user is held out."""


def by_reference(checked: connrules.Checked) -> list[Choice]:
    return [
        (rule.name, user, None if is_held_out(rule, user) else target_of(rule, user))
        for user in USERS
        for rule in checked.rules
    ]


def by_engine(checked: connrules.Checked) -> list[Choice]:
    outcomes = connrules.Engine(connrules.compile_rules(checked)).feed_many(
        Event(user=user, type="purchase", time=0) for user in USERS
    )
    assert {outcome.kind for outcome in outcomes} == {Kind.SENT, Kind.DROPPED}
    return [(outcome.rule, outcome.user, outcome.send) for outcome in outcomes]


def test_shares_are_within_one_percent_and_the_same_on_both_engines() -> None:
    choices = by_engine(connrules.loads(RULES))
    counted = Counter((rule, send) for rule, _, send in choices)
    for rule, expected in SHARES.items():
        shares = {send: counted[rule, send] / len(USERS) for of, send in counted if of == rule}
        assert shares == pytest.approx(expected, abs=0.01)
    assert choices == by_reference(connrules.loads(RULES))
