"""The table of the rules: how many sends there are on both sides, and how many of them differ in which way."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from connrules.cli.cells import visible
from connrules.cli.differing.shown import Group, RuleShown, Shown
from connrules.cli.differing.words import EDITS, TITLES
from connrules.cli.render import counted
from connrules.replay.diff import Difference
from connrules.run.comparing import Change as Edit

_TEXTS: Final = 2
"""The first columns are texts, the others numbers."""


class Table(NamedTuple):
    """A table of texts: the first row has the titles, the last one the totals, where there are several others."""

    rows: tuple[tuple[str, ...], ...]
    texts: int
    """How many columns, from the left, are texts; the others are numbers."""


def table_of(shown: Shown, name: Callable[[str], str] = visible) -> Table:
    """The rules that were edited or of which sends differ, and the others in one; `name` writes the name of a rule."""
    columns = list(shown.totals)
    header = ("rule", "", "sends before", "after", *(TITLES[difference] for difference in columns))
    told = shown.worth_showing
    rows = [_row(rule, columns, name) for rule in told]
    if others := [rule for rule in shown.rules if not rule.is_told]:
        which = "other rule" if told else "rule"
        rows.append(_sum(counted(len(others), which), "unchanged", others, columns, dict.fromkeys(columns)))
    if len(rows) > 1:
        rows.append(_sum("total", "", shown.rules, columns, shown.totals))
    return Table((header, *rows), _TEXTS)


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


def _sum(
    name: str,
    edit: str,
    rules: Iterable[RuleShown],
    columns: Iterable[Difference],
    groups: Mapping[Difference, Group | None],
) -> tuple[str, ...]:
    """Several rules together."""
    before, after = map(sum, zip(*((rule.before, rule.after) for rule in rules), strict=True))
    cells = (f"{group.sends:,}" if (group := groups[difference]) else "" for difference in columns)
    return (name, edit, f"{before:,}", f"{after:,}", *cells)
