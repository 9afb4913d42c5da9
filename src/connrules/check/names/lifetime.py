"""Whether campaigns and cards are still active as of a date: what is over starts nothing and is never sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from connrules import ast
from connrules.catalog import Status
from connrules.check.names.binding import Bindings
from connrules.check.patterns import interaction_of
from connrules.checked import CheckedRule
from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.duration import day
from connrules.vocabulary import ObjectKind

if TYPE_CHECKING:
    from connrules.catalog import Entry

FINAL = frozenset({Status.STOPPED, Status.ARCHIVED})
PLANNED = frozenset({Status.DRAFT, Status.SCHEDULED})


def check_lifetime(rule: CheckedRule, bindings: Bindings, as_of: int) -> Iterator[Diagnostic]:
    """Sources and targets that are over, and sources that are not planned. Exceptions may be of old messages."""
    for name in source_names(rule.node):
        source = bindings.get(name.span)
        if source is None:
            continue
        if is_over(source, as_of):
            yield _over(
                "CR205", rule, name, source, f"`{source.name}` is over: nothing of it triggers this rule any more"
            )
        elif source.status in PLANNED and not source.intervals:
            yield _undated(rule, name, source)
    for name in rule.node.targets:
        target = bindings.get(name.span)
        if target is not None and is_over(target, as_of):
            yield _over("CR211", rule, name, target, f"`{target.name}` is over: it cannot be sent any more")


def source_names(rule: ast.Rule) -> Iterator[ast.Name]:
    """The campaigns and cards that the triggers name, each once."""
    seen: set[tuple[ObjectKind, str]] = set()
    for pattern in rule.on.patterns:
        interaction = interaction_of(pattern)
        if isinstance(pattern, ast.EventPattern) and isinstance(pattern.of, ast.Objects) and interaction is not None:
            for name in pattern.of.names:
                if (interaction.object, name.text) not in seen:
                    seen.add((interaction.object, name.text))
                    yield name


def is_over(entry: Entry, as_of: int) -> bool:
    """Whether an entry has been active for the last time. The dates decide; the status, where they leave it open."""
    end = entry.intervals[-1][1] if entry.intervals else None
    return end <= as_of if end is not None else entry.status in FINAL


def _over(code: str, rule: CheckedRule, name: ast.Name, entry: Entry, message: str) -> Diagnostic:
    end = entry.intervals[-1][1] if entry.intervals else None
    label = f"its status is {entry.status}" if end is None else f"active until {day(end)}"
    other = "delete the rule" if code == "CR205" else "start it again"
    return finding(
        code, rule.source, name.span, message, label=label, help=f"name one that is still active, or {other}"
    )


def _undated(rule: CheckedRule, name: ast.Name, source: Entry) -> Diagnostic:
    return finding(
        "CR206",
        rule.source,
        name.span,
        f"`{source.name}` has no date from which it is active",
        label=f"its status is {source.status}",
        help="give it `published_at` in the catalog; until it has one, nothing of it triggers this rule",
    )
