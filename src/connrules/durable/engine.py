"""A durable engine: an engine beside a store of its state. What a call decides is committed when the call returns.

The state lives in memory, as in any engine. Of each call the store keeps, in one transaction, the users whose state
changed, the outcomes and the position in the input. So an engine that is opened anew, however the one before it ended,
goes on from the last commit: feed it what comes after `position`, deliver what `undelivered()` gives.

A call that raises amid a batch leaves memory ahead of the store. The engine takes no more then; the store is as of the
commit before.
"""

import logging
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Final, Self, TypedDict, Unpack

from connrules.durable.deliveries import Marked
from connrules.durable.ledger import NOTHING, OUTCOMES, Committed, Ledger
from connrules.durable.opening import open_state
from connrules.event import Event, Kind, Outcome, Profiles, Row
from connrules.plan import Plan
from connrules.run.counts import Counts
from connrules.run.engine import Engine
from connrules.run.needs import Needs
from connrules.run.ports import Figures, Observer, Outbox, StateStore, StoreError
from connrules.run.wellformed import check_instant

if TYPE_CHECKING:
    from connrules.run.comparing import RuleChange
    from connrules.run.passage import Changed
    from connrules.run.streaming import Clock, Item, Step

_OPEN_ANEW: Final = "open it anew: it goes on from what was committed last"
_log: Final = logging.getLogger("connrules")
_log.addHandler(logging.NullHandler())


class Options(TypedDict, total=False):
    """What a durable engine is made with besides its plan and store."""

    lateness: int
    dedupe: int
    on_late: Callable[[Event], object] | None
    profiles: Profiles | None
    kinds: Collection[Kind] | None
    changed: "Changed"
    observer: Observer | None


class DurableEngine:
    """Runs a plan over a stream of events, and keeps its state in a store.

    It goes on from the state that the store holds. A state that was made with another plan is carried over to this one:
    the waits of rules that changed keep the delay and the exceptions they began with (`changed="pin"`), or take the new
    ones ("follow"). `lateness`, `dedupe`, `on_late`, `profiles`, `kinds` and `observer` are those of `Engine`. `kinds`
    also says which outcomes the store keeps until they are acknowledged.

    Several threads may use it: a call waits for the one before it. It is a context manager that closes itself. Raises
    as `Engine` does, and StoreError where the state cannot be opened.
    """

    def __init__(  # noqa: PLR0913  # what an engine is made with
        self,
        plan: Plan,
        store: StateStore,
        *,
        lateness: int = 0,
        dedupe: int = 0,
        on_late: Callable[[Event], object] | None = None,
        profiles: Profiles | None = None,
        kinds: Collection[Kind] | None = None,
        changed: "Changed" = "pin",
        observer: Observer | None = None,
    ) -> None:
        _check_arguments(store, changed)
        make = partial(
            Engine, lateness=lateness, dedupe=dedupe, on_late=on_late, profiles=profiles, kinds=kinds, observer=observer
        )
        self._store = store
        self._lock = RLock()
        self._stopped: str | None = None
        """Why it takes nothing now."""
        self._is_closed = False
        opened = open_state(plan, store, make, changed)
        self._engine = opened.engine
        self._ledger = Ledger(store, opened.position)
        self.replaced: tuple[RuleChange, ...] = ()
        """What became of each rule when the rules were replaced last, at opening or since; empty: they never were."""
        if opened.former != plan:
            self._ledger.commit(self._engine.changes(), opened.outcomes, plan=plan)
        self._say_opened(opened.former)

    @classmethod
    def open(cls, path: str | Path, plan: Plan, **options: Unpack[Options]) -> Self:
        """Go on from the state in an SQLite file, or begin one there; `options` are those of `DurableEngine`."""
        from connrules.connectors.sqlite import SqliteStore  # noqa: PLC0415  # other stores do without SQLite

        if not isinstance(plan, Plan):
            raise TypeError("an engine runs a plan: DurableEngine.open(path, plan)")
        store = SqliteStore(path)
        try:
            return cls(plan, store, **options)
        except BaseException:
            store.close()
            raise

    @property
    def plan(self) -> Plan:
        """The plan that it runs."""
        return self._engine.plan

    @property
    def lateness(self) -> int:
        """How many milliseconds an event may be older than the newest one seen and still count."""
        return self._engine.lateness

    @property
    def position(self) -> bytes | None:
        """How far the input has been read, as was last committed; None: nothing was said of it yet."""
        return self._ledger.position

    @property
    def watermark(self) -> int | None:
        """The instant (epoch ms) up to which all is decided. None before any event."""
        return self._engine.watermark

    @property
    def needs(self) -> Needs:
        """What of events the rules look at."""
        return self._engine.needs

    @property
    def figures(self) -> Figures:
        """How things stand, as an observer is shown it."""
        return self._engine.figures

    @property
    def next_due(self) -> int | None:
        """An instant (epoch ms) before which nothing comes about by moving time on. None: nothing waits."""
        return self._engine.next_due

    @property
    def stopped(self) -> str | None:
        """Why it takes no more, as for its health; None: it goes on. Waits for a call of another thread."""
        with self._lock:
            return self._stopped

    @property
    def counts(self) -> Counts:
        """What was seen and decided since it was opened."""
        return self._engine.counts

    @property
    def mark(self) -> int:
        """The mark behind the newest outcome."""
        return self._ledger.deliveries.end

    @property
    def lines(self) -> bytes:
        """The outcomes that the last call gave, as the lines that it committed for them."""
        return self._ledger.last.lines

    def feed(self, event: Event, position: bytes | None = None) -> list[Outcome]:
        """Take in an event, and give the outcomes that it brings about, in order; see `feed_many`."""
        return self.feed_many((event,), position)

    def feed_many(self, events: Iterable[Event], position: bytes | None = None) -> list[Outcome]:
        """Take in events, and give the outcomes that they bring about, in order: one transaction.

        `position` is where the input goes on behind them, in your own words. Raises TypeError or ValueError, and
        changes nothing, where one of the events is ill-formed; StoreError where they could not be committed. What
        `on_late` and `profiles` raise goes through. After both, the engine takes no more: open it anew.
        """
        return self._ledger.give(self._feed(events, position))

    def take(
        self,
        rows: Sequence[Row],
        first: int,
        on_late: Callable[[int, Row], object],
        position: bytes | None = None,
        outbox: Mapping[str, bytes] = NOTHING,
    ) -> list[Outcome]:
        """Take in the rows of a log as `Engine.take` does, and commit, even if there are none.

        `outbox` holds lines for other channels; it is looked at when the rows are taken in.
        """
        _check_position(position)
        with self._turn():
            return self._ledger.give(self._commit(self._engine.take(rows, first, on_late), position, outbox))

    def advance_to(self, time: int, position: bytes | None = None) -> list[Outcome]:
        """Move time on to an instant (epoch ms), as if no older event could still come; give what is due until then.

        An instant at or before the watermark changes nothing. Raises as `feed_many` does.
        """
        return self._ledger.give(self._advance(time, position))

    def replace(self, plan: Plan, changed: "Changed" = "pin") -> list[Outcome]:
        """Go on with other rules, as `Engine.replace` does, and give what that brings about.

        Raises as that does, and changes nothing: TypeError, ValueError, PlanError, and what `profiles` raises.
        StoreError as `feed_many` does.
        """
        with self._look():
            former = self.plan
            outcomes = self._engine.replace(plan, changed)
            with self._turn():
                self._ledger.commit(self._engine.changes(), outcomes, plan=plan)
            self._say_replaced(former)
            return self._ledger.give(self._ledger.last)

    def commit(self, position: bytes | None = None) -> None:
        """Commit how far the input was read, and what was acknowledged, though there are no events."""
        self._feed((), position)

    def stream(
        self,
        source: "AsyncIterable[Item]",
        *,
        clock: "Clock | None" = None,
        idle: float = 1.0,
        most: int = 1_000,
    ) -> AsyncGenerator[Outcome, None]:
        """Give outcomes as the events of a source bring them about: `async for outcome in engine.stream(source)`.

        As `Engine.stream` does; but first come those that were not given out before, and the source may give pairs of
        events, or lists of them, and the position behind them. `acknowledge()` speaks of the outcome that was given
        last. Whoever leaves the loop finds what was not given out in `undelivered()`. Another thread commits, so that
        the loop does not wait for the disk.
        """
        import asyncio  # noqa: PLC0415  # most engines do without

        from connrules.run.streaming import check_stream, stream, time_of  # noqa: PLC0415  # likewise

        check_stream(source, clock, idle, most)

        async def take(step: "Step") -> Iterator[Outcome]:
            now = time_of(step, clock, self.lateness, self.next_due)
            return self._ledger.deliveries.giving(await asyncio.to_thread(self._take_step, step, now))

        return stream(source, take, idle=None if clock is None else idle, most=most)

    def undelivered(self) -> list[Marked]:
        """The outcomes that were committed and not acknowledged, each with the mark to acknowledge it by, in order."""
        with self._look():
            outcomes = self._ledger.undelivered()
            self._ledger.deliveries.give_all(outcomes)
            return outcomes

    def acknowledge(self, mark: int | None = None, channel: str = OUTCOMES) -> None:
        """Outcomes are delivered up to a mark; None: all that were given so far. The store drops them.

        It is committed with the next call that commits, or by `close`: after a crash, outcomes may be undelivered again
        that were acknowledged last. Raises ValueError where there is no such mark, or where outcomes from before were
        never asked for.
        """
        with self._look():
            self._ledger.acknowledge(mark, channel)

    def outbox(self, channel: str) -> Outbox:
        """What was committed for a channel and not said to be delivered by the last commit."""
        with self._look():
            return self._store.outbox(channel)

    def pending(self) -> list[Outcome]:
        """The sends that are pending now, in the order in which they are due."""
        with self._look():
            return self._engine.pending()

    def close(self) -> None:
        """Commit what was acknowledged and let go of the store. Closing twice is no mistake."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            try:
                if self._ledger.has_news and self._stopped is None:
                    self._commit([])
            finally:
                self._stopped = "the engine is closed"
                self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _look(self) -> Iterator[None]:
        """One thread at a time, and none where memory is ahead of the store."""
        with self._lock:
            if self._stopped is not None:
                raise StoreError(self._stopped, _OPEN_ANEW)
            yield

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """A call that changes what is remembered, and commits it. One that raises leaves memory ahead of the store."""
        with self._look():
            self._stopped = "the engine is amid a call: it cannot be used by what that calls"
            try:
                yield
            except BaseException as error:
                why = (
                    str(error)
                    if isinstance(error, StoreError)
                    else f"{type(error).__name__}: {error}".removesuffix(": ")
                )
                self._stopped = f"the engine takes no more, since a call raised: {why}"
                _log.error("stopped amid a call", extra={"why": why})
                raise
            self._stopped = None

    def _feed(self, events: Iterable[Event], position: bytes | None) -> Committed:
        _check_position(position)
        events = events if isinstance(events, list | tuple) else list(events)
        with self._look():
            self._engine.check(events)
            if not (events or position is not None or self._ledger.has_news):
                return self._ledger.nothing()
            with self._turn():
                alone = len(events) == 1
                outcomes = self._engine.feed(events[0]) if alone else self._engine.feed_many(events)
                return self._commit(outcomes, position)

    def _advance(self, time: int, position: bytes | None = None) -> Committed:
        check_instant(time)
        _check_position(position)
        with self._look():
            is_new = self.watermark is None or time > self.watermark
            if not (is_new or position is not None or self._ledger.has_news):
                return self._ledger.nothing()
            with self._turn():
                return self._commit(self._engine.advance_to(time), position)

    def _commit(
        self,
        outcomes: list[Outcome],
        position: bytes | None = None,
        outbox: Mapping[str, bytes] = NOTHING,
        plan: Plan | None = None,
    ) -> Committed:
        return self._ledger.commit(self._engine.changes(), outcomes, position, outbox, plan)

    def _take_step(self, step: "Step", now: int | None) -> list[Marked]:
        """Take a step of a stream; all that was not given out by then is to be given."""
        with self._look():
            committed = self._feed(step.events, step.position) if now is None else self._advance(now)
            return self._ledger.not_given(committed)

    def _say_opened(self, former: Plan | None) -> None:
        left = self.mark - self._ledger.deliveries.given
        said = {"position": self.position, "watermark": self.watermark, "undelivered": left}
        _log.info("began a state" if former is None else "went on from a state", extra=said)
        if former is not None and former != self.plan:
            self._say_replaced(former)

    def _say_replaced(self, former: Plan) -> None:
        from connrules.run.comparing import compare_plans  # noqa: PLC0415  # most runs never need it

        self.replaced = compare_plans(former, self.plan)
        found = Counter(str(change.kind) for change in self.replaced)
        _log.info("replaced the rules", extra={"watermark": self.watermark, "rules": dict(found)})


def _check_arguments(store: object, changed: object) -> None:
    if not callable(getattr(store, "commit", None)):
        raise TypeError(
            "a durable engine keeps its state in a store; for a file there is DurableEngine.open(path, plan)"
        )
    if changed not in {"pin", "follow"}:
        raise ValueError(f"waits of a rule that changed are to `pin` or to `follow`, not {changed!r}")


def _check_position(position: object) -> None:
    if position is not None and not isinstance(position, bytes):
        raise TypeError(f"a position is bytes, in your own words, not {position!r}")
