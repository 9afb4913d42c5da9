"""Patterns to text and back: what the formatter writes means what it was given, and is written in one way only."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connrules import ast
from connrules.duration import EARLIEST, LATEST
from connrules.syntax.formatter import format_pattern
from connrules.syntax.grammar import RESERVED, fixed_tokens
from connrules.syntax.parser import parse
from connrules.text import SourceText, Span

NOWHERE = Span(0, 0)


def _parse_pattern(text: str) -> ast.Pattern:
    parsed = parse(SourceText("x.conn", f"on {text} send X"))
    assert [finding.message for finding in parsed.diagnostics] == []
    [pattern] = parsed.file.rules[0].on.patterns
    return pattern


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


# Any pattern that there can be: a tree such as the parser could have made.

SOFT_KEYWORDS = sorted(word for word in fixed_tokens() if word.isidentifier() and word not in RESERVED)
# `event` begins a custom event, and `any` no list of objects.
WORDS = st.sampled_from([word for word in SOFT_KEYWORDS if word not in {"any", "event"}] + ["opened_push", "_1"])
TEXTS = st.text(max_size=6).map(_nfc)
SEGMENTS = (
    st.sampled_from([*SOFT_KEYWORDS, *sorted(RESERVED), "a", "order-id"])
    | st.text(st.characters(categories=["L", "M", "N", "P", "S"], exclude_characters="`"), min_size=1).map(_nfc)
).filter(lambda text: "`" not in text)

PATHS = st.lists(SEGMENTS, min_size=1, max_size=3).map(lambda s: ast.Path(tuple(s), NOWHERE))
NUMBERS = st.integers(-(10**9), 10**9) | st.decimals(-(10**6), 10**6, places=3).map(float)
OPERANDS: st.SearchStrategy[ast.Operand] = st.one_of(
    TEXTS.map(lambda value: ast.Text(value, NOWHERE)),
    NUMBERS.map(lambda value: ast.Number(value, NOWHERE)),
    st.booleans().map(lambda value: ast.Boolean(value, NOWHERE)),
    st.integers(EARLIEST, LATEST).map(lambda ms: ast.Instant(ms, False, "", NOWHERE)),
    PATHS.map(lambda path: ast.TriggerProperty(path, NOWHERE)),
)
COMPARISONS: st.SearchStrategy[ast.Condition] = st.one_of(
    st.builds(ast.Compare, PATHS, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), OPERANDS, st.just(NOWHERE)),
    st.builds(ast.OneOf, PATHS, st.lists(OPERANDS, min_size=1, max_size=3).map(tuple), st.just(NOWHERE)),
    st.builds(ast.Contains, PATHS, OPERANDS, st.just(NOWHERE)),
    st.builds(ast.StartsWith, PATHS, OPERANDS, st.just(NOWHERE)),
    st.builds(ast.IsMissing, PATHS, st.just(NOWHERE)),
    st.builds(ast.IsPresent, PATHS, st.just(NOWHERE)),
)


def _compound(terms: st.SearchStrategy[ast.Condition]) -> st.SearchStrategy[ast.Condition]:
    several = st.lists(terms, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(ast.Negation, terms, st.just(NOWHERE)),
        st.builds(ast.AllOf, several, st.just(NOWHERE)),
        st.builds(ast.AnyOf, several, st.just(NOWHERE)),
    )


CONDITIONS = st.none() | st.recursive(COMPARISONS, _compound, max_leaves=8)
NAMES = WORDS.map(lambda word: ast.Name(word, False, NOWHERE)) | TEXTS.map(lambda text: ast.Name(text, True, NOWHERE))
OBJECTS = st.one_of(
    st.none(),
    st.just(ast.AnyObject(NOWHERE)),
    st.lists(NAMES, min_size=1, max_size=3).map(lambda names: ast.Objects(tuple(names), NOWHERE)),
)
PATTERNS: st.SearchStrategy[ast.Pattern] = st.one_of(
    st.builds(
        ast.EventPattern, WORDS.map(lambda w: ast.Name(w, False, NOWHERE)), OBJECTS, CONDITIONS, st.just(NOWHERE)
    ),
    st.builds(ast.CustomEvent, TEXTS.map(lambda t: ast.Name(t, True, NOWHERE)), CONDITIONS, st.just(NOWHERE)),
)


@given(PATTERNS)
def test_a_pattern_read_back_is_the_pattern(pattern: ast.Pattern) -> None:
    assert _parse_pattern(format_pattern(pattern)) == pattern


@given(PATTERNS)
def test_a_pattern_takes_one_line(pattern: ast.Pattern) -> None:
    assert len(format_pattern(pattern).splitlines()) == 1


CANONICAL = [
    "purchase",
    'opened_push of "Abandoned Cart", Welcome',
    "opened_push of any where amount > 5",
    'event "Completed Profile"',
    'purchase where color in ("red", "blue") and not coupon is present',
    "purchase where (a = 1 or b = 2 and c = 3) and d is missing",
    "purchase where not (a = 1 and b = 2)",
    "purchase where `order-id`.`where`.x = trigger.`in`",
    'purchase where sku starts with "A-" and tags contains "x"',
    "purchase where day >= 2026-03-01 and day < 2026-03-01T09:00:00.250Z and gift = true",
    r'event "a \"b\" \\ \n \t \u{7} \u{202E}"',
]


@pytest.mark.parametrize("text", CANONICAL)
def test_canonical_text_stays_as_it_is(text: str) -> None:
    assert format_pattern(_parse_pattern(text)) == text


OTHERWISE = {
    "purchase   where\n a=1": "purchase where a = 1",
    "purchase where ((a = 1))": "purchase where a = 1",
    "purchase where (a = 1 and b = 2)": "purchase where a = 1 and b = 2",
    "purchase where `a` = 1.50": "purchase where a = 1.5",
    "purchase where a = 0.0000001": "purchase where a = 0.0000001",
    "purchase where day < 2026-03-01T01:00:00+01:00": "purchase where day < 2026-03-01T00:00:00Z",
    r'event "\u{41}"': 'event "A"',
}


@pytest.mark.parametrize(("text", "canonical"), OTHERWISE.items())
def test_text_that_is_not_canonical_becomes_so(text: str, canonical: str) -> None:
    assert format_pattern(_parse_pattern(text)) == canonical
