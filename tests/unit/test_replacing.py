"""Other rules while users wait: as a whole or not at all, and what an engine remembers besides."""

from collections.abc import Mapping
from typing import Any

import pytest

import connrules
from connrules import Engine, Event, Kind, Outcome, Plan, PlanError, Reason
from connrules.run.comparing import Change
from connrules.run.effects import Effect, Tally, effects
from connrules.run.passage import Changed, Fate
from connrules.run.saving import Core, SavedUser, read, read_core, to_bytes

HOUR = 3_600_000
DAY = 24 * HOUR


def plan(rules: str, known: Any = None) -> Plan:
    checked = connrules.loads(rules, catalog=None if known is None else connrules.Catalog.model_validate(known))
    return connrules.compile_rules(checked)


def event(at: int, user: str = "u", type_: str = "purchase", **more: Any) -> Event:
    return Event(user=user, type=type_, time=at, **more)


def short(outcomes: list[Outcome]) -> list[tuple[str, str, str]]:
    return [(o.user, str(o.kind), str(o.reason or o.send or o.pattern or "")) for o in outcomes]


WAYS: tuple[Changed, ...] = ("pin", "follow")
OLD = plan("rule r: on purchase after 2d unless session_start send X rule s: on purchase after 3d send Y")
NEW = plan('rule r: on purchase after 1d unless event "Left" send Z')


def waiting(old: Plan = OLD, **options: Any) -> Engine:
    engine = Engine(old, **options)
    engine.feed_many([event(0, "a"), event(HOUR, "b"), event(30 * HOUR, "c")])
    return engine


class Broken:
    """A look-up that fails from some moment on."""

    fails = False

    def attributes(self, user: str) -> Mapping[str, Any]:
        if self.fails:
            raise LookupError("the profiles are away")
        return {"time_zone": "Asia/Tokyo"}


def nowhere() -> Plan:
    """A plan from a machine that knows other time zones."""
    data = plan('rule r: on purchase in 1 days at 09:00 zone "Europe/Paris" send X').to_json()
    return Plan.from_json(data.replace(b"Europe/Paris", b"Mars/Olympus"))


def unheard_of() -> Plan:
    """A plan of a newer version, which knows other events."""
    return Plan.from_json(
        plan("rule r: on purchase send X").to_json().replace(b'"type":"purchase"', b'"type":"smelled"')
    )


@pytest.mark.parametrize("bad", [nowhere, unheard_of])
@pytest.mark.parametrize("changed", ["pin", "follow"])
def test_a_plan_that_cannot_be_run_changes_nothing(bad: Any, changed: Changed) -> None:
    engine = waiting()
    before = engine.snapshot()
    with pytest.raises(PlanError):
        engine.replace(bad(), changed)
    assert engine.snapshot() == before
    assert engine.plan is OLD
    assert engine.feed_many([event(31 * HOUR, "c", "session_start")]) == waiting().feed_many(
        [event(31 * HOUR, "c", "session_start")]
    )


@pytest.mark.parametrize(
    "rules",
    [
        "rule r: on purchase after 1h still if user.vip = true send X",
        "rule r: on purchase in 0 days at 09:00 local send X",
    ],
    ids=["fired at once", "reckoned anew"],
)
def test_what_a_look_up_raises_changes_nothing(rules: str) -> None:
    profiles = Broken()
    engine = waiting(profiles=profiles)
    engine.track()
    before = engine.snapshot()
    profiles.fails = True
    with pytest.raises(LookupError):
        engine.replace(plan(rules), "follow")
    assert engine.snapshot() == before
    assert not engine.changes().anew
    profiles.fails = False
    assert short(engine.feed_many([event(50 * HOUR, "x", "session_start")])) == [("a", "sent", "X"), ("b", "sent", "X")]


@pytest.mark.parametrize(("dedupe", "sent"), [(0, ["X"]), (DAY, ["X", "Y"])])
def test_what_waits_in_the_buffer_is_the_same_however_it_came(dedupe: int, sent: list[str]) -> None:
    """What no rule speaks of does not wait there, though rules hear its type; but where its id may matter, it does."""
    old = 'rule a: on received_push of "D" after 1h send X rule p: on purchase after 1h send X'
    new = plan(f'{old} rule b: on received_push of "A" after 1h send Y')
    came = [event(HOUR), event(HOUR + 1, "v", "received_push", campaign="A"), event(HOUR, "w", "session_start")]
    together, one_by_one, twice = (Engine(plan(old), lateness=HOUR, dedupe=dedupe) for _ in range(3))
    together.feed_many(came)
    for one in came:
        one_by_one.feed(one)
    twice.feed_many(came[:1])
    twice.feed_many(came[1:])

    for engine in (together, one_by_one, twice):
        engine.replace(new)
        assert [outcome.send for outcome in engine.advance_to(9 * HOUR)] == sent


def test_what_is_no_plan_and_no_way_is_refused() -> None:
    engine = waiting()
    with pytest.raises(TypeError, match="an engine runs a plan"):
        engine.replace(NEW.to_json())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="to `pin` or to `follow`, not 'both'"):
        engine.replace(NEW, "both")  # type: ignore[arg-type]


def test_before_any_event_only_the_rules_change() -> None:
    engine = Engine(OLD)
    assert engine.replace(NEW) == []
    assert engine.watermark is None
    assert engine.snapshot() == Engine(NEW).snapshot()
    fed, new = engine.feed(event(0)) + engine.finish(DAY), Engine(NEW)
    assert fed == new.feed(event(0)) + new.finish(DAY)


def test_a_time_before_1970_is_a_time() -> None:
    engine = Engine(OLD)
    engine.feed_many([event(-3 * DAY, "a"), event(-2 * DAY, "b")])
    outcomes = engine.replace(plan("rule r: on purchase after 1d send Z"), "follow")
    assert [(o.user, o.kind, o.at) for o in outcomes] == [
        ("a", Kind.DROPPED, -2 * DAY),
        ("b", Kind.DROPPED, -2 * DAY),
        ("a", Kind.SENT, -2 * DAY),
    ]


def test_outcomes_that_were_not_given_out_come_first() -> None:
    engine = Engine(OLD)
    with pytest.raises(TypeError):
        engine.feed_many(iter([event(0), event(DAY, "u", "session_start"), None]))  # type: ignore[arg-type]
    assert short(engine.replace(plan("rule q: on purchase send X"))) == [
        ("u", "cancelled", "session_start"),
        ("u", "dropped", "rule_removed"),
    ]


def test_a_definition_is_forgotten_when_nobody_waits_under_it() -> None:
    engine = waiting()
    engine.replace(NEW)
    assert b"retired" in engine.snapshot()
    assert "session_start" in engine.needs.types
    engine.advance_to(5 * DAY)
    engine.replace(NEW)
    assert engine.snapshot() == restored(engine).snapshot()
    assert "session_start" not in engine.needs.types


def restored(engine: Engine) -> Engine:
    other = Engine(engine.plan)
    other.restore(engine.snapshot())
    return other


def test_rules_that_stay_as_they_are_leave_pinned_waits_as_they_are() -> None:
    engine = waiting()
    third = plan("rule r: on purchase after 3d send X rule s: on purchase after 1w send Y")
    engine.replace(third)
    before = engine.snapshot()
    for changed in WAYS:
        assert engine.replace(third, changed) == []
        assert engine.snapshot() == before


def test_waits_of_one_instant_before_and_after_keep_their_order() -> None:
    """Whatever the order in which a state store gives users back."""
    engine = Engine(OLD)
    engine.feed_many([event(0, "z"), event(0, "y")])
    engine.replace(NEW)
    engine.replace(OLD)
    engine.feed_many([event(0, "b"), event(0, "a")])
    core, users = kept(engine)
    other = Engine(OLD)
    other.load(to_bytes(core), [], sorted((user, to_bytes(saved)) for user, saved in users))
    assert other.pending() == engine.pending()
    assert [o.user for o in other.pending() if o.rule == "r"] == ["z", "y", "b", "a"]


@pytest.mark.parametrize(("now", "sent"), [(DAY - 1, []), (DAY, [("a", DAY)]), (DAY + 1, [("a", DAY + 1)])])
def test_what_is_due_by_the_instant_of_the_change_fires_with_it(now: int, sent: list[tuple[str, int]]) -> None:
    """Of all whom their waits have in common, those whose new due instant has come, and no others."""
    engine = Engine(plan("rule r: on purchase after 2d send X"))
    engine.feed_many([event(0, "a"), event(2, "b")])
    engine.advance_to(now)
    outcomes = engine.replace(plan("rule r: on purchase after 1d send X"), "follow")
    assert [(o.user, o.at) for o in outcomes] == sent
    assert [(o.user, o.at) for o in engine.advance_to(2 * DAY)] == [("a", DAY), ("b", DAY + 2)][len(sent) :]


def test_what_pinned_exceptions_look_at_still_matters() -> None:
    engine = Engine(plan("rule r: on purchase after 1d unless purchase where cart.id = trigger.shop send X"))
    engine.feed(event(0, properties={"shop": 1}))
    engine.replace(plan('rule r: on event "Left" after 1d send X'))
    assert engine.needs.types == {"event", "purchase"}
    assert engine.needs.properties == frozenset({"cart", "shop"})
    assert engine.replace(plan("rule q: on session_start send X"))[0].reason is Reason.RULE_REMOVED
    assert engine.needs.types == {"session_start"}


def test_after_a_replacement_everybody_changed_once() -> None:
    engine = waiting()
    engine.track()
    engine.replace(NEW)
    batch = engine.changes()
    assert batch.anew
    assert set(batch.users) == {"a", "b", "c"}
    again = engine.changes()
    assert not again.anew
    assert again.users == {}
    engine.feed(event(31 * HOUR, "c", "session_start"))
    assert engine.changes().users == {"c": None}


def test_users_of_whom_nothing_is_left_are_forgotten() -> None:
    engine = Engine(plan("rule r: on purchase once send X"))
    engine.feed(event(0))
    engine.track()
    engine.replace(plan("rule q: on session_start send X"))
    assert engine.changes().users == {}


def test_attributes_that_no_rule_looks_at_are_forgotten() -> None:
    """Nobody would hear of their changes: when a rule looks at them again, it must not see what was once."""
    vip = plan("rule r: on purchase if user.vip = true send X")
    engine = Engine(vip)
    engine.feed(event(0, type_="attributes", properties={"vip": True}))
    engine.replace(plan("rule r: on purchase send X"))
    engine.feed(event(1, type_="attributes", properties={"vip": False}))
    engine.replace(vip)
    assert short(engine.feed(event(2))) == [("u", "ignored", "audience")]


def test_counts_go_on() -> None:
    engine = waiting()
    engine.replace(plan("rule r: on purchase after 2d convert on session_start within 1d send X"))
    engine.advance_to(2 * DAY)
    engine.feed(event(2 * DAY + 1, "a", "session_start"))
    assert engine.counts.events == 4
    assert engine.counts.reasons(Kind.DROPPED) == {"rule_removed": 3}
    assert (engine.counts.conversions["r"].sent, engine.counts.conversions["r"].sent_converted) == (1, 1)


@pytest.mark.parametrize("kinds", [None, {Kind.SENT}, {Kind.DROPPED}])
def test_outcomes_that_are_not_wanted_are_counted(kinds: set[Kind] | None) -> None:
    engine = waiting(kinds=kinds)
    told = engine.replace(NEW)
    told += engine.feed_many([event(31 * HOUR, "c", "session_start"), event(31 * HOUR, "b")])
    told += engine.advance_to(5 * DAY)
    assert engine.counts.cancelled == {"r: session_start": 1}
    assert engine.counts.reasons(Kind.DROPPED) == {"rule_removed": 3}
    assert engine.counts.reasons(Kind.IGNORED) == {"already_waiting": 1}
    assert engine.counts.total(Kind.SENT) == 2
    assert {o.kind for o in told} == (kinds or {Kind.SENT, Kind.DROPPED, Kind.CANCELLED, Kind.IGNORED})


def test_pinned_waits_take_the_short_way_and_the_long_one_alike() -> None:
    """In one batch, one by one, and where something else keeps the stepper on the long way."""
    old = plan("rule r: on purchase after 2d unless session_start send X")
    new = plan('rule r: on purchase after 1d unless event "Left" send Z')
    types: list[dict[str, Any]] = [
        {"type_": "purchase"},
        {"type_": "session_start"},
        {"type_": "event", "name": "Left"},
    ]
    first = [event(n * 7 * HOUR // 10, f"u{n % 13}", **types[n * n % 2]) for n in range(40)]
    rest = [event(28 * HOUR + n * HOUR // 3, f"u{n % 17}", **types[n // 4 % 3]) for n in range(300)]
    together, alone = Engine(old), Engine(old)
    got = [together.feed_many(first) + together.replace(new) + together.feed_many(rest)]
    got.append(
        [o for e in first for o in alone.feed(e)] + alone.replace(new) + [o for e in rest for o in alone.feed(e)]
    )
    beside = " rule never: on purchase if user.no = 1 after 9d send X"
    slow = Engine(plan("rule r: on purchase after 2d unless session_start send X" + beside))
    got.append(
        slow.feed_many(first)
        + slow.replace(plan('rule r: on purchase after 1d unless event "Left" send Z' + beside))
        + slow.feed_many(rest)
    )
    got = [[o for o in outcomes if o.rule == "r"] for outcomes in got]
    assert got[0] == got[1] == got[2]
    assert {str(o.pattern) for o in got[0] if o.pattern} == {"session_start", 'event "Left"'}


def test_any_campaign_is_any_that_the_catalog_knows_now() -> None:
    entry = {"channels": ["push"], "published_at": "2026-01-01T00:00:00Z"}
    known = {"campaigns": [{"name": name, **entry} for name in "ABX"]}
    rules = (
        "rule r: on purchase after 1d unless opened_push of any send X rule s: on purchase after 2d unless {} send X"
    )
    engine = Engine(plan(rules.format('opened_push of "A"'), known))
    start = connrules.parse_instant("2026-02-01")
    engine.feed(event(start))
    left = {"campaigns": [{"name": name, **entry} for name in "BX"]}
    engine.replace(plan("rule r: on purchase after 3d send X rule s: on purchase after 3d send X", left))
    assert [o.rule for o in engine.feed(event(start + 1, type_="opened_push", campaign="A"))] == ["s"]
    assert [o.rule for o in engine.feed(event(start + 2, type_="opened_push", campaign="B"))] == ["r"]
    assert engine.counts.unknown_objects == {}


def test_what_the_catalog_lost_is_unknown_again_when_nobody_waits_for_it() -> None:
    entry = {"channels": ["push"], "published_at": "2026-01-01T00:00:00Z"}
    known = {"campaigns": [{"name": name, **entry} for name in "AX"]}
    left = plan("rule r: on purchase after 3d send X", {"campaigns": [{"name": "X", **entry}]})
    engine = Engine(plan('rule r: on purchase after 1d unless opened_push of "A" send X', known))
    start = connrules.parse_instant("2026-02-01")
    engine.feed(event(start))
    engine.replace(left)
    assert [o.kind for o in engine.feed(event(start, type_="opened_push", campaign="A"))] == [Kind.CANCELLED]
    engine.replace(left)
    engine.feed(event(start, type_="opened_push", campaign="A"))
    assert engine.counts.unknown_objects == {("opened_push", "A"): 1}


# beforehand


def told(engine: Engine, new: Plan, changed: Changed = "pin", examples: int = 3) -> tuple[Effect, ...]:
    """What is told of what a state store would have of an engine."""
    core, users = kept(engine)
    return effects(engine.plan, new, core, users, changed, examples=examples)


def kept(engine: Engine) -> tuple[Core, list[tuple[str, SavedUser]]]:
    other = Engine(engine.plan)
    other.track()
    other.restore(engine.snapshot())
    batch = other.changes()
    assert batch.anew
    return read_core(batch.core), [(user, read(data, SavedUser)) for user, data in batch.users.items() if data]


def counted(found: tuple[Effect, ...]) -> dict[str, dict[Fate, tuple[int, list[str]]]]:
    return {
        effect.change.was or effect.change.rule: {f: (t.waits, t.users) for f, t in effect.fates.items()}
        for effect in found
    }


def test_effects_of_a_change_are_told_beforehand() -> None:
    engine = waiting()
    assert counted(told(engine, NEW)) == {
        "r": {Fate.PINNED: (3, ["a", "b", "c"])},
        "s": {Fate.DROPPED: (3, ["a", "b", "c"])},
    }
    assert counted(told(engine, NEW, "follow", examples=1)) == {
        "r": {Fate.DUE_NOW: (2, ["a"]), Fate.FOLLOWS: (1, ["c"])},
        "s": {Fate.DROPPED: (3, ["a"])},
    }
    assert counted(told(engine, OLD, "follow")) == {
        "r": {Fate.GOES_ON: (3, ["a", "b", "c"])},
        "s": {Fate.GOES_ON: (3, ["a", "b", "c"])},
    }
    assert [effect.change.kind for effect in told(engine, NEW)] == [Change.CHANGED, Change.REMOVED]


def test_effects_of_a_change_of_what_is_sent_are_none_on_those_who_wait() -> None:
    sends = plan("rule r: on purchase after 2d unless session_start send Z rule s: on purchase after 3d send Y")
    for changed in WAYS:
        found = told(waiting(), sends, changed)
        assert found[0].change.what == ("send `X` -> `Z`",)
        assert found[0].fates == {Fate.GOES_ON: Tally(3, ["a", "b", "c"])}


def test_effects_of_a_rule_without_a_name_that_was_edited() -> None:
    engine = waiting(plan("on purchase after 2d send X"))
    found = told(engine, plan("on purchase after 1d send X"))
    assert [(effect.change.kind, dict(effect.fates)) for effect in found] == [
        (Change.ADDED, {}),
        (Change.REMOVED, {Fate.DROPPED: Tally(3, ["a", "b", "c"])}),
    ]


def test_effects_of_a_plan_that_cannot_be_run() -> None:
    with pytest.raises(PlanError):
        told(waiting(), unheard_of())
