"""A state store in one SQLite file, for one process at a time: what a batch commits is on the disk when it returns.

Beside the file stands one that ends in `-wal`, in which commits are written first. Both belong together: whoever copies
a state copies it after `close`, when the second is gone, or copies both while no process has them open.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path
from typing import Final

import msgspec

from connrules.connectors.sqlite import words
from connrules.connectors.sqlite.opening import check, open_file
from connrules.connectors.sqlite.outbox import Channels
from connrules.connectors.sqlite.sealed import DamagedError, seal, unseal
from connrules.connectors.sqlite.users import Users
from connrules.run.ports import Batch, Loaded, Outbox

__all__ = ["SqliteStore"]

_LATEST: Final = 2**63 - 1
"""The last instant that SQLite can write."""


class SqliteStore:
    """A `StateStore` in the file at `path`, which is made where there is none, unless `create` is False.

    Raises StoreError where another process uses the file, where it cannot be opened or made, and where it is no state
    of this or an older connrules. An instance may be used by several threads, by one at a time.
    """

    def __init__(self, path: str | PathLike[str], *, create: bool = True) -> None:
        self.path = Path(path)
        self._connection = open_file(self.path, create=create)
        self._place = self.path.absolute()  # wherever the process goes
        self._file = _file_at(self._place)
        """Which file is open."""
        self._is_open = True
        self._users = Users(self._connection)
        self._channels = Channels(self._connection)

    def load(self) -> Loaded | None:
        """What was committed last; None: nothing was, ever."""
        with self._usable():
            check(self._connection)
            execute = self._connection.execute
            known = {
                name: bytes(unseal(value, name)) for name, value in execute("SELECT name, value FROM meta").fetchall()
            }
            if "core" not in known:
                return None
            rows = execute("SELECT data, until FROM notes ORDER BY number").fetchall()
            notes = tuple(bytes(unseal(data, str(until))) for data, until in rows)
            return Loaded(known.get("plan", b""), known["core"], known.get("position"), notes, self._all_users())

    def commit(self, batch: Batch) -> None:
        """Keep all of a batch, durably when this returns, or nothing of it. After an error it can be tried again.

        Raises StoreError where the file is no longer at its path: nobody would find there what was kept.
        """
        self._check_place()
        self._keep(batch)
        self._check_place()

    def outbox(self, channel: str) -> Outbox:
        """What was committed for a channel and not said to be delivered."""
        with self._usable():
            return self._channels.waiting(channel)

    def close(self) -> None:
        """Let go of the file. Raises StoreError where it is no longer at its path."""
        was_open, self._is_open = self._is_open, False
        try:
            self._connection.close()
        except sqlite3.Error as error:
            raise words.said(error, self.path) from error
        if was_open:
            self._check_place()

    def _keep(self, batch: Batch) -> None:
        with self._usable(), self._transaction():
            self._put_notes(batch)
            if batch.anew:
                self._users.replace(batch.users)
            else:
                self._users.change(batch.users)
            self._channels.add(batch.outbox)
            self._channels.cut(batch.delivered)
            self._put_meta(batch)

    def _check_place(self) -> None:
        if _file_at(self._place) != self._file:
            self._is_open = False  # it has been said
            raise words.moved(self.path)

    def _all_users(self) -> Iterator[tuple[str, bytes]]:
        with self._usable():
            yield from self._users.each()

    def _put_notes(self, batch: Batch) -> None:
        execute = self._connection.execute
        if batch.anew:
            execute("DELETE FROM notes")
        elif batch.now is not None:
            execute("DELETE FROM notes WHERE until <= ?", (batch.now,))
        if batch.note is not None:
            until = min(batch.note.until, _LATEST)
            execute("INSERT INTO notes(until, data) VALUES (?, ?)", (until, seal(batch.note.data, str(until))))

    def _put_meta(self, batch: Batch) -> None:
        for name, value in (("plan", batch.plan), ("core", batch.core), ("position", batch.position)):
            if value is not None:
                self._connection.execute("REPLACE INTO meta(name, value) VALUES (?, ?)", (name, seal(value, name)))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        execute = self._connection.execute
        try:
            execute("BEGIN IMMEDIATE")
            yield
            execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._undo()
            raise

    def _undo(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    @contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            self._undo()  # what failed before, where that could not be undone then
            yield
        except (DamagedError, msgspec.MsgspecError) as error:
            raise words.damaged(self.path) from error
        except (sqlite3.Error, OverflowError) as error:
            raise words.said(error, self.path) from error


def _file_at(path: Path) -> tuple[int, int] | None:
    """Which file is at a path, by its device and number there, wherever a link leads; None: there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116  # a commit asks twice: a path would cost more
    except OSError:
        return None
    return found.st_dev, found.st_ino
