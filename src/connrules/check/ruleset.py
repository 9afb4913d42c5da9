"""Checks the rule set as a whole, by way of its index: the order of the checks in one place."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from connrules import ast
from connrules.check.conditions.never_true import check_segment_never_true
from connrules.check.index import Index
from connrules.check.names.attributes import check_local
from connrules.check.names.binding import Names
from connrules.check.names.confusable import check_confusable
from connrules.check.names.segments import check_segments
from connrules.check.names.typed import check_user_types
from connrules.check.policy import check_policy
from connrules.check.together.crowded_out import check_crowded_out
from connrules.check.together.duplicates import (
    check_duplicate_names,
    check_duplicate_policies,
    check_duplicate_rules,
    copies_of,
)
from connrules.check.together.overlaps import check_overlaps
from connrules.check.together.simultaneous import check_simultaneous
from connrules.check.together.timeline import Stage
from connrules.checked import CheckedRule, CheckedTest
from connrules.diagnostic import Diagnostic
from connrules.text import SourceText


@dataclass(frozen=True, slots=True)
class Declarations:
    """All declarations of a rule set in order, each with where it stands."""

    rules: Sequence[CheckedRule]
    segments: Sequence[tuple[SourceText, ast.Segment]]
    policies: Sequence[tuple[SourceText, ast.Policy]]
    tests: Sequence[CheckedTest]


SIDE_BY_SIDE: Final = ("CR505", "CR506", "CR508", "CR509")
"""The checks that try timelines on the rule set, as long as there is any telling what becomes of them."""


def check_ruleset(declared: Declarations, index: Index, names: Names | None, stage: Stage) -> Iterator[Diagnostic]:
    """What no declaration shows by itself."""
    yield from check_duplicate_rules(declared.rules, declared.tests)
    yield from check_duplicate_names("segment", [(source, node.name) for source, node in declared.segments])
    yield from check_duplicate_names("test", [(test.source, test.node.name) for test in declared.tests])
    yield from check_duplicate_policies(declared.policies)
    yield from check_confusable(declared.rules, declared.tests, names)
    for source, policy in declared.policies[:1]:
        yield from check_policy(source, policy, names.catalog if names else None)
    attributes = names.attributes if names else frozenset()
    yield from check_segments(declared.segments, declared.rules, index, attributes)
    for source, segment in declared.segments:
        mistyped = list(check_user_types(source, (segment.condition,), names)) if names else []
        yield from mistyped
        yield from check_segment_never_true(source, segment, index, names, mistyped)
    yield from check_local(declared.rules, next(iter(declared.policies), None), attributes)
    yield from _check_side_by_side(declared, stage)


def _check_side_by_side(declared: Declarations, stage: Stage) -> Iterator[Diagnostic]:
    """What rules do to one another; a copy of a rule is no second mistake."""
    copies = copies_of(declared.rules)
    yield from check_crowded_out(stage, copies)
    yield from check_overlaps(stage, copies)
    yield from check_simultaneous(stage, copies)
