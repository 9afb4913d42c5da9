"""Finds problems in a rule set: names, one rule at a time, the rule set as a whole.

Checks run on the healthy rules of a file even where others are broken. What a check cannot decide for want of a catalog or
of a date is reported as skipped, never passed over in silence.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from connrules import ast
from connrules.catalog import Catalog
from connrules.codes import CODES
from connrules.diagnostic import Diagnostic, errors_of
from connrules.syntax.parser import Parsed
from connrules.text import SourceText


@dataclass(frozen=True, slots=True)
class CheckedRule:
    """A rule with the name by which everything after the checker calls it: its own, or `carts.conn:12`."""

    name: str
    node: ast.Rule
    source: SourceText


@dataclass(frozen=True, slots=True)
class Checked:
    """A rule set, its catalog, and what is wrong with it. With no errors among the diagnostics, it can be run."""

    rules: tuple[CheckedRule, ...]
    """The healthy rules in rule-set order."""
    catalog: Catalog | None
    diagnostics: tuple[Diagnostic, ...] = ()
    skipped: tuple[str, ...] = ()
    """The codes of the checks that could not run."""

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that keep the rule set from running."""
        return errors_of(self.diagnostics)


def check(files: Sequence[Parsed], catalog: Catalog | None = None, as_of: int | None = None) -> Checked:
    """Check a rule set: files in order, perhaps a catalog, perhaps the instant (epoch ms) as of which things stand.

    Without `as_of` the checks that depend on a date are left out, as is right for looking at history.
    """
    rules = tuple(_named(parsed, node) for parsed in files for node in parsed.file.declarations)
    diagnostics = [d for parsed in files for d in parsed.diagnostics]
    skipped = tuple(
        c.code for c in CODES.values() if (c.needs_catalog and catalog is None) or (c.dated and as_of is None)
    )
    return Checked(rules, catalog, tuple(diagnostics), skipped)


def _named(parsed: Parsed, node: ast.Rule) -> CheckedRule:
    source = parsed.file.source
    name = node.name.text if node.name else f"{source.name}:{source.position(node.span.start).line}"
    return CheckedRule(name, node, source)
