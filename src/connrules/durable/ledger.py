"""What a durable engine has committed: how far the input was read, and the outcomes until they are delivered.

Acknowledgements go along with the next commit, so that they cost no transaction of their own.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from connrules.connectors.jsonl import decode_outcomes, encode_outcomes
from connrules.durable.deliveries import Deliveries, Marked, check_mark, marked
from connrules.event import Outcome
from connrules.plan import Plan
from connrules.run.ports import Batch, StateStore

OUTCOMES: Final = "outcomes"
"""The channel of the outbox that holds the lines of outcomes."""
NOTHING: Final[Mapping[str, bytes]] = MappingProxyType({})


class Committed(NamedTuple):
    """What a call decided: the mark before its outcomes, their lines, and they."""

    start: int
    lines: bytes
    outcomes: list[Outcome]

    @property
    def marked(self) -> list[Marked]:
        """The outcomes with their marks."""
        return marked(self.start, self.lines, self.outcomes)


class Ledger:
    """Commits to a store, and knows what was committed. `position` is where the input goes on (None: unknown)."""

    def __init__(self, store: StateStore, position: bytes | None) -> None:
        self.store = store
        self.position = position
        self.deliveries = Deliveries(store.outbox(OUTCOMES))
        self._acknowledged: dict[str, int] = {}
        """Since the last commit, by channel."""
        self._marks: frozenset[int] = frozenset()
        """The marks of the outcomes that were read from the store last."""
        self.last = self.nothing()
        """What was committed last."""

    @property
    def has_news(self) -> bool:
        """Whether something was acknowledged since the last commit."""
        return bool(self._acknowledged)

    def commit(
        self,
        changes: Batch,
        outcomes: list[Outcome],
        position: bytes | None = None,
        outbox: Mapping[str, bytes] = NOTHING,
        plan: Plan | None = None,
    ) -> Committed:
        """Commit what a call changed and decided, with what was acknowledged before it. Raises StoreError."""
        lines = encode_outcomes(outcomes)
        self.store.commit(
            changes._replace(
                outbox={**outbox, OUTCOMES: lines} if lines else outbox,
                position=position,
                delivered=self._acknowledged,
                plan=None if plan is None else plan.to_json(),
            )
        )
        self._acknowledged = {}
        self.position = self.position if position is None else position
        self.last = Committed(self.deliveries.end, lines, outcomes)
        self.deliveries.end += len(lines)
        return self.last

    def nothing(self) -> Committed:
        """A call decided nothing, and there is nothing to commit."""
        self.last = Committed(self.deliveries.end, b"", [])
        return self.last

    def give(self, committed: Committed) -> list[Outcome]:
        """Give out what a call decided."""
        self.deliveries.give(len(committed.lines))
        return committed.outcomes

    def undelivered(self) -> list[Marked]:
        """The outcomes that were not acknowledged, with their marks. Raises StoreError."""
        start, lines = self.store.outbox(OUTCOMES)
        begin = max(start, self.deliveries.delivered)
        lines = lines[begin - start :]
        found = marked(begin, lines, decode_outcomes(lines))
        self._marks = frozenset(mark for mark, _ in found)
        return found

    def not_given(self, committed: Committed) -> list[Marked]:
        """What a call decided; where there are outcomes before it that were not given out, those and it."""
        given = self.deliveries.given
        if given == committed.start:
            return committed.marked
        return [pair for pair in self.undelivered() if pair[0] > given]

    def acknowledge(self, mark: int | None, channel: str) -> None:
        """A channel is delivered up to a mark; see `DurableEngine.acknowledge`."""
        if channel != OUTCOMES:
            self._acknowledged[channel] = check_mark(mark)
            return
        if mark is not None and not self._is_mark(check_mark(mark)):
            raise ValueError(f"there is no outcome with the mark {mark}: take those of `undelivered()`")
        self._acknowledged[OUTCOMES] = self.deliveries.acknowledge(mark)

    def _is_mark(self, mark: int) -> bool:
        """Whether an outcome may have a mark: nothing is read again for those that were read last."""
        is_between = self.deliveries.delivered < mark < self.deliveries.end
        return not is_between or mark in self._marks or mark in {known for known, _ in self.undelivered()}
