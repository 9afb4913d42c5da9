"""Source text: places in it, bytes that are no text, and the nearest of several words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connrules.text import Position, SourceText, Span, closest


@pytest.mark.parametrize(
    ("offset", "position"),
    [(0, (1, 1)), (1, (1, 2)), (2, (1, 3)), (3, (2, 1)), (5, (3, 1)), (6, (3, 2)), (7, (3, 3))],
)
def test_positions_count_lines_and_code_points_from_one(offset: int, position: Position) -> None:
    assert SourceText("a", "é\r\nx\n😀x").position(offset) == position


@given(st.text(alphabet="ab\n\r😀"))
def test_a_position_leads_back_to_its_offset(text: str) -> None:
    source = SourceText("a", text)
    for offset in range(len(text) + 1):
        line, column = source.position(offset)
        assert source.line_starts[line - 1] + column - 1 == offset


def test_lines_come_without_their_line_breaks() -> None:
    source = SourceText("a", "one\r\ntwo\n\nlast")
    assert [source.line(number) for number in range(1, 5)] == ["one", "two", "", "last"]


def test_spans_are_half_open_and_join() -> None:
    assert Span(1, 3).to(Span(5, 9)) == Span(1, 9)


def test_utf8_is_read_and_a_byte_order_mark_dropped() -> None:
    source = SourceText.decode(b"\xef\xbb\xbfcaf\xc3\xa9", "a")
    assert (source.text, source.invalid_bytes) == ("café", ())


@pytest.mark.parametrize(
    ("data", "text", "invalid"),
    [
        (b"\xff", "\ufffd", (0,)),
        (b"a\xe9b\xe9", "a\ufffdb\ufffd", (1, 3)),
        (b"\xe2\x82", "\ufffd", (0,)),
        (b"\xe2\x82x", "\ufffdx", (0,)),
        ("é".encode() + b"\xff" + "é".encode(), "é\ufffdé", (1,)),
        (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd", (0, 1, 2)),
    ],
)
def test_bytes_that_are_no_text_are_replaced_and_remembered(data: bytes, text: str, invalid: tuple[int, ...]) -> None:
    source = SourceText.decode(data, "a")
    assert (source.text, source.invalid_bytes) == (text, invalid)


@given(st.binary())
def test_any_bytes_can_be_read(data: bytes) -> None:
    source = SourceText.decode(data, "a")
    assert all(source.text[offset] == "\ufffd" for offset in source.invalid_bytes)


def test_a_source_is_named_after_its_path_unless_it_has_a_name() -> None:
    assert SourceText("folder/a.conn", "").name == "folder/a.conn"
    assert SourceText("folder/a.conn", "", "a.conn").name == "a.conn"


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("Abandned Cart", "Abandoned Cart"),
        ("abandoned cart", "Abandoned Cart"),
        ("purchse", "purchase"),
        ("Purchase", "purchase"),
        ("xyz", None),
        ("banana", None),
        ("", None),
        ("pus", "push"),
        ("pxxh", None),
    ],
)
def test_the_nearest_word(word: str, near: str | None) -> None:
    assert closest(word, ["Abandoned Cart", "purchase", "push"]) == near


def test_nothing_is_near_nothing() -> None:
    assert closest("word", []) is None
