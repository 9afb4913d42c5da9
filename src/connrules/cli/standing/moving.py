"""What other rules do to those who wait: told beforehand, as text and as a document."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from connrules.cli.cells import visible
from connrules.cli.differing.clauses import clauses_of
from connrules.cli.differing.shown import Edited
from connrules.cli.differing.words import EDITS, lines_of
from connrules.cli.render import counted
from connrules.cli.standing.carried import FATES
from connrules.duration import day
from connrules.plan import Plan
from connrules.run.comparing import Change
from connrules.run.effects import Effect
from connrules.run.passage import Changed, Fate

JSON_VERSION: Final = 1
"""The version of the form of the document; it grows when something in it changes its meaning or goes away."""
_COLORS: Final = {Fate.DROPPED: "red", Fate.DUE_NOW: "yellow", Fate.FOLLOWS: "yellow", Fate.PINNED: "cyan"}
_LINES: Final = {"+": "green", "-": "red"}


@dataclass(frozen=True, slots=True)
class Move:
    """A state that goes over to other rules."""

    path: Path
    old: Plan
    new: Plan
    effects: tuple[Effect, ...]
    changed: Changed
    watermark: int | None
    """Up to when all is decided (epoch ms); None: there was no event."""

    @property
    def waits(self) -> int:
        """How many sends are pending."""
        return sum(tally.waits for effect in self.effects for tally in effect.fates.values())

    @property
    def told(self) -> list[Effect]:
        """The rules that were edited, or for which users wait."""
        return [effect for effect in self.effects if effect.fates or effect.change.kind is not Change.UNCHANGED]

    def clauses(self, effect: Effect) -> Edited:
        """What was edited of a rule."""
        before = {rule.name: clauses_of(rule) for rule in self.old.rules}
        after = {rule.name: clauses_of(rule) for rule in self.new.rules}
        is_gone = effect.change.kind is Change.REMOVED
        return Edited.between(before.get(effect.change.was or "", ()), () if is_gone else after[effect.change.rule])


def render_move(move: Move, *, color: bool = False) -> str:
    """What becomes of those who wait, rule by rule."""
    upto = "before any event" if move.watermark is None else f"decided up to {day(move.watermark)}"
    title = f"{visible(str(move.path))}: {counted(move.waits, 'pending send')}, {upto}"
    blocks = ["\n".join(_rule(move, effect, color=color)) for effect in move.told]
    return "\n\n".join([_styled(title, color=color, bold=True), *blocks])


def render_document(move: Move, *, is_done: bool, undelivered: int) -> str:
    """One JSON document, in ASCII so that no terminal or pipe can spoil it."""
    document = {
        "version": JSON_VERSION,
        "state": str(move.path),
        "changed": move.changed,
        "done": is_done,
        "waits": move.waits,
        "undelivered": undelivered,
        "rules": [_described(move, effect) for effect in move.effects],
    }
    return json.dumps(document, indent=2)


def _rule(move: Move, effect: Effect, *, color: bool) -> Iterator[str]:
    change = effect.change
    moved = f", was {visible(change.was)}" if change.was not in {None, change.rule} else ""
    yield f"{_styled(f'rule {visible(change.rule)}', color=color, bold=True)}: {EDITS[change.kind]}{moved}"
    if change.kind is Change.CHANGED:
        lines = lines_of(move.clauses(effect))
        yield from ("  " + _styled(line, color=color, fg=_LINES[line[0]]) for line in lines)
        segments = [what for what in change.what if what.startswith("segment")]
        yield from (f"  {what}" for what in segments)
        if not lines and not segments:
            yield f"  {', '.join(change.what)}: the same words, which time zone or catalog give another meaning"
    if change.kind is not Change.ADDED and not effect.fates:
        yield "  nobody waits for it"
    fates = [fate for fate in Fate if fate in effect.fates]
    wide = max((len(f"{effect.fates[fate].waits:,}") for fate in fates), default=0)
    for fate in fates:
        tally = effect.fates[fate]
        words = _styled(FATES[fate], color=color, fg=_COLORS.get(fate))
        yield f"  {tally.waits:>{wide},}  {words}{_examples(tally.users)}"


def _examples(users: list[str]) -> str:
    return f": {', '.join(map(visible, users))}" if users else ""


def _described(move: Move, effect: Effect) -> dict[str, Any]:
    change, clauses = effect.change, move.clauses(effect)
    return {
        "rule": change.rule,
        "was": change.was,
        "edit": change.kind.value,
        "clauses": {"removed": list(clauses.removed), "added": list(clauses.added)},
        "waits": {fate.value: {"waits": t.waits, "examples": t.users} for fate, t in effect.fates.items()},
    }


def _styled(text: str, *, color: bool, fg: str | None = None, bold: bool = False) -> str:
    return click.style(text, fg=fg, bold=bold) if color else text
