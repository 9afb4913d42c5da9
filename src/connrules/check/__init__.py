"""Finds problems in a rule set: names, one rule at a time, the rule set as a whole.

Each check is a generator of findings over one rule, or over the rule set by way of an index; none compares rules in
pairs. Checks run on the healthy rules of a file even where others are broken. What a check cannot decide for want of a
catalog or of a date is reported as skipped, never passed over in silence.
"""

from collections.abc import Iterator, Sequence

from connrules import ast
from connrules.catalog import Catalog
from connrules.check.checked import Checked, CheckedRule
from connrules.check.names import Names
from connrules.check.rule import check_rule
from connrules.check.ruleset import check_ruleset
from connrules.codes import CODES
from connrules.diagnostic import Diagnostic
from connrules.syntax.parser import Parsed

__all__ = ["Checked", "CheckedRule", "check"]


def check(files: Sequence[Parsed], catalog: Catalog | None = None, as_of: int | None = None) -> Checked:
    """Check a rule set: files in order, perhaps a catalog, perhaps the instant (epoch ms) as of which things stand.

    Without `as_of` the checks that depend on a date are left out, as is right for looking at history.
    """
    rules = tuple(_named(parsed, node) for parsed in files for node in parsed.file.declarations)
    names = None if catalog is None else Names(catalog)
    findings = [d for parsed in files for d in parsed.diagnostics]
    findings.extend(check_ruleset(rules))
    unreadable = _unreadable(files)
    for rule in rules:
        found = check_rule(rule, names, as_of)
        findings.extend(
            f for f in found if not any(f.span.start < at < f.span.end for at in unreadable.get(id(f.source), ()))
        )
    return Checked(rules, catalog, _in_order(files, findings), tuple(_skipped(catalog, as_of)))


def _named(parsed: Parsed, node: ast.Rule) -> CheckedRule:
    source = parsed.file.source
    name = node.name.text if node.name else f"{source.name}:{source.position(node.span.start).line}"
    return CheckedRule(name, node, source)


def _unreadable(files: Sequence[Parsed]) -> dict[int, list[int]]:
    """By source text, the places of characters that have a finding of their own: a name with one is wrong for that."""
    places: dict[int, list[int]] = {}
    for parsed in files:
        source = parsed.file.source
        unseen = [finding.span.start for finding in parsed.diagnostics if finding.code == "CR109"]
        if unseen or source.invalid_bytes:
            places[id(source)] = [*unseen, *source.invalid_bytes]
    return places


def _in_order(files: Sequence[Parsed], findings: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    place = {id(parsed.file.source): number for number, parsed in enumerate(files)}
    return tuple(sorted(findings, key=lambda f: (place[id(f.source)], f.span, f.code)))


def _skipped(catalog: Catalog | None, as_of: int | None) -> Iterator[str]:
    for code in CODES.values():
        wants_catalog = code.needs_catalog and catalog is None
        wants_events = code.code == "CR203" and catalog is not None and catalog.events is None
        if wants_catalog or wants_events or (code.dated and as_of is None):
            yield code.code
