"""Explanations as text: a line for each thing that happened, its instant in front, and below it what decided.

Nothing here ends in a line break. `facts` puts words to what was found.
"""

from collections.abc import Iterator

import click

from connrules.cli.cells import visible
from connrules.cli.render import counted
from connrules.cli.telling.facts import clock_in_words, fact_in_words, happened, known_as, quoted, reason_in_words, when
from connrules.duration import format_duration, format_instant
from connrules.event import Kind
from connrules.explain.story import Absent, Clause, Clock, Explanation, Late, Mismatch, Miss, Story, Trigger
from connrules.vocabulary import CUSTOM_EVENT

_MOST_SPARED = 5
"""Of the events that look like exceptions to a wait and are none, so many are shown."""
_INDENT = "  "
_COLORS = {
    Kind.SENT: "green",
    Kind.CANCELLED: "yellow",
    Kind.DROPPED: "yellow",
    Kind.RESTARTED: "cyan",
    Kind.IGNORED: "yellow",
    Kind.PENDING: "cyan",
}


def render_explanation(explanation: Explanation, *, lateness: int, color: bool = False) -> str:
    """A headline, then the story of each rule, then the events that did not count. `lateness` is the allowed one."""
    told = [story for story in explanation.stories if story.entries]
    blocks = [_headline(explanation), *("\n".join(_Text(story, color=color).lines()) for story in told)]
    blocks.append("\n".join(_never_triggered(explanation)))
    blocks.append("\n".join(_left_aside(explanation, lateness)))
    return "\n\n".join(filter(None, blocks))


def _headline(explanation: Explanation) -> str:
    sent = sum(
        isinstance(entry, Trigger) and entry.outcome is Kind.SENT
        for story in explanation.stories
        for entry in story.entries
    )
    counts = f"{counted(explanation.events, 'event')}, {counted(sent, 'message')} sent"
    if explanation.since is not None:
        counts += f" for what came since {when(explanation.since)}"
    return f"{visible(explanation.user)}: {counts}, up to {when(explanation.until)}"


class _Text:
    """The story of one rule as lines."""

    def __init__(self, story: Story, *, color: bool) -> None:
        self._story = story
        self._color = color
        instants = [instant for entry in story.entries for instant in _instants(entry)]
        self._width = max((len(when(instant)) for instant in instants), default=0)

    def lines(self) -> Iterator[str]:
        """The rule, then what happened."""
        story = self._story
        sends = " or ".join(quoted(name) for name in story.sends)
        title = self._styled(f"rule {visible(story.rule)}", bold=True)
        drawn = f"; the draw gives this user {quoted(story.target)}" if len(story.sends) > 1 else ""
        yield f"{title} ({_place(story.place)}) sends {sends}{drawn}"
        for entry in story.entries:
            yield ""
            match entry:
                case Trigger():
                    yield from self._trigger(entry)
                case Mismatch():
                    yield from self._mismatch(entry, "does not trigger")
        if sum(isinstance(entry, Trigger) for entry in story.entries) > story.sought:
            last = "trigger" if story.sought == 1 else f"{story.sought} triggers"
            yield from ("", f"{_INDENT}near misses were sought for the last {last} only")

    def _trigger(self, entry: Trigger) -> Iterator[str]:
        yield self._line(entry.event.at, self._opening(entry))
        if entry.held is not None and entry.due is not None:
            yield self._below(_held(entry.held, entry.due))
        yield from (self._below(f"due when {clock_in_words(clock)}") for clock in entry.clocks)
        yield from self._spared(entry)
        if entry.outcome is not Kind.IGNORED:
            yield self._line(entry.at, self._ending(entry))
        yield from (self._below(line) for line in _details(entry))
        if entry.goal is not None:
            yield self._line(entry.goal.event.at, f"{happened(entry.goal.event)} reaches the goal")
            yield self._below(_decided(entry.goal.pattern))
        if entry.miss is not None:
            yield self._below(_miss(entry, entry.miss))

    def _opening(self, entry: Trigger) -> str:
        what = happened(entry.event)
        if entry.per is not None:
            what += f" with {self._per(entry)}"
        if entry.outcome is Kind.IGNORED:
            return f"{what} is {self._kind(entry)}: {reason_in_words(entry)}"
        if entry.due == entry.event.at or entry.due is None:
            return f"{what} triggers"
        return f"{what} starts a wait of {format_duration(entry.due - entry.event.at)}, until {when(entry.due)}"

    def _per(self, entry: Trigger) -> str:
        return f"per value {quoted(entry.per) if isinstance(entry.per, str) else entry.per}"

    def _ending(self, entry: Trigger) -> str:
        kind = self._kind(entry)
        match entry.outcome:
            case Kind.SENT:
                waited = "" if entry.at == entry.event.at else ": the wait is over, and nothing cancelled it"
                return f"{kind} {quoted(entry.send or '')}{waited}"
            case Kind.CANCELLED | Kind.RESTARTED:
                by = happened(entry.by) if entry.by else "another event"
                return f"{kind} by {by}, {format_duration(entry.at - entry.event.at)} after the trigger"
            case Kind.DROPPED:
                return f"{kind}: {reason_in_words(entry)}"
            case Kind.PENDING:
                left = (entry.due or entry.at) - entry.at
                return f"time goes no further; still {kind}, for another {format_duration(left)}"
            case _:
                return kind

    def _spared(self, entry: Trigger) -> Iterator[str]:
        for mismatch in entry.did_not_cancel[:_MOST_SPARED]:
            yield from self._mismatch(mismatch, "does not cancel")
        hidden = len(entry.did_not_cancel) - _MOST_SPARED
        if hidden > 0:
            yield self._below(f"and {counted(hidden, 'more event')} that do not cancel either")

    def _mismatch(self, mismatch: Mismatch, verb: str) -> Iterator[str]:
        why = "; ".join(fact_in_words(fact) for fact in mismatch.facts)
        yield self._line(mismatch.event.at, f"{happened(mismatch.event)} {verb}: {why}")
        yield self._below(_decided(mismatch.pattern))

    def _kind(self, entry: Trigger) -> str:
        return self._styled(entry.outcome, fg=_COLORS.get(entry.outcome), bold=True)

    def _line(self, instant: int, text: str) -> str:
        return f"{_INDENT}{when(instant):<{self._width}}  {text}"

    def _below(self, text: str) -> str:
        return f"{_INDENT}{'':<{self._width}}  {text}"

    def _styled(self, text: str, *, fg: str | None = None, bold: bool = False) -> str:
        return click.style(text, fg=fg, bold=bold) if self._color else text


def _instants(entry: Trigger | Mismatch) -> Iterator[int]:
    yield entry.event.at
    if isinstance(entry, Trigger):
        yield entry.at
        yield from (mismatch.event.at for mismatch in entry.did_not_cancel)
        yield from [entry.goal.event.at] if entry.goal else []


def _details(entry: Trigger) -> Iterator[str]:
    """What decided."""
    if entry.clause is not None:
        yield _decided(entry.clause) + _and_held_by(entry)
    if entry.outcome is Kind.CANCELLED and entry.facts:
        yield "; ".join(fact_in_words(fact) for fact in entry.facts)


def _decided(clause: Clause) -> str:
    return f"decided by `{visible(clause.text)}` ({_place(clause)})"


def _and_held_by(entry: Trigger) -> str:
    """The window that decided together with the delay."""
    if entry.held_by is None or entry.outcome not in {Kind.SENT, Kind.PENDING}:
        return ""
    return f" and `{visible(entry.held_by.text)}` ({_place(entry.held_by)})"


def _place(clause: Clause) -> str:
    return f"{visible(clause.file)}:{clause.line}"


def _held(held: Clock, due: int) -> str:
    return f"due at {when(held.at)}, when {clock_in_words(held)}: held for {format_duration(due - held.at)}"


def _miss(entry: Trigger, miss: Miss) -> str:
    """`near miss: would have been sent, had the purchase of 2026-03-02T13:02:00Z (e9) come 4m later`."""
    how = f"{format_duration(abs(miss.shift_ms))} {'later' if miss.shift_ms > 0 else 'earlier'}"
    return f"near miss: {_would(entry, miss)}, had {_subject(entry, miss)} come {how}{_whereto(entry, miss)}"


def _subject(entry: Trigger, miss: Miss) -> str:
    if miss.event == entry.event:
        return "this event" if entry.outcome is Kind.IGNORED else "the trigger"
    name = f" {quoted(miss.event.object)}" if miss.event.type == CUSTOM_EVENT and miss.event.object else ""
    return f"the {visible(miss.event.type)}{name} of {when(miss.event.at)} ({known_as(miss.event)})"


def _whereto(entry: Trigger, miss: Miss) -> str:
    """Why the other time makes a difference, where that is easy to say."""
    if miss.event == entry.event:
        return ""
    if entry.outcome is Kind.SENT and miss.event.at == entry.at:
        return ": at the due instant it was too late"
    if entry.outcome is Kind.CANCELLED:
        return ", before the trigger" if miss.to < entry.event.at else ", when the wait is over"
    return ""


def _would(entry: Trigger, miss: Miss) -> str:
    match miss.outcome:
        case Kind.PENDING:
            return f"would have started a wait until {when(miss.at)}"
        case Kind.SENT if miss.at != entry.due:
            return f"would have been sent at {when(miss.at)}"
        case _:
            return f"would have been {miss.outcome}"


def _never_triggered(explanation: Explanation) -> Iterator[str]:
    """The rules that nothing triggered, each with what it looked for."""
    stories = [story for story in explanation.stories if not story.entries]
    if stories:
        since = f" since {when(explanation.since)}" if explanation.since is not None else ""
        yield f"never triggered{since}:"
    for story in stories:
        absent = "; ".join(map(_absent, story.absent))
        yield f"{_INDENT}rule {visible(story.rule)} ({_place(story.place)}): {absent}"


def _absent(absent: Absent) -> str:
    others = ", ".join(f"{count} of {quoted(name)}" for name, count in absent.others)
    return f"no {visible(absent.wanted)}{f', but {others}' if others else ''}"


def _left_aside(explanation: Explanation, lateness: int) -> Iterator[str]:
    """The events that changed nothing, and why."""
    yield from (_late(late, lateness) for late in explanation.late)
    for event in explanation.repeated:
        yield f"repeated: {happened(event)} at {when(event.at)} is skipped: its id was seen before"


def _late(late: Late, lateness: int) -> str:
    age = format_duration(late.late_ms)
    return (
        f"late: {happened(late.event)} at {format_instant(late.event.at)} changed nothing: it was {age} older than the "
        f"newest event before it, and {format_duration(lateness)} is allowed"
    )
