"""Fixes are applied in rounds, and what does not hold is taken back."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from connrules.check import Checked
from connrules.codes import finding
from connrules.diagnostic import Diagnostic, Edit, Fix
from connrules.lint import Report, Settings, lint
from connrules.lint.fixing import ROUNDS, Fixed, can_be_applied, edited, fixed
from connrules.syntax.parser import parse
from connrules.text import SourceText, Span

Findings = Callable[[SourceText], Sequence[Diagnostic]]


def offer(
    source: SourceText, old: str, new: str, *, code: str = "CR305", safe: bool = True, whole: bool = False
) -> list[Diagnostic]:
    """A finding about the first place where a word stands, with a fix that writes another; none where it does not."""
    start = source.text.find(old)
    if start < 0:
        return []
    span = Span(start, start + len(old))
    edit = Edit(Span(0, len(source.text)), source.text.replace(old, new)) if whole else Edit(span, new)
    return [finding(code, source, span, f"there is `{old}`", help="no", fix=Fix(f"write `{new}`", (edit,), safe))]


def run(text: str, findings: Findings, *, unsafe: bool = False) -> Fixed:
    def lint(sources: Sequence[SourceText]) -> Report:
        found = tuple(each for source in sources for each in findings(source))
        return Report(Checked((), None, diagnostics=found), found)

    return fixed([SourceText("t.conn", text)], lint, unsafe=unsafe)


def text_of(outcome: Fixed) -> str:
    return outcome.sources[0].text


def test_several_fixes_in_one_file_apply_together() -> None:
    outcome = run("a b c", lambda s: [*offer(s, "c", "three"), *offer(s, "a", "one")])

    assert text_of(outcome) == "one b three"
    assert [found.message for found in outcome.applied] == ["there is `a`", "there is `c`"]
    assert outcome.report.findings == ()


def test_of_two_that_overlap_the_first_comes_first_and_the_other_waits() -> None:
    outcome = run("a b c", lambda s: [*offer(s, "b c", "y"), *offer(s, "a b", "x b")])

    assert text_of(outcome) == "x y"
    assert len(outcome.applied) == 2


def test_a_fix_of_the_whole_file_comes_last() -> None:
    outcome = run("a b", lambda s: [*offer(s, "a", "x", whole=True), *offer(s, "b", "y")])

    assert text_of(outcome) == "x y"
    assert [found.message for found in outcome.applied] == ["there is `b`", "there is `a`"]


@pytest.mark.parametrize(("unsafe", "text"), [(False, "one b"), (True, "one two")])
def test_unsafe_fixes_are_applied_where_they_are_asked_for(unsafe: bool, text: str) -> None:
    outcome = run("a b", lambda s: [*offer(s, "a", "one"), *offer(s, "b", "two", safe=False)], unsafe=unsafe)

    assert text_of(outcome) == text
    assert len(outcome.report.findings) == (not unsafe)


def test_a_fix_that_would_leave_more_errors_of_syntax_is_taken_back_and_the_others_stay() -> None:
    def findings(source: SourceText) -> list[Diagnostic]:
        broken = offer(source, "!", "", code="CR101", safe=False)
        return [*offer(source, "a", "one"), *offer(source, "b", "!"), *offer(source, "c", "three"), *broken]

    outcome = run("a b c", findings)

    assert text_of(outcome) == "one b three"
    assert [(refused.finding.message, refused.why) for refused in outcome.refused] == [
        ("there is `b`", "it would leave a syntax error")
    ]


MENDED = 'rule cart: on received_push of "Abandoned Cart" after 1d12h unless opened_push or purchase send "A"\n'


@pytest.mark.parametrize(
    "slips",
    [
        {"1d12h": "1.5 days", "opened_push": "oppened_push", "purchase": "purchse"},
        {"1d12h": "1.5 days", "received_push": "recieved_push", "opened_push": "oppened_push"},
        {"received_push": "recieved_push", "opened_push": "oppened_push", "purchase": "purchse"},
    ],
)
def test_what_a_finding_of_syntax_had_hidden_is_no_new_mistake(slips: dict[str, str]) -> None:
    text = MENDED
    for right, wrong in slips.items():
        text = text.replace(right, wrong)

    outcome = fixed([SourceText("t.conn", text)], lambda texts: lint([parse(text) for text in texts]), unsafe=True)

    assert outcome.refused == ()
    assert " ".join(text_of(outcome).split()) == MENDED.strip()


@pytest.mark.parametrize(("text", "mended"), [("a b c", "x b c"), ("a rule b c", "a rule b c")])
def test_what_is_broken_in_the_next_declaration_was_not_hidden(text: str, mended: str) -> None:
    def findings(source: SourceText) -> list[Diagnostic]:
        seen = "bc" if "x" in source.text else ""
        return [*offer(source, "a", "x", code="CR105"), *(f for c in seen for f in offer(source, c, c, code="CR101"))]

    outcome = run(text, findings)

    assert text_of(outcome) == mended


SUPPRESSED = """\
rule a: on purchase or purchase send A
rule copy: # connrules: ignore[CR305] meant
  on purchase or purchase send A

rule other: on session_start or session_start send B
"""


def test_a_suppression_does_not_pass_to_another_rule() -> None:
    settings = Settings(select=("CR305", "CR504"))

    def checked(sources: Sequence[SourceText]) -> Report:
        report = lint([parse(source) for source in sources], settings=settings)
        only = tuple(found if found.code == "CR504" else replace(found, fix=None) for found in report.findings)
        return replace(report, findings=only)

    outcome = fixed([SourceText("t.conn", SUPPRESSED)], checked, unsafe=True)

    assert text_of(outcome) == SUPPRESSED
    assert [refused.why for refused in outcome.refused] == ["a comment would suppress what is reported"]


def test_a_fix_that_would_lose_a_comment_is_taken_back() -> None:
    text = "a  # why\nb  # how\n"
    outcome = run(text, lambda s: [*offer(s, "# why", ""), *offer(s, "b", "two")])

    assert text_of(outcome) == "a  # why\ntwo  # how\n"
    assert [refused.why for refused in outcome.refused] == ["it would lose a comment"]


def test_a_fix_that_is_about_a_comment_may_take_that_one_away() -> None:
    text = "a  # why\nb  # how\n"
    outcome = run(text, lambda s: offer(s, "  # why", "", code="CR701"))

    assert text_of(outcome) == "a\nb  # how\n"
    assert outcome.refused == ()


def test_a_fix_that_does_not_help_is_taken_back_and_not_tried_again() -> None:
    rounds = []

    def findings(source: SourceText) -> list[Diagnostic]:
        rounds.append(source)
        return offer(source, "a", "a ")

    outcome = run("a", findings)

    assert (text_of(outcome), [refused.why for refused in outcome.refused]) == ("a", ["it does not help"])
    assert len(rounds) == 2


def test_fixes_that_undo_each_other_come_to_an_end() -> None:
    outcome = run("a", lambda s: [*offer(s, "a", "b"), *offer(s, "b", "a")])

    assert text_of(outcome) in {"a", "b"}
    assert len(outcome.applied) <= 1


def test_fixes_that_lead_on_and_on_come_to_an_end() -> None:
    outcome = run("", lambda s: offer(SourceText(s.path, f"{s.text} "), f"{s.text} ", f"{s.text}x "))

    assert len(outcome.applied) <= ROUNDS


def test_to_find_one_bad_fix_among_many_takes_few_trials() -> None:
    words = [f"w{number:03}" for number in range(256)]
    trials = []

    def findings(source: SourceText) -> list[Diagnostic]:
        trials.append(source)
        good = [each for word in words if word != "w100" for each in offer(source, word, "-")]
        return [*good, *offer(source, "w100", "!"), *offer(source, "!", "", code="CR101", safe=False)]

    outcome = run(" ".join(words), findings)

    assert (len(outcome.applied), len(outcome.refused)) == (255, 1)
    assert len(trials) <= 2 * 8 + 3


def test_a_file_that_is_not_utf_8_is_not_fixed() -> None:
    source = SourceText.decode(b"a \xff", "t.conn")
    (found,) = offer(source, "a", "b")
    assert not can_be_applied(found, unsafe=True)


@pytest.mark.parametrize(
    ("text", "written", "result"),
    [
        ("a\nb", "x\ny", "x\ny\nb"),
        ("a\r\nb", "x\ny", "x\r\ny\r\nb"),
        ("a\r\nb", "x\r\ny", "x\r\ny\r\nb"),
        ("a", "\n", "\n"),
    ],
)
def test_lines_that_are_written_end_as_those_of_the_file(text: str, written: str, result: str) -> None:
    assert edited(text, [Edit(Span(0, 1), written)]) == result
