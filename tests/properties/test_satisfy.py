"""Whether conditions can hold, held against the reference: an example holds, and what can never hold never does."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from itertools import product
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connrules import ast
from connrules.check.conditions.satisfy import (
    NEVER,
    UNKNOWN,
    Example,
    Scope,
    Values,
    contradiction,
    is_never,
    solve,
    solve_all,
)
from connrules.reference.conditions import Facts, holds
from connrules.syntax.parser import parse
from connrules.text import SourceText

TYPES = {"moment": "time"}
PATHS = ("x", "x", "x", "moment", "cart", "cart.id", "cart.id.no")
LITERALS = (
    *("5", "5.5", "6", "-1", "1772323200000", "999999999999999", "true", "false"),
    *('""', '"a"', '"ab"', '"b"', '"caf\u00e9"', '"e\u0301"', '"2026-03-01"', '"2026-03-01T00:00:00Z"', '"x"'),
    *("2026-03-01", "2026-03-02T01:00:00Z"),
)
OPERATORS = ("=", "!=", "<", "<=", ">", ">=")
SCALARS: tuple[Any, ...] = (
    *(None, True, False, 4, 5, 5.0, 5.2, 5.5, 6, 7, -1, -2, 1772323200000, 1772323200000.0, 1772323200001),
    *(999999999999999, 999999999999999.5, 10**30, 1e300, -1e300),
    *(
        "",
        "\0",
        "a",
        "a\0",
        "aa",
        "ab",
        "aba",
        "abc",
        "b",
        "ba",
        "c",
        "x",
        "caf\u00e9",
        "cafe\u0301!",
        "e\u0301",
        "2026-03-01",
    ),
    *("2026-03-01T00:00:00Z", "2026-03-01T01:00:00+01:00", "2026-03-01T12:00:00Z", "2026-03-02T01:00:00Z"),
    *("2026-03-03", "ab caf\u00e9 2026-03-01", "2025-01-01"),
)
VALUES = (*SCALARS, [], {}, ["a"], ["a", 5], ["ab", "b"], [5.0, True, "e\u0301"], [1772323200000], ["2026-03-01"], [{}])


def comparisons() -> st.SearchStrategy[str]:
    path, literal = st.sampled_from(PATHS), st.sampled_from(LITERALS)
    texts = st.sampled_from([text for text in LITERALS if text.startswith('"')])
    return st.one_of(
        st.builds("{} {} {}".format, path, st.sampled_from(OPERATORS), literal),
        st.builds("{} in ({}, {})".format, path, literal, literal),
        st.builds("{} contains {}".format, path, literal),
        st.builds("{} starts with {}".format, path, texts),
        st.builds("{} is {}".format, path, st.sampled_from(["missing", "present"])),
    )


def conditions() -> st.SearchStrategy[str]:
    return st.recursive(
        comparisons(),
        lambda inner: st.one_of(
            inner.map("not ({})".format),
            *[st.builds(f"({{}} {word} {{}})".format, inner, inner) for word in ("and", "and", "and", "or")],
        ),
        max_leaves=6,
    )


def condition(text: str) -> ast.Condition:
    parsed = parse(SourceText("t.conn", f"on purchase where {text} send X"))
    assert not parsed.diagnostics, text
    (pattern,) = parsed.file.rules[0].on.patterns
    assert isinstance(pattern, ast.EventPattern)
    assert pattern.where is not None
    return pattern.where


def as_data(values: Values) -> dict[str, Any]:
    """Values by path as the properties of an event."""
    made: dict[str, Any] = {}
    for (*outer, last), value in values.items():
        inside = made
        for segment in outer:
            inside = inside.setdefault(segment, {})
        inside[last] = value
    return made


def is_so(node: ast.Condition, properties: Mapping[str, Any]) -> bool:
    return holds(node, Facts(properties, TYPES, zone=UTC))


def events(paths: set[str]) -> Iterator[dict[str, Any]]:
    """Events with values at those paths, at one or two of them at a time, or with a value that has them inside."""
    tried = sorted(paths)
    for first, second in product(tried, tried):
        for one, other in product(VALUES, VALUES if second != first else [None]):
            made = as_data({(first.split(".")[0],): one})
            if "." in first:
                made = as_data({tuple(first.split(".")): one})
            if second != first and not second.startswith(f"{first}.") and not first.startswith(f"{second}."):
                made |= as_data({tuple(second.split(".")): other}) if second.split(".")[0] not in made else {}
            yield made


def paths_in(text: str) -> set[str]:
    return {path for path in PATHS if path in text.replace("(", " ").split()}


@given(conditions())
@example('x starts with "ab" and not x contains "a"')
@example("x > 5 and x < 5.5 and not x = 5.2")
@example("cart is present and cart.id is present and cart = 5")
def test_an_example_holds_and_never_is_never(text: str) -> None:
    node = condition(text)
    match solve(node, Scope(types=TYPES, zone=UTC)):
        case Example(values):
            assert is_so(node, as_data(values)), values
        case answer if answer is NEVER:
            assert not any(is_so(node, event) for event in events(paths_in(text)))


@given(conditions())
def test_what_plainly_can_hold_is_seen_at_once(text: str) -> None:
    node, scope = condition(text), Scope(types=TYPES, zone=UTC)
    assert is_never(node, scope) is (solve(node, scope) is NEVER)


@given(st.lists(comparisons(), min_size=1, max_size=4))
def test_a_contradiction_is_one_and_has_no_part_to_spare(texts: list[str]) -> None:
    terms, scope = [condition(text) for text in texts], Scope(types=TYPES, zone=UTC)
    if solve_all(terms, scope) is NEVER:
        needed = contradiction(terms, scope)
        assert solve_all(needed, scope) is NEVER
        for term in needed:
            others = [other for other in needed if other is not term]
            assert not others or solve_all(others, scope) is not NEVER


NEVER_TRUE = [
    "x > 5 and x < 3",
    "x > 5 and x <= 5",
    'x = "a" and x = "b"',
    'x = "a" and x = 5',
    'x in ("a", "b") and x in ("c", 5)',
    'x > "b" and x < "a"',
    'x is missing and x != "a"',
    "x is missing and x is present",
    'x = "a" and not x starts with "a"',
    'x starts with "a" and x starts with "b"',
    'x starts with "ab" and not x starts with "a"',
    'x starts with "ab" and x < "ab"',
    'x starts with "ab" and x > "abz" and x < "ac" and not x starts with "abz" and x < "ab{"',
    'x contains "ab" and x = "b"',
    'x contains "ab" and not x contains "a" and x != 5',
    "x = true and x = false",
    "x < true",
    'x > 5 and x starts with "a"',
    "x = 5 and not (x = 5.0 or x = 6)",
    "moment < 2026-03-01 and moment > 2026-03-02",
    'moment < "2026-03-01" and moment >= 2026-03-01T00:00:00Z',
    "moment > 2026-03-01T00:00:00.001Z and moment < 2026-03-01T00:00:00.002Z",
    "cart.id = 5 and cart = 5",
    "cart.id is present and cart is missing",
    "cart.id = 5 and not cart is present",
    "(x > 5 or x = 1) and (x < 1 or x = 3)",
    "x = trigger.x and x is missing",
    "x > 5 and x < 3 and y = trigger.y",
]

SOMETIMES_TRUE = [
    "x > 5 and x < 6",
    "not x = 5",
    "x != 5",
    'x contains "a" and x contains "b"',
    "x contains 5 and x contains 6",
    'x contains "a" and x contains 5',
    'x > "a" and x < "b"',
    "x is missing",
    "cart is present and cart.id is missing",
    "cart is present and cart.id = 5",
    'x starts with "a" and x starts with "ab" and not x = "ab"',
    "moment >= 2026-03-01 and moment < 2026-03-02",
    "x > 2026-03-01 and x < 2026-03-02",
    'x != "" and not x starts with "a"',
]


@pytest.mark.parametrize("text", NEVER_TRUE)
def test_what_is_never_true(text: str) -> None:
    assert solve(condition(text), Scope(types=TYPES)) is NEVER


@pytest.mark.parametrize("text", SOMETIMES_TRUE)
def test_what_is_sometimes_true(text: str) -> None:
    found = solve(condition(text), Scope(types=TYPES))
    assert isinstance(found, Example)
    assert is_so(condition(text), as_data(found.values))


@pytest.mark.parametrize(
    "text",
    [
        "x = trigger.x",
        "not x = trigger.x",
        "x = trigger.x and x > 5",
        'x contains "ab" and x < "a"',
    ],
)
def test_what_is_not_decided(text: str) -> None:
    assert solve(condition(text), Scope()) is UNKNOWN


def test_more_alternatives_than_the_budget_are_not_decided() -> None:
    def terms(most: int) -> str:
        return " and ".join(f"(x{n} = 1 or x{n} = 2)" for n in range(most)) + " and y = 1 and y = 2"

    assert solve(condition(terms(8)), Scope()) is NEVER
    assert solve(condition(terms(9)), Scope()) is UNKNOWN
    assert solve(condition(terms(200)), Scope()) is UNKNOWN


def segments(*texts: str) -> Mapping[str, ast.Segment]:
    parsed = parse(SourceText("t.conn", "\n".join(texts)))
    found = [node for node in parsed.file.declarations if isinstance(node, ast.Segment)]
    return {node.name.text: node for node in found}


def audience(text: str) -> ast.Condition:
    clause = parse(SourceText("t.conn", f"on purchase if {text} send X")).file.rules[0].if_
    assert clause is not None
    return clause.condition


def test_segments_are_looked_into() -> None:
    known = segments('segment french = user.country = "FR"', "segment loop = in segment loop and user.a = 1")
    scope = Scope(segments=known)
    assert solve(audience('in segment french and user.country = "DE"'), scope) is NEVER
    outside = audience("not in segment french and user.country is present")
    assert isinstance(solve(outside, scope), Example)
    assert solve(audience("in segment unknown"), scope) is UNKNOWN
    assert solve(audience("in segment loop"), scope) is UNKNOWN
    assert solve(audience("in segment loop and user.a = 2"), scope) is NEVER


def test_segments_are_looked_into_so_deep_and_no_deeper() -> None:
    chain = ["segment s0 = user.a = 1", *(f"segment s{n} = in segment s{n - 1}" for n in range(1, 2000))]
    scope = Scope(segments=segments(*chain))
    assert solve(audience("in segment s19 and user.a = 2"), scope) is NEVER
    assert solve(audience("in segment s20 and user.a = 2"), scope) is UNKNOWN
    assert solve(audience("in segment s1999 and user.a = 2"), scope) is UNKNOWN


def test_nothing_asked_always_holds() -> None:
    no_conditions: Sequence[ast.Condition] = ()
    assert solve_all(no_conditions, Scope()) == Example({})
