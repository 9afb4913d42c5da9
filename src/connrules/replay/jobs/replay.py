"""`JobsReplay`: a log and a plan in, outcomes out, by several processes."""

from collections.abc import Callable, Iterator

from connrules.connectors.streams import Lines
from connrules.event import Profiles
from connrules.plan import Plan
from connrules.replay.jobs.crew import Crew
from connrules.replay.jobs.hub import Hub
from connrules.replay.jobs.pipes import Pipe
from connrules.replay.jobs.ranges import Ranges
from connrules.replay.jobs.worker import Task
from connrules.run.counts import Counts


class JobsReplay:
    """A log that is run through rules by so many processes. `lateness` and `dedupe` are in ms.

    Without `everything`, only decisions to send are given. Raises WorkerError where the processes cannot be started.
    """

    note = None

    def __init__(  # noqa: PLR0913  # the options of a run
        self,
        plan: Plan,
        lines: Lines,
        *,
        jobs: int,
        everything: bool,
        lateness: int = 0,
        dedupe: int = 0,
        profiles: Profiles | None = None,
        on_reject: Callable[[int, bytes, str], object],
        on_late: Callable[[bytes], object] | None = None,
    ) -> None:
        task = Task(plan, jobs, lines.plain, everything, on_late is not None, lateness, dedupe, profiles)
        self._log = Pipe(lines) if task.path is None else Ranges(lines.size, jobs)
        self._lines = lines
        self._crew = Crew(task)
        self._hub = Hub(task, self._log, self._crew, on_reject=on_reject, on_late=on_late or _nobody)

    @property
    def counts(self) -> Counts:
        """What was seen and decided; whole at the end."""
        return self._hub.counts

    @property
    def newest(self) -> int | None:
        """The instant (epoch ms) up to which all is decided; None: there was no event."""
        return self._hub.newest

    @property
    def rejected(self) -> int:
        """How many lines are no events."""
        return self._hub.rejected

    @property
    def like_seconds(self) -> int:
        """How many times look like seconds that are taken for milliseconds."""
        return self._hub.like_seconds

    @property
    def worst_late(self) -> int:
        """By how many ms a late event was older than the newest before it, at most; 0: none was late."""
        return self._hub.worst_late

    @property
    def number(self) -> int:
        """How many lines were read."""
        return self._hub.lines

    @property
    def position(self) -> int:
        """How many of the file's bytes were dealt out."""
        return self._log.position

    @property
    def size(self) -> int:
        """The file's size in bytes; 0: it is no file."""
        return self._lines.size

    def batches(self, until: int | None) -> Iterator[bytes]:
        """The lines of the outcomes, in their order; see `Hub.batches`."""
        return self._hub.batches(until)

    def close(self) -> None:
        """End the workers and let go of the log."""
        self._crew.close()
        self._lines.close()


def _nobody(_line: bytes) -> None:
    """Late events are counted, and that is all."""
