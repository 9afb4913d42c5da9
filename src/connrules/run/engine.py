"""The engine: events in, outcomes out, in event time. It holds the users' states, their timers and the watermark.

The watermark is the greatest event time seen minus the allowed lateness. Events wait in a buffer until the watermark
reaches them, so that those which are not late take effect in their total order (event time, then arrival). Timers fire
as the watermark reaches them; what is due at the instant of an event fires before it.
"""

import hashlib
import heapq
from collections.abc import Callable, Iterable
from itertools import chain
from typing import assert_never

from connrules.event import Event, Kind, Outcome
from connrules.plan import Plan
from connrules.run import snapshot as saved
from connrules.run.counts import Counts
from connrules.run.program import Arrival, Known, Program
from connrules.run.state import UserState, Wait
from connrules.run.step import Effects, is_live, on_event, on_timer, pending
from connrules.run.timers import FORGET, Timer, Timers
from connrules.vocabulary import ATTRIBUTES, OBJECT_KIND, ObjectKind


class Engine:
    """Runs a plan over a stream of events.

    `lateness` is how many milliseconds an event may be older than the newest one seen and still count. A late event
    changes nothing; it is counted and handed to `on_late`. An engine is not safe for use by several threads at once.

    Raises ValueError where `lateness` is negative.
    """

    def __init__(self, plan: Plan, *, lateness: int = 0, on_late: Callable[[Event], object] | None = None) -> None:
        if lateness < 0:
            raise ValueError("lateness is a number of milliseconds from 0 up")
        self.plan = plan
        self.lateness = lateness
        self.counts = Counts()
        self._on_late = on_late
        self._program = Program(plan)
        self._users: dict[str, UserState] = {}
        self._timers = Timers(lambda timer: is_live(self._users.get(timer.user), timer))
        self._buffer: list[tuple[int, int, Event]] = []
        self._arrivals = 0
        self._greatest: int | None = None
        self._watermark: int | None = None
        self._effects = Effects()

    @property
    def watermark(self) -> int | None:
        """The instant (epoch ms) up to which all is decided: events older than that are late. None before any event."""
        return self._watermark

    def feed(self, event: Event) -> list[Outcome]:
        """Take in an event, and give the outcomes that it brings about, in order.

        Raises TypeError where the event's time is not a whole number of milliseconds.
        """
        return self.feed_many((event,))

    def feed_many(self, events: Iterable[Event]) -> list[Outcome]:
        """Take in events in the order in which they arrived, and give all outcomes that they bring about, in order."""
        for event in events:
            self._receive(event)
        return self._take_outcomes()

    def advance_to(self, time: int) -> list[Outcome]:
        """Move time on to an instant (epoch ms), as if no older event could still come; fires what is due until then.

        An instant before the watermark changes nothing.
        """
        self._greatest = time if self._greatest is None else max(self._greatest, time)
        self._move_watermark(time)
        return self._take_outcomes()

    def finish(self, until: int | None = None) -> list[Outcome]:
        """The end of the input: take in what waits in the buffer, fire what is due up to the newest event.

        With `until` (epoch ms), time moves on to that instant if it is later. The pending sends come last, as outcomes
        of their own; they stay pending.
        """
        ends = [instant for instant in (self._greatest, until) if instant is not None]
        if not ends:
            return []
        self._move_watermark(max(ends))
        waiting = self.pending()
        self.counts.outcomes[Kind.PENDING, None] = len(waiting)
        return self._take_outcomes() + waiting

    def pending(self) -> list[Outcome]:
        """The sends that are pending now, in the order in which they are due."""
        if self._watermark is None:
            return []
        waits = [(wait, user, rule) for user, state in self._users.items() for rule, wait in state.waits.items()]
        waits.sort(key=lambda entry: (entry[0].due, entry[0].start))
        rules = self._program.rules
        return [pending(rules[rule], user, wait, self._watermark) for wait, user, rule in waits]

    def snapshot(self) -> bytes:
        """All that the engine remembers, as bytes; see `restore`."""
        rules = self.plan.rules
        users = {
            user: saved.SavedUser(
                tuple(saved.SavedWait(rules[r].name, *wait) for r, wait in state.waits.items()),
                {rules[r].name: tuple(sends) for r, sends in state.sends.items()},
            )
            for user, state in self._users.items()
        }
        return saved.to_bytes(
            saved.Snapshot(
                plan=self._fingerprint(),
                lateness=self.lateness,
                greatest=self._greatest,
                watermark=self._watermark,
                arrivals=self._arrivals,
                starts=self._effects.starts,
                users=users,
                buffered=tuple(saved.SavedEvent(n, event) for _, n, event in sorted(self._buffer, key=_place)),
            )
        )

    def restore(self, data: bytes) -> None:
        """Go on from a snapshot, with the same plan and lateness; what this engine remembered is replaced.

        The counts start anew. Raises SnapshotError, and changes nothing, where `data` is no whole snapshot of the plan.
        """
        snapshot = saved.from_bytes(data)
        if snapshot.plan != self._fingerprint():
            raise saved.SnapshotError("the snapshot was taken with another plan")
        if snapshot.lateness != self.lateness:
            raise saved.SnapshotError(f"the snapshot was taken with a lateness of {snapshot.lateness} ms")
        index = {rule.name: i for i, rule in enumerate(self.plan.rules)}
        self._users = {user: _user_state(state, index) for user, state in snapshot.users.items()}
        self._timers = Timers(lambda timer: is_live(self._users.get(timer.user), timer))
        for timer in chain.from_iterable(self._timers_of(user, state) for user, state in self._users.items()):
            self._timers.add(timer)
        self._buffer = [(s.event.time, s.number, s.event) for s in snapshot.buffered]
        self._arrivals = snapshot.arrivals
        self._greatest = snapshot.greatest
        self._watermark = snapshot.watermark
        self._effects = Effects()
        self._effects.starts = snapshot.starts
        self.counts = Counts()

    def _receive(self, event: Event) -> None:
        time = event.time
        if type(time) is not int:
            raise TypeError(f"an event's time is a whole number of epoch milliseconds, not {time!r}")
        self._arrivals += 1
        self.counts.events += 1
        if self._watermark is not None and time < self._watermark:
            self._late(event)
            return
        if self._greatest is None or time > self._greatest:
            self._greatest = time
        if not self.lateness:
            self._advance(time)
            self._take_in(event, self._arrivals)
            return
        heapq.heappush(self._buffer, (time, self._arrivals, event))
        self._move_watermark(self._greatest - self.lateness)

    def _late(self, event: Event) -> None:
        self.counts.late += 1
        if self._on_late is not None:
            self._on_late(event)

    def _move_watermark(self, watermark: int) -> None:
        """Take in the buffered events that the watermark has reached, and fire what is due until then."""
        if self._watermark is not None and watermark < self._watermark:
            return
        while self._buffer and self._buffer[0][0] <= watermark:
            time, number, event = heapq.heappop(self._buffer)
            self._advance(time)
            self._take_in(event, number)
        self._advance(watermark)

    def _advance(self, instant: int) -> None:
        """Fire every timer that is due at or before an instant, in order."""
        self._watermark = instant
        for timer in self._timers.due(instant):
            state = self._users[timer.user]
            on_timer(self._program, state, timer, self._effects)
            self._settle(timer.user, state)

    def _take_in(self, event: Event, number: int) -> None:
        """Let an event take effect; all that is due at or before its instant has been fired."""
        if event.type not in OBJECT_KIND:
            self.counts.unknown_types[event.type] += 1
            return
        known = None
        kind = OBJECT_KIND[event.type]
        if kind is not None:
            known = self._known(kind, event)
            if known is None:
                self.counts.unknown_objects[event.type] += 1
                return
        if event.type == ATTRIBUTES:
            return
        arrival = Arrival(event, event.id or f"#{number}", known)
        state = self._users.get(event.user)
        is_new = state is None
        if state is None:
            state = UserState()
        if on_event(self._program, state, arrival, self._effects):
            self.counts.matched += 1
            if is_new:
                self._users[event.user] = state
            self._settle(event.user, state)

    def _known(self, kind: ObjectKind, event: Event) -> Known | None:
        match kind:
            case ObjectKind.CAMPAIGN:
                reference = event.campaign
            case ObjectKind.CARD:
                reference = event.card
            case ObjectKind.EVENT:
                reference = event.name
            case _:
                assert_never(kind)
        return None if reference is None else self._program.world.find(kind, reference)

    def _settle(self, user: str, state: UserState) -> None:
        """After a step: set its timers, drop those that stand for nothing, forget a user of whom nothing is left."""
        effects = self._effects
        for timer in effects.timers:
            self._timers.add(timer)
        effects.timers.clear()
        if state.is_empty:
            self._users.pop(user, None)
        for _ in range(effects.ended):
            self._timers.one_died()
        effects.ended = 0

    def _take_outcomes(self) -> list[Outcome]:
        outcomes = self._effects.outcomes
        self._effects.outcomes = []
        for outcome in outcomes:
            self.counts.add(outcome)
        return outcomes

    def _timers_of(self, user: str, state: UserState) -> Iterable[Timer]:
        for rule, wait in state.waits.items():
            yield Timer(wait.due, wait.start, user, rule)
        for rule, sends in state.sends.items():
            limit = self.plan.rules[rule].eligibility
            if limit is not None and limit.window is not None:
                yield from (Timer(sent + limit.window, FORGET, user, rule) for sent in sends)

    def _fingerprint(self) -> str:
        return hashlib.sha256(self.plan.to_json()).hexdigest()


def _place(entry: tuple[int, int, Event]) -> tuple[int, int]:
    return entry[:2]


def _user_state(state: saved.SavedUser, index: dict[str, int]) -> UserState:
    restored = UserState()
    for w in state.waits:
        restored.waits[index[w.rule]] = Wait(w.due, w.start, w.trigger, w.triggered_at, w.key, w.kept)
    restored.sends = {index[rule]: list(sends) for rule, sends in state.sends.items()}
    return restored
