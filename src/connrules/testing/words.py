"""What happens in a test in words: those that a test itself uses, with times as offsets from its start."""

from collections.abc import Mapping, Sequence
from typing import assert_never

import msgspec

from connrules import ast
from connrules.duration import format_duration
from connrules.event import Event, Kind, Outcome
from connrules.syntax.spelling import quoted, spell_moment, spell_name, spell_path, spell_value
from connrules.testing.judge import Broken
from connrules.vocabulary import CUSTOM_EVENT


def offset(at: int, start: int) -> str:
    """An instant as a time since the start: `1d12h`, and `-1h` before it."""
    return f"{'-' if at < start else ''}{format_duration(abs(at - start))}"


def happening_words(step: ast.Happening) -> str:
    """`purchase where amount = 30`."""
    about = (
        "" if step.object is None else f"{'' if step.type.text == CUSTOM_EVENT else ' of'} {spell_name(step.object)}"
    )
    said = " and ".join(f"{spell_path(p.path)} = {spell_value(p.value)}" for p in step.properties)
    return f"{step.type.text}{about}{f' where {said}' if said else ''}"


def expectation_words(node: ast.Expect) -> str:
    """`sent "Cart Reminder" at 1d by cart_reminder`, without the user."""
    parts: list[str] = [node.fate or "nothing"]
    if node.subject is not None:
        parts.append(spell_name(node.subject))
    if node.at is not None:
        parts.append(f"at {spell_moment(node.at)}")
    parts += [f"{word} {name.text}" for word, name in (("by", node.by), ("because", node.because)) if name]
    return " ".join(parts)


def outcome_words(outcome: Outcome, start: int) -> str:
    """`sent "Cart Reminder" by cart_reminder`, `dropped cart_reminder because limited`."""
    words = _outcome_words(outcome, start)
    return words if outcome.per is None else f"{words} (per {msgspec.json.encode(outcome.per).decode()})"


def _outcome_words(outcome: Outcome, start: int) -> str:
    rule = outcome.rule
    match outcome.kind:
        case Kind.SENT:
            return f"sent {quoted(outcome.send or '')} by {rule}"
        case Kind.CANCELLED:
            return f"cancelled {rule}, by `{outcome.pattern}`"
        case Kind.DROPPED | Kind.IGNORED:
            return f"{outcome.kind} {rule} because {outcome.reason}"
        case Kind.RESTARTED:
            return f"restarted {rule}"
        case Kind.GOAL:
            held_out = f" because {outcome.reason}" if outcome.reason else ""
            return f"goal {rule}{held_out}, by `{outcome.pattern}`"
        case Kind.PENDING:
            return f"pending {rule}, due at {offset(outcome.due or 0, start)}"
        case _:
            assert_never(outcome.kind)


def fate_words(outcome: Outcome, events: Mapping[str, Event], start: int) -> str:
    """What became of a trigger, in a sentence without a subject: `cancelled by the purchase at 2h`."""
    at = offset(outcome.at, start)
    match outcome.kind:
        case Kind.SENT:
            return f"sent {quoted(outcome.send or '')} at {at}"
        case Kind.CANCELLED:
            return f"cancelled by {_event_words(outcome.by, events)} at {at}"
        case Kind.DROPPED:
            return f"dropped at {at} because {outcome.reason}"
        case Kind.IGNORED:
            return f"its trigger at {at} was ignored because {outcome.reason}"
        case Kind.RESTARTED:
            return f"its wait was restarted at {at}"
        case Kind.GOAL:
            return f"its goal was reached by {_event_words(outcome.by, events)} at {at}"
        case Kind.PENDING:
            return f"still pending at the end, due at {offset(outcome.due or 0, start)}"
        case _:
            assert_never(outcome.kind)


def _event_words(id_: str | None, events: Mapping[str, Event]) -> str:
    event = events.get(id_ or "")
    return f"the {event.type}" if event else "an event"


def broken_words(broken: Broken, start: int) -> str:
    """The send that an `expect nothing` forbids; where something else expects it, also that the two contradict."""
    sent = sends_words([broken.send], start)
    if broken.expected_by is None:
        return sent
    return f"{sent}, as `expect {expectation_words(broken.expected_by)}` has it: the two contradict each other"


def sends_words(sends: Sequence[Outcome], start: int) -> str:
    """`"Cart Reminder" is sent at 1d by cart_reminder`, and how many more."""
    first = sends[0]
    more = f", and {len(sends) - 1} more" if len(sends) > 1 else ""
    return f"{quoted(first.send or '')} is sent at {offset(first.at, start)} by {first.rule}{more}"
