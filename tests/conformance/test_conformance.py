"""Every timeline of this folder, on every engine."""

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import connrules
from connrules.catalog import Catalog
from connrules.check import Checked, check
from connrules.duration import parse_duration, parse_instant
from connrules.event import Event, Outcome
from connrules.reference import History, evaluate
from connrules.syntax.parser import parse
from connrules.text import SourceText

DEFAULT_START = "2026-03-02T00:00:00Z"

Timeline = dict[str, Any]
Run = Callable[[Checked, list[Event], int | None, int], History]


def reference(checked: Checked, events: list[Event], until: int | None, lateness: int) -> History:
    return evaluate(checked, events, until=until, lateness=lateness)


def engine(checked: Checked, events: list[Event], until: int | None, lateness: int) -> History:
    late: list[Event] = []
    running = connrules.Engine(connrules.compile_rules(checked), lateness=lateness, on_late=late.append)
    outcomes = [outcome for event in events for outcome in running.feed(event)]
    return History([*outcomes, *running.finish(until)], late)


ENGINES: list[Run] = [reference, engine]


def timelines() -> list[Any]:
    return [
        pytest.param(timeline, id=f"{path.stem}: {timeline['name']}")
        for path in sorted(Path(__file__).parent.glob("*.toml"))
        for timeline in tomllib.loads(path.read_text(encoding="utf-8"))["timeline"]
    ]


@pytest.mark.parametrize("run", ENGINES, ids=lambda run: run.__name__)
@pytest.mark.parametrize("timeline", timelines())
def test_timeline(timeline: Timeline, run: Run) -> None:
    start = parse_instant(timeline.get("start", DEFAULT_START))
    events = [event_of(row, start) for row in timeline["events"]]
    until = instant(timeline["until"], start) if "until" in timeline else None

    history = run(checked_rules(timeline), events, until, parse_duration(timeline.get("lateness", "0s")))

    expected = [outcome_of(row, start, ids_to_times(events)) for row in timeline["outcomes"]]
    assert readable(history.outcomes, start) == readable(expected, start)
    assert history.late == [event for known_as, event in named(events) if known_as in timeline.get("late", [])]


def test_each_timeline_has_a_name_of_its_own() -> None:
    names = [param.id for param in timelines()]
    assert len(names) == len(set(names)) > 150


def test_the_format_is_documented_completely() -> None:
    page = (Path(__file__).parent / "README.md").read_text(encoding="utf-8")
    keys = {key for param in timelines() for key in all_keys(param.values[0])}
    assert {key for key in keys if f"`{key}`" not in page} == set()


def all_keys(timeline: Timeline) -> set[str]:
    return {*timeline, *(key for rows in (timeline["events"], timeline["outcomes"]) for row in rows for key in row)}


def checked_rules(timeline: Timeline) -> Checked:
    rules = timeline["rules"]
    texts = {"rules.conn": rules} if isinstance(rules, str) else {f"{n}.conn": t for n, t in enumerate(rules, start=1)}
    catalog = Catalog.model_validate(timeline["catalog"]) if "catalog" in timeline else None
    checked = check([parse(SourceText(path, text)) for path, text in texts.items()], catalog)
    assert not checked.errors, "a timeline's rules have no errors"
    assert checked.rules
    return checked


def instant(text: str, start: int) -> int:
    """An instant, or signed durations one after the other, counted from the start."""
    parts = re.findall(r"([+-])(\w+)", text)
    if text != "".join(sign + duration for sign, duration in parts):
        return parse_instant(text)
    return start + sum(int(f"{sign}1") * parse_duration(duration) for sign, duration in parts)


def event_of(row: dict[str, Any], start: int) -> Event:
    fields = {"user": "u1", **row}
    if isinstance(row.get("properties"), str):
        fields["properties"] = json.loads(row["properties"])
    return Event(time=instant(fields.pop("at"), start), **fields)


def named(events: list[Event]) -> list[tuple[str, Event]]:
    return [(event.id or f"#{number}", event) for number, event in enumerate(events, start=1)]


def ids_to_times(events: list[Event]) -> dict[str, int]:
    return {known_as: event.time for known_as, event in reversed(named(events))}


def outcome_of(row: dict[str, Any], start: int, times: dict[str, int]) -> Outcome:
    instants: dict[str, Any] = {key: instant(row[key], start) for key in ("at", "due", "triggered_at") if key in row}
    fields: dict[str, Any] = {"rule": "r", "user": "u1", "triggered_at": times[row["trigger"]], **row, **instants}
    return Outcome(kind=fields.pop("outcome"), **fields)


def readable(outcomes: list[Outcome], start: int) -> list[dict[str, Any]]:
    """Outcomes with instants as milliseconds from the start, and only what they have: for a diff one can read."""
    return [
        {
            key: value - start if key in {"at", "due", "triggered_at"} else str(value)
            for key in outcome.__struct_fields__
            if (value := getattr(outcome, key)) is not None
        }
        for outcome in outcomes
    ]
