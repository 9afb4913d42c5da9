"""The table of the rules: how many sends there are on both sides, and how many of them differ in which way."""

from collections.abc import Callable
from typing import Final, NamedTuple

from connrules.cli.cells import visible
from connrules.cli.differing.shown import RuleShown, Shown
from connrules.cli.differing.words import EDITS, TITLES
from connrules.replay.diff import Difference
from connrules.run.comparing import Change as Edit

_TEXTS: Final = 2
"""The first columns are texts, the others numbers."""


class Table(NamedTuple):
    """A table of texts: the first row has the titles, and the last one the totals, where there are several rules."""

    rows: tuple[tuple[str, ...], ...]
    texts: int
    """How many columns, from the left, are texts; the others are numbers."""


def table_of(shown: Shown, name: Callable[[str], str] = visible) -> Table:
    """The rules that were edited or of which sends differ; `name` writes the name of a rule."""
    columns = list(shown.totals)
    header = ("rule", "", "sends before", "after", *(TITLES[difference] for difference in columns))
    rules = shown.worth_showing
    rows = [_row(rule, columns, name) for rule in rules]
    return Table((header, *rows, *([_total(shown)] if len(rules) > 1 else [])), _TEXTS)


def _row(rule: RuleShown, columns: list[Difference], name: Callable[[str], str]) -> tuple[str, ...]:
    before = "" if rule.edit is Edit.ADDED else f"{rule.before:,}"
    after = "" if rule.edit is Edit.REMOVED else f"{rule.after:,}"
    return (name(rule.name), EDITS[rule.edit], before, after, *(_cell(rule, difference) for difference in columns))


def _cell(rule: RuleShown, difference: Difference) -> str:
    group = rule.groups.get(difference)
    sends = f"{group.sends:,}" if group else ""
    if difference is not Difference.OTHER_RULE:
        return sends
    return ", ".join([*([f"+{sends}"] if sends else []), *([f"\u2212{rule.given_up:,}"] if rule.given_up else [])])


def _total(shown: Shown) -> tuple[str, ...]:
    before, after = (sum(getattr(rule, side) for rule in shown.worth_showing) for side in ("before", "after"))
    return ("total", "", f"{before:,}", f"{after:,}", *(f"{group.sends:,}" for group in shown.totals.values()))
