"""A plain file in ranges of bytes, so that each can be read by another worker.

A line belongs to the range in which it begins.
"""

from typing import IO, Final, NamedTuple

from connrules.connectors.streams import BOM
from connrules.replay.jobs.messages import Piece, Range

LONGEST: Final = 4 << 20
"""So many bytes at a time: a worker has little to do with a message then."""
_REST: Final = 1 << 12
"""So many bytes more are read at once, for the line that goes on beyond a range."""
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


class Lines(NamedTuple):
    """Lines of a file: those in `data[begin:stop]`, for to cut them out would take as long as to read them."""

    data: bytes
    begin: int
    stop: int
    end: int
    """Where in the file the last of them ends."""


def read_range(file: IO[bytes], piece: Range) -> Lines:
    """The lines of a file that begin in a range."""
    start, end = piece
    before = max(start - 1, 0)  # the byte that says whether a line begins at the start
    file.seek(before)
    data = file.read(end - before + _REST)
    last = end - 1 - before
    if data.find(b"\n", last) < 0:
        data += file.readline()
    stop = data.find(b"\n", last) + 1 or len(data)
    if start == 0:
        return Lines(data, len(BOM) if data.startswith(BOM) else 0, stop, stop)
    begin = data.find(b"\n") + 1 or len(data)
    if begin > last:  # no line begins in the range
        stop = begin
    return Lines(data, begin, stop, before + stop)
