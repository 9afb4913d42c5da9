"""Figures for observers: what they say, when, and that no observer harms the engine."""

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from connrules import Engine, Event, Figures, Kind, Outcome, Plan, Reason, compile_rules, loads
from connrules.durable.engine import DurableEngine
from connrules.run.counts import OTHERS

HOUR = 3_600_000
DAY = 24 * HOUR
START = 1_772_323_200_000
PLAN = compile_rules(
    loads('rule cart: on received_push of "A" after 1d unless purchase send "B"\nrule thanks: on purchase send "C"')
)


class Seen:
    """An observer that keeps all it is shown."""

    def __init__(self) -> None:
        self.all: list[Figures] = []

    def observe(self, figures: Figures) -> None:
        self.all.append(figures)

    @property
    def last(self) -> Figures:
        return self.all[-1]


def push(user: str, time: int, campaign: str = "A") -> Event:
    return Event(user=user, type="received_push", campaign=campaign, time=time, id=f"{user}{time}")


def purchase(user: str, time: int) -> Event:
    return Event(user=user, type="purchase", time=time, id=f"p{user}{time}")


def observed(plan: Plan = PLAN, *, lateness: int = 0, kinds: set[Kind] | None = None) -> tuple[Engine, Seen]:
    seen = Seen()
    return Engine(plan, lateness=lateness, observer=seen, kinds=kinds), seen


def test_figures_say_what_was_counted_and_how_things_stand() -> None:
    engine, seen = observed()
    engine.feed_many([push("ana", 0), push("ana", 1), push("bob", 2), push("cid", 3, "X"), purchase("bob", 4)])
    assert seen.last == Figures(
        events=5,
        matched=4,
        unknown=0,
        outcomes={
            (Kind.IGNORED, Reason.ALREADY_WAITING): 1,
            (Kind.CANCELLED, None): 1,
            (Kind.SENT, None): 1,
        },
        rules={("cart", Kind.IGNORED): 1, ("cart", Kind.CANCELLED): 1, ("thanks", Kind.SENT): 1},
        users=1,
        waits=1,
        watermark=4,
        newest=4,
    )


def test_nothing_is_shown_before_the_first_call_and_once_for_each_however_many_events() -> None:
    engine, seen = observed()
    assert seen.all == []
    engine.feed(push("ana", 0))
    engine.feed_many([push(f"u{n}", n) for n in range(2_500)])
    engine.feed_many(iter([push("zoe", 9_000), push("yan", 9_001)]))
    engine.take([push("xi", 9_002)], 1, lambda *_: None)
    engine.advance_to(DAY)
    engine.finish()
    assert [figures.events for figures in seen.all] == [1, 2_501, 2_503, 2_504, 2_504, 2_504]
    assert seen.last.outcomes[Kind.PENDING, None] == seen.last.waits == len(engine.pending())


def test_figures_that_were_shown_stay_as_they_were() -> None:
    engine, seen = observed()
    engine.feed(purchase("ana", 0))
    engine.feed(purchase("ana", 1))
    assert [figures.outcomes[Kind.SENT, None] for figures in seen.all] == [1, 2]


def test_late_repeated_unknown_and_rejected_events_are_told_apart() -> None:
    seen = Seen()
    engine = Engine(PLAN, lateness=10, dedupe=DAY, observer=seen)
    unknown = Event(user="u", type="danced", time=100)
    engine.feed_many([push("ana", 100), push("ana", 100), unknown, push("bob", 89), push("bob", 90)])
    for wrong in (Event(user="u", type="purchase", time=10**18), "no event", Event(user=7, type="purchase", time=100)):  # type: ignore[arg-type]
        with pytest.raises((TypeError, ValueError)):
            engine.feed(wrong)  # type: ignore[arg-type]
    engine.counts.rejected += 2  # what the host could not even make an event of
    engine.advance_to(101)
    figures = seen.last
    assert (figures.events, figures.late, figures.repeated, figures.rejected, figures.unknown) == (5, 1, 1, 5, 1)


def test_events_that_are_rejected_amid_a_batch() -> None:
    engine, seen = observed()
    with pytest.raises(TypeError):
        engine.feed_many([push("ana", 0), Event(user=7, type="purchase", time=1)])  # type: ignore[arg-type]
    engine.advance_to(2)
    assert (seen.last.events, seen.last.rejected) == (1, 1)


def test_events_held_back_are_told_until_the_watermark_reaches_them() -> None:
    engine, seen = observed(lateness=HOUR)
    engine.feed_many([push("ana", 0), push("bob", HOUR - 1)])
    assert (seen.last.held_back, seen.last.waits, seen.last.watermark) == (2, 0, -1)
    engine.feed(push("cid", HOUR))
    assert (seen.last.held_back, seen.last.waits, seen.last.watermark) == (2, 1, 0)


def test_the_newest_event_is_told_apart_from_time_that_was_moved_on() -> None:
    engine, seen = observed(lateness=HOUR)
    engine.advance_to(5 * HOUR)
    assert (seen.last.watermark, seen.last.newest) == (5 * HOUR, None)
    engine.feed(push("ana", 5 * HOUR + 7))
    assert (seen.last.watermark, seen.last.newest) == (5 * HOUR, 5 * HOUR + 7)
    engine.advance_to(9 * HOUR)
    assert (seen.last.watermark, seen.last.newest) == (9 * HOUR, 5 * HOUR + 7)


def test_outcomes_that_nobody_wants_are_counted_by_rule_all_the_same() -> None:
    events = [push("ana", 0), push("ana", 1), push("bob", 2), purchase("bob", 3), push("cid", DAY + 1)]
    shown = []
    for kinds in (None, {Kind.SENT}):
        engine, seen = observed(kinds=kinds)
        engine.feed_many(events)
        engine.finish()
        shown.append((dict(seen.last.rules), seen.last.outcomes))
    assert shown[0] == shown[1]


@pytest.mark.parametrize("lateness", [0, 2 * HOUR])
def test_waits_and_counts_agree_with_the_engine_at_each_step(lateness: int) -> None:
    """Over a rule set of all that sets timers: quotas, goals, limits, `restarting`, chains, clocks on the wall."""
    for text in (WITHOUT_CLOCKS, WITHOUT_CLOCKS + CLOCKS):
        engine, seen = observed(compile_rules(loads(text)), lateness=lateness)
        outcomes: list[Outcome] = []
        for batch in batches():
            outcomes += engine.feed_many(batch)
            assert seen.last.waits == len(engine.pending())
            assert seen.last.outcomes == Counter((o.kind, o.reason) for o in outcomes)
            assert seen.last.rules == Counter((o.rule, o.kind) for o in outcomes)
        assert {o.kind for o in outcomes} == set(Kind) - {Kind.PENDING}
        engine.advance_to(START + 400 * DAY)
        assert seen.last.waits == 0


WITHOUT_CLOCKS = """
policy:
  limit 2 per 1d
rule cart: on received_push of "A" after 1d unless purchase at most 2 per 3d
  convert on purchase within 2d send "B"
rule again: on received_push of "A" after 5h restarting unless session_start send "C"
rule carts: on purchase after 7h unless opened_push of any per sku send "D"
rule chain: on sent cart after 3h send "E"
"""
CLOCKS = 'rule clock: on purchase in 2 days at 09:00 local unless session_start send "F"\n'


def batches() -> Sequence[list[Event]]:
    chance = Random(6)
    kinds = ("received_push", "purchase", "session_start", "opened_push", "received_push")
    events = [
        Event(
            user=f"u{chance.randrange(40)}",
            type=chance.choice(kinds),
            time=START + n * 1_300_000,
            campaign="A",
            id=f"e{n}",
            properties={"sku": f"s{n % 3}"},
        )
        for n in range(3_000)
    ]
    return [events[first : first + 50] for first in range(0, len(events), 50)]


def test_an_engine_that_was_restored_counts_anew_and_knows_who_waits() -> None:
    engine, _ = observed()
    engine.feed_many([push("ana", 0), push("bob", 1)])
    again, seen = observed()
    again.restore(engine.snapshot())
    again.feed(purchase("bob", 2))
    assert seen.last == Figures(
        events=1,
        matched=1,
        outcomes={(Kind.CANCELLED, None): 1, (Kind.SENT, None): 1},
        rules={("cart", Kind.CANCELLED): 1, ("thanks", Kind.SENT): 1},
        users=1,
        waits=1,
        watermark=2,
        newest=2,
    )


def test_the_names_of_what_is_unknown_do_not_make_figures_grow() -> None:
    engine, seen = observed()
    engine.feed_many([Event(user="u", type=f"danced{n}", time=n) for n in range(1_500)])
    assert seen.last.unknown == 1_500
    assert engine.counts.unknown_types[OTHERS] == 500


def test_figures_go_on_where_the_rules_are_replaced() -> None:
    engine, seen = observed()
    engine.feed_many([push("ana", 0), push("bob", 1), purchase("zoe", 2)])
    engine.replace(compile_rules(loads('rule thanks: on purchase send "C"')))
    assert seen.last == Figures(
        events=3,
        matched=3,
        outcomes={(Kind.SENT, None): 1, (Kind.DROPPED, Reason.RULE_REMOVED): 2},
        rules={("thanks", Kind.SENT): 1, ("cart", Kind.DROPPED): 2},
        watermark=2,
        newest=2,
    )


def test_a_durable_engine_shows_its_figures_once_per_call_and_after_it_was_opened_anew(tmp_path: Path) -> None:
    for waits in (1, 2):
        seen = Seen()
        with DurableEngine.open(tmp_path / "state.db", PLAN, observer=seen) as engine:
            before = len(seen.all)
            engine.feed(push(f"user {waits}", waits))
            assert len(seen.all) == before + 1
            assert (seen.last.events, seen.last.users, seen.last.waits) == (1, waits, waits)
            assert engine.figures == seen.last


class Broken:
    def observe(self, figures: Figures) -> None:
        raise RuntimeError("no figures please")


def test_an_observer_that_raises_is_logged_and_loses_no_outcome(caplog: pytest.LogCaptureFixture) -> None:
    engine = Engine(PLAN, observer=Broken())
    with caplog.at_level(logging.ERROR, logger="connrules"):
        sent = engine.feed(purchase("ana", 0))
    assert [outcome.send for outcome in sent] == ["C"]
    assert [record.name for record in caplog.records] == ["connrules"]
    assert "no figures please" in caplog.text
    assert engine.feed(purchase("bob", 1)) != []


class Interrupted:
    def observe(self, figures: Figures) -> None:
        raise KeyboardInterrupt


def test_an_interrupt_goes_through_an_observer() -> None:
    engine = Engine(PLAN, observer=Interrupted())
    with pytest.raises(KeyboardInterrupt):
        engine.feed(push("ana", 0))


def test_what_cannot_observe_is_refused() -> None:
    with pytest.raises(TypeError, match="an observer is shown figures"):
        Engine(PLAN, observer=print)  # type: ignore[arg-type]
