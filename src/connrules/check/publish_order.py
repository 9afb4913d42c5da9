"""The order in which campaigns are published: what happens before the follow-on is active, or after, never counts.

Every source is compared with every follow-on of its rule. One pair gives one finding, or two where both the beginning
and the end of the source are missed. Where the catalog gives no date for one of the two, there is no order to judge,
except that a source which is active now is certainly ahead of a follow-on that is still a draft.
"""

from collections.abc import Iterator, Sequence

from connrules.catalog import Status
from connrules.check.checked import CheckedRule
from connrules.check.index import Index
from connrules.check.lifetime import day, is_over
from connrules.check.names import Names, bind, mentions
from connrules.check.publishing import (
    Overlap,
    Pair,
    PublishOrder,
    RulePairs,
    entries_of,
    overlap_of,
    pairs_of,
    publish_order,
)
from connrules.check.publishing.times import Intervals, is_dated, share
from connrules.check.too_late import check_too_late, meet
from connrules.codes import finding
from connrules.diagnostic import Diagnostic, Related, Severity

_PLANNED = frozenset({Status.DRAFT, Status.SCHEDULED})


def check_publish_order(
    rules: Sequence[CheckedRule], index: Index, names: Names, as_of: int | None
) -> Iterator[Diagnostic]:
    """Pairs of a source and its follow-on that are not active together, or not all the time."""
    of_rules = list(pairs_of(rules, index.rules, entries_of(names.catalog)))
    order = None
    if as_of is not None:
        order = publish_order([pair for of_rule in of_rules for pair in of_rule.pairs], as_of)
        yield from _without_safe_order(order)
    for of_rule in of_rules:
        found = list(_about(of_rule, order))
        # What comes too late for everybody must be mended first; when it was published then matters no more.
        if found and not _is_too_late(of_rule.rule, names, as_of):
            yield from found


def _is_too_late(rule: CheckedRule, names: Names, as_of: int | None) -> bool:
    bindings, _ = bind(rule.source, mentions(rule.node), names)
    over = as_of is not None and any(is_over(entry, as_of) for entry in bindings.values())
    return any(check_too_late(rule, None if over else bindings))


# Cycles


def _without_safe_order(order: PublishOrder) -> Iterator[Diagnostic]:
    for cycle in order.cycles:
        planned = {order.publications[pair.kind, pair.source.name].published_at for pair in cycle}
        if len(planned) > 1 or None in planned:
            yield _cycle(cycle)


def _cycle(cycle: Sequence[Pair]) -> Diagnostic:
    pair, *others = cycle
    sources = [f"`{each.source.name}`" for each in cycle]
    by_others = [f"`{each.target.name}` before `{each.source.name}`" for each in others]
    return finding(
        "CR402",
        pair.rule.source,
        pair.place,
        f"{', '.join(sources[:-1])} and {sources[-1]} have no safe order of publishing",
        label=f"asks for `{pair.target.name}` before `{pair.source.name}`; others ask for {', '.join(by_others)}",
        help="publish them at the same instant, or give one of the rules a `from` by which all of them are live",
        related=tuple(
            Related(each.rule.source, each.place, f"asks for `{each.target.name}` before `{each.source.name}`")
            for each in others
        ),
    )


# One rule


def _about(of_rule: RulePairs, order: PublishOrder | None) -> Iterator[Diagnostic]:
    pairs = [pair for pair in of_rule.pairs if not _is_over(pair, order)]
    never = {pair.target.name for pair in pairs if _is_never_sent(of_rule, pair)}
    said: set[str] = set()
    for pair in pairs:
        if pair.target.name not in never:
            yield from _about_pair(pair, order)
        elif pair.target.name not in said:
            said.add(pair.target.name)
            yield _disjoint_from_all(of_rule, pair, everything=len(never) == len(of_rule.rule.node.targets))


def _is_over(pair: Pair, order: PublishOrder | None) -> bool:
    return order is not None and any(is_over(entry, order.as_of) for entry in (pair.source, pair.target))


def _is_never_sent(of_rule: RulePairs, pair: Pair) -> bool:
    """Whether no trigger can ever count for that follow-on, by dates that the catalog gives for all of them."""
    return bool(of_rule.triggers and pair.target.intervals) and not meet(of_rule.triggers, pair.target.intervals)


def _disjoint_from_all(of_rule: RulePairs, pair: Pair, *, everything: bool) -> Diagnostic:
    one = len({each.source.name for each in of_rule.pairs}) == 1
    who = f"`{pair.source.name}` is" if one else "its sources are"
    return finding(
        "CR403",
        pair.rule.source,
        pair.place,
        f"`{pair.target.name}` is never sent: {who} never active together with it",
        label=_times(pair, of_rule.triggers),
        help=f"correct the dates in the catalog, so that `{pair.target.name}` is active while "
        f"{'its source' if one else 'one of its sources'} is",
        related=_sender(pair),
        silent_rule=pair.rule.name if everything else "",
    )


# One pair


def _about_pair(pair: Pair, order: PublishOrder | None) -> Iterator[Diagnostic]:
    overlap = overlap_of(pair)
    if overlap is None:
        if _is_ahead(pair, order):
            yield _ahead_of_a_draft(pair, order)
    elif overlap.lived and not pair.is_to_itself:
        yield from _about_overlap(pair, overlap, order)


def _about_overlap(pair: Pair, overlap: Overlap, order: PublishOrder | None) -> Iterator[Diagnostic]:
    if not overlap.together:
        yield _disjoint(pair)
        return
    tied = order is not None and order.in_one_cycle(pair)
    if overlap.early:
        if _has_been_sent(pair, order):
            yield _already_sent(pair)
            return
        if order is None or not _is_to_come(pair, order):
            yield _too_early(pair, overlap, order)
        elif not tied:
            yield _planned_wrong(pair, overlap)
    elif order is not None and not tied and _is_same_instant(pair, overlap, order):
        yield _same_instant(pair)
    if overlap.late and not pair.is_one_shot and "cancelled" not in pair.words:
        yield _goes_on(pair, overlap)


def _is_to_come(pair: Pair, order: PublishOrder) -> bool:
    return min(pair.lived[0][0], pair.target.intervals[0][0]) > order.as_of


def _is_same_instant(pair: Pair, overlap: Overlap, order: PublishOrder) -> bool:
    """Whether both begin at one instant that is still to come, and not because the rule says so."""
    start, from_ = pair.target.intervals[0][0], pair.rule.node.from_
    is_meant = pair.sender is not None or (from_ is not None and from_.time.ms == start)
    return not is_meant and overlap.lived[0][0] == start > order.as_of


def _has_been_sent(pair: Pair, order: PublishOrder | None) -> bool:
    """Whether the source, or what counts of it for good, happened once and for all."""
    published = pair.source.intervals[0][0] if is_dated(pair.source.intervals) else None
    return order is not None and published is not None and published <= order.as_of and pair.is_one_shot


def _is_ahead(pair: Pair, order: PublishOrder | None) -> bool:
    """Whether the source is active and the follow-on is a draft without a date."""
    if pair.target.intervals or not pair.lived:
        return False
    is_live = order is None or pair.lived[0][0] <= order.as_of
    return is_live and pair.source.status is Status.ACTIVE and pair.target.status in _PLANNED


# Words


def _too_early(pair: Pair, overlap: Overlap, order: PublishOrder | None) -> Diagnostic:
    start = pair.target.intervals[0][0]
    since = f"{_active(pair)} from {day(overlap.early[0][0])}, `{pair.target.name}` only from {day(start)}"
    label = f"{since}: {_missed(pair, overlap)} missed"
    to_come = order is not None and start > order.as_of
    remedy = f"publish `{pair.target.name}` {'as soon as you can' if to_come else 'first'}"
    return _early(pair, label, f"{remedy}, or say that it is meant: `from {day(start)}`")


def _ahead_of_a_draft(pair: Pair, order: PublishOrder | None) -> Diagnostic:
    if _has_been_sent(pair, order):
        return _already_sent(pair)
    label = f"it is active, and `{pair.target.name}` is not yet"
    return _early(pair, label, f"publish `{pair.target.name}` first")


def _early(pair: Pair, label: str, remedy: str) -> Diagnostic:
    message = f"`{pair.source.name}` is live before its follow-on `{pair.target.name}`; {_who_is_lost(pair)}"
    return finding("CR401", pair.rule.source, pair.place, message, label=label, help=remedy, related=_sender(pair))


def _who_is_lost(pair: Pair) -> str:
    receives = any(word.startswith("received_") for word in pair.words)
    if receives or "sent" in pair.words:
        return f"who {'receives' if receives else 'is sent'} it till then is lost for good"
    if "entered_control" in pair.words:
        return "who enters its control group till then is lost for good"
    return "what happens till then does not count"


def _already_sent(pair: Pair) -> Diagnostic:
    target = pair.target.intervals
    then = f"only on {day(target[0][0])}" if target else "not yet"
    return finding(
        "CR406",
        pair.rule.source,
        pair.place,
        f"`{pair.source.name}` has gone out, once, before its follow-on `{pair.target.name}` was live",
        label=f"it went to everybody on {day(pair.source.intervals[0][0])}, and `{pair.target.name}` is live {then}",
        help="nobody will receive it again: trigger by what users can still do, such as an opening or a click, "
        "or publish the follow-on before the original is sent again",
    )


def _planned_wrong(pair: Pair, overlap: Overlap) -> Diagnostic:
    source, target = day(overlap.early[0][0]), day(pair.target.intervals[0][0])
    return finding(
        "CR407",
        pair.rule.source,
        pair.place,
        f"`{pair.source.name}` is planned before its follow-on `{pair.target.name}`",
        label=f"{_active(pair)} from {source}, `{pair.target.name}` only from {target}: "
        f"{_missed(pair, overlap)} would be missed",
        help=f"there is time to mend it: publish `{pair.target.name}` before {source}, "
        f"or `{pair.source.name}` after {target}",
        related=_sender(pair),
    )


def _same_instant(pair: Pair) -> Diagnostic:
    start = day(pair.target.intervals[0][0])
    return finding(
        "CR405",
        pair.rule.source,
        pair.place,
        f"`{pair.source.name}` and its follow-on `{pair.target.name}` are published at the same instant",
        label=f"both on {start}: what happens before `{pair.target.name}` is really live is lost",
        help=f"publish `{pair.target.name}` a little earlier, or say that it is meant: `from {start}`",
    )


def _goes_on(pair: Pair, overlap: Overlap) -> Diagnostic:
    stops = pair.target.intervals[-1][1]
    assert stops is not None  # nothing would be after it
    last = overlap.late[-1][1]
    till = "without end" if last is None else f"until {day(last)}"
    label = f"{_active(pair)} {till}, `{pair.target.name}` only until {day(stops)}"
    if last is not None:
        label += f": the last {share(overlap.late, overlap.lived, 'last')} missed"
    then = "whom it reaches then gets nothing" if pair.is_final else "what happens then does not count"
    return finding(
        "CR404",
        pair.rule.source,
        pair.place,
        f"`{pair.source.name}` goes on after its follow-on `{pair.target.name}` has stopped; {then}",
        label=label,
        help=f"let `{pair.target.name}` go on as long, or say that it is meant: `until {day(stops)}`",
        related=_sender(pair),
    )


def _disjoint(pair: Pair) -> Diagnostic:
    return finding(
        "CR403",
        pair.rule.source,
        pair.place,
        f"nothing of `{pair.source.name}` ever leads to `{pair.target.name}`: they are never active together",
        label=_times(pair, pair.lived),
        help=f"correct the dates in the catalog, or take `{pair.source.name}` out of the trigger",
        severity=Severity.WARNING,
        related=_sender(pair),
    )


def _missed(pair: Pair, overlap: Overlap) -> str:
    return "everybody, as it goes out once," if pair.is_one_shot else share(overlap.early, overlap.lived)


def _times(pair: Pair, source: Intervals) -> str:
    """When the source is active, and when the follow-on."""
    return f"{_active(pair)} {_in_words(source)}, `{pair.target.name}` {_in_words(pair.target.intervals)}"


def _in_words(intervals: Intervals) -> str:
    (start, _), (_, end) = intervals[0], intervals[-1]
    till = "" if end is None else f" until {day(end)}"
    return f"from {day(start)}{till}{', with breaks' if intervals[1:] else ''}"


def _active(pair: Pair) -> str:
    """What the source is, where its time is told: a message of another rule is sent, the rest is active."""
    return f"sent by `{pair.sender.name}`" if pair.sender else "active"


def _sender(pair: Pair) -> tuple[Related, ...]:
    """The rule that sends the source, where the trigger names that."""
    if pair.sender is None:
        return ()
    return (Related(pair.sender.source, pair.sender.node.send.span, f"sends `{pair.source.name}`"),)
