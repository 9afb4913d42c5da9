"""Patterns, conditions and files to text and back: what is written means what it was, in one way only."""

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connrules import ast
from connrules.duration import EARLIEST, LATEST, parse_instant
from connrules.syntax.formatter import format_condition, format_pattern
from connrules.syntax.grammar import RESERVED
from connrules.syntax.layout import WIDTH, format_file
from connrules.syntax.parser import parse
from connrules.syntax.tables import tables
from connrules.text import SourceText, Span

NOWHERE = Span(0, 0)


def _parse_pattern(text: str) -> ast.Pattern:
    parsed = parse(SourceText("x.conn", f"on {text} send X"))
    assert [finding.message for finding in parsed.diagnostics] == []
    [pattern] = parsed.file.rules[0].on.patterns
    return pattern


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _bare_date(text: str) -> ast.Instant:
    return ast.Instant(parse_instant(text), True, text, NOWHERE)


# Any pattern that there can be: a tree such as the parser could have made.

SOFT_KEYWORDS = sorted(word for word in tables().fixed if word.isidentifier() and word not in RESERVED)
# `event` begins a custom event, and `any` no list of objects.
NO_EVENTS = {"any", "event", "sent", "cancelled"}
"""The words that begin another kind of pattern, or none."""
WORDS = st.sampled_from([word for word in SOFT_KEYWORDS if word not in NO_EVENTS] + ["opened_push", "_1"])
TEXTS = st.text(max_size=6).map(_nfc)
SEGMENTS = (
    st.sampled_from([*SOFT_KEYWORDS, *sorted(RESERVED), "a", "order-id"])
    | st.text(st.characters(categories=["L", "M", "N", "P", "S"], exclude_characters="`"), min_size=1).map(_nfc)
).filter(lambda text: "`" not in text)

PATHS = st.lists(SEGMENTS, min_size=1, max_size=3).map(lambda s: ast.Path(tuple(s), NOWHERE))
NUMBERS = st.integers(-(10**9), 10**9) | st.decimals(-(10**6), 10**6, places=3).map(float)
LITERALS: st.SearchStrategy[ast.Operand] = st.one_of(
    TEXTS.map(lambda value: ast.Text(value, NOWHERE)),
    NUMBERS.map(lambda value: ast.Number(value, NOWHERE)),
    st.booleans().map(lambda value: ast.Boolean(value, NOWHERE)),
    st.integers(EARLIEST, LATEST).map(lambda ms: ast.Instant(ms, False, "", NOWHERE)),
    st.dates(min_value=date(1, 1, 2)).map(lambda day: _bare_date(day.isoformat())),
)
OPERANDS = LITERALS | PATHS.map(lambda path: ast.TriggerProperty(path, NOWHERE))
ATTRIBUTES = PATHS.map(lambda path: ast.Attribute(path, NOWHERE))


def _comparisons(
    subjects: st.SearchStrategy[ast.Path] | st.SearchStrategy[ast.Attribute], operands: st.SearchStrategy[ast.Operand]
) -> st.SearchStrategy[ast.Condition]:
    return st.one_of(
        st.builds(
            ast.Compare, subjects, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), operands, st.just(NOWHERE)
        ),
        st.builds(ast.OneOf, subjects, st.lists(operands, min_size=1, max_size=3).map(tuple), st.just(NOWHERE)),
        st.builds(ast.Contains, subjects, operands, st.just(NOWHERE)),
        st.builds(ast.StartsWith, subjects, operands, st.just(NOWHERE)),
        st.builds(ast.IsMissing, subjects, st.just(NOWHERE)),
        st.builds(ast.IsPresent, subjects, st.just(NOWHERE)),
    )


def _compound(terms: st.SearchStrategy[ast.Condition]) -> st.SearchStrategy[ast.Condition]:
    several = st.lists(terms, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(ast.Negation, terms, st.just(NOWHERE)),
        st.builds(ast.AllOf, several, st.just(NOWHERE)),
        st.builds(ast.AnyOf, several, st.just(NOWHERE)),
    )


CONDITIONS = st.none() | st.recursive(_comparisons(PATHS, OPERANDS), _compound, max_leaves=8)
SEGMENT_NAMES = WORDS.map(lambda word: ast.InSegment(ast.Name(word, False, NOWHERE), NOWHERE))
USER_CONDITIONS = st.recursive(_comparisons(ATTRIBUTES, LITERALS) | SEGMENT_NAMES, _compound, max_leaves=8)
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
    WORDS.map(lambda word: ast.SentRule(ast.Name(word, False, NOWHERE), NOWHERE)),
    WORDS.map(lambda word: ast.CancelledRule(ast.Name(word, False, NOWHERE), NOWHERE)),
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


def _parse_condition(text: str) -> ast.Condition:
    parsed = parse(SourceText("x.conn", f"segment s = {text}"))
    assert [finding.message for finding in parsed.diagnostics] == []
    [segment] = parsed.file.declarations
    assert isinstance(segment, ast.Segment)
    return segment.condition


@given(USER_CONDITIONS)
def test_a_condition_on_users_read_back_is_the_condition(condition: ast.Condition) -> None:
    assert _parse_condition(format_condition(condition)) == condition


CANONICAL_CONDITIONS = [
    'user.country = "FR" or user.age >= 18 and in segment vip',
    "(user.a = 1 or user.b = 2) and not (user.c = 3 and user.d = 4)",
    "not in segment vip",
    "user.address.`e-mail` is missing",
    "user.joined < 2026-03-01",
]


@pytest.mark.parametrize("text", CANONICAL_CONDITIONS)
def test_a_canonical_condition_stays_as_it_is(text: str) -> None:
    assert format_condition(_parse_condition(text)) == text


# Files


def _format(text: str) -> str:
    return format_file(parse(SourceText("x.conn", text)))


FILES = {
    "clauses": (
        (
            'rule r: send one of 050% A, 50.0% "B" convert on purchase within 7d hold out 12.50% once until 2027-01-01 '
            "from 2026-03-01 between 09:00 and 21:00 or hold still if user.x = 1 per cart.id unless purchase "
            "in 1 days at 09:00 local if (user.x = 1 or user.y = 2) on sent a or cancelled b"
        ),
        """\
rule r:
  on sent a or cancelled b
  if user.x = 1 or user.y = 2
  in 1 day at 09:00 local
  unless purchase
  per cart.id
  still if user.x = 1
  between 09:00 and 21:00
  from 2026-03-01
  until 2027-01-01
  once
  hold out 12.5%
  convert on purchase within 7d
  send one of 50% A, 50% "B"
""",
    ),
    "schedules without a name": (
        (
            'on purchase   in 2 day at 09:00 zone "UTC" send X\non purchase next\nmonday at 09:00 between 22:00 '
            "and 06:00 or drop send X"
        ),
        """\
on purchase in 2 days at 09:00 zone "UTC" send X
on purchase next monday at 09:00 between 22:00 and 06:00 or drop send X
""",
    ),
    "policy": (
        'policy: quiet 22:00 to 08:00 local or hold limit push to 1 per 24h time zone "Europe/Paris" limit 3 per 1d',
        """\
policy:
  limit push to 1 per 24h
  limit 3 per 1d
  time zone "Europe/Paris"
  quiet 22:00 to 08:00 local
""",
    ),
    "segment": ("segment   s=user.a=1", "segment s = user.a = 1\n"),
    "steps": (
        (
            'test "x": start 2026-03-01 active A from 0s until 2d each n in 1,2 user "u" at 24h purchase where a=n '
            'and b="c" '
            'expect user "u" sent A because x by r at 1d expect nothing'
        ),
        """\
test "x":
  start 2026-03-01
  active A from 0s until 2d
  each n in 1, 2
  user "u" at 24h purchase where a = n and b = "c"
  expect user "u" sent A at 1d by r because x
  expect nothing
""",
    ),
    "comments in conditions and splits": (
        """\
rule r:
  on purchase where a = 1 # one
    and (b = 2
      # two
      or c = 3)
  if user.a = 1
    # three
    or user.b = 2
  send one of 50% A, # four
    50% B
""",
        """\
rule r:
  on purchase
    where a = 1  # one
    and (b = 2
      # two
      or c = 3)
  if user.a = 1
    # three
    or user.b = 2
  send one of
    50% A,  # four
    50% B
""",
    ),
    "comments in lists": (
        """\
rule r:
  on received_push of "Welcome", # c50
    # c51
    "Thank You" # c52
  if user.orders >= 3 # c15
    # c16
    or # c17
    user.country in (  # home
      "FR", # first
      "CH"  # test market
    )
  send X
test "t":
  each v in 1, # one
    2
  at 1d purchase
""",
        """\
rule r:
  on received_push of
    "Welcome",  # c50
    # c51
    "Thank You"  # c52
  if user.orders >= 3  # c15
    # c16
    # c17
    or user.country in (  # home
      "FR",  # first
      "CH")  # test market
  send X

test "t":
  each v in
    1,  # one
    2
  at 1d purchase
""",
    ),
    "a disjunction stands deeper than its first term": (
        """\
rule r:
  on purchase # one
    where (a = 1 # two
    or b = 2) or session_start # three
    where c = 3
  send X
""",
        """\
rule r:
  on purchase  # one
      where (a = 1  # two
        or b = 2)
    or session_start  # three
      where c = 3
  send X
""",
    ),
}


@pytest.mark.parametrize(("text", "canonical"), FILES.values(), ids=FILES)
def test_files(text: str, canonical: str) -> None:
    assert _format(text) == canonical
    assert _format(canonical) == canonical


def test_what_is_too_long_for_a_line_is_broken_where_its_parts_are_joined() -> None:
    long = '"' + "x" * 30 + '"'
    condition = f"user.a = {long} and (user.b = {long} or user.c = {long} and user.d = {long})"
    text = _format(
        f"segment s = {condition}\n"
        f"rule r: on purchase where a = {long} and b = {long} or session_start if {condition} "
        f"convert on purchase where a = {long} and b = {long} within 7d send one of 34% {long}, 33% {long}, 33% {long}"
    )
    assert (
        text.replace(long, "…")
        == """\
segment s =
  user.a = …
  and (user.b = …
    or user.c = … and user.d = …)

rule r:
  on purchase where a = … and b = …
    or session_start
  if user.a = …
    and (user.b = …
      or user.c = … and user.d = …)
  convert on purchase
    where a = …
    and b = …
    within 7d
  send one of
    34% …,
    33% …,
    33% …
"""
    )
    assert all(len(line) <= WIDTH for line in text.splitlines())
