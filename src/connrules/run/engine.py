"""The engine: events in, outcomes out, in event time. It holds the users' states, their timers and the watermark.

The watermark is the greatest event time seen minus the allowed lateness. Events wait in a buffer until the watermark
reaches them, so that those which are not late take effect in their total order (event time, then arrival). Timers fire
as the watermark reaches them; what is due at the instant of an event fires before it.
"""

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from connrules.event import Event, Kind, Outcome, Profiles, Row
from connrules.plan import Plan
from connrules.run.arrivals import OnLate, Span
from connrules.run.audience import said
from connrules.run.batch import Intake
from connrules.run.counts import Counts
from connrules.run.firing import Firing
from connrules.run.memory import Memory
from connrules.run.observing import figures_of, tell
from connrules.run.ports import Figures, Observer
from connrules.run.topics import LOOK, AnyRow, Topic, Topics
from connrules.run.wellformed import are_instants, are_well_formed, check_event, check_instant
from connrules.vocabulary import ATTRIBUTES

if TYPE_CHECKING:
    from connrules.run.passage import Changed
    from connrules.run.streaming import Clock, Item

_BATCH: Final = 1_000
_FEW: Final = 8
"""Fewer events than that are looked at one by one as quickly."""
_TEXT_OR_NONE: Final = (str, type(None))


class _Glance(NamedTuple):
    """What is seen at a glance of events that are well-formed: their times, and those that may do anything."""

    times: list[int]
    span: Span
    found: Sequence[Event]


class Engine(Memory):
    """Runs a plan over a stream of events.

    `lateness` is how many milliseconds an event may be older than the newest one seen and still count. A late event
    changes nothing; it is counted and handed to `on_late`. An event with the id of one that the same user was seen
    with less than `dedupe` milliseconds before is counted and changes nothing; 0: no event is a repeat. `profiles` is
    asked, whenever a condition looks at a user, for the attributes that no event said. `counts` says in numbers what
    the engine has seen and decided since it was made or restored. `kinds` are the outcomes to give; those of other
    kinds are counted, and cost less (None: all). `observer` is shown the figures at the end of each call. An engine is
    not safe for use by several threads at once.

    Raises TypeError or ValueError where `lateness` or `dedupe` is not a whole number from 0 up, and PlanError where the
    plan speaks of a type of event or a time zone that is not known here. What `profiles` raises goes through, and may
    leave the engine amid an event: go on from a snapshot then.
    """

    def __init__(  # noqa: PLR0913  # what an engine is made with
        self,
        plan: Plan,
        *,
        lateness: int = 0,
        dedupe: int = 0,
        on_late: Callable[[Event], object] | None = None,
        profiles: Profiles | None = None,
        kinds: Collection[Kind] | None = None,
        observer: Observer | None = None,
    ) -> None:
        if not isinstance(plan, Plan):
            raise TypeError("an engine runs a plan: that of connrules.compile_rules or connrules.Plan.from_json")
        _check_span("lateness", lateness)
        _check_span("dedupe horizon", dedupe)
        if on_late is not None and not callable(on_late):
            raise TypeError("on_late is called with each late event")
        if profiles is not None and not callable(getattr(profiles, "attributes", None)):
            raise TypeError("profiles are looked up with `attributes(user)`; see connrules.Profiles")
        if observer is not None and not callable(getattr(observer, "observe", None)):
            raise TypeError("an observer is shown figures with `observe(figures)`; see connrules.Observer")
        super().__init__(plan, lateness, dedupe, profiles)
        self._remembers_all = bool(lateness or dedupe)
        """Whether something is remembered also of events that rules do not speak of."""
        self._on_late = on_late
        self._observer = observer
        self._kinds = frozenset(Kind if kinds is None else map(Kind, kinds))
        self.counts = self._new_counts()
        self._set_stepper(Firing(self._program, profiles))

    @property
    def figures(self) -> Figures:
        """How things stand, as an observer is shown it."""
        return figures_of(self.counts, self._stepper, self._arrivals)

    def feed(self, event: Event) -> list[Outcome]:
        """Take in an event, and give the outcomes that it brings about, in order.

        Raises, and changes nothing: TypeError where a field of the event is of a wrong type, ValueError where its time
        is outside the years 1 to 9999 or a text cannot be written down.
        """
        self._receive(event)
        return self._take_outcomes()

    def feed_many(self, events: Iterable[Event]) -> list[Outcome]:
        """Take in events in the order in which they arrived, and give all outcomes that they bring about, in order.

        Raises as `feed` does. The events before the one that it raises for count, and what they bring about comes with
        the next outcomes.
        """
        if isinstance(events, list | tuple):
            for batch in _batches(events):
                self._receive_batch(batch)
        else:
            for event in events:
                self._receive(event)
        return self._take_outcomes()

    def check(self, events: Sequence[Event]) -> None:
        """Raise what `feed_many` raises for the first of some events that is ill-formed; change nothing."""
        if len(events) < _FEW or self._glance(events) is None:
            for event in events:
                self._check(event)

    def stream(
        self, source: "AsyncIterable[Item]", *, clock: "Clock | None" = None, idle: float = 1.0, most: int = 1_000
    ) -> AsyncGenerator[Outcome, None]:
        """Give outcomes as the events of a source bring them about: `async for outcome in engine.stream(source)`.

        The source gives events or lists of events. As many as are there are taken together: `most`, or a few more. With
        a `clock`, which gives epoch milliseconds, time moves on where something is due and nothing came for `idle`
        seconds: to the clock's time minus the lateness. The end of the source is not the end of time: what waits,
        waits. Outcomes that are left when the loop is left come with the next ones.
        """
        from connrules.run.streaming import through  # noqa: PLC0415  # it loads asyncio

        return through(self, self._left, source, clock=clock, idle=idle, most=most)

    def take(self, rows: Sequence[Row], first: int, on_late: Callable[[int, Row], object]) -> list[Outcome]:
        """Take in the rows of a log that whoever reads it has looked at, as `feed_many` does, without another look.

        Row i without an id is known as `#{first + i}`; `on_late(i, row)` is called in place of the engine's own.
        """
        if rows:
            self._arrivals.number = first - 1
            times = [row.time for row in rows]
            self._take_batch(rows, times, Span.of(times, self.lateness), on_late)
        return self._take_outcomes()

    def advance_to(self, time: int) -> list[Outcome]:
        """Move time on to an instant (epoch ms), as if no older event could still come; fires what is due until then.

        An instant before the watermark changes nothing. Raises as `feed` does.
        """
        check_instant(time)
        self._arrivals.advance(time)
        self._catch_up()
        return self._take_outcomes()

    def finish(self, until: int | None = None) -> list[Outcome]:
        """The end of the input: take in what waits in the buffer, fire what is due up to the newest event.

        With `until` (epoch ms), time moves on to that instant if it is later. The pending sends come last, as outcomes
        of their own; they stay pending. Raises as `feed` does.
        """
        if until is not None:
            check_instant(until)
        ends = [instant for instant in (self._arrivals.greatest, until) if instant is not None]
        if not ends:
            return []
        self._arrivals.advance(max(ends))
        self._catch_up()
        waiting = self.pending()
        self.counts.outcomes[Kind.PENDING, None] = len(waiting)
        return self._take_outcomes() + self._wanted(waiting)

    def replace(self, plan: Plan, changed: "Changed" = "pin") -> list[Outcome]:
        """Go on with other rules from the watermark on, and give the outcomes that this brings about then, in order.

        Rules are recognised by name; one without a name, by its file and by saying the same. Sends that are pending go
        on where a rule says of them what it said. Where it changed, they keep with `pin` their due instant and the
        exceptions that they began with; with `follow` they take the new ones: due is reckoned anew from the trigger,
        and what would have been due by now is due now. In all else the rule is as it is now. Where it is gone, they
        are `dropped` as `rule_removed`. See `connrules.run.replacing`.

        Raises, and changes nothing: PlanError where the plan cannot be run here, TypeError where it is none,
        ValueError where `changed` is something else, and what `profiles` raises.
        """
        from connrules.run.replacing import moved_over  # noqa: PLC0415  # most runs never need it

        if not isinstance(plan, Plan):
            raise TypeError("an engine runs a plan: that of connrules.compile_rules or connrules.Plan.from_json")
        if changed not in {"pin", "follow"}:
            raise ValueError(f"waits of a rule that changed are to `pin` or to `follow`, not {changed!r}")
        self._catch_up()
        now = self._arrivals.watermark or 0  # before any event, nobody waits
        program, stepper = moved_over(self.plan, self._program, self._stepper, plan, changed, now, self._profiles)
        tracked = self._stepper.touched is not None
        self.plan, self._program = plan, program
        self.__dict__.pop("_fingerprint", None)
        self._set_stepper(stepper)
        self.counts.conversions = {**self._new_counts().conversions, **self.counts.conversions}
        if tracked:
            self.track()
        self._all_changed = True
        return self._take_outcomes()

    def _set_stepper(self, stepper: Firing) -> None:
        super()._set_stepper(stepper)
        self._topics = Topics(self._program, plain=not stepper.numbered)
        look_at_all = self._repeats is not None
        self._intake = Intake(stepper, self._topics, self._look, self.counts, self._kinds, look_at_all=look_at_all)

    def _receive(self, event: Event) -> None:
        """Take in an event that came alone."""
        try:
            topic = self._check(event)
        except (TypeError, ValueError):
            self.counts.rejected += 1
            raise
        arrivals = self._arrivals
        arrivals.number += 1
        self.counts.events += 1
        if not arrivals.admits(event.time):
            self.counts.late += 1
            self._say_late(0, event)
            return
        if topic is not None:
            self._admit([event], [event.id or f"#{arrivals.number}"])
        self._catch_up()

    def _check(self, event: object) -> Topic | None:
        """What an event may do; raises where it is none, or is ill-formed and may do anything."""
        if not isinstance(event, Event):
            raise TypeError("an engine takes a connrules.Event; connrules.parse_event makes one of a line or of a dict")
        check_instant(event.time)
        if type(event.type) is not str or type(event.campaign) not in _TEXT_OR_NONE:
            check_event(event)  # nothing can be looked up by it
        topic = LOOK if self._repeats is not None else self._topics.of(event)
        if topic is not None and (self._remembers_all or event.type in self._program.heard):
            check_event(event)
        return topic

    def _receive_batch(self, events: Sequence[Event]) -> None:
        """Take in events that came together. Where one may be ill-formed or late, they are taken one by one.

        So what is raised for one, by `on_late` too, leaves those before it as they are.
        """
        glance = self._glance(events)
        if glance is None or not self._arrivals.admits_all(glance.times, glance.span):
            for event in events:
                self._receive(event)
        else:
            self._take_batch(events, glance.times, glance.span, self._say_late, glance.found)

    def _glance(self, events: Sequence[Event]) -> _Glance | None:
        """What is seen of some events at a glance; None: something may be wrong with one of them."""
        try:
            times = [event.time for event in events]
            span = _span(times, self.lateness)
        except AttributeError:
            return None
        found = None if span is None else self._find_well_formed(events)
        return None if span is None or found is None else _Glance(times, span, found)

    def _find_well_formed(self, events: Sequence[Event]) -> Sequence[Event] | None:
        """The events that may do anything; None: something may be wrong with one of them."""
        try:
            found = self._relevant(events)
        except TypeError:  # a type or a campaign that cannot be looked up
            return None
        return found if are_well_formed(found) else None

    def _relevant(self, rows: Sequence[AnyRow]) -> Sequence[AnyRow]:
        """The events that may do anything or have to be looked at.

        With a lateness no others: who waits in the buffer may be looked at by other rules, and that must not depend on
        what came together.
        """
        if self._repeats is not None:
            return rows
        found = self._topics.relevant(rows)
        return self._topics.spoken_of(found) if self.lateness else found

    def _take_batch(  # what is known of a batch is not worked out again
        self,
        rows: Sequence[Row],
        times: Sequence[int],
        span: Span,
        on_late: OnLate,
        found: Sequence[Row] | None = None,
    ) -> None:
        def late(index: int, row: Row) -> None:
            self.counts.late += 1
            on_late(index, row)

        self.counts.events += len(rows)
        in_time, numbers = self._arrivals.in_time(rows, times, span, late)
        if found is None or in_time is not rows:
            found = self._relevant(in_time)
        self._admit(found, self._names(in_time, numbers, found))
        self._catch_up()

    def _names(self, rows: Sequence[Row], numbers: Sequence[int], found: Sequence[Row]) -> list[str]:
        """What the relevant ones of some events are known by."""
        ids = [row.id for row in found]
        if all(ids):
            return cast("list[str]", ids)
        numbered = zip(rows, numbers, strict=True)
        return [row.id or next(f"#{n}" for other, n in numbered if other is row) for row in found]

    def _admit(self, found: Sequence[Row], names: Sequence[str]) -> None:
        """Let events that are not late take effect, or wait until the watermark reaches them."""
        if self.lateness or self._arrivals.buffer:
            self._arrivals.hold([(row.time, name, row) for row, name in zip(found, names, strict=True)])
        else:
            self._take_in(found, names)

    def _catch_up(self) -> None:
        """Let the buffered events take effect that the watermark has reached, and fire what is due until then."""
        if reached := self._arrivals.reached():
            self._take_in([row for *_, row in reached], [name for _, name, _ in reached])
        if self._arrivals.watermark is not None:
            self._stepper.fire(self._arrivals.watermark)

    def _take_in(self, rows: Sequence[Row], names: Sequence[str]) -> None:
        self._touch(rows)
        self._intake.take_in(rows, names)

    def _look(self, row: Row) -> Topic | None:
        """What an event may do that has to be looked at; None: nothing more."""
        if self._repeats is not None and row.id and self._repeats.saw(row.user, row.id, row.time):
            self.counts.repeated += 1
            return None
        topic = self._topics.find(row)
        if topic is not LOOK:
            return topic
        if row.type == ATTRIBUTES:
            if attributes := said(row.properties or {}, self._program.attributes):
                self._stepper.fire(row.time)  # what is due by then is decided by what was known before
                self._stepper.learn(row.user, attributes)
        elif row.type in self._program.routes:
            field = self._program.routes[row.type].field
            self.counts.add_unknown_object(row.type, getattr(row, field or "") or "")
        else:
            self.counts.add_unknown_type(row.type)
        return None

    def _say_late(self, _: int, event: Row) -> None:
        if self._on_late is not None:
            self._on_late(cast("Event", event))

    def _take_outcomes(self) -> list[Outcome]:
        self._touch_fired()
        outcomes = self._stepper.take_outcomes()
        if outcomes:
            self.counts.add(outcomes)
        if self._observer is not None:
            tell(self._observer, self.counts, self._stepper, self._arrivals)
        if outcomes:
            outcomes = self._wanted(outcomes)
        if self._left:
            outcomes = [*self._left, *outcomes]
            self._left.clear()
        return outcomes

    def _wanted(self, outcomes: list[Outcome]) -> list[Outcome]:
        kinds = self._kinds
        return outcomes if len(kinds) == len(Kind) else [outcome for outcome in outcomes if outcome.kind in kinds]

    def _new_counts(self) -> Counts:
        goals = (rule.name for rule in self._program.rules if rule.goal)
        return Counts.of_goals(goals, by_rule=self._observer is not None)


def _batches(events: Sequence[Event]) -> Iterable[Sequence[Event]]:
    if len(events) <= _BATCH:
        return (events,) if events else ()
    return (events[begin : begin + _BATCH] for begin in range(0, len(events), _BATCH))


def _check_span(what: str, ms: object) -> None:
    if type(ms) is not int:
        raise TypeError(f"the {what} is a whole number of milliseconds, not {ms!r}")
    if ms < 0:
        raise ValueError(f"the {what} is a number of milliseconds from 0 up, not {ms}")


def _span(times: list[int], lateness: int) -> Span | None:
    """The span of some times; None: something may be wrong with one of them."""
    try:
        span = Span.of(times, lateness)
        return span if are_instants(times, span) else None
    except TypeError:  # what cannot be compared or added is no time
        return None
