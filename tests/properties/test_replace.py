"""Rules are replaced while users wait: random edits of random rule sets, against a simple model."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import msgspec
from hypothesis import assume, event, given
from hypothesis import strategies as st
from tests.properties.catalogs import catalogs
from tests.properties.effort import HALF
from tests.properties.histories import Look, histories, in_order, looks
from tests.properties.replaced import HOUR, Model, RuleSet, Spec
from tests.properties.rule_sets import rule_sets

import connrules
from connrules import Engine, Event, Outcome, Plan
from connrules.plan import Rule
from connrules.run.effects import effects
from connrules.run.passage import Changed, Fate
from connrules.run.saving import SavedUser, read, read_core

TYPES = ("purchase", "session_start", 'event "J"', 'event "L"')
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "on": st.lists(st.sampled_from(("purchase", *TYPES, "sent a", "cancelled a")), min_size=1, max_size=2, unique=True),
    "after": st.sampled_from((0, 2, 4, 6, 8)),
    "restarting": st.sampled_from((False, False, True)),
    "unless": st.lists(st.tuples(st.sampled_from(TYPES), st.booleans()), max_size=2, unique_by=lambda pair: pair[0]),
    "per": st.sampled_from((None, None, "k", "j")),
    "quota": st.sampled_from((None, None, None, (1, None), (1, 2), (2, 4))),
    "goal": st.sampled_from((None, None, ("purchase", 2), ("session_start", 4))),
    "send": st.sampled_from(("X", "Y")),
}
NAMES = ("a", "b", None)
CHANGED: st.SearchStrategy[Changed] = st.sampled_from(("pin", "follow"))
LIMITS = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4)), max_size=2)


def spec_of(name: str | None, drawn: dict[str, Any]) -> Spec:
    """A rule that makes sense by itself."""
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in drawn.items()}
    compares = not {"session_start", "sent a", "cancelled a"} & {*values["on"]}  # triggers without properties
    values["unless"] = tuple(
        (type_, also and compares and type_ != "session_start")
        for type_, also in values["unless"]
        if not type_ == "session_start" in values["on"]
    )
    if not values["after"]:
        values |= {"restarting": False, "unless": ()}
    return Spec(name, **values)


def together(rules: Iterable[Spec], limits: tuple[tuple[int, int], ...]) -> RuleSet:
    """Rules that make sense together: they follow what there is, and `a` follows nothing."""
    specs = list(rules)
    there = {"sent a": False, "cancelled a": False}
    for spec in specs:
        if spec.name == "a":
            there = {"sent a": True, "cancelled a": bool(spec.unless)}
    sound = [
        replace(spec, on=tuple(on for on in spec.on if there.get(on, True) and (spec.name != "a" or on not in there)))
        for spec in specs
    ]
    return RuleSet(tuple(spec if spec.on else replace(spec, on=("purchase",)) for spec in sound), limits)


def specs(name: str | None) -> st.SearchStrategy[Spec]:
    return st.fixed_dictionaries(FIELDS).map(lambda drawn: spec_of(name, drawn))


@st.composite
def edited(draw: st.DrawFn, rules: RuleSet) -> RuleSet:
    """The rule set after some work on it."""
    found: list[Spec] = []
    for spec in rules.rules:
        what = draw(st.sampled_from(("keep", *["edit"] * 5, "remove")))
        if what == "edit":
            key = draw(st.sampled_from((*["after"] * 4, *["unless"] * 4, "per", *FIELDS)))
            values = {name: getattr(spec, name) for name in FIELDS} | {key: draw(FIELDS[key])}
            found.append(spec_of(spec.name, values))
        elif what == "keep":
            found.append(spec)
    free = [name for name in NAMES if name is None or name not in {spec.name for spec in found}]
    if not found or draw(st.integers(0, 4)) == 0:
        found.append(draw(specs(draw(st.sampled_from(free)))))
    limits = draw(st.just(rules.limits) | LIMITS.map(tuple))
    return together(draw(st.permutations(found)), limits)


@st.composite
def careers(draw: st.DrawFn) -> list[RuleSet]:
    """A rule set and what became of it."""
    names = draw(st.sampled_from((("a",), ("a", None), ("a", "b", None), ("b", None, None), ("a", "b"))))
    versions = [together([draw(specs(name)) for name in names], draw(st.just(()) | LIMITS.map(tuple)))]
    for _ in range(draw(st.integers(1, 3))):
        versions.append(draw(edited(versions[-1])))
    return versions


def plan_of(rules: RuleSet) -> Plan:
    checked = connrules.loads(rules.text)
    assume(not checked.errors)  # now and then a limit leaves a rule nothing
    return connrules.compile_rules(checked)


@st.composite
def parts(draw: st.DrawFn, count: int) -> list[list[Event]]:
    """So many parts of a history, in order of time: on a grid of hours, and now and then a millisecond beside it."""
    moments = st.builds(
        lambda hour, beside: max(0, hour * HOUR + beside), st.integers(0, 12), st.sampled_from((0, 0, 0, -1, 1))
    )
    times = sorted(draw(st.lists(moments, min_size=6 * count, max_size=12 * count)))
    cuts = sorted(draw(st.lists(st.integers(0, len(times)), min_size=count - 1, max_size=count - 1)))
    made = [draw(one_event(number, time)) for number, time in enumerate(times)]
    return [made[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(made)], strict=True)]


@st.composite
def one_event(draw: st.DrawFn, number: int, time: int) -> Event:
    type_ = draw(st.sampled_from(("purchase", "purchase", *TYPES)))
    name = json.loads(type_.removeprefix("event ")) if type_.startswith("event ") else None
    properties = {key: draw(st.sampled_from((1, 2))) for key in ("k", "j") if draw(st.booleans())}
    user = draw(st.sampled_from(("u", "u", "v")))
    return Event(
        user=user, type="event" if name else type_, name=name, time=time, id=f"e{number}", properties=properties
    )


def by_user(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    """Users never affect each other: the order among them is another matter."""
    found: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        found[outcome.user].append(outcome)
    return dict(found)


def restored(engine: Engine, plan: Plan, how: str, options: Mapping[str, Any] = MappingProxyType({})) -> Engine:
    """The engine, or one that goes on from what it remembers."""
    if how == "on":
        return engine
    other = Engine(plan, **options)
    if how == "snapshot":
        other.restore(engine.snapshot())
    else:
        batch = engine.changes()
        other.load(batch.core, [batch.note.data] if batch.note else [], [(u, d) for u, d in batch.users.items() if d])
    return other


@HALF
@given(versions=careers(), data=st.data())
def test_replacing_rules_does_what_the_model_does(versions: list[RuleSet], data: st.DataObject) -> None:
    plans = [plan_of(rules) for rules in versions]
    model, engine = Model(versions[0], [rule.name for rule in plans[0].rules]), Engine(plans[0])
    outcomes: list[Outcome] = []
    retired = 0
    history = data.draw(parts(len(versions)))
    for number, (rules, plan, events) in enumerate(zip(versions, plans, history, strict=True)):
        if number:
            changed = data.draw(CHANGED)
            engine.track()
            outcomes += engine.replace(plan, changed)
            retired = max(retired, len(engine._program.retired))
            model.replace(rules, [rule.name for rule in plan.rules], follow=changed == "follow")
            engine = restored(engine, plan, data.draw(st.sampled_from(("on", "snapshot", "load"))))
        if data.draw(st.booleans()):
            outcomes += engine.feed_many(events)
        else:
            for each in events:
                outcomes += engine.feed(each)
        for each in events:
            model.take(each)
        if model.now is not None and data.draw(st.booleans()):
            later = model.now + data.draw(st.sampled_from((0, 1, HOUR - 1, HOUR)))
            later = min(later, min((e.time for part in history[number + 1 :] for e in part), default=later))
            outcomes += engine.advance_to(later)
            model.advance(later)
    outcomes += engine.advance_to(100 * HOUR)
    model.advance(100 * HOUR)

    assert by_user(outcomes) == by_user(model.outcomes)
    for outcome in outcomes:
        event(f"{outcome.kind} {outcome.reason or ''}")
    event(f"definitions retired: {retired}")


# The whole language, of which the model knows a part


CLAUSES = """
rule elapsed: on purchase after 2h unless purchase or session_start send X
rule restarts: on purchase after 30m restarting unless purchase where cart.id = trigger.cart.id per tag
  hold out 50% send "A"
rule implies: on received_push of any after 3h unless opened_push or viewed_card of any where tag = trigger.tag
  per amount at most 1 per 2h send one of 50% X, 50% B
rule days: on purchase in 0 days at 17:30 local unless event "Joined" convert on purchase within 2h send X
rule weekday: on purchase next sunday at 02:30 zone "Australia/Lord_Howe" still if user.age > 5 send X
rule held: on purchase after 1h unless purchase where amount > trigger.amount between 15:00 and 17:30 once send X
rule shut: on purchase after 90m between 15:00 and 02:00 local or drop per cart.id send X
rule at_once: on purchase send X
"""
DONORS = connrules.compile_rules(connrules.loads(CLAUSES)).rules
OF_A_WAIT = ("delay", "schedule", "exceptions", "per", "between")
OF_A_SEND = ("still", "hold_out", "send")
OF_THE_PAST = ("eligibility", "goal")


@st.composite
def named_plans(draw: st.DrawFn) -> Plan:
    checked = connrules.loads(draw(rule_sets()), catalog=draw(catalogs()))
    assume(not checked.errors)
    plan = connrules.compile_rules(checked)
    rules = (msgspec.structs.replace(r, name=r.name.replace("rules.conn:", "n")) for r in plan.rules)
    return msgspec.structs.replace(plan, rules=tuple(rules))


@st.composite
def changes(draw: st.DrawFn, fields: tuple[str, ...]) -> tuple[Plan, Plan]:
    """A plan, and the same with some clauses of other rules."""
    old = draw(named_plans())
    kept = st.sets(st.sampled_from(fields), max_size=len(fields) // 2)
    rules = tuple(_mixed(rule, draw(st.sampled_from(DONORS)), {*fields} - draw(kept)) for rule in old.rules)
    return old, msgspec.structs.replace(old, rules=rules)


def _mixed(rule: Rule, donor: Rule, fields: Iterable[str]) -> Rule:
    return msgspec.structs.replace(rule, **{name: getattr(donor, name) for name in fields})


@HALF
@given(
    pair=changes((*OF_A_WAIT, *OF_A_SEND)), history=histories(), look=looks(), changed=CHANGED, cut=st.integers(10, 30)
)
def test_rules_come_back_and_nothing_has_changed(
    pair: tuple[Plan, Plan], history: list[Event], look: Look, changed: Changed, cut: int
) -> None:
    """The same rules, or others for a moment and the former ones again: all is as if nothing had been."""
    plan, moment = pair
    through, engine = Engine(plan, **look.options), Engine(plan, **look.options)
    assert through.feed_many(history[:cut]) == engine.feed_many(history[:cut])

    assert engine.replace(Plan.from_json(plan.to_json()), changed) == []
    assert engine.snapshot() == through.snapshot()
    if all(event.type != "attributes" for event in history[:cut]):  # those of a moment may look at fewer
        assert engine.replace(moment) == []
        assert engine.pending() == through.pending()
        event(f"definitions retired: {len(engine._program.retired)}")
        assert engine.replace(moment, changed) == []
        assert engine.replace(plan) == []

    assert engine.feed_many(history[cut:]) == through.feed_many(history[cut:])
    assert engine.finish() == through.finish()


@HALF
@given(
    pair=changes((*OF_A_WAIT, *OF_A_SEND, *OF_THE_PAST)),
    history=histories(),
    look=looks(),
    changed=CHANGED,
    cut=st.integers(10, 30),
)
def test_what_was_replaced_is_remembered_as_a_whole(
    pair: tuple[Plan, Plan], history: list[Event], look: Look, changed: Changed, cut: int
) -> None:
    """Restored from a snapshot or a store, an engine goes on as the other; and the effects were told beforehand."""
    old, new = pair
    engine = Engine(old, **look.options)
    engine.track()
    engine.feed_many(history[:cut])
    waited, told = engine.pending(), effects_of(engine, new, changed, look)

    outcomes = engine.replace(new, changed)

    event(f"definitions retired: {len(engine._program.retired)}")
    pending = {(wait.id, wait.rule): wait for wait in engine.pending()}
    assert told.total() == len(waited)
    assert told[Fate.DUE_NOW] == len(waited) - sum((wait.id, wait.rule) in pending for wait in waited)
    if changed == "pin":
        assert outcomes == []
        assert list(pending.values()) == waited
    others = [restored(engine, new, how, look.options) for how in ("snapshot", "load")]
    rest = engine.feed_many(history[cut:]) + engine.finish()
    for other in others:
        assert other.feed_many(history[cut:]) + other.finish() == rest


def effects_of(engine: Engine, new: Plan, changed: Changed, look: Look) -> Counter[Fate]:
    """How many waits were said to have each fate."""
    batch = engine.changes()
    users = [(user, read(state, SavedUser)) for user, state in batch.users.items() if state is not None]
    told = effects(engine.plan, new, read_core(batch.core), users, changed, profiles=look)
    found = Counter[Fate]()
    for effect in told:
        found.update({fate: tally.waits for fate, tally in effect.fates.items()})
    return found


@HALF
@given(pair=changes(("delay", "schedule", "between")), history=histories(), look=looks())
def test_what_follows_is_due_when_its_trigger_would_have_made_it_due(
    pair: tuple[Plan, Plan], history: list[Event], look: Look
) -> None:
    old, new = pair
    events = {e.id: e for e in in_order(history) if e.type != "attributes"}
    engine = Engine(old, profiles=look)
    engine.feed_many(list(events.values()))
    engine.replace(new, "follow")
    now = engine.watermark or 0
    for wait in engine.pending():
        trigger = events.get(wait.trigger)
        if trigger is None or trigger.time != wait.triggered_at:
            continue
        alone = Engine(new, profiles=look)
        alone.feed(trigger)
        for fresh in alone.pending():
            if fresh.rule == wait.rule and fresh.due is not None and wait.due is not None:
                event("due later" if fresh.due > now else "held")
                assert wait.due == fresh.due if fresh.due > now else wait.due > now
