"""The end of a bounded input: a cluster tells each worker that it has come, and this tells them how far time had got.

One worker hears of all ticks and remembers the newest. When the input is at its end, it says so to every key group, and
so to every worker: each has some of these. Only then is it the end for the users.
"""

from collections.abc import Iterator
from typing import Final, Protocol

from connrules.flink.gate import Passed
from connrules.flink.users import END, Timers

_LAST: Final = END - 1


class Newest(Protocol):
    """The newest tick: one value."""

    def value(self) -> int | None: ...  # noqa: D102  # as in Flink's ValueState
    def update(self, value: int, /) -> None: ...  # noqa: D102  # as above


class Ending:
    """Remembers how far time has got. `keys` are such that every key group has one of them."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._keys = keys

    def on_tick(self, time: int, newest: Newest, timers: Timers) -> None:
        """Time has got to an instant (epoch ms)."""
        before = newest.value()
        if before is None:
            timers.register_event_time_timer(_LAST)
        if before is None or time > before:
            newest.update(time)

    def on_timer(self, newest: Newest) -> Iterator[Passed]:
        """The input is at its end: what to say to each key group."""
        time = newest.value()
        if time is not None:
            yield from (Passed(key, time, "") for key in self._keys)
