"""Looks at a state without touching it: not a byte of its files changes, whatever its last process left undone.

To open a state is to finish what a process left behind that was killed. So it is a copy that is opened, made while no
other process can open the original.
"""

import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final

from connrules.connectors.sqlite import SqliteStore, words
from connrules.files import reason
from connrules.run.ports import StoreError

_BESIDE: Final = ("-wal", "-journal")
"""How the names of the files end in which SQLite keeps what is not in its file yet."""
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_ELSEWHERE: Final = "the variable TMPDIR names a folder for such copies"
_SHARED: Final = (0x40000002, 510)
"""The bytes that SQLite locks where it reads a file: the first, and how many. They are part of its file format."""


@contextmanager
def look_at(path: Path) -> Iterator[SqliteStore]:
    """A store that holds what the one at `path` does. Raises StoreError as that would, also where it is in use."""
    with TemporaryDirectory(prefix="connrules-") as folder:
        copy = Path(folder) / path.name
        try:
            _copy(path, Path(os.path.realpath(path)), copy)
            with closing(SqliteStore(copy, create=False)) as store:
                yield store
        except StoreError as error:
            raise StoreError(str(error).replace(str(copy), str(path)), error.help) from None


def size_of(path: Path) -> int:
    """How many bytes a state takes on the disk."""
    real = Path(os.path.realpath(path))
    return sum(file.stat().st_size for file in (real, *_beside(real)) if file.is_file())


def _copy(path: Path, real: Path, copy: Path) -> None:
    """Copy a state that is really there; SQLite, too, looks for its other files where a link leads."""
    if real.exists() and not real.is_file() and not real.is_dir():
        raise words.no_file(path)  # to open a pipe would be to wait for who writes it
    try:
        with real.open("rb") as original:
            _lock(original, path)
            for file, copied in zip(_beside(real), _beside(copy), strict=True):
                if file.is_file():
                    shutil.copyfile(file, copied)
            with copy.open("wb") as written:  # by way of the same descriptor: to close another lets go of the lock
                shutil.copyfileobj(original, written)
    except FileNotFoundError:
        raise words.missing(path) from None
    except IsADirectoryError:
        raise StoreError(f"`{path}` is a folder", "name the file of a state") from None
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StoreError(f"there is no room for a copy of `{path}` in `{copy.parent.parent}`", _ELSEWHERE) from None
        raise StoreError(f"`{path}` cannot be read: {reason(error)}", "it takes the right to read the file") from None


def _beside(path: Path) -> list[Path]:
    return [path.with_name(path.name + ending) for ending in _BESIDE]


def _lock(file: IO[bytes], path: Path) -> None:
    """Keep others from opening the file as a state as long as this one is open; where the system can, as here."""
    if sys.platform == "win32":
        return
    import fcntl  # noqa: PLC0415  # there is none on Windows

    first, length = _SHARED
    try:
        fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB, length, first)
    except BlockingIOError:
        raise words.in_use(path) from None
