"""The table: goals at their limits, what is shown of what was not taken, and the page that holds it."""

import json
from pathlib import Path

import pytest

from tests.benchmarks.jobs import MEASURES
from tests.benchmarks.measure import Figure, Measure, Setting, at_least, at_most, ratio
from tests.benchmarks.table import BEGIN, END, as_json, as_markdown, as_text, summary, verdict, write_into

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
FAST = Measure("fast", "how fast", goal=at_least(1.5))
SMALL = Measure("small", "how small", "B", at_most(280, "B"))
TOLD = Measure("told", "only told")
ALL = (FAST, SMALL, TOLD)
SETTING = Setting(3, 1.0, Path())


@pytest.mark.parametrize(("measure", "value", "met"), [
    (FAST, 1.4999, "no"), (FAST, 1.5, "yes"), (FAST, 1.5001, "yes"),
    (SMALL, 279.9, "yes"), (SMALL, 280.0, "yes"), (SMALL, 280.1, "no"),
    (TOLD, 5.0, ""), (FAST, None, ""),
])  # fmt: skip
def test_a_goal_is_met_up_to_its_limit(measure: Measure, value: float | None, met: str) -> None:
    assert verdict(measure, Figure(value, "")) == met


def test_ratios_are_those_of_the_same_rounds() -> None:
    assert ratio([10.0, 40.0, 9.0], [5.0, 10.0, 3.0]) == 3.0


def test_what_was_not_taken_is_no_goal_met() -> None:
    figures = {"fast": Figure(None, "not installed here"), "small": Figure(100, "so many"), "told": Figure(2, "told")}
    assert summary(ALL, figures) == "1 of 2 goals are met."
    assert "not installed here" in as_text(ALL, figures)
    rows = json.loads(as_json(ALL, figures, SETTING))["measures"]
    assert [(row["name"], row["value"], row["goal"], row["met"]) for row in rows] == [
        ("fast", None, "≥ 1.50 ×", None), ("small", 100, "≤ 280 B", True), ("told", 2, None, None)
    ]  # fmt: skip


def test_the_table_is_put_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    write_into(page, "new")
    assert page.read_text(encoding="utf-8") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\nafter\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no place for the table"):
        write_into(page, "new")
    assert page.read_text(encoding="utf-8") == "before\nafter\n"


def test_the_page_has_the_rows_of_the_benchmark() -> None:
    shown = as_markdown(MEASURES, {}, SETTING).splitlines()
    table = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].strip().splitlines()
    assert [_title_and_goal(row) for row in _rows(table)] == [_title_and_goal(row) for row in _rows(shown)]


def _rows(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith("| ")]


def _title_and_goal(row: str) -> tuple[str, str]:
    cells = row.split(" | ")
    return cells[0], cells[2]
