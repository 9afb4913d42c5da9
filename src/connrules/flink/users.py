"""What a keyed operator of a cluster does with one user: events come, timers fire, and state is a value of bytes.

The cluster fires a timer for an instant when no event up to and at that instant can come any more. What is due at an
instant comes before the events of that instant: so it is asked for one millisecond earlier. There is one timer for a
user at a time, for whatever comes next.
"""

from typing import Final, NamedTuple, Protocol

from connrules.connectors.jsonl import encode_outcome
from connrules.connectors.rows import RowReader
from connrules.duration import EARLIEST
from connrules.event import Outcome
from connrules.flink.gate import Passed, name_of
from connrules.run.keyed import KeyedEngine, Turn

END: Final = 2**63 - 1
"""The watermark that says that the input is at its end."""


class Timers(Protocol):
    """The event-time timers of a key; instants are epoch milliseconds."""

    def current_watermark(self) -> int: ...  # noqa: D102  # as in Flink's TimerService
    def register_event_time_timer(self, timestamp: int, /) -> None: ...  # noqa: D102  # as above
    def delete_event_time_timer(self, timestamp: int, /) -> None: ...  # noqa: D102  # as above


class State(Protocol):
    """The state of a key: one value."""

    def value(self) -> bytes | None: ...  # noqa: D102  # as in Flink's ValueState
    def update(self, value: bytes, /) -> None: ...  # noqa: D102  # as above
    def clear(self) -> None: ...  # noqa: D102  # as above


class Late(NamedTuple):
    """An event that came when all up to a later instant was decided. It changed nothing."""

    line: str


class Users:
    """Decides for users, one at a time. `until` (epoch ms) is how far time moves on at the end of the input, if that is
    later than the newest event.
    """

    def __init__(self, engine: KeyedEngine, until: int | None) -> None:
        self._engine = engine
        self._reader = RowReader(engine.needs)
        self._end = EARLIEST if until is None else until
        """How far time moves on at the end of the input."""

    def on_passed(self, passed: Passed, state: State, timers: Timers) -> Late | list[Outcome]:
        """Take in what the gate let through."""
        if not passed.line:
            self._end = max(self._end, passed.time)
            return []
        watermark = timers.current_watermark()
        if passed.time <= watermark:
            return Late(passed.line)
        row = self._reader.read_one(passed.line.encode(errors="replace"))
        now = max(watermark + 1, EARLIEST)
        turn = self._engine.turn(passed.user, state.value(), now, row, known_as=name_of(row, passed.line))
        if turn.is_late:
            return Late(passed.line)
        _keep(turn, state, timers)
        return turn.outcomes

    def on_timer(self, user: str, state: State, timers: Timers) -> list[Outcome]:
        """Decide what time has reached."""
        before, watermark = state.value(), timers.current_watermark()
        if before is None:
            return []
        if watermark < END:
            turn = self._engine.turn(user, before, watermark + 1)
            _keep(turn, state, timers)
        else:
            turn = self._engine.turn(user, before, self._end, ends=True)
            _keep(turn._replace(next=turn.was), state, timers)  # time is at its end: no timer is to be set any more
        return turn.outcomes


def line_of(outcome: Outcome) -> str:
    """An outcome as a line of JSON, without the line break."""
    return encode_outcome(outcome).decode().removesuffix("\n")


def _keep(turn: Turn, state: State, timers: Timers) -> None:
    """Keep the state of a user, and set the timer that it asks for in place of the one before."""
    if turn.state is None:
        state.clear()
    else:
        state.update(turn.state)
    if turn.next != turn.was:
        if turn.was is not None:
            timers.delete_event_time_timer(turn.was - 1)
        if turn.next is not None:
            timers.register_event_time_timer(turn.next - 1)
