"""A plan over the events of users whose states somebody else keeps, as bytes by their keys: so a cluster can run it.

Nothing is remembered here from one turn of a user to the next. The bytes hold all there is of the user: pending sends
and what else counts, the events that time has not reached, the ids that were seen. Where plans follow one another, each
user passes from one to the next at the same instant of event time, whenever that is noticed.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection, Sequence
from operator import itemgetter
from typing import Final, NamedTuple, NoReturn

import msgspec

from connrules.event import Event, Kind, Outcome, Profiles, Row
from connrules.plan import Plan
from connrules.run.arrivals import Buffered
from connrules.run.eras import Former, eras
from connrules.run.lone import NOBODY, Ids
from connrules.run.needs import Needs
from connrules.run.saving import SavedEvent, SnapshotError, save_event
from connrules.run.sieve import Unknown
from connrules.run.timers import NEVER
from connrules.run.wellformed import check_event, check_instant, check_user

FORMAT: Final = 1
"""Of the bytes that this module makes; those of another are not read."""
_time: Final = itemgetter(0)
_encode: Final = msgspec.json.Encoder(order="deterministic").encode


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
    """Whether the event that came is older than what is decided; it changed nothing, and time did not move on."""


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
    one, the oldest first. Not safe for use by several threads at once.

    Raises PlanError where a plan cannot be run here, ValueError where `formerly` is not in order, and for the rest what
    an `Engine` does.
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
        self._eras = eras(plan, formerly, dedupe, profiles, frozenset(map(Kind, kinds)))
        self._untils = [former.until for former in formerly]
        self._by_plan: dict[str, list[int]] = {}
        """The numbers of the eras, by what tells their plans from others: rules may come back."""
        for number, era in enumerate(self._eras):
            for digest in {era.digest, era.digest_of_all}:
                self._by_plan.setdefault(digest, []).append(number)

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
        return self._eras[bisect_right(self._untils, row.time)].engine.lets_through(row, unknown)

    def turn(  # noqa: PLR0913  # all that can be said of a turn
        self,
        user: str,
        state: bytes | None,
        now: int,
        event: Row | None = None,
        *,
        known_as: str | None = None,
        ends: bool = False,
    ) -> Turn:
        """Decide all of a user up to an instant (epoch ms), which no event before it can come any more.

        `state` is what the turn before gave; None: there is nothing. `event` is one that came; it takes effect when
        time has reached it. One without an id is `known_as` something else. With `ends` the input is at its end: time
        moves on to the newest event that waits, if that is later, and pending sends come last, as outcomes.

        Raises, and leaves nothing behind: SnapshotError where the state cannot be read, or is that of other rules;
        TypeError or ValueError where user or instant is none, or the event ill-formed, of another user, or known as
        nothing; and what `profiles` raises.
        """
        check_instant(now)
        check_user(user)
        time = NEVER
        if event is not None:
            _check(event, user, known_as)
            time = event.time
        elif state is None:
            return Turn(None, [], None, None)
        saved = self._new(now) if state is None else _read(state)
        if time < max(now, saved.now):
            return Turn(state, [], _instant(saved.next), _instant(saved.next), is_late=True)
        waiting: list[Buffered] = [(each.event.time, each.name, each.event) for each in saved.waiting]
        if event is not None:
            insort(waiting, (time, event.id or known_as or "", event), key=_time)
        now = max(now, saved.now, waiting[-1][0] if ends and waiting else now)
        number, next_ = self._number_of(saved), min(saved.next, time)
        if now < next_ and now < self._eras[number].until and not ends:  # nothing comes about
            later = msgspec.structs.replace(saved, now=now, next=next_, waiting=_save(waiting))
            return Turn(_encode(later), [], next_, _instant(saved.next))
        try:
            return self._take_turn(user, saved, number, waiting, now, ends=ends)
        except BaseException:
            for era in self._eras:
                era.engine.start_anew()
            raise

    def _new(self, begin: int) -> _Saved:
        """Nothing of a user yet, as of an instant."""
        return _Saved(FORMAT, self._eras[bisect_right(self._untils, begin)].digest, begin, NEVER)

    def _number_of(self, saved: _Saved) -> int:
        """The number of the era in which a user is; where rules came back, the newest that had begun."""
        numbers = self._by_plan.get(saved.plan)
        if numbers is None:
            raise SnapshotError(
                "the state was made with other rules, or by rules that followed on others:"
                " all that were in force since have to be given, in order"
            )
        if len(numbers) == 1:
            return numbers[0]
        begun = bisect_right(self._untils, saved.now)
        return max((number for number in numbers if number <= begun), default=numbers[0])

    def _take_turn(  # noqa: PLR0913  # what a turn knows
        self, user: str, saved: _Saved, number: int, waiting: list[Buffered], now: int, *, ends: bool
    ) -> Turn:
        era = self._eras[number]
        outcomes: list[Outcome] = []
        era.engine.hold(user, saved.user, saved.seen)
        while era.until <= now:
            end = max(era.until, saved.now)
            outcomes += era.engine.run(_take(waiting, bisect_left(waiting, era.until, key=_time)), end)
            number += 1
            outcomes += self._pass_on(user, number, end)
            era = self._eras[number]
        outcomes += era.engine.run(_take(waiting, bisect_right(waiting, now, key=_time)), now)
        if ends:
            outcomes += era.engine.pending_at(now)
        lent = era.engine.let_go(now)
        next_ = min(lent.next, waiting[0][0]) if waiting else lent.next
        left = None
        if waiting or lent.seen or lent.state is not NOBODY:
            plan = era.digest_of_all if lent.is_former else era.digest
            left = _encode(_Saved(FORMAT, plan, now, next_, lent.state, _save(waiting), lent.seen))
        return Turn(left, outcomes, _instant(next_), _instant(saved.next))

    def _pass_on(self, user: str, number: int, now: int) -> list[Outcome]:
        """Let a user pass into an era from the one before, at an instant; what that brings about."""
        before, after = self._eras[number - 1], self._eras[number]
        lent = before.engine.let_go(now)
        assert after.passing is not None
        passing = after.passing if now == before.until else after.passing.at(now)
        return after.engine.take_over(user, passing.move(user, lent.saved), lent.seen, now)


def _check(event: Row, user: str, known_as: str | None) -> None:
    """What reads a log has looked at its rows; an event that a program made can be anything."""
    if isinstance(event, Event):
        check_instant(event.time)
        check_event(event)
    elif not isinstance(event, msgspec.Struct):
        raise TypeError("a turn takes a connrules.Event; connrules.parse_event makes one of a line or of a dict")
    if event.user != user:
        raise ValueError(f"the event is one of `{event.user}`, not of `{user}`")
    if known_as is not None and type(known_as) is not str:
        raise TypeError(f"an event is `known_as` a text, not {known_as!r}")
    if not (event.id or known_as):
        raise ValueError("an event without an id has to be `known_as` something")


def _read(state: bytes) -> _Saved:
    try:
        saved = _decode(state)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        _refuse(state, error)
    if saved.format != FORMAT:
        _refuse_format(saved.format)
    return saved


def _refuse(state: bytes, error: Exception) -> NoReturn:
    """Say why a state cannot be read: perhaps it has another format."""
    try:
        format_ = _decode_format(state).format
    except (msgspec.DecodeError, UnicodeDecodeError):
        format_ = FORMAT
    if format_ != FORMAT:
        _refuse_format(format_)
    raise SnapshotError(f"the state cannot be read: {error}") from None


def _refuse_format(format_: int) -> NoReturn:
    raise SnapshotError(f"the state has format {format_}; this connrules reads format {FORMAT}")


def _instant(next_: int) -> int | None:
    return None if next_ == NEVER else next_


def _save(waiting: Sequence[Buffered]) -> tuple[SavedEvent, ...]:
    return tuple([save_event(name, row) for _, name, row in waiting])


def _take(waiting: list[Buffered], count: int) -> list[Buffered]:
    """Take out the first of the events that wait, so many."""
    events = waiting[:count]
    del waiting[:count]
    return events
