"""The difference between two rule sets in Markdown, to be pasted into a pull request.

Names may hold anything. They stand as code, in which nobody is mentioned and nothing is a link; what would end the
code, the cell of a table or the line is written as a number.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from connrules.cli.cells import visible
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

_PLAIN: Final = re.compile(r"[^\s`|\\<>&]+( [^\s`|\\<>&]+)*")
_SPECIAL: Final = re.compile(r"[!-/:-@\[-`{-~ ]")


def render_markdown(shown: Shown, *, users: int | None) -> str:
    """All of it, with so many users as examples of each difference; None: all."""
    return "\n\n".join(filter(None, _blocks(shown, users)))


def code(text: str) -> str:
    """A text as code, also in the cell of a table."""
    shown = visible(text)
    if _PLAIN.fullmatch(shown):
        return f"`{shown}`"
    return f"<code>{_SPECIAL.sub(lambda match: f'&#{ord(match[0])};', shown)}</code>"


_WORDS: Final = Words(code)


def _blocks(shown: Shown, users: int | None) -> Iterator[str]:
    yield f"### Messages: {headline(shown)}"
    yield f"**{gains_and_losses(shown)}** ({code(shown.old)} → {code(shown.new)})"
    if shown.rules:
        table = table_of(shown, code)
        yield "\n".join(_table(table.rows, table.texts))
    for rule in shown.worth_showing:
        yield from _rule(rule, users)
    yield from _besides(shown)


def _table(rows: Sequence[Sequence[str]], texts: int) -> Iterator[str]:
    """A table in Markdown; behind so many columns of texts come numbers."""
    header, *body = rows
    yield _row(header)
    yield _row([":--" if place < texts else "--:" for place in range(len(header))])
    yield from map(_row, body)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _rule(rule: RuleShown, users: int | None) -> Iterator[str]:
    moved = f", was {code(rule.was)}" if rule.was is not None and rule.was != rule.name else ""
    yield f"#### {code(rule.name)}: {edit_of(rule)}{moved}"
    yield _fenced(lines_of(rule.clauses))
    yield "\n".join(f"- {note}" for note in notes_on(rule))
    yield "\n".join(line for difference, group in rule.in_order for line in _group(rule, difference, group))
    if rule.groups and users != 0:
        yield "<details><summary>Examples</summary>"
        yield "\n".join(_table([_TITLES, *_examples(rule, users)], len(_TITLES)))
        yield "</details>"


_TITLES: Final = ("", "user", "message", "before", "after")


def _group(rule: RuleShown, difference: Difference, group: Group) -> Iterator[str]:
    found = _WORDS.causes(rule, difference, group)
    yield f"- **{TITLES[difference]}**: {counts_of(group)}{f'; {found[0][1]}' if len(found) == 1 else ''}"
    if len(found) > 1:
        yield from (f"  - {count:,} × {text}" for count, text in found)


def _examples(rule: RuleShown, users: int | None) -> Iterator[Sequence[str]]:
    for difference, group in rule.in_order:
        yield from (_example(difference, change) for change in group.examples(users))


def _example(difference: Difference, change: Change) -> Sequence[str]:
    send = change.send
    return (TITLES[difference], code(send.user), code(send.send or ""), *_WORDS.before_and_after(change))


def _besides(shown: Shown) -> Iterator[str]:
    elsewhere = _WORDS.edited_elsewhere(shown)
    if shown.besides or elsewhere:
        yield "#### Besides the rules"
        yield _fenced(lines_of(shown.besides))
        yield elsewhere or ""


def _fenced(lines: Sequence[str]) -> str:
    """Lines as a diff, which is shown in colours. Each begins with its sign, so none of them ends the block."""
    return "\n".join(["```diff", *lines, "```"]) if lines else ""
