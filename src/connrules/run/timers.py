"""What is due when. Time moves forward, so timers of one delay come due in the order in which they were set: there is
one queue per distinct delay, and a small heap of the queues' heads. Sends that clocks on the wall make due come in no
order; they stand in a heap of their own.

What was cancelled stays in its queue until it comes up, or until too much of it is dead.
"""

import heapq
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from connrules.run.state import Goal, Wait

NEVER: Final = 2**62
_BEFORE_WAITS: Final = -1
_FEW: Final = 1_000


class Forget(NamedTuple):
    """The instant at which a send leaves the window in which it counts; before all waits that are due then."""

    due: int
    user: str
    quota: int
    start: int = _BEFORE_WAITS


Timer = Wait | Goal | Forget


class Queue(NamedTuple):
    """Timers that all have the same delay, in the order in which they come due."""

    number: int
    timers: deque[Timer]


class Timers:
    """All timers of an engine. `is_live` tells whether a timer still stands for something."""

    def __init__(self, is_live: Callable[[Timer], bool]) -> None:
        self.next_due = NEVER
        """The instant at which the next timer is due, live or not."""
        self._queues: list[Queue] = []
        self._by_delay: dict[tuple[type[Timer], int], Queue] = {}
        self._heads: list[tuple[int, int, int]] = []
        self._unordered: list[tuple[int, int, Wait]] = []
        self._is_live = is_live
        self._size = 0
        self._dead = 0

    def __len__(self) -> int:
        return self._size

    def queue(self, kind: type[Timer], delay: int) -> Queue:
        """The queue for timers of a kind that come due `delay` milliseconds after they are set."""
        queue = self._by_delay.get((kind, delay))
        if queue is None:
            queue = self._by_delay[kind, delay] = Queue(len(self._queues), deque())
            self._queues.append(queue)
        return queue

    def add(self, queue: Queue, timer: Timer) -> None:
        """Set a timer; in one queue, none comes due before those set earlier."""
        if not queue.timers:
            heapq.heappush(self._heads, (timer.due, timer.start, queue.number))
            self.next_due = min(self.next_due, timer.due)
        queue.timers.append(timer)
        self._size += 1

    def add_unordered(self, wait: Wait) -> None:
        """Set a timer that may come due before those set earlier."""
        heapq.heappush(self._unordered, (wait.due, wait.start, wait))
        self.next_due = min(self.next_due, wait.due)
        self._size += 1

    def pop(self) -> Timer:
        """Take out the next timer: by due instant, then by start number. Raises IndexError where there is none."""
        heads, unordered = self._heads, self._unordered
        if unordered and (not heads or unordered[0][:2] < heads[0][:2]):
            self._size -= 1
            _, _, wait = heapq.heappop(unordered)
            self._look_ahead()
            return wait
        number = heads[0][2]
        timers = self._queues[number].timers
        timer = timers.popleft()
        self._size -= 1
        if timers:
            heapq.heapreplace(heads, (timers[0].due, timers[0].start, number))
        else:
            heapq.heappop(heads)
        if unordered:
            self._look_ahead()
        else:
            self.next_due = heads[0][0] if heads else NEVER
        return timer

    def one_died(self) -> None:
        """One of the timers no longer stands for anything. Memory follows those that do."""
        self._dead += 1
        if self._dead > _FEW and self._dead * 2 > self._size:
            self._bury()

    def one_was_dead(self) -> None:
        """A timer that was taken out stood for nothing."""
        self._dead -= 1

    def _look_ahead(self) -> None:
        """See when the next timer is due."""
        self.next_due = self._heads[0][0] if self._heads else NEVER
        if self._unordered and self._unordered[0][0] < self.next_due:
            self.next_due = self._unordered[0][0]

    def _bury(self) -> None:
        for queue in self._queues:
            live = [timer for timer in queue.timers if self._is_live(timer)]
            queue.timers.clear()
            queue.timers.extend(live)
        waiting = (queue for queue in self._queues if queue.timers)
        self._heads = [(q.timers[0].due, q.timers[0].start, q.number) for q in waiting]
        heapq.heapify(self._heads)
        self._unordered = [entry for entry in self._unordered if self._is_live(entry[2])]
        heapq.heapify(self._unordered)
        self._size = sum(len(queue.timers) for queue in self._queues) + len(self._unordered)
        self._dead = 0
        self._look_ahead()
