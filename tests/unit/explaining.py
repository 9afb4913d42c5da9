"""What the tests of explanations share: a small world, and short ways to tell a story."""

from typing import Any

import connrules
from connrules.catalog import Catalog
from connrules.duration import parse_duration, parse_instant
from connrules.event import Event
from connrules.explain import Explanation, Log, explain
from connrules.explain.story import Mismatch, Story, Trigger

START = parse_instant("2026-03-02T10:00:00Z")

CATALOG = {
    "campaigns": [
        {"name": "Follow", "channels": ["push"]},
        {"name": "Cart", "id": "c-1", "channels": ["push"], "published_at": "2026-03-01"},
        {"name": "Soon", "channels": ["email"], "published_at": "2026-03-02T12:00:00Z"},
        {"name": "Over", "channels": ["push"], "active": [["2026-03-01", "2026-03-02T12:00:00Z"], ["2026-03-05"]]},
    ],
    "cards": [{"name": "News", "id": "k-1"}],
    "user": {"attributes": {"country": "string", "time_zone": "string", "since": "time"}},
}


def at(offset: str) -> int:
    """An instant so long after the start; `-1h` is before it."""
    sign = -1 if offset.startswith("-") else 1
    return START + sign * parse_duration(offset.removeprefix("-"))


def event(offset: str, type_: str, id_: str | None = None, user: str = "u", **fields: Any) -> Event:
    """An event of the user `u`; fields that no event has are its properties."""
    known = {key: fields.pop(key) for key in ("campaign", "card", "name") if key in fields}
    return Event(user=user, type=type_, time=at(offset), id=id_, properties=fields or None, **known)


def explained(rules: str, *events: Event, catalog: bool = True, lateness: str = "0s", **options: Any) -> Explanation:
    """The explanation for the user `u`; `until` is an offset."""
    checked = connrules.loads(rules, catalog=Catalog.model_validate(CATALOG) if catalog else None)
    assert not checked.errors, checked.errors[0].message
    log = Log("u", parse_duration(lateness))
    for each in events:
        log.add(each)
    if "until" in options:
        options["until"] = at(options["until"])
    return explain(checked, log, **options)


def story(rules: str, *events: Event, **options: Any) -> Story:
    """The story of the rule `r`."""
    return next(s for s in explained(rules, *events, **options).stories if s.rule == "r")


def trigger(rules: str, *events: Event, place: int = 0, **options: Any) -> Trigger:
    """One of the triggers of the rule `r`, the first if no other is named."""
    return [entry for entry in story(rules, *events, **options).entries if isinstance(entry, Trigger)][place]


def mismatches(rules: str, *events: Event, **options: Any) -> list[Mismatch]:
    """The events that only look like triggers of the rule `r`."""
    return [entry for entry in story(rules, *events, **options).entries if isinstance(entry, Mismatch)]
