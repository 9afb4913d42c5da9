"""How findings look, one golden page per case of the layout."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from connrules.cli.render import Summary, render_concise, render_full, render_json
from connrules.codes import finding
from connrules.diagnostic import Diagnostic, Severity
from connrules.text import SourceText, Span

LABEL = "it is about this"
HELP = "do something else"


def about(text: str, path: str = "rules/carts.conn", code: str = "CR301", **words: str) -> Diagnostic:
    """A finding about what stands between « and » in a text."""
    start, end = text.index("«"), text.index("»") - 1
    source = SourceText(path, text.replace("«", "").replace("»", ""))
    words = {"message": "an exception needs a delay to act in", "label": LABEL, "help": HELP, **words}
    return finding(code, source, Span(start, end), words["message"], label=words["label"], help=words["help"])


LINES = 'rule r:\n  on opened_email of "Spring Sale"\n  «unless purchase»\n  send "Spring Sale Thanks"\n'

CASES = {
    "as drawn in the documentation": about(
        LINES,
        label="exceptions count only while a user waits, and nobody waits here",
        help="add a delay, e.g. `after 1d`, or delete the `unless` clause",
    ),
    "first line": about("on «purchase»\nsend X\n"),
    "last line": about("on purchase\nsend «X»\n"),
    "last line without a line break": about("on purchase\nsend «X»"),
    "only line": about('on «purchase» send "X"'),
    "no text at all": about("«»"),
    "nothing covered at the end of a line": about("on purchase«»\nafter 1d\n"),
    "nothing covered after the last line break": about("on purchase\n«»"),
    "only the line break": about("on purchase«\n»send X\n"),
    "two-digit numbers": about("\n" * 9 + "«on» purchase\nsend X\n"),
    "from one digit to two": about("\n" * 8 + "«on» purchase\nsend X\n"),
    "three-digit numbers": about("\n" * 150 + "«on» purchase\nsend X\n"),
    "several lines": about("# two rules\nrule «r:\n  on purchase  \n\n  after 1d»\n  send X\n"),
    "many lines": about("# before\n«on\n  a\n  or b\n  or c\n  or d\n  or e\nsend X»\n# after\n"),
    "tabs": about("\ton\t«purchase»\n\t\tsend X\n"),
    "wide characters": about('on received_push of "カート", «"リマインダー"»\nsend X\n'),
    "emoji": about('on received_push of "🛒 👩\u200d💻", «"👍🏽 ok"» send X\n'),
    "combining characters": about('on received_push of "Cafe\u0301", «"re\u0301duit"» send X\n'),
    "right-to-left override": about('on received_push of "a«\u202e»b" send X\n', code="CR109"),
    "control characters": about("on «\x1b[31m» send X\n", message="unexpected `\x1b[31m`", path="a\x1b.conn"),
    "a zero-width character": about("on«\u200b» purchase send X\n", code="CR109"),
    "windows line breaks": about("on purchase\r\nsend «X»\r\n# end\r\n"),
    "a long line, early": about("on «a»" + " or purchase" * 50),
    "a long line, in the middle": about("on a" + " or purchase" * 30 + " or «b»" + " or purchase" * 30),
    "a long line, late": about("on a" + " or purchase" * 50 + " or «b»"),
    "a span longer than a line may be": about("on «a" + " or purchase" * 50 + "»"),
    "blank lines around": about("\n\non «purchase»\n\n\n"),
    "no label": about(LINES, label=""),
    "no help": about(LINES, help=""),
    "help of several lines": about(LINES, help="do this\nor that"),
    "warning": about(LINES, code="CR308"),
    "info": about(LINES, code="CR304"),
}


@pytest.mark.parametrize("case", CASES)
def test_full(case: str, snapshot: SnapshotAssertion) -> None:
    assert render_full([CASES[case]]) == snapshot


def test_full_exactly_as_the_documentation_draws_it() -> None:
    assert render_full([CASES["as drawn in the documentation"]]) == "\n".join(
        [
            "error[CR301] exception-without-delay: an exception needs a delay to act in",
            "  --> rules/carts.conn:3:3",
            "   |",
            ' 2 |   on opened_email of "Spring Sale"',
            " 3 |   unless purchase",
            "   |   ^^^^^^^^^^^^^^^ exceptions count only while a user waits, and nobody waits here",
            ' 4 |   send "Spring Sale Thanks"',
            "   |",
            "   = help: add a delay, e.g. `after 1d`, or delete the `unless` clause",
            "   = more: connrules explain CR301",
        ]
    )


def test_a_blank_line_between_two_findings() -> None:
    first, second = CASES["warning"], CASES["info"]
    assert render_full([first, second]) == f"{render_full([first])}\n\n{render_full([second])}"


@pytest.mark.parametrize("severity", Severity)
def test_colors(severity: Severity, snapshot: SnapshotAssertion) -> None:
    code = {Severity.ERROR: "CR301", Severity.WARNING: "CR308", Severity.INFO: "CR304"}[severity]
    one = about(LINES, code=code)
    assert one.severity is severity
    assert [render_full([one], color=True), render_concise([one], color=True)] == snapshot


@pytest.mark.parametrize("case", CASES)
def test_colors_change_nothing_but_colors(case: str) -> None:
    """Only the escape sequences of colours are taken out: one of a user's that got through would show."""
    for render in (render_full, render_concise):
        assert re.sub(r"\x1b\[\d+m", "", render([CASES[case]], color=True)) == render([CASES[case]])


@pytest.mark.parametrize("case", CASES)
def test_no_line_ends_in_white_space(case: str) -> None:
    assert [line for line in render_full([CASES[case]]).split("\n") if line != line.rstrip()] == []


ANY_TEXT = st.text(st.sampled_from("ab \t\n\r\u000b\u2028\u200d\u0301カ🛒\x1b\udcff"), max_size=60)


@given(ANY_TEXT, st.data())
def test_any_span_of_any_text_can_be_drawn(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    one = finding("CR301", SourceText("a.conn", text), Span(start, end), "message", label="LABEL", help="help")
    page = render_full([one])
    assert page.count("^ LABEL\n") == 1
    assert all(char == "\n" or char not in text or char.isprintable() or char == "\u200d" for char in page)
    assert len(render_concise([one]).split("\n")) == 1


def test_concise() -> None:
    two = [about(LINES), about(LINES, code="CR308", message="a name\nof two lines")]
    assert render_concise(two) == (
        "rules/carts.conn:3:3: error CR301[exception-without-delay] an exception needs a delay to act in\n"
        "rules/carts.conn:3:3: warning CR308[zero-delay] a name␊of two lines"
    )


def test_nothing_found_is_no_text() -> None:
    assert render_full([]) == render_concise([]) == ""


def test_json(snapshot: SnapshotAssertion) -> None:
    text = render_json([CASES["wide characters"], CASES["info"]], ["CR201"], Summary(1, 0, 1, 2, 3))
    assert text.isascii()
    assert json.loads(text) == snapshot
