"""What the catalog, the user's attributes and clocks on the wall said, at any instant of a user's past."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from connrules import ast
from connrules.event import Event, Kind, Outcome
from connrules.explain.past import Past
from connrules.explain.story import Clock, Inactive, Occurrence
from connrules.reference.conditions import Facts
from connrules.reference.matching import Happening, properties_of
from connrules.text import nfc
from connrules.vocabulary import ATTRIBUTES, CUSTOM_EVENT, OBJECT_KIND, ObjectKind
from connrules.wallclock import find_zone

if TYPE_CHECKING:
    from connrules.catalog import Entry

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TIME_ZONE: Final = "time_zone"


class World:
    """The surroundings of a user's events."""

    def __init__(self, past: Past) -> None:
        self._past = past
        self._catalog = past.checked.catalog
        self._policy = past.checked.policy

    # the user

    def attributes_when(self, happening: Happening) -> Mapping[str, Any]:
        """The user's attributes when an event, or an outcome of another rule, was looked at."""
        if isinstance(happening, Event):
            return self._attributes(happening.time, happening)
        if happening.kind is Kind.CANCELLED:
            return self._attributes(happening.at, self._past.canceller(happening))
        return self.attributes_when_due(happening)

    def attributes_when_due(self, outcome: Outcome) -> Mapping[str, Any]:
        """The user's attributes when a send was due. What is due at an instant comes before its events."""
        if outcome.at == outcome.triggered_at:
            return self.attributes_when(self._past.trigger(outcome))
        return self._attributes(outcome.at, None)

    def about_user(self, attributes: Mapping[str, Any]) -> Facts:
        """What a condition on the user looks at."""
        types = self._catalog.user.attributes if self._catalog else {}
        return Facts(attributes, types, segments=self._past.checked.segments, zone=self._past.zone)

    # events and what they are about

    def about_event(self, event: Event, trigger: Happening | None = None) -> Facts:
        """What a `where` looks at."""
        custom = event.type == CUSTOM_EVENT and self._catalog is not None
        known = self._catalog.event(nfc(event.name or "")) if custom and self._catalog else None
        types = known.properties if known else {}
        return Facts(properties_of(event), types, properties_of(trigger) if trigger else {}, zone=self._past.zone)

    def occurrence(self, happening: Happening) -> Occurrence:
        """How a story speaks of an event, or of an outcome that triggered a rule."""
        named = self.object_of(happening)
        if isinstance(happening, Outcome):
            return Occurrence(happening.kind, happening.id, happening.at, named, happening.rule)
        return Occurrence(happening.type, happening.id or "", happening.time, named)

    def object_of(self, happening: Happening) -> str | None:
        """What an event is about, by the name that the catalog gives it; of a send, the campaign that was sent."""
        if isinstance(happening, Outcome):
            return happening.send
        said = happening.campaign or happening.card or happening.name
        kind = OBJECT_KIND.get(happening.type)
        entry = self._entry(kind, said) if kind and said else None
        return entry.name if entry else said

    def inactive(self, kind: ObjectKind, name: str, instant: int) -> Inactive:
        """When a campaign or card is active, seen from an instant at which it is not."""
        entry = self._entry(kind, name)
        return Inactive(kind, entry.name if entry else name, instant, entry.intervals if entry else ())

    def _entry(self, kind: ObjectKind, name: str) -> Entry | None:
        """The entry of the catalog of that id, or else of that name."""
        if self._catalog is None or kind is ObjectKind.EVENT:
            return None
        entries: Sequence[Entry] = self._catalog.campaigns if kind is ObjectKind.CAMPAIGN else self._catalog.cards
        found = [entry for entry in entries if entry.id == nfc(name)] or self._catalog.named(kind, nfc(name))
        return found[0] if len(found) == 1 else None

    # clocks on the wall

    def clock(self, instant: int, zone: ast.Zone | None, attributes: Mapping[str, Any]) -> Clock:
        """What a clock in the zone of a clause shows; `attributes` are the user's at the trigger."""
        name, whose, found = self.zone(zone, attributes)
        try:
            shown = (_EPOCH + timedelta(milliseconds=instant)).astimezone(found)
        except OverflowError:
            shown = _EPOCH + timedelta(milliseconds=instant)
        time = "%H:%M:%S" if shown.second else "%H:%M"
        return Clock(instant, shown.strftime(f"%a %Y-%m-%d {time}"), name, whose)

    def zone(self, zone: ast.Zone | None, attributes: Mapping[str, Any]) -> tuple[str, str, tzinfo]:
        """The time zone of a clause: its name, who says so, and itself."""
        names: list[tuple[Any, str]] = [(self._policy.time_zone.name, "policy")] if self._policy.time_zone else []
        match zone:
            case ast.NamedZone(name):
                names.insert(0, (name, "rule"))
            case ast.Local():
                names.insert(0, (attributes.get(_TIME_ZONE), "user"))
        known = ((name, whose, find_zone(name)) for name, whose in names if isinstance(name, str))
        return next(((name, whose, found) for name, whose, found in known if found), ("UTC", "default", UTC))

    def _attributes(self, instant: int, event: Event | None) -> Mapping[str, Any]:
        """The attributes at an instant: just before an event of that instant, or before all of its events."""
        if event is None:
            return self._known[bisect_left(self._changes, instant, key=lambda change: change.time)]
        return self._known[bisect_left(self._changes, self._past.place(event), key=self._past.place)]

    @cached_property
    def _known(self) -> list[Mapping[str, Any]]:
        """The attributes before any change, and after each."""
        profiles = self._past.profiles
        known: list[Mapping[str, Any]] = [_by_name(profiles.attributes(self._past.user) if profiles else {})]
        for change in self._changes:
            known.append({**known[-1], **_by_name(change.properties or {})})
        return known

    @cached_property
    def _changes(self) -> list[Event]:
        return [event for event in self._past.events if event.type == ATTRIBUTES]


def _by_name(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {nfc(name): value for name, value in attributes.items()}
