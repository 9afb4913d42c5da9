"""The engine: events in, outcomes out, in event time. It holds the users' states, their timers and the watermark.

The watermark is the greatest event time seen minus the allowed lateness. Events wait in a buffer until the watermark
reaches them, so that those which are not late take effect in their total order (event time, then arrival). Timers fire
as the watermark reaches them; what is due at the instant of an event fires before it.
"""

import hashlib
import heapq
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import chain

from connrules.duration import EARLIEST, LATEST
from connrules.event import Event, Kind, Outcome, Profiles, Row, as_event
from connrules.plan import Plan
from connrules.run import snapshot as saved
from connrules.run.audience import said
from connrules.run.counts import Counts
from connrules.run.program import Program, Route
from connrules.run.repeats import Repeats
from connrules.run.state import UserState
from connrules.run.step import Stepper, is_live
from connrules.run.timers import Timer, Timers
from connrules.run.wellformed import check_event
from connrules.run.world import Known
from connrules.vocabulary import ATTRIBUTES


class Engine:
    """Runs a plan over a stream of events.

    `lateness` is how many milliseconds an event may be older than the newest one seen and still count. A late event
    changes nothing; it is counted and handed to `on_late`. An event with the id of one that the same user was seen
    with less than `dedupe` milliseconds before is counted and changes nothing; 0: no event is a repeat. `profiles` is
    asked, whenever a condition looks at a user, for the attributes that no event said. `counts` says in numbers what
    the engine has seen and decided since it was made or restored. An engine is not safe for use by several threads at
    once.

    Raises TypeError or ValueError where `lateness` or `dedupe` is not a whole number from 0 up, and PlanError where the
    plan speaks of a type of event or a time zone that is not known here. What `profiles` raises goes through, and may
    leave the engine amid an event: go on from a snapshot then.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        lateness: int = 0,
        dedupe: int = 0,
        on_late: Callable[[Event], object] | None = None,
        profiles: Profiles | None = None,
    ) -> None:
        if not isinstance(plan, Plan):
            raise TypeError("an engine runs a plan: that of connrules.compile_rules or connrules.Plan.from_json")
        _check_span("lateness", lateness)
        _check_span("dedupe horizon", dedupe)
        if profiles is not None and not callable(getattr(profiles, "attributes", None)):
            raise TypeError("profiles are looked up with `attributes(user)`; see connrules.Profiles")
        self.plan = plan
        self.lateness = lateness
        self.dedupe = dedupe
        self._remembers_all = bool(lateness or dedupe)
        """Whether something of every event is remembered, not only of those that rules speak of."""
        self._on_late = on_late
        self._profiles = profiles
        self._program = Program(plan)
        self.counts = self._new_counts()
        self._users: dict[str, UserState] = {}
        self._stepper = self._new_stepper()
        self._repeats = Repeats(dedupe) if dedupe else None
        self._buffer: list[tuple[int, int, Row]] = []
        self._arrivals = 0
        self._greatest: int | None = None
        self._watermark: int | None = None

    @property
    def watermark(self) -> int | None:
        """The instant (epoch ms) up to which all is decided: events older than that are late. None before any event."""
        return self._watermark

    def feed(self, event: Event) -> list[Outcome]:
        """Take in an event, and give the outcomes that it brings about, in order.

        Raises, and changes nothing: TypeError where a field of the event is of a wrong type, ValueError where its time
        is outside the years 1 to 9999 or a text cannot be written down.
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

    def take(self, rows: Sequence[Row], first: int, on_late: Callable[[int, Row], object]) -> list[Outcome]:
        """Take in the rows of a log that whoever reads it has looked at, as `feed_many` does, without another look.

        Row i without an id is known as `#{first + i}`; `on_late(i, row)` is called in place of the engine's own.
        """
        for index, row in enumerate(rows):
            self._arrivals = first + index - 1
            if not self._is_in_time(row):
                on_late(index, row)
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
        if self._repeats is not None and self._watermark is not None:
            self._repeats.forget(self._watermark)
        return saved.to_bytes(
            saved.Snapshot(
                plan=self._fingerprint,
                lateness=self.lateness,
                dedupe=self.dedupe,
                greatest=self._greatest,
                watermark=self._watermark,
                arrivals=self._arrivals,
                starts=self._stepper.starts,
                users={user: saved.save_user(state, self._program) for user, state in self._users.items()},
                buffered=tuple(
                    saved.SavedEvent(n, as_event(event)) for _, n, event in sorted(self._buffer, key=_place)
                ),
                seen=tuple(self._repeats or ()),
                undelivered=tuple(self._stepper.outcomes),
            )
        )

    def restore(self, data: bytes) -> None:
        """Go on from a snapshot, with the same plan, lateness and dedupe horizon, and forget all that was before.

        The counts start anew. Raises SnapshotError, and changes nothing, where `data` is no whole snapshot of the plan.
        """
        snapshot = saved.from_bytes(data)
        if snapshot.plan != self._fingerprint:
            raise saved.SnapshotError("the snapshot was taken with another plan")
        if snapshot.lateness != self.lateness:
            raise saved.SnapshotError(f"the snapshot was taken with a lateness of {snapshot.lateness} ms")
        if snapshot.dedupe != self.dedupe:
            raise saved.SnapshotError(f"the snapshot was taken with a dedupe horizon of {snapshot.dedupe} ms")
        program = self._program
        self._users = {user: saved.restore_user(user, kept, program) for user, kept in snapshot.users.items()}
        self._stepper = self._new_stepper(snapshot.starts)
        self._stepper.outcomes = list(snapshot.undelivered)
        timers = chain.from_iterable(saved.timers_of(user, state, program) for user, state in self._users.items())
        for timer in sorted(timers, key=_due_order):
            self._stepper.restore(timer)
        self._repeats = Repeats(self.dedupe, snapshot.seen) if self.dedupe else None
        self._buffer = [(s.event.time, s.number, s.event) for s in snapshot.buffered]
        self._arrivals = snapshot.arrivals
        self._greatest = snapshot.greatest
        self._watermark = snapshot.watermark
        self.counts = self._new_counts()

    def _receive(self, event: Event) -> None:
        if not isinstance(event, Event):
            raise TypeError("an engine takes a connrules.Event; connrules.parse_event makes one of a line or of a dict")
        time = event.time
        if type(time) is not int or not EARLIEST <= time <= LATEST:
            _check_instant(time)
        if self._remembers_all or event.type in self._program.heard:
            check_event(event)
        if not self._is_in_time(event) and self._on_late is not None:
            self._on_late(event)

    def _is_in_time(self, event: Row) -> bool:
        """Take in an event, if it is not late."""
        time = event.time
        self._arrivals += 1
        self.counts.events += 1
        if self._watermark is not None and time < self._watermark:
            self.counts.late += 1
            return False
        if self._greatest is None or time > self._greatest:
            self._greatest = time
        if self.lateness:
            heapq.heappush(self._buffer, (time, self._arrivals, event))
            self._move_watermark(self._greatest - self.lateness)
            return True
        self._watermark = time
        if self._stepper.timers.next_due <= time:
            self._advance(time)
        self._take_in(event, self._arrivals)
        return True

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
            elif not (state.waits or state.sends or state.goals or state.attributes):
                del self._users[timer.user]

    def _take_in(self, event: Row, number: int) -> None:
        """Let an event take effect; all that is due at or before its instant has been fired."""
        if self._repeats is not None and event.id and self._repeats.saw(event.user, event.id, event.time):
            self.counts.repeated += 1
            return
        route = self._program.routes.get(event.type)
        if route is None:
            self._take_in_other(event)
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
            if not (state.waits or state.sends or state.goals or state.attributes):
                del self._users[event.user]

    def _take_in_other(self, event: Row) -> None:
        """Let an event take effect that says something about the user, or that means nothing."""
        if event.type != ATTRIBUTES:
            self.counts.add_unknown_type(event.type)
            return
        if attributes := said(event.properties or {}, self._program.attributes):
            self._users.setdefault(event.user, UserState()).learn(attributes)

    def _meet(self, event: Row, number: int, known: Known | None, route: Route) -> None:
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

    def _new_counts(self) -> Counts:
        return Counts.of_goals(rule.name for rule in self._program.rules if rule.goal)

    def _new_stepper(self, starts: int = 0) -> Stepper:
        timers = Timers(self._is_live)
        return Stepper(self._program.rules, self._program.windows, timers, self._profiles, starts)

    def _is_live(self, timer: Timer) -> bool:
        state = self._users.get(timer.user)
        return state is not None and is_live(state, timer)

    @cached_property
    def _fingerprint(self) -> str:
        return hashlib.sha256(self.plan.to_json()).hexdigest()


def _check_span(what: str, ms: object) -> None:
    if type(ms) is not int:
        raise TypeError(f"the {what} is a whole number of milliseconds, not {ms!r}")
    if ms < 0:
        raise ValueError(f"the {what} is a number of milliseconds from 0 up, not {ms}")


def _check_instant(time: object) -> None:
    if type(time) is not int:
        raise TypeError(f"a time is a whole number of epoch milliseconds, not {time!r}")
    if not EARLIEST <= time <= LATEST:
        raise ValueError(f"the time {time} ms is outside the years 1 to 9999")


def _place(entry: tuple[int, int, Row]) -> tuple[int, int]:
    return entry[:2]


def _due_order(timer: Timer) -> tuple[int, int]:
    return timer.due, timer.start
