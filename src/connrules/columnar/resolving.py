"""Which waits start and what becomes of them, for all users and plain rules at once, over columns of numbers.

For each trigger the end of the wait that it would start is found: the due instant, or the first exception after it in
the total order. A trigger that comes before the end of the wait before it may be one too many; where that is so, the
waits that start are found by leaps, from the end of one to the next trigger after it, for all users together.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from connrules.columnar.tables import NONE, Numbers, Slot, Tables, order_by
from connrules.event import Kind, Reason

KINDS: Final = tuple(Kind)
REASONS: Final = tuple(Reason)
_KIND: Final = {kind: number for number, kind in enumerate(KINDS)}
_REASON: Final = {reason: number for number, reason in enumerate(REASONS)}
Flags = NDArray[np.bool_]


class Rows(NamedTuple):
    """Events, user by user and in their total order."""

    order: Numbers
    """Their places in the total order of the whole log."""
    user: Numbers
    time: Numbers
    code: Numbers


class Triggers(NamedTuple):
    """Triggers by rule and user, those of one in their total order; rows are places in `Rows`."""

    row: Numbers
    rule: Numbers
    time: Numbers
    due: Numbers
    cancelled_by: Numbers
    """The row of the first exception, as many as there are rows where none comes before the due instant."""
    pattern: Numbers
    """The index of the exception pattern that it matches."""


class Resolved(NamedTuple):
    """Outcomes, in no order; `order` and `by` are places in the total order of the log, NONE where there is none."""

    kind: Numbers
    rule: Numbers
    order: Numbers
    """That of the trigger."""
    at: Numbers
    due: Numbers
    reason: Numbers
    by: Numbers
    pattern: Numbers
    event: Numbers
    """That of the event which brings it about; NONE: a timer does."""


def resolve(rows: Rows, tables: Tables, end: int) -> tuple[Resolved, int]:
    """The outcomes of some users' events, and how many of the events matched anything; `end` is when the run ends."""
    row, rule = _triggered(rows, tables)
    reason = _reason_not_to_start(rows, tables, row, rule)
    may_start = reason == NONE
    triggers = _in_groups(rows, _with_ends(rows, tables, row[may_start], rule[may_start]))
    started = _started(rows, triggers)
    waits = Triggers(*(column[started] for column in triggers))
    over = Triggers(*(column[~started] for column in triggers))
    already = np.full(len(over.row), _REASON[Reason.ALREADY_WAITING])
    parts = [
        _ignored(rows, row[~may_start], rule[~may_start], reason[~may_start]),
        _ignored(rows, over.row, over.rule, already),
        *_ended(rows, tables, waits, end),
    ]
    matched = np.zeros(len(rows.user), dtype=bool)
    matched[row] = True
    matched[waits.cancelled_by[waits.cancelled_by < len(rows.user)]] = True
    joined = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return Resolved(*joined), int(matched.sum())


def _triggered(rows: Rows, tables: Tables) -> tuple[Numbers, Numbers]:
    """Each row with each rule that it triggers."""
    found = [_of_class(rows.code, tables), _of_class(tables.types[rows.code], tables)]
    row, rule = (np.concatenate(columns) for columns in zip(*found, strict=True))
    return row, rule


def _of_class(classes: Numbers, tables: Tables) -> tuple[Numbers, Numbers]:
    """The rows that trigger rules by their class, and the rules."""
    first = tables.starts[classes]
    count = tables.starts[classes + 1] - first
    row = np.repeat(np.arange(len(classes)), count)
    place = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    return row, tables.started[first[row] + place]


def _reason_not_to_start(rows: Rows, tables: Tables, row: Numbers, rule: Numbers) -> Numbers:
    """The first check that fails, of those that need nothing but the trigger."""
    now = rows.time[row]
    reason = np.full(len(row), NONE)
    reason[~tables.source.at(rows.code[row], now)] = _REASON[Reason.SOURCE_NOT_ACTIVE]
    reason[~tables.target.at(rule, now)] = _REASON[Reason.TARGET_NOT_PUBLISHED]
    reason[~tables.live.at(rule, now)] = _REASON[Reason.RULE_NOT_LIVE]
    return reason


def _with_ends(rows: Rows, tables: Tables, row: Numbers, rule: Numbers) -> Triggers:
    """Triggers with the ends of the waits that they would start."""
    time = rows.time[row]
    due = time + tables.delay[rule]
    never = len(rows.user)
    first, pattern = np.full(len(row), never), np.full(len(row), NONE)
    keys = _cancelling_keys(rows, tables)
    for slot in tables.slots:
        has = np.flatnonzero((slot.classes[rule] != NONE) | (slot.implied[rule] != NONE))
        classes = _classes(slot, tables, rule[has], rows.code[row[has]])
        next_ = _next_of_user(rows, keys, classes, row[has])
        sooner = next_ < first[has]  # of two patterns that one event matches, the first counts
        first[has[sooner]] = next_[sooner]
        pattern[has[sooner]] = slot.pattern[rule[has[sooner]]]
    in_time = first < never
    in_time[in_time] = rows.time[first[in_time]] < due[in_time]
    first[~in_time] = never
    return Triggers(row, rule, time, due, first, pattern)


def _cancelling_keys(rows: Rows, tables: Tables) -> Numbers:
    """The rows that cancel something, by class: class times the number of rows, plus row, sorted."""
    size = len(rows.user)
    of_code = np.flatnonzero(tables.cancelling[rows.code])
    of_type = np.flatnonzero(tables.cancelling[tables.types[rows.code]])
    keys = np.concatenate((rows.code[of_code] * size + of_code, tables.types[rows.code[of_type]] * size + of_type))
    keys.sort()
    return keys


def _classes(slot: Slot, tables: Tables, rule: Numbers, code: Numbers) -> Numbers:
    """The class of events that cancel each wait; NONE where there are none."""
    classes = slot.classes[rule]
    implied = np.flatnonzero(slot.implied[rule] != NONE)
    if len(implied):
        classes[implied] = tables.implied[slot.implied[rule[implied]], code[implied]]
    return classes


def _next_of_user(rows: Rows, keys: Numbers, classes: Numbers, row: Numbers) -> Numbers:
    """The next row of a class after each row, of the same user; as many as there are rows where there is none."""
    size = len(rows.user)
    never = np.full(len(row), size)
    if not len(keys):
        return never
    place = np.searchsorted(keys, classes * size + row, side="right")
    found = keys[np.minimum(place, len(keys) - 1)]
    next_ = found % size
    is_one = (place < len(keys)) & (classes != NONE) & (found // size == classes)
    return np.where(is_one & (rows.user[next_] == rows.user[row]), next_, never)


def _in_groups(rows: Rows, triggers: Triggers) -> Triggers:
    """Triggers by user and rule."""
    order = order_by(rows.user[triggers.row], triggers.rule, triggers.row)
    return Triggers(*(column[order] for column in triggers))


def _started(rows: Rows, triggers: Triggers) -> Flags:
    """Whether a trigger starts a wait, and does not come while the user waits already."""
    size = len(triggers.row)
    if not size:
        return np.zeros(0, dtype=bool)
    user = rows.user[triggers.row]
    is_first = np.ones(size, dtype=bool)
    is_first[1:] = (user[1:] != user[:-1]) | (triggers.rule[1:] != triggers.rule[:-1])
    group = np.cumsum(is_first)
    is_free = is_first.copy()
    is_free[1:] |= triggers.time[1:] >= triggers.due[:-1]
    is_free[1:] |= triggers.row[1:] >= _latest(group, triggers.cancelled_by, len(rows.user))[:-1]
    is_crowded = ~is_free
    is_crowded[:-1] |= ~is_free[1:]
    if (crowded := np.flatnonzero(is_crowded)).size:
        run = np.cumsum(is_free)
        of_crowded = Triggers(*(column[crowded] for column in triggers))
        is_free[crowded] = _leap(of_crowded, group[crowded], run[crowded], is_free[crowded], len(rows.user))
    return is_free


def _latest(group: Numbers, cancelled_by: Numbers, rows: int) -> Numbers:
    """The latest cancelling row so far in each group. Waits for several objects may be cancelled in another order."""
    size = rows + 1
    return np.maximum.accumulate(group * size + cancelled_by) - group * size


def _leap(triggers: Triggers, group: Numbers, run: Numbers, is_first: Flags, rows: int) -> Flags:
    """What starts in runs of triggers that overlap; the first of each run does."""
    started = is_first.copy()
    by_row = group * (rows + 1) + triggers.row
    instants = np.unique(triggers.time)
    by_time = group * (len(instants) + 1) + np.searchsorted(instants, triggers.time)
    current = np.flatnonzero(is_first)
    while len(current):
        of_group = group[current]
        after_cancel = np.searchsorted(by_row, of_group * (rows + 1) + triggers.cancelled_by[current])
        due = np.searchsorted(instants, triggers.due[current])
        after_due = np.searchsorted(by_time, of_group * (len(instants) + 1) + due)
        # A send that is due at once holds nobody up, and its trigger is not itself the next.
        next_ = np.maximum(np.minimum(after_cancel, after_due), current + 1)
        is_inside = next_ < len(run)
        is_inside[is_inside] = run[next_[is_inside]] == run[current[is_inside]]
        current = next_[is_inside]
        started[current] = True
    return started


def _ignored(rows: Rows, row: Numbers, rule: Numbers, reason: Numbers) -> Resolved:
    order = rows.order[row]
    return _outcomes(Kind.IGNORED, rule, order, rows.time[row], reason=reason, event=order)


def _ended(rows: Rows, tables: Tables, waits: Triggers, end: int) -> list[Resolved]:
    """What becomes of the waits that start: cancelled, sent, dropped or pending."""
    is_cancelled = waits.cancelled_by < len(rows.user)
    is_due = ~is_cancelled & (waits.due <= end)
    reason = np.full(len(waits.row), NONE)
    reason[~tables.live.at(waits.rule, waits.due)] = _REASON[Reason.RULE_ENDED]
    reason[~tables.target.at(waits.rule, waits.due)] = _REASON[Reason.TARGET_STOPPED]
    order = rows.order[waits.row]
    event = np.where(waits.due == waits.time, order, NONE)
    ended = []
    is_pending = ~is_cancelled & ~is_due
    ended = [
        _outcomes(kind, waits.rule[which], order[which], waits.due[which], reason=reason[which], event=event[which])
        for kind, which in ((Kind.SENT, is_due & (reason == NONE)), (Kind.DROPPED, is_due & (reason != NONE)))
    ]
    at_end = np.full(int(is_pending.sum()), end)
    ended.append(_outcomes(Kind.PENDING, waits.rule[is_pending], order[is_pending], at_end, due=waits.due[is_pending]))
    by = waits.cancelled_by[is_cancelled]
    pattern, rule = waits.pattern[is_cancelled], waits.rule[is_cancelled]
    cancelled = _outcomes(Kind.CANCELLED, rule, order[is_cancelled], rows.time[by], by=rows.order[by], pattern=pattern)
    return [*ended, cancelled]


def _outcomes(  # noqa: PLR0913  # the fields of an outcome
    kind: Kind,
    rule: Numbers,
    order: Numbers,
    at: Numbers,
    *,
    due: Numbers | None = None,
    reason: Numbers | None = None,
    by: Numbers | None = None,
    pattern: Numbers | None = None,
    event: Numbers | None = None,
) -> Resolved:
    none = np.full(len(rule), NONE)
    of_kind = np.full(len(rule), _KIND[kind])
    due, reason, pattern = (none if column is None else column for column in (due, reason, pattern))
    by = none if by is None else by
    brought_about = by if event is None else event
    return Resolved(of_kind, rule, order, at, due, reason, by, pattern, brought_about)
