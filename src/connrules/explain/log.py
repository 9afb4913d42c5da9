"""Picks one user's events out of a log: users never affect each other, but whether an event is late, all decide."""

from typing import Final

import msgspec

from connrules.event import Event
from connrules.text import closest

_MOST_NAMES: Final = 10_000
"""So many other users are remembered, to say which one was probably meant."""


class LateEvent(msgspec.Struct, frozen=True):
    """An event that came too late to change anything."""

    event: Event
    late_ms: int
    """By how much it was older than the newest event before it."""


class Log:
    """What matters of a log for one user. Every event of the log is added, in order of arrival.

    `lateness` is by how many milliseconds an event may be older than the newest before it and still count.
    """

    def __init__(self, user: str, lateness: int = 0) -> None:
        self.user = user
        self.lateness = lateness
        self.newest: int | None = None
        """The time of the newest event of all (epoch ms); None before any event."""
        self.late: list[LateEvent] = []
        self._on_time: list[Event] = []
        self._others: set[str] = set()
        self._added = 0

    def add(self, event: Event) -> None:
        """Take in an event. One without an id is known by its number, as it is to every engine."""
        self._added += 1
        self.newest = event.time if self.newest is None else max(self.newest, event.time)
        if event.user != self.user:
            if len(self._others) < _MOST_NAMES:
                self._others.add(event.user)
            return
        named = event if event.id else msgspec.structs.replace(event, id=f"#{self._added}")
        late_ms = self.newest - event.time
        if late_ms > self.lateness:
            self.late.append(LateEvent(named, late_ms))
        else:
            self._on_time.append(named)

    @property
    def events(self) -> list[Event]:
        """The user's events that are not late, in their total order: by time, then by arrival."""
        return sorted(self._on_time, key=lambda event: event.time)

    @property
    def is_empty(self) -> bool:
        """Whether there is no event of the user at all."""
        return not self._on_time and not self.late

    def near(self) -> str | None:
        """The user who was probably meant, where this one has no events."""
        return closest(self.user, sorted(self._others))
