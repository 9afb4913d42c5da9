"""What SQLite says when it fails, in words that say what to do."""

import sqlite3
from pathlib import Path
from typing import Final

from connrules.run.ports import StoreError

_OTHER_FILE: Final = "name another file for the state"
_ROOM: Final = "make room and go on from the same file: what was committed before stands"
_RIGHT: Final = "it takes the right to write to the file and to its folder"
_COPY: Final = "go on from a copy of the file, or begin anew with another file"
_DISK: Final = "what was committed before stands; go on from the same file when the disk is well, and files may grow"
_BACK: Final = "put it back where it was, beside the file that ends in `-wal`; if it is gone for good, begin anew"
_PRIMARY: Final = 0xFF
"""The lower byte of an extended error code says what kind of error it is."""


def said(error: Exception, path: Path) -> StoreError:
    """The error to raise for what went wrong with the file at `path`."""
    if isinstance(error, sqlite3.ProgrammingError):
        return StoreError(f"`{path}` is closed")
    code = getattr(error, "sqlite_errorcode", None)
    match code and code & _PRIMARY:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return in_use(path)
        case sqlite3.SQLITE_NOTADB:
            return foreign(path)
        case sqlite3.SQLITE_CORRUPT:
            return damaged(path)
        case sqlite3.SQLITE_CANTOPEN:
            return _unopened(path)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return unwritable(path)
        case sqlite3.SQLITE_FULL:
            return StoreError(f"`{path}` cannot be written: the disk is full", _ROOM)
        case sqlite3.SQLITE_IOERR:
            return StoreError(f"`{path}` cannot be read or written: {error}", _DISK)
        case None if isinstance(error, sqlite3.OperationalError):
            return damaged(path)  # not SQLite's word but Python's: bytes that should be text and are none
        case _:
            return StoreError(f"`{path}` cannot be used: {error}")


def in_use(path: Path) -> StoreError:
    """The error for a file that another process has open."""
    return StoreError(f"`{path}` is used by another process", "stop that process first")


def foreign(path: Path) -> StoreError:
    """The error for a file that another program wrote."""
    return StoreError(f"`{path}` holds something else than a state", _OTHER_FILE)


def damaged(path: Path) -> StoreError:
    """The error for a file that is ours and not whole."""
    return StoreError(f"`{path}` is damaged", _COPY)


def newer(path: Path) -> StoreError:
    """The error for a file that a later version of connrules wrote."""
    return StoreError(f"`{path}` was written by a newer connrules", "use that version, or newer")


def unwritable(path: Path) -> StoreError:
    """The error for a file that may only be read."""
    return StoreError(f"`{path}` cannot be written", _RIGHT)


def moved(path: Path) -> StoreError:
    """The error for a file that was taken away while it was open."""
    return StoreError(f"`{path}` was moved or deleted while it was in use", _BACK)


def in_memory(path: Path) -> StoreError:
    """The error for what SQLite takes for no file."""
    return StoreError(f"`{path}` is no file", "a state that need not outlive its process is kept by MemoryStore")


def missing(path: Path) -> StoreError:
    """The error for a file that should be there."""
    return StoreError(f"`{path}` does not exist", "check the spelling; the path starts at the folder you are in")


def no_file(path: Path) -> StoreError:
    """The error for a pipe or a device."""
    return StoreError(f"`{path}` is a pipe or a device", _OTHER_FILE)


def _unopened(path: Path) -> StoreError:
    if path.is_dir():
        return StoreError(f"`{path}` is a folder", "name a file for the state")
    if not path.parent.is_dir():
        return StoreError(f"`{path}` cannot be made: there is no folder `{path.parent}`", "make the folder first")
    return StoreError(f"`{path}` cannot be opened", _RIGHT)
