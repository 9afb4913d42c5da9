"""Timers against a list that is sorted each time, and the memory that they keep."""

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from connrules.run.state import Source, Wait
from connrules.run.timers import NEVER, Forget, Timer, Timers

DELAYS = (0, 1, 5, 5, 60)


class Setting(NamedTuple):
    """Set a timer some time after the one before."""

    later: int
    delay: int
    forget: bool = False


class Cancelling(NamedTuple):
    """Let one of the timers die."""

    which: int


class Moving(NamedTuple):
    """Let time move on, and fire what is due."""

    later: int


Operation = Setting | Cancelling | Moving
OPERATIONS = st.lists(
    st.one_of(
        st.builds(Setting, st.integers(0, 3), st.sampled_from(DELAYS), st.booleans()),
        st.builds(Cancelling, st.integers(0, 100)),
        st.builds(Moving, st.integers(0, 80)),
    ),
    max_size=80,
)


def wait(since: int, delay: int, start: int = 0) -> Wait:
    return Wait("u", f"e{start}", since, Source(0, 0, delay, None), start)


class Turn(NamedTuple):
    """A timer by when it has its turn: what is forgotten comes first, then waits in start order."""

    due: int
    of_waits: bool
    start: int
    timer: Timer


class World:
    """Timers, and beside them the list of those that are alive, each with its turn among those of one instant."""

    def __init__(self, *, numbered: bool) -> None:
        self.now = self.starts = 0
        self.numbered = numbered
        self.alive: list[Turn] = []
        self.timers = Timers(self.is_alive)

    def is_alive(self, timer: Timer) -> bool:
        return any(timer is turn.timer for turn in self.alive)

    def run(self, operation: Operation) -> None:
        match operation:
            case Setting(later, delay, forget):
                self.now += later
                self.fire()
                self.set(delay, forget=forget)
            case Cancelling(which) if self.alive:
                turn = self.alive.pop(which % len(self.alive))
                self.timers.one_died(turn.timer)
            case Cancelling():
                pass
            case Moving(later):
                self.now += later
                self.fire()

    def set(self, delay: int, *, forget: bool) -> None:
        timer: Timer = Forget(self.now, "u", 0) if forget else wait(self.now, delay, self.starts)
        self.alive.append(Turn(self.now + delay, not forget, self.starts, timer))
        if self.numbered and isinstance(timer, Wait):
            self.timers.add_numbered(timer)
        else:
            self.timers.add(self.timers.queue(type(timer), delay), timer)
        self.starts += 1

    def fire(self) -> None:
        """Take out what is due, and compare with the list."""
        fired = []
        while self.timers.next_due <= self.now:
            timer = self.timers.pop()
            if self.is_alive(timer):
                fired.append(timer)
            else:
                self.timers.one_was_dead(timer)
        due = sorted((turn for turn in self.alive if turn.due <= self.now), key=lambda turn: turn[:3])
        assert [place(timer) for timer in fired] == [place(turn.timer) for turn in due]
        assert set(map(known, fired)) == {known(turn.timer) for turn in due}
        self.alive = [turn for turn in self.alive if turn.due > self.now]


def place(timer: Timer) -> object:
    """What the order of timers is told by: what is forgotten at one instant may go in any order."""
    return timer.trigger if isinstance(timer, Wait) else None


def known(timer: Timer) -> object:
    """What tells a timer from those that are not the same to the users."""
    return timer.trigger if isinstance(timer, Wait) else timer


@given(operations=OPERATIONS, numbered=st.booleans())
def test_timers_fire_in_order_of_due_instant_and_start(operations: list[Operation], *, numbered: bool) -> None:
    world = World(numbered=numbered)
    for operation in operations:
        world.run(operation)
        assert world.timers.size >= len(world.alive)
        assert world.timers.waiting == sum(turn.of_waits for turn in world.alive)
    alive = sorted(turn[:3] for turn in world.alive if turn.of_waits)
    starts = [int(wait.trigger[1:]) for wait in world.timers.waits()]
    assert starts == [start for *_, start in alive]
    world.run(Moving(1_000))
    assert (world.timers.size, world.alive, world.timers.next_due) == (0, [], NEVER)


def test_due_before_at_and_after() -> None:
    for due, expected in ((9, False), (10, True), (11, True)):
        timers = Timers(lambda _: True)
        timers.add(timers.queue(Wait, 10), wait(0, 10))
        assert (timers.next_due <= due) == expected


def test_what_leaves_a_window_does_so_before_the_sends_that_are_due_then() -> None:
    timers = Timers(lambda _: True)
    timers.add(timers.queue(Wait, 10), wait(0, 10))
    timers.add(timers.queue(Forget, 3), Forget(7, "u", 0))
    assert [type(timers.pop()), type(timers.pop())] == [Forget, Wait]


def test_rules_of_one_delay_share_a_queue() -> None:
    timers = Timers(lambda _: True)
    assert timers.queue(Wait, 5) is timers.queue(Wait, 5)
    assert timers.queue(Wait, 5) is not timers.queue(Wait, 6)
    assert timers.queue(Wait, 5) is not timers.queue(Forget, 5)


def test_the_dead_are_buried_before_they_outnumber_the_living() -> None:
    alive: set[int] = set()
    timers = Timers(lambda timer: timer.since in alive)
    queues = [timers.queue(Wait, delay) for delay in (10**9, 2 * 10**9)]
    for start in range(50_000):
        alive.add(start)
        new = wait(start, (1 + start % 2) * 10**9)
        timers.add(queues[start % 2], new)
        if start % 500:  # all but every five hundredth die at once
            alive.discard(start)
            timers.one_died(new)
        assert timers.size <= 2 * len(alive) + 1_002
    fired = []
    while timers.next_due < NEVER:
        timer = timers.pop()
        fired += [timer.since] if timer.since in alive else []
    assert fired == sorted(alive, key=lambda start: (start % 2, start))


def test_the_dead_among_the_numbered_are_buried_too() -> None:
    alive: set[int] = set()
    timers = Timers(lambda timer: timer.since in alive)
    for start in range(20_000):
        alive.add(start)
        new = wait(start, 10**9 - start % 7 - start, start)
        timers.add_numbered(new)
        if start % 500:
            alive.discard(start)
            timers.one_died(new)
        assert timers.size <= 2 * len(alive) + 1_002
    fired = [timer.since for timer in (timers.pop() for _ in range(timers.size)) if timer.since in alive]
    assert fired == sorted(alive, key=lambda start: (-(start % 7), start))
    assert timers.next_due == NEVER


def test_burying_everything_leaves_nothing_due() -> None:
    timers = Timers(lambda _: False)
    queue = timers.queue(Wait, 5)
    dead = [wait(start, 5) for start in range(1_001)]
    for timer in dead:
        timers.add(queue, timer)
    for timer in dead:
        timers.one_died(timer)
    assert (timers.size, timers.next_due) == (0, NEVER)
    timers.add(queue, wait(2, 5))
    assert (timers.size, timers.next_due) == (1, 7)
