"""What a log that is run through rules gives, whichever engine runs it: outcomes, and what became of its lines."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from connrules.connectors.jsonl import encode_outcomes
from connrules.event import Kind, Outcome
from connrules.run.counts import Counts

Batch = Sequence[Outcome] | bytes
"""Outcomes in order; or, from an engine that writes by itself, those that are wanted as whole lines."""


class WorkerError(Exception):
    """One of several processes could not be started, or is no more. `help` says what to do."""

    def __init__(self, message: str, help: str = "") -> None:  # noqa: A002  # as in findings
        super().__init__(message)
        self.help = help


class Summed(Protocol):
    """What a summary of a run is made of."""

    @property
    def counts(self) -> Counts:
        """What was seen and decided so far."""

    @property
    def newest(self) -> int | None:
        """The instant (epoch ms) up to which all is decided; None before any event."""

    @property
    def rejected(self) -> int:
        """How many lines are no events, blank ones aside."""

    @property
    def like_seconds(self) -> int:
        """How many times look like seconds that are taken for milliseconds."""

    @property
    def worst_late(self) -> int:
        """By how many milliseconds a late event was older than the newest before it, at most; 0: none was late."""

    @property
    def note(self) -> str | None:
        """What to say of the engine that ran, and why; None: nothing."""


class Replay(Summed, Protocol):
    """A log that is run through rules."""

    def batches(self, until: int | None) -> Iterator[Batch]:
        """All outcomes in order, a batch at a time, those pending last. Time moves on to `until` (epoch ms), if later.

        Raises UnreadableError where the log cannot be read, or not to its end; WorkerError where a process is lost.
        """

    def close(self) -> None:
        """Let go of the log."""


def encode_batch(batch: Batch, *, everything: bool) -> bytes:
    """The lines of a batch: of all outcomes, or only of the decisions to send."""
    if isinstance(batch, bytes):
        return batch
    sent = Kind.SENT  # looked up once: a member of an enum is not found quickly
    return encode_outcomes(batch if everything else [outcome for outcome in batch if outcome.kind is sent])
