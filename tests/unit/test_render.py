"""How much room text takes, and the words of summaries."""

import pytest
from tests.cli.findings import LINES, about

from connrules.catalog import Catalog
from connrules.check import Checked
from connrules.cli.cells import cells, visible
from connrules.cli.render import Summary, render_skipped, render_summary
from connrules.lint import Report


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


NO_CATALOG = Checked((), None)
BROKEN = Checked((), Catalog(), diagnostics=(about(LINES),))


@pytest.mark.parametrize(
    ("checked", "skipped", "text"),
    [
        (NO_CATALOG, (), ""),
        (NO_CATALOG, ("CR302",), "no catalog: 1 check was skipped (CR302); give --catalog FILE"),
        (NO_CATALOG, ("CR201", "CR202"), "no catalog: 2 checks were skipped (CR201, CR202); give --catalog FILE"),
        (
            NO_CATALOG,
            ("CR201", "CR202", "CR203", "CR302", "CR401", "CR402"),
            "no catalog: 6 checks were skipped (CR201 to CR203, CR302, CR401, CR402); give --catalog FILE",
        ),
        (BROKEN, ("CR701",), "the rules have errors: 1 check was skipped (CR701); mend those first"),
        (Checked((), Catalog()), ("CR203", "CR215"), ""),  # it need not list events and their properties
        (
            Checked((), None, diagnostics=(about(LINES),)),
            ("CR201", "CR701"),
            (
                "no catalog: 1 check was skipped (CR201); give --catalog FILE\n"
                "the rules have errors: 1 check was skipped (CR701); mend those first"
            ),
        ),
    ],
)
def test_what_was_skipped_and_why(checked: Checked, skipped: tuple[str, ...], text: str) -> None:
    assert render_skipped(Report(checked, (), skipped=skipped)) == text
