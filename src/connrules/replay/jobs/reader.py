"""The half of a worker that reads: it finds in a piece of the log the rows that matter, and deals them out by user.

Whether an event is late depends on all that came before it, which the worker learns one round later. It then looks at
the piece for a second time, if anything in it can be late; a log that is sorted, or whose events are out of order by no
more than the allowed lateness, needs no second look.
"""

from collections import Counter
from collections.abc import Iterator
from typing import IO, Any, Final
from zlib import crc32

import msgspec

from connrules.connectors.rows import Reading, RowReader
from connrules.connectors.streams import Block
from connrules.event import Row
from connrules.replay.jobs.messages import Before, Found, Piece, Range, Rejected, Settled
from connrules.replay.jobs.ranges import read_range
from connrules.run.sieve import Sieve, Unknown
from connrules.run.topics import LOOK

_AT_ONCE: Final = 1 << 16
"""So many bytes at a time: what is made of their lines still fits into a processor's cache."""
_LONG_AGO: Final = -(2**62)
_encode = msgspec.json.Encoder().encode


class Reader:
    """Reads pieces of a log for so many workers.

    `sieve` tells what concerns anyone; None: everything does. `lateness` is in ms.
    """

    def __init__(  # noqa: PLR0913  # what there is to know of a log
        self,
        rows: RowReader,
        sieve: Sieve | None,
        *,
        file: IO[bytes] | None,
        jobs: int,
        lateness: int,
        wants_late: bool,
    ) -> None:
        self._rows = rows
        self._sieve = sieve
        self._file = file
        self._jobs = jobs
        self._lateness = lateness
        self._wants_late = wants_late
        self._data = b""
        self._search = _Search(sieve, jobs, lateness)

    def find(self, piece: Piece) -> Found:
        """What is in a piece. Raises OSError where it cannot be read."""
        self._data, end = self._read(piece)
        search = self._search = _Search(self._sieve, self._jobs, self._lateness)
        for block in _blocks(self._data):
            search.look(block, self._rows.read(block, None))
        return search.found(end)

    def settle(self, before: Before) -> Settled:
        """What is to be said of the piece that was read last, now that it is known what came before it."""
        search = self._search
        if search.is_sorted and (before.newest is None or search.oldest >= before.newest - self._lateness):
            return Settled(search.unknown, 0, 0, [])
        return self._look_again(before)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    def _read(self, piece: Piece) -> tuple[bytes, int]:
        if isinstance(piece, Range):
            assert self._file is not None, "ranges are of files"
            return read_range(self._file, piece)
        return piece, 0

    def _look_again(self, before: Before) -> Settled:
        """Go through a piece event by event."""
        unknown = Unknown(Counter(), Counter())
        newest = _LONG_AGO if before.newest is None else before.newest
        late = worst = 0
        lines: list[bytes] = []
        for line, row in self._events():
            behind = newest - row.time
            newest = max(newest, row.time)
            if behind > self._lateness:
                late += 1
                worst = max(worst, behind)
                if self._wants_late:
                    lines.append(line.removesuffix(b"\n"))
            elif self._sieve is not None:
                self._sieve.lets_through(row, unknown)
        return Settled(unknown, late, worst, lines)

    def _events(self) -> Iterator[tuple[bytes, Row]]:
        for block in _blocks(self._data):
            reading = self._rows.read(block, None)
            for place, row in zip(reading.places, reading.rows, strict=True):
                yield block.lines[place], row


class _Search:
    """What was found in a piece so far."""

    def __init__(self, sieve: Sieve | None, jobs: int, lateness: int) -> None:
        self._sieve = sieve
        self._lateness = lateness
        self._shares: list[list[tuple[Any, ...]]] = [[] for _ in range(jobs)]
        self._rejected: list[Rejected] = []
        self._lines = self._events = self._like_seconds = 0
        self._newest = _LONG_AGO
        self.oldest = -_LONG_AGO
        self.is_sorted = True
        self.unknown = Unknown(Counter(), Counter())

    def look(self, block: Block, reading: Reading) -> None:
        """Look at the lines of the piece that come next."""
        first = self._lines
        for place, why in reading.rejected:
            line = block.lines[place].removesuffix(b"\n").removesuffix(b"\r")
            self._rejected.append(Rejected(first + place, line, why))
        self._like_seconds += reading.like_seconds
        self._events += len(reading.rows)
        if reading.rows:
            self._deal_out(reading, first)
        self._lines += len(block.lines)

    def found(self, end: int) -> Found:
        """All that was found; `end` is where the piece ends."""
        any_event = self._newest != _LONG_AGO
        return Found(
            self._lines,
            end,
            self._events,
            self._like_seconds,
            self._newest if any_event else None,
            self._rejected,
            [_encode(share) if share else b"" for share in self._shares],
        )

    def _deal_out(self, reading: Reading, first: int) -> None:
        """Put the rows that matter to the others of their user; each line of a log comes by here, so it is one loop."""
        sieve, lateness, unknown = self._sieve, self._lateness, self.unknown
        topics = None if sieve is None else sieve.topics
        shares, jobs = self._shares, len(self._shares)
        newest = self._newest
        oldest = min(self.oldest, reading.rows[0].time)
        for place, row in zip(reading.places, reading.rows):  # noqa: B905  # they are of one length
            time = row.time
            if time >= newest:
                newest = time
            elif newest - time > lateness:
                self.is_sorted = False
                continue
            elif time < oldest:
                oldest = time
            if topics is not None and sieve is not None:
                topic = topics[row.type][row.campaign]
                if topic is None or (topic is LOOK and not sieve.lets_through(row, unknown)):
                    continue
            user = row.user
            shares[crc32(user.encode()) % jobs].append(
                (first + place, user, row.type, time, row.id, row.campaign, row.card, row.name, row.properties)
            )
        self._newest, self.oldest = newest, oldest


def _blocks(data: bytes) -> Iterator[Block]:
    """Whole lines, some of them at a time."""
    start = 0
    while start < len(data):
        end = data.rfind(b"\n", start, start + _AT_ONCE) + 1 or data.find(b"\n", start) + 1 or len(data)
        yield Block.of(data[start:end])
        start = end
