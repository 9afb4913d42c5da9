"""The findings about the order of publishing: what each says of a source, its follow-on and their dates."""

from collections.abc import Sequence

from connrules.check.publishing import Overlap, Pair, RulePairs
from connrules.check.publishing.times import Intervals, share
from connrules.codes import finding
from connrules.diagnostic import Diagnostic, Related, Severity
from connrules.duration import day, format_instant


def without_safe_order(cycle: Sequence[Pair]) -> Diagnostic:
    """CR402."""
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


def never_sent(of_rule: RulePairs, pair: Pair, *, everything: bool) -> Diagnostic:
    """CR403 for every trigger of the rule; `everything` says whether that is so for all that it sends."""
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


def too_early(pair: Pair, overlap: Overlap, *, to_come: bool) -> Diagnostic:
    """CR401; `to_come` says whether the follow-on still is."""
    start = _day(pair, pair.target.intervals[0][0])
    label = f"{_begins(pair, overlap)}, `{pair.target.name}` only from {start}: {_missed(pair, overlap)} missed"
    remedy = f"publish `{pair.target.name}` {'as soon as you can' if to_come else 'first'}"
    return _early(pair, label, f"{remedy}, or say that it is meant: `from {start}`")


def ahead_of_a_draft(pair: Pair) -> Diagnostic:
    """CR401, where the follow-on has no date at all."""
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


def already_sent(pair: Pair) -> Diagnostic:
    """CR406."""
    target = pair.target.intervals
    out = _day(pair, pair.source.intervals[0][0])
    then = f"only on {_day(pair, target[0][0])}" if target else "not yet"
    return finding(
        "CR406",
        pair.rule.source,
        pair.place,
        f"`{pair.source.name}` has gone out, once, before its follow-on `{pair.target.name}` was live",
        label=f"it went to everybody on {out}, and `{pair.target.name}` is live {then}",
        help="nobody will receive it again: trigger by what users can still do, such as an opening or a click, "
        "or publish the follow-on before the original is sent again",
    )


def planned_wrong(pair: Pair, overlap: Overlap) -> Diagnostic:
    """CR407."""
    source, target = _day(pair, overlap.early[0][0]), _day(pair, pair.target.intervals[0][0])
    return finding(
        "CR407",
        pair.rule.source,
        pair.place,
        f"`{pair.source.name}` is planned before its follow-on `{pair.target.name}`",
        label=f"{_begins(pair, overlap)}, `{pair.target.name}` only from {target}: "
        f"{_missed(pair, overlap)} would be missed",
        help=f"there is time to mend it: publish `{pair.target.name}` before {source}, "
        f"or `{pair.source.name}` after {target}",
        related=_sender(pair),
    )


def same_instant(pair: Pair) -> Diagnostic:
    """CR405."""
    start = _day(pair, pair.target.intervals[0][0])
    return finding(
        "CR405",
        pair.rule.source,
        pair.place,
        f"`{pair.source.name}` and its follow-on `{pair.target.name}` are published at the same instant",
        label=f"both on {start}: what happens before `{pair.target.name}` is really live is lost",
        help=f"publish `{pair.target.name}` a little earlier, or say that it is meant: `from {start}`",
    )


def goes_on(pair: Pair, overlap: Overlap) -> Diagnostic:
    """CR404."""
    stops = pair.target.intervals[-1][1]
    assert stops is not None  # nothing would be after it
    last = overlap.late[-1][1]
    label = f"{_ends(pair, last)}, `{pair.target.name}` only until {_day(pair, stops)}"
    if last is not None:
        label += f": the last {share(overlap.late, overlap.lived, 'last')} missed"
    then = "whom it reaches then gets nothing" if pair.is_final else "what happens then does not count"
    return finding(
        "CR404",
        pair.rule.source,
        pair.place,
        f"`{pair.source.name}` goes on after its follow-on `{pair.target.name}` has stopped; {then}",
        label=label,
        help=f"let `{pair.target.name}` go on as long, or say that it is meant: `until {_day(pair, stops)}`",
        related=_sender(pair),
    )


def disjoint(pair: Pair) -> Diagnostic:
    """CR403 for one source of several."""
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
    return f"{_active(pair)} {_in_words(pair, source)}, `{pair.target.name}` {_in_words(pair, pair.target.intervals)}"


def _in_words(pair: Pair, intervals: Intervals) -> str:
    (start, _), (_, end) = intervals[0], intervals[-1]
    till = "" if end is None else f" until {_day(pair, end)}"
    return f"from {_day(pair, start)}{till}{', with breaks' if intervals[1:] else ''}"


def _begins(pair: Pair, overlap: Overlap) -> str:
    """From when the source counts: from its own beginning, or, where that comes later, that of the rule."""
    start = overlap.early[0][0]
    is_by_rule = pair.rule.node.from_ is not None and pair.rule.node.from_.time.ms == start > pair.when[0][0]
    return f"{'the rule lives' if is_by_rule else _active(pair)} from {_day(pair, start)}"


def _ends(pair: Pair, end: int | None) -> str:
    """Until when it counts, in the same way."""
    if end is None:
        return f"{_active(pair)} without end"
    until, last = pair.rule.node.until, pair.when[-1][1]
    is_by_rule = until is not None and until.time.ms == end and (last is None or end < last)
    return f"{'the rule lives' if is_by_rule else _active(pair)} until {_day(pair, end)}"


def _day(pair: Pair, instant: int) -> str:
    """An instant as rules and catalog both read it: in full, where a bare date is not the same in both."""
    return day(instant) if pair.is_utc else str(format_instant(instant))


def _active(pair: Pair) -> str:
    """What the source is, where its time is told: a message of another rule is sent, the rest is active."""
    return f"sent by `{pair.sender.name}`" if pair.sender else "active"


def _sender(pair: Pair) -> tuple[Related, ...]:
    """The rule that sends the source, where the trigger names that."""
    if pair.sender is None:
        return ()
    return (Related(pair.sender.source, pair.sender.node.send.span, f"sends `{pair.source.name}`"),)
