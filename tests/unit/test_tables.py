"""The kept tables are those of the grammar; what fits by them is what Lark says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lark import Token, UnexpectedToken
from tests.unit.lark_alone import the_lark

from connrules.syntax import tables as module
from connrules.syntax.automaton import Recogniser
from connrules.syntax.grammar import grammar_text
from connrules.syntax.making import kept_form, make_tables
from connrules.syntax.scanner import TRIVIA, scan
from connrules.syntax.tables import KEPT, tables

KINDS = sorted({*tables().fixed.values(), "STRING", "QUOTED_NAME", "TIME", "DURATION", "CLOCK", "NUMBER", "WORD"})
BEGINNINGS = [
    "rule r: on received_push of A, B where a.b > 3 and not (c in (1, 2) or d is missing) after 1d restarting send S",
    'on event "E" where tags contains trigger.tag or sent r in 2 days at 09:00 zone "UTC" still if in segment s send S',
    'segment s = user.a = 1 and user.b starts with "x" or not user.c is present',
    "policy: limit push to 1 per 1d quiet 22:00 to 08:00 local or drop",
    'test "t": each d in 1h, 2h user "u" at d purchase where amount = 3 expect sent S at 1d by r expect nothing',
]


def test_the_kept_tables_are_those_of_the_grammar() -> None:
    text = grammar_text()
    assert KEPT.read_text(encoding="utf-8") == kept_form(make_tables(text), text), "run `make tables`"
    assert tables() == make_tables(text)


def test_a_changed_grammar_is_read_by_tables_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = grammar_text().replace('once_clause: "once"', 'once_clause: "only" "once"')
    monkeypatch.setattr(module, "grammar_text", lambda: changed)

    made = tables.__wrapped__()

    assert "only" in made.fixed
    assert made == make_tables(changed)


@pytest.mark.parametrize("line", ['?odd: "odd" "even"', "odd: "])
def test_what_the_tables_have_no_form_for_is_refused(line: str) -> None:
    changed = grammar_text().replace('once_clause: "once"', f'once_clause: "once" odd\n{line}')
    with pytest.raises(ValueError, match="the tables have no form for <odd : "):
        make_tables(changed)


def _kinds(text: str) -> list[str]:
    return [token.kind for token in scan(text) if token.kind not in TRIVIA]


@given(
    st.sampled_from(BEGINNINGS).map(_kinds).flatmap(lambda k: st.integers(0, len(k)).map(lambda n: k[:n])),
    st.lists(st.sampled_from([*KINDS, "$END", "BAD_WORD"]), min_size=1, max_size=3),
)
def test_what_fits_and_what_can_follow_is_what_lark_says(beginning: list[str], then: list[str]) -> None:
    """After a token that does not fit, too: those who say what is wrong go on from there."""
    larks, ours = the_lark().parse_interactive(start="declaration"), Recogniser()
    for kind in [*beginning, *then]:
        try:
            larks.feed_token(Token(kind, ""))
        except UnexpectedToken:
            fits = False
        else:
            fits = True
        assert ours.feed(kind) == fits
        assert ours.accepts() == larks.accepts()  # type: ignore[no-untyped-call]  # likewise
