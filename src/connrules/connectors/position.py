"""How far a log was read: a position by which reading goes on later, and which tells the log from any other."""

import hashlib
from typing import Final, Self

import msgspec

HEAD: Final = 4096
"""By so many bytes at its beginning a log is recognised, or by all that was read of it."""
_REMEMBERED: Final = 64
"""So many logs that were read before are recognised."""


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """How a log begins: the SHA-256 of so many bytes."""

    size: int
    digest: str

    @classmethod
    def of(cls, data: bytes) -> Self:
        """The mark of a log that begins with these bytes."""
        return cls(len(data), hashlib.sha256(data).hexdigest())

    def fits(self, start: bytes) -> bool:
        """Whether what begins like this bears the mark."""
        return len(start) >= self.size and Mark.of(start[: self.size]) == self


class Position(msgspec.Struct, frozen=True):
    """How far a log was read."""

    log: str = ""
    """The real path of the file when it was opened; empty: it was standard input."""
    asked: str = ""
    """The path that was asked for, under which other logs take its place."""
    offset: int = 0
    """How many bytes were read of it, counted as they are when decompressed."""
    lines: int = 0
    earlier: int = 0
    """How many lines were read of other logs before it."""
    line: Mark | None = None
    """Its first line, or the beginning of that."""
    head: Mark | None = None
    """Its first bytes. None: nothing was read of it, or it was standard input."""
    at_end: bool = True
    """Whether there was nothing more to be read."""
    is_cut: bool = False
    """Whether the last line that was read had no line break yet."""

    done: tuple[Mark, ...] = ()
    """How the logs begin that were read before this one, the latest last."""
    beside: tuple[Mark, ...] = ()
    """How the rotated logs began that were there when nothing had been read yet: they are left out."""

    def is_of(self, start: bytes) -> bool:
        """Whether a log that begins like this is the one that was read."""
        return self.head is not None and self.head.fits(start)

    def may_be_of(self, start: bytes) -> bool:
        """Whether a log that begins like this was perhaps that one, and has been changed since."""
        return self.line is not None and self.line.fits(start)

    def marked(self, head: bytes) -> Self:
        """The position with what the log is recognised by, which begins with `head`."""
        return msgspec.structs.replace(self, line=Mark.of(head[: head.find(b"\n") + 1] or head), head=Mark.of(head))

    def of_next(self, log: str = "", asked: str = "") -> "Position":
        """The beginning of the log that is read after this one."""
        done = self.done if self.head is None else (*self.done, self.head)[-_REMEMBERED:]
        return Position(log, asked, earlier=self.earlier + self.lines, done=done, beside=self.beside)
