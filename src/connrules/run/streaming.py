"""Events from an asynchronous source, outcomes as they come about: an engine's way through asyncio.

A task reads the source into a buffer while the engine decides what was there before, so what came meanwhile is taken
together. Nothing but the waiting is done here: what a step does to the engine, and what of it is given out when the
loop is left amid a batch, is the engine's to say.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, Iterator
from contextlib import aclosing
from typing import Final, NamedTuple, Protocol

from connrules.event import Event, Outcome
from connrules.run.wellformed import check_instant

Item = Event | list[Event] | tuple[Event | list[Event], bytes | None]
"""What a source gives: an event, a list of events, or either with the position in the input behind it."""
Clock = Callable[[], int]
"""Tells the time, in epoch milliseconds."""


class Step(NamedTuple):
    """What an engine is to do next: take in events, commit how far the input was read, or move time on."""

    events: list[Event]
    position: bytes | None = None
    is_idle: bool = False
    """Whether nothing came for a while."""


_FIRST: Final = Step([])
_IDLE: Final = Step([], is_idle=True)
Take = Callable[[Step], Awaitable[Iterable[Outcome]]]
"""Takes a step, and gives what is to be given out: what is not asked for was not given out."""


async def stream(
    source: AsyncIterable[Item], take: Take, *, idle: float | None, most: int
) -> AsyncGenerator[Outcome, None]:
    """The outcomes that a source brings about; before its first event those that are left from before.

    With `idle`, a step is taken as often as nothing came for so many seconds. The source is not read further than
    `most` events ahead. What it raises goes through, when what it gave before is decided.
    """
    for outcome in await take(_FIRST):
        yield outcome
    async with aclosing(_steps(source, idle, most)) as steps:
        async for step in steps:
            for outcome in await take(step):
                yield outcome


class Streamed(Protocol):
    """An engine, as much of it as a stream asks for."""

    lateness: int

    @property
    def next_due(self) -> int | None: ...  # noqa: D102  # as in Engine
    def feed_many(self, events: list[Event], /) -> list[Outcome]: ...  # noqa: D102  # as in Engine
    def advance_to(self, time: int, /) -> list[Outcome]: ...  # noqa: D102  # as in Engine


def through(  # noqa: PLR0913  # what a stream is made with
    engine: Streamed, left: deque[Outcome], source: AsyncIterable[Item], *, clock: Clock | None, idle: float, most: int
) -> AsyncGenerator[Outcome, None]:
    """A stream through an engine of which nothing is kept but in memory: what is not given out stays in `left`.

    Raises TypeError or ValueError where one of the things that it is made with makes no sense.
    """
    check_stream(source, clock, idle, most)

    async def take(step: Step) -> Iterator[Outcome]:
        now = time_of(step, clock, engine.lateness, engine.next_due)
        left.extend(engine.feed_many(step.events) if now is None else engine.advance_to(now))
        return _emptying(left)

    return stream(source, take, idle=None if clock is None else idle, most=most)


def time_of(step: Step, clock: Clock | None, lateness: int, due: int | None) -> int | None:
    """The instant (epoch ms) to which a step moves time on; None: it does not.

    Where nothing is due, it stays: events that come a little later are not late for nothing.
    """
    if clock is None or due is None or not step.is_idle:
        return None
    told = clock()
    check_instant(told)
    now = told - lateness
    return None if now < due else now


def check_stream(source: object, clock: object, idle: object, most: object) -> None:
    """Raise TypeError or ValueError where one of the things that a stream is made with makes no sense."""
    if not hasattr(source, "__aiter__"):
        raise TypeError("a source is gone through with `async for`; for a list of events there is `feed_many`")
    if clock is not None and not callable(clock):
        raise TypeError("a clock is called and gives epoch milliseconds")
    if isinstance(idle, bool) or not isinstance(idle, int | float):
        raise TypeError(f"idle is a number of seconds, not {idle!r}")
    if type(most) is not int:
        raise TypeError(f"most is a number of events, not {most!r}")
    if not idle > 0:
        raise ValueError(f"idle is a number of seconds above 0, not {idle}")
    if most < 1:
        raise ValueError(f"most is a number of events from 1 up, not {most}")


def _emptying(outcomes: deque[Outcome]) -> Iterator[Outcome]:
    while outcomes:
        yield outcomes.popleft()


async def _steps(source: AsyncIterable[Item], idle: float | None, most: int) -> AsyncGenerator[Step, None]:
    buffer = _Buffer(most)
    reading = asyncio.create_task(buffer.fill(source))
    try:
        while True:
            if not await buffer.has_something(idle):
                yield _IDLE
            elif buffer.is_filled:
                yield buffer.take()
            else:
                break
        await reading
    finally:
        reading.cancel()
        await asyncio.wait([reading])


class _Buffer:
    """What was read of a source and not taken yet."""

    def __init__(self, most: int) -> None:
        self.is_filled = False
        self._has_ended = False
        self._most = most
        self._events: list[Event] = []
        self._position: bytes | None = None
        self._told = asyncio.Event()
        """Set when something was read, and when the source has ended."""
        self._has_room = asyncio.Event()

    async def fill(self, source: AsyncIterable[Item]) -> None:
        """Read a source to its end; wait where there is no room."""
        try:
            async for item in source:
                self._put(item)
                if len(self._events) >= self._most:
                    self._has_room.clear()
                    await self._has_room.wait()
        finally:
            self._has_ended = True
            self._told.set()

    async def has_something(self, seconds: float | None) -> bool:
        """Wait until something was read or the source has ended; False: not within so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._told.wait()
        except TimeoutError:
            return self._told.is_set()
        return True

    def take(self) -> Step:
        """All that was read."""
        step = Step(self._events, self._position)
        self._events, self._position, self.is_filled = [], None, False
        if not self._has_ended:
            self._told.clear()
        self._has_room.set()
        return step

    def _put(self, item: Item) -> None:
        events, position = _parts(item)
        self._events += events
        self._position = self._position if position is None else position
        self.is_filled = True
        self._told.set()


def _parts(item: object) -> tuple[list[Event], bytes | None]:
    """The events of an item, and its position."""
    match item:
        case (given, bytes() | None as position):
            pass
        case given:
            position = None
    match given:
        case Event():
            return [given], position
        case list():
            return given, position
        case _:
            raise TypeError(
                f"a source gives events, lists of events, or pairs of either and a position in bytes, not {item!r:.100}"
            )
