"""What is in a file now: its first bytes, by which logs are told apart, and which file it is."""

from pathlib import Path
from typing import NamedTuple

from connrules.connectors.position import HEAD
from connrules.connectors.streams import Identity, Lines
from connrules.files import UnreadableError


class Found(NamedTuple):
    """A file that was looked at."""

    path: Path
    identity: Identity
    start: bytes
    """The first bytes."""

    def is_same_as(self, other: "Found") -> bool:
        """Whether one of the two is a copy of the other, or of its beginning."""
        return self.start.startswith(other.start) or other.start.startswith(self.start)


def look(path: Path) -> Found:
    """What is in a file. Raises UnreadableError."""
    lines, start = Lines(path), b""
    try:
        while len(start) < HEAD and (data := lines.read()):
            start += data
        return Found(path, lines.identity, start[:HEAD])
    finally:
        lines.close()


def identity_of(file: Path) -> Identity | None:
    """Which file it is; None: it is gone again."""
    try:
        status = file.stat()
    except OSError:
        return None
    return Identity(status.st_dev, status.st_ino)


def look_at_sibling(file: Path) -> Found | None:
    """What is in a rotated log; None: it is gone again. Raises UnreadableError, with words for that."""
    try:
        return look(file)
    except UnreadableError as error:
        if not file.exists():
            return None
        raise UnreadableError(
            f"{error}; it may be what comes next", "make it readable, or move it away if nothing in it is to be read"
        ) from None


def look_if_readable(file: Path) -> Found | None:
    """What is in a file; None: nothing, or it cannot be read."""
    try:
        found = look(file)
    except UnreadableError:
        return None
    return found if found.start else None
