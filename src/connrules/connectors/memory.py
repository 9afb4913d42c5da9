"""A state store in memory: for tests, and for an engine whose state need not outlive its process."""

from typing import Final

from connrules.run.ports import Batch, Loaded, Note, Outbox, StoreError

_EMPTY: Final = Outbox(0, b"")


class MemoryStore:
    """A `StateStore` that is gone when its process is. After `close` it holds what it held and can be used anew."""

    def __init__(self) -> None:
        self._plan = b""
        self._core: bytes | None = None
        self._position: bytes | None = None
        self._notes: list[Note] = []
        self._users: dict[str, bytes] = {}
        self._outbox: dict[str, Outbox] = {}

    def load(self) -> Loaded | None:
        """What was committed last; None: nothing was, ever."""
        if self._core is None:
            return None
        notes = tuple(note.data for note in self._notes)
        return Loaded(self._plan, self._core, self._position, notes, iter(list(self._users.items())))

    def commit(self, batch: Batch) -> None:
        """Keep all of a batch, or nothing of it."""
        _check_names(batch)
        self._outbox = _outbox_after(self._outbox, batch)  # raises before anything has changed
        self._notes = _notes_after(self._notes, batch)
        if batch.anew:
            self._users = {}
        for user, state in batch.users.items():
            if state is None:
                self._users.pop(user, None)
            else:
                self._users[user] = state
        self._core = batch.core
        self._position = self._position if batch.position is None else batch.position
        self._plan = self._plan if batch.plan is None else batch.plan

    def outbox(self, channel: str) -> Outbox:
        """What was committed for a channel and not said to be delivered."""
        return self._outbox.get(channel, _EMPTY)

    def close(self) -> None:
        """Nothing to let go of."""


def no_text(error: UnicodeEncodeError) -> StoreError:
    """The error for a user whose name cannot be written."""
    return StoreError(f"user `{error.object!a}` cannot be kept: half of a surrogate pair is no character")


def undeliverable(channel: str, mark: int, filled: int) -> StoreError:
    """The error for a mark that no line of a channel reaches."""
    return StoreError(f"{mark} bytes of `{channel}` cannot be delivered: there have been no more than {filled}")


def _check_names(batch: Batch) -> None:
    for user in batch.users:
        try:
            user.encode()
        except UnicodeEncodeError as error:
            raise no_text(error) from error


def _outbox_after(outbox: dict[str, Outbox], batch: Batch) -> dict[str, Outbox]:
    after = dict(outbox)
    for channel, lines in batch.outbox.items():
        start, before = after.get(channel, _EMPTY)
        after[channel] = Outbox(start, before + lines)
    for channel, mark in batch.delivered.items():
        start, lines = after.get(channel, _EMPTY)
        if mark > start + len(lines):
            raise undeliverable(channel, mark, start + len(lines))
        if mark > start:
            after[channel] = Outbox(mark, lines[mark - start :])
    return after


def _notes_after(notes: list[Note], batch: Batch) -> list[Note]:
    after = [] if batch.anew else [note for note in notes if batch.now is None or note.until > batch.now]
    return after if batch.note is None else [*after, batch.note]
