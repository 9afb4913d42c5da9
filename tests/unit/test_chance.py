"""Chance that is none: the documented hash, and shares that come out as they are written."""

import hashlib
from collections import Counter
from collections.abc import Iterator

import pytest

import connrules
from connrules import Engine, Event, Kind, Reason
from connrules.plan import Arm
from connrules.run.chance import bucket, chosen, ends_of, is_held_out

USERS = 100_000


def test_the_hash_is_the_documented_one() -> None:
    digest = hashlib.sha256("hold out\0cart_reminder\0Zoë".encode()).digest()
    assert bucket("hold out", "cart_reminder", "Zoë") == int.from_bytes(digest[:8], "big") % 1_000_000
    assert (bucket("hold out", "r", "u1"), bucket("send one of", "r", "u1")) == (986_352, 371_626)


def test_a_share_is_exact_to_a_millionth() -> None:
    place = bucket("hold out", "r", "u")
    assert [is_held_out(share, "r", "u") for share in (place, place + 1)] == [False, True]
    place = bucket("send one of", "r", "u")
    assert [chosen((end, 1_000_000), "r", "u") for end in (place, place + 1)] == [1, 0]


def test_ends_of_a_split() -> None:
    assert ends_of((Arm(share=333_000, send="A"), Arm(share=667_000, send="B"))) == (333_000, 1_000_000)


def purchases() -> Iterator[Event]:
    return (Event(user=f"user-{n}", type="purchase", time=n) for n in range(USERS))


def test_shares_over_many_users() -> None:
    rules = "rule r: on purchase hold out 12.5% send one of 50% A, 30% B, 20% C"
    outcomes = Engine(connrules.compile_rules(connrules.loads(rules))).feed_many(purchases())
    held_out = sum(outcome.reason is Reason.HELD_OUT for outcome in outcomes)
    assert held_out / USERS == pytest.approx(0.125, abs=0.01)
    sends = Counter(outcome.send for outcome in outcomes if outcome.kind is Kind.SENT)
    assert sends.total() == USERS - held_out
    for send, share in (("A", 0.5), ("B", 0.3), ("C", 0.2)):
        assert sends[send] / sends.total() == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize(("share", "sent"), [("99.9999%", 0), ("0.0001%", USERS)])
def test_the_largest_and_the_smallest_share(share: str, sent: int) -> None:
    compiled = connrules.compile_rules(connrules.loads(f"rule r: on purchase hold out {share} send A"))
    outcomes = Engine(compiled).feed_many(purchases())
    assert sum(outcome.kind is Kind.SENT for outcome in outcomes) == pytest.approx(sent, abs=5)


def test_a_user_falls_on_the_same_side_in_every_run_and_on_another_for_another_rule() -> None:
    first, again, other = (
        [bucket("hold out", rule, f"u{n}") < 500_000 for n in range(200)] for rule in ("r", "r", "q")
    )
    assert first == again != other
    assert first != [bucket("send one of", "r", f"u{n}") < 500_000 for n in range(200)]
