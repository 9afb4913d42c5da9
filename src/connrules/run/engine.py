"""The engine: events in, outcomes out, in event time. It holds the users' states, their timers and the watermark.

The watermark is the greatest event time seen minus the allowed lateness. Events wait in a buffer until the watermark
reaches them, so that those which are not late take effect in their total order (event time, then arrival). Timers fire
as the watermark reaches them; what is due at the instant of an event fires before it.
"""

import hashlib
import heapq
from collections.abc import Callable, Iterable
from itertools import chain

from connrules.duration import EARLIEST, LATEST
from connrules.event import Event, Kind, Outcome
from connrules.plan import Plan
from connrules.run import snapshot as saved
from connrules.run.counts import Counts
from connrules.run.program import Program, Route
from connrules.run.state import UserState, Wait
from connrules.run.step import Stepper, is_live
from connrules.run.timers import Forget, Timer, Timers
from connrules.run.world import Known


class Engine:
    """Runs a plan over a stream of events.

    `lateness` is how many milliseconds an event may be older than the newest one seen and still count. A late event
    changes nothing; it is counted and handed to `on_late`. `counts` says in numbers what the engine has seen and
    decided since it was made or restored. An engine is not safe for use by several threads at once.

    Raises TypeError or ValueError where `lateness` is not a whole number from 0 up, and PlanError where the plan speaks
    of a type of event that this version does not know.
    """

    def __init__(self, plan: Plan, *, lateness: int = 0, on_late: Callable[[Event], object] | None = None) -> None:
        if not isinstance(plan, Plan):
            raise TypeError("an engine runs a plan: that of connrules.compile_rules or connrules.Plan.from_json")
        if type(lateness) is not int:
            raise TypeError(f"the lateness is a whole number of milliseconds, not {lateness!r}")
        if lateness < 0:
            raise ValueError(f"the lateness is a number of milliseconds from 0 up, not {lateness}")
        self.plan = plan
        self.lateness = lateness
        self.counts = Counts()
        self._on_late = on_late
        self._program = Program(plan)
        self._users: dict[str, UserState] = {}
        self._stepper = Stepper(self._program.rules, self._new_timers())
        self._buffer: list[tuple[int, int, Event]] = []
        self._arrivals = 0
        self._greatest: int | None = None
        self._watermark: int | None = None

    @property
    def watermark(self) -> int | None:
        """The instant (epoch ms) up to which all is decided: events older than that are late. None before any event."""
        return self._watermark

    def feed(self, event: Event) -> list[Outcome]:
        """Take in an event, and give the outcomes that it brings about, in order.

        Raises, and changes nothing: TypeError where the event's time is not a whole number of milliseconds, ValueError
        where it is outside the years 1 to 9999.
        """
        return self.feed_many((event,))

    def feed_many(self, events: Iterable[Event]) -> list[Outcome]:
        """Take in events in the order in which they arrived, and give all outcomes that they bring about, in order.

        Raises as `feed` does. The events before the one that it raises for count, and what they bring about comes with
        the next outcomes.
        """
        for event in events:
            self._receive(event)
        return self._take_outcomes()

    def advance_to(self, time: int) -> list[Outcome]:
        """Move time on to an instant (epoch ms), as if no older event could still come; fires what is due until then.

        An instant before the watermark changes nothing. Raises as `feed` does.
        """
        _check_instant(time)
        self._greatest = time if self._greatest is None else max(self._greatest, time)
        self._move_watermark(time)
        return self._take_outcomes()

    def finish(self, until: int | None = None) -> list[Outcome]:
        """The end of the input: take in what waits in the buffer, fire what is due up to the newest event.

        With `until` (epoch ms), time moves on to that instant if it is later. The pending sends come last, as outcomes
        of their own; they stay pending. Raises as `feed` does.
        """
        if until is not None:
            _check_instant(until)
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
        waits = sorted(chain.from_iterable(state.waits.values() for state in self._users.values()), key=_due_order)
        return [self._stepper.pending(wait, self._watermark) for wait in waits]

    def snapshot(self) -> bytes:
        """All that the engine remembers, as bytes; see `restore`."""
        rules = self.plan.rules
        users = {
            user: saved.SavedUser(
                tuple(_saved_wait(rules[r].name, wait) for r, wait in state.waits.items()),
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
                starts=self._stepper.starts,
                users=users,
                buffered=tuple(saved.SavedEvent(n, event) for _, n, event in sorted(self._buffer, key=_place)),
                undelivered=tuple(self._stepper.outcomes),
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
        self._users = {user: self._user_state(user, state) for user, state in snapshot.users.items()}
        self._stepper = Stepper(self._program.rules, self._new_timers(), snapshot.starts)
        self._stepper.outcomes = list(snapshot.undelivered)
        timers = chain.from_iterable(self._timers_of(user, state) for user, state in self._users.items())
        for timer in sorted(timers, key=_due_order):
            self._stepper.restore(timer)
        self._buffer = [(s.event.time, s.number, s.event) for s in snapshot.buffered]
        self._arrivals = snapshot.arrivals
        self._greatest = snapshot.greatest
        self._watermark = snapshot.watermark
        self.counts = Counts()

    def _receive(self, event: Event) -> None:
        if not isinstance(event, Event):
            raise TypeError("an engine takes a connrules.Event; connrules.parse_event makes one of a line or of a dict")
        time = event.time
        if type(time) is not int or not EARLIEST <= time <= LATEST:
            _check_instant(time)
        self._arrivals += 1
        self.counts.events += 1
        if self._watermark is not None and time < self._watermark:
            self._late(event)
            return
        if self._greatest is None or time > self._greatest:
            self._greatest = time
        if self.lateness:
            heapq.heappush(self._buffer, (time, self._arrivals, event))
            self._move_watermark(self._greatest - self.lateness)
            return
        self._watermark = time
        if self._stepper.timers.next_due <= time:
            self._advance(time)
        self._take_in(event, self._arrivals)

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
        timers = self._stepper.timers
        while timers.next_due <= instant:
            timer = timers.pop()
            state = self._users.get(timer.user)
            if state is None or not self._stepper.on_timer(state, timer):
                timers.one_was_dead()
            elif not state.waits and not state.sends:
                del self._users[timer.user]

    def _take_in(self, event: Event, number: int) -> None:
        """Let an event take effect; all that is due at or before its instant has been fired."""
        route = self._program.routes.get(event.type)
        if route is None:
            self.counts.add_unknown_type(event.type)
            return
        known = None
        if route.field is not None:
            reference: str | None = getattr(event, route.field)
            known = route.named.get(reference or "") or (route.find(reference) if reference else None)
            if known is None:
                self.counts.add_unknown_object(event.type, reference or "")
                return
        state = self._users.get(event.user)
        if state is None:
            self._meet(event, number, known, route)
        elif self._stepper.on_event(state, event, event.id or f"#{number}", known, route):
            self.counts.matched += 1
            if not state.waits and not state.sends:
                del self._users[event.user]

    def _meet(self, event: Event, number: int, known: Known | None, route: Route) -> None:
        """Let the first event of a user take effect, or one of a user of whom nothing was left to remember."""
        if not route.by_object.get(known, route.others):
            return
        state = UserState()
        if self._stepper.on_event(state, event, event.id or f"#{number}", known, route):
            self.counts.matched += 1
            if not state.is_empty:
                self._users[event.user] = state

    def _take_outcomes(self) -> list[Outcome]:
        outcomes = self._stepper.outcomes
        self._stepper.outcomes = []
        self.counts.add(outcomes)
        return outcomes

    def _new_timers(self) -> Timers:
        return Timers(self._is_live)

    def _is_live(self, timer: Timer) -> bool:
        state = self._users.get(timer.user)
        return state is not None and is_live(state, timer)

    def _timers_of(self, user: str, state: UserState) -> Iterable[Timer]:
        yield from state.waits.values()
        for rule, sends in state.sends.items():
            window = self._program.rules[rule].window
            if window is not None:
                yield from (Forget(sent + window, user, rule) for sent in sends)

    def _user_state(self, user: str, state: saved.SavedUser) -> UserState:
        index = {rule.name: rule.index for rule in self._program.rules}
        restored = UserState()
        for w in state.waits:
            rule = index[w.rule]
            known = None if w.key is None else self._program.world.find_key(w.key)
            restored.waits[rule] = Wait(w.due, w.start, user, rule, w.trigger, w.triggered_at, known, w.kept)
        restored.sends = {index[rule]: list(sends) for rule, sends in state.sends.items()}
        return restored

    def _fingerprint(self) -> str:
        return hashlib.sha256(self.plan.to_json()).hexdigest()


def _check_instant(time: object) -> None:
    if type(time) is not int:
        raise TypeError(f"a time is a whole number of epoch milliseconds, not {time!r}")
    if not EARLIEST <= time <= LATEST:
        raise ValueError(f"the time {time} ms is outside the years 1 to 9999")


def _place(entry: tuple[int, int, Event]) -> tuple[int, int]:
    return entry[:2]


def _due_order(timer: Timer) -> tuple[int, int]:
    return timer.due, timer.start


def _saved_wait(rule: str, wait: Wait) -> saved.SavedWait:
    key = wait.known.key if wait.known else None
    return saved.SavedWait(rule, wait.due, wait.start, wait.trigger, wait.triggered_at, key, wait.kept)
