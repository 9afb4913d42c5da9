"""A file that somebody is writing, or a pipe: what is there now, and whether there can be more."""

import os
import select
import stat
import sys
from pathlib import Path
from typing import IO, Final

from connrules.connectors.streams import MAGICS, Identity
from connrules.files import STANDARD, UnreadableError, reason

_CHUNK: Final = 1 << 16


class Growing:
    """The bytes of a file that may grow, or of standard input for `-`. They are never compressed.

    Raises UnreadableError.
    """

    def __init__(self, path: Path) -> None:
        self._path = None if str(path) == STANDARD else path
        self.name = "standard input" if self._path is None else str(path)
        """What to call it when speaking of it."""
        self.number = 0
        """How many lines were made of it so far: whoever reads says so."""
        self._file = self._open()
        self._is_file = stat.S_ISREG(os.fstat(self._file.fileno()).st_mode)
        self._is_begun = False
        self.is_over = False
        """Whether nothing can come any more: whoever wrote into the pipe has closed it."""

    def read(self) -> bytes:
        """What there is now, up to some; nothing where there is nothing now."""
        if not (self._is_file or self.is_ready(0)):
            return b""
        try:
            data = os.read(self._file.fileno(), _CHUNK)
        except OSError as error:
            raise UnreadableError(f"{self.name}: {reason(error)}") from None
        self.is_over = not data and not self._is_file
        if not self._is_begun and data.startswith(MAGICS):
            raise UnreadableError(
                f"{self.name}: it is compressed, and what is compressed cannot be followed",
                "run it without --follow, or pipe it: zcat FILE | connrules run ... --events - --follow",
            )
        self._is_begun = self._is_begun or bool(data)
        return data

    def is_ready(self, seconds: float) -> bool:
        """Whether there is, within so many seconds, more to be read, or the end. A file is always ready."""
        return bool(select.select([self._file], [], [], seconds)[0])

    @property
    def waits_by_itself(self) -> bool:
        """Whether `is_ready` can wait for more: it cannot for a file."""
        return not self._is_file

    def go_to(self, offset: int) -> bool:
        """Go on at so many bytes after the first; whether there are so many."""
        if offset:
            self._is_begun = True
            return os.lseek(self._file.fileno(), offset, os.SEEK_SET) <= os.fstat(self._file.fileno()).st_size
        return True

    @property
    def is_cut_off(self) -> bool:
        """Whether the file is shorter now than what was read of it."""
        fd = self._file.fileno()
        return self._is_file and os.fstat(fd).st_size < os.lseek(fd, 0, os.SEEK_CUR)

    @property
    def is_replaced(self) -> bool:
        """Whether there is another file in its place, and something in that."""
        if self._path is None or not self._is_file:
            return False
        try:
            there = self._path.stat()
        except OSError:
            return False
        return there.st_size > 0 and not os.path.samestat(there, os.fstat(self._file.fileno()))

    @property
    def identity(self) -> Identity:
        """Which file it is."""
        return Identity.of(self._file.fileno())

    def begins_with(self, head: bytes) -> bool:
        """Whether the file still begins with what was read of it."""
        return not self._is_file or os.pread(self._file.fileno(), len(head), 0) == head

    def close(self) -> None:
        """Let go of the file."""
        if self._path is not None:
            self._file.close()

    def _open(self) -> IO[bytes]:
        try:
            if self._path is not None:
                return self._path.open("rb", buffering=0)
            if sys.stdin is None:
                raise UnreadableError(f"{self.name}: it is closed", "name a file, or pipe events into it")
            sys.stdin.fileno()
        except UnreadableError:
            raise
        except OSError as error:
            raise UnreadableError(f"{self.name}: {reason(error)}") from None
        return sys.stdin.buffer
