"""A user's state as bytes, and back: what a state store keeps. Nothing in the bytes depends on the machine.

They are JSON, which keeps whole numbers of any size as they are. Rules are named, not numbered, so the bytes mean the
same wherever they are read.
"""

from collections.abc import Iterable
from operator import attrgetter, itemgetter
from typing import Any, Final, TypeVar

import msgspec

from connrules.event import Event, Outcome, Row, as_event, per_value
from connrules.run.arrivals import Buffered
from connrules.run.ports import Note
from connrules.run.program import Program
from connrules.run.repeats import Sighting
from connrules.run.retired import Retired
from connrules.run.rule import Rule
from connrules.run.state import Goal, Held, Source, UserState, Wait, settled, state_of
from connrules.run.step import Stepper
from connrules.run.timers import Forget
from connrules.run.world import Known

FORMAT: Final = 1
"""Of the bytes that this module makes; those of another are not read."""
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
    return SavedNote(tuple(_save_event(name, row) for _, name, row in sorted(buffered, key=itemgetter(0))), tuple(seen))


def join(notes: Iterable[SavedNote]) -> SavedNote:
    """One note of several that follow each other."""
    kept = list(notes)
    buffered = sorted((saved for note in kept for saved in note.buffered), key=attrgetter("event.time"))
    return SavedNote(tuple(buffered), tuple(seen for note in kept for seen in note.seen))


def _save_event(name: str, row: Row) -> SavedEvent:
    """An event that waits; of its properties, what can be written down, which is all that a rule can see."""
    event = as_event(row)
    return SavedEvent(name, msgspec.structs.replace(event, properties=per_value(event.properties)))


class Saving:
    """Takes the states of users out of an engine, with names for numbers."""

    def __init__(self, rules: list[Rule]) -> None:
        self._names = [(rule.name, rule.version) for rule in rules]
        self._first_limit = first_limit(rules)

    def user(self, held: Held) -> SavedUser:
        """The state of a user."""
        state, names, limit = state_of(held), self._names, self._first_limit
        sends = state.sends.items()
        return SavedUser(
            waits=tuple(self._wait(wait) for wait in state.waits.values()),
            sends={names[quota][0]: tuple(instants) for quota, instants in sends if quota < limit},
            limited={str(quota - limit): tuple(instants) for quota, instants in sends if quota >= limit},
            goals=tuple(self._goal(goal) for goal in state.goals),
            attributes=state.attributes,
        )

    def _wait(self, wait: Wait) -> SavedWait:
        s = wait.source
        about = s.known.key if s.known else None
        source = SavedSource(*self._names[s.rule], s.lasts, about, s.kept, s.per, s.missed)
        return SavedWait(source, wait.trigger, wait.since, wait.place)

    def _goal(self, goal: Goal) -> SavedGoal:
        rule, _ = self._names[goal.rule]
        return SavedGoal(rule, goal.since, goal.trigger, goal.triggered_at, goal.send, goal.per)


class Restoring:
    """Puts the states of users back. Waits share what they have in common."""

    def __init__(self, program: Program) -> None:
        self.users: dict[str, Held] = {}
        self._waits: list[Wait] = []
        self._others: list[Goal | Forget] = []
        self._program = program
        self._rules = {(rule.name, rule.version): rule for rule in program.rules}
        self._first_limit = first_limit(program.rules)
        self._sources: dict[tuple[str, int, object], Source] = {}

    def add(self, user: str, saved: SavedUser) -> None:
        """The state of a user that was saved. Raises SnapshotError where there is no such rule."""
        try:
            self.users[user] = self._held(user, saved)
        except KeyError as error:
            raise SnapshotError(f"the state speaks of a rule that the plan does not have: {error}") from None

    def into(self, stepper: Stepper) -> None:
        """Let a stepper that knows nobody go on with them."""
        stepper.users.update(self.users)
        for wait in sorted(self._waits, key=attrgetter("since", "place")):
            stepper.restore(wait)
        for timer in sorted(self._others, key=attrgetter("since")):
            stepper.restore(timer)

    def _held(self, user: str, saved: SavedUser) -> Held:
        state = state_of(None)
        for w in saved.waits:
            wait = Wait(user, w.trigger, w.since, self._source(w.source), w.place)
            state.waits[wait.source.key] = wait
            self._waits.append(wait)
        for name, instants in saved.sends.items():
            self._use_up(user, state, self._rules[name, 0].index, instants)
        for number, instants in saved.limited.items():
            self._use_up(user, state, int(number) + self._first_limit, instants)
        for g in saved.goals:
            goal = Goal(user, self._rules[g.rule, 0].index, g.since, g.trigger, g.triggered_at, g.send, g.per)
            state.open(goal)
            self._others.append(goal)
        if saved.attributes:
            state.learn(saved.attributes)
        return settled(state) or state

    def _source(self, s: SavedSource) -> Source:
        rule = self._rules[s.rule, s.version]
        if rule.waits_per_user and rule.clockwork is None and not s.kept:
            shared = (s.rule, s.version, s.about)
            if shared not in self._sources:
                self._sources[shared] = Source(rule.index, rule.key(None), s.lasts, self._known(s))
            return self._sources[shared]
        return Source(rule.index, rule.key(s.per), s.lasts, self._known(s), s.kept, s.per, s.missed)

    def _known(self, s: SavedSource) -> Known | None:
        return None if s.about is None else self._program.world.find_key(s.about)

    def _use_up(self, user: str, state: UserState, quota: int, instants: tuple[int, ...]) -> None:
        for instant in instants:
            state.use_up(quota, instant)
            if self._program.windows[quota] is not None:
                self._others.append(Forget(instant, user, quota))


def first_limit(rules: Iterable[Rule]) -> int:
    """The index of the first limit of the policy among the quotas: after those of the plan's own rules."""
    return sum(not rule.version for rule in rules)
