"""The nouns of what has been checked: a rule with its name, and a rule set with what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connrules import ast
from connrules.diagnostic import Diagnostic, errors_of
from connrules.text import SourceText

if TYPE_CHECKING:
    from connrules.catalog import Catalog


@dataclass(frozen=True, slots=True)
class CheckedRule:
    """A rule with the name by which everything after the checker calls it: its own, or `carts.conn:12`."""

    name: str
    node: ast.Rule
    source: SourceText

    def line_of(self, place: int) -> int:
        """The line, from 1, of an offset in the rule's source text."""
        return self.source.position(place).line


@dataclass(frozen=True, slots=True)
class CheckedTest:
    """A test and where it stands."""

    node: ast.Test
    source: SourceText


@dataclass(frozen=True, slots=True)
class Checked:
    """A rule set, its catalog, and what is wrong with it. With no errors among the diagnostics, it can be run.

    Bare dates have been read in the time zone of the policy: in the nodes here, every instant is what it says.
    """

    rules: tuple[CheckedRule, ...]
    """The healthy rules in rule-set order."""
    catalog: Catalog | None
    segments: Mapping[str, ast.Segment] = field(default_factory=dict)
    """The segments by name."""
    policy: ast.Policy = ast.Policy()  # noqa: RUF009  # frozen
    """The policy; without a clause where the rule set has none."""
    policy_source: SourceText | None = None
    """The text in which the policy stands; None where the rule set has none."""
    tests: tuple[CheckedTest, ...] = ()
    """The tests in rule-set order."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """By file in rule-set order, then by place."""
    skipped: tuple[str, ...] = ()
    """The codes of the checks that could not run."""
    cut_short: tuple[str, ...] = ()
    """The codes of the checks that ran for a part of the rule set only, since the whole would have taken too long."""

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that keep the rule set from running."""
        return errors_of(self.diagnostics)
