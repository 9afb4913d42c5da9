"""The scanner is total, cuts one mistake as one token, and tells keywords from names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connrules.syntax.grammar import RESERVED
from connrules.syntax.scanner import MALFORMED, TRIVIA, scan, scan_without_space
from connrules.syntax.tables import tables

FRAGMENTS = [
    "on ",
    "purchase",
    '"a',
    '"b"',
    "`c`",
    "`d",
    "# e",
    "\n",
    "\r\n",
    "1d",
    "1.5d",
    "-2",
    "2026-03-01",
    ".",
    "“f”",
]
TEXTS = st.text() | st.lists(st.sampled_from(FRAGMENTS) | st.characters()).map("".join)


def _kinds(text: str) -> list[tuple[str, str]]:
    return [(token.kind, token.text) for token in scan(text) if token.kind != "SPACE"]


@given(TEXTS)
def test_tokens_joined_are_the_text(text: str) -> None:
    assert "".join(token.text for token in scan(text)) == text


@given(TEXTS)
def test_spans_lie_side_by_side_and_hold_their_token(text: str) -> None:
    end = 0
    for token in scan(text):
        assert token.span.start == end
        assert text[slice(*token.span)] == token.text != ""
        end = token.span.end
    assert end == len(text)


@given(TEXTS)
def test_space_can_be_left_out(text: str) -> None:
    assert scan_without_space(text) == [token for token in scan(text) if token.kind != "SPACE"]


@given(TEXTS)
def test_every_kind_is_one_of_the_grammar_or_of_the_malformed_ones(text: str) -> None:
    known = {*tables().fixed.values(), *MALFORMED, *TRIVIA, "STRING", "QUOTED_NAME", "WORD"}
    known |= {"TIME", "DURATION", "CLOCK", "NUMBER", "OPERATOR"}
    assert {token.kind for token in scan(text)} <= known


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_a_reserved_word_is_never_a_name(word: str) -> None:
    [(kind, _)] = _kinds(word)
    assert kind == word.upper()
    assert _kinds(f"{word}_") == [("WORD", f"{word}_")]
    assert _kinds(word.upper()) == [("WORD", word.upper())]


ONE_TOKEN = [
    ("onpurchase", "WORD"),
    ("_x1", "WORD"),
    ("Müll", "BAD_WORD"),
    ('""', "STRING"),
    (r'"a \"b\" \\ \n \t \u{1F600}"', "STRING"),
    ('"# no comment"', "STRING"),
    (r'"\x"', "BAD_ESCAPE"),
    (r'"\u{}"', "BAD_ESCAPE"),
    (r'"\u{1234567}"', "BAD_ESCAPE"),
    ('"open', "UNTERMINATED"),
    ("`open", "UNTERMINATED"),
    ("`order-id`", "QUOTED_NAME"),
    ("“curly”", "TYPOGRAPHIC"),
    ("'single'", "TYPOGRAPHIC"),
    ("2026-03-01", "TIME"),
    ("2026-03-01T09:00Z", "TIME"),
    ("2026-03-01T09:00:00.250+01:00", "TIME"),
    ("2026-03-01T09:00:00", "TIME"),
    ("2026-3-1", "BAD_NUMBER"),
    ("2026-03-01T9:00Z", "BAD_NUMBER"),
    ("1d", "DURATION"),
    ("1w2d3h4m5s6ms", "DURATION"),
    ("1.5d", "BAD_NUMBER"),
    ("1day", "BAD_NUMBER"),
    ("1d12", "BAD_NUMBER"),
    ("0", "NUMBER"),
    ("-12.50", "NUMBER"),
    ("1e3", "BAD_NUMBER"),
    ("1_000", "BAD_NUMBER"),
    ("09:00", "CLOCK"),
    ("9:00", "CLOCK"),
    ("09:00:00", "BAD_NUMBER"),
    ("9:0", "BAD_NUMBER"),
    ("9am", "BAD_NUMBER"),
    ("!=", "OPERATOR"),
    ("<=", "OPERATOR"),
    (",", "COMMA"),
    ("# to the end", "COMMENT"),
    ("// to the end", "FOREIGN"),
    ("/* over\nlines */", "FOREIGN"),
    ("/* to the end", "FOREIGN"),
    ("```conn", "FOREIGN"),
    ('"// no comment"', "STRING"),
    ("\N{REPLACEMENT CHARACTER}", "UNEXPECTED"),
    ("\N{NO-BREAK SPACE}", "UNEXPECTED"),
]


@pytest.mark.parametrize(("text", "kind"), ONE_TOKEN)
def test_one_thing_is_one_token(text: str, kind: str) -> None:
    assert _kinds(text) == [(kind, text)]


SEVERAL = {
    "a.b": "WORD DOT WORD",
    "cart.total>=5": "WORD DOT WORD OPERATOR NUMBER",
    'send"X"': "SEND STRING",
    '"a"b': "STRING WORD",
    '"a\nb"': "UNTERMINATED WORD UNTERMINATED",
    "x # c\r\ny": "WORD COMMENT WORD",
    "in(1,2)": "IN LPAR NUMBER COMMA NUMBER RPAR",
    "a==b": "WORD OPERATOR OPERATOR WORD",
    "a-1": "WORD NUMBER",
    "rule x:": "RULE WORD COLON",
    "12.5%": "NUMBER PERCENT",
    "time zone": "TIME_KEYWORD ZONE",
}


@pytest.mark.parametrize(("text", "kinds"), SEVERAL.items())
def test_what_needs_no_space_between(text: str, kinds: str) -> None:
    assert [kind for kind, _ in _kinds(text)] == kinds.split()
