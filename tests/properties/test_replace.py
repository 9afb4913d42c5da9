"""Rules are replaced while users wait: random edits of random rule sets, against a simple model."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Literal

import msgspec
from hypothesis import assume, event, given
from hypothesis import strategies as st
from tests.properties.catalogs import catalogs
from tests.properties.histories import Look, histories, looks
from tests.properties.replaced import HOUR, Model, RuleSet, Spec
from tests.properties.rule_sets import rule_sets

import connrules
from connrules import Engine, Event, Outcome, Plan
from connrules.catalog import Catalog
from connrules.plan import Rule

Changed = Literal["pin", "follow"]
TYPES = ("purchase", "session_start", 'event "J"', 'event "L"')
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "on": st.lists(st.sampled_from(("purchase", *TYPES, "sent a", "cancelled a")), min_size=1, max_size=2, unique=True),
    "after": st.sampled_from((0, 2, 4, 6, 6)),
    "restarting": st.sampled_from((False, False, True)),
    "unless": st.lists(st.tuples(st.sampled_from(TYPES), st.booleans()), max_size=2, unique_by=lambda pair: pair[0]),
    "per": st.sampled_from((None, None, "k", "j")),
    "quota": st.sampled_from((None, None, None, (1, None), (1, 2), (2, 4))),
    "goal": st.sampled_from((None, None, ("purchase", 2), ("session_start", 4))),
    "send": st.sampled_from(("X", "Y")),
}
NAMES = ("a", "b", None)
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


def restored(engine: Engine, plan: Plan, how: str) -> Engine:
    """The engine, or one that goes on from what it remembers."""
    if how == "on":
        return engine
    other = Engine(plan)
    if how == "snapshot":
        other.restore(engine.snapshot())
    else:
        batch = engine.changes()
        other.load(batch.core, [batch.note.data] if batch.note else [], [(u, d) for u, d in batch.users.items() if d])
    return other


@given(versions=careers(), data=st.data())
def test_replacing_rules_does_what_the_model_does(versions: list[RuleSet], data: st.DataObject) -> None:
    plans = [plan_of(rules) for rules in versions]
    model, engine = Model(versions[0], [rule.name for rule in plans[0].rules]), Engine(plans[0])
    outcomes: list[Outcome] = []
    retired = 0
    history = data.draw(parts(len(versions)))
    for number, (rules, plan, events) in enumerate(zip(versions, plans, history, strict=True)):
        if number:
            changed: Changed = data.draw(st.sampled_from(("pin", "follow")))
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


@st.composite
def checked_plans(draw: st.DrawFn) -> tuple[str, Catalog | None, Plan]:
    rules, catalog = draw(rule_sets()), draw(catalogs())
    checked = connrules.loads(rules, catalog=catalog)
    assume(not checked.errors)
    return rules, catalog, connrules.compile_rules(checked)


@given(
    drawn=checked_plans(),
    history=histories(),
    look=looks(),
    changed=st.sampled_from(("pin", "follow")),
    cut=st.integers(0, 40),
)
def test_replacing_rules_by_themselves_changes_nothing(
    drawn: tuple[str, Catalog | None, Plan], history: list[Event], look: Look, changed: Changed, cut: int
) -> None:
    *_, plan = drawn
    through, replaced = Engine(plan, **look.options), Engine(plan, **look.options)
    first = through.feed_many(history[:cut])
    assert replaced.feed_many(history[:cut]) == first
    assert replaced.replace(Plan.from_json(plan.to_json()), changed) == []
    assert replaced.snapshot() == through.snapshot()

    assert replaced.feed_many(history[cut:]) == through.feed_many(history[cut:])
    assert replaced.finish() == through.finish()


@given(drawn=checked_plans(), other=checked_plans(), history=histories(), look=looks(), cut=st.integers(0, 40))
def test_pinned_waits_come_back_to_the_rules_that_they_began_with(
    drawn: tuple[str, Catalog | None, Plan],
    other: tuple[str, Catalog | None, Plan],
    history: list[Event],
    look: Look,
    cut: int,
) -> None:
    """Other clauses for a moment, and the former ones again: who waits waits as before, where nothing was removed."""
    *_, plan = drawn
    fields = ("delay", "restarting", "schedule", "exceptions", "per", "still", "between", "hold_out", "send")
    pairs = zip(plan.rules, other[2].rules, strict=False)
    names = {rule.name: rule for rule in plan.rules}
    mixed = [replaced_fields(rule, there, fields) for rule, there in pairs if ":" not in rule.name]
    assume(mixed)
    names |= {rule.name: rule for rule in mixed}
    moment = connrules.Plan(
        rules=tuple(names.values()),
        segments=tuple({s.name: s for s in (*other[2].segments, *plan.segments)}.values()),
        limits=plan.limits,
        time_zone=plan.time_zone,
        objects=plan.objects,
        events=plan.events,
    )
    through, engine = Engine(plan, **look.options), Engine(plan, **look.options)
    through.feed_many(history[:cut])
    engine.feed_many(history[:cut])

    assert engine.replace(moment) == []
    assert engine.pending() == through.pending()
    assert engine.replace(plan) == []
    assert engine.pending() == through.pending()
    if not look.known and all(e.type != "attributes" for e in history):
        assert engine.feed_many(history[cut:]) == through.feed_many(history[cut:])


def replaced_fields(rule: Rule, other: Rule, fields: Iterable[str]) -> Rule:
    return msgspec.structs.replace(rule, **{name: getattr(other, name) for name in fields})
