"""The half of a worker that decides: it runs an engine over the events of its users, wherever they were read.

Lateness is a matter of the whole log, not of some of its users: the engine here knows of none. Rows are held back until
all that can still come before them has come, and go into the engine in their total order.
"""

import struct
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from connrules.connectors.jsonl import encode_outcomes
from connrules.duration import EARLIEST
from connrules.event import Event, Kind, Outcome
from connrules.replay.jobs.messages import Share
from connrules.run.counts import Counts
from connrules.run.sharded import Key, ShardedEngine

KEY_SIZE: Final = 29
_pack_key: Final = struct.Struct(">QBQQI").pack
_AFTER_LONG_AGO: Final = 2**62
"""Instants may be negative; the bytes of keys are compared."""


_Numbered = tuple[int, Event]
"""An event with the number of its line."""
_decode = msgspec.json.Decoder(tuple[list[int], list[Event]]).decode


class Owner:
    """Owns some of the users. `lateness` is in ms; without `everything`, only decisions to send are given."""

    def __init__(self, engine: ShardedEngine, lateness: int, *, everything: bool) -> None:
        self._engine = engine
        self._lateness = lateness
        self._everything = everything
        self._held: list[_Numbered] = []

    @property
    def counts(self) -> Counts:
        """What the engine has counted."""
        return self._engine.counts

    def take(self, shares: Iterable[Share], until: int) -> list[bytes]:
        """The outcomes, behind their order keys, of all that is decided once time has come to `until`."""
        events = self._held
        for share in shares:
            events += self._in_time(share)
        if self._lateness:
            events.sort(key=_order)
            reached = bisect_right(events, until, key=_time)
            events, self._held = events[:reached], events[reached:]
        else:
            self._held = []
        rows, numbers = [event for _, event in events], [number for number, _ in events]
        return self._encoded(self._engine.take_numbered(rows, numbers, until))

    def finish(self, until: int) -> list[bytes]:
        """The outcomes up to the end of the run, those that stay pending last."""
        return self.take((), until) + self._encoded(self._engine.finish_numbered(until))

    def _in_time(self, share: Share) -> list[_Numbered]:
        """The events that are not late."""
        lines, newest = share.before
        earliest = EARLIEST if newest is None else newest - self._lateness
        places, events = _decode(share.rows)
        return [
            (lines + place + 1, event) for place, event in zip(places, events, strict=True) if event.time >= earliest
        ]

    def _encoded(self, outcomes: Sequence[tuple[Key, Outcome]]) -> list[bytes]:
        sent = Kind.SENT
        wanted = [entry for entry in outcomes if self._everything or entry[1].kind is sent]
        lines = encode_outcomes([outcome for _, outcome in wanted]).splitlines(keepends=True)
        return [_order_key(key, place) + line for place, ((key, _), line) in enumerate(zip(wanted, lines, strict=True))]


def _order_key(key: Key, place: int) -> bytes:
    """Bytes that compare as the key does; what one event brings about stays in its order."""
    at, by_event, triggered_at, number = key
    return _pack_key(at + _AFTER_LONG_AGO, by_event, triggered_at + _AFTER_LONG_AGO, number, place)


def _time(numbered: _Numbered) -> int:
    return numbered[1].time


def _order(numbered: _Numbered) -> tuple[int, int]:
    """The total order of events: by time, then by arrival."""
    return numbered[1].time, numbered[0]
