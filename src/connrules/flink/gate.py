"""What of a stream goes on to the users: the lines of events that may change something for one of them, and every so
often how far time has got. Most lines end here, before anything is sent from one machine to another.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from connrules.connectors.jsonl import EventError, encode_reject
from connrules.connectors.rows import RowReader
from connrules.connectors.streams import Block
from connrules.event import Row
from connrules.run.keyed import KeyedEngine
from connrules.run.sieve import Unknown

_DIGEST: Final = 8


class Passed(NamedTuple):
    """Something that goes on: the line of an event, or, without a line, how far time has got."""

    user: str
    """Whose key it goes by."""
    time: int
    """Epoch milliseconds."""
    line: str


class Refused(NamedTuple):
    """A line that is no event, as a line of JSON with the reason."""

    line: str


class Gate:
    """Looks at the lines of a stream. `tick` is how often it says how far time has got, in ms of event time."""

    def __init__(self, engine: KeyedEngine, tick: int) -> None:
        self._engine = engine
        self._reader = RowReader(engine.needs)
        self._tick = tick
        self._newest: int | None = None
        """The number of the newest tick."""
        self._unknown = Unknown(Counter(), Counter())
        self.unknown = 0
        """How many events were of an unknown type, or about something that the catalog does not know."""

    def look(self, text: str) -> Iterable[Passed | Refused]:
        """What goes on of one or more lines: the events that may change anything; the time, where a tick begins."""
        if "\n" in text:
            return self._look_at_all([line for line in text.split("\n") if line.strip()])
        data = text.encode(errors="replace")
        try:
            return self._pass(self._reader.read_one(data), text)
        except EventError as error:
            return (_refused(data, str(error)),) if data.strip() else ()

    def _look_at_all(self, lines: list[str]) -> Iterator[Passed | Refused]:
        data = [line.encode(errors="replace") for line in lines]
        reading = self._reader.read(Block(b"\n".join(data), data), None)
        for place, reason in reading.rejected:
            yield _refused(data[place], reason)
        for place, row in zip(reading.places, reading.rows, strict=True):
            yield from self._pass(row, lines[place])

    def _pass(self, row: Row, line: str) -> list[Passed]:
        passed: list[Passed] = []
        number = row.time // self._tick
        if self._newest is None or number > self._newest:
            self._newest = number
            passed.append(Passed("", number * self._tick, ""))
        if self._engine.lets_through(row, self._unknown):
            passed.append(Passed(row.user, row.time, line))
        else:
            self._count()
        return passed

    def _count(self) -> None:
        unknown = self._unknown
        if unknown.types or unknown.objects:
            self.unknown += 1
            unknown.types.clear()
            unknown.objects.clear()


def _refused(line: bytes, reason: str) -> Refused:
    return Refused(encode_reject(None, line, reason).decode().removesuffix("\n"))


def name_of(row: Row, line: str) -> str:
    """What an event is known by: its id, or else a digest of its line, which it has again when it comes again."""
    return row.id or "~" + hashlib.blake2b(line.encode(errors="replace"), digest_size=_DIGEST).hexdigest()
