"""Snapshots: whole, deterministic, and refused where they are not ours."""

import hashlib
from typing import Any

import pytest

import connrules
from connrules import Engine, Event, SnapshotError
from connrules.run.snapshot import from_bytes

DAY = 86_400_000
RULES = """
rule implied: on received_push of "A", "B" after 1d unless opened_push send "X"
rule kept: on purchase after 2d restarting unless purchase where cart.id = trigger.cart.id at most 2 per 1w send "Y"
rule first: on session_start once send "Z"
segment locals = user.city = "Oslo"
policy:
  limit 5 per 2d
  limit 9 per 1w
rule scheduled: on purchase if not in segment locals in 1 day at 09:00 local per cart.id hold out 30%
  convert on opened_push of "C" within 1w send one of 50% "V", 50% "W"
rule dropped: on purchase after 1d unless event "Never" between 08:00 and 09:30 zone "Asia/Kolkata" or drop send "U"
rule follows: on sent implied or cancelled scheduled after 3d unless clicked_card of any send "T"
"""
PLAN = connrules.compile_rules(connrules.loads(RULES))


def events(count: int = 60) -> list[Event]:
    kinds: list[dict[str, Any]] = [
        {"type": "received_push", "campaign": "A"},
        {"type": "purchase", "properties": {"cart": {"id": 7}}},
        {"type": "session_start"},
        {"type": "opened_push", "campaign": "B"},
        {"type": "purchase", "properties": {"cart": {"id": "café"}}},
        {"type": "attributes", "properties": {"city": "Oslo", "time_zone": "Asia/Tokyo", "unused": [1]}},
        {"type": "attributes", "properties": {"city": None}},
    ]
    users = ["alone" if n == 28 else f"u{n % 4}" for n in range(count)]  # nothing is known of it but its wait
    return [
        Event(user=user, time=n * 7_200_000 + n % 3, id=f"e{n // 2 * 2}", **kinds[n % 7])
        for n, user in enumerate(users)
    ]


def blank(lateness: int = 3_600_000) -> Engine:
    return Engine(PLAN, lateness=lateness, dedupe=DAY)


def engine(lateness: int = 3_600_000, fed: int = 40) -> Engine:
    made = blank(lateness)
    made.feed_many(events()[:fed])
    return made


@pytest.mark.parametrize("fed", [0, 1, 25, 40, 60])
def test_a_restored_engine_goes_on_as_the_other_would_have(fed: int) -> None:
    first, second = engine(fed=fed), blank()
    second.restore(first.snapshot())
    assert second.snapshot() == first.snapshot()
    assert second.watermark == first.watermark
    assert second.pending() == first.pending()
    rest = events()[fed:]
    assert second.feed_many(rest) + second.finish() == first.feed_many(rest) + first.finish()


def test_what_the_snapshots_here_are_of() -> None:
    """They hold something of everything that is remembered; a snapshot of too little would prove nothing."""
    saved = from_bytes(engine().snapshot())
    users = saved.users.values()
    assert [(alike.source.rule, alike.users) for alike in saved.alike] == [("implied", ["alone"])]
    waits = [wait for user in users for wait in user.waits]
    assert {wait.source.rule for wait in waits} == {"implied", "kept", "scheduled", "dropped", "follows"}
    assert {wait.source.per for wait in waits} == {None, 7, "café"}
    assert {wait.source.rule for wait in waits if wait.source.missed} == {"dropped"}
    assert {goal.send for user in users for goal in user.goals} == {None, "V", "W"}
    assert {number for user in users for number in user.limited} == {"0", "1"}
    assert {name for user in users for name in user.sends} == {"first", "kept"}
    assert {name for user in users for name in user.attributes} == {"city", "time_zone"}
    assert saved.note.seen
    assert saved.note.buffered


def test_the_same_state_gives_the_same_bytes() -> None:
    one_by_one = blank()
    for event in events()[:40]:
        one_by_one.feed(event)
    assert one_by_one.snapshot() == engine().snapshot() == engine().snapshot()


def test_taking_a_snapshot_changes_nothing() -> None:
    watched, alone = engine(), engine()
    watched.snapshot()
    assert watched.feed_many(events()[40:]) == alone.feed_many(events()[40:])


def test_restoring_replaces_what_was_remembered() -> None:
    other = engine(fed=60)
    other.restore(engine(fed=10).snapshot())
    assert other.snapshot() == engine(fed=10).snapshot()
    assert other.counts.events == 0


@pytest.mark.parametrize("number", [2**64, -(2**70), 10**40, 2**53 + 1, 1.5, -0.0, 1e300])
def test_numbers_of_any_size_survive(number: float) -> None:
    line = f'{{"user":"u","type":"purchase","time":1,"properties":{{"cart":{{"id":{number}}}}}}}'
    again = connrules.parse_event(line.replace('"time":1', '"time":3600002'))
    for lateness in (0, DAY):  # kept by a wait, and in an event that is buffered
        first, second = (Engine(PLAN, lateness=lateness) for _ in range(2))
        first.feed(connrules.parse_event(line))
        second.restore(first.snapshot())
        got = second.feed(again) + second.finish()
        assert got == first.feed(again) + first.finish()
        assert got[0].kind is connrules.Kind.CANCELLED


WHOLE = engine().snapshot()
DAMAGED = {
    "nothing": (b"", "not a snapshot"),
    "something else": (b"{}", "not a snapshot"),
    "a plan": (PLAN.to_json(), "not a snapshot"),
    "only the header": (WHOLE[:21], "damaged or cut off"),
    "half of it": (WHOLE[: len(WHOLE) // 2], "damaged or cut off"),
    "all but the last byte": (WHOLE[:-1], "damaged or cut off"),
    "something after it": (WHOLE + b"\n", "damaged or cut off"),
    "a bit in the body": (WHOLE[:-9] + bytes([WHOLE[-9] ^ 1]) + WHOLE[-8:], "damaged or cut off"),
    "a bit in the sum": (WHOLE[:30] + bytes([WHOLE[30] ^ 1]) + WHOLE[31:], "damaged or cut off"),
    "an older version": (WHOLE.replace(b"snapshot 4\n", b"snapshot 3\n", 1), "has version 3; this connrules reads"),
    "a newer version": (
        WHOLE.replace(b"snapshot 4\n", b"snapshot 5\n", 1),
        "has version 5; this connrules reads version 4",
    ),
    "version ten": (WHOLE.replace(b"snapshot 4\n", b"snapshot 10\n", 1), "has version 10; "),
    "a text": ("connrules snapshot 4\n", "a snapshot is bytes, not str"),
    "none": (None, "a snapshot is bytes, not NoneType"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_what_is_no_whole_snapshot_is_refused_and_changes_nothing(damage: str) -> None:
    data: Any
    data, words = DAMAGED[damage]
    running = engine(fed=20)
    before = running.snapshot(), running.counts.events
    with pytest.raises(SnapshotError, match=words):
        running.restore(data)
    assert (running.snapshot(), running.counts.events) == before


@pytest.mark.parametrize(
    "rules",
    [
        RULES.replace("1d", "2d"),
        RULES.replace("first", "other"),
        RULES + 'on purchase send "W"',
        'on purchase send "W"',
    ],
)
def test_a_snapshot_of_another_plan_is_refused_and_changes_nothing(rules: str) -> None:
    other = Engine(connrules.compile_rules(connrules.loads(rules)), lateness=3_600_000)
    other.feed_many(events()[:10])
    before = other.snapshot()
    with pytest.raises(SnapshotError, match="taken with another plan"):
        other.restore(WHOLE)
    assert other.snapshot() == before


@pytest.mark.parametrize("lateness", [0, 3_599_999, 3_600_001])
def test_a_snapshot_with_another_lateness_is_refused_and_changes_nothing(lateness: int) -> None:
    other = engine(lateness)
    before = other.snapshot()
    with pytest.raises(SnapshotError, match="taken with a lateness of 3600000 ms"):
        other.restore(WHOLE)
    assert other.snapshot() == before


@pytest.mark.parametrize("dedupe", [0, DAY - 1, DAY + 1])
def test_a_snapshot_with_another_dedupe_horizon_is_refused_and_changes_nothing(dedupe: int) -> None:
    other = Engine(PLAN, lateness=3_600_000, dedupe=dedupe)
    before = other.snapshot()
    with pytest.raises(SnapshotError, match="taken with a dedupe horizon of 86400000 ms"):
        other.restore(WHOLE)
    assert other.snapshot() == before


def test_what_is_wrong_in_a_body_whose_sum_is_right() -> None:

    for body in (b"", b"[]", b"{}", b"\xff", WHOLE[53:].replace(b'"lateness":3600000', b'"lateness":"x"')):
        with pytest.raises(SnapshotError, match="cannot be read"):
            engine().restore(WHOLE[:21] + hashlib.blake2b(body, digest_size=32).digest() + body)


def test_outcomes_that_could_not_be_given_out_are_remembered() -> None:
    plan = connrules.compile_rules(connrules.loads('on purchase send "X"'))
    engine = connrules.Engine(plan)
    bad = connrules.Event(user="b", type="purchase", time="3")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        engine.feed_many([connrules.Event(user="a", type="purchase", time=1), bad])
    restored = connrules.Engine(plan)
    restored.restore(engine.snapshot())
    given = restored.feed_many([])
    assert [outcome.user for outcome in given] == ["a"]
    assert engine.feed_many([]) == given
    assert restored.feed_many([]) == []
