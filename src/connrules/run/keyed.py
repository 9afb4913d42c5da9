"""A plan over the events of users whose states somebody else keeps, as bytes by their keys: so a cluster can run it.

Nothing is remembered here from one turn of a user to the next. The bytes hold all there is of the user: pending sends
and what else counts, the events that time has not reached, the ids that were seen. Where plans follow one another, each
user passes from one to the next at the same instant of event time, whenever that is noticed.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection, Sequence
from operator import attrgetter
from typing import Final, NamedTuple

import msgspec

from connrules.event import Kind, Outcome, Profiles, Row
from connrules.plan import Plan
from connrules.run.eras import Era, Former, eras
from connrules.run.lone import NOBODY, Ids
from connrules.run.needs import Needs
from connrules.run.saving import SavedEvent, SavedUser, SnapshotError, read, save_event
from connrules.run.sieve import Unknown
from connrules.run.timers import NEVER

FORMAT: Final = 1
"""Of the bytes that this module makes; those of another are not read."""
_time: Final = attrgetter("event.time")
_encode: Final = msgspec.json.Encoder(order="deterministic").encode


class Named(NamedTuple):
    """An event, behind what it is known by."""

    name: str
    row: Row


class Turn(NamedTuple):
    """What became of a user."""

    state: bytes | None
    """All there is of the user from now on; None: nothing."""
    outcomes: list[Outcome]
    """In order."""
    next: int | None
    """The instant (epoch ms) at which the user has to be looked at again, if no event comes before; None: never."""
    was: int | None
    """The same, as it was before this turn."""
    is_late: bool = False
    """Whether the event that came is older than what was decided; it changed nothing."""


class _Saved(msgspec.Struct, frozen=True, array_like=True):
    """All there is of a user."""

    format: int
    plan: str
    """What tells the plan from others that made it."""
    now: int
    """The instant (epoch ms) up to which all is decided."""
    next: int
    user: msgspec.Raw = NOBODY
    waiting: tuple[SavedEvent, ...] = ()
    """The events that time has not reached, in order."""
    seen: Ids = ()


class _Format(msgspec.Struct, array_like=True):
    format: int


_decode: Final = msgspec.json.Decoder(_Saved).decode
_decode_format: Final = msgspec.json.Decoder(_Format).decode


class KeyedEngine:
    """Runs a plan for one user at a time.

    `dedupe`, `profiles` and `kinds` are as for an `Engine`. `formerly` are the plans that were in force before this
    one, the oldest first. Raises PlanError where a plan cannot be run here, ValueError where `formerly` is not in
    order.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        dedupe: int = 0,
        profiles: Profiles | None = None,
        kinds: Collection[Kind] = frozenset(Kind),
        formerly: Sequence[Former] = (),
    ) -> None:
        self._eras = eras(plan, formerly, dedupe, profiles, frozenset(kinds))
        self._by_plan = {era.digest: number for number, era in enumerate(self._eras)}

    @property
    def needs(self) -> Needs:
        """What of events the rules look at, whichever are in force."""
        needs = [era.engine.needs for era in self._eras]
        properties = [each.properties for each in needs if each.properties is not None]
        return Needs(
            types=frozenset[str]().union(*(each.types for each in needs)),
            properties=frozenset[str]().union(*properties) if len(properties) == len(needs) else None,
        )

    @property
    def repeated(self) -> int:
        """How many events were skipped so far, because their user was seen with their id before."""
        return sum(era.engine.counts.repeated for era in self._eras)

    def lets_through(self, row: Row, unknown: Unknown) -> bool:
        """Whether an event may change anything. What is unknown is counted."""
        return self._eras[self._number_at(row.time)].engine.lets_through(row, unknown)

    def turn(self, user: str, state: bytes | None, now: int, event: Named | None = None, *, ends: bool = False) -> Turn:
        """Decide all of a user up to an instant (epoch ms), which no event before it can come any more.

        `event` is one that came; it takes effect when time has reached it. With `ends` the input is at its end: time
        moves on to the newest event that waits, if that is later, and pending sends come last, as outcomes.

        Raises SnapshotError where the state cannot be read, or is that of other rules; what `profiles` raises.
        """
        time = NEVER if event is None else event.row.time
        saved = self._new(min(now, time)) if state is None else self._read(state)
        if time < saved.now:
            return Turn(state, [], _instant(saved.next), _instant(saved.next), is_late=True)
        waiting = list(saved.waiting)
        if event is not None:
            insort(waiting, save_event(*event), key=_time)
        now = max(now, saved.now, waiting[-1].event.time if ends and waiting else saved.now)
        next_ = min(saved.next, time)
        if next_ > now and not ends:  # nothing comes about
            later = msgspec.structs.replace(saved, now=now, next=next_, waiting=tuple(waiting))
            return Turn(_encode(later), [], _instant(next_), _instant(saved.next))
        return self._take_turn(user, saved, waiting, now, ends=ends)

    def _new(self, begin: int) -> _Saved:
        """Nothing of a user yet, as of an instant."""
        return _Saved(FORMAT, self._eras[self._number_at(begin)].digest, begin, NEVER)

    def _read(self, state: bytes) -> _Saved:
        try:
            format_ = _decode_format(state).format
            if format_ != FORMAT:
                raise SnapshotError(f"the state has format {format_}; this connrules reads format {FORMAT}")
            saved = _decode(state)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise SnapshotError(f"the state cannot be read: {error}") from None
        if saved.plan not in self._by_plan:
            raise SnapshotError("the state was made with other rules, which are not among those that were in force")
        return saved

    def _number_at(self, instant: int) -> int:
        """The number of the era of an instant."""
        return next(number for number, era in enumerate(self._eras) if instant < era.until)

    def _take_turn(self, user: str, saved: _Saved, waiting: list[SavedEvent], now: int, *, ends: bool) -> Turn:
        number = self._by_plan[saved.plan]
        era = self._eras[number]
        outcomes: list[Outcome] = []
        try:
            era.engine.hold(user, saved.user, saved.seen)
            while era.until <= now:
                end = max(era.until, saved.now)
                outcomes += era.engine.run(_take(waiting, bisect_left(waiting, era.until, key=_time)), end)
                number += 1
                era = self._pass_on(user, era, self._eras[number], end)
            outcomes += era.engine.run(_take(waiting, bisect_right(waiting, now, key=_time)), now)
            if ends:
                outcomes += era.engine.pending_at(now)
        finally:
            lent = era.engine.let_go(now)
        next_ = min(lent.next, waiting[0].event.time if waiting else NEVER)
        left = None
        if lent.state != NOBODY or lent.seen or waiting:
            left = _encode(_Saved(FORMAT, era.digest, now, next_, lent.state, tuple(waiting), lent.seen))
        return Turn(left, outcomes, _instant(next_), _instant(saved.next))

    def _pass_on(self, user: str, before: Era, after: Era, now: int) -> Era:
        """Let a user pass from one era to the next, at an instant."""
        lent = before.engine.let_go(now)
        assert after.passing is not None
        passing = after.passing if now == before.until else after.passing.at(now)
        moved = passing.move(user, read(bytes(lent.state), SavedUser))
        after.engine.take_over(user, moved, lent.seen, now)
        return after


def _instant(next_: int) -> int | None:
    return None if next_ == NEVER else next_


def _take(waiting: list[SavedEvent], count: int) -> list[SavedEvent]:
    """Take out the first of the events that wait, so many."""
    events = waiting[:count]
    del waiting[:count]
    return events
