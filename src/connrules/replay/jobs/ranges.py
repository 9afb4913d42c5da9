"""A plain file in ranges of bytes, so that each can be read by another worker.

A line belongs to the range in which it begins.
"""

from typing import IO, Final

from connrules.connectors.streams import BOM
from connrules.replay.jobs.messages import Piece, Range

LONGEST: Final = 4 << 20
"""So many bytes at a time: a worker has little to do with a message then."""
_SHORTEST: Final = 1 << 16
_ROUNDS: Final = 12
"""A short file is dealt out in so many rounds: while one is merged, the next is read."""


class Ranges:
    """Deals out a file of `size` bytes."""

    def __init__(self, size: int, jobs: int, longest: int = LONGEST) -> None:
        self._size = size
        self._next = 0
        self._length = max(min(longest, size // (jobs * _ROUNDS)), min(longest, _SHORTEST))

    @property
    def position(self) -> int:
        """How many bytes were dealt out."""
        return self._next

    def take(self, count: int, *, wait: bool) -> list[Piece] | None:  # noqa: ARG002  # a file never lets one wait
        """The next pieces, at most so many; None: there are no more."""
        starts = range(self._next, self._size, self._length)[:count]
        ends = [min(start + self._length, self._size) for start in starts]
        self._next = ends[-1] if ends else self._size
        return [Range(start, end) for start, end in zip(starts, ends, strict=True)] or None

    def skip(self, end: int) -> None:
        """A line went on to this place: no line begins before it."""
        self._next = max(self._next, end)


def read_range(file: IO[bytes], piece: Range) -> tuple[bytes, int]:
    """The lines of a file that begin in a range, and where the last of them ends."""
    start, end = piece
    if start:
        file.seek(start - 1)
        start += len(file.readline()) - 1
    if start >= end:
        return b"", start
    file.seek(start)
    data = file.read(end - start)
    if not data.endswith(b"\n"):
        data += file.readline()
    return (data if start else data.removeprefix(BOM)), start + len(data)
