"""A user's state as bytes: what a state store keeps. Nothing in the bytes depends on the machine.

They are JSON, which keeps whole numbers of any size as they are. Rules are named, not numbered, so the bytes mean the
same wherever they are read.
"""

from collections.abc import Iterable
from operator import attrgetter, itemgetter
from typing import Any, Final, TypeVar

import msgspec

from connrules.event import Event, Outcome, Row, as_event, json_value
from connrules.run.arrivals import Buffered
from connrules.run.ports import Note
from connrules.run.repeats import Sighting
from connrules.run.retired import Retired
from connrules.run.rule import Rule
from connrules.run.state import Goal, Held, Source, Wait, state_of

FORMAT: Final = 1
"""Of the bytes that this module makes; those of another are not read."""
_MOST: Final = 10_000
_encode = msgspec.json.Encoder(order="deterministic").encode
Saved = TypeVar("Saved", bound=msgspec.Struct)


class SnapshotError(ValueError):
    """Bytes that are no snapshot, not a whole one, one of another version, or one of another plan."""


class SavedSource(msgspec.Struct, frozen=True, array_like=True):
    """What a pending send has in common with others.

    `version` is 0 for the rule as the plan has it, and else the number of a retired definition of it.
    """

    rule: str
    version: int
    lasts: int
    about: tuple[str, str, str | None] | None = None
    kept: tuple[Any, ...] = ()
    per: Any = None
    missed: bool = False


class SavedWait(msgspec.Struct, frozen=True, array_like=True):
    """One pending send."""

    source: SavedSource
    trigger: str
    since: int
    place: int = 0


class SavedGoal(msgspec.Struct, frozen=True, array_like=True):
    """One goal that can still be reached."""

    rule: str
    since: int
    trigger: str
    triggered_at: int
    send: str | None
    per: Any


class SavedUser(msgspec.Struct, frozen=True, array_like=True):
    """One user: waits in start order, the sends that may still count by rule and by the number of a limit in the
    policy, goals in the order in which they were opened, and attributes.
    """

    waits: tuple[SavedWait, ...] = ()
    sends: dict[str, tuple[int, ...]] = {}
    limited: dict[str, tuple[int, ...]] = {}
    goals: tuple[SavedGoal, ...] = ()
    attributes: dict[str, Any] = {}


class SavedEvent(msgspec.Struct, frozen=True, array_like=True):
    """An event that waits for the watermark, with what it is known by."""

    name: str
    event: Event


class SavedNote(msgspec.Struct, frozen=True):
    """What arrived and may matter for a while: events that wait, in order, and the ids that were seen, oldest first."""

    buffered: tuple[SavedEvent, ...] = ()
    seen: tuple[Sighting, ...] = ()

    def kept(self, dedupe: int) -> Note | None:
        """The note to be kept until none of it matters any more; None: there is nothing to keep."""
        ends = [saved.event.time for saved in self.buffered[-1:]] + [seen.time + dedupe for seen in self.seen[-1:]]
        return Note(max(ends), to_bytes(self)) if ends else None


class Core(msgspec.Struct, frozen=True):
    """What an engine remembers besides its users and what waits to be taken in. Instants are epoch milliseconds."""

    format: int
    plan: str
    """The SHA-256 of the plan's JSON, in hexadecimal."""
    greatest: int | None
    watermark: int | None
    arrivals: int
    latest: int
    """The instant of the newest trigger that started a wait."""
    starts: int
    """The place of the newest wait among those of that instant."""
    retired: tuple[tuple[int, Retired], ...]
    """Definitions that rules had and users still wait under, by their numbers."""
    undelivered: tuple[Outcome, ...]
    """Outcomes that were not given out, because the call that would have given them raised."""


def to_bytes(saved: msgspec.Struct) -> bytes:
    """The bytes of something saved."""
    return _encode(saved)


def read(data: bytes, kind: type[Saved]) -> Saved:
    """Read something that was saved. Raises SnapshotError."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SnapshotError(f"the state cannot be read: {error}") from None


def read_core(data: bytes) -> Core:
    """Read a core. Raises SnapshotError, also where it has another format."""
    try:
        format_ = msgspec.json.decode(data, type=_Format).format
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SnapshotError(f"the state cannot be read: {error}") from None
    if format_ != FORMAT:
        raise SnapshotError(f"the state has format {format_}; this connrules reads format {FORMAT}")
    return read(data, Core)


class _Format(msgspec.Struct):
    format: int


def save_note(buffered: Iterable[Buffered], seen: Iterable[Sighting]) -> SavedNote:
    """Events that wait and ids that were seen."""
    return SavedNote(tuple(save_event(name, row) for _, name, row in sorted(buffered, key=itemgetter(0))), tuple(seen))


def join(notes: Iterable[SavedNote]) -> SavedNote:
    """One note of several that follow each other."""
    kept = list(notes)
    buffered = sorted((saved for note in kept for saved in note.buffered), key=attrgetter("event.time"))
    return SavedNote(tuple(buffered), tuple(seen for note in kept for seen in note.seen))


def save_event(name: str, row: Row) -> SavedEvent:
    """An event that waits; of its properties, what can be written down, which is all that a rule can see."""
    event = as_event(row)
    return SavedEvent(name, msgspec.structs.replace(event, properties=json_value(event.properties)))


class Saving:
    """Takes the states of users out of an engine, with names for numbers."""

    def __init__(self, rules: list[Rule]) -> None:
        self._names = [(rule.name, rule.version) for rule in rules]
        self._first_limit = first_limit(rules)
        self._is_shared = [is_shared(rule) for rule in rules]
        self._sources: dict[int, tuple[Source, msgspec.Raw]] = {}
        """The bytes of what many waits have in common, by its identity; it is kept, so that no other gets that."""

    def bytes_of(self, held: Held) -> bytes:
        """The state of a user, as bytes that `read` makes a `SavedUser` of.

        Most users have one wait that shares all but three fields with others: it is what a commit mostly writes.
        """
        if type(held) is Wait:
            source = held.source
            found = self._sources.get(id(source)) or self._see(source)
            if found is not None:
                return _encode((((found[1], held.trigger, held.since, held.place),),))
        return _encode(self.user(held))

    def user(self, held: Held) -> SavedUser:
        """The state of a user."""
        state, names, limit = state_of(held), self._names, self._first_limit
        sends = state.sends.items()
        return SavedUser(
            waits=tuple(SavedWait(self.source(w.source), w.trigger, w.since, w.place) for w in state.waits.values()),
            sends={names[quota][0]: tuple(instants) for quota, instants in sends if quota < limit},
            limited={str(quota - limit): tuple(instants) for quota, instants in sends if quota >= limit},
            goals=tuple(self._goal(goal) for goal in state.goals),
            attributes=state.attributes,
        )

    def source(self, source: Source) -> SavedSource:
        """What a wait has in common with others."""
        rule, lasts, about = source.rule, source.lasts, source.known.key if source.known else None
        return SavedSource(*self._names[rule], lasts, about, source.kept, source.per, source.missed)

    def is_shared(self, source: Source) -> bool:
        """Whether many waits have it in common."""
        return self._is_shared[source.rule]

    def _see(self, source: Source) -> tuple[Source, msgspec.Raw] | None:
        """What many waits have in common, with its bytes; None: it is that of one."""
        if not self._is_shared[source.rule]:
            return None
        if len(self._sources) >= _MOST:
            self._sources.clear()
        return self._sources.setdefault(id(source), (source, msgspec.Raw(_encode(self.source(source)))))

    def _goal(self, goal: Goal) -> SavedGoal:
        rule, _ = self._names[goal.rule]
        return SavedGoal(rule, goal.since, goal.trigger, goal.triggered_at, goal.send, goal.per)


def is_shared(rule: Rule) -> bool:
    """Whether all waits of a rule that events about the same object started have all but their trigger in common."""
    return rule.waits_per_user and rule.clockwork is None and not rule.kept_paths


def first_limit(rules: Iterable[Rule]) -> int:
    """The index of the first limit of the policy among the quotas: after those of the plan's own rules."""
    return sum(not rule.version for rule in rules)
