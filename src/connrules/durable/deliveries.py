"""How far the outcomes of a durable engine were given out, and how far they are delivered.

Their lines stand one behind the other in a channel of the outbox, since the state was begun. A mark is the place behind
an outcome's line: the number of bytes before it.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from connrules.event import Outcome
from connrules.run.ports import Outbox

Marked = tuple[int, Outcome]
"""An outcome, and the mark behind it."""


class Deliveries:
    """What became of the outcomes: three marks."""

    def __init__(self, outbox: Outbox) -> None:
        self.end = outbox.start + len(outbox.lines)
        """The mark behind the newest outcome."""
        self.given = outbox.start
        """Up to where all was given out."""
        self.delivered = outbox.start
        """Up to where all was acknowledged."""
        self._passed_over = False
        """Whether an outcome was given out before one that came before it."""

    def give(self, size: int) -> None:
        """The newest outcomes, so many bytes, are given out."""
        if self.given == self.end - size:
            self.given = self.end
        else:
            self._passed_over = True

    def give_all(self, outcomes: Sequence[Marked]) -> None:
        """All outcomes that were not acknowledged are given out."""
        for _ in self.giving(outcomes):
            pass

    def giving(self, outcomes: Iterable[Marked]) -> Iterator[Outcome]:
        """Give outcomes out one by one: those count that were asked for."""
        for mark, outcome in outcomes:
            self.given = max(self.given, mark)
            self._passed_over &= self.given < self.end
            yield outcome

    def acknowledge(self, mark: int | None) -> int:
        """Outcomes are delivered up to a mark; None: up to the last that was given out. Gives the mark."""
        if mark is None and self._passed_over:
            raise ValueError("there are outcomes from before: deliver those of `undelivered()` and acknowledge by mark")
        mark = check_mark(self.given if mark is None else mark)
        if not 0 <= mark <= self.end:
            raise ValueError(f"there is no outcome with the mark {mark}: that of the newest is {self.end}")
        self.delivered = max(self.delivered, mark)
        return self.delivered


def check_mark(mark: object) -> int:
    """Raise TypeError where something is no mark."""
    if type(mark) is not int:
        raise TypeError(f"a mark is a whole number, as `undelivered()` gives it, not {mark!r}")
    return mark


def marked(start: int, lines: bytes, outcomes: Iterable[Outcome]) -> list[Marked]:
    """Outcomes with their marks: their lines begin at a mark."""
    ends = accumulate((len(line) + 1 for line in lines.split(b"\n")), initial=start)
    next(ends)
    return list(zip(ends, outcomes, strict=False))  # there is a piece behind the last line break, too
