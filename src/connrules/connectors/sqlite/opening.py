"""Opens the SQLite file of a state: makes it where there is none, and refuses what is not a state of ours.

The lock is taken with the first look at the file and kept until it is closed, so there is one process at a time. Never
read such a file by any other means than SQLite in a process that may have it open: on POSIX, closing any descriptor of
a file gives up all locks that the process has on it.
"""

import os
import sqlite3
import sys
from pathlib import Path
from typing import Final

from connrules.connectors.sqlite import words
from connrules.connectors.sqlite.sealed import DamagedError

_OURS: Final = 0x636F6E6E
"""`conn`: which program's file it is, in the header of an SQLite file."""
_VERSION: Final = 1
_PATIENCE: Final = 0.1
"""For so many seconds a lock is waited for: two that make a file at once do not both give up, and one that is just
being let go of is not refused."""
_SCHEMA: Final = """
CREATE TABLE meta(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE journal(number INTEGER PRIMARY KEY, grown INTEGER NOT NULL, states BLOB NOT NULL);
CREATE TABLE pieces(
  number INTEGER PRIMARY KEY, first TEXT NOT NULL, later INTEGER NOT NULL,
  users INTEGER NOT NULL, size INTEGER NOT NULL, states BLOB NOT NULL
);
CREATE INDEX pieces_of_range ON pieces(first, number, later, users, size);
CREATE TABLE notes(number INTEGER PRIMARY KEY, until INTEGER NOT NULL, data BLOB NOT NULL);
CREATE INDEX notes_until ON notes(until);
CREATE TABLE channels(name TEXT PRIMARY KEY, marks BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE outbox(number INTEGER PRIMARY KEY, channel TEXT NOT NULL, upto INTEGER NOT NULL, lines BLOB NOT NULL);
CREATE INDEX outbox_of_channel ON outbox(channel, upto);
"""


def open_file(path: Path, *, create: bool) -> sqlite3.Connection:
    """A connection that holds the file. Raises StoreError where it cannot be had."""
    if str(path) == ":memory:":
        raise words.in_memory(path)
    if not create and not path.exists():
        raise words.missing(path)
    if path.exists() and not path.is_file() and not path.is_dir():
        raise words.no_file(path)
    if path.exists() and not os.access(path, os.W_OK):
        raise words.unwritable(path)
    try:
        connection = _connect(path.absolute())  # a name that begins with `file:` might be taken for an address
    except sqlite3.Error as error:
        raise words.said(error, path) from error
    try:
        _settle(connection, path)
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            raise words.said(error, path) from error
        raise
    return connection


def check(connection: sqlite3.Connection) -> None:
    """Look whether the file holds together; what its rows say is looked at when they are read. Raises DamagedError."""
    if connection.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
        raise DamagedError


def _connect(path: Path) -> sqlite3.Connection:
    """Transactions are begun and ended by hand; threads may take turns, which their callers see to."""
    if sys.version_info >= (3, 12):
        return sqlite3.connect(path, timeout=_PATIENCE, check_same_thread=False, autocommit=True)
    return sqlite3.connect(path, timeout=_PATIENCE, check_same_thread=False, isolation_level=None)


def _settle(connection: sqlite3.Connection, path: Path) -> None:
    """Take the lock, look whose file it is, then write to it."""
    execute = connection.execute
    execute("PRAGMA locking_mode = EXCLUSIVE")
    if _is_empty(path):
        execute("PRAGMA auto_vacuum = INCREMENTAL")  # before anything is looked at, or it would do nothing
    execute("BEGIN EXCLUSIVE")
    made = _is_ours(connection, path)
    execute("COMMIT")
    (mode,) = execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise words.unwritable(path)
    execute("PRAGMA synchronous = FULL")
    execute("PRAGMA fullfsync = 1")  # on macOS alone: an ordinary fsync leaves data in the disk's own memory there
    execute("PRAGMA secure_delete = OFF")  # some builds overwrite what is free, at twice the cost
    execute("PRAGMA journal_size_limit = 8000000")
    if not made:
        _make(connection)


def _is_empty(path: Path) -> bool:
    return not path.exists() or path.stat().st_size == 0


def _is_ours(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether the file holds a state of ours already; it may also be empty. Raises StoreError for any other."""
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if owner == _OURS:
        if version > _VERSION:
            raise words.newer(path)
        return True
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if owner or version or tables:
        raise words.foreign(path)
    return False


def _make(connection: sqlite3.Connection) -> None:
    execute = connection.execute
    execute("BEGIN IMMEDIATE")
    for statement in _SCHEMA.split(";"):
        execute(statement)
    execute(f"PRAGMA application_id = {_OURS}")
    execute(f"PRAGMA user_version = {_VERSION}")
    execute("COMMIT")
