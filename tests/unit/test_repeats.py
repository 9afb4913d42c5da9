"""Events that come twice: what counts as a repeat, on both sides of the horizon."""

from collections.abc import Sequence
from typing import Any

import pytest

import connrules
from connrules import Engine, Event, Kind
from connrules.run.repeats import Repeats

HOUR = 3_600_000


def engine(rules: str = "on purchase send X", **options: Any) -> Engine:
    return Engine(connrules.compile_rules(connrules.loads(rules)), **({"dedupe": HOUR} | options))


def purchase(time: int, id_: str | None = "e", user: str = "u") -> Event:
    return Event(user=user, type="purchase", time=time, id=id_)


def sent(running: Engine, events: Sequence[Event]) -> list[int]:
    return [outcome.at for outcome in running.feed_many(events) if outcome.kind is Kind.SENT]


@pytest.mark.parametrize(("gap", "repeated"), [(0, 1), (HOUR - 1, 1), (HOUR, 0), (HOUR + 1, 0)])
def test_within_the_horizon(gap: int, repeated: int) -> None:
    running = engine()
    assert sent(running, [purchase(0), purchase(gap)]) == [0, gap][: 2 - repeated]
    assert (running.counts.repeated, running.counts.events) == (repeated, 2)


def test_each_sighting_renews() -> None:
    running = engine()
    times = [n * (HOUR - 1) for n in range(5)]
    assert sent(running, [*map(purchase, times), purchase(times[-1] + HOUR)]) == [0, times[-1] + HOUR]
    assert running.counts.repeated == 4


def test_what_is_no_repeat() -> None:
    events = [purchase(0), purchase(0, user="v"), purchase(0, "f"), *[purchase(0, None)] * 2, *[purchase(0, "")] * 2]
    running = engine()
    assert len(sent(running, events)) == len(events)
    assert running.counts.repeated == 0


def test_without_a_horizon_nothing_is_a_repeat() -> None:
    running = engine(dedupe=0)
    assert sent(running, [purchase(0), purchase(0)]) == [0, 0]


def test_events_of_every_type_are_seen() -> None:
    unknown = Event(user="u", type="blinked", time=0, id="e")
    said = Event(user="u", type="attributes", time=1, id="e", properties={"vip": True})
    running = engine("on purchase if user.vip = true send X")
    assert sent(running, [unknown, said, purchase(2), purchase(3, "f")]) == []
    assert (running.counts.repeated, running.counts.unknown_types.total()) == (2, 1)


def test_a_late_event_is_not_seen() -> None:
    running = engine()
    assert sent(running, [purchase(5, "other"), purchase(4), purchase(5)]) == [5, 5]
    assert (running.counts.late, running.counts.repeated) == (1, 0)


def test_a_repeat_lets_time_move_on() -> None:
    running = engine("on purchase after 30m send X")
    assert sent(running, [purchase(0), purchase(HOUR - 1)]) == [HOUR // 2]


def test_events_are_compared_in_their_total_order() -> None:
    """The one that arrives first is the repeat, where it is the later one."""
    running = engine(lateness=HOUR)
    outcomes = running.feed_many([purchase(10), purchase(0)]) + running.finish()
    assert [outcome.at for outcome in outcomes] == [0]


def test_what_would_be_no_repeat_is_forgotten() -> None:
    seen = Repeats(10)
    assert [seen.saw("u", "a", 0), seen.saw("u", "b", 5), seen.saw("u", "a", 9)] == [False, False, True]
    assert [sighting.id for sighting in seen] == ["b", "a"]
    seen.forget(14)
    assert [sighting.id for sighting in seen] == ["b", "a"]
    seen.forget(15)
    assert list(seen) == [("u", "a", 9)]
    seen.forget(19)
    assert not list(seen)


def test_the_snapshot_holds_ids_and_none_beyond_the_horizon() -> None:
    running = engine()
    running.feed_many([purchase(0), purchase(1, "f")])
    running.advance_to(HOUR)
    assert b'"seen":[["u","f",1]]' in running.snapshot()
    restored = engine()
    restored.restore(running.snapshot())
    assert restored.snapshot() == running.snapshot()
    assert sent(restored, [purchase(HOUR), purchase(HOUR, "f")]) == [HOUR]
