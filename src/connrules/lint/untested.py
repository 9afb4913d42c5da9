"""What the tests of a rule set leave untested: rules that none of them reaches, exceptions that none lets happen."""

from collections.abc import Iterator

from connrules import ast
from connrules.check import Checked
from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.event import Kind
from connrules.syntax.formatter import format_pattern
from connrules.testing import RuleCoverage, run_tests
from connrules.text import Span


def check_tested(checked: Checked) -> Iterator[Diagnostic]:
    """Runs the tests of a rule set without errors. Where there are none, nothing is said of what they leave out."""
    if not checked.tests:
        return
    for covered in run_tests(checked, coverage=True).coverage.rules:
        if covered.reached:
            yield from _untested_exceptions(covered)
        else:
            yield _untested(covered)


def _untested(covered: RuleCoverage) -> Diagnostic:
    rule = covered.rule
    name = rule.node.name
    start = rule.node.span.start
    return finding(
        "CR711",
        rule.source,
        name.span if name else Span(start, start + len("on")),
        f"no test reaches the rule `{rule.name}`",
        label="in no test does anything come of it",
        help="write a `test` that triggers it and says what is sent; `connrules test --coverage` shows what is reached",
    )


def _untested_exceptions(covered: RuleCoverage) -> Iterator[Diagnostic]:
    """A finding for each exception that cancelled nothing in any test."""
    rule = covered.rule
    if rule.node.unless is None:
        return
    missed = {item.point.detail for item in covered.items if item.point.kind == Kind.CANCELLED and not item.reached}
    for pattern in rule.node.unless.patterns:
        text = format_pattern(pattern)
        if text in missed:
            missed.discard(text)
            yield _untested_exception(covered, pattern, text)


def _untested_exception(covered: RuleCoverage, pattern: ast.Pattern, text: str) -> Diagnostic:
    rule = covered.rule
    return finding(
        "CR712",
        rule.source,
        pattern.span,
        f"no test shows that `{text}` cancels `{rule.name}`",
        label="in no test does this happen during the wait",
        help=f"let it happen in a `test` while a user waits, and `expect cancelled {rule.name}`",
    )
