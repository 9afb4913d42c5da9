"""The catalog: the campaigns, cards, custom events and attributes that rules may speak of. Never guessed from events.

Instants are epoch milliseconds, intervals half-open.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from connrules.catalog.terms import ALWAYS, Interval, PropertyType, Status
from connrules.duration import EARLIEST, LATEST, LIKE_SECONDS, instant_of, parse_instant
from connrules.text import nfc
from connrules.vocabulary import ObjectKind

_OPEN_END = ("", None)
_EPOCH_MS = re.compile(r"-?\d{11,15}")


def _instant(value: object) -> int:
    match value:
        case bool():
            pass
        case int() if value in LIKE_SECONDS:
            raise ValueError(f"{value} looks like seconds; a number is epoch milliseconds: {value}000")
        case int() if EARLIEST <= value <= LATEST:
            return value
        case int():
            raise ValueError("a number is epoch milliseconds, and this one is outside the years 1 to 9999")
        case datetime() if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} names no zone; add Z or an offset such as +01:00")
        case date():
            return instant_of(value)
        case str():
            # YAML knows numbers as text; ten digits or fewer would be seconds, or a date without its dashes.
            return _instant(int(value)) if _EPOCH_MS.fullmatch(value) else parse_instant(value)
    raise ValueError("expected a time such as 2026-03-01T09:00:00Z")


def _interval(value: object) -> Interval:
    if not isinstance(value, list | tuple) or len(value) not in {1, 2}:
        raise ValueError("expected [from, to], or [from] for an open end")
    start = _instant(value[0])
    end = None if len(value) == 1 or value[1] in _OPEN_END else _instant(value[1])
    if end is not None and end <= start:
        raise ValueError("the interval ends before it starts")
    return start, end


_TIME_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "format": "date-time"},
        {"type": "string", "format": "date"},
        {"type": "integer", "description": "epoch milliseconds"},
    ]
}
Instant = Annotated[int, BeforeValidator(_instant), WithJsonSchema(_TIME_SCHEMA)]
ActiveInterval = Annotated[
    tuple[int, int | None],
    BeforeValidator(_interval),
    WithJsonSchema({"type": "array", "items": _TIME_SCHEMA, "minItems": 1, "maxItems": 2}),
]
EntryName = Annotated[str, Field(min_length=1), AfterValidator(nfc)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Entry(_Model):
    """What campaigns and cards have in common: a name, perhaps an id, and when they are active."""

    name: EntryName
    id: EntryName | None = Field(None, description="events may name the entry by its id or by its name")
    status: Status = Field(Status.ACTIVE, description="how things stand as of the catalog's date")
    published_at: Instant | None = None
    stopped_at: Instant | None = None
    active: tuple[ActiveInterval, ...] | None = Field(
        None, description="[[from, to], …]; replaces the two dates where the entry was paused and resumed"
    )

    @model_validator(mode="after")
    def _dates_make_sense(self) -> Self:
        if self.stopped_at is not None:
            if self.published_at is None:
                raise ValueError("stopped_at without published_at: say since when it was active")
            if self.stopped_at <= self.published_at:
                raise ValueError("stopped_at is not after published_at")
        ends = [start if end is None else end for start, end in self.active or ()]
        starts = [start for start, _ in self.active or ()]
        if any(end > start for end, start in zip(ends, starts[1:], strict=False)) or any(
            end is None for _, end in (self.active or ())[:-1]
        ):
            raise ValueError("active: the intervals overlap or are out of order")
        return self

    @cached_property
    def intervals(self) -> tuple[Interval, ...]:
        """When it is active, oldest first: from `active`, else from the two dates, else from the status."""
        if self.active is not None:
            return self.active
        if self.published_at is not None:
            return ((self.published_at, self.stopped_at),)
        return ALWAYS if self.status is Status.ACTIVE else ()

    def active_at(self, instant: int) -> bool:
        """Whether it is active at an instant, in epoch milliseconds."""
        return any(start <= instant and (end is None or instant < end) for start, end in self.intervals)


class Campaign(Entry):
    """A campaign: messages to users over one or more channels."""

    channels: tuple[Literal["push", "email", "in_app", "sms", "webhook"], ...] = ()
    control_group: bool = False
    conversion_events: tuple[str, ...] = ()
    one_shot: bool = Field(default=False, description="whether it goes to everybody at once, when it is published")


class Card(Entry):
    """A card: content that users find in a feed."""


class CustomEvent(_Model):
    """A custom event and the types of its properties."""

    name: EntryName
    properties: dict[str, PropertyType] = {}


class User(_Model):
    """What is known of a user."""

    attributes: dict[str, PropertyType] = {}


class Catalog(_Model):
    """The world that rules may speak of."""

    campaigns: tuple[Campaign, ...] = ()
    cards: tuple[Card, ...] = ()
    events: tuple[CustomEvent, ...] | None = Field(
        None, description="the custom events; a catalog without this list does not speak of them, and all are known"
    )
    user: User = User()

    @model_validator(mode="after")
    def _names_mean_one_thing(self) -> Self:
        wrong = [*_about_ids("campaigns", self.campaigns), *_about_ids("cards", self.cards)]
        wrong += [f"events: `{name}` stands twice" for name in _twice(event.name for event in self.events or ())]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @property
    def undated_stops(self) -> list[Entry]:
        """Campaigns and cards that are stopped or archived, though nothing says since when: they count as active."""
        over = (Status.STOPPED, Status.ARCHIVED)
        entries = [entry for _, found in self._entries() for entry in found if entry.status in over]
        return [entry for entry in entries if entry.intervals and entry.intervals[-1][1] is None]

    @cached_property
    def _by_name(self) -> dict[tuple[ObjectKind, str], list[Entry]]:
        index: dict[tuple[ObjectKind, str], list[Entry]] = {}
        for kind, entries in self._entries():
            for entry in entries:
                index.setdefault((kind, entry.name), []).append(entry)
        return index

    @cached_property
    def _by_id(self) -> dict[tuple[ObjectKind, str], list[Entry]]:
        return {(kind, entry.id): [entry] for kind, entries in self._entries() for entry in entries if entry.id}

    def _entries(self) -> Iterator[tuple[ObjectKind, Iterable[Entry]]]:
        yield ObjectKind.CAMPAIGN, self.campaigns
        yield ObjectKind.CARD, self.cards

    def named(self, kind: ObjectKind, name: str) -> list[Entry]:
        """The campaigns or cards of that name: none, one, or several where the name is ambiguous."""
        return self._by_name.get((kind, name), [])

    def called(self, kind: ObjectKind, text: str) -> Entry | None:
        """The one campaign or card of that id, or else of that name, as events may name it."""
        found = self._by_id.get((kind, text)) or self.named(kind, text)
        return found[0] if len(found) == 1 else None

    def campaign(self, name: str) -> Campaign | None:
        """The campaign of that name, where there is exactly one."""
        found = self.named(ObjectKind.CAMPAIGN, name)
        return found[0] if len(found) == 1 and isinstance(found[0], Campaign) else None

    def event(self, name: str) -> CustomEvent | None:
        """The custom event of that name."""
        return self._event_by_name.get(name)

    @cached_property
    def _event_by_name(self) -> dict[str, CustomEvent]:
        return {event.name: event for event in self.events or ()}


def _about_ids(kind: str, entries: Sequence[Entry]) -> Iterator[str]:
    """What is wrong with the ids of campaigns or cards: an event must be able to name each without doubt."""
    owners = {entry.id: entry for entry in entries if entry.id is not None}
    yield from (f"{kind}: the id `{id_}` stands twice" for id_ in _twice(entry.id for entry in entries))
    for entry in entries:
        if owners.get(entry.name, entry) is not entry:
            yield f"{kind}: `{entry.name}` is the name of one entry and the id of another"


def _twice(texts: Iterable[str | None]) -> list[str]:
    return [text for text, count in Counter(texts).items() if count > 1 and text is not None]
