"""What is due when. Time moves forward, so timers of one delay come due in the order in which they were set: there is
one queue per distinct delay, and a small heap of the queues' heads.

At one instant sends are due in start order. That is the order of their triggers' instants, for those of one instant and
one delay stand in one queue. Where clocks on the wall make sends due, or several engines share the work, all waits
stand in a heap, by their places.

What was cancelled stays where it is until it comes up, or until too much of it is dead.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Final, NamedTuple

from connrules.run.state import Goal, Wait

NEVER: Final = 2**62
_BEFORE_WAITS: Final = -NEVER
_FEW: Final = 1_000


class Forget(NamedTuple):
    """A send that leaves the window in which it counts; before all waits that are due then."""

    since: int
    """The instant of the send."""
    user: str
    quota: int


Timer = Wait | Goal | Forget
Numbered = tuple[int, int, int, Wait]
"""A wait by its due instant, and by start order: the instant of its trigger and its place."""


class Queue:
    """Timers that all have the same delay, in the order in which they come due."""

    __slots__ = ("delay", "number", "of_waits", "timers")

    def __init__(self, number: int, delay: int, *, of_waits: bool) -> None:
        self.number = number
        self.delay = delay
        self.of_waits = of_waits
        self.timers: deque[Timer] = deque()

    @property
    def head(self) -> tuple[int, int, int]:
        """Its place among the queues, by what comes due next."""
        since = self.timers[0].since
        return since + self.delay, since if self.of_waits else _BEFORE_WAITS, self.number


class Timers:
    """All timers of an engine. `is_live` tells whether a timer still stands for something."""

    def __init__(self, is_live: Callable[[Timer], bool]) -> None:
        self.next_due = NEVER
        """The instant at which the next timer is due, live or not."""
        self.size = 0
        """How many timers are set, live or not."""
        self._queues: list[Queue] = []
        self._by_delay: dict[tuple[type[Timer], int], Queue] = {}
        self._heads: list[tuple[int, int, int]] = []
        self._numbered: list[Numbered] = []
        self._is_live = is_live
        self._dead = 0
        self._dead_waits = 0

    @property
    def waiting(self) -> int:
        """How many waits are alive."""
        waits = sum(len(queue.timers) for queue in self._queues if queue.of_waits) + len(self._numbered)
        return waits - self._dead_waits

    def queue(self, kind: type[Timer], delay: int) -> Queue:
        """The queue for timers of a kind that come due `delay` milliseconds after they are set."""
        queue = self._by_delay.get((kind, delay))
        if queue is None:
            queue = self._by_delay[kind, delay] = Queue(len(self._queues), delay, of_waits=kind is Wait)
            self._queues.append(queue)
        return queue

    def add(self, queue: Queue, timer: Timer) -> None:
        """Set a timer; in one queue, none comes due before those set earlier."""
        queue.timers.append(timer)
        self.size += 1
        if len(queue.timers) == 1:
            head = queue.head
            heapq.heappush(self._heads, head)
            self.next_due = min(self.next_due, head[0])

    def add_all(self, queue: Queue, timers: Sequence[Timer]) -> None:
        """Set timers that come due in this order, none before those set earlier in the queue."""
        if timers:
            self.add(queue, timers[0])
            queue.timers.extend(timers[1:])
            self.size += len(timers) - 1

    def add_all_numbered(self, waits: Iterable[Wait]) -> None:
        """The same as `add_numbered` of each."""
        before = len(self._numbered)
        self._numbered += [(wait.due, wait.since, wait.place, wait) for wait in waits]
        heapq.heapify(self._numbered)
        self.size += len(self._numbered) - before
        self._look_ahead()

    def add_numbered(self, wait: Wait) -> None:
        """Set a timer that may come due before those set earlier. Not beside waits in queues."""
        heapq.heappush(self._numbered, (wait.due, wait.since, wait.place, wait))
        self.size += 1
        self.next_due = min(self.next_due, wait.due)

    def pop(self) -> Timer:
        """Take out the next timer: by due instant, waits then in start order. Raises IndexError where there is none."""
        self.size -= 1
        heads = self._heads
        if self._numbered and (not heads or self._numbered[0][:2] < heads[0][:2]):
            timer: Timer = heapq.heappop(self._numbered)[3]
        else:
            queue = self._queues[heads[0][2]]
            timer = queue.timers.popleft()
            if not queue.timers:
                heapq.heappop(heads)
            elif len(heads) == 1:
                heads[0] = queue.head
            else:
                heapq.heapreplace(heads, queue.head)
        self._look_ahead()
        return timer

    def pop_numbered(self, instant: int) -> Numbered | None:
        """Take out the next timer, if it is a numbered wait that is due at or before an instant."""
        numbered, heads = self._numbered, self._heads
        if not numbered or numbered[0][0] > instant or (heads and heads[0][:2] <= numbered[0][:2]):
            return None
        self.size -= 1
        entry = heapq.heappop(numbered)
        self._look_ahead()
        return entry

    def run_of_waits(self, instant: int) -> tuple[Queue, int] | None:
        """The queue whose waits come next, and the instant up to which nothing else comes between; not later than
        `instant`. None: something else is next, or as soon.
        """
        heads = self._heads
        if self._numbered or not heads:
            return None
        queue = self._queues[heads[0][2]]
        last = instant if len(heads) == 1 else min(instant, min(heads[1:3])[0] - 1)  # a heap: the next is one of two
        return (queue, last) if queue.of_waits and heads[0][0] <= last else None

    def taken(self, queue: Queue, count: int) -> None:
        """So many timers were taken out of the queue that comes next."""
        self.size -= count
        if queue.timers:
            heapq.heapreplace(self._heads, queue.head)
        else:
            heapq.heappop(self._heads)
        self._look_ahead()

    @property
    def next_place(self) -> tuple[int, int, int]:
        """The place of the next timer: its due instant, and of a numbered wait where it is in start order."""
        heads, numbered = self._heads, self._numbered
        if numbered and (not heads or numbered[0][:2] < heads[0][:2]):
            return numbered[0][:3]
        return heads[0]

    def numbered(self) -> list[Numbered]:
        """The numbered waits that are alive, in the order in which they are due."""
        return [entry for entry in sorted(self._numbered) if self._is_live(entry[3])]

    def waits(self) -> list[Wait]:
        """The waits that are alive, in the order in which they are due."""
        if self._numbered:
            return [wait for *_, wait in self.numbered()]
        queued = [timer for queue in self._queues for timer in queue.timers if isinstance(timer, Wait)]
        live = [wait for wait in queued if self._is_live(wait)]
        live.sort(
            key=attrgetter("due", "since")
        )  # stable: those that are equal here stand in one queue, in start order
        return live

    def next_live(self) -> int:
        """The instant at which the next timer is due that stands for something; `NEVER`: there is none."""
        while self.next_due < NEVER:
            if self._is_live(self._next):
                return self.next_due
            self.one_was_dead(self.pop())
        return NEVER

    def clear(self) -> None:
        """Forget all timers."""
        for *_, number in self._heads:
            self._queues[number].timers.clear()
        self._heads.clear()
        self._numbered.clear()
        self.size = self._dead = self._dead_waits = 0
        self.next_due = NEVER

    def one_died(self, timer: Timer) -> None:
        """One of the timers no longer stands for anything. Memory follows those that do."""
        self._dead += 1
        self._dead_waits += isinstance(timer, Wait)
        if self._dead > _FEW and self._dead * 2 > self.size:
            self._bury()

    def one_was_dead(self, timer: Timer) -> None:
        """A timer that was taken out stood for nothing."""
        self._dead -= 1
        self._dead_waits -= isinstance(timer, Wait)

    @property
    def _next(self) -> Timer:
        heads, numbered = self._heads, self._numbered
        if numbered and (not heads or numbered[0][:2] < heads[0][:2]):
            return numbered[0][3]
        return self._queues[heads[0][2]].timers[0]

    def _look_ahead(self) -> None:
        """See when the next timer is due."""
        self.next_due = self._heads[0][0] if self._heads else NEVER
        if self._numbered and self._numbered[0][0] < self.next_due:
            self.next_due = self._numbered[0][0]

    def _bury(self) -> None:
        for queue in self._queues:
            live = [timer for timer in queue.timers if self._is_live(timer)]
            queue.timers.clear()
            queue.timers.extend(live)
        self._heads = [queue.head for queue in self._queues if queue.timers]
        heapq.heapify(self._heads)
        self._numbered = [entry for entry in self._numbered if self._is_live(entry[3])]
        heapq.heapify(self._numbered)
        self.size = sum(len(queue.timers) for queue in self._queues) + len(self._numbered)
        self._dead = self._dead_waits = 0
        self._look_ahead()
