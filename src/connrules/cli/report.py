"""What `connrules run` says about a run on standard error: progress, warnings, and a summary at the end."""

from __future__ import annotations

import sys
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

import click

from connrules.cli.cells import visible
from connrules.cli.inputs import RuleSet
from connrules.cli.render import counted
from connrules.diagnostic import Severity
from connrules.duration import LONGEST, format_duration, format_instant
from connrules.event import Kind
from connrules.plan import Plan, Rule
from connrules.replay.outcomes import Summed
from connrules.run.counts import Conversion, Counts
from connrules.run.ports import Figures
from connrules.syntax.spelling import quoted
from connrules.text import closest
from connrules.vocabulary import OBJECT_KIND, ObjectKind

if TYPE_CHECKING:
    from connrules.catalog import Catalog

_EVERY: Final = 0.5
"""Seconds between two lines of progress."""
_MOST_ROWS: Final = 20
_REJECTS_SHOWN: Final = 5
_OTHER_FORMATS: Final = {
    b"\xff\xfe": "this looks like UTF-16; iconv -f UTF-16 -t UTF-8 makes UTF-8 of it",
    b"\xfe\xff": "this looks like UTF-16; iconv -f UTF-16 -t UTF-8 makes UTF-8 of it",
    b"BZh": "this looks like bzip2; bzcat FILE | connrules run ... --events - reads it",
    b"\xfd7zXZ": "this looks like xz; xzcat FILE | connrules run ... --events - reads it",
    b"PK\x03\x04": "this looks like a zip archive; unzip -p FILE | connrules run ... --events - reads it",
    b"PAR1": "this looks like Parquet; events are JSON, one object a line",
}
_ZEROS_SAID: Final = (Kind.SENT, Kind.CANCELLED, Kind.DROPPED, Kind.IGNORED, Kind.PENDING)


class StatusLine(ABC):
    """A line on the terminal that says how far the work is; nothing where standard error is no terminal."""

    def __init__(self) -> None:
        self._on = sys.stderr is not None and sys.stderr.isatty()
        self._begun = self._said = time.monotonic()
        self._shown = False

    def tick(self) -> None:
        """Say how far the work is, now and then."""
        now = time.monotonic()
        if not self._on or now - self._said < _EVERY:
            return
        self._said = now
        self._shown = True
        say(f"\r\x1b[K{self._line(now - self._begun)}", end="")

    def clear(self) -> None:
        """Wipe the line out."""
        if self._shown:
            say("\r\x1b[K", end="")
            self._shown = False

    @abstractmethod
    def _line(self, seconds: float) -> str:
        """How far it is, after so many seconds."""


class HowFar(Protocol):
    """What knows how far a log is read: so many lines, and so many bytes of its size, which is 0 where nobody knows."""

    @property
    def number(self) -> int: ...  # noqa: D102  # as above
    @property
    def position(self) -> int: ...  # noqa: D102  # as above
    @property
    def size(self) -> int: ...  # noqa: D102  # as above


class Progress(StatusLine):
    """Says how far a log is read."""

    def __init__(self, lines: HowFar) -> None:
        super().__init__()
        self._lines = lines

    def _line(self, seconds: float) -> str:
        done = f"{self._lines.number:,} lines, {self._lines.number / seconds:,.0f} a second"
        if not self._lines.size:
            return done
        share = self._lines.position / self._lines.size
        left = seconds / share - seconds if share else 0
        return f"{share:4.0%}  {done}, about {left:,.0f} s to go"


class Rejections:
    """Tells of the first rejected lines, where they are not kept in a file, and what the log may be instead of one."""

    def __init__(self, *, kept: bool) -> None:
        self._kept = kept
        self._shown = 0

    def tell(self, name: str, number: int, line: bytes, why: str) -> None:
        """Tell of a line of the log with that name, by its number."""
        if number == 1 and (advice := shape_advice(line)):
            warn(f"{name}: {advice}")
        if not self._kept and self._shown < _REJECTS_SHOWN:
            self._shown += 1
            warn(f"{name}:{number}: rejected: {why}")

    def hidden(self, replay: Summed) -> int:
        """How many of those of a run nobody was told of."""
        return 0 if self._kept else replay.rejected - self._shown


def render_counts(replay: Summed, plan: Plan, dedupe: int, waiting: Figures | None = None) -> str:
    """The summary: what came in, what came out, and what was left aside, with the reasons, and which engine ran.

    `waiting`: of a run that goes on later, who waits, in place of what is pending at its end.
    """
    counts = replay.counts
    unknown = Counter({_unknown(type_, name, plan): n for (type_, name), n in counts.unknown_objects.items()})
    rows = [
        f"{counted(counts.events, 'event')}, {counts.matched:,} of them matched a rule",
        *_outcome_rows(counts, waiting),
        *([f"  {'repeated':<11}{counts.repeated:>11,}"] if dedupe else []),
        f"  {'late':<11}{counts.late:>11,}",
        f"  {'rejected':<11}{replay.rejected:>11,}",
        *_unknown_rows("unknown campaign, card or event", unknown),
        *_unknown_rows("unknown type of event", counts.unknown_types),
        *_conversion_rows(counts, plan),
        *([] if replay.note is None else [f"  engine: {replay.note}"]),
    ]
    return "\n".join(rows)


def _outcome_rows(counts: Counts, waiting: Figures | None) -> Iterator[str]:
    for kind in Kind:
        if kind is Kind.PENDING and waiting is not None:
            yield f"  {'waiting':<11}{waiting.waits:>11,}"
            if waiting.held_back:
                yield f"  {'held back':<11}{waiting.held_back:>11,}  by --lateness"
            continue
        total = counts.total(kind)
        if not total and kind not in _ZEROS_SAID:
            continue
        yield f"  {kind:<11}{total:>11,}"
        parts = counts.cancelled if kind is Kind.CANCELLED else counts.reasons(kind)
        yield from _part_rows(parts)


def _part_rows(parts: Counter[str]) -> Iterator[str]:
    """The most frequent first; of equal ones the first by name, for that is so however the work was shared."""
    rows = sorted(parts.items(), key=lambda row: (-row[1], row[0]))
    for text, count in rows[:_MOST_ROWS]:
        yield f"{'':13}{count:>11,}  {text}"
    if len(rows) > _MOST_ROWS:
        rest = sum(count for _, count in rows[_MOST_ROWS:])
        yield f"{'':13}{rest:>11,}  {counted(len(rows) - _MOST_ROWS, 'other')}"


def _conversion_rows(counts: Counts, plan: Plan) -> Iterator[str]:
    """What became of the goal of each rule that has one; of one that sends one of several, for each of them as well."""
    for rule in plan.rules:
        of = counts.conversions.get(rule.name)
        if of is not None:
            yield f"  {rule.name}: converted {_converted(of)}"
            yield from (
                f"    {visible(quoted(send))}: {_share(of.goals[send], of.sends[send], 'sent')}"
                for send in _split(rule)
            )


def _converted(of: Conversion) -> str:
    """`120 of 900 sent (13.3 %), 9 of 100 held out (9.0 %)`."""
    held_out = f", {_share(of.held_out_converted, of.held_out, 'held out')}" if of.held_out else ""
    return _share(of.sent_converted, of.sent, "sent") + held_out


def _split(rule: Rule) -> tuple[str, ...]:
    """The campaigns of which a rule sends one; none where it has only one."""
    return () if isinstance(rule.send, str) else tuple(dict.fromkeys(arm.send for arm in rule.send))


def _share(part: int, whole: int, what: str) -> str:
    return f"{part:,} of {whole:,} {what}" + (f" ({part / whole:.1%})".replace("%", " %") if whole else "")


def _unknown_rows(title: str, counts: Counter[str]) -> Iterator[str]:
    if counts:
        yield f"  {title}: {counts.total():,}"
        yield from _part_rows(counts)


def _unknown(type_: str, name: str, plan: Plan) -> str:
    """`received_push of "abandoned cart"`, and what was probably meant."""
    kind = OBJECT_KIND.get(type_)
    if kind is None:
        return type_
    if not name:
        field = "name" if kind is ObjectKind.EVENT else kind
        return f"{type_} without `{field}`"
    known = plan.events if kind is ObjectKind.EVENT else [o.name for o in plan.objects or () if o.kind == kind.value]
    near = closest(name, known or ())
    return f'{type_} of "{name}"' + (f'; did you mean "{near}"?' if near else "")


def say_before(rule_set: RuleSet, *, quiet: bool = False) -> None:
    """What the user should know of a rule set before it is put to use: what may be wrong, and what is not known."""
    catalog = rule_set.checked.catalog
    if catalog is not None:
        warn_of_undated_stops(catalog)
    if quiet:
        return
    if catalog is None:
        note("no catalog: every campaign and card that is named counts as known and always active")
    warnings = sum(finding.severity is Severity.WARNING for finding in rule_set.checked.diagnostics)
    if warnings:
        note(f"{counted(warnings, 'warning')}: `connrules check` shows what they are")


def warn_of_undated_stops(catalog: Catalog) -> None:
    """Say which campaigns and cards count as active, though they are not any more."""
    for entry in catalog.undated_stops:
        warn(
            f'"{entry.name}" is {entry.status}, but the catalog does not say since when, so it counts as active '
            "without end; add `stopped_at`"
        )


def warn_after(replay: Summed, *, hidden: int, until: int | None, lateness: int) -> None:
    """What the user should look into after a run. `hidden`: how many rejected lines nobody was told of."""
    if hidden > 0:
        warn(more_rejected(hidden))
    if until is not None and until < (replay.newest or 0):
        warn(early_until(until, replay.newest or 0))
    if replay.like_seconds:
        warn(seconds_advice(replay.like_seconds))
    if replay.counts.late:
        warn(late_advice(replay.counts.late, replay.worst_late, lateness))


def early_until(until: int, last: int) -> str:
    """What to say of an `--until` that is over before the log is."""
    return (
        f"--until {format_instant(until)} changes nothing: the log goes on to {format_instant(last)}; "
        "it moves time on after the last event, and leaves no event out"
    )


def shape_advice(line: bytes) -> str | None:
    """What a log probably is, judged by its first line, where that is no event."""
    for magic, advice in _OTHER_FORMATS.items():
        if line.startswith(magic):
            return advice
    text = line.strip()
    if text.startswith((b"[{", b"[[")) or text == b"[":
        return "this looks like a JSON array; events are one object a line: jq -c '.[]' makes lines of it"
    if text == b"{":
        return "this looks like one object over several lines; events are one object a line: jq -c . makes lines of it"
    if b"{" not in text and any(separator in text for separator in (b",", b";", b"\t")):
        return "this looks like a table (CSV); events are JSON, one object a line"
    return None


def late_advice(late: int, worst: int, lateness: int) -> str:
    """What to do about events that came too late. `worst`: by how many ms they were older than the newest, at most."""
    allowed = f"; the allowed lateness is {format_duration(lateness)}" if lateness else ""
    age = f"{'up to ' if late > 1 else ''}{format_duration(worst)} older than the newest before {_them(late)}"
    remedy = f", or run with --lateness {format_duration(worst)}" if worst <= LONGEST else ""
    return (
        f"the log is not sorted by time: {counted(late, 'event')} came late and changed nothing, "
        f"{age}{allowed}; sort the log{remedy}"
    )


def seconds_advice(count: int) -> str:
    """What to do about so many events whose times look like seconds instead of milliseconds."""
    have = "event has a time" if count == 1 else "events have times"
    what = "it were" if count == 1 else "they were"
    return (
        f"{count:,} {have} before March 1973, as if {what} seconds; "
        "an integer `time` is in milliseconds: multiply it by 1000"
    )


def more_rejected(count: int) -> str:
    """What to say of so many rejected lines that were not shown."""
    return f"{counted(count, 'more line')} {'was' if count == 1 else 'were'} rejected; --rejects FILE keeps them all"


def say(text: str, end: str = "\n") -> None:
    """Say something on standard error. Where nobody listens, the run goes on: its decisions matter more."""
    with suppress(OSError):
        click.echo(text + end, err=True, nl=False)


def warn(text: str) -> None:
    """Say something that the user should look into."""
    say(f"{click.style(Severity.WARNING, fg='yellow', bold=True)}: {text}")


def note(text: str) -> None:
    """Say something that is worth knowing."""
    say(f"note: {text}")


def _them(number: int) -> str:
    return "it" if number == 1 else "them"
