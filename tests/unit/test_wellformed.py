"""Events that a program made, with anything in their fields: refused before they change anything, or harmless."""

import json
import math
from typing import Any

import pytest

import connrules
from connrules import Engine, Event, EventError, Outcome, Plan, PlanError, parse_event
from connrules.event import DEEPEST, per_value
from connrules.reference import evaluate

DAY = 86_400_000
WAITING = "rule r: on purchase after 1d unless session_start or opened_push of any send X"


def plan(rules: str) -> Plan:
    return connrules.compile_rules(connrules.loads(rules))


class Word(str):
    __slots__ = ()


class Number(int):
    pass


@pytest.mark.parametrize("lateness", [0, DAY])
@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"type": 5}, TypeError, "type is text, not 5"),
        ({"type": ["a"]}, TypeError, "type is text"),
        ({"type": None}, TypeError, "type is text, not None"),
        ({"type": "opened_push", "campaign": ["a"]}, TypeError, "campaign is text"),
        ({"user": Word("u")}, TypeError, "user is text"),
        ({"time": Number(DAY)}, TypeError, "whole number"),
        ({"time": float(DAY)}, TypeError, "whole number"),
        ({"time": True}, TypeError, "whole number"),
        ({"user": 5}, TypeError, "user is text, not 5"),
        ({"user": ["a"]}, TypeError, "user is text"),
        ({"user": None}, TypeError, "user is text, not None"),
        ({"user": "\ud800"}, ValueError, "user is no text in Unicode"),
        ({"user": ""}, ValueError, "user is text that is not empty"),
        ({"id": 5}, TypeError, "id is text, not 5"),
        ({"id": "\ud800"}, ValueError, "id is no text in Unicode"),
        ({"type": "opened_push", "campaign": 5}, TypeError, "campaign is text, not 5"),
        ({"properties": [1]}, TypeError, "properties are a dict"),
        ({"type": "attributes", "properties": {1: 2}}, TypeError, "attribute's name is text, not 1"),
    ],
)
def test_a_field_of_a_wrong_type_is_named_and_changes_nothing(
    fields: dict[str, Any], error: type[Exception], words: str, lateness: int
) -> None:
    engine = Engine(plan(WAITING), lateness=lateness)
    engine.feed(Event(user="good", type="purchase", time=0))
    before = engine.snapshot()
    bad = Event(**{"user": "u", "type": "purchase", "time": DAY, **fields})

    for feed in (engine.feed, lambda event: engine.feed_many([event]), lambda event: engine.feed_many(iter([event]))):
        with pytest.raises(error, match=words):
            feed(bad)
        assert engine.snapshot() == before


@pytest.mark.parametrize("many", [1, 40])
def test_events_before_one_that_is_refused_count_also_where_nearly_all_matter(many: int) -> None:
    engine = Engine(plan(WAITING))
    batches = [[Event(user=f"{n}-{i}", type="purchase", time=n) for i in range(5)] for n in range(many)]
    for batch in batches:
        engine.feed_many(batch)
    good = [Event(user=f"last-{i}", type="purchase", time=many) for i in range(3)]
    bad: Any = Event(user="x", type="purchase", time=many, id=5)  # type: ignore[arg-type]

    with pytest.raises(TypeError, match="id is text"):
        engine.feed_many([*good, bad, *good])

    assert len(engine.finish()) == 5 * many + 3


def test_properties_that_nobody_can_write_down_are_missing_in_what_waits() -> None:
    engine, other = (Engine(plan("rule r: on purchase where amount > 1 after 1d send X"), lateness=DAY) for _ in "ab")
    engine.feed(Event(user="u", type="purchase", time=0, properties={"amount": 2, "odd": "\ud800", "set": {1}}))

    other.restore(engine.snapshot())

    assert other.finish() == engine.finish() != []


@pytest.mark.parametrize(
    "value",
    [
        "\ud800",
        math.nan,
        math.inf,
        {1: 2},
        {"a": {2: 3}},
        object(),
        {1, 2},
        b"x",
        "x",
        5,
        5.0,
        True,
        None,
        [1, {"a": []}],
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_a_property_holds_a_snapshot_comes_back(value: Any) -> None:
    rules = (
        "rule r: on purchase if user.a is missing or user.a = 1 after 1d "
        "unless purchase where k = trigger.k and k = 7 per k send X"
    )
    first, second = Engine(plan(rules)), Engine(plan(rules))
    first.feed(Event(user="u", type="attributes", time=0, properties={"a": value}))
    first.feed(Event(user="v", type="purchase", time=0, properties={"k": value}))

    second.restore(first.snapshot())

    assert second.snapshot() == first.snapshot()
    assert encoded(second.finish(2 * DAY)) == encoded(first.finish(2 * DAY))


def encoded(outcomes: list[Outcome]) -> list[bytes]:
    return [connrules.encode_outcome(outcome) for outcome in outcomes]


def test_what_json_cannot_hold_is_missing() -> None:
    assert [per_value(value) for value in (math.nan, math.inf, object(), {1, 2}, b"x")] == [None] * 5
    assert per_value({1: 2, "a": math.nan}) == {"a": None}


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def test_a_line_nests_as_deep_as_an_engine_can_take() -> None:
    deep, deeper = (line(nested(depth)) for depth in (DEEPEST - 1, DEEPEST))
    checked = connrules.loads("rule r: on purchase per k send X")
    event = parse_event(deep)

    assert Engine(connrules.compile_rules(checked)).feed(event) == evaluate(checked, [event]).outcomes
    for data in (deeper, deeper.encode(), json.loads(deeper)):
        with pytest.raises(EventError, match="properties: they nest more than 100 deep"):
            parse_event(data)


def test_brackets_in_a_text_are_not_nesting() -> None:
    assert parse_event(line(json.dumps("[{" * 500))).properties == {"k": "[{" * 500}
    wide = "[" + ",".join(["[]"] * 500) + "]"
    assert parse_event(line(wide)).properties == {"k": [[] for _ in range(500)]}


def line(value: str) -> str:
    return f'{{"user":"u","type":"purchase","time":0,"properties":{{"k":{value}}}}}'


@pytest.mark.parametrize("data", [[1], None, 5, object(), "[1]"])
def test_what_is_no_object_is_no_event(data: Any) -> None:
    with pytest.raises(EventError, match="not an event"):
        parse_event(data)


def test_a_look_up_that_knows_nothing_of_a_user_may_say_none() -> None:
    checked = connrules.loads("rule r: on purchase if user.a is missing send X")
    events = [Event(user="u", type="purchase", time=0)]
    engine = Engine(connrules.compile_rules(checked), profiles=Silent(None))

    outcomes = engine.feed_many(events)

    assert [outcome.kind for outcome in outcomes] == ["sent"]
    assert evaluate(checked, events, profiles=Silent(None)).outcomes == [
        connrules.Outcome(**{**fields(outcomes[0]), "trigger": "#1"})
    ]


def test_a_look_up_that_gives_no_mapping_is_told_so() -> None:
    engine = Engine(plan("rule r: on purchase if user.a is missing send X"), profiles=Silent([]))

    with pytest.raises(TypeError, match="the profile of 'u' is a mapping from attributes to values, not \\[\\]"):
        engine.feed(Event(user="u", type="purchase", time=0))


class Silent:
    """A look-up that gives the same for everybody."""

    def __init__(self, known: Any) -> None:
        self.known = known

    def attributes(self, user: str) -> Any:
        return self.known


def fields(outcome: Outcome) -> dict[str, Any]:
    return {name: getattr(outcome, name) for name in outcome.__struct_fields__}


def test_a_plan_that_was_edited_into_an_endless_circle_ends() -> None:
    data = plan("rule q: on purchase or sent p send X\nrule p: on session_start send Y").to_json()
    edited = Plan.from_json(data.replace(b'"rule":"p"', b'"rule":"q"'))
    assert edited != Plan.from_json(data)

    with pytest.raises(PlanError, match="follow each other without end"):
        Engine(edited).feed(Event(user="u", type="purchase", time=0))
