"""A snapshot: all that an engine remembers, as bytes that say what they are and whether they are whole.

Layout: one line of ASCII (`connrules snapshot 3`), the SHA-256 of the rest (32 bytes), then JSON, which keeps
whole numbers of any size as they are. Rules are named, not numbered, so a snapshot means the same wherever it is read.
"""

import hashlib
from operator import attrgetter, itemgetter
from typing import Any

import msgspec

from connrules.event import Event, Outcome, Row, as_event, per_value
from connrules.run.program import Program
from connrules.run.repeats import Sighting
from connrules.run.state import Goal, Held, Source, UserState, Wait, settled, state_of
from connrules.run.step import Stepper
from connrules.run.timers import Forget
from connrules.run.world import Known

VERSION = 3
_MAGIC = b"connrules snapshot "
_HEADER = _MAGIC + str(VERSION).encode() + b"\n"
_DIGEST_SIZE = 32


class SnapshotError(ValueError):
    """Bytes that are no snapshot, not a whole one, one of another version, or one of another plan."""


class SavedWait(msgspec.Struct, frozen=True, array_like=True):
    """One pending send."""

    rule: str
    place: int
    """Its place among all waits, in the order in which they are due."""
    lasts: int
    trigger: str
    since: int
    about: tuple[str, str, str | None] | None
    kept: tuple[object, ...]
    per: Any
    missed: bool


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

    waits: tuple[SavedWait, ...]
    sends: dict[str, tuple[int, ...]]
    limited: dict[str, tuple[int, ...]]
    goals: tuple[SavedGoal, ...]
    attributes: dict[str, Any]


class SavedEvent(msgspec.Struct, frozen=True, array_like=True):
    """An event that waits for the watermark, with what it is known by."""

    name: str
    event: Event


class Snapshot(msgspec.Struct, frozen=True):
    """All that an engine remembers. Instants are epoch milliseconds."""

    plan: str
    """The SHA-256 of the plan's JSON, in hexadecimal."""
    lateness: int
    dedupe: int
    greatest: int | None
    watermark: int | None
    arrivals: int
    users: dict[str, SavedUser]
    buffered: tuple[SavedEvent, ...]
    seen: tuple[Sighting, ...]
    """The ids within the dedupe horizon, the oldest first."""
    undelivered: tuple[Outcome, ...]
    """Outcomes that were not given out, because the call that would have given them raised."""


def to_bytes(snapshot: Snapshot) -> bytes:
    """The bytes of a snapshot; the same state gives the same bytes."""
    body = msgspec.json.encode(snapshot, order="deterministic")
    return _HEADER + hashlib.sha256(body).digest() + body


def from_bytes(data: bytes) -> Snapshot:
    """Read a snapshot. Raises SnapshotError rather than give half of one."""
    if not isinstance(data, bytes):
        raise SnapshotError(f"a snapshot is bytes, not {type(data).__name__}")
    if not data.startswith(_MAGIC):
        raise SnapshotError("this is not a snapshot of connrules")
    if not data.startswith(_HEADER):
        version = data[len(_MAGIC) :].split(b"\n", 1)[0].decode("ascii", "replace")[:20]
        raise SnapshotError(f"the snapshot has version {version}; this connrules reads version {VERSION}")
    rest = data[len(_HEADER) :]
    digest, body = rest[:_DIGEST_SIZE], rest[_DIGEST_SIZE:]
    if hashlib.sha256(body).digest() != digest:
        raise SnapshotError("the snapshot is damaged or cut off")
    try:
        return msgspec.json.decode(body, type=Snapshot)
    except msgspec.DecodeError as error:
        raise SnapshotError(f"the snapshot cannot be read: {error}") from None


def save_event(name: str, row: Row) -> SavedEvent:
    """An event that waits; of its properties, what can be written down, which is all that a rule can see."""
    event = as_event(row)
    return SavedEvent(name, msgspec.structs.replace(event, properties=per_value(event.properties)))


def save_users(stepper: Stepper) -> dict[str, SavedUser]:
    """The states of all users, with names for numbers."""
    names = [rule.name for rule in stepper.rules]
    numbers = {id(wait): number for number, wait in enumerate(stepper.timers.waits())}
    return {user: _save_user(state_of(held), names, numbers) for user, held in stepper.users.items()}


def restore_users(saved: dict[str, SavedUser], program: Program, stepper: Stepper) -> None:
    """Let a stepper that knows nobody go on with the states that were written down."""
    restoring = _Restoring(program)
    for user, saved_user in saved.items():
        stepper.users[user] = restoring.user(user, saved_user)
    for _, wait in sorted(restoring.waits, key=itemgetter(0)):
        stepper.restore(wait)
    for timer in sorted(restoring.others, key=attrgetter("since")):
        stepper.restore(timer)


class _Restoring:
    """The users that come back, and their timers. Waits share what they have in common."""

    def __init__(self, program: Program) -> None:
        self.waits: list[tuple[int, Wait]] = []
        """With their places."""
        self.others: list[Goal | Forget] = []
        self._program = program
        self._rules = {rule.name: rule for rule in program.rules}
        self._sources: dict[tuple[str, object], Source] = {}

    def user(self, user: str, saved: SavedUser) -> Held:
        """The state of a user that was written down."""
        state = state_of(None)
        for w in saved.waits:
            wait = Wait(user, w.trigger, w.since, self._source(w))
            state.waits[wait.source.key] = wait
            self.waits.append((w.place, wait))
        for name, instants in saved.sends.items():
            self._use_up(user, state, self._rules[name].index, instants)
        for number, instants in saved.limited.items():
            self._use_up(user, state, int(number) + len(self._rules), instants)
        for g in saved.goals:
            goal = Goal(user, self._rules[g.rule].index, g.since, g.trigger, g.triggered_at, g.send, g.per)
            state.open(goal)
            self.others.append(goal)
        if saved.attributes:
            state.learn(saved.attributes)
        return settled(state) or state

    def _source(self, w: SavedWait) -> Source:
        rule = self._rules[w.rule]
        if rule.waits_per_user and rule.clockwork is None and not w.kept:
            if (w.rule, w.about) not in self._sources:
                self._sources[w.rule, w.about] = Source(rule.index, rule.index, w.lasts, self._known(w))
            return self._sources[w.rule, w.about]
        return Source(rule.index, rule.key(w.per), w.lasts, self._known(w), w.kept, w.per, w.missed)

    def _known(self, w: SavedWait) -> Known | None:
        return None if w.about is None else self._program.world.find_key(w.about)

    def _use_up(self, user: str, state: UserState, quota: int, instants: tuple[int, ...]) -> None:
        for instant in instants:
            state.use_up(quota, instant)
            if self._program.windows[quota] is not None:
                self.others.append(Forget(instant, user, quota))


def _save_user(state: UserState, names: list[str], numbers: dict[int, int]) -> SavedUser:
    sends = state.sends.items()
    return SavedUser(
        waits=tuple(_save_wait(names[w.source.rule], numbers[id(w)], w) for w in state.waits.values()),
        sends={names[quota]: tuple(instants) for quota, instants in sends if quota < len(names)},
        limited={str(quota - len(names)): tuple(instants) for quota, instants in sends if quota >= len(names)},
        goals=tuple(_save_goal(names[goal.rule], goal) for goal in state.goals),
        attributes=state.attributes,
    )


def _save_wait(rule: str, number: int, wait: Wait) -> SavedWait:
    s = wait.source
    about = s.known.key if s.known else None
    return SavedWait(rule, number, s.lasts, wait.trigger, wait.since, about, s.kept, s.per, s.missed)


def _save_goal(rule: str, goal: Goal) -> SavedGoal:
    return SavedGoal(rule, goal.since, goal.trigger, goal.triggered_at, goal.send, goal.per)
