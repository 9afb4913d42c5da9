"""The users' states in an SQLite file: a journal of changes, folded into pieces that hold ranges of users.

- A commit appends one row to the journal: all that changed, as one blob. That is a few pages, however many users there
  are and wherever they stand.
- When the journal has grown past a bound, its changes are spread over the pieces: every piece holds a range of users in
  the order of their names, as one blob, and what is spread comes after it as a `later` blob of the same range.
- Where later blobs weigh too much against the pieces, the range with the most is folded: one blob takes the place of
  all of it, or several where it has become too large.

So a change is written about five times, always beside others, and never is more done at once than to spread a journal
and to fold a range or two. What is out of date never weighs more than what holds.
"""

import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from connrules.connectors.memory import no_text
from connrules.connectors.sqlite.sealed import seal, unseal

_JOURNAL: Final = 1 << 20
"""The journal is spread when it would hold more bytes."""
_PIECE: Final = 1 << 20
"""About how many bytes of states a piece holds."""
_MOVED: Final = 512
"""About how many pages are given back at once."""
_RANGES: Final = """
SELECT first,
  total(size) FILTER (WHERE later), total(users) FILTER (WHERE later),
  total(size) FILTER (WHERE NOT later), total(users) FILTER (WHERE NOT later)
FROM pieces GROUP BY first
"""
"""What each range weighs: what came later, and what is in its piece."""

_States = dict[str, bytes | None]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_States).decode


class Users:
    """The states of an open file. Whoever calls has begun a transaction and ends it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def change(self, states: Mapping[str, bytes | None]) -> None:
        """Keep the new state of each user; None: nothing is held of the user any more."""
        if not states:
            return
        blob = _sealed(states)
        grown = self._grown() + len(blob)
        if grown <= _JOURNAL:
            self._execute("INSERT INTO journal(grown, states) VALUES (?, ?)", (grown, blob))
        else:
            self._spread(states)

    def replace(self, states: Mapping[str, bytes | None]) -> None:
        """Keep these states and no others."""
        self._execute("DELETE FROM journal")
        self._execute("DELETE FROM pieces")
        self._put("", _held(states))

    def each(self) -> Iterator[tuple[str, bytes]]:
        """Each user of whom something is held, with the state; one piece after the other is in memory."""
        firsts = self._firsts()
        latest = _parted(self._journal(), firsts)
        for first in firsts:
            states = self._range(first)
            states.update(latest.get(first, {}))
            yield from _held(states).items()

    def _all(self, query: str, *values: str) -> list[Any]:
        """All rows at once: while one is still to come, SQLite does not let go of a file that is closed."""
        return self._execute(query, values).fetchall()

    def _grown(self) -> int:
        """How many bytes the journal holds."""
        row = self._execute("SELECT grown FROM journal ORDER BY number DESC LIMIT 1").fetchone()
        return int(row[0]) if row else 0

    def _journal(self) -> _States:
        return _merged(self._all("SELECT states FROM journal ORDER BY number"))

    def _firsts(self) -> list[str]:
        """Where the ranges begin, in order; the first of them at the beginning of all names."""
        return sorted({"", *(first for (first,) in self._all("SELECT DISTINCT first FROM pieces"))})

    def _range(self, first: str) -> _States:
        return _merged(self._all("SELECT states FROM pieces WHERE first = ? ORDER BY number", first), first)

    def _spread(self, states: Mapping[str, bytes | None]) -> None:
        """Put the journal and what has come now behind the pieces, then fold what has grown too much."""
        changed = self._journal()
        changed.update(states)
        self._execute("DELETE FROM journal")
        for first, part in _parted(changed, self._firsts()).items():
            for chunk in _chunks(part):
                self._insert(first, chunk, later=True)
        self._fold_some()
        self._give_back()

    def _fold_some(self) -> None:
        """Fold the heaviest ranges until no more than half of what the pieces hold can be out of date."""
        rows = self._all(_RANGES)
        size, users = sum(row[3] for row in rows), sum(row[4] for row in rows)
        mean = size / users if users else 0
        ranges = [(max(later, mean * many), first, piece) for first, later, many, piece, _ in rows]
        weight = sum(range_[0] for range_ in ranges)
        for heaviest, first, piece in sorted(ranges, reverse=True):
            if weight <= max(size / 2, _JOURNAL):
                break
            weight -= heaviest
            size += self._fold(first) - piece

    def _fold(self, first: str) -> int:
        """Put one blob in the place of all that a range has. The size of it."""
        states = _held(self._range(first))
        self._execute("DELETE FROM pieces WHERE first = ?", (first,))
        return self._put(first, states)

    def _give_back(self) -> None:
        """Make the file smaller where much of it is empty: not at once, for pages have to be moved."""
        (pages,) = self._execute("PRAGMA page_count").fetchone()
        (free,) = self._execute("PRAGMA freelist_count").fetchone()
        if free > max(pages // 2, _MOVED):
            for _ in range(min(free, _MOVED)):
                self._execute("PRAGMA incremental_vacuum(1)")  # Python would make but the first step of a larger number

    def _put(self, first: str, states: Mapping[str, bytes | None]) -> int:
        """Write the pieces of a range that begins at `first`, which is cut where one cannot hold it. Their size."""
        return sum(
            self._insert(next(iter(chunk)) if number else first, chunk, later=False)
            for number, chunk in enumerate(_chunks(states))
        )

    def _insert(self, first: str, states: Mapping[str, bytes | None], *, later: bool) -> int:
        blob = _sealed(states, first)
        self._execute(
            "INSERT INTO pieces(first, later, users, size, states) VALUES (?, ?, ?, ?, ?)",
            (first, later, len(states), len(blob), blob),
        )
        return len(blob)


def _sealed(states: Mapping[str, bytes | None], place: str = "") -> bytes:
    try:
        return seal(_encode(states), place)
    except UnicodeEncodeError as error:
        raise no_text(error) from error


def _merged(rows: Iterable[tuple[bytes]], place: str = "") -> _States:
    """The states of several blobs, of which the later ones hold."""
    states: _States = {}
    for (sealed,) in rows:
        states.update(_decode(unseal(sealed, place)))
    return states


def _held(states: Mapping[str, bytes | None]) -> dict[str, bytes]:
    return {user: state for user, state in states.items() if state is not None}


def _parted(states: Mapping[str, bytes | None], firsts: list[str]) -> dict[str, _States]:
    """The states by the range that they belong to."""
    parts: dict[str, _States] = {}
    for user, state in states.items():
        first = firsts[bisect_right(firsts, user) - 1]
        parts.setdefault(first, {})[user] = state
    return parts


def _chunks(states: Mapping[str, bytes | None]) -> Iterator[Mapping[str, bytes | None]]:
    """The states as they are if one piece can hold them, else in order and in parts that one can hold, more or less."""
    size = sum(map(len, states)) + sum(len(state) for state in states.values() if state)
    if size <= 2 * _PIECE:
        if states:
            yield states
        return
    names = sorted(states)
    step = len(names) * _PIECE // size + 1
    for start in range(0, len(names), step):
        yield {user: states[user] for user in names[start : start + step]}
