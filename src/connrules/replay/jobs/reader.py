"""The half of a worker that reads: it finds in a piece of the log the rows that matter, and deals them out by user.

Whether an event is late depends on all that came before it, which the worker learns one round later. It then looks at
the piece for a second time, if anything in it can be late; a log that is sorted, or whose events are out of order by no
more than the allowed lateness, needs no second look.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate, compress
from typing import IO, Final
from zlib import crc32

import msgspec

from connrules.connectors.rows import Reading, RowReader
from connrules.connectors.streams import Block
from connrules.event import Row
from connrules.replay.jobs.messages import Before, Found, Piece, Range, Rejected, Settled
from connrules.replay.jobs.ranges import Lines, read_range
from connrules.run.sieve import Sieve, Unknown

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
        self._lines = Lines(b"", 0, 0, 0)
        self._search = _Search(sieve, jobs, lateness)

    def find(self, piece: Piece) -> Found:
        """What is in a piece. Raises OSError where it cannot be read."""
        self._lines = self._read(piece)
        search = self._search = _Search(self._sieve, self._jobs, self._lateness)
        for block in _blocks(self._lines):
            search.look(block, self._rows.read(block, None))
        return search.found(self._lines.end)

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

    def _read(self, piece: Piece) -> Lines:
        if isinstance(piece, Range):
            assert self._file is not None, "ranges are of files"
            return read_range(self._file, piece)
        return Lines(piece, 0, len(piece), 0)

    def _look_again(self, before: Before) -> Settled:
        """Go through a piece event by event."""
        newest = _LONG_AGO if before.newest is None else before.newest
        in_time: list[Row] = []
        late = worst = 0
        lines: list[bytes] = []
        for line, row in self._events():
            behind = newest - row.time
            newest = max(newest, row.time)
            if behind <= self._lateness:
                in_time.append(row)
                continue
            late += 1
            worst = max(worst, behind)
            if self._wants_late:
                lines.append(line.removesuffix(b"\n"))
        unknown = Unknown(Counter(), Counter())
        if self._sieve is not None:
            self._sieve.let_through(range(len(in_time)), in_time, unknown)
        return Settled(unknown, late, worst, lines)

    def _events(self) -> Iterator[tuple[bytes, Row]]:
        for block in _blocks(self._lines):
            reading = self._rows.read(block, None)
            for place, row in zip(reading.places, reading.rows, strict=True):
                yield block.lines[place], row


class _Search:
    """What was found in a piece so far."""

    def __init__(self, sieve: Sieve | None, jobs: int, lateness: int) -> None:
        self._sieve = sieve
        self._lateness = lateness
        self._shares: list[tuple[list[int], list[Row]]] = [([], []) for _ in range(jobs)]
        self._rejected: list[Rejected] = []
        self._lines = self._events = self._like_seconds = 0
        self._newest = _LONG_AGO
        self.oldest = -_LONG_AGO
        self.is_sorted = True
        """Whether no event is late because of another in the piece."""
        self.unknown = Unknown(Counter(), Counter())

    def look(self, block: Block, reading: Reading) -> None:
        """Look at the lines of the piece that come next."""
        for place, why in reading.rejected:
            line = block.text(place)
            self._rejected.append(Rejected(self._lines + place, line, why))
        if reading.rows:
            self._deal_out(*self._perhaps_in_time(reading))
        self._like_seconds += reading.like_seconds
        self._events += len(reading.rows)
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
            [_encode(share) if share[0] else b"" for share in self._shares],
        )

    def _perhaps_in_time(self, reading: Reading) -> tuple[Sequence[int], Sequence[Row]]:
        """The rows, and their places, but for those that are late because of others in the piece."""
        places, rows = reading.places, reading.rows
        times = [row.time for row in rows]
        oldest = times[0]
        if oldest >= self._newest and sorted(times) == times:  # as in most logs
            self._newest = times[-1]
            self.oldest = min(self.oldest, oldest)
            return places, rows
        oldest = min(times)
        self.oldest = min(self.oldest, oldest)
        newest_of = list(accumulate(times, max, initial=self._newest))
        self._newest = newest_of[-1]
        in_time = [newest - time <= self._lateness for time, newest in zip(times, newest_of, strict=False)]
        if all(in_time):
            return places, rows
        self.is_sorted = False
        return list(compress(places, in_time)), list(compress(rows, in_time))

    def _deal_out(self, places: Sequence[int], rows: Sequence[Row]) -> None:
        """Put the rows that may change anything to the others of their user."""
        if self._sieve is not None:
            places, rows = self._sieve.let_through(places, rows, self.unknown)
        first, shares, jobs = self._lines, self._shares, len(self._shares)
        for place, row in zip(places, rows, strict=True):
            of_user, rows_of_user = shares[crc32(row.user.encode()) % jobs]
            of_user.append(first + place)
            rows_of_user.append(row)


def _blocks(lines: Lines) -> Iterator[Block]:
    """Whole lines, some of them at a time."""
    data, start, stop, _ = lines
    while start < stop:
        end = data.rfind(b"\n", start, min(start + _AT_ONCE, stop)) + 1 or data.find(b"\n", start, stop) + 1 or stop
        yield Block.of(data[start:end])
        start = end
