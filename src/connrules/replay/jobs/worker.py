"""A worker: in each round it reads a piece of the log, and decides for its users what the last round has brought."""

from pathlib import Path
from typing import NamedTuple

from connrules.connectors.rows import RowReader
from connrules.event import Profiles
from connrules.plan import Plan
from connrules.replay.jobs.messages import Answer, Finish, Finished, Round
from connrules.replay.jobs.owner import Owner
from connrules.replay.jobs.reader import Reader
from connrules.run.needs import needs_of
from connrules.run.program import Program
from connrules.run.sharded import ShardedEngine
from connrules.run.sieve import Sieve


class Task(NamedTuple):
    """What all workers of a run are to know. Durations are milliseconds."""

    plan: Plan
    jobs: int
    path: Path | None
    """The file of which they read ranges; None: pieces are sent to them."""
    everything: bool
    """Whether all outcomes are wanted, not only decisions to send."""
    wants_late: bool
    """Whether the lines of late events are wanted."""
    lateness: int
    dedupe: int
    profiles: Profiles | None


class Worker:
    """One of the workers; what it is told, and what it answers, are values."""

    def __init__(self, task: Task) -> None:
        """Raises OSError where the file cannot be opened."""
        # An event that means nothing may be what another repeats: all ids go to those who watch for repeats.
        sieve = None if task.dedupe else Sieve(Program(task.plan))
        self._reader = Reader(
            RowReader(needs_of(task.plan)),
            sieve,
            file=None if task.path is None else task.path.open("rb"),
            jobs=task.jobs,
            lateness=task.lateness,
            wants_late=task.wants_late,
        )
        engine = ShardedEngine(task.plan, dedupe=task.dedupe, profiles=task.profiles)
        self._owner = Owner(engine, task.lateness, everything=task.everything)

    def answer(self, message: Round | Finish) -> Answer | Finished:
        """Do what a message says."""
        match message:
            case Round(settle, shares, until, piece):
                settled = None if settle is None else self._reader.settle(settle)
                outcomes = [] if until is None else self._owner.take(shares, until)
                found = None if piece is None else self._reader.find(piece)
                return Answer(settled, outcomes, found)
            case Finish(until):
                outcomes = [] if until is None else self._owner.finish(until)
                return Finished(outcomes, self._owner.counts)

    def close(self) -> None:
        """Let go of the file."""
        self._reader.close()
