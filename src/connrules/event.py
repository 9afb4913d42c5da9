"""What goes into an engine and what comes out of it: events and outcomes. Instants are epoch milliseconds."""

import hashlib
import math
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final, Protocol

import msgspec

from connrules.text import nfc

_EXACT: Final = 2**53
_encode = msgspec.json.Encoder().encode
DEEPEST: Final = 100
"""How deep the properties of an event may nest."""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Something that happened to a user.

    `type` is an interaction (`received_push`), `purchase`, `session_start` or `event`; types that are not known match
    nothing. `campaign` and `card` hold a name or an id of the catalog, `name` that of a custom event. `time` is the
    event time in epoch milliseconds. An event without `id` is known by its place in the input.
    """

    user: str
    type: str
    time: int
    id: str | None = None
    campaign: str | None = None
    card: str | None = None
    name: str | None = None
    properties: dict[str, Any] | None = None


class Row(Protocol):
    """An event as whoever reads a log has it, with the fields that an `Event` has: looked at when it was read, and not
    again. An `Event` is one.
    """

    @property
    def user(self) -> str: ...  # noqa: D102  # as in Event
    @property
    def type(self) -> str: ...  # noqa: D102  # as in Event
    @property
    def time(self) -> int: ...  # noqa: D102  # as in Event
    @property
    def id(self) -> str | None: ...  # noqa: D102  # as in Event
    @property
    def campaign(self) -> str | None: ...  # noqa: D102  # as in Event
    @property
    def card(self) -> str | None: ...  # noqa: D102  # as in Event
    @property
    def name(self) -> str | None: ...  # noqa: D102  # as in Event
    @property
    def properties(self) -> dict[str, Any] | None: ...  # noqa: D102  # as in Event


def as_event(row: Row) -> Event:
    """The event that a row is."""
    if isinstance(row, Event):
        return row
    return Event(
        user=row.user,
        type=row.type,
        time=row.time,
        id=row.id,
        campaign=row.campaign,
        card=row.card,
        name=row.name,
        properties=row.properties,
    )


class Kind(StrEnum):
    """What became of a trigger or of the wait it started."""

    __hash__ = str.__hash__  # an enum's own takes several times as long, and outcomes are counted by their kind

    SENT = "sent"
    CANCELLED = "cancelled"
    DROPPED = "dropped"
    RESTARTED = "restarted"
    IGNORED = "ignored"
    GOAL = "goal"
    PENDING = "pending"


class Reason(StrEnum):
    """Why a trigger was ignored or a due send was dropped; `not_eligible` is both. In the order of the checks.

    `rule_removed` is no check: the rules of an engine were replaced, and that rule is gone.
    """

    __hash__ = str.__hash__  # as above

    RULE_NOT_LIVE = "rule_not_live"
    TARGET_NOT_PUBLISHED = "target_not_published"
    SOURCE_NOT_ACTIVE = "source_not_active"
    AUDIENCE = "audience"
    ALREADY_WAITING = "already_waiting"
    NOT_ELIGIBLE = "not_eligible"
    OUTSIDE_WINDOW = "outside_window"
    TARGET_STOPPED = "target_stopped"
    RULE_ENDED = "rule_ended"
    AUDIENCE_AT_SEND = "audience_at_send"
    HELD_OUT = "held_out"
    LIMITED = "limited"
    RULE_REMOVED = "rule_removed"


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What became of a trigger: one of a closed list of kinds, with the instant `at` which it came about.

    `trigger` is the id of the event that matched the rule's trigger, or of the outcome where that is one (`on sent …`),
    `triggered_at` its time. `send` is the follow-on campaign (sent, and a goal of a user who was sent it), `by` the id
    of the event that cancelled or reached the goal and `pattern` the pattern it matched, `reason` why (dropped and
    ignored; `held_out` for a goal of a user who was held out), `due` the due instant (pending only), `per` the value of
    the property that the rule waits per (None: it is missing, or the rule waits per user alone).
    """

    kind: Kind
    rule: str
    user: str
    at: int
    trigger: str
    triggered_at: int
    send: str | None = None
    by: str | None = None
    pattern: str | None = None
    reason: Reason | None = None
    due: int | None = None
    per: Any = None

    @property
    def id(self) -> str:
        """32 hexadecimal digits that depend on rule, user, `per` value and trigger alone: a replay gives the same.

        The first half of the SHA-256 of the JSON array `[rule, user, per, trigger, triggered_at]` in UTF-8, written
        without white space; `per` as `per_value` gives it, null where there is none.
        """
        parts = _encode((self.rule, self.user, self.per, self.trigger, self.triggered_at))
        return hashlib.sha256(parts).hexdigest()[:32]


def per_value(value: Any) -> Any:
    """A property's value in the one form in which equal values are equal JSON: strings in NFC, keys in order, whole
    numbers without a fraction. What JSON cannot hold, or nests deeper than an event's properties may, is missing: None.
    """
    return json_value(value, number=_whole)


def json_value(value: Any, depth: int = 0, number: Callable[[float], float] = float) -> Any:
    """The same, but that a number stays what it is: to a rule, what has a fraction is no instant, though it be zero."""
    match value:
        case bool() | int():
            return value
        case str():
            return nfc(value.encode(errors="replace").decode())
        case float() if math.isfinite(value):
            return number(value)
        case list() if depth < DEEPEST:
            return [json_value(item, depth + 1, number) for item in value]
        case dict() if depth < DEEPEST:
            items = sorted((key, item) for key, item in value.items() if isinstance(key, str))
            return {json_value(key): json_value(item, depth + 1, number) for key, item in items}
        case _:
            return None


def _whole(value: float) -> float:
    return int(value) if value.is_integer() and abs(value) < _EXACT else value


class Profiles(Protocol):
    """A host's look-up of what it knows of its users."""

    def attributes(self, user: str) -> Mapping[str, Any]:
        """The attributes of a user; empty where there are none. What `attributes` events say goes before them."""
