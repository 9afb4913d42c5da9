"""What arrives when: which events are late, and where those wait that the watermark has not reached.

The watermark is the greatest event time seen minus the allowed lateness, or the instant up to which time was moved on,
if that is later. Events wait in a list in order of time, those of one instant in order of arrival.
"""

from bisect import bisect_right, insort
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Final, NamedTuple, Self

from connrules.event import Row
from connrules.run.timers import NEVER

Buffered = tuple[int, str, Row]
"""An event that waits for the watermark: its time, what it is known by, and itself."""
OnLate = Callable[[int, Row], object]
"""Is told of a late event, and of its place among those that came together."""

_time: Final = itemgetter(0)
_FEW: Final = 32


class Span(NamedTuple):
    """The least and the greatest of some event times, and whether they are in order."""

    least: int
    greatest: int
    in_order: bool

    @classmethod
    def of(cls, times: list[int], lateness: int) -> Self:
        """The span of some times, of which there is at least one; with a lateness, nobody asks for their order."""
        if not lateness and sorted(times) == times:  # quicker than a look at each, where they are in order
            return cls(times[0], times[-1], in_order=True)
        return cls(min(times), max(times), in_order=False)


class Arrivals:
    """Events as they arrive. `greatest` is the greatest event time (epoch ms) seen, or the instant up to which time was
    moved on, if that is later; None before either.
    """

    def __init__(self, lateness: int) -> None:
        self.lateness = lateness
        self.greatest: int | None = None
        self.newest: int | None = None
        """The greatest time of an event that came since this was made."""
        self.watermark: int | None = None
        self.number = 0
        """How many events arrived so far, or the number of the newest."""
        self.buffer: list[Buffered] = []
        self.fresh: list[Buffered] | None = None
        """Those that came to it since somebody looked; None: nobody wants to know."""

    def admits(self, time: int) -> bool:
        """Whether an event of that time is not late; if so, time moves on to it."""
        if self.watermark is not None and time < self.watermark:
            return False
        self._see(time)
        return True

    def advance(self, instant: int) -> None:
        """Move time on to an instant, as if no older event could still come."""
        self.greatest = instant if self.greatest is None else max(self.greatest, instant)
        self.watermark = instant if self.watermark is None else max(self.watermark, instant)

    def in_time(
        self, rows: Sequence[Row], times: Sequence[int], span: Span, on_late: OnLate
    ) -> tuple[Sequence[Row], Sequence[int]]:
        """Those of some events that are not late, with their numbers; `on_late` is told of the others."""
        numbers: Sequence[int] = range(self.number + 1, self.number + len(rows) + 1)
        self.number += len(rows)
        if self.admits_all(times, span):
            self._see(span.greatest)
            return rows, numbers
        admitted = []
        for index, time in enumerate(times):
            if self.admits(time):
                admitted.append(index)
            else:
                on_late(index, rows[index])
        return [rows[index] for index in admitted], [numbers[index] for index in admitted]

    def hold(self, events: Sequence[Buffered]) -> None:
        """Let events wait for the watermark."""
        if self.fresh is not None:
            self.fresh += events
        if len(events) < _FEW:
            for event in events:
                insort(self.buffer, event, key=_time)
        else:
            self.buffer += events
            self.buffer.sort(key=_time)  # stable, and quick where most is in order

    def reached(self) -> list[Buffered]:
        """Take out the events that the watermark has reached, in order."""
        if not self.buffer or self.watermark is None or self.buffer[0][0] > self.watermark:
            return []
        end = bisect_right(self.buffer, self.watermark, key=_time)
        events = self.buffer[:end]
        del self.buffer[:end]
        return events

    def admits_all(self, times: Sequence[int], span: Span) -> bool:
        """Whether none of some events is late, as is seen at a glance."""
        least, greatest, in_order = span
        if self.watermark is not None and least < self.watermark:
            return False
        return in_order or greatest - least <= self.lateness or not _is_any_late(times, self.lateness)

    def _see(self, time: int) -> None:
        if self.newest is None or time > self.newest:
            self.newest = time
        if self.greatest is None or time > self.greatest:
            self.greatest = time
        reached = self.greatest - self.lateness
        if self.watermark is None or reached > self.watermark:
            self.watermark = reached


def _is_any_late(times: Sequence[int], lateness: int) -> bool:
    """Whether one of some times is too much older than one before it."""
    newest = oldest = -NEVER
    for time in times:
        if time > newest:
            newest, oldest = time, time - lateness
        elif time < oldest:
            return True
    return False
