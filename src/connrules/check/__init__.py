"""Finds problems in a rule set: names, one rule at a time, one test at a time, the rule set as a whole.

Each check is a generator of findings over one declaration, or over the rule set by way of its index; none compares
rules in pairs. Checks run on the healthy declarations of a file even where others are broken, and what a broken one
declares is no mistake elsewhere. What a check cannot decide for want of a catalog or of a date is reported as skipped,
never passed over in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from connrules import ast
from connrules.check.dates import with_dates_in
from connrules.check.index import Index, broken_names
from connrules.check.names.binding import Names
from connrules.check.rule import check_rule
from connrules.check.ruleset import SIDE_BY_SIDE, Declarations, check_ruleset
from connrules.check.together.loops import check_loops
from connrules.check.together.reach import Reach, check_reach
from connrules.check.together.timeline import Stage
from connrules.checked import Checked, CheckedRule, CheckedTest
from connrules.codes import CODES
from connrules.diagnostic import Diagnostic, errors_of
from connrules.syntax.parser import Parsed
from connrules.text import SourceText
from connrules.wallclock import find_zone

if TYPE_CHECKING:
    from connrules.catalog import Catalog

__all__ = ["Checked", "CheckedRule", "CheckedTest", "check"]


def check(files: Sequence[Parsed], catalog: Catalog | None = None, as_of: int | None = None) -> Checked:
    """Check a rule set: files in order, perhaps a catalog, perhaps the instant (epoch ms) as of which things stand.

    Without `as_of` the checks that depend on a date are left out, as is right for looking at history.
    """
    policy_source, policy = next(iter(_declared(files, ast.Policy)), (None, ast.Policy()))
    files = _with_dates(files, policy)
    rules = tuple(_named(source, node) for source, node in _declared(files, ast.Rule))
    segments: dict[str, ast.Segment] = {}
    for _, segment in _declared(files, ast.Segment):
        segments.setdefault(segment.name.text, segment)
    tests = tuple(CheckedTest(node, source) for source, node in _declared(files, ast.Test))
    declared = Declarations(rules, _declared(files, ast.Segment), _declared(files, ast.Policy), tests)
    index = Index.of(rules, segments, policy, broken_names(files))
    names = None if catalog is None else Names(catalog)
    stage = Stage(rules, index, names)
    findings = [d for parsed in files for d in parsed.diagnostics]
    findings.extend(_readable(_found(declared, index, names, stage, as_of), _unreadable(files)))
    skipped = tuple(_skipped(catalog, as_of))
    cut_short = SIDE_BY_SIDE if stage.is_over else ()
    diagnostics = _in_order(files, findings)
    return Checked(rules, catalog, segments, policy, policy_source, tests, diagnostics, skipped, cut_short)


def _found(
    declared: Declarations, index: Index, names: Names | None, stage: Stage, as_of: int | None
) -> Iterator[Diagnostic]:
    found = list(_found_in_declarations(declared, index, names, stage, as_of))
    yield from found
    reach = Reach(index, names, {finding.silent_rule for finding in errors_of(found)})
    yield from check_reach(reach, index)
    yield from check_loops(Stage(declared.rules, index, names), reach.sending)


def _found_in_declarations(
    declared: Declarations, index: Index, names: Names | None, stage: Stage, as_of: int | None
) -> Iterator[Diagnostic]:
    yield from check_ruleset(declared, index, names, stage)
    for rule in declared.rules:
        yield from check_rule(rule, index, names, as_of)
    if names is not None:
        yield from _found_in_catalog(declared, index, names, as_of)
    if declared.tests:
        yield from _found_in_tests(declared, index, names)


def _found_in_catalog(declared: Declarations, index: Index, names: Names, as_of: int | None) -> Iterator[Diagnostic]:
    from connrules.check.names.stale import check_stale  # noqa: PLC0415  # nothing without a catalog, and no small part
    from connrules.check.publishing.checks import check_publish_order  # noqa: PLC0415  # likewise

    yield from check_publish_order(declared.rules, index, names, as_of)
    yield from check_stale(declared.rules, names, as_of)


def _found_in_tests(declared: Declarations, index: Index, names: Names | None) -> Iterator[Diagnostic]:
    from connrules.check.tests.steps import check_test  # noqa: PLC0415  # nothing without tests

    for test in declared.tests:
        yield from check_test(test, index, names)


Kind = TypeVar("Kind", ast.Rule, ast.Segment, ast.Policy, ast.Test)


def _declared(files: Sequence[Parsed], kind: type[Kind]) -> list[tuple[SourceText, Kind]]:
    """The declarations of a kind, in rule-set order."""
    return [
        (parsed.file.source, node) for parsed in files for node in parsed.file.declarations if isinstance(node, kind)
    ]


def _with_dates(files: Sequence[Parsed], policy: ast.Policy) -> Sequence[Parsed]:
    """The files with bare dates read in the time zone of the policy."""
    zone = find_zone(policy.time_zone.name) if policy.time_zone else None
    return files if zone is None else [replace(parsed, file=with_dates_in(parsed.file, zone)) for parsed in files]


def _named(source: SourceText, node: ast.Rule) -> CheckedRule:
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


def _readable(findings: Iterable[Diagnostic], unreadable: Mapping[int, Sequence[int]]) -> Iterator[Diagnostic]:
    for found in findings:
        if not any(found.span.start < place < found.span.end for place in unreadable.get(id(found.source), ())):
            yield found


def _in_order(files: Sequence[Parsed], findings: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    place = {id(parsed.file.source): number for number, parsed in enumerate(files)}
    return tuple(sorted(findings, key=lambda f: (place[id(f.source)], f.span, f.code)))


def _skipped(catalog: Catalog | None, as_of: int | None) -> Iterator[str]:
    for code in CODES.values():
        wants_catalog = code.needs_catalog and catalog is None
        if wants_catalog or code.code in _unlisted(catalog) or (code.dated and as_of is None):
            yield code.code


def _unlisted(catalog: Catalog | None) -> tuple[str, ...]:
    """The checks of names of which a catalog gives no list."""
    if catalog is None:
        return ()
    no_attributes = not catalog.user.attributes
    no_types = no_attributes and not any(event.properties for event in catalog.events or ())
    wanting = {"CR203": catalog.events is None, "CR215": no_types, "CR216": no_types, "CR217": no_attributes}
    return tuple(code for code, missing in wanting.items() if missing)
