"""A log's lines as rows for an engine: of each line no more is kept than the rules of a plan look at.

Each line is decoded by itself, into a struct made for the plan. What that does not take is looked at by `parse_event`,
which knows the odd forms that are events nevertheless, and says of the others why they are none. What becomes of a line
depends on that line alone, and is what `parse_event` makes of it, with two exceptions: a number beyond the range of a
double is noticed only in properties that the rules look at; and where they look at none, properties that nest too deep
may go unnoticed.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal, NamedTuple, Protocol, TypedDict, cast

import msgspec
from msgspec import Meta

from connrules.connectors.jsonl import EventError, may_be_deep, milliseconds, parse_event
from connrules.connectors.streams import Block
from connrules.duration import EARLIEST, LATEST, LIKE_SECONDS
from connrules.event import DEEPEST, Row
from connrules.run.needs import Needs

_RECENT: Final = Annotated[int, Meta(ge=LIKE_SECONDS.stop, le=LATEST)]
"""The times of most logs: they need no second look."""
_ANY_TIME: Final = Annotated[int, Meta(ge=EARLIEST, le=LATEST)] | Annotated[datetime, Meta(tz=True)]
_SHALLOW: Final = 2 * DEEPEST
"""A line of no more bytes has not brackets enough to nest too deep."""
_MOST_NAMES: Final = 64


class _Row(Row, Protocol):
    """A row while it is made: its time may be a datetime still."""

    id: str | None
    time: Any


_Decode = Callable[[bytes], _Row]


class _Skipped(msgspec.Struct, gc=False):
    """An object of which nothing is kept."""


class Reading(NamedTuple):
    """What the lines of a block hold."""

    rows: Sequence[Row]
    places: Sequence[int]
    """Where in the block the line of each row is, from 0 up."""
    rejected: Sequence[tuple[int, str]] = ()
    """Where the lines are that are no events, and why. Blank lines are not among them."""
    like_seconds: int = 0
    """How many times look like seconds that are taken for milliseconds."""


class RowReader:
    """Reads blocks of lines as rows for an engine whose plan has such needs."""

    def __init__(self, needs: Needs) -> None:
        self._needs = needs
        self._keeps_properties = needs.properties is None or bool(needs.properties)
        self._any_time = _decoder(needs, _ANY_TIME)
        self._recent = _decoder(needs, _RECENT)
        self._familiar: _Decode | None = None
        self._are_recent = True
        """Whether the times of the last block had the plainest form: those of the next then probably have."""
        self._types: set[str] = set()
        self._campaigns: set[str | None] = set()

    def read(self, block: Block, first: int | None) -> Reading:
        """The rows of a block whose first line has the number `first`; None: nobody knows yet.

        A row whose line says no id has none, where the rows are those of all lines, or nobody knows their numbers; else
        the number of its line.
        """
        if self._is_plain(block) and (rows := self._all_rows(block.lines)) is not None:
            return Reading(rows, range(len(rows)), (), 0 if self._are_recent else _like_seconds(rows))
        return self._one_by_one(block.lines, first)

    def _all_rows(self, lines: Sequence[bytes]) -> list[_Row] | None:
        """The rows of all the lines; None where one of them is no row, or an odd one."""
        rows = _decoded(self._decode_familiar, lines) if self._types else None
        if rows is not None and (self._are_recent or _settle(rows)):
            return rows
        if self._are_recent and (rows := _decoded(self._recent, lines)) is not None:
            self._learn(rows)
            return rows
        if (rows := _decoded(self._any_time, lines)) is not None and _settle(rows):
            self._are_recent = False
            self._learn(rows)
            return rows
        return None

    def _learn(self, rows: Iterable[_Row]) -> None:
        """Remember what the rows name, as long as that is little."""
        if len(self._types) <= _MOST_NAMES:
            self._types.update([row.type for row in rows])
        if len(self._campaigns) <= _MOST_NAMES:
            self._campaigns.update([row.campaign for row in rows])
        self._familiar = None

    @property
    def _decode_familiar(self) -> _Decode:
        """Decodes lines whose times and names are as before, for most logs name the same few types and campaigns.

        Of each it gives the same text every time: that takes no memory, and is looked up without a look at its letters.
        """
        if self._familiar is None:
            time = _RECENT if self._are_recent else _ANY_TIME
            self._familiar = _decoder(self._needs, time, _one_of(self._types), _one_of(self._campaigns - {None}))
        return self._familiar

    def _one_by_one(self, lines: Iterable[bytes], first: int | None) -> Reading:
        rows: list[Row] = []
        places: list[int] = []
        rejected: list[tuple[int, str]] = []
        for place, line in enumerate(lines):
            try:
                rows.append(self.read_one(line, None if first is None else first + place))
                places.append(place)
            except EventError as error:
                if not line.isspace():
                    rejected.append((place, str(error)))
        return Reading(rows, places, rejected, _like_seconds(rows))

    def read_one(self, line: bytes, number: int | None = None) -> Row:
        """The row of a line. Without an id it has the number of its line, if there is one. Raises EventError."""
        alone = Block(line, [line])
        if self._is_plain(alone) and (rows := _decoded(self._any_time, alone.lines)) is not None and _settle(rows):
            (row,) = rows
            row.id = row.id or (None if number is None else f"#{number}")
            return row
        return parse_event(line.removesuffix(b"\n"), number)

    def _is_plain(self, block: Block) -> bool:
        """Whether a decoder that skips what it does not need is sure to notice whatever else is wrong."""
        return _is_text(block.data) and not (self._keeps_properties and _may_be_deep(block.lines))


def _one_of(names: Collection[str | None]) -> Any:
    """The type of such names; of any text where there are none, or too many."""
    return Literal[tuple(names)] if 0 < len(names) <= _MOST_NAMES else str


def _decoder(needs: Needs, time: Any, type_: Any = str, campaign: Any = str) -> _Decode:
    """What makes a row of a line in which the time is written in such a way, with such a type and campaign."""
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = [
        ("id", str | None, None),
        ("user", Annotated[str, Meta(min_length=1)]),
        ("type", type_),
        ("campaign", campaign | None, None),
        ("card", str | None, None),
        ("name", str | None, None),
        ("time", time),
    ]
    if needs.properties is None:
        return _decoder_of([*fields, ("properties", dict[str, Any] | None, None)])
    if needs.properties:
        make: Any = TypedDict
        kept = make("kept", dict.fromkeys(needs.properties, Any), total=False)
        return _decoder_of([*fields, ("properties", kept | None, None)])
    skipped = ("skipped", _Skipped | None, None)
    return _decoder_of([*fields, skipped], rename={"skipped": "properties"}, namespace={"properties": None})


def _decoder_of(fields: Any, **options: Any) -> _Decode:
    row = msgspec.defstruct("_Row", fields, kw_only=True, gc=False, **options)
    return cast("_Decode", msgspec.json.Decoder(row).decode)


def _decoded(decode: _Decode, lines: Iterable[bytes]) -> list[_Row] | None:
    """The rows of all the lines; None where one of them is no row."""
    try:
        return list(map(decode, lines))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _settle(rows: Iterable[_Row]) -> bool:
    """Make milliseconds of all times; False where one of them has no date in UTC."""
    for row in rows:
        if row.time.__class__ is not int:
            row.time = milliseconds(row.time)
            if not EARLIEST <= row.time <= LATEST:
                return False
    return True


def _like_seconds(rows: Iterable[Row]) -> int:
    return sum(row.time in LIKE_SECONDS for row in rows)


def _is_text(data: bytes) -> bool:
    try:
        return data.isascii() or bool(data.decode())
    except UnicodeDecodeError:
        return False


def _may_be_deep(lines: Sequence[bytes]) -> bool:
    if max(map(len, lines), default=0) <= _SHALLOW:
        return False
    return any(len(line) > _SHALLOW and may_be_deep(line) for line in lines)
