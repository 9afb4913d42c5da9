"""Reads the timelines of this folder: from TOML to rules, events, circumstances and the outcomes that they expect."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypedDict

import msgspec

from connrules.catalog import Catalog
from connrules.check import Checked, check
from connrules.duration import parse_duration, parse_instant
from connrules.event import Event, Outcome, Profiles
from connrules.syntax.parser import parse
from connrules.text import SourceText

FOLDER: Final = Path(__file__).parent
SENTENCES: Final = FOLDER / "sentences.toml"
DEFAULT_START: Final = "2026-03-02T00:00:00Z"

Timeline = dict[str, Any]
Named = dict[str, tuple[str, int]]
"""What triggers are called in a timeline: their ids and instants."""


class Circumstances(TypedDict, total=False):
    """What engines are told besides rules and events; the keys that are there."""

    lateness: int
    dedupe: int
    profiles: Profiles


class Replacement(NamedTuple):
    """The rules change: time moves on to an instant, if there is one, and then others take their place."""

    at: int | None
    rules: Checked
    changed: Literal["pin", "follow"]


class Table(dict[str, dict[str, Any]]):
    """The profiles of a timeline."""

    def attributes(self, user: str) -> Mapping[str, Any]:
        """The attributes of a user."""
        return self.get(user, {})


def all_timelines() -> dict[str, Timeline]:
    """Every timeline of the folder by its file and name."""
    return {
        f"{path.stem}: {timeline['name']}": timeline
        for path in sorted(set(FOLDER.glob("*.toml")) - {SENTENCES})
        for timeline in tomllib.loads(path.read_text(encoding="utf-8"))["timeline"]
    }


def start_of(timeline: Timeline) -> int:
    """The instant from which a timeline counts."""
    return parse_instant(timeline.get("start", DEFAULT_START))


def checked_rules(timeline: Timeline) -> Checked:
    """The rule set of a timeline."""
    return _checked(timeline["rules"], timeline.get("catalog"))


def changes_rules(timeline: Timeline) -> bool:
    """Whether the rules change on the way."""
    return any("replace" in row for row in timeline["events"])


def _checked(rules: str | list[str], known: dict[str, Any] | None) -> Checked:
    texts = {"rules.conn": rules} if isinstance(rules, str) else {f"{n}.conn": t for n, t in enumerate(rules, start=1)}
    catalog = None if known is None else Catalog.model_validate(known)
    checked = check([parse(SourceText.decode(text.encode(), path)) for path, text in texts.items()], catalog)
    assert not checked.errors, "a timeline's rules have no errors"
    assert checked.rules
    return checked


def circumstances_of(timeline: Timeline) -> Circumstances:
    """How a timeline is run."""
    told: Circumstances = {"lateness": parse_duration(timeline.get("lateness", "0s"))}
    if "dedupe" in timeline:
        told["dedupe"] = parse_duration(timeline["dedupe"])
    if "profiles" in timeline:
        told["profiles"] = Table(timeline["profiles"])
    return told


def until_of(timeline: Timeline) -> int | None:
    """The instant up to which time moves on, if it does."""
    return instant(timeline["until"], start_of(timeline)) if "until" in timeline else None


def events_of(timeline: Timeline) -> list[Event]:
    """The events in order of arrival."""
    return [_event(row, start_of(timeline)) for row in timeline["events"] if "replace" not in row]


def steps_of(timeline: Timeline) -> Iterator[Event | Replacement]:
    """The events in order of arrival, and between them the changes of the rules."""
    events, start = iter(events_of(timeline)), start_of(timeline)
    for row in timeline["events"]:
        if "replace" not in row:
            yield next(events)
            continue
        rules = _checked(row["replace"], row.get("catalog", timeline.get("catalog")))
        yield Replacement(instant(row["at"], start) if "at" in row else None, rules, row.get("changed", "pin"))


def late_of(timeline: Timeline, events: list[Event]) -> list[Event]:
    """The events that are expected to be late."""
    return [event for number, event in enumerate(events, start=1) if f"#{number}" in timeline.get("late", [])]


def outcomes_of(timeline: Timeline, events: list[Event]) -> list[Outcome]:
    """The outcomes that are expected."""
    triggers: Named = {known_as: (known_as, event.time) for known_as, event in reversed(_named(events))}
    return [_outcome(row, start_of(timeline), triggers) for row in timeline["outcomes"]]


def ids_of(timeline: Timeline) -> dict[int, str]:
    """The ids that are spelled out, each by its place among the outcomes."""
    return {place: row["id"] for place, row in enumerate(timeline["outcomes"]) if "id" in row}


def readable(outcomes: list[Outcome], start: int) -> list[dict[str, Any]]:
    """Outcomes with instants as milliseconds from the start, and only what they have: for a diff one can read."""
    return [
        {key: shown for key in outcome.__struct_fields__ if (shown := _shown(key, outcome, start)) is not None}
        for outcome in outcomes
    ]


def instant(text: str, start: int) -> int:
    """An instant, or signed durations one after the other, counted from the start."""
    parts = re.findall(r"([+-])(\w+)", text)
    if text != "".join(sign + duration for sign, duration in parts):
        return parse_instant(text)
    return start + sum(int(f"{sign}1") * parse_duration(duration) for sign, duration in parts)


def _event(row: dict[str, Any], start: int) -> Event:
    fields = {"user": "u1", **row}
    if isinstance(row.get("properties"), str):
        fields["properties"] = json.loads(row["properties"])
    return Event(time=instant(fields.pop("at"), start), **fields)


def _named(events: list[Event]) -> list[tuple[str, Event]]:
    return [(event.id or f"#{number}", event) for number, event in enumerate(events, start=1)]


def _outcome(row: dict[str, Any], start: int, triggers: Named) -> Outcome:
    """An expected outcome, which the rows behind it may call by its kind, its rule and its trigger's name."""
    trigger, triggered_at = triggers.get(row["trigger"], (row["trigger"], start))
    fields: dict[str, Any] = {"rule": "r", "user": "u1", "triggered_at": triggered_at, **row, "trigger": trigger}
    fields |= {key: instant(row[key], start) for key in ("at", "due", "triggered_at") if key in row}
    fields.pop("id", None)
    outcome = Outcome(kind=fields.pop("outcome"), **fields)
    triggers.setdefault(f"{outcome.kind} {outcome.rule} {row['trigger']}", (outcome.id, outcome.at))
    return outcome


def _shown(key: str, outcome: Outcome, start: int) -> int | str | None:
    match key, getattr(outcome, key):
        case _, None:
            return None
        case "at" | "due" | "triggered_at", int(value):
            return value - start
        case "per", value:
            return msgspec.json.encode(value).decode()
        case _, value:
            return str(value)
