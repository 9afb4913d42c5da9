"""The hub: it deals out the log, passes on what the workers find, and puts what they decide into one order.

In each round every worker reads a piece of the log, and decides what the pieces of the round before have brought for
its users. So what a piece holds goes two ways: to the hub, which learns how many lines it has and up to which instant;
and, a round later, from there to the workers that own its users. Meanwhile the hub writes what was decided before.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, zip_longest
from typing import Protocol

from connrules.replay.jobs.messages import Answer, Before, Finish, Finished, Found, Piece, Round, Settled, Share
from connrules.replay.jobs.owner import KEY_SIZE
from connrules.replay.jobs.pipes import Pipe
from connrules.replay.jobs.ranges import Ranges
from connrules.replay.jobs.tally import add_decided, add_unknown
from connrules.replay.jobs.worker import Task
from connrules.run.counts import Counts


class Workers(Protocol):
    """Those who do the work: a round for each of them, then the answer of each, and at last the end."""

    def tell(self, rounds: Sequence[Round]) -> None: ...  # noqa: D102
    def answers(self) -> list[Answer]: ...  # noqa: D102
    def finish(self, message: Finish) -> list[Finished]: ...  # noqa: D102


class Hub:
    """One run over several workers.

    `counts`, `newest`, `rejected`, `like_seconds` and `worst_late` say what was seen so far, and are whole when
    `batches` has come to its end. `on_reject` gets the number of a line, the line and why it is no event; `on_late` the
    line of a late event; each in the order of the log.
    """

    def __init__(
        self,
        task: Task,
        log: Ranges | Pipe,
        workers: Workers,
        *,
        on_reject: Callable[[int, bytes, str], object],
        on_late: Callable[[bytes], object],
    ) -> None:
        self._task = task
        self._log = log
        self._workers = workers
        self._on_reject = on_reject
        self._on_late = on_late
        self.counts = Counts.of_goals(rule.name for rule in task.plan.rules if rule.goal)
        self.lines = 0
        self.newest: int | None = None
        self.rejected = 0
        self.like_seconds = 0
        self.worst_late = 0

    def batches(self, until: int | None) -> Iterator[bytes]:
        """The lines of all outcomes that are wanted, in the order in which one engine gives them.

        Raises UnreadableError where the log cannot be read on, once all before it was decided; WorkerError where a
        worker is no more.
        """
        decided = b""
        found: list[tuple[Before, Found]] = []
        pieces = self._log.take(self._task.jobs, wait=True)
        while pieces is not None or found:
            self._workers.tell(self._rounds(found, pieces or ()))
            yield decided  # is written while the workers are at work
            answers = self._workers.answers()
            decided = _in_order(answer.outcomes for answer in answers)
            self._settle(answer.settled for answer in answers)
            found = self._seen(answer.found for answer in answers)
            if not found:
                yield decided
                decided = b""
            pieces = None if pieces is None else self._log.take(self._task.jobs, wait=not found)
        yield decided
        yield self._finished(until)

    def _rounds(self, found: list[tuple[Before, Found]], pieces: Sequence[Piece]) -> list[Round]:
        """What each worker is to do: settle what it found, decide for its users, and read on."""
        watermark = None if self.newest is None else self.newest - self._task.lateness
        befores = [before for before, _ in found]
        jobs = self._task.jobs
        shares = [[Share(before, f.shares[user]) for before, f in found if f.shares[user]] for user in range(jobs)]
        parts = zip_longest(befores, shares, pieces)
        return [Round(settle, share or [], watermark, piece) for settle, share, piece in parts]

    def _seen(self, found: Iterator[Found | None]) -> list[tuple[Before, Found]]:
        """The pieces of a round in their order, each with what came before it; what is in them is counted."""
        seen: list[tuple[Before, Found]] = []
        for each in found:
            if each is not None:
                seen.append((Before(self.lines, self.newest), each))
                self._count(each)
        return seen

    def _count(self, found: Found) -> None:
        for place, line, why in found.rejected:
            self.rejected += 1
            self._on_reject(self.lines + place + 1, line, why)
        self.lines += found.lines
        self.counts.events += found.events
        self.like_seconds += found.like_seconds
        self.newest = max((t for t in (self.newest, found.newest) if t is not None), default=None)
        self._log.skip(found.end)

    def _settle(self, settled: Iterator[Settled | None]) -> None:
        for each in settled:
            if each is not None:
                add_unknown(self.counts, each.unknown)
                self.counts.late += each.late
                self.worst_late = max(self.worst_late, each.worst_late)
                for line in each.late_lines:
                    self._on_late(line)

    def _finished(self, until: int | None) -> bytes:
        """The end of the input: what is due up to the newest event, or to `until`, and what stays pending."""
        ends = [instant for instant in (self.newest, until) if instant is not None]
        end = max(ends, default=None)
        answers = self._workers.finish(Finish(end))
        add_decided(self.counts, [answer.counts for answer in answers])
        self.newest = end
        return _in_order(answer.outcomes for answer in answers)


def _in_order(outcomes: Iterator[list[bytes]]) -> bytes:
    """Lines that stand behind their order keys, each list in order, as the lines alone in one order."""
    return b"".join([line[KEY_SIZE:] for line in sorted(chain.from_iterable(outcomes))])
