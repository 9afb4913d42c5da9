"""A snapshot: all that an engine remembers, as bytes that say what they are and whether they are whole.

Layout: one line of ASCII (`connrules snapshot 2`), the SHA-256 of the rest (32 bytes), then JSON, which keeps
whole numbers of any size as they are. Rules are named, not numbered, so a snapshot means the same wherever it is read.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from connrules.event import Event, Outcome
from connrules.run.program import Program
from connrules.run.repeats import Sighting
from connrules.run.state import Goal, UserState, Wait
from connrules.run.timers import Forget, Timer

VERSION = 2
_MAGIC = b"connrules snapshot "
_HEADER = _MAGIC + str(VERSION).encode() + b"\n"
_DIGEST_SIZE = 32


class SnapshotError(ValueError):
    """Bytes that are no snapshot, not a whole one, one of another version, or one of another plan."""


class SavedWait(msgspec.Struct, frozen=True, array_like=True):
    """One pending send."""

    rule: str
    due: int
    start: int
    trigger: str
    triggered_at: int
    about: tuple[str, str, str | None] | None
    kept: tuple[object, ...]
    per: Any
    missed: bool


class SavedGoal(msgspec.Struct, frozen=True, array_like=True):
    """One goal that can still be reached."""

    rule: str
    due: int
    start: int
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
    """An event that waits for the watermark, with its arrival number."""

    number: int
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
    starts: int
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


def save_user(state: UserState, program: Program) -> SavedUser:
    """The state of a user, with names for numbers."""
    rules, sends = program.rules, state.sends.items()
    return SavedUser(
        waits=tuple(_save_wait(rules[wait.rule].name, wait) for wait in state.waits.values()),
        sends={rules[quota].name: tuple(instants) for quota, instants in sends if quota < len(rules)},
        limited={str(quota - len(rules)): tuple(instants) for quota, instants in sends if quota >= len(rules)},
        goals=tuple(_save_goal(rules[goal.rule].name, goal) for goal in state.goals.values()),
        attributes=state.attributes,
    )


def restore_user(user: str, saved: SavedUser, program: Program) -> UserState:
    """The state of a user that was written down."""
    rules = {rule.name: rule for rule in program.rules}
    state = UserState()
    for w in saved.waits:
        rule = rules[w.rule]
        known = None if w.about is None else program.world.find_key(w.about)
        wait = Wait(
            w.due, w.start, user, rule.index, rule.key(w.per), w.trigger, w.triggered_at, known, w.kept, w.per, w.missed
        )
        state.waits[wait.key] = wait
    state.sends = {rules[name].index: list(instants) for name, instants in saved.sends.items()}
    state.sends |= {int(number) + len(rules): list(instants) for number, instants in saved.limited.items()}
    for g in saved.goals:
        state.open(Goal(g.due, g.start, user, rules[g.rule].index, g.trigger, g.triggered_at, g.send, g.per))
    if saved.attributes:
        state.learn(saved.attributes)
    return state


def timers_of(user: str, state: UserState, program: Program) -> Iterator[Timer]:
    """The timers that stand for what is remembered of a user."""
    yield from state.waits.values()
    yield from state.goals.values()
    for quota, instants in state.sends.items():
        window = program.windows[quota]
        if window is not None:
            yield from (Forget(sent + window, user, quota) for sent in instants)


def _save_wait(rule: str, wait: Wait) -> SavedWait:
    about = wait.known.key if wait.known else None
    return SavedWait(
        rule, wait.due, wait.start, wait.trigger, wait.triggered_at, about, wait.kept, wait.per, wait.missed
    )


def _save_goal(rule: str, goal: Goal) -> SavedGoal:
    return SavedGoal(rule, goal.due, goal.start, goal.trigger, goal.triggered_at, goal.send, goal.per)
