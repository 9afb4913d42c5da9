"""What is due when: a heap of instants. What was cancelled stays in it until it comes up or too much of it is dead."""

import heapq
from collections.abc import Callable, Iterator
from typing import NamedTuple

FORGET = -1
"""The start number of a timer that only forgets old sends: before all waits that are due at the same instant."""
_FEW = 1_000


class Timer(NamedTuple):
    """One instant at which something is due for a rule and a user. Compares by instant, then start order."""

    due: int
    start: int
    user: str
    rule: int


class Timers:
    """All timers of an engine. `is_live` tells whether a timer still stands for something."""

    def __init__(self, is_live: Callable[[Timer], bool]) -> None:
        self._heap: list[Timer] = []
        self._is_live = is_live
        self._dead = 0

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, timer: Timer) -> None:
        """Set a timer."""
        heapq.heappush(self._heap, timer)

    def one_died(self) -> None:
        """One of the timers no longer stands for anything. Memory follows those that do."""
        self._dead += 1
        if self._dead > _FEW and self._dead * 2 > len(self._heap):
            self._heap = [timer for timer in self._heap if self._is_live(timer)]
            heapq.heapify(self._heap)
            self._dead = 0

    def due(self, instant: int) -> Iterator[Timer]:
        """Take out, in order, the live timers that are due at or before an instant."""
        while self._heap and self._heap[0].due <= instant:
            timer = heapq.heappop(self._heap)
            if self._is_live(timer):
                yield timer
            else:
                self._dead -= 1
