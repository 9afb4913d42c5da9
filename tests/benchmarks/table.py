"""What was measured, as a table for people, as Markdown for the page, and as JSON."""

import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.benchmarks.measure import Figure, Measure, Setting, written

Figures = Mapping[str, Figure]
"""By the name of the measure."""

BEGIN: Final = "<!-- written by `python -m tests.benchmarks --write-docs`: begin -->"
END: Final = "<!-- written by `python -m tests.benchmarks --write-docs`: end -->"


def as_text(measures: tuple[Measure, ...], figures: Figures) -> str:
    """A line for each measure that was taken, and how many goals are met."""
    taken = [(measure, figures[measure.name]) for measure in measures if measure.name in figures]
    width = max(len(measure.title) for measure, _ in taken)
    lines = [machine(), "", f"{'':{width}}{'figure':>12}{'goal':>12}{'':>6}  from"]
    for measure, figure in taken:
        value = _value(measure, figure)
        lines.append(
            f"{measure.title:{width}}{value:>12}{_goal(measure):>12}{verdict(measure, figure):>6}  {_from(figure)}"
        )
    return "\n".join([*lines, "", summary(measures, figures)])


def as_markdown(measures: tuple[Measure, ...], figures: Figures, setting: Setting) -> str:
    """The table of the page, with machine and date."""
    today = datetime.now(tz=UTC).date()
    lines = [f"{machine()}; {today}; medians of {setting.rounds} rounds. {summary(measures, figures)}", ""]
    lines += ["| measure | figure | goal | met | from |", "|---|---|---|---|---|"]
    for measure in measures:
        figure = figures.get(measure.name, Figure(None, "not measured"))
        cells = (measure.title, _value(measure, figure), _goal(measure), verdict(measure, figure), _from(figure))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def as_json(measures: tuple[Measure, ...], figures: Figures, setting: Setting) -> str:
    """Everything, each round's figures too: CPU or wall-clock seconds, as the note says."""
    rows = [_row(measure, figures[measure.name]) for measure in measures if measure.name in figures]
    document = {"machine": machine(), "rounds": setting.rounds, "scale": setting.scale, "measures": rows}
    return json.dumps(document, indent=2, ensure_ascii=False)


def write_into(page: Path, table: str, begins: str = BEGIN, ends: str = END) -> None:
    """Put a table between the marks of a page. Raises ValueError where it has none."""
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(begins)
    _, end, after = rest.partition(ends)
    if not (begin and end):
        raise ValueError(f"{page} has no place for the table")
    page.write_text(f"{before}{begin}\n{table}\n{end}{after}", encoding="utf-8")


def summary(measures: tuple[Measure, ...], figures: Figures) -> str:
    """How many goals are met, of those that were looked at."""
    asked = [(m, figures[m.name]) for m in measures if m.goal and m.name in figures]
    met = sum(verdict(m, figure) == "yes" for m, figure in asked)
    return f"{met} of {len(asked)} goals are met."


def verdict(measure: Measure, figure: Figure) -> str:
    """Whether a goal is met; empty where there is none to meet or nothing was taken."""
    if measure.goal is None or figure.value is None:
        return ""
    return "yes" if measure.goal.met_by(figure.value) else "no"


def machine() -> str:
    """What it ran on."""
    return f"CPython {platform.python_version()}, {platform.machine()} {_processor()}, {os.cpu_count()} cores"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())


def _value(measure: Measure, figure: Figure) -> str:
    return "–" if figure.value is None else written(figure.value, measure.unit)


def _goal(measure: Measure) -> str:
    return str(measure.goal) if measure.goal else ""


def _from(figure: Figure) -> str:
    sides = ", ".join(f"{name} {taken}" for name, taken in figure.sides.items())
    return f"{sides}; {figure.note}" if sides else figure.note


def _row(measure: Measure, figure: Figure) -> dict[str, object]:
    return {
        "name": measure.name,
        "title": measure.title,
        "value": figure.value,
        "unit": measure.unit,
        "goal": _goal(measure) or None,
        "met": {"yes": True, "no": False}.get(verdict(measure, figure)),
        "note": figure.note,
        "samples": dict(figure.samples),
    }
