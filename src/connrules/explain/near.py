"""Near misses: the least change of one event's time that leads to another end, proved by replaying the changed past.

A change is worth trying where it moves an event over a boundary of the case: the trigger, the due instant, the end of
the wait that was in the way, the days on which a campaign was active, the instant at which an old send no longer
counts. What is tried is only a guess; what is told has been replayed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, assert_never

from connrules import ast
from connrules.duration import MS_PER_UNIT
from connrules.event import Event, Kind, Outcome, Reason
from connrules.explain.case import Case
from connrules.explain.story import Fact, Inactive, Miss, UsedUp, Waiting
from connrules.vocabulary import ATTRIBUTES
from connrules.wallclock import DAY, next_open, wall_ms

_MOST_TRIED: Final = 12
_MINUTE: Final = MS_PER_UNIT["m"]


@dataclass(slots=True)
class Budget:
    """What proofs may still cost: so many replayed events. What is begun is finished, so less than none may be left."""

    left: int


class _Change(NamedTuple):
    """An event, and the instant at which it might have come."""

    event: Event
    to: int

    @property
    def shift(self) -> int:
        return self.to - self.event.time


def nearest_miss(case: Case, facts: Iterable[Fact], budget: Budget) -> Miss | None:
    """The nearest miss of a case, where there is one within the length of its wait, or a day if that is longer.

    `facts` are those of the verdict; what was replayed is taken from the budget.
    """
    reach = max(case.due - case.outcome.triggered_at, DAY)
    changes = {(id(change.event), change.to): change for change in _changes(case, facts)}.values()
    within_reach = [change for change in changes if 0 < abs(change.shift) <= reach]
    for change in sorted(within_reach, key=lambda change: (abs(change.shift), change.to))[:_MOST_TRIED]:
        other = _outcome_after(case, change, budget)
        if other is not None and _is_another_end(case.outcome, other):
            at = other.due if other.due is not None else other.at
            return Miss(case.world.occurrence(change.event), change.to, change.shift, other.kind, at)
    return None


def _outcome_after(case: Case, change: _Change, budget: Budget) -> Outcome | None:
    """What would have become of the case's trigger after a change. What is decided by some instant stays decided."""
    triggered_at = change.to if change.event is case.trigger else case.outcome.triggered_at
    same = (case.rule.name, case.outcome.trigger, triggered_at)
    found: list[Outcome] = []
    decided = max(case.due, case.outcome.at, change.to + case.due - case.outcome.triggered_at)
    end = max(case.past.end, change.to)
    for until in sorted({min(decided, end), end}):
        budget.left -= case.past.effort(case.rule)
        outcomes = case.past.if_moved(change.event, change.to, case.rule, until)
        found = [o for o in outcomes if (o.rule, o.trigger, o.triggered_at) == same and o.kind is not Kind.GOAL]
        if found and found[0].kind is not Kind.PENDING:
            break
    return found[0] if found else None


def _is_another_end(outcome: Outcome, other: Outcome) -> bool:
    match outcome.kind:
        case Kind.SENT:
            return other.kind in {Kind.CANCELLED, Kind.DROPPED}
        case Kind.CANCELLED | Kind.DROPPED | Kind.RESTARTED:
            return other.kind is Kind.SENT
        case Kind.IGNORED:
            return other.kind in {Kind.SENT, Kind.PENDING}
        case Kind.PENDING | Kind.GOAL:
            return False
        case _:
            assert_never(outcome.kind)


def _changes(case: Case, facts: Iterable[Fact]) -> Iterator[_Change]:
    """The changes that might lead to another end."""
    match case.outcome.kind:
        case Kind.SENT:
            yield from _that_cancel(case)
            yield from _of_attributes(case, case.rule.node.still_if, case.outcome.at)
        case Kind.CANCELLED:
            yield from _that_spare(case)
        case Kind.RESTARTED:
            newer = next(case.later_waits()).trigger
            yield from [_Change(newer, case.due)] if isinstance(newer, Event) else []
        case Kind.IGNORED | Kind.DROPPED:
            yield from _that_let_pass(case, facts)
        case Kind.PENDING | Kind.GOAL:
            return
        case _:
            assert_never(case.outcome.kind)


def _that_cancel(case: Case) -> Iterator[_Change]:
    """Each exception event that came too early or too late, moved into the wait, by as little as possible."""
    start, end = case.outcome.triggered_at, case.outcome.at
    for event in case.past.between(start - (end - start), end + (end - start) + 1):
        if event is not case.trigger and case.is_exception(event):
            yield from (_Change(event, to) for to in ((end - 1,) if event.time >= end else (start, start + 1)))


def _that_spare(case: Case) -> Iterator[_Change]:
    """The exception event moved out of the wait, on either side."""
    event = case.canceller
    if event is not None:
        yield _Change(event, case.due)
        yield _Change(event, case.outcome.triggered_at - 1)


def _that_let_pass(case: Case, facts: Iterable[Fact]) -> Iterator[_Change]:
    """Changes after which what refused might not refuse any more."""
    decided = case.outcome.at
    if case.outcome.reason is Reason.AUDIENCE:
        yield from _of_attributes(case, case.rule.node.if_, decided)
    elif case.outcome.reason is Reason.AUDIENCE_AT_SEND:
        yield from _of_attributes(case, case.rule.node.still_if, decided)
    if isinstance(case.trigger, Event):
        instants = [*_instants_of(facts), *_openings(case)]
        yield from (_Change(case.trigger, case.outcome.triggered_at + at - decided) for at in instants)


def _of_attributes(case: Case, clause: ast.If | ast.StillIf | None, decided: int) -> Iterator[_Change]:
    """Changes of the user's attributes, moved to the other side of the instant at which a condition was asked."""
    changes = [event for event in case.past.events if event.type == ATTRIBUTES] if clause else []
    for event in changes:
        for to in (decided - 1, decided, decided + 1):
            if (event.time < decided) is not (to < decided):
                yield _Change(event, to)
        if isinstance(case.trigger, Event) and isinstance(clause, ast.If):
            yield _Change(case.trigger, event.time + 1 if event.time >= decided else event.time - 1)


def _instants_of(facts: Iterable[Fact]) -> Iterator[int]:
    """When what the facts speak of is different."""
    for fact in facts:
        match fact:
            case Inactive(intervals=intervals):
                yield from (begin for begin, _ in intervals if begin is not None)
                yield from (end - 1 for _, end in intervals if end is not None)
            case Waiting(until=until):
                yield from (until, until + 1)
            case UsedUp(sends=sends, window_ms=int(window)):
                yield from (send.at + window for send in sends)
            case _:
                pass


def _openings(case: Case) -> Sequence[int]:
    """Where a window was closed: when it opened next, and the last instant at which it was open."""
    window = case.window
    if case.outcome.reason is not Reason.OUTSIDE_WINDOW or window is None:
        return ()
    _, _, zone = case.world.zone(window.zone, case.attributes)
    opens, closes = (window.opens, window.closes) if isinstance(window, ast.Between) else (window.ends, window.begins)
    since_closing = (wall_ms(case.due, zone) - closes.minutes * _MINUTE) % DAY
    return (next_open(case.due, opens.minutes, closes.minutes, zone), case.due - since_closing - 1)
