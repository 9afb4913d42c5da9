"""A log of JSON lines run through the streaming engine, a block of lines at a time."""

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

from connrules.connectors.rows import Reading, RowReader
from connrules.connectors.streams import Block, Lines
from connrules.event import Outcome, Row
from connrules.run.counts import Counts
from connrules.run.engine import Engine
from connrules.run.needs import needs_of

OnReject = Callable[[int, bytes, str], object]
"""Is told the number of a line that is no event, the line without its line break, and why it is none."""
OnLate = Callable[[bytes], object]
"""Is given the line of a late event as it came, without its line break."""


class StreamReplay:
    """Runs the lines of a log through an engine that has seen no event yet.

    Lines that are no events go to `on_reject`, those of late events to `on_late`.
    """

    def __init__(
        self, engine: Engine, lines: Lines, *, on_reject: OnReject, on_late: OnLate, note: str | None = None
    ) -> None:
        self._engine = engine
        self._lines = lines
        self._reader = RowReader(needs_of(engine.plan))
        self._on_reject = on_reject
        self._on_late = on_late
        self.note = note
        self.rejected = 0
        self.like_seconds = 0
        self.worst_late = 0

    @property
    def counts(self) -> Counts:
        """What was seen and decided so far."""
        return self._engine.counts

    @property
    def newest(self) -> int | None:
        """The instant (epoch ms) up to which all is decided; None before any event."""
        return self._engine.watermark

    def batches(self, until: int | None) -> Iterator[Sequence[Outcome]]:
        """All outcomes in order, a batch at a time, those pending last. Raises UnreadableError."""
        first = 1
        for block in self._lines.blocks():
            yield self._decide(block, first)
            first += len(block.lines)
        yield self._engine.finish(until)

    def close(self) -> None:
        """Let go of the log."""
        self._lines.close()

    def _decide(self, block: Block, first: int) -> list[Outcome]:
        reading = self._reader.read(block, first)
        self.like_seconds += reading.like_seconds
        self.rejected += len(reading.rejected)
        for place, why in reading.rejected:
            self._on_reject(first + place, block.text(place), why)
        newest = self._newest_seen
        late: list[int] = []
        outcomes = self._engine.take(reading.rows, first, lambda index, _: late.append(index))
        if late:
            self._tell_late(late, reading, block, newest)
        return outcomes

    @property
    def _newest_seen(self) -> int | None:
        watermark = self._engine.watermark
        return None if watermark is None else watermark + self._engine.lateness

    def _tell_late(self, late: Sequence[int], reading: Reading, block: Block, newest: int | None) -> None:
        self.worst_late = max(self.worst_late, worst_of(late, reading.rows, newest))
        for index in late:
            self._on_late(block.lines[reading.places[index]].removesuffix(b"\n"))


def worst_of(late: Sequence[int], rows: Sequence[Row], newest: int | None) -> int:
    """By how many milliseconds one of the late ones among some rows is older than the newest before it, at most.

    `newest` is the greatest time (epoch ms) before the rows.
    """
    times = [row.time for row in rows]
    newest_of = list(accumulate(times, max, initial=times[0] if newest is None else newest))
    return max(newest_of[index] - times[index] for index in late)
