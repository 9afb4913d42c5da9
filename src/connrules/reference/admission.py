"""Which events count, and in which order: those that are neither late nor repeated, by time and then by arrival.

Neither question depends on any rule. Instants and lengths of time are milliseconds.
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from connrules.event import Event


class Admitted(NamedTuple):
    """The events that count, in their total order and each with an id, and what became of the others."""

    events: list[Event]
    late: list[Event]
    """In order of arrival, as they came."""
    repeated: int
    newest: int | None
    """The greatest event time; None: there were no events."""


class _Arrival(NamedTuple):
    number: int
    event: Event


def admit(events: Iterable[Event], lateness: int, dedupe: int) -> Admitted:
    """Tell the events that count from those that are late, and from those that repeat one within `dedupe`."""
    on_time: list[_Arrival] = []
    late: list[Event] = []
    newest: int | None = None
    for number, event in enumerate(events, start=1):
        newest = event.time if newest is None else max(newest, event.time)
        if event.time < newest - lateness:
            late.append(event)
        else:
            on_time.append(_Arrival(number, event))
    once = _without_repeats(sorted(on_time, key=lambda arrival: arrival.event.time), dedupe)
    return Admitted([_named(arrival) for arrival in once], late, len(on_time) - len(once), newest)


def _without_repeats(arrivals: list[_Arrival], horizon: int) -> list[_Arrival]:
    """Leave out what was seen less than the horizon before; to be seen again renews that."""
    last_seen: dict[tuple[str, str], int] = {}
    once: list[_Arrival] = []
    for arrival in arrivals:
        event = arrival.event
        if not event.id:
            once.append(arrival)
            continue
        seen = last_seen.get((event.user, event.id))
        if seen is None or event.time - seen >= horizon:
            once.append(arrival)
        last_seen[event.user, event.id] = event.time
    return once


def _named(arrival: _Arrival) -> Event:
    event = arrival.event
    return event if event.id else msgspec.structs.replace(event, id=f"#{arrival.number}")
