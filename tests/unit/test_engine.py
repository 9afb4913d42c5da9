"""The edges of the engine: wrong arguments, time that stands still or goes back, memory that must not grow."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.held import grows, held

import connrules
from connrules import Engine, Event, Kind, Outcome, Plan
from connrules.duration import EARLIEST, LATEST
from connrules.run.counts import OTHERS

DAY = 86_400_000


def plan(rules: str = 'rule r: on purchase after 1d unless session_start send "X"') -> Plan:
    return connrules.compile_rules(connrules.loads(rules))


def event(time: Any, user: str = "u", type_: str = "purchase", **fields: Any) -> Event:
    return Event(user=user, type=type_, time=time, **fields)


def kinds(outcomes: Iterable[Outcome]) -> list[Kind]:
    return [outcome.kind for outcome in outcomes]


# wrong arguments


def test_what_is_told_of_late_events_can_be_called() -> None:
    with pytest.raises(TypeError, match="on_late is called"):
        Engine(plan(), on_late=3)  # type: ignore[arg-type]


@pytest.mark.parametrize("lateness", [0, 100])
@pytest.mark.parametrize("as_list", [True, False])
def test_what_on_late_raises_leaves_the_events_before_it_as_they_are(lateness: int, *, as_list: bool) -> None:
    def refuse(_: Event) -> None:
        raise RuntimeError("no")

    engine = Engine(plan(), lateness=lateness, on_late=refuse)
    events = [event(9_000, "a"), event(9_001, "b"), event(500, "late"), event(9_002, "c")]

    with pytest.raises(RuntimeError):
        engine.feed_many(events if as_list else iter(events))

    assert (engine.counts.events, engine.counts.late) == (3, 1)
    assert [outcome.user for outcome in engine.finish()] == ["a", "b"]


@pytest.mark.parametrize("many", [1, 1_000])
def test_outcomes_that_are_not_asked_for_are_counted(many: int) -> None:
    rules = plan('rule r: on purchase after 1d unless session_start send "X"')
    full, sends = Engine(rules), Engine(rules, kinds={Kind.SENT})
    history = [
        event(n * 3_600_000, f"u{n // 4 % 7}", type_)
        for n, type_ in enumerate(["purchase", "purchase", "session_start", "purchase"] * many)
    ]
    told, sent = ([*e.feed_many(history), *e.finish(until=10_000 * DAY)] for e in (full, sends))
    assert sent == [outcome for outcome in told if outcome.kind is Kind.SENT] != []
    assert full.counts == sends.counts
    assert {Kind.CANCELLED, Kind.IGNORED} < set(kinds(told))


WRONG_TYPES = [1.0, True, "5", None, datetime(2026, 3, 2, tzinfo=UTC)]
OUT_OF_RANGE = [EARLIEST - 1, LATEST + 1, 2**62, 10**30, -(10**30)]


@pytest.mark.parametrize("time", WRONG_TYPES)
@pytest.mark.parametrize("method", ["feed", "advance_to", "finish"])
@pytest.mark.parametrize("lateness", [0, 5])
def test_a_time_that_is_no_whole_number_is_refused_and_changes_nothing(time: Any, method: str, lateness: int) -> None:
    if (method, time) == ("finish", None):
        return
    with unchanged(lateness) as engine, pytest.raises(TypeError, match="a time is a whole number of epoch milli"):
        getattr(engine, method)(event(time) if method == "feed" else time)


@pytest.mark.parametrize("time", OUT_OF_RANGE)
@pytest.mark.parametrize("method", ["feed", "advance_to", "finish"])
@pytest.mark.parametrize("lateness", [0, 5])
def test_a_time_without_a_date_is_refused_and_changes_nothing(time: int, method: str, lateness: int) -> None:
    with unchanged(lateness) as engine, pytest.raises(ValueError, match="outside the years 1 to 9999"):
        getattr(engine, method)(event(time) if method == "feed" else time)


@pytest.mark.parametrize("time", [EARLIEST, LATEST])
def test_the_first_and_the_last_instant_with_a_date_are_taken(time: int) -> None:
    engine = Engine(plan("on purchase send X"))
    assert kinds(engine.feed(event(time))) == [Kind.SENT]
    assert engine.advance_to(time) == []
    restored = Engine(plan("on purchase send X"))
    restored.restore(engine.snapshot())
    assert restored.watermark == time


class unchanged:  # noqa: N801  # reads as a statement
    """An engine in the middle of a run, that is afterwards as it was before."""

    def __init__(self, lateness: int) -> None:
        self.engine = Engine(plan(), lateness=lateness)

    def __enter__(self) -> Engine:
        self.engine.feed_many([event(0), event(2, "v"), event(1, "v", "session_start")])
        self._before = self.engine.snapshot(), self.engine.counts.events
        return self.engine

    def __exit__(self, *_: object) -> None:
        assert (self.engine.snapshot(), self.engine.counts.events) == self._before


def test_the_events_before_a_refused_one_count() -> None:
    engine = Engine(plan("on purchase send X"))
    with pytest.raises(TypeError):
        engine.feed_many([event(0), event(1.5), event(2)])
    assert engine.counts.events == 1
    assert [outcome.at for outcome in engine.feed(event(3))] == [0, 3]


@pytest.mark.parametrize("lateness", [-1, -DAY])
def test_a_lateness_below_zero(lateness: int) -> None:
    with pytest.raises(ValueError, match=f"from 0 up, not {lateness}"):
        Engine(plan(), lateness=lateness)


@pytest.mark.parametrize("lateness", [1.5, "1d", None, True])
def test_a_lateness_that_is_no_whole_number(lateness: Any) -> None:
    with pytest.raises(TypeError, match="the lateness is a whole number of milliseconds"):
        Engine(plan(), lateness=lateness)


@pytest.mark.parametrize("dedupe", [-1, -DAY])
def test_a_dedupe_horizon_below_zero(dedupe: int) -> None:
    with pytest.raises(ValueError, match=f"the dedupe horizon is a number of milliseconds from 0 up, not {dedupe}"):
        Engine(plan(), dedupe=dedupe)


@pytest.mark.parametrize("dedupe", [1.5, "1d", None, True])
def test_a_dedupe_horizon_that_is_no_whole_number(dedupe: Any) -> None:
    with pytest.raises(TypeError, match="the dedupe horizon is a whole number of milliseconds"):
        Engine(plan(), dedupe=dedupe)


@pytest.mark.parametrize("profiles", [{"u": {}}, "users.jsonl", lambda user: {}])
def test_profiles_that_cannot_be_looked_up(profiles: Any) -> None:
    with pytest.raises(TypeError, match=r"looked up with `attributes\(user\)`"):
        Engine(plan(), profiles=profiles)


def test_a_type_of_event_that_only_a_newer_version_knows() -> None:
    matcher = connrules.compile_rules(connrules.loads("rule r: on purchase send X")).to_json()
    newer = Plan.from_json(matcher.replace(b'"type":"purchase"', b'"type":"teleported"'))
    with pytest.raises(
        connrules.PlanError, match="this connrules does not know `teleported`, of which the rule `r` speaks"
    ):
        Engine(newer)


# time


def test_time_does_not_go_back() -> None:
    engine = Engine(plan())
    engine.feed(event(DAY))
    assert engine.advance_to(DAY - 1) == []
    assert engine.watermark == DAY
    assert engine.feed(event(DAY)) != []
    assert engine.counts.late == 0


@pytest.mark.parametrize(("to", "sent"), [(DAY - 1, []), (DAY, [Kind.SENT]), (DAY + 1, [Kind.SENT])])
def test_advancing_fires_what_is_due(to: int, sent: list[Kind]) -> None:
    engine = Engine(plan())
    engine.feed(event(0))
    assert kinds(engine.advance_to(to)) == sent


@pytest.mark.parametrize(("time", "late"), [(99, 1), (100, 0), (101, 0)])
@pytest.mark.parametrize("lateness", [0, 50])
def test_advancing_says_that_nothing_older_comes(time: int, late: int, lateness: int) -> None:
    engine = Engine(plan(), lateness=lateness)
    engine.advance_to(100)
    engine.feed(event(time))
    assert engine.counts.late == late


def test_advancing_takes_in_what_is_buffered_up_to_there() -> None:
    engine = Engine(plan("on purchase send X"), lateness=DAY)
    assert engine.feed_many([event(0), event(10), event(11)]) == []
    assert [outcome.at for outcome in engine.advance_to(10)] == [0, 10]
    assert [outcome.at for outcome in engine.finish()] == [11]


@pytest.mark.parametrize(("age", "late"), [(9, 0), (10, 0), (11, 1)])
def test_an_event_is_late_if_it_is_older_than_the_lateness(age: int, late: int) -> None:
    seen: list[Event] = []
    engine = Engine(plan(), lateness=10, on_late=seen.append)
    engine.feed_many([event(1_000), event(1_000 - age)])
    assert (engine.counts.late, len(seen)) == (late, late)


def test_an_engine_goes_on_after_the_end_of_an_input() -> None:
    engine = Engine(plan())
    engine.feed(event(0))
    assert kinds(engine.finish()) == [Kind.PENDING]
    assert kinds(engine.finish()) == [Kind.PENDING]
    assert kinds(engine.feed(event(1, type_="session_start"))) == [Kind.CANCELLED]
    assert engine.finish() == []
    assert engine.counts.total(Kind.PENDING) == 0


def test_the_end_makes_events_late_that_the_lateness_would_have_let_in() -> None:
    engine = Engine(plan(), lateness=10)
    engine.feed(event(100))
    engine.finish()
    engine.feed_many([event(99), event(100)])
    assert engine.counts.late == 1


def test_before_any_event() -> None:
    engine = Engine(plan(), lateness=5)
    assert (engine.watermark, engine.pending(), engine.finish()) == (None, [], [])
    assert engine.finish(until=7) == []
    assert engine.watermark == 7


def test_finishing_at_an_instant_before_the_newest_event() -> None:
    engine = Engine(plan())
    engine.feed_many([event(0), event(DAY, "v")])
    (pending,) = engine.finish(until=5)
    assert (pending.user, pending.at, pending.due) == ("v", DAY, 2 * DAY)


def test_numbers_add_up() -> None:
    rules = 'on purchase after 1d restarting unless session_start at most 2 per 2d send "X"'
    engine = Engine(plan(rules), lateness=DAY)
    outcomes = engine.feed_many(list(busy(2_000))) + engine.finish()
    counts = engine.counts
    assert {kind: counts.total(kind) for kind in Kind} == {kind: kinds(outcomes).count(kind) for kind in Kind}
    assert sum(counts.total(kind) for kind in Kind) == sum(1 for e in busy(2_000) if e.type == "purchase") - counts.late
    assert sum(counts.cancelled.values()) == counts.total(Kind.CANCELLED) > 0
    assert sum(counts.reasons(Kind.DROPPED).values()) == counts.total(Kind.DROPPED)
    assert counts.total(Kind.RESTARTED) > 0


# memory


def busy(count: int) -> Iterator[Event]:
    """Events of a few users without end: waits that are cancelled, restarted and fired."""
    for n in range(count):
        type_ = ("purchase", "purchase", "session_start", "purchase")[n % 4]
        yield event(n * 3_600_000 // 2 - (n % 5) * 60_000, f"u{n % 7}", type_, id=f"e{n}")


def most_held(rules: str, count: int, events: Callable[[int], Iterator[Event]] = busy, lateness: int = 0) -> int:
    """The most bytes held while running so many events, or rounds of them."""
    engine = Engine(plan(rules), lateness=lateness)
    with held(__file__) as memory:
        for one in memory.looking(events(count), every=count // 10):
            engine.feed(one)
    return memory.most


@pytest.mark.parametrize(
    "rules",
    [
        "on purchase after 1d unless session_start send X",
        "on purchase after 26w restarting send X",
        "on purchase after 26w unless session_start send X",
        "on purchase at most 3 per 1d send X",
        "on purchase once send X",
        "on purchase after 1h unless session_start at most 2 per 1w send X",
    ],
)
@pytest.mark.parametrize("lateness", [0, DAY])
def test_memory_does_not_grow_with_the_log(rules: str, lateness: int) -> None:
    assert not grows(lambda count: most_held(rules, count, lateness=lateness), 5_000, 9_000)


@pytest.mark.parametrize(
    "rules",
    [
        "on purchase in 3 days at 09:00 unless session_start per id send X",
        "on purchase in 400 days at 09:00 unless session_start send X",
        "on purchase between 09:00 and 10:00 send X",
        "on purchase convert on session_start within 2d send X",
        'on purchase hold out 50% convert on event "Never" within 2d send X',
        "policy: limit 3 per 1d limit 9 per 2d\non purchase send X",
        "rule r: on purchase after 1h unless session_start send X\non sent r or cancelled r after 5h send Y",
        "on purchase if user.n > 5 send X",
    ],
)
def test_memory_does_not_grow_with_the_log_under_any_clause(rules: str) -> None:
    assert not grows(lambda count: most_held(rules, count), 5_000, 9_000)


@pytest.mark.parametrize("again", [False, True])
def test_memory_of_ids_does_not_grow_with_the_log(*, again: bool) -> None:
    def named(count: int) -> Iterator[Event]:
        for n in range(count):
            yield event(n * 60_000, f"u{n % 7}", "session_start", id="e" if again else f"e{n}")

    def highest(count: int) -> int:
        engine = Engine(plan(), dedupe=DAY)
        with held(__file__) as memory:
            engine.feed_many(memory.looking(named(count), every=count // 10))
        return memory.most

    assert not grows(highest, 4_000, 9_000)


@pytest.mark.parametrize(("after", "left"), [(2 * DAY - 1, True), (2 * DAY, False), (2 * DAY + 1, False)])
def test_a_goal_that_can_no_longer_be_reached_is_forgotten(after: int, *, left: bool) -> None:
    engine = Engine(plan("rule r: on purchase convert on session_start within 2d send X"))
    engine.feed(event(0))
    engine.advance_to(after)
    assert (b'"users":{}' not in engine.snapshot()) is left
    assert kinds(engine.feed(event(after, type_="session_start"))) == [Kind.GOAL] * left
    assert b'"users":{}' in engine.snapshot()


def test_sends_that_leave_the_window_together_do_not_keep_the_cancelled_alive() -> None:
    def pairs(count: int) -> Iterator[Event]:
        for n in range(count):
            yield event(n * DAY, type_="session_start")
            yield from (event(n * DAY + 1), event(n * DAY + 1))

    rules = "on purchase at most 2 per 1h send X\non session_start after 5200w unless purchase send Y"
    assert not grows(lambda count: most_held(rules, count, pairs), 1_500, 4_000)


def test_memory_grows_with_waiting_users() -> None:
    def everyone(count: int) -> Iterator[Event]:
        return (event(n, f"u{n}") for n in range(count))

    rules = "on purchase after 1d send X"
    assert most_held(rules, 4_000, everyone) > 4 * most_held(rules, 500, everyone)


def test_users_of_whom_nothing_is_left_are_forgotten() -> None:
    def newcomers(count: int) -> Iterator[Event]:
        for n in range(count):
            yield event(n * 1_000, f"u{n}")
            yield event(n * 1_000 + 1, f"u{n}", "session_start")

    rules = "on purchase after 1d unless session_start send X"
    assert not grows(lambda count: most_held(rules, count, newcomers), 1_500, 4_000)


@pytest.mark.parametrize("fields", [{"type_": "event", "name": "order {}"}, {"type_": "clicked_card", "card": "c{}"}])
def test_names_that_no_rule_names_take_no_memory(fields: dict[str, str]) -> None:
    def named(count: int) -> Iterator[Event]:
        for n in range(count):
            yield event(n, **{key: value.format(n) for key, value in fields.items()})

    rules = 'on event "Joined" or viewed_card of any after 1d unless purchase send X'
    assert not grows(lambda count: most_held(rules, count, named), 2_000, 7_000)


def test_an_object_that_no_rule_names_is_implied_by_its_name() -> None:
    engine = Engine(plan("on viewed_card of any after 1d unless clicked_card send X"))
    engine.feed(event(0, type_="viewed_card", card="No\u00ebl"))
    assert engine.feed(event(1, type_="clicked_card", card="Other")) == []
    restored = Engine(engine.plan)
    restored.restore(engine.snapshot())
    for running in (engine, restored):
        assert kinds(running.feed(event(2, type_="clicked_card", card="Noe\u0308l"))) == [Kind.CANCELLED]


def test_types_without_end_are_counted_together() -> None:
    engine = Engine(plan())
    engine.feed_many(event(n, type_=f"type {n}") for n in range(5_000))
    engine.feed(event(5_000, type_="type 7"))
    assert engine.counts.unknown_types.total() == 5_001
    assert engine.counts.unknown_types["type 7"] == 2
    assert engine.counts.unknown_types[OTHERS] == 4_000


# sends that count


@pytest.mark.parametrize(("gap", "sent"), [(DAY - 1, 2), (DAY, 4), (DAY + 1, 4)])
def test_sends_of_one_instant_leave_the_window_together(gap: int, sent: int) -> None:
    engine = Engine(plan("on purchase at most 2 per 1d send X"))
    outcomes = engine.feed_many([event(0), event(0), event(0), event(gap), event(gap), event(gap)])
    assert kinds(outcomes).count(Kind.SENT) == sent


def test_what_has_left_the_window_is_forgotten() -> None:
    engine, fresh = (Engine(plan("on purchase at most 2 per 1d send X")) for _ in range(2))
    engine.feed_many([event(0), event(0), event(5)])
    engine.advance_to(DAY + 5)
    fresh.advance_to(DAY + 5)
    assert b'"users":{}' in engine.snapshot()
    assert b'"users":{}' in fresh.snapshot()


def test_a_send_uses_up_the_limits_that_its_campaign_is_under() -> None:
    catalog = connrules.Catalog.model_validate(
        {"campaigns": [{"name": "P", "channels": ["push", "email"]}, {"name": "E", "channels": ["email"]}]}
    )
    rules = "policy: limit push to 1 per 1d\non purchase send P\non purchase send E"
    engine = Engine(connrules.compile_rules(connrules.loads(rules, catalog=catalog)))
    outcomes = engine.feed_many([event(0), event(DAY - 1), event(DAY)])
    assert [(o.send, o.at) for o in outcomes if o.kind is Kind.SENT] == [
        ("P", 0),
        ("E", 0),
        ("E", DAY - 1),
        ("P", DAY),
        ("E", DAY),
    ]


# chains


def test_the_trigger_of_a_chained_wait_is_the_outcome_before() -> None:
    engine = Engine(plan("rule a: on purchase send X\nrule b: on sent a per id send Y\nrule c: on sent b send Z"))
    first, second, third = engine.feed(event(7, id="e1", properties={"id": 5}))
    assert (second.trigger, second.triggered_at, second.per) == (first.id, 7, None)
    assert (third.trigger, third.triggered_at) == (second.id, 7)


def test_a_long_chain_does_not_nest() -> None:
    rules = ["rule r0: on purchase send X", *(f"rule r{n}: on sent r{n - 1} send X" for n in range(1, 3_000))]
    assert len(Engine(plan("\n".join(rules))).feed(event(0))) == 3_000
