"""What goes into an engine and what comes out of it: events and outcomes. Instants are epoch milliseconds."""

import hashlib
from enum import StrEnum
from typing import Any

import msgspec


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


class Kind(StrEnum):
    """What became of a trigger or of the wait it started."""

    __hash__ = str.__hash__  # an enum's own takes several times as long, and outcomes are counted by their kind

    SENT = "sent"
    CANCELLED = "cancelled"
    DROPPED = "dropped"
    RESTARTED = "restarted"
    IGNORED = "ignored"
    PENDING = "pending"


class Reason(StrEnum):
    """Why a trigger was ignored or a due send was dropped; `not_eligible` is both."""

    __hash__ = str.__hash__  # as above

    RULE_NOT_LIVE = "rule_not_live"
    TARGET_NOT_PUBLISHED = "target_not_published"
    SOURCE_NOT_ACTIVE = "source_not_active"
    ALREADY_WAITING = "already_waiting"
    NOT_ELIGIBLE = "not_eligible"
    TARGET_STOPPED = "target_stopped"
    RULE_ENDED = "rule_ended"


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What became of a trigger: one of a closed list of kinds, with the instant `at` which it came about.

    `trigger` is the id of the event that matched the rule's trigger, `triggered_at` its event time. `send` is the
    follow-on campaign (sent only), `by` the id of the exception event and `pattern` the pattern it matched (cancelled
    only), `reason` why (dropped and ignored only), `due` the due instant (pending only).
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

    @property
    def id(self) -> str:
        """32 hexadecimal digits that depend on rule, user and trigger event alone, so that a replay gives the same.

        The first half of the SHA-256 of the JSON array `[rule, user, null, trigger, triggered_at]` in UTF-8, written
        without white space. The third place is for what a rule waits per, where it waits per something.
        """
        parts = msgspec.json.encode((self.rule, self.user, None, self.trigger, self.triggered_at))
        return hashlib.sha256(parts).hexdigest()[:32]
