"""The order in which campaigns are published: what happens before the follow-on is active, or after, never counts.

Every source is compared with every follow-on of its rule. One pair gives one finding, or two where both the beginning
and the end of the source are missed. Where the catalog gives no date for one of the two, there is no order to judge,
except that a source which is active now is certainly ahead of a follow-on that is still a draft.
"""

from collections.abc import Iterator, Sequence

from connrules.catalog import Status
from connrules.check.index import Index
from connrules.check.names.binding import Names, bind, mentions
from connrules.check.names.lifetime import is_over
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
from connrules.check.publishing.findings import (
    ahead_of_a_draft,
    already_sent,
    disjoint,
    goes_on,
    never_sent,
    planned_wrong,
    same_instant,
    too_early,
    without_safe_order,
)
from connrules.check.publishing.times import is_dated
from connrules.check.waits.too_late import check_too_late, meet
from connrules.checked import CheckedRule
from connrules.diagnostic import Diagnostic

_PLANNED = frozenset({Status.DRAFT, Status.SCHEDULED})


def check_publish_order(
    rules: Sequence[CheckedRule], index: Index, names: Names, as_of: int | None
) -> Iterator[Diagnostic]:
    """Pairs of a source and its follow-on that are not active together, or not all the time."""
    of_rules = list(pairs_of(rules, index.rules, entries_of(names.catalog), index.policy))
    order = None
    if as_of is not None:
        order = publish_order([pair for of_rule in of_rules for pair in of_rule.pairs], as_of)
        yield from _cycles_in(order)
    for of_rule in of_rules:
        found = list(_about(of_rule, order))
        # What comes too late for everybody must be mended first; when it was published then matters no more.
        if found and not _is_too_late(of_rule.rule, names, as_of):
            yield from found


def _is_too_late(rule: CheckedRule, names: Names, as_of: int | None) -> bool:
    bindings, _ = bind(rule.source, mentions(rule.node), names)
    over = as_of is not None and any(is_over(entry, as_of) for entry in bindings.values())
    return any(check_too_late(rule, None if over else bindings))


def _cycles_in(order: PublishOrder) -> Iterator[Diagnostic]:
    for cycle in order.cycles:
        if not order.is_at_one_instant(cycle):
            yield without_safe_order(cycle)


def _about(of_rule: RulePairs, order: PublishOrder | None) -> Iterator[Diagnostic]:
    pairs = [pair for pair in of_rule.pairs if not _is_over(pair, order)]
    never = {pair.target.name for pair in pairs if _is_never_sent(of_rule, pair)}
    said: set[str] = set()
    for pair in pairs:
        if pair.target.name not in never:
            yield from _about_pair(pair, order)
        elif pair.target.name not in said:
            said.add(pair.target.name)
            yield never_sent(of_rule, pair, everything=never == {name.text for name in of_rule.rule.node.targets})


def _is_over(pair: Pair, order: PublishOrder | None) -> bool:
    return order is not None and any(is_over(entry, order.as_of) for entry in (pair.source, pair.target))


def _is_never_sent(of_rule: RulePairs, pair: Pair) -> bool:
    """Whether no trigger can ever count for that follow-on, by dates that the catalog gives for all of them."""
    return bool(of_rule.triggers and pair.target.intervals) and not meet(of_rule.triggers, pair.target.intervals)


def _about_pair(pair: Pair, order: PublishOrder | None) -> Iterator[Diagnostic]:
    overlap = overlap_of(pair)
    if overlap is None:
        if _is_ahead(pair, order):
            yield already_sent(pair) if _has_been_sent(pair, order) else ahead_of_a_draft(pair)
    elif overlap.lived and not pair.is_to_itself:
        yield from _about_overlap(pair, overlap, order)


def _about_overlap(pair: Pair, overlap: Overlap, order: PublishOrder | None) -> Iterator[Diagnostic]:
    if not overlap.together:
        yield disjoint(pair)
        return
    tied = order is not None and order.in_one_cycle(pair)
    if overlap.early:
        if _has_been_sent(pair, order):
            yield already_sent(pair)
            return
        if order is None or not _is_to_come(pair, order):
            yield too_early(pair, overlap, to_come=order is not None and pair.target.intervals[0][0] > order.as_of)
        elif not tied:
            yield planned_wrong(pair, overlap)
    elif order is not None and not tied and _is_same_instant(pair, overlap, order):
        yield same_instant(pair)
    if overlap.late and not pair.is_one_shot and "cancelled" not in pair.words:
        yield goes_on(pair, overlap)


def _is_to_come(pair: Pair, order: PublishOrder) -> bool:
    """Whether neither is live yet; when the rule begins to look does not matter."""
    return min(pair.when[0][0], pair.target.intervals[0][0]) > order.as_of


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
