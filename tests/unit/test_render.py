"""How much room text takes, and the words of summaries."""

import pytest

from connrules.cli.cells import cells, visible
from connrules.cli.render import Summary, render_summary


@pytest.mark.parametrize(
    ("text", "widths"),
    [
        ("abc", [1, 1, 1]),
        ("é", [1]),
        ("e\u0301", [1, 0]),
        ("カート", [2, 2, 2]),
        ("ｶｰﾄ", [1, 1, 1]),  # half-width
        ("Ａ", [2]),  # full-width
        ("🛒", [2]),
        ("👍🏽", [2, 0]),  # a skin tone
        ("👩\u200d💻", [2, 0, 0]),  # joined to one
        ("क\u200dष", [1, 0, 0]),
        ("x\u200dy", [1, 0, 1]),  # nothing to join
        ("❤\ufe0f", [1, 0]),
        ("\u202e", [1]),  # drawn, since it would turn the reading order round
        ("\x1b", [1]),
    ],
)
def test_cells_of_a_character(text: str, widths: list[int]) -> None:
    assert [cell.width for cell in cells(text)] == widths


@pytest.mark.parametrize(
    ("text", "drawn"),
    [("\tx", "    x"), ("a\tx", "a   x"), ("abc\tx", "abc x"), ("abcd\tx", "abcd    x"), ("カ\tx", "カ  x")],
)
def test_tabs_reach_the_next_stop(text: str, drawn: str) -> None:
    assert "".join(cell.drawn for cell in cells(text)) == drawn


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("Grüße, カート 🛒", "Grüße, カート 🛒"),
        ("red\x1b[31m", "red␛[31m"),
        ("two\nlines", "two␊lines"),
        ("a\x7fb", "a␡b"),
        ("a\u202eb\u200bc\ufeffd", "a�b�c�d"),
        ("a\u2028b\x85c\udcffd", "a�b�c�d"),
        ("👩\u200d💻", "👩\u200d💻"),
    ],
)
def test_nothing_a_user_writes_reaches_the_terminal_as_a_command(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("summary", "text"),
    [
        (Summary(2, 1, 0, 3, 12), "found 2 errors and 1 warning in 3 files (12 rules)"),
        (Summary(1, 2, 3, 1, 1), "found 1 error, 2 warnings and 3 infos in 1 file (1 rule)"),
        (Summary(0, 0, 1, 1, 2), "found 1 info in 1 file (2 rules)"),
        (Summary(0, 0, 0, 2, 0), "no findings in 2 files (0 rules)"),
    ],
)
def test_summary(summary: Summary, text: str) -> None:
    assert render_summary(summary) == text
