"""What is due when. Time moves forward, so timers of one delay come due in the order in which they were set: there is
one queue per distinct delay, and a small heap of the queues' heads.

What was cancelled stays in its queue until it comes up, or until too much of it is dead.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from connrules.run.state import Wait

FORGET = -1
"""The start number of a timer that only forgets old sends: before all waits that are due at the same instant."""
_FEW = 1_000


class Forget(NamedTuple):
    """The instant at which a send leaves the window in which it counts."""

    due: int
    start: int
    user: str
    rule: int

    @classmethod
    def of(cls, sent: int, window: int, user: str, rule: int) -> "Forget":
        """The timer for a send at an instant that counts for `window` milliseconds."""
        return cls(sent + window, FORGET, user, rule)


Timer = Wait | Forget
Queue = tuple[type[Timer], int]
"""Timers of one type and one delay, in milliseconds."""


class Timers:
    """All timers of an engine. `is_live` tells whether a timer still stands for something."""

    def __init__(self, is_live: Callable[[Timer], bool]) -> None:
        self._queues: dict[Queue, deque[Timer]] = {}
        self._heads: list[tuple[int, int, Queue]] = []
        self._is_live = is_live
        self._size = 0
        self._dead = 0

    def __len__(self) -> int:
        return self._size

    def add(self, timer: Timer, delay: int) -> None:
        """Set a timer. Those of one type and delay are added in the order in which they come due."""
        key = (type(timer), delay)
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = deque()
        if not queue:
            heapq.heappush(self._heads, (timer.due, timer.start, key))
        queue.append(timer)
        self._size += 1

    def one_died(self) -> None:
        """One of the timers no longer stands for anything. Memory follows those that do."""
        self._dead += 1
        if self._dead > _FEW and self._dead * 2 > self._size:
            self._bury()

    def any_due(self, instant: int) -> bool:
        """Whether a timer, live or not, is due at or before an instant."""
        return bool(self._heads) and self._heads[0][0] <= instant

    def due(self, instant: int) -> Iterator[Timer]:
        """Take out, in order, the live timers that are due at or before an instant."""
        while self._heads and self._heads[0][0] <= instant:
            key = self._heads[0][2]
            queue = self._queues[key]
            timer = queue.popleft()
            self._size -= 1
            if queue:
                heapq.heapreplace(self._heads, (queue[0].due, queue[0].start, key))
            else:
                heapq.heappop(self._heads)
                del self._queues[key]
            if self._is_live(timer):
                yield timer
            else:
                self._dead -= 1

    def _bury(self) -> None:
        live = {key: deque(filter(self._is_live, queue)) for key, queue in self._queues.items()}
        self._queues = {key: queue for key, queue in live.items() if queue}
        self._heads = [(queue[0].due, queue[0].start, key) for key, queue in self._queues.items()]
        heapq.heapify(self._heads)
        self._size = sum(map(len, self._queues.values()))
        self._dead = 0
