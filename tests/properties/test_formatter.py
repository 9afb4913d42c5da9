"""Formatting changes neither declarations nor comments nor their order, and a second time changes nothing."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from tests.properties.blocks import files

from connrules.syntax.layout import WIDTH, format_file
from connrules.syntax.parser import Parsed, parse
from connrules.syntax.scanner import scan
from connrules.text import SourceText

SPACES = st.sampled_from(
    [" ", " ", "  ", "\n", "\n  ", "\n\n", "\t", "\r\n", " # one\n", "\n# two \n", "\n\n    # three\n\n", "#four\n"]
)


@st.composite
def untidy(draw: st.DrawFn) -> str:
    """Declarations with white space and comments wherever they may stand."""
    tokens = [token for token in scan(draw(files())) if token.kind != "SPACE"]
    pieces = [draw(SPACES) + token.text for token in tokens]
    return "".join(pieces) + draw(SPACES)


def parsed(text: str) -> Parsed:
    result = parse(SourceText("rules.conn", text))
    assert not result.diagnostics
    return result


@given(text=untidy())
def test_declarations_and_comments_are_the_same(text: str) -> None:
    before = parsed(text)

    after = parsed(format_file(before))

    assert after.file == before.file
    assert [rule.name for rule in after.file.rules] == [rule.name for rule in before.file.rules]
    assert Counter(c.text.rstrip() for c in after.comments) == Counter(c.text.rstrip() for c in before.comments)


@given(text=untidy())
def test_a_second_time_changes_nothing(text: str) -> None:
    once = format_file(parsed(text))

    assert format_file(parsed(once)) == once


@given(text=files(), data=st.data())
def test_comments_keep_their_order_where_clauses_do(text: str, data: st.DataObject) -> None:
    tokens = [token for token in scan(format_file(parsed(text))) if token.kind != "SPACE"]
    spaces = [data.draw(st.sampled_from([" ", "\n", f" # {n}\n", f"\n# {n}\n"])) for n in range(len(tokens))]
    before = parsed("".join(space + token.text for space, token in zip(spaces, tokens, strict=True)))

    after = parsed(format_file(before))

    assert [comment.text for comment in after.comments] == [comment.text for comment in before.comments]


@given(text=files())
def test_white_space_in_the_source_makes_no_difference(text: str) -> None:
    """One canonical form: without comments, the text depends on the declarations alone, but for empty lines between."""
    spread = "".join("\n  " if token.text == " " else token.text for token in scan(text))

    assert without_gaps(format_file(parsed(text))) == without_gaps(format_file(parsed(spread)))


@given(text=untidy())
def test_lines_are_tidy(text: str) -> None:
    formatted = format_file(parsed(text))

    lines = formatted.split("\n")
    assert lines.pop() == ""
    assert all(line == line.rstrip() for line in lines)
    assert "\n\n\n" not in formatted
    assert not formatted.startswith("\n")
    assert all(len(line) <= WIDTH or line.count('"') or "where" in line or "#" in line for line in lines)


def without_gaps(text: str) -> list[str]:
    return [line for line in text.split("\n") if line]
