"""Timers against a list that is sorted each time, and the memory that they keep."""

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from connrules.run.state import Wait
from connrules.run.timers import NEVER, Forget, Timer, Timers

DELAYS = (0, 1, 5, 5, 60)


class Setting(NamedTuple):
    """Set a timer some time after the one before."""

    later: int
    delay: int
    forget: bool = False
    unordered: bool = False


class Cancelling(NamedTuple):
    """Let one of the timers die."""

    which: int


class Moving(NamedTuple):
    """Let time move on, and fire what is due."""

    later: int


OPERATIONS = st.lists(
    st.one_of(
        st.builds(Setting, st.integers(0, 3), st.sampled_from(DELAYS), st.booleans()),
        st.builds(Setting, st.integers(0, 3), st.integers(0, 70), st.just(False), st.just(True)),
        st.builds(Cancelling, st.integers(0, 100)),
        st.builds(Moving, st.integers(0, 80)),
    ),
    max_size=80,
)


def wait(due: int, start: int, user: str = "u") -> Wait:
    return Wait(due, start, user, 0, 0, "e", 0, None, ())


class World:
    """Timers, and beside them the list of those that are alive, each with its turn among those of one instant."""

    def __init__(self) -> None:
        self.now = self.starts = self.dead = 0
        self.alive: list[Timer] = []
        self.timers = Timers(lambda timer: any(timer is other for other in self.alive))

    def run(self, operation: Setting | Cancelling | Moving) -> None:
        match operation:
            case Setting(later, delay, _, unordered=True):
                self.now += later
                self.fire()
                clocked = wait(self.now + delay, self.starts)
                self.starts += 1
                self.alive.append(clocked)
                self.timers.add_unordered(clocked)
            case Setting(later, delay, forget):
                self.now += later
                self.fire()
                timer: Timer = Forget(self.now + delay, "u", 0) if forget else wait(self.now + delay, self.starts)
                self.starts += 1
                self.alive.append(timer)
                self.timers.add(self.timers.queue(type(timer), delay), timer)
            case Cancelling(which) if self.alive:
                del self.alive[which % len(self.alive)]
                self.timers.one_died()
            case Cancelling():
                pass
            case Moving(later):
                self.now += later
                self.fire()

    def fire(self) -> None:
        """Take out what is due, and compare with the list."""
        fired = []
        while self.timers.next_due <= self.now:
            timer = self.timers.pop()
            if any(timer is other for other in self.alive):
                fired.append(timer)
            else:
                self.timers.one_was_dead()
        due = sorted((t for t in self.alive if t.due <= self.now), key=lambda t: (t.due, t.start))
        assert [(t.due, t.start) for t in fired] == [(t.due, t.start) for t in due]
        self.alive = [t for t in self.alive if t.due > self.now]


@given(operations=OPERATIONS)
def test_timers_fire_in_order_of_due_instant_and_start(operations: list[Setting | Cancelling | Moving]) -> None:
    world = World()
    for operation in operations:
        world.run(operation)
        assert len(world.timers) >= len(world.alive)
    world.run(Moving(1_000))
    assert (len(world.timers), world.alive, world.timers.next_due) == (0, [], NEVER)


def test_due_before_at_and_after() -> None:
    for due, expected in ((9, False), (10, True), (11, True)):
        timers = Timers(lambda _: True)
        timers.add(timers.queue(Wait, 10), wait(10, 0))
        assert (timers.next_due <= due) == expected


def test_what_leaves_a_window_does_so_before_the_sends_that_are_due_then() -> None:
    timers = Timers(lambda _: True)
    timers.add(timers.queue(Wait, 10), wait(10, 0))
    timers.add(timers.queue(Forget, 3), Forget(10, "u", 0))
    assert [type(timers.pop()), type(timers.pop())] == [Forget, Wait]


def test_rules_of_one_delay_share_a_queue() -> None:
    timers = Timers(lambda _: True)
    assert timers.queue(Wait, 5) is timers.queue(Wait, 5)
    assert timers.queue(Wait, 5) is not timers.queue(Wait, 6)
    assert timers.queue(Wait, 5) is not timers.queue(Forget, 5)


def test_the_dead_are_buried_before_they_outnumber_the_living() -> None:
    alive: set[int] = set()
    timers = Timers(lambda timer: timer.start in alive)
    queues = [timers.queue(Wait, delay) for delay in (10**9, 2 * 10**9)]
    for start in range(50_000):
        alive.add(start)
        timers.add(queues[start % 2], wait(start + (1 + start % 2) * 10**9, start))
        if start % 500:  # all but every five hundredth die at once
            alive.discard(start)
            timers.one_died()
        assert len(timers) <= 2 * len(alive) + 1_002
    fired = []
    while timers.next_due < NEVER:
        timer = timers.pop()
        fired += [timer.start] if timer.start in alive else []
    assert fired == sorted(alive)


def test_the_dead_among_those_in_no_order_are_buried_too() -> None:
    alive: set[int] = set()
    timers = Timers(lambda timer: timer.start in alive)
    for start in range(20_000):
        alive.add(start)
        timers.add_unordered(wait(10**9 - start % 7, start))
        if start % 500:
            alive.discard(start)
            timers.one_died()
        assert len(timers) <= 2 * len(alive) + 1_002
    fired = [timer for timer in (timers.pop() for _ in range(len(timers))) if timer.start in alive]
    assert [(t.due, t.start) for t in fired] == sorted((10**9 - start % 7, start) for start in alive)
    assert timers.next_due == NEVER


def test_burying_everything_leaves_nothing_due() -> None:
    timers = Timers(lambda _: False)
    queue = timers.queue(Wait, 5)
    for start in range(1_001):
        timers.add(queue, wait(start, start))
    for _ in range(1_001):
        timers.one_died()
    assert (len(timers), timers.next_due) == (0, NEVER)
    timers.add(queue, wait(7, 2_000))
    assert (len(timers), timers.next_due) == (1, 7)
