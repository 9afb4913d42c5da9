"""The difference between two rule sets as text for people: what it comes to, a table of the rules, then each of them.

Nothing here ends in a line break.
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Final

import click

from connrules.cli.cells import padded, visible, width
from connrules.cli.differing.shown import Group, RuleShown, Shown
from connrules.cli.differing.table import table_of
from connrules.cli.differing.words import (
    TITLES,
    Words,
    counts_of,
    edit_of,
    gains_and_losses,
    headline,
    lines_of,
    notes_on,
)
from connrules.replay.diff import Change, Difference

_COLORS: Final = {
    Difference.NEWLY: "green",
    Difference.NO_LONGER: "red",
    Difference.OTHER_TIME: "yellow",
    Difference.OTHER_MESSAGE: "yellow",
    Difference.OTHER_RULE: "cyan",
}
_LINES: Final = {"+": "green", "-": "red"}
_WIDEST: Final = 40
"""Columns are at most so many cells wide; what is longer pushes the rest of its line aside."""


def code(text: str) -> str:
    """A text of the user's, safe for a terminal."""
    return f"`{visible(text)}`"


_WORDS: Final = Words(code)


def render_text(shown: Shown, *, users: int | None, color: bool = False) -> str:
    """All of it, with so many users as examples of each difference; None: all."""
    return "\n\n".join(filter(None, _Text(users, color=color).blocks(shown)))


class _Text:
    """How it is written."""

    def __init__(self, users: int | None, *, color: bool) -> None:
        self._users = users
        self._color = color

    def blocks(self, shown: Shown) -> Iterator[str]:
        yield "\n".join([self._styled(headline(shown), bold=True), gains_and_losses(shown)])
        yield "\n".join(self._table(shown))
        for rule in shown.worth_showing:
            yield "\n".join(self._rule(rule))
        yield "\n".join(self._besides(shown))

    def _table(self, shown: Shown) -> Iterator[str]:
        if shown.rules:
            table = table_of(shown)
            lines = in_columns(table.rows, range(table.texts, len(table.rows[0])))
            yield self._styled(lines[0], bold=True)
            yield from lines[1:]

    def _rule(self, rule: RuleShown) -> Iterator[str]:
        moved = f", was {visible(rule.was)}" if rule.was not in {None, rule.name} else ""
        yield self._styled(f"rule {visible(rule.name)}", bold=True) + f": {edit_of(rule)}{moved}"
        yield from self._lines(lines_of(rule.clauses))
        yield from (f"  {note}" for note in notes_on(rule))
        for difference, group in rule.in_order:
            yield ""
            yield from self._group(rule, difference, group)

    def _group(self, rule: RuleShown, difference: Difference, group: Group) -> Iterator[str]:
        title = self._styled(TITLES[difference], fg=_COLORS[difference], bold=True)
        found = _WORDS.causes(rule, difference, group)
        yield f"  {title}: {counts_of(group)}{_of_all(found)}"
        if len(found) > 1:
            yield from (f"    {line}" for line in in_columns([(f"{count:,}", text) for count, text in found], {0}))
        examples = [_example(change) for change in group.examples(self._users)]
        yield from (f"      {line}" for line in in_columns(examples))

    def _besides(self, shown: Shown) -> Iterator[str]:
        elsewhere = _WORDS.edited_elsewhere(shown)
        if not shown.besides and not elsewhere:
            return
        yield self._styled("besides the rules", bold=True)
        yield from self._lines(lines_of(shown.besides))
        if elsewhere:
            yield f"  {elsewhere}"

    def _lines(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            yield "  " + self._styled(line, fg=_LINES[line[0]])

    def _styled(self, text: str, *, fg: str | None = None, bold: bool = False) -> str:
        return click.style(text, fg=fg, bold=bold) if self._color else text


def in_columns(rows: Sequence[Sequence[str]], numbers: Container[int] = ()) -> list[str]:
    """Rows as lines, their columns below one another; those with these places are of numbers, which end together."""
    widths = [min(_WIDEST, max(map(width, column))) for column in zip(*rows, strict=True)]
    return ["  ".join(_cells(row, widths, numbers)).rstrip() for row in rows]


def _cells(row: Sequence[str], widths: Sequence[int], numbers: Container[int]) -> Iterator[str]:
    for place, (text, wide) in enumerate(zip(row, widths, strict=True)):
        yield " " * (wide - width(text)) + text if place in numbers else padded(text, wide)


def _of_all(found: Sequence[tuple[int, str]]) -> str:
    """The cause of all of them, where there is but one."""
    return f"; {found[0][1]}" if len(found) == 1 else ""


def _example(change: Change) -> tuple[str, ...]:
    """A user, the message, and what is sent before and after."""
    before, after = _WORDS.before_and_after(change)
    send = change.send
    return visible(send.user), code(send.send or ""), before, "→", after
