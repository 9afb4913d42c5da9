"""The nouns of an explanation: what happened to a user, rule by rule, as data. Words are put to it elsewhere.

Instants are epoch milliseconds and stand in fields called `at`, `since`, `until`, `due`, `to` or in `intervals`;
durations are milliseconds in fields that end in `_ms`.
"""

from typing import Any

import msgspec

from connrules.event import Kind, Reason


class Clause(msgspec.Struct, frozen=True):
    """A piece of a rule that decided something: its text on one line, and where it stands."""

    text: str
    file: str
    line: int


class Occurrence(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event of the log; or, with `rule`, the outcome of that rule (`sent`, `cancelled`) that triggered another."""

    type: str
    id: str
    at: int
    object: str | None = None
    """The campaign, card or custom event that it is about."""
    rule: str | None = None


# What was found when a clause was asked


class Comparison(msgspec.Struct, frozen=True, tag_field="fact", tag="comparison"):
    """A comparison that decided, with the values on both sides; None: missing."""

    text: str
    holds: bool
    subject: str
    value: Any = None
    operand: str | None = None
    """The text of what it was compared with, where that is a property of the trigger event."""
    operand_value: Any = None


class OtherObject(msgspec.Struct, frozen=True, tag_field="fact", tag="other_object"):
    """The event is about something else than the pattern: `wanted` is what it would have had to be about."""

    object: str
    wanted: tuple[str, ...]


class Inactive(msgspec.Struct, frozen=True, tag_field="fact", tag="inactive"):
    """A campaign, card or rule that was not active at an instant, and when it is."""

    what: str
    name: str
    at: int
    intervals: tuple[tuple[int | None, int | None], ...]
    """Each `[from, to)`; None: open on that side. Empty: never."""


class Waiting(msgspec.Struct, frozen=True, tag_field="fact", tag="waiting"):
    """The wait that was on already."""

    trigger: Occurrence
    due: int
    until: int
    """When it ended; `due`, or earlier where it was cancelled."""


class Sent(msgspec.Struct, frozen=True):
    """A send of the past that counts against another."""

    rule: str
    send: str
    at: int


class UsedUp(msgspec.Struct, frozen=True, tag_field="fact", tag="used_up"):
    """The sends that leave no room for another: so many are allowed within a window, or, without one, ever."""

    sends: tuple[Sent, ...]
    allowed: int
    window_ms: int | None = None


class Clock(msgspec.Struct, frozen=True, tag_field="fact", tag="clock"):
    """What a clock in the time zone showed at an instant."""

    at: int
    shows: str
    zone: str
    whose: str
    """Why that zone: `user`, `rule`, `policy` or `default`."""


class Drawn(msgspec.Struct, frozen=True, tag_field="fact", tag="drawn"):
    """The user's place, in percent, in the stable draw of a rule, and the share below which it falls."""

    place: float
    share: float


Fact = Comparison | OtherObject | Inactive | Waiting | UsedUp | Clock | Drawn


# What became of events


class Miss(msgspec.Struct, frozen=True):
    """A change of one event's time that would have led to another end: replaying the changed history showed it."""

    event: Occurrence
    to: int
    shift_ms: int
    """By how much the event would have had to come later; negative: earlier."""
    outcome: Kind
    """What would have come of the trigger."""
    at: int
    """When."""


class Mismatch(msgspec.Struct, frozen=True, tag_field="entry", tag="mismatch"):
    """An event of the right type that a pattern does not speak of, and why not."""

    event: Occurrence
    pattern: Clause
    facts: tuple[Fact, ...]


class Goal(msgspec.Struct, frozen=True):
    """The goal of a send or of a hold-out was reached."""

    event: Occurrence
    pattern: Clause


class Trigger(msgspec.Struct, frozen=True, tag_field="entry", tag="trigger", kw_only=True):
    """An event that matched the rule's trigger, and what came of it."""

    event: Occurrence
    pattern: Clause
    outcome: Kind
    at: int
    """When that was decided."""
    due: int | None = None
    """Until when the user was to wait; None: nothing was started."""
    reason: Reason | None = None
    send: str | None = None
    per: Any = None
    clause: Clause | None = None
    """The clause that decided."""
    by: Occurrence | None = None
    """What cancelled or restarted it."""
    facts: tuple[Fact, ...] = ()
    clocks: tuple[Clock, ...] = ()
    """Where a schedule or a closed window decided when it was due: what the clock showed then."""
    held: Clock | None = None
    """What the clock showed when it was due first, where a closed window held it up."""
    held_by: Clause | None = None
    """The clause of that window."""
    did_not_cancel: tuple[Mismatch, ...] = ()
    """Events that look like exceptions and are none, while the user waited."""
    goal: Goal | None = None
    miss: Miss | None = None


class Absent(msgspec.Struct, frozen=True):
    """A trigger that never came about for the user, and the objects of events of the same type, with their counts."""

    pattern: Clause
    wanted: str
    others: tuple[tuple[str, int], ...] = ()


class Story(msgspec.Struct, frozen=True):
    """What a rule did for a user: its triggers and what only looked like them, in order of time."""

    rule: str
    place: Clause
    sends: tuple[str, ...]
    target: str
    """The one of them that falls to the user."""
    entries: tuple[Trigger | Mismatch, ...]
    absent: tuple[Absent, ...] = ()
    """Where nothing triggered: what was looked for."""
    sought: int = 0
    """For so many triggers, the last ones, near misses were sought."""


class Late(msgspec.Struct, frozen=True):
    """An event that came too late to change anything."""

    event: Occurrence
    late_ms: int
    """By how much it was older than the newest event before it."""


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why a user did or did not get messages."""

    user: str
    events: int
    """How many events of the user were not late."""
    until: int
    """Up to when time moved on."""
    since: int | None = None
    """From when on triggers, and what only looked like them, are told; None: all are."""
    stories: tuple[Story, ...]
    late: tuple[Late, ...] = ()
    repeated: tuple[Occurrence, ...] = ()
    """Events that were skipped as repeats."""
