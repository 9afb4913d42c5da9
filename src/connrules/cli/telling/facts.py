"""What an explanation found, in words for those who write rules and look at logs."""

import json
from collections.abc import Iterator
from typing import Any, assert_never

from connrules.cli.cells import visible
from connrules.duration import format_duration, format_instant
from connrules.event import Reason
from connrules.explain.story import (
    Clock,
    Comparison,
    Drawn,
    Fact,
    Inactive,
    Occurrence,
    OtherObject,
    Trigger,
    UsedUp,
    Waiting,
)
from connrules.vocabulary import CUSTOM_EVENT

REASONS = {
    Reason.RULE_NOT_LIVE: "the rule is not live",
    Reason.TARGET_NOT_PUBLISHED: "the message is not published",
    Reason.SOURCE_NOT_ACTIVE: "its source is not active",
    Reason.AUDIENCE: "the user is not in the audience",
    Reason.ALREADY_WAITING: "the user is already waiting",
    Reason.NOT_ELIGIBLE: "the user is not eligible",
    Reason.OUTSIDE_WINDOW: "outside the delivery window",
    Reason.TARGET_STOPPED: "the message is not active any more",
    Reason.RULE_ENDED: "the rule has ended",
    Reason.AUDIENCE_AT_SEND: "the user is not in the audience any more",
    Reason.HELD_OUT: "the user is held out",
    Reason.LIMITED: "a limit is reached",
    Reason.RULE_REMOVED: "the rule was removed",
}
"""Why a trigger was ignored or a send dropped."""


def happened(occurrence: Occurrence) -> str:
    """`received_push of "Abandoned Cart" (e3)`, `purchase (line 7)`, `cart_reminder sent "Cart Reminder"`."""
    about = quoted(occurrence.object) if occurrence.object else ""
    if occurrence.rule is not None:
        ending = f" {about}" if about else " its send"
        return f"rule {visible(occurrence.rule)}, which {occurrence.type}{ending},"
    joint = " " if occurrence.type == CUSTOM_EVENT else " of "
    return f"{visible(occurrence.type)}{joint + about if about else ''} ({known_as(occurrence)})"


def known_as(occurrence: Occurrence) -> str:
    """An event's id, or its line in the log."""
    line = occurrence.id.removeprefix("#")
    return f"line {line}" if line != occurrence.id and line.isdigit() else visible(occurrence.id)


def reason_in_words(entry: Trigger) -> str:
    """Why a trigger was ignored or a send dropped, with what was found."""
    assert entry.reason is not None
    found = "; ".join(fact_in_words(fact) for fact in entry.facts)
    return f"{REASONS[entry.reason]}{f': {found}' if found else ''}"


def fact_in_words(fact: Fact) -> str:
    """What was found when a clause was asked."""
    match fact:
        case Comparison():
            return f"`{visible(fact.text)}` is {'true' if fact.holds else 'false'}: {' and '.join(_sides(fact))}"
        case OtherObject(about, wanted):
            return f"it is about {quoted(about)}, not about {' or '.join(map(quoted, wanted))}"
        case Inactive():
            return f"{_named(fact)} {_activity(fact)}"
        case Waiting(trigger, due, until):
            ended = f", which ended at {when(until)}" if until != due else ""
            return f"since {when(trigger.at)}, until {when(due)}{ended}, for {happened(trigger)}"
        case UsedUp():
            return _used_up(fact)
        case Clock():
            return clock_in_words(fact)
        case Drawn(place, share):
            return f"the draw puts the user at {place:g}%, within the first {share:g}%"
        case _:
            assert_never(fact)


def clock_in_words(clock: Clock) -> str:
    """What a clock shows, and whose it is."""
    return f"{'the clock of the user' if clock.whose == 'user' else 'a clock'} shows {clock.shows} ({clock.zone})"


def quoted(name: str) -> str:
    """A name in quotes, safe for a terminal."""
    return f'"{visible(name)}"'


def when(instant: int) -> str:
    """An instant in ISO 8601, in UTC."""
    return str(format_instant(instant))


def _sides(fact: Comparison) -> Iterator[str]:
    yield _side(fact.subject, fact.value)
    if fact.operand is not None:
        yield _side(fact.operand, fact.operand_value)


def _side(text: str, value: Any) -> str:
    shown = "missing" if value is None else visible(json.dumps(value, ensure_ascii=False))
    return f"`{visible(text)}` is {shown}"


def _named(fact: Inactive) -> str:
    return f"rule {visible(fact.name)}" if fact.what == "rule" else f"{fact.what} {quoted(fact.name)}"


def _activity(fact: Inactive) -> str:
    """When it is active, as far as that matters at the instant."""
    begins = [begin for begin, _ in fact.intervals if begin is not None and begin > fact.at]
    ends = [end for _, end in fact.intervals if end is not None and end <= fact.at]
    verb = "lives" if fact.what == "rule" else "is active"
    if ends and begins:
        return f"{verb} until {when(max(ends))}, and again from {when(min(begins))}"
    if begins:
        return f"{verb} only from {when(min(begins))}, {format_duration(min(begins) - fact.at)} later"
    if ends:
        return f"{verb} only until {when(max(ends))}, {format_duration(fact.at - max(ends))} earlier"
    return "is never active"


def _used_up(fact: UsedUp) -> str:
    """`at most 1 within 4w, and sent already "Come Back" at …`."""
    sends = ", ".join(f"{quoted(send.send)} at {when(send.at)}" for send in fact.sends)
    if fact.window_ms is None:
        return f"sent once already: {sends}"
    return f"at most {fact.allowed} within {format_duration(fact.window_ms)}, and sent already {sends}"
