"""What an engine needs of the world around it, as Protocols: where its state is kept, and who wants to see its figures.

A state store keeps, for each user, the bytes of that user's state: a value that can be taken out, stored and put back.
Nothing in the bytes depends on the machine or on the store. One batch is one transaction: all of it is kept, or none.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

from connrules.event import Kind, Reason

_NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})


class StoreError(Exception):
    """A state store cannot be opened, read or written; what was committed before stands. `help` says what to do."""

    def __init__(self, message: str, help: str = "") -> None:  # noqa: A002  # as in findings
        super().__init__(message)
        self.help = help


class Note(NamedTuple):
    """Something to keep until time has moved on to an instant (epoch ms), and no longer."""

    until: int
    data: bytes


class Batch(NamedTuple):
    """What one transaction commits."""

    users: Mapping[str, bytes | None]
    """The new state of each user whose state changed; None: nothing is held of the user any more."""
    core: bytes
    """What the engine remembers besides its users; takes the place of what was there."""
    now: int | None = None
    """The instant (epoch ms) up to which all is decided: notes that are kept until then or before go."""
    note: Note | None = None
    outbox: Mapping[str, bytes] = _NOTHING
    """Whole lines to be delivered, by channel; they come after those that are there."""
    position: bytes | None = None
    """How far the input has been read, in the words of whoever reads it; None: as before."""
    delivered: Mapping[str, int] = _NOTHING
    """Up to which byte, counted from the first that was ever put there, a channel is delivered: that much goes."""
    plan: bytes | None = None
    """The plan (JSON) that the state was made with; None: as before."""
    anew: bool = False
    """Whether `users` are all there are, and take the place of everybody; the notes that were there go, too."""


class Loaded(NamedTuple):
    """What a store holds."""

    plan: bytes
    """Empty where none was ever given."""
    core: bytes
    position: bytes | None
    notes: tuple[bytes, ...]
    """In the order in which they were committed."""
    users: Iterator[tuple[str, bytes]]
    """All users of whom something is held; to be gone through once, before the next commit."""


class Outbox(NamedTuple):
    """What a channel still has to deliver: `lines`, of which the first byte is number `start`."""

    start: int
    lines: bytes


class StateStore(Protocol):
    """Keeps the state of one engine. It has one user at a time. Every method may raise StoreError."""

    def load(self) -> Loaded | None:
        """What was committed last; None: nothing was, ever."""

    def commit(self, batch: Batch) -> None:
        """Keep all of a batch, durably when this returns, or nothing of it.

        Where it raises, a store elsewhere may have kept the batch nevertheless: what holds is what `load` says then.
        A user who is no text that can be written, and lines said to be delivered that never were, are StoreErrors.
        """

    def outbox(self, channel: str) -> Outbox:
        """What was committed for a channel and not said to be delivered."""

    def close(self) -> None:
        """Let go of the store. What is committed stays; closing twice is no mistake."""


class Figures(NamedTuple):
    """An engine in numbers, at the end of a call. Counts are those since it was made or restored."""

    events: int = 0
    """Events taken in, late ones included."""
    matched: int = 0
    """Events that matched a trigger, cancelled a pending send or reached a goal."""
    late: int = 0
    repeated: int = 0
    rejected: int = 0
    """Events that were refused, and what whoever reads them adds: `engine.counts.rejected += 1`."""
    unknown: int = 0
    """Events of an unknown type, or about something that the catalog does not know."""
    outcomes: Mapping[tuple[Kind, Reason | None], int] = _NOTHING
    rules: Mapping[tuple[str, Kind], int] = _NOTHING
    """Outcomes by the name of their rule; none where nobody observes. It goes on counting: copy what you keep."""
    users: int = 0
    """Users of whom something is held."""
    waits: int = 0
    """Sends that are pending."""
    held_back: int = 0
    """Events that the watermark has not reached. Only those count that rules speak of."""
    watermark: int | None = None
    """The instant (epoch ms) up to which all is decided; None: before any event."""
    newest: int | None = None
    """The greatest time (epoch ms) of an event, wherever time was moved on to; None: none came."""


class Observer(Protocol):
    """Wants to see an engine's figures."""

    def observe(self, figures: Figures) -> object:
        """Is called at the end of each call that takes events or moves time, and waited for: be quick.

        What it raises is logged (`connrules`), and changes nothing.
        """
