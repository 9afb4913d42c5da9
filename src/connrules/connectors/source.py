"""Where lines come from: logs that are read one after the other, and one that is still being written."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Final

from connrules.connectors.growing import Growing
from connrules.connectors.position import Position
from connrules.connectors.rotation import Log, cut_off
from connrules.connectors.streams import Lines
from connrules.connectors.tail import Piece, Tail

LOOK: Final = 0.1
"""Seconds between two looks at a file whether somebody has written more."""


class LogSource:
    """Reads logs to their ends, one after the other, from a position in the first.

    `number`, `position` and `size` say how far the log is read that is being read: lines, and bytes on disk of so many,
    0 where nobody knows. `close` lets go of it. Raises UnreadableError.
    """

    def __init__(self, logs: list[Log], begin: Position) -> None:
        self._logs = logs
        self._tail, self._lines = self._open(logs[0], begin)

    @property
    def number(self) -> int:
        """Lines read so far."""
        return self._lines.number

    @property
    def position(self) -> int:
        """Bytes read so far."""
        return self._lines.position

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._lines.size

    @property
    def half_line(self) -> int:
        """How many bytes there are of a last line that is not whole yet."""
        return self._tail.half_line

    def pieces(self) -> Iterator[Piece]:
        """All lines there are."""
        for log in self._logs:
            if log is not self._logs[0]:
                self.close()
                self._tail, self._lines = self._open(log, self._tail.position.of_next(log.real, log.asked))
            while piece := self._tail.take():
                yield piece
            if piece := self._tail.end(is_over=log.is_over):
                yield piece

    def before(self, log: Log) -> Position:
        """The beginning of a log that comes after these."""
        return self._tail.position.of_next(log.real, log.asked)

    def close(self) -> None:
        """Let go of the log."""
        self._lines.close()

    @staticmethod
    def _open(log: Log, begin: Position) -> tuple[Tail, Lines]:
        lines = Lines(log.path)
        with ExitStack() as stack:
            stack.callback(lines.close)
            tail = Tail(lines, begin, log.head)
            stack.pop_all()
        return tail, lines


class Follower:
    """Reads logs, the last of which is being written: for ever, and what takes its place when it is rotated.

    A pipe is read to its end. `wait` waits for so many seconds; `on_note` is told in words what people should know of.
    The rest is as for LogSource.
    """

    size = position = half_line = 0

    def __init__(
        self, logs: list[Log], begin: Position, wait: Callable[[float], object], on_note: Callable[[str], object]
    ) -> None:
        *earlier, self._log = logs
        self._earlier = LogSource(earlier, begin) if earlier else None
        self._wait = wait
        self._on_note = on_note
        self._growing = Growing(self._log.path)
        with ExitStack() as stack:
            stack.callback(self._growing.close)
            self._tail = Tail(self._growing, Position() if earlier else begin, self._log.head)
            stack.pop_all()

    @property
    def number(self) -> int:
        """Lines read so far."""
        return self._growing.number

    def pieces(self, idle: float) -> Iterator[Piece | None]:
        """The lines as they come; None, again and again, as long as none has come for so many seconds."""
        if self._earlier is not None:
            yield from self._earlier.pieces()
            self._earlier.close()
            self._tail = Tail(self._growing, self._earlier.before(self._log))
        quiet = 0.0
        while True:
            if piece := self._next():
                quiet = 0.0
                yield piece
            elif self._growing.is_over:
                return
            elif quiet >= idle:
                yield None
                self._pause()
            else:
                self._pause()
                quiet += LOOK

    def close(self) -> None:
        """Let go of the log."""
        self._growing.close()

    def _next(self) -> Piece | None:
        if piece := self._tail.take():
            return piece
        if self._growing.is_over:
            return self._tail.end(is_over=True)
        if self._growing.is_cut_off:
            self._on_note(cut_off(self._growing.name))
            return self._turn_over()
        if self._growing.is_replaced:  # whoever writes the new one has written all of the old one
            return self._tail.take() or self._turn_over()
        return None

    def _turn_over(self) -> Piece | None:
        """Take what is left of the log, and go on with the one in its place."""
        last = self._tail.end(is_over=True)
        self._growing.close()
        self._growing = Growing(self._log.path)
        self._tail = Tail(self._growing, self._tail.position.of_next(self._log.real, self._log.asked))
        return last

    def _pause(self) -> None:
        if self._growing.waits_by_itself:
            self._growing.is_ready(LOOK)
        else:
            self._wait(LOOK)
