"""A state as text for people. Nothing here ends in a line break."""

from collections.abc import Iterator
from typing import Any

import click
import msgspec

from connrules.cli.cells import visible
from connrules.cli.differing.text import in_columns
from connrules.cli.render import counted
from connrules.cli.standing.state import State, Waiting
from connrules.duration import day, format_duration
from connrules.run.saving import SavedUser, SavedWait


def render_state(state: State, *, color: bool = False) -> str:
    """How far it has come, and who waits for what."""
    facts = in_columns(list(_facts(state)))
    title = _bold(f"{visible(str(state.path))}: {counted(state.users, 'user')}, {_waits(state)}", color=color)
    rules = in_columns([_TITLES, *map(_row, state.rules.values())], range(1, 4))
    return "\n".join([title, *(f"  {line}" for line in facts), "", _bold(rules[0], color=color), *rules[1:]])


def render_user(state: State, user: str, *, color: bool = False) -> str:
    """What is held of one user."""
    title = _bold(f"{visible(user)}: up to {_instant(state.core.watermark)}", color=color)
    if state.user is None:
        return f"{title}\n  nothing is held of this user: nothing waits, and nothing that was sent still counts"
    return "\n".join([title, *(f"  {line}" for line in _of_user(state.user))])


_TITLES = ("rule", "wait", "users", "pinned", "next due", "last due")


def _facts(state: State) -> Iterator[tuple[str, str]]:
    core = state.core
    yield "decided up to", _instant(core.watermark)
    if core.greatest is not None and core.greatest != core.watermark:
        yield "newest event", day(core.greatest)
    if state.note.buffered:
        yield "held back", f"{counted(len(state.note.buffered), 'event')} that --lateness lets others come before"
    if state.note.seen:
        yield "remembered", f"{counted(len(state.note.seen), 'id')} of events for --dedupe"
    if state.position is not None:
        log = state.position.log
        name = visible(log.log) or "standard input"
        yield "read", f"{name}: {counted(log.lines, 'line')}, {log.offset:,} bytes"
    for channel, lines in state.undelivered.items():
        if lines:
            yield "undelivered", f"{counted(lines, 'line')} of {channel}; the next run writes them"
    yield "size", f"{state.size:,} bytes"


def _row(waiting: Waiting) -> tuple[str, ...]:
    counts = (waiting.waits, waiting.users, waiting.pinned)
    dues = (waiting.next_due, waiting.last_due)
    return (
        visible(waiting.rule),
        *(f"{n:,}" if n else "" for n in counts),
        *("" if d is None else day(d) for d in dues),
    )


def _waits(state: State) -> str:
    return f"{counted(sum(waiting.waits for waiting in state.rules.values()), 'pending send')}"


def _of_user(user: SavedUser) -> Iterator[str]:
    for wait in user.waits:
        yield _wait(wait)
    for goal in user.goals:
        yield f"{visible(goal.rule)}: the goal counts since {day(goal.since)}, for {visible(goal.trigger)}"
    for rule, instants in user.sends.items():
        yield f"{visible(rule)}: sent {', '.join(map(day, instants))}, which still counts"
    for instants in user.limited.values():
        yield f"a limit counts sends of {', '.join(map(day, instants))}"
    for name, value in user.attributes.items():
        yield f"user.{visible(name)} = {visible(_json(value))}"


def _wait(wait: SavedWait) -> str:
    source = wait.source
    per = "" if source.per is None else f", per {visible(_json(source.per))}"
    pinned = ", by what the rule said then" if source.version else ""
    due = wait.since + source.lasts
    return (
        f"{visible(source.rule)}: waits since {day(wait.since)} ({visible(wait.trigger)}) for "
        f"{format_duration(source.lasts)}, until {day(due)}{per}{pinned}"
    )


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _instant(instant: int | None) -> str:
    return "nothing: there was no event" if instant is None else day(instant)


def _bold(text: str, *, color: bool) -> str:
    return click.style(text, bold=True) if color else text
