"""Where lines come from: logs that are read one after the other, and one that is still being written."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Final, Generic, NamedTuple, TypeVar

from connrules.connectors.growing import Growing
from connrules.connectors.position import Position
from connrules.connectors.rotation import Log, Search, Step
from connrules.connectors.streams import Lines
from connrules.connectors.tail import Piece, Tail
from connrules.files import UnreadableError

LOOK: Final = 0.1
"""Seconds between two looks at a file whether somebody has written more."""
_TRIES: Final = 10
"""So many times a log is opened that is another one by then."""


_Source = TypeVar("_Source", bound=Lines | Growing)


class _Opened(NamedTuple, Generic[_Source]):
    """A log that is being read."""

    log: Log
    source: _Source
    tail: Tail


class LogSource:
    """Reads logs to their ends, one after the other, from where the last reading ended.

    `begin` is the position there. `number`, `position` and `size` say how far the log is read that is being read:
    lines, and bytes on disk of so many, 0 where nobody knows. `close` lets go of it. Raises UnreadableError.
    """

    def __init__(self, search: Search, before: Position | None) -> None:
        self._search = search
        self._opened, self.begin = _opened(lambda: search.first(before), lambda log: Lines(log.path))

    @property
    def number(self) -> int:
        """Lines read so far."""
        return self._opened.source.number if self._opened else 0

    @property
    def position(self) -> int:
        """Bytes read so far."""
        return self._opened.source.position if self._opened else 0

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._opened.source.size if self._opened else 0

    @property
    def half_line(self) -> int:
        """How many bytes there are of a last line that is not whole yet."""
        return self._opened.tail.half_line if self._opened else 0

    @property
    def is_there(self) -> bool:
        """Whether the log itself is there, and not only what was rotated."""
        return self._opened is not None

    def pieces(self) -> Iterator[Piece]:
        """All lines there are."""
        while self._opened:
            log, _, tail = self._opened
            while piece := tail.take():
                yield piece
            if piece := tail.end(is_over=log.is_over):
                yield piece
            if not (log.is_over and log.asked):
                return
            self._go_on(tail.position)

    def close(self) -> None:
        """Let go of the log."""
        if self._opened:
            self._opened.source.close()

    def _go_on(self, position: Position) -> None:
        with ExitStack() as stack:
            stack.callback(self.close)  # only then another file may have its identity
            identity = self._opened.source.identity if self._opened else None
            following, _ = _opened(lambda: self._search.after(position, identity), lambda log: Lines(log.path))
        self._opened = following


class Follower:
    """Reads logs, the last of which is being written: for ever, and what takes its place when it is rotated.

    A log that is not there is waited for, where the search says so. A pipe is read to its end. `wait` waits for so many
    seconds; `on_warning` is told in words what people should know of. The rest is as for LogSource.
    """

    size = position = half_line = 0
    is_there = True

    def __init__(
        self,
        search: Search,
        before: Position | None,
        wait: Callable[[float], object],
        on_warning: Callable[[str], object],
    ) -> None:
        self._search = search
        self._wait = wait
        self._on_warning = on_warning
        self._former: Lines | Growing | None = None
        """The log that was read last, where there is no other yet: while it is open no other has its identity."""
        self._opened, self.begin = _opened(lambda: search.first(before), _open)
        self._resume: Callable[[], Step] = lambda: search.first(self.begin)
        """How to look for a log again, where there was none."""
        self._say_if_gone()

    @property
    def number(self) -> int:
        """Lines read so far."""
        return self._opened.source.number if self._opened else 0

    def pieces(self, idle: float) -> Iterator[Piece | None]:
        """The lines as they come; None, again and again, as long as none has come for so many seconds."""
        quiet = 0.0
        while True:
            before = self._opened
            if piece := self._next():
                quiet = 0.0
                yield piece
            elif self._opened is not before:
                continue
            elif before and isinstance(before.source, Growing) and before.source.is_over:
                return
            elif quiet >= idle:
                yield None
                self._pause()
            else:
                self._pause()
                quiet += LOOK

    def close(self) -> None:
        """Let go of the log."""
        for source in (self._former, self._opened and self._opened.source):
            if source:
                source.close()

    def _next(self) -> Piece | None:
        if self._opened is None:
            if self._search.path.exists():
                self._go_on(None, self._resume)
            return None
        log, source, tail = self._opened
        if isinstance(source, Lines):
            return tail.take() or self._turn_over()
        if source.is_cut_off or not source.begins_with(tail.head):
            self._go_on(None, lambda: self._search.first(tail.position, is_emptied=True))
            source.close()
            return None
        if piece := tail.take():
            return piece
        if source.is_over:
            return tail.end(is_over=True)
        if log.asked and source.is_replaced:  # whoever writes the new one has written all of the old one
            return tail.take() or self._turn_over()
        return None

    def _turn_over(self) -> Piece | None:
        """Take what is left of the log, and go on with the one behind it."""
        assert self._opened is not None
        _, source, tail = self._opened
        last = tail.end(is_over=True)
        position, identity = tail.position, source.identity
        self._go_on(source, lambda: self._search.after(position, identity))
        return last

    def _go_on(self, former: Lines | Growing | None, search: Callable[[], Step]) -> None:
        """Open what is found; the former is let go of then."""
        self._former = former or self._former
        self._resume = search
        self._opened, _ = _opened(search, _open)
        if self._opened and self._former:
            self._former.close()
            self._former = None
        self._say_if_gone()

    def _say_if_gone(self) -> None:
        if self._opened is None:
            self._on_warning(f"{self._search.path}: it is not there, and waited for")

    def _pause(self) -> None:
        if self._opened and isinstance(self._opened.source, Growing) and self._opened.source.waits_by_itself:
            self._opened.source.is_ready(LOOK)
        else:
            self._wait(LOOK)


def _open(log: Log) -> Lines | Growing:
    return Lines(log.path) if log.is_over and log.asked else Growing(log.path)


def _opened(search: Callable[[], Step], open_log: Callable[[Log], _Source]) -> tuple[_Opened[_Source] | None, Position]:
    """What is found, opened, and the position in it. It may be rotated between the two: then it is looked for again."""
    tries = 0
    while True:
        log, begin = search()
        if log is None:
            return None, begin
        tries += 1
        with ExitStack() as stack:
            try:
                source = open_log(log)
            except UnreadableError:
                if tries == _TRIES or log.path.exists() or not log.asked:
                    raise
                continue
            stack.callback(source.close)
            if log.identity is None or log.identity == source.identity:
                opened = _Opened(log, source, Tail(source, begin, log.head))
                stack.pop_all()
                return opened, begin
        if tries == _TRIES:
            raise UnreadableError(f"{log.path}: it is another file whenever it is looked at", "run again later")
