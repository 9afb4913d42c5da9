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
from typing import Final

import msgspec

from connrules.connectors.memory import no_text
from connrules.connectors.sqlite.sealed import seal, unseal

_JOURNAL: Final = 1 << 20
"""The journal is spread when it would hold more bytes."""
_PIECE: Final = 1 << 20
"""About how many bytes of states a piece holds."""
_MOVED: Final = 256
"""About how many pages are given back at once."""
_ENTRY: Final = 16
"""What a user weighs at least, in bytes."""

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

    def all(self) -> Iterator[tuple[str, bytes]]:
        """Each user of whom something is held, with the state; one piece after the other is in memory."""
        firsts = self._firsts()
        latest = _parted(self._journal(), firsts)
        for first in firsts:
            states = self._range(first)
            states.update(latest.get(first, {}))
            yield from _held(states).items()

    def _grown(self) -> int:
        """How many bytes the journal holds."""
        row = self._execute("SELECT grown FROM journal ORDER BY number DESC LIMIT 1").fetchone()
        return int(row[0]) if row else 0

    def _journal(self) -> _States:
        return _merged(self._execute("SELECT states FROM journal ORDER BY number"))

    def _firsts(self) -> list[str]:
        """Where the ranges begin, in order; the first of them at the beginning of all names."""
        return sorted({"", *(first for (first,) in self._execute("SELECT DISTINCT first FROM pieces"))})

    def _range(self, first: str) -> _States:
        return _merged(self._execute("SELECT states FROM pieces WHERE first = ? ORDER BY number", (first,)))

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
        """Fold the heaviest ranges until later blobs weigh less than the pieces do."""
        rows = self._execute(
            "SELECT first, total(size) FILTER (WHERE later), total(users) FILTER (WHERE later),"
            " total(size) FILTER (WHERE NOT later), total(users) FILTER (WHERE NOT later) FROM pieces GROUP BY first"
        ).fetchall()
        size, users = sum(row[3] for row in rows), sum(row[4] for row in rows)
        mean = size / users if users else _ENTRY
        weights = sorted((later + mean * many, first) for first, later, many, _, _ in rows)
        weight = sum(weight for weight, _ in weights)
        while weights and weight > max(size, _JOURNAL):
            heaviest, first = weights.pop()
            self._fold(first)
            weight -= heaviest

    def _fold(self, first: str) -> None:
        states = _held(self._range(first))
        self._execute("DELETE FROM pieces WHERE first = ?", (first,))
        self._put(first, states)

    def _give_back(self) -> None:
        """Make the file smaller where much of it is empty: not at once, for pages have to be moved."""
        (pages,) = self._execute("PRAGMA page_count").fetchone()
        (free,) = self._execute("PRAGMA freelist_count").fetchone()
        if free > pages // 2:
            self._execute(f"PRAGMA incremental_vacuum({_MOVED + free // 8})").fetchall()

    def _put(self, first: str, states: Mapping[str, bytes | None]) -> None:
        """The pieces of a range that begins at `first`; it is cut where one cannot hold it."""
        for number, chunk in enumerate(_chunks(states)):
            self._insert(next(iter(chunk)) if number else first, chunk, later=False)

    def _insert(self, first: str, states: Mapping[str, bytes | None], *, later: bool) -> None:
        blob = _sealed(states)
        self._execute(
            "INSERT INTO pieces(first, later, users, size, states) VALUES (?, ?, ?, ?, ?)",
            (first, later, len(states), len(blob), blob),
        )


def _sealed(states: Mapping[str, bytes | None]) -> bytes:
    try:
        return seal(_encode(states))
    except UnicodeEncodeError as error:
        raise no_text(error) from error


def _merged(rows: Iterable[tuple[bytes]]) -> _States:
    """The states of several blobs, of which the later ones hold."""
    states: _States = {}
    for (sealed,) in rows:
        states.update(_decode(unseal(sealed)))
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
