"""The catalog: the campaigns, cards, custom events and attributes that rules may speak of. Never guessed from events.

Read from TOML, JSON or YAML into pydantic models. Instants are epoch milliseconds, intervals half-open.
"""

import json
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from connrules.duration import instant_of, parse_instant
from connrules.text import closest
from connrules.vocabulary import ObjectKind

Interval = tuple[int, int | None]
"""`[from, to)` in epoch milliseconds; without an end: open."""

ALWAYS: tuple[Interval, ...] = ((-(2**62), None),)
_OPEN_END = ("", None)


class Status(StrEnum):
    """How a campaign or card stands as of the catalog's date. When it was active is another matter: see `intervals`."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    PAUSED = "paused"
    STOPPED = "stopped"
    ARCHIVED = "archived"


def nfc(text: str) -> str:
    """A name as names compare: in Unicode NFC."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _instant(value: object) -> int:
    match value:
        case bool():
            raise ValueError("expected a time such as 2026-03-01T09:00:00Z")
        case int():
            return value
        case datetime() if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} names no zone; add Z or an offset such as +01:00")
        case date():
            return instant_of(value)
        case str():
            return parse_instant(value)
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
PropertyType = Literal["string", "number", "boolean", "time", "list", "object"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


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
    def _ids_are_unique(self) -> Self:
        for kind, entries in (("campaigns", self.campaigns), ("cards", self.cards)):
            ids = [entry.id for entry in entries if entry.id is not None]
            twice = next((i for i in ids if ids.count(i) > 1), None)
            if twice is not None:
                raise ValueError(f"{kind}: the id {twice!r} stands twice")
            for entry in entries:
                if any(other.id == entry.name and other is not entry for other in entries):
                    raise ValueError(f"{kind}: {entry.name!r} is the name of one entry and the id of another")
        names = [event.name for event in self.events or ()]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"events: {twice!r} stands twice")
        return self

    @cached_property
    def _by_name(self) -> dict[tuple[ObjectKind, str], list[Entry]]:
        index: dict[tuple[ObjectKind, str], list[Entry]] = {}
        for kind, entries in self._entries():
            for entry in entries:
                index.setdefault((kind, entry.name), []).append(entry)
        return index

    def _entries(self) -> Iterator[tuple[ObjectKind, Iterable[Entry]]]:
        yield ObjectKind.CAMPAIGN, self.campaigns
        yield ObjectKind.CARD, self.cards

    def named(self, kind: ObjectKind, name: str) -> list[Entry]:
        """The campaigns or cards of that name: none, one, or several where the name is ambiguous."""
        return self._by_name.get((kind, name), [])

    def campaign(self, name: str) -> Campaign | None:
        """The campaign of that name, where there is exactly one."""
        found = self.named(ObjectKind.CAMPAIGN, name)
        return found[0] if len(found) == 1 and isinstance(found[0], Campaign) else None

    def event(self, name: str) -> CustomEvent | None:
        """The custom event of that name."""
        return next((event for event in self.events or () if event.name == name), None)


class Problem(NamedTuple):
    """One thing that is wrong with a catalog: where (a key path or a line) and what."""

    where: str
    what: str


class CatalogError(ValueError):
    """A catalog that is none. `path` is the file, `problems` says what is wrong with it."""

    def __init__(self, path: str, problems: list[Problem]) -> None:
        self.path = path
        self.problems = problems
        lines = (f"{where}: {what}" if where else what for where, what in problems)
        super().__init__("\n".join(f"{path}: {line}" for line in lines))


def load_catalog(data: bytes, path: str) -> Catalog:
    """Read a catalog from the bytes of a file; the ending of `path` tells TOML, JSON and YAML apart.

    Raises CatalogError with every problem found.
    """
    try:
        tree = _decode(data.removeprefix(b"\xef\xbb\xbf").decode("utf-8"), path)
    except UnicodeDecodeError:
        raise CatalogError(path, [Problem("", "the file is not UTF-8")]) from None
    except RecursionError:
        raise CatalogError(path, [Problem("", "nested too deep for a catalog")]) from None
    if not isinstance(tree, dict):
        raise CatalogError(path, [Problem("", "a catalog is a table with the keys campaigns, cards, events and user")])
    try:
        return Catalog.model_validate(tree)
    except ValidationError as error:
        raise CatalogError(path, [_problem(e, tree) for e in error.errors()]) from None


def _decode(text: str, path: str) -> Any:
    match path.rpartition(".")[2].lower():
        case "toml":
            return _decode_toml(text, path)
        case "json":
            return _decode_json(text, path)
        case "yaml" | "yml":
            return _decode_yaml(text, path)
    raise CatalogError(path, [Problem("", "a catalog is a .toml, .json, .yaml or .yml file")])


def _decode_toml(text: str, path: str) -> Any:
    try:
        return tomllib.loads(text)
    except ValueError as error:  # also a number too long for Python to read
        raise CatalogError(path, [Problem("", f"not TOML: {error}")]) from None


def _decode_json(text: str, path: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise CatalogError(path, [Problem(where, f"not JSON: {error.msg}")]) from None
    except ValueError as error:  # a number too long for Python to read
        raise CatalogError(path, [Problem("", f"not JSON: {error}")]) from None


def _decode_yaml(text: str, path: str) -> Any:
    import yaml  # noqa: PLC0415  # only YAML catalogs need it

    try:
        # The base loader reads every scalar as text: no `on` that turns into true, no `1:30` that turns into 90.
        return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  # it makes strings, lists and dicts only
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        reason = getattr(error, "problem", None) or "it cannot be read"
        raise CatalogError(path, [Problem(where, f"not YAML: {reason}")]) from None


def _problem(error: Any, tree: dict[str, Any]) -> Problem:
    location: tuple[str | int, ...] = error["loc"]
    what: str = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        known = _known_keys(location[:-1])
        near = closest(str(location[-1]), known)
        what = f"unknown key{f'; did you mean {near}?' if near else ''} (known: {', '.join(known)})"
    elif error["type"] == "missing":
        what = "this key is missing"
    else:
        what = what[:1].lower() + what[1:]
    return Problem(_key_path(location, tree), what)


def _known_keys(location: tuple[str | int, ...]) -> list[str]:
    models: dict[str, type[BaseModel]] = {
        "campaigns": Campaign,
        "cards": Card,
        "events": CustomEvent,
        "user": User,
    }
    model = models.get(str(location[0]), Catalog) if location else Catalog
    return list(model.model_fields)


def _key_path(location: tuple[str | int, ...], tree: Any) -> str:
    """`campaigns[2] ("Summer News").status`: the path, with the name of the entry where it has one."""
    path = ""
    for step in location:
        try:
            tree = tree[step]
        except (KeyError, IndexError, TypeError):
            tree = None
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
        if isinstance(step, int) and isinstance(tree, dict) and isinstance(tree.get("name"), str):
            path += f' ("{tree["name"]}")'
    return path
