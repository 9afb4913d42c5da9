"""Two rule sets run over one log, side by side, and what is said about the log."""

import gc
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from connrules.cli.exit import ShellError
from connrules.cli.report import HowFar, Progress, shape_advice, warn, warn_after
from connrules.connectors.streams import Lines
from connrules.files import STANDARD, UnreadableError
from connrules.plan import Plan
from connrules.replay.choice import EngineChoice, Options, columnar_replay, is_for_columns, stream_replay
from connrules.replay.diff import Chains, Diff, compare
from connrules.replay.outcomes import Batch, Replay, WorkerError
from connrules.replay.stream import StreamReplay

_ONCE: Final = "a log is read twice here, and this can be read only once"


class Runs:
    """The old rules and the new ones over a log. Raises ShellError where it cannot be read."""

    def __init__(self, plans: tuple[Plan, Plan], events: Path, choice: EngineChoice, options: Options) -> None:
        _refuse_what_is_read_once(events)
        self._events = events
        self._options = options
        self._logs: list[HowFar] = []
        self._advice: str | None = None
        old, new = plans
        self._chains = Chains.of(old), Chains.of(new)
        with ExitStack() as stack, _in_words():
            self._old = self._open(old, choice, stack)
            self.seen = self._open(new, choice, stack)
            """The run of the new rules; of the log both say the same."""
            self._stack = stack.pop_all()

    def compare(self, until: int | None, names: Mapping[str, str]) -> Diff:
        """Run both; time moves on to `until`. `names` has the rules that both have: the old names with the new ones."""
        if self._logs:
            gc.set_threshold(100_000, 50, 100)  # as in `connrules run`
        progress = Progress(_Both(self._logs)) if self._logs else None
        with self._stack as stack, _in_words():
            if progress:
                stack.callback(progress.clear)
            old, new = (_ticking(run.batches(until), progress) for run in (self._old, self.seen))
            return compare(old, new, names, self._chains)

    def warn(self, until: int | None) -> None:
        """Say what of the log did not count, and why."""
        seen = self.seen
        if seen.rejected:
            what = "line of the log was" if seen.rejected == 1 else "lines of the log were"
            warn(f"{seen.rejected:,} {what} rejected; {self._advice or '`connrules run --rejects FILE` says why'}")
        warn_after(seen, hidden=0, until=until, lateness=self._options.lateness)
        if not seen.counts.events:
            warn(f"{self._events}: there are no events in it")

    def _open(self, plan: Plan, choice: EngineChoice, stack: ExitStack) -> Replay:
        if is_for_columns(self._events, choice):
            if self._options.jobs is not None and self._options.jobs > 1:
                raise UnreadableError(f"{self._events}: --jobs is for the streaming engine", "leave it out")
            table = columnar_replay(plan, self._events, self._options, on_reject=self._reject, on_late=None)
            stack.callback(table.close)
            return table
        lines = Lines(self._events)
        stack.callback(lines.close)
        replay = stream_replay(plan, lines, self._options, on_reject=self._reject, on_late=None)
        stack.callback(replay.close)
        self._logs.append(lines if isinstance(replay, StreamReplay) else replay)
        return replay

    def _reject(self, number: int, line: bytes, _: str) -> None:
        if number == 1:
            self._advice = shape_advice(line)


class _Both:
    """How far two runs are together."""

    def __init__(self, logs: list[HowFar]) -> None:
        self._logs = logs

    @property
    def number(self) -> int:
        """How many lines the one has read that is behind."""
        return min(log.number for log in self._logs)

    @property
    def position(self) -> int:
        """How many bytes both have read."""
        return sum(log.position for log in self._logs)

    @property
    def size(self) -> int:
        """How many bytes both are to read."""
        return sum(log.size for log in self._logs)


def _ticking(batches: Iterator[Batch], progress: Progress | None) -> Iterator[Batch]:
    for batch in batches:
        yield batch
        if progress:
            progress.tick()


def _refuse_what_is_read_once(events: Path) -> None:
    standard = str(events) == STANDARD
    if standard or (events.exists() and not events.is_file() and not events.is_dir()):
        name = "standard input" if standard else str(events)
        raise ShellError(f"{name}: {_ONCE}", "write the log to a file, and name that with --events")


@contextmanager
def _in_words() -> Iterator[None]:
    """What cannot be read ends the command, in the words that there are for it; so does a process that is lost."""
    try:
        yield
    except UnreadableError as error:
        raise ShellError(str(error), error.help or "check the path after --events") from None
    except WorkerError as error:
        raise ShellError(str(error), error.help) from None
