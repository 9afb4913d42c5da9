"""A log that only one process can read, compressed or from a pipe: the hub sends its bytes to the workers."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from connrules.connectors.streams import Lines
from connrules.files import UnreadableError
from connrules.replay.jobs.messages import Piece

_LONGEST: Final = 1 << 20
"""So many bytes at a time for each worker."""
_MOMENT: Final = 0.005
"""Seconds in which a pipe that someone is filling gives more."""


class Pipe:
    """Deals out the lines of a log as they come."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._chunks = lines.chunks()
        self._has_ended = False
        self._error: UnreadableError | None = None

    @property
    def position(self) -> int:
        """How many bytes of the file were read."""
        return self._lines.position

    def take(self, count: int, *, wait: bool) -> list[Piece] | None:
        """The next pieces, at most so many; none where one would have to wait for them; None: there are no more.

        Raises UnreadableError where the log could be read no further, once there is nothing else to do than wait.
        """
        chunks = self._there(count * _LONGEST, wait=wait)
        if chunks or not self._has_ended:
            return list(_dealt(chunks, count))
        if self._error is None:
            return None
        if wait:
            raise self._error
        return []

    def skip(self, end: int) -> None:
        """Lines are never cut here."""

    def _there(self, most: int, *, wait: bool) -> list[bytes]:
        """What is there to be read, and not much more than so many bytes."""
        chunks: list[bytes] = []
        size = 0
        while size < most and not self._has_ended and ((wait and not chunks) or self._lines.is_ready(_MOMENT)):
            chunk = self._read()
            chunks.append(chunk)
            size += len(chunk)
        return [chunk for chunk in chunks if chunk]

    def _read(self) -> bytes:
        try:
            return next(self._chunks)
        except StopIteration:
            self._has_ended = True
        except UnreadableError as error:
            self._has_ended, self._error = True, error
        return b""


def _dealt(chunks: Sequence[bytes], count: int) -> Sequence[bytes]:
    """Neighbouring chunks put together, into at most so many pieces that are about equally long."""
    if not chunks:
        return []
    share = max(sum(map(len, chunks)) / count, 1)
    pieces: dict[int, list[bytes]] = {}
    for chunk, end in zip(chunks, accumulate(map(len, chunks)), strict=True):
        pieces.setdefault(min(int((end - len(chunk) / 2) / share), count - 1), []).append(chunk)
    return [b"".join(piece) for piece in pieces.values()]
