"""How findings look, one golden page per case of the layout."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion
from tests.cli.findings import LINES, about, beside, fixed, related, results

from connrules.cli.formats.document import render_json, render_jsonl
from connrules.cli.render import (
    render_concise,
    render_full,
    render_suppressed_concise,
    render_suppressed_full,
)
from connrules.codes import finding
from connrules.diagnostic import Related, Severity
from connrules.lint import Suppressed
from connrules.text import SourceText, Span

WITNESS = """test "one user gets it twice":
  at 0s purchase
  expect sent "B" by a at 0s
  expect sent "B" by b at 0s"""

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
    "tabs after wide characters": about('on\treceived_push of "カート",\t«"a"» send X\n'),
    "flags and hearts": about('on received_push of "🇫🇷 ❤\ufe0f", «"🇫🇷"» send X\n'),
    "a safe fix": fixed(about("on purchase after «24h» send X\n", code="CR314"), "write `1d`", "1d"),
    "an unsafe fix": fixed(about(LINES), "delete the `unless` clause", "", safe=False),
    "a fix of two lines": fixed(about(LINES), "delete\nthe clause", ""),
    "a related place": replace(
        about("rule b:\n  «on purchase send X»\n"), related=(related("rule a:\n  «on purchase send X»\n"),)
    ),
    "a related place in another file": replace(
        about("on «purchase» send X\n"),
        related=(related("\n" * 122 + "on «purchase»\n\tsend X", "the source,\nelsewhere", "b\x1b.conn"),),
    ),
    "a related place of several lines": replace(
        about("on «purchase» send X\n"), related=(related('rule «a:\n  on received_push of "カート"\n  send X»\n'),)
    ),
    "a related place under wide characters": replace(
        about("on «purchase» send X\n"), related=(related('on received_push of "🛒",\t«"カート"» send X\n'),)
    ),
    "three related places": replace(
        about("on «purchase» send X\n"), related=tuple(related("\n" * n + "«a»", f"number {n}") for n in range(3))
    ),
    "five related places": replace(
        about("on «purchase» send X\n"), related=tuple(related("\n" * n + "«a»", f"number {n}") for n in range(5))
    ),
    "a related place on the same line": beside("on ‹purchase› or «purchase»\nsend X\n"),
    "a related place behind it on the same line": beside('on «"🛒"» or\t‹"カート"›\nsend X\n'),
    "a related place on the line before": beside("on ‹purchase›\nsend «X»\n"),
    "a related place on the line after": beside("on «purchase»\nsend ‹X›\n"),
    "a related place amid the lines of it": beside("«on purchase\nafter ‹1d›\nsend X»\n"),
    "a related place two lines before": beside("on ‹purchase›\nafter 1d\nsend «X»\n"),
    "a related place in the middle that is not drawn": beside("«on a\n  or b\n  or ‹c›\n  or d\n  or e\nsend X»\n"),
    "a related place on a long line": beside("on ‹a›" + " or purchase" * 50 + " or «b»"),
    "a related place of several lines beside it": beside("on ‹purchase\nafter 1d›\nsend «X»\n"),
    "a witness": replace(about(LINES, code="CR505"), witness=WITNESS),
    "a witness with what a terminal would obey": replace(about(LINES), witness='test "\x1b[31m":\n  expect nothing'),
    "all there is": replace(
        fixed(about("rule b:\n  «on purchase send X»\n", code="CR504"), "delete the rule", ""),
        related=(related("rule a:\n  «on purchase send X»\n"),),
        witness=WITNESS,
    ),
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
    one = replace(one, related=(Related(one.source, one.span, "RELATED"),), witness=text.strip())
    page = render_full([one])
    assert page.count("^ LABEL\n") == 1
    assert page.count("- RELATED\n") == 1
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


def test_the_first_letter_of_a_place_is_over_the_first_caret_and_the_last_over_the_last() -> None:
    """Counted by hand in cells: a wide character takes two, and a tab goes on to the next multiple of four."""
    page = render_full([about("\tカ🛒\t«x»y\n")]).split("\n")
    assert page[3:5] == [" 1 |     カ🛒    xy", "   |             ^ it is about this"]


def test_concise_marks_what_a_safe_fix_mends() -> None:
    safe, unsafe = CASES["a safe fix"], CASES["an unsafe fix"]
    assert render_concise([safe, unsafe]) == (
        "rules/carts.conn:1:19: info CR314[non-canonical-duration] [*] an exception needs a delay to act in\n"
        "rules/carts.conn:3:3: error CR301[exception-without-delay] an exception needs a delay to act in"
    )


def test_a_witness_can_be_pasted_as_it_stands() -> None:
    lines = render_full([CASES["a witness"]]).split("\n")
    start = lines.index("   = witness: as things are, this test passes") + 1
    assert [line.removeprefix("       ") for line in lines[start:-1]] == WITNESS.split("\n")


def test_a_witness_that_nobody_would_read_is_cut() -> None:
    whole, one_more = ("\n".join(f"line {number}" for number in range(length)) for length in (20, 21))
    page = render_full([replace(CASES["a witness"], witness=whole)])
    assert "line 19\n" in page
    assert "more" not in page.split("line 19\n")[0]
    cut = render_full([replace(CASES["a witness"], witness=one_more)])
    assert "line 20" not in cut
    assert "    line 19\n       … 1 more line; connrules check --format json has all of it\n" in cut
    assert "line 20" in render_json(results(replace(CASES["a witness"], witness=one_more)))


def test_what_the_help_has_said_is_not_said_again() -> None:
    safe = fixed(about(LINES, help="write `1d`, or more"), "write `1d`", "")
    assert "   = fix: with check --fix\n" in render_full([safe])
    meant = fixed(about(LINES, help="did you mean `A`?"), "write `A`", "", safe=False)
    assert "   = fix: with check --fix --unsafe-fixes\n" in render_full([meant])
    other = fixed(about(LINES, help="write `1d`"), "write `2d`", "")
    assert "   = fix: write `2d`, with check --fix\n" in render_full([other])


def test_what_is_suppressed_is_shown_with_its_reason() -> None:
    found = replace(about("# why\non «purchase» send X\n", code="CR308"), witness=WITNESS)
    one = Suppressed(found, Span(0, 5), "agreed\x1b")
    until = one._replace(reason="", until=0)
    assert render_suppressed_full([one]).split("\n") == [
        "suppressed[CR308] zero-delay: an exception needs a delay to act in",
        "  --> rules/carts.conn:2:4",
        "   |",
        " 1 | # why",
        " 2 | on purchase send X",
        "   |    ^^^^^^^^ it is about this",
        "   |",
        "   = suppressed: on line 1, agreed␛",
    ]
    line = "rules/carts.conn:2:4: suppressed CR308[zero-delay] an exception needs a delay to act in"
    assert render_suppressed_concise([one, until]).split("\n") == [
        f"{line} (agreed␛)",
        f"{line} (until 1970-01-01: without a reason)",
    ]


def test_json(snapshot: SnapshotAssertion) -> None:
    text = render_json(results(CASES["wide characters"], CASES["all there is"], skipped=("CR201",)))
    assert text.isascii()
    assert json.loads(text) == snapshot


def test_the_lines_of_jsonl_are_the_parts_of_json() -> None:
    shown = results(CASES["info"], CASES["all there is"], suppressed=[CASES["warning"]], skipped=("CR201",))
    *findings, rest = (json.loads(line) for line in render_jsonl(shown).split("\n"))
    assert {"findings": findings, **rest} == json.loads(render_json(shown))
    assert rest["summary"]["suppressed"] == 1
