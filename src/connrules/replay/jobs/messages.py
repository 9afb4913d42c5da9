"""What goes back and forth between the hub and its workers.

Events and outcomes, of which there are many, travel as bytes that only the one who needs them takes apart.
"""

from typing import NamedTuple

from connrules.run.counts import Counts
from connrules.run.sieve import Unknown


class Range(NamedTuple):
    """A range `[start, end)` of a file's bytes, for the lines that begin in it."""

    start: int
    end: int


Piece = Range | bytes
"""A part of the log: a range of the file, which a worker reads by itself, or whole lines."""


class Before(NamedTuple):
    """What came before a piece."""

    lines: int
    """How many lines."""
    newest: int | None
    """The greatest event time (epoch ms); None: there was no event."""


class Rejected(NamedTuple):
    """A line that is no event: its place in the piece, from 0 up, the line without its line break, and why."""

    place: int
    line: bytes
    why: str


class Found(NamedTuple):
    """What a worker found in a piece."""

    lines: int
    end: int
    """Where in the file the last of the lines ends; 0 where the piece was no range."""
    events: int
    like_seconds: int
    newest: int | None
    """The greatest event time; None: there was no event."""
    rejected: list[Rejected]
    shares: list[bytes]
    """For each worker the rows that concern its users, packed; nothing where there are none."""


class Settled(NamedTuple):
    """What is to be said of a piece once it is known what came before it."""

    unknown: Unknown
    """Of the events that were not late."""
    late: int
    worst_late: int
    """By how many ms an event was older than the newest before it, at most; 0: none was late."""
    late_lines: list[bytes]
    """The lines of the late events, without their line breaks, where someone wants them."""


class Share(NamedTuple):
    """The rows of a piece that concern the users of one worker."""

    before: Before
    rows: bytes


class Round(NamedTuple):
    """What a worker is to do in one round."""

    settle: Before | None
    """What came before the piece that it read in the last round; None: it read none."""
    shares: list[Share]
    """From all pieces of the last round, in their order."""
    until: int | None
    """The instant up to which all is decided now; None: there was no event yet."""
    piece: Piece | None
    """What to read."""


class Finish(NamedTuple):
    """Time moves on to the instant at which the run ends; None: there was no event."""

    until: int | None


class Answer(NamedTuple):
    """What a worker did in one round, in the order of the round's fields."""

    settled: Settled | None
    outcomes: list[bytes]
    """Lines of outcomes, each behind its order key, in their order."""
    found: Found | None


class Finished(NamedTuple):
    """The last outcomes of a worker, and what it counted."""

    outcomes: list[bytes]
    counts: Counts


class Failed(NamedTuple):
    """A worker cannot go on; the log cannot be read, if `is_unreadable`."""

    message: str
    help: str
    is_unreadable: bool
