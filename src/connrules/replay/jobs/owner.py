"""The half of a worker that decides: it runs an engine over the rows of its users, wherever they were read.

Lateness is a matter of the whole log, not of some of its users: the engine here knows of none. Rows are held back until
all that can still come before them has come, and go into the engine in their total order.
"""

import struct
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec

from connrules.connectors.jsonl import encode_outcome
from connrules.event import Kind, Outcome
from connrules.replay.jobs.messages import Share
from connrules.run.counts import Counts
from connrules.run.sharded import Key, ShardedEngine

KEY_SIZE: Final = 29
_pack_key: Final = struct.Struct(">QBQQI").pack
_AFTER_LONG_AGO: Final = 2**62
"""Instants may be negative; the bytes of keys are compared."""
_order: Final = attrgetter("time", "number")


class _Row(msgspec.Struct, array_like=True, gc=False):
    """An event on its way to its engine: `number` is that of its line."""

    number: int
    user: str
    type: str
    time: int
    id: str | None
    campaign: str | None
    card: str | None
    name: str | None
    properties: dict[str, Any] | None


_decode = msgspec.json.Decoder(list[_Row]).decode


class Owner:
    """Owns some of the users. `lateness` is in ms; without `everything`, only decisions to send are given."""

    def __init__(self, engine: ShardedEngine, lateness: int, *, everything: bool) -> None:
        self._engine = engine
        self._lateness = lateness
        self._everything = everything
        self._held: list[_Row] = []

    @property
    def counts(self) -> Counts:
        """What the engine has counted."""
        return self._engine.counts

    def take(self, shares: Iterable[Share], until: int) -> list[bytes]:
        """The outcomes, behind their order keys, of all that is decided once time has come to `until`."""
        rows = self._held
        for share in shares:
            rows += self._in_time(share)
        if self._lateness:
            rows.sort(key=_order)
            reached = bisect_right(rows, until, key=attrgetter("time"))
            rows, self._held = rows[:reached], rows[reached:]
        else:
            self._held = []
        return self._encoded(self._engine.take_numbered(rows, [row.number for row in rows], until))

    def finish(self, until: int) -> list[bytes]:
        """The outcomes up to the end of the run, those that stay pending last."""
        return self.take((), until) + self._encoded(self._engine.finish_numbered(until))

    def _in_time(self, share: Share) -> list[_Row]:
        """The rows that are not late, with the numbers of their lines."""
        lines, newest = share.before
        rows = _decode(share.rows)
        for row in rows:
            row.number += lines + 1
        return rows if newest is None else [row for row in rows if row.time >= newest - self._lateness]

    def _encoded(self, outcomes: Sequence[tuple[Key, Outcome]]) -> list[bytes]:
        sent = Kind.SENT
        wanted = (entry for entry in outcomes if self._everything or entry[1].kind is sent)
        return [_order_key(key, place) + encode_outcome(outcome) for place, (key, outcome) in enumerate(wanted)]


def _order_key(key: Key, place: int) -> bytes:
    """Bytes that compare as the key does; what one event brings about stays in its order."""
    at, by_event, triggered_at, number = key
    return _pack_key(at + _AFTER_LONG_AGO, by_event, triggered_at + _AFTER_LONG_AGO, number, place)
