"""Near misses: what is told, and that replaying the changed history on the engine really leads to it.

Each case has the rules, the events, which trigger of the rule `r` it is about, and the near miss in one line: the event
that would have had to move, by how much, and what would have come of the trigger.
"""

from typing import NamedTuple

import msgspec
import pytest
from tests.unit.explaining import CATALOG, at, event, explained, trigger

import connrules
from connrules.catalog import Catalog
from connrules.duration import format_duration
from connrules.event import Event, Kind, Outcome
from connrules.explain import tell
from connrules.explain.story import Trigger

WAIT = 'rule r: on session_start after 1d unless purchase send "Follow"'
PARIS = 'zone "Europe/Paris"'


class Near(NamedTuple):
    rules: str
    events: list[Event]
    told: str
    place: int = 0


def purchase(offset: str) -> Event:
    return event(offset, "purchase", "e2")


def session(offset: str = "0s", id_: str = "e1") -> Event:
    return event(offset, "session_start", id_)


CASES = {
    "a cancelling event that came too early by a little": Near(WAIT, [session(), purchase("23h")], "e2 1h later: sent"),
    "by a millisecond": Near(WAIT, [session(), purchase("23h59m59s999ms")], "e2 1ms later: sent"),
    "or that came just after the trigger": Near(WAIT, [session(), purchase("1m")], "e2 1m1ms earlier: sent"),
    "at the trigger's instant": Near(WAIT, [session(), purchase("0s")], "e2 1ms earlier: sent"),
    "an exception at the due instant": Near(WAIT, [session(), purchase("1d")], "e2 1ms earlier: cancelled"),
    "an exception after the due instant": Near(WAIT, [session(), purchase("1d4m")], "e2 4m1ms earlier: cancelled"),
    "an exception before the trigger": Near(WAIT, [purchase("-4m"), session()], "e2 4m1ms later: cancelled"),
    "one before the trigger, at its instant": Near(WAIT, [purchase("0s"), session()], "e2 1ms later: cancelled"),
    "the nearer of two exceptions": Near(
        WAIT,
        [event("-5m", "purchase", "e0"), session(), event("1d4m", "purchase", "e9")],
        "e9 4m1ms earlier: cancelled",
    ),
    "a new trigger that restarts": Near(
        'rule r: on session_start after 1d restarting send "Follow"',
        [session(), session("20h", "e2")],
        "e2 4h later: sent",
    ),
    "a trigger while waiting": Near(WAIT, [session(), session("20h", "e2")], "e2 4h later: sent", place=1),
    "a trigger before the wait in the way was cancelled": Near(
        WAIT, [session(), session("5h", "e3"), purchase("6h")], "e3 1h1ms later: sent", place=1
    ),
    "a trigger before the message was published": Near(
        'rule r: on session_start after 1h send "Soon"', [session("1h59m")], "e1 1m later: sent"
    ),
    "a trigger before its source was published": Near(
        'rule r: on opened_email of "Soon" send "Follow"',
        [event("1h59m59s999ms", "opened_email", "e1", campaign="Soon")],
        "e1 1ms later: sent",
    ),
    "a trigger after its source was stopped": Near(
        'rule r: on opened_push of "Over" send "Follow"',
        [event("2h", "opened_push", "e1", campaign="Over")],
        "e1 1ms earlier: sent",
    ),
    "a trigger before the rule was live": Near(
        'rule r: on session_start from 2026-03-02T11:00:00Z send "Follow"', [session()], "e1 1h later: sent"
    ),
    "a trigger after the rule was": Near(
        'rule r: on session_start until 2026-03-02T10:00:00Z send "Follow"', [session()], "e1 1ms earlier: sent"
    ),
    "a send after the message was stopped": Near(
        'rule r: on session_start after 1h send "Over"', [session("1h30m")], "e1 30m1ms earlier: sent"
    ),
    "a send after the rule had ended": Near(
        'rule r: on session_start after 1h until 2026-03-02T10:30:00Z send "Follow"',
        [session()],
        "e1 30m1ms earlier: sent",
    ),
    "a send before it was allowed again": Near(
        'rule r: on session_start at most 1 per 12h send "Follow"',
        [session(), session("11h", "e2")],
        "e2 1h later: sent",
        place=1,
    ),
    "a send that a limit refused": Near(
        'policy: limit 1 per 12h\nrule r: on session_start after 1h send "Follow"\n'
        'rule other: on purchase send "Follow"',
        [session(), purchase("30m")],
        "e1 11h30m later: sent",
    ),
    "an attribute that came too late": Near(
        'rule r: on session_start if user.country = "FR" send "Follow"',
        [session(), event("3m", "attributes", "a", country="FR")],
        "a 3m1ms earlier: sent",
    ),
    "an attribute that came too late for the send": Near(
        'rule r: on session_start after 1h still if user.country = "FR" send "Follow"',
        [session(), event("1h3m", "attributes", "a", country="FR")],
        "a 3m1ms earlier: sent",
    ),
    "an attribute that came too early": Near(
        'rule r: on session_start after 1h still if user.country is missing send "Follow"',
        [session(), event("57m", "attributes", "a", country="FR")],
        "a 3m later: sent",
    ),
    "an attribute that would have dropped the send": Near(
        'rule r: on session_start after 1h still if user.country is missing send "Follow"',
        [session(), event("1h", "attributes", "a", country="FR")],
        "a 1ms earlier: dropped",
    ),
    "a window that opened a little later": Near(
        f'rule r: on session_start between 12:00 and 18:00 {PARIS} or drop send "Follow"',
        [session("30m")],
        "e1 30m later: sent",
    ),
    "a window that had closed a little earlier": Near(
        f'rule r: on session_start between 09:00 and 11:20 {PARIS} or drop send "Follow"',
        [session("30m")],
        "e1 10m1ms earlier: sent",
    ),
    "an exception while the send was held": Near(
        f'rule r: on session_start after 1h between 14:00 and 18:00 {PARIS} unless purchase send "Follow"',
        [session(), purchase("2h30m")],
        "e2 30m later: sent",
    ),
    "an exception to a wait that a chain started": Near(
        'rule a: on session_start after 1h send "Cart"\nrule r: on sent a after 1d unless purchase send "Follow"',
        [session(), purchase("1d")],
        "e2 1h later: sent",
    ),
}


@pytest.mark.parametrize("near", CASES.values(), ids=CASES)
def test_a_near_miss_is_told_and_true(near: Near) -> None:
    entry = trigger(near.rules, *near.events, place=near.place, until="30d")
    assert told(entry) == near.told
    assert entry.outcome is outcome_of(near.rules, entry, near.events)
    assert entry.miss is not None
    moved = [msgspec.structs.replace(e, time=entry.miss.to) if e.id == entry.miss.event.id else e for e in near.events]
    assert entry.miss.outcome is outcome_of(near.rules, entry, moved) is not entry.outcome


def told(entry: Trigger) -> str:
    miss = entry.miss
    if miss is None:
        return "nothing"
    direction = "later" if miss.shift_ms > 0 else "earlier"
    return f"{miss.event.id} {format_duration(abs(miss.shift_ms))} {direction}: {miss.outcome}"


def outcome_of(rules: str, entry: Trigger, events: list[Event]) -> Kind:
    """What comes of the entry's trigger on the engine."""
    same = [o for o in run(rules, events) if (o.rule, o.trigger) == ("r", entry.event.id)]
    (outcome,) = same
    return outcome.kind


def run(rules: str, events: list[Event]) -> list[Outcome]:
    checked = connrules.loads(rules, catalog=Catalog.model_validate(CATALOG))
    engine = connrules.Engine(connrules.compile_rules(checked))
    return engine.feed_many(sorted(events, key=lambda each: each.time)) + engine.finish(at("30d"))


FAR = {
    "an exception long after the wait": Near(WAIT, [session(), purchase("3d")], "nothing"),
    "an exception long before it": Near(WAIT, [purchase("-1d1m"), session()], "nothing"),
    "another exception would have cancelled as well": Near(
        WAIT, [session(), purchase("12h"), event("13h", "purchase", "e3")], "nothing"
    ),
    "a rule that begins ten days later": Near(
        'rule r: on session_start from 2026-03-12 send "Follow"', [session()], "nothing"
    ),
    "a pending send": Near(
        'rule r: on session_start after 8w unless purchase send "Follow"', [session(), session("1h", "e2")], "nothing"
    ),
    "once is once": Near(
        'rule r: on session_start once send "Follow"', [session(), session("1h", "e2")], "nothing", place=1
    ),
    "who is held out stays so": Near(
        'rule r: on session_start hold out 99.9999% send "Follow"', [session()], "nothing"
    ),
}


@pytest.mark.parametrize("near", FAR.values(), ids=FAR)
def test_what_is_no_near_miss_is_not_told(near: Near) -> None:
    assert told(trigger(near.rules, *near.events, place=near.place, until="30d")) == near.told


def test_an_event_that_moves_beyond_the_end_of_the_log_moves_time_on() -> None:
    entry = trigger(WAIT, session(), purchase("23h59m59s999ms"))
    assert told(entry) == "e2 1ms later: sent"


# the budget

A_DAY = [event(f"{day}d", "purchase", f"e{day}") for day in range(4)]
TOO_LATE = [event(f"{day}d1h30m", "session_start", f"s{day}") for day in range(4)]
MANY = 'rule many: on purchase after 1h unless session_start send "Follow"\n'
NONE = 'rule none: on viewed_card of "News" send "Follow"\n'


@pytest.mark.parametrize(
    ("rules", "budget", "sought"),
    [
        pytest.param(MANY, 1_000, 4, id="all"),
        pytest.param(MANY, 24, 3, id="while it lasts: each costs the eight events"),
        pytest.param(MANY, 25, 4, id="what is begun is finished"),
        pytest.param(MANY, 0, 1, id="the last trigger in any case"),
        pytest.param(MANY + NONE, 24, 2, id="the next rule has a share"),
        pytest.param(NONE + MANY, 24, 3, id="which is left over where it has no triggers"),
    ],
)
def test_near_misses_are_sought_for_the_last_triggers_while_the_budget_lasts(
    monkeypatch: pytest.MonkeyPatch, rules: str, budget: int, sought: int
) -> None:
    monkeypatch.setattr(tell, "MOST_REPLAYED", budget)
    events = sorted(A_DAY + TOO_LATE, key=lambda each: each.time)
    told = next(story for story in explained(rules, *events).stories if story.rule == "many")
    missed = [isinstance(entry, Trigger) and entry.miss is not None for entry in told.entries]
    assert told.sought == sought
    assert missed == [False] * (4 - sought) + [True] * sought
