"""The lines of a log from a position on, some thousand at a time, each time with the position after them."""

from typing import Final, NamedTuple, Protocol

import msgspec

from connrules.connectors.position import HEAD, Position
from connrules.connectors.rotation import changed, shorter
from connrules.connectors.streams import BOM, Block, Identity

MOST: Final = 5_000
"""About so many lines at a time, where they are there; less where they come slowly."""


class Piece(NamedTuple):
    """Whole lines of a log. There may be none, where only the position has changed."""

    block: Block
    name: str
    """What to call the log when speaking of it."""
    number: int
    """The number of the first line in its log."""
    first: int
    """The number of the first line, counted over all logs that were read one after the other."""
    after: Position
    """How far the log is read when these lines are."""


class Readable(Protocol):
    """What a log is read from. `number` is told how many lines were made of it."""

    name: str
    number: int

    def read(self) -> bytes: ...  # noqa: D102  # as in Lines
    def is_ready(self, seconds: float) -> bool: ...  # noqa: D102  # as in Lines
    def go_to(self, offset: int) -> bool: ...  # noqa: D102  # as in Lines
    def close(self) -> None: ...  # noqa: D102  # as in Lines
    @property
    def identity(self) -> Identity: ...  # noqa: D102  # as in Lines


class Tail:
    """The lines of one log from a position on. Raises UnreadableError, also where the log is not what it was."""

    def __init__(self, source: Readable, position: Position, head: bytes = b"", most: int = MOST) -> None:
        """`head` are the first bytes of a log of which something was read before."""
        self.source = source
        self.position = position
        self.half_line = 0
        """How many bytes there are of a line that is not whole yet, when all is read."""
        self._head = head
        self._most = most
        self._rest: list[bytes] = []
        source.number = position.lines
        if position.offset:
            self._go_on()

    @property
    def head(self) -> bytes:
        """The first bytes of what was read of the log."""
        return self._head

    def take(self) -> Piece | None:
        """The lines that are there; None where none is, or only the beginning of one."""
        count, at_end = sum(data.count(b"\n") for data in self._rest), False
        while count < self._most and not at_end and (not count or self.source.is_ready(0)):
            data = self.source.read()
            at_end = not data
            count += data.count(b"\n")
            self._rest += [data] if data else []
        if not count:
            return None
        data = b"".join(self._rest)
        end = data.rfind(b"\n") + 1
        self._rest = [data[end:]]
        return self._piece(data[:end], at_end=at_end)

    def end(self, *, is_over: bool) -> Piece | None:
        """What is left where nothing more comes: the last line, if it is whole but for its line break.

        `is_over`: nothing will ever come, so it is taken in any case.
        """
        rest = b"".join(self._rest)
        if rest and (is_over or _is_whole(rest)):
            self._rest = []
            return self._piece(rest, at_end=True)
        self.half_line = len(rest)
        return None if self.position.at_end else self._piece(b"", at_end=True)

    def _go_on(self) -> None:
        """Begin after what was read before; the byte before is a line break, where the log is what it was."""
        if not self.source.go_to(self.position.offset - 1) or not (data := self.source.read()):
            raise shorter(self.source.name)
        if not self.position.is_cut and data[:1] != b"\n":
            raise changed(self.source.name)
        self._rest.append(data[1:])

    def _piece(self, data: bytes, *, at_end: bool) -> Piece:
        before, text = self.position, data
        if not before.offset:
            text = data.removeprefix(BOM)
        elif before.is_cut:
            text = data[1:] if data[:1] == b"\n" else data.removeprefix(b"\r\n")
        block = Block.of(text)
        self.position = self._after(data, len(block.lines), at_end=at_end)
        self.source.number = self.position.lines
        first = before.lines + 1
        return Piece(block, self.source.name, first, before.earlier + first, self.position)

    def _after(self, data: bytes, lines: int, *, at_end: bool) -> Position:
        before = self.position
        if not data:
            return msgspec.structs.replace(before, at_end=at_end)
        after = msgspec.structs.replace(
            before,
            offset=before.offset + len(data),
            lines=before.lines + lines,
            at_end=at_end,
            is_cut=not data.endswith(b"\n"),
        )
        if before.log and len(self._head) < HEAD:
            self._head = (self._head + data)[:HEAD]
            return after.marked(self._head)
        return after


def _is_whole(line: bytes) -> bool:
    """Whether a line without its line break is one object, and not the beginning of one."""
    try:
        return isinstance(msgspec.json.decode(line.removeprefix(BOM)), dict)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
