"""The outbox in an SQLite file: per channel a log of bytes, numbered from the first that was ever put there."""

import sqlite3
from collections.abc import Mapping
from itertools import accumulate
from struct import Struct
from typing import Final

from connrules.connectors.memory import undeliverable
from connrules.connectors.sqlite.sealed import DamagedError, seal, unseal
from connrules.run.ports import Outbox

_MARKS: Final = Struct(">qq")


class Channels:
    """The outbox of an open file. Whoever writes has begun a transaction and ends it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def add(self, outbox: Mapping[str, bytes]) -> None:
        """Put lines behind those that are there."""
        for channel, lines in outbox.items():
            if lines:
                delivered, filled = self._marks(channel)
                filled += len(lines)
                row = channel, filled, seal(lines, f"{channel} {filled}")
                self._execute("INSERT INTO outbox(channel, upto, lines) VALUES (?, ?, ?)", row)
                self._mark(channel, delivered, filled)

    def cut(self, delivered: Mapping[str, int]) -> None:
        """Let go of what is delivered. What is delivered in part stays whole, and is not given out again."""
        for channel, mark in delivered.items():
            before, filled = self._marks(channel)
            if mark > filled:
                raise undeliverable(channel, mark, filled)
            if mark > before:
                self._execute("DELETE FROM outbox WHERE channel = ? AND upto <= ?", (channel, mark))
                self._mark(channel, mark, filled)

    def waiting(self, channel: str) -> Outbox:
        """What a channel still has to deliver."""
        delivered, filled = self._marks(channel)
        query = "SELECT lines, upto FROM outbox WHERE channel = ? ORDER BY upto"
        rows = self._execute(query, (channel,)).fetchall()
        lines = [unseal(sealed, f"{channel} {upto}") for sealed, upto in rows]
        start = filled - sum(map(len, lines))
        if start > delivered or [start, *(upto for _, upto in rows)] != list(
            accumulate(map(len, lines), initial=start)
        ):
            raise DamagedError
        return Outbox(delivered, b"".join(lines)[delivered - start :])

    def _marks(self, channel: str) -> tuple[int, int]:
        """Up to which byte a channel is delivered, and up to which it is filled."""
        row = self._execute("SELECT marks FROM channels WHERE name = ?", (channel,)).fetchone()
        return _MARKS.unpack(unseal(row[0], channel)) if row else (0, 0)

    def _mark(self, channel: str, delivered: int, filled: int) -> None:
        row = channel, seal(_MARKS.pack(delivered, filled), channel)
        self._execute("REPLACE INTO channels(name, marks) VALUES (?, ?)", row)
