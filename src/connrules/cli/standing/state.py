"""What a state holds, as its users want to know it: who waits for what, and how far it has come."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from connrules.cli.exit import ShellError
from connrules.connectors.sqlite import SqliteStore
from connrules.connectors.sqlite.looking import look_at, size_of
from connrules.plan import Plan, PlanError
from connrules.replay.lasting import Saved
from connrules.replay.outputs import CHANNELS
from connrules.run.ports import Loaded, StoreError
from connrules.run.saving import Core, SavedNote, SavedUser, SavedWait, SnapshotError, join, read, read_core


@dataclass(slots=True)
class Waiting:
    """Those who wait for the send of one rule."""

    rule: str
    waits: int = 0
    pinned: int = 0
    """How many of them go on by what the rule said before it was changed."""
    users: int = 0
    next_due: int | None = None
    last_due: int | None = None

    def add(self, waits: list[SavedWait]) -> None:
        """Count those of one user."""
        self.users += bool(waits)
        for wait in waits:
            self.waits += 1
            self.pinned += bool(wait.source.version)
            due = wait.since + wait.source.lasts
            self.next_due = due if self.next_due is None else min(self.next_due, due)
            self.last_due = due if self.last_due is None else max(self.last_due, due)


@dataclass(slots=True)
class State:
    """A whole state."""

    path: Path
    size: int
    """In bytes."""
    plan: Plan
    """The rules that it was made with."""
    core: Core
    note: SavedNote
    position: Saved | None
    """How far a log was read; None: nothing was said of it, or in words of its own by whoever embeds connrules."""
    undelivered: dict[str, int]
    """How many lines are still to be delivered, by channel."""
    rules: dict[str, Waiting] = field(default_factory=dict)
    users: int = 0
    """Of how many users anything is held."""
    user: SavedUser | None = None
    """The one that was asked for."""


@contextmanager
def opened(path: Path) -> Iterator[tuple[SqliteStore, Loaded]]:
    """A state to look at, which is not touched. Raises ShellError where it cannot be read, or holds nothing."""
    with in_words(path), look_at(path) as store:
        loaded = store.load()
        if loaded is None:
            raise ShellError(f"{path}: the state holds nothing yet", "`connrules run … --state FILE` makes one")
        yield store, loaded


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """What is wrong with a state ends the command, in the words that there are for it."""
    try:
        yield
    except StoreError as error:
        raise ShellError(str(error), error.help) from None
    except (SnapshotError, PlanError) as error:
        raise ShellError(f"{path}: {error}") from None


def plan_of(path: Path, loaded: Loaded) -> Plan:
    """The rules that a state was made with. Raises ShellError where they cannot be read."""
    try:
        return Plan.from_json(loaded.plan)
    except PlanError as error:
        raise ShellError(f"{path}: the rules of the state: {error}") from None


def users_of(loaded: Loaded) -> Iterator[tuple[str, SavedUser]]:
    """All users of a state."""
    return ((user, read(data, SavedUser)) for user, data in loaded.users)


def note_of(loaded: Loaded) -> SavedNote:
    """What a state holds of events that may still matter."""
    return join(read(data, SavedNote) for data in loaded.notes)


def read_state(path: Path, user: str | None) -> State:
    """All that there is to tell of a state, and what it holds of one user. Raises ShellError."""
    with opened(path) as (store, loaded):
        plan, core = plan_of(path, loaded), read_core(loaded.core)
        undelivered = {channel: store.outbox(channel).lines.count(b"\n") for channel in CHANNELS}
        state = State(path, size_of(path), plan, core, _still(note_of(loaded), core), _position(loaded), undelivered)
        state.rules = {rule.name: Waiting(rule.name) for rule in plan.rules}
        for name, saved in users_of(loaded):
            state.users += 1
            if name == user:
                state.user = saved
            for rule in {wait.source.rule for wait in saved.waits}:
                waits = [wait for wait in saved.waits if wait.source.rule == rule]
                state.rules.setdefault(rule, Waiting(rule)).add(waits)
        return state


def _still(note: SavedNote, core: Core) -> SavedNote:
    """A note without the events that have been taken in since it was made."""
    reached = core.watermark
    return SavedNote(tuple(s for s in note.buffered if reached is None or s.event.time > reached), note.seen)


def _position(loaded: Loaded) -> Saved | None:
    try:
        return None if loaded.position is None else Saved.read(loaded.position)
    except StoreError:
        return None
