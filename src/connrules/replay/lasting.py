"""A log run so that it can end at any moment and go on later: nothing is lost by that, and nothing comes twice.

Of each piece of the log one transaction keeps what was decided, what was rejected and late, and the position behind it.
Only then are the lines written to their files, which are mended at the next start, should this one end before.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Final, Protocol

import msgspec

from connrules.connectors.jsonl import encode_outcomes, encode_reject
from connrules.connectors.position import Position
from connrules.connectors.rows import Reading, RowReader
from connrules.connectors.sinks import Written
from connrules.connectors.tail import Piece
from connrules.event import Outcome, Row
from connrules.replay.outputs import LATE, OUTCOMES, REJECTS, Keeper, Outputs
from connrules.replay.stream import worst_of
from connrules.run.counts import Counts
from connrules.run.engine import Engine
from connrules.run.ports import Figures, Outbox, StoreError

_NOTHING: Final[Mapping[str, bytes]] = MappingProxyType({})


class Saved(msgspec.Struct, frozen=True):
    """What a state remembers of the run besides its users: how far the log was read, and what was written where."""

    log: Position
    outputs: dict[str, Written] = {}

    @classmethod
    def read(cls, data: bytes) -> "Saved":
        """Raises StoreError where it was written by something else than a run."""
        try:
            return msgspec.json.decode(data, type=cls)
        except msgspec.MsgspecError:
            raise StoreError(
                "the state was not made by `connrules run`, or by a newer one",
                "go on with what made it, or begin another state file",
            ) from None


class LastingEngine(Keeper, Protocol):
    """An engine that may keep what it is given, as `DurableEngine` does."""

    @property
    def lateness(self) -> int: ...  # noqa: D102  # as in DurableEngine
    @property
    def watermark(self) -> int | None: ...  # noqa: D102  # as in DurableEngine
    @property
    def counts(self) -> Counts: ...  # noqa: D102  # as in DurableEngine
    @property
    def figures(self) -> Figures: ...  # noqa: D102  # as in DurableEngine
    @property
    def next_due(self) -> int | None: ...  # noqa: D102  # as in DurableEngine
    @property
    def lines(self) -> bytes: ...  # noqa: D102  # as in DurableEngine
    def take(  # noqa: D102  # as in DurableEngine
        self,
        rows: Sequence[Row],
        first: int,
        on_late: Callable[[int, Row], object],
        position: bytes | None = ...,
        outbox: Mapping[str, bytes] = ...,
    ) -> list[Outcome]: ...
    def advance_to(self, time: int, position: bytes | None = ...) -> list[Outcome]: ...  # noqa: D102  # likewise
    def commit(self, position: bytes | None = ...) -> None: ...  # noqa: D102  # likewise
    def close(self) -> None: ...  # noqa: D102  # likewise


class LastingReplay:
    """Runs pieces of logs through an engine, into outputs.

    A piece that is None says that nothing has come for a while: time moves on then, if something is due, to that of the
    `clock` (gives epoch ms). What must not be interrupted is done in what `uninterrupted` gives. `on_reject` is told of
    rejected lines: the name of their log, their number, they, and why.

    Raises StoreError and SinkError, and what `pieces` raise; what was committed before stands.
    """

    note: str | None = None

    def __init__(  # noqa: PLR0913  # what a run is made of
        self,
        engine: LastingEngine,
        reader: RowReader,
        outputs: Outputs,
        begin: Position,
        *,
        on_reject: Callable[[str, int, bytes, str], object],
        uninterrupted: Callable[[], AbstractContextManager[object]],
        clock: Callable[[], int] | None = None,
    ) -> None:
        self._engine = engine
        self._reader = reader
        self._outputs = outputs
        self._log = begin
        self._on_reject = on_reject
        self._uninterrupted = uninterrupted
        self._clock = clock
        self.rejected = 0
        self.like_seconds = 0
        self.worst_late = 0

    @property
    def counts(self) -> Counts:
        """What was seen and decided since it was begun or gone on with."""
        return self._engine.counts

    @property
    def figures(self) -> Figures:
        """How things stand."""
        return self._engine.figures

    @property
    def newest(self) -> int | None:
        """The instant (epoch ms) up to which all is decided; None before any event."""
        return self._engine.watermark

    def begin(self, lines: Mapping[str, bytes]) -> None:
        """Let the state know the outputs, and write lines that it held for them."""
        with self._uninterrupted():
            self._engine.commit(self._position)
            self._outputs.write(lines)

    def steps(self, pieces: Iterable[Piece | None]) -> Iterator[None]:
        """Run all pieces, one at a step."""
        for piece in pieces:
            with self._uninterrupted():
                if piece is None:
                    self._idle()
                else:
                    self._take(piece)
            yield

    def advance_to(self, time: int) -> None:
        """Move time on to an instant (epoch ms)."""
        with self._uninterrupted():
            self._advance(time)

    def settle(self) -> None:
        """Have all that was written on the disk, and let the state know."""
        with self._uninterrupted():
            self._settle()

    def close(self) -> None:
        """Let go of the state and the outputs, as they are."""
        self._outputs.close()
        self._engine.close()

    def _take(self, piece: Piece) -> None:
        reading = self._reader.read(piece.block, piece.first)
        newest, late = self._newest_seen, list[int]()
        beside = _Beside()
        self._look_at_rejected(piece, reading, beside)

        def on_late(index: int, _: Row) -> None:
            late.append(index)
            if LATE in self._outputs:
                beside.add(LATE, piece.block.lines[reading.places[index]].removesuffix(b"\n") + b"\n")

        self._log = piece.after
        self._outputs.sync_much()
        self._engine.take(reading.rows, piece.first, on_late, self._position, beside)
        if late:
            self.worst_late = max(self.worst_late, worst_of(late, reading.rows, newest))
        self._outputs.write({OUTCOMES: self._engine.lines, **beside})

    def _look_at_rejected(self, piece: Piece, reading: Reading, beside: "_Beside") -> None:
        self.like_seconds += reading.like_seconds
        self.rejected += len(reading.rejected)
        for place, why in reading.rejected:
            number, line = piece.number + place, piece.block.text(place)
            self._on_reject(piece.name, number, line, why)
            if REJECTS in self._outputs:
                beside.add(REJECTS, encode_reject(piece.first + place, line, why))

    @property
    def _newest_seen(self) -> int | None:
        watermark = self._engine.watermark
        return None if watermark is None else watermark + self._engine.lateness

    def _idle(self) -> None:
        """Nothing comes: what was written is settled, and what is due by the clock is decided."""
        if not self._outputs.is_settled:
            self._settle()
        due = self._engine.next_due
        if self._clock is not None and due is not None and due <= (now := self._clock() - self._engine.lateness):
            self._advance(now)

    def _advance(self, time: int) -> None:
        self._engine.advance_to(time, self._position)
        self._outputs.write({OUTCOMES: self._engine.lines})

    def _settle(self) -> None:
        self._outputs.sync()
        self._engine.commit(self._position)

    @property
    def _position(self) -> bytes:
        return msgspec.json.encode(Saved(self._log, self._outputs.written))


class _Beside(Mapping[str, bytes]):
    """Lines for other channels than that of the outcomes, as they come about."""

    def __init__(self) -> None:
        self._lines: defaultdict[str, list[bytes]] = defaultdict(list)

    def add(self, channel: str, line: bytes) -> None:
        """Add a line, with its line break."""
        self._lines[channel].append(line)

    def __getitem__(self, channel: str) -> bytes:
        return b"".join(self._lines[channel])

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


class PassingEngine(Engine):
    """An engine for a run that keeps nothing: what it decides is written, and that is all."""

    lines = b""
    """The outcomes that the last call gave, as lines."""

    def take(
        self,
        rows: Sequence[Row],
        first: int,
        on_late: Callable[[int, Row], object],
        position: bytes | None = None,  # noqa: ARG002  # as in DurableEngine
        outbox: Mapping[str, bytes] = _NOTHING,  # noqa: ARG002  # likewise
    ) -> list[Outcome]:
        """As `Engine.take`."""
        outcomes = super().take(rows, first, on_late)
        self.lines = encode_outcomes(outcomes)
        return outcomes

    def advance_to(self, time: int, position: bytes | None = None) -> list[Outcome]:  # noqa: ARG002  # likewise
        """As `Engine.advance_to`."""
        outcomes = super().advance_to(time)
        self.lines = encode_outcomes(outcomes)
        return outcomes

    def commit(self, position: bytes | None = None) -> None:
        """Nothing is kept."""

    def acknowledge(self, mark: int, channel: str) -> None:
        """Nothing was kept."""

    def outbox(self, channel: str) -> Outbox:  # noqa: ARG002  # as in DurableEngine
        """Nothing was kept."""
        return Outbox(0, b"")

    def close(self) -> None:
        """There is nothing to let go of."""
