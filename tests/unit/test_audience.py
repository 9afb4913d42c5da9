"""What an engine knows of users: what it remembers of them, and when it asks the host."""

from collections.abc import Mapping
from typing import Any

import pytest

import connrules
from connrules import Engine, Event, Kind, Outcome

DAY = 86_400_000


def engine(rules: str, profiles: connrules.Profiles | None = None) -> Engine:
    return Engine(connrules.compile_rules(connrules.loads(rules)), profiles=profiles)


def said(user: str = "u", time: int = 0, **attributes: Any) -> Event:
    return Event(user=user, type="attributes", time=time, properties=attributes)


def purchase(time: int = 0, user: str = "u") -> Event:
    return Event(user=user, type="purchase", time=time)


def sent(outcomes: list[Outcome]) -> list[int]:
    return [outcome.at for outcome in outcomes if outcome.kind is Kind.SENT]


class Host:
    """Profiles that note for whom they are asked."""

    def __init__(self, by_user: Mapping[str, Mapping[str, Any]]) -> None:
        self.by_user = by_user
        self.asked: list[str] = []

    def attributes(self, user: str) -> Mapping[str, Any]:
        self.asked.append(user)
        return self.by_user.get(user, {})


def test_only_attributes_that_some_condition_looks_at_are_remembered() -> None:
    rules = "segment s = user.b.c = 1\non purchase if in segment s send X\non purchase still if user.a = 1 send Y"
    running = engine(rules)
    running.feed_many([said(a=1, b={"c": 1}, unused=1), said("v", unused=1)])
    assert b'{"a":1,"b":{"c":1}}' in running.snapshot()
    assert b"unused" not in running.snapshot()
    assert b'"v"' not in running.snapshot()


@pytest.mark.parametrize(("rules", "kept"), [("in 1 day at 09:00 local", True), ("in 1 day at 09:00", False)])
def test_the_time_zone_is_remembered_where_some_rule_is_local(rules: str, *, kept: bool) -> None:
    running = engine(f"on purchase {rules} send X")
    running.feed(said(time_zone="Asia/Tokyo"))
    assert (b"Asia/Tokyo" in running.snapshot()) is kept


@pytest.mark.parametrize(
    ("zone", "due"), [("Asia/Tokyo", 86_400_000), ("Mars/Base", 118_800_000), (9, 118_800_000), (None, 118_800_000)]
)
def test_a_time_zone_that_is_none_is_that_of_the_policy(zone: Any, due: int) -> None:
    running = engine("on purchase in 1 day at 09:00 local send X", Host({"u": {"time_zone": "Asia/Tokyo"}}))
    running.feed_many([said(time_zone=zone), purchase()])
    assert sent(running.advance_to(2 * DAY)) == [due]


def test_attributes_outlive_everything_else() -> None:
    running = engine("on purchase after 1d if user.vip = true send X")
    running.feed_many([said(vip=True), purchase()])
    assert sent(running.advance_to(DAY)) == [DAY]
    running.feed(purchase(DAY))
    assert sent(running.advance_to(2 * DAY)) == [2 * DAY]


def test_an_attribute_that_is_null_hides_the_one_of_the_host_and_no_other() -> None:
    running = engine("on purchase if user.vip = true and user.n = 1 send X", Host({"u": {"vip": True, "n": 1}}))
    assert sent(running.feed(purchase())) == [0]
    running.feed(said(vip=None))
    assert sent(running.feed(purchase())) == []
    running.feed(said(vip=True))
    assert sent(running.feed(purchase())) == [0]


def test_names_compare_in_nfc() -> None:
    composed, decomposed = {"caf\u00e9": 1}, {"cafe\u0301": 1}
    host = Host({"u": decomposed, "v": {"cafe\u0301": 2}})
    running = engine("on purchase if user.`caf\u00e9` = 1 send X", host)
    running.feed_many([said("v", **decomposed), said("w", **composed)])
    outcomes = running.feed_many([purchase(0, user) for user in "uvwx"])
    assert [outcome.user for outcome in outcomes if outcome.kind is Kind.SENT] == ["u", "v", "w"]


def test_the_host_is_asked_only_where_a_condition_is_looked_at() -> None:
    host = Host({"u": {"vip": True}})
    running = engine("on purchase after 1d if user.vip = true still if user.vip = true send X", host)
    running.feed_many([said(vip=True), Event(user="v", type="session_start", time=0)])
    assert host.asked == []
    running.feed(purchase())
    assert host.asked == ["u"]
    running.advance_to(DAY)
    assert host.asked == ["u", "u"]


def test_what_the_host_raises_goes_through() -> None:
    class Down:
        def attributes(self, user: str) -> Mapping[str, Any]:
            raise ConnectionError(user)

    with pytest.raises(ConnectionError, match="u"):
        engine("on purchase if user.vip = true send X", Down()).feed(purchase())
