"""The order of publishing as text for people: step by step, with dates, and what is wrong. No line break at the end."""

from collections.abc import Iterable, Iterator, Sequence

import click

from connrules.check.publishing import Loss, Pair, Publication, Standing, least_harmful
from connrules.check.publishing.times import BEGINNING, Intervals, days, length, share
from connrules.cli.cells import padded, visible, width
from connrules.cli.publishing.shown import Publishing
from connrules.duration import day

_MINUTE = 60_000
_WIDEST = 48
"""Names stand in a column of their own, at most so many cells wide; longer ones push the rest of their line aside."""


def render_plan(publishing: Publishing, *, color: bool = False) -> str:
    """The whole plan."""
    order = publishing.order
    if not order.publications:
        return "nothing to put in order: no rule sends a campaign after what users did with another"
    sections: list[tuple[str, Iterable[str]]] = [("Publish order", [_as_of(publishing)])]
    sections += [(f"Step {n}", _rows(step, publishing)) for n, step in enumerate(order.steps, 1)]
    sections += [
        ("Live already", _rows(order.standing(Standing.LIVE), publishing)),
        ("Over", _rows(order.standing(Standing.OVER), publishing)),
        ("No safe order", _cycles(publishing)),
        ("To be lost, unless dates change", [line for loss in publishing.avoidable for line in _loss(loss)]),
        ("Lost already", [line for loss in publishing.past for line in _loss(loss)]),
    ]
    return "\n\n".join(filter(None, (_section(title, list(lines), color=color) for title, lines in sections)))


def _section(title: str, lines: Sequence[str], *, color: bool) -> str:
    if not lines:
        return ""
    heading = click.style(title, bold=True) if color else title
    return "\n".join([heading, *(f"  {line}".rstrip() for line in lines)])


def _as_of(publishing: Publishing) -> str:
    if not publishing.has_catalog:
        return "without a catalog: what comes before what, but no dates"
    minute = publishing.order.as_of // _MINUTE * _MINUTE
    is_done = not any(publishing.order.steps)
    what = "nothing is left to publish" if is_done else "what is still to come, follow-ons before what they follow"
    return f"as of {day(minute)}: {what}"


# Publications


def _rows(publications: Sequence[Publication], publishing: Publishing) -> Iterator[str]:
    """A line for each, the columns below one another."""
    rows = [(visible(p.entry.name), str(p.key[0]), _date(p), _note(p, publishing)) for p in publications]
    widths = [min(_WIDEST, max((width(row[n]) for row in rows), default=0)) for n in range(3)]
    for row in rows:
        columns = [padded(text, room) for text, room in zip(row, widths, strict=False)]
        yield "  ".join([*columns, row[3]]).rstrip()


def _date(publication: Publication) -> str:
    at = publication.published_at
    match publication.standing:
        case Standing.LIVE:
            return "since when is not known" if at is None else f"since {day(at)}"
        case Standing.OVER:
            end = publication.entry.intervals[-1][1] if publication.entry.intervals else None
            return str(publication.entry.status) if end is None else f"until {day(end)}"
        case Standing.PLANNED:
            return f"on {day(at)}" if at is not None else ""
        case Standing.UNDATED:
            return "no date yet"


def _note(publication: Publication, publishing: Publishing) -> str:
    """By when to publish it, and why then."""
    if not publication.step:
        return ""
    if publication.cycle:
        return f"no safe order, see below ({publication.cycle})"
    due, at = publication.due, publication.published_at
    if due is not None:
        if due.at <= publishing.order.as_of:
            if step := publishing.step_of(due.pair):  # a source that is late itself, and not live
                return f"as soon as you can, before {_called(due.pair)} in step {step}"
            since = "" if due.at == BEGINNING else f" since {day(due.at)}"
            return f"as soon as you can: {_called(due.pair)} is live{since}"
        late = "too late: " if at is not None and at > due.at else ""
        return f"{late}by {day(due.at)}, {_reason(due.at, due.pair, publishing)}"
    if publication.before:
        first = publication.before[0]
        return f"before {_called(first)}, in step {publishing.step_of(first)}"
    return ""


def _reason(at: int, pair: Pair, publishing: Publishing) -> str:
    from_ = pair.rule.node.from_
    if from_ is not None and from_.time.ms == at:
        return f"when the rule `{visible(pair.rule.name)}` begins"
    if pair.sender is not None and pair.lived and pair.lived[0][0] == at:
        return f"when `{visible(pair.sender.name)}` can send {_called(pair)} for the first time"
    if pair.source.intervals and pair.source.intervals[0][0] == at:
        return f"when {_called(pair)} is published"
    return f"before {_called(pair)} in step {publishing.step_of(pair)}"


def _called(pair: Pair) -> str:
    return f'"{visible(pair.source.name)}"'


# What is wrong


def _cycles(publishing: Publishing) -> Iterator[str]:
    for number, cycle in enumerate(publishing.order.cycles, 1):
        asks = [f'"{visible(p.target.name)}" before {_called(p)} ({visible(p.rule.name)})' for p in cycle]
        yield f"{number}. {', '.join(asks)}"
        if publishing.order.is_at_one_instant(cycle):
            yield "   they are planned for the same instant, which is the best there is"
            continue
        yield "   publish them at the same instant, or give one of the rules a `from` by which all of them are live"
        yield from (f"   {line}" for line in _detour(cycle, publishing))


def _detour(cycle: Sequence[Pair], publishing: Publishing) -> Iterator[str]:
    detour = least_harmful(cycle, publishing.pairs)
    if detour is not None:
        names = ", then ".join(f'"{visible(name)}"' for _, name in detour.publish)
        yield f"one after the other, this order loses nobody for good: {names}, in quick succession"


def _loss(loss: Loss) -> Iterator[str]:
    pair = loss.pair
    yield f'"{visible(pair.target.name)}" after {_called(pair)} ({visible(pair.rule.name)}): {_how_much(loss)}'
    yield f"  {_whom(loss)}"


def _how_much(loss: Loss) -> str:
    """`28 of 63 days`; where some of it is over, also how much."""
    if loss.pair.is_one_shot:
        return "everybody, as it goes out once"
    if not loss.ends:
        return f"{_days(loss.so_far)} so far, and it goes on"
    total = share(loss.missed, loss.lived)
    if loss.so_far and loss.to_come:
        return f"{_days(loss.so_far)} so far, {total.removeprefix('the first ')} in the end"
    return total


def _days(intervals: Intervals) -> str:
    ms = length(intervals)
    assert ms is not None  # what is over has an end
    return days(ms)


def _whom(loss: Loss) -> str:
    words = loss.pair.words
    is_past = not loss.to_come
    if any(word.startswith("received_") for word in words):
        return f"who {'received' if is_past else 'receives'} it before that is lost for good"
    if "sent" in words:
        return f"whom it {'was' if is_past else 'is'} sent to before that is lost for good"
    if "entered_control" in words:
        return f"who {'entered' if is_past else 'enters'} its control group before that is lost for good"
    return "what users do with it before that does not count; what they do again later does"
