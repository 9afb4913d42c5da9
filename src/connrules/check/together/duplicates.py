"""Names that two declarations of a kind share, and rules that do the same."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import assert_never

from connrules import ast
from connrules.check.patterns import meanings
from connrules.check.together.roots import triggering
from connrules.check.together.side_by_side import place_in
from connrules.checked import CheckedRule, CheckedTest
from connrules.codes import finding
from connrules.diagnostic import Diagnostic, Related
from connrules.syntax.fixes import deleting
from connrules.text import SourceText, Span

Named = Sequence[tuple[SourceText, ast.Name]]


def check_duplicate_rules(rules: Sequence[CheckedRule], tests: Sequence[CheckedTest]) -> Iterator[Diagnostic]:
    """Rules of one name, and rules that do the same. A rule copied with its name is one finding."""
    named = _named_elsewhere(rules, tests)
    by_name: dict[str, CheckedRule] = {}
    by_meaning: dict[Hashable, CheckedRule] = {}
    for rule in rules:
        same_name = by_name.setdefault(rule.name, rule)
        same_meaning = by_meaning.setdefault(_meaning(rule.node), rule)
        if same_name is not rule:
            yield _duplicate_rule_name(rule, same_name)
        elif same_meaning is not rule:
            yield _duplicate_rule(rule, same_meaning, is_named=rule.name in named)


def copies_of(rules: Sequence[CheckedRule]) -> frozenset[str]:
    """The names of the rules that do the same as one before them."""
    seen: set[Hashable] = set()
    copies: set[str] = set()
    for rule in rules:
        meaning = _meaning(rule.node)
        if meaning in seen:
            copies.add(rule.name)
        seen.add(meaning)
    return frozenset(copies)


def check_duplicate_names(kind: str, names: Named) -> Iterator[Diagnostic]:
    """Segments, or tests, of one name."""
    first: dict[str, tuple[SourceText, ast.Name]] = {}
    for source, name in names:
        there = first.setdefault(name.text, (source, name))
        if there[1] is not name:
            yield _duplicate_name(kind, source, name, there[0], there[1].span)


def check_duplicate_policies(policies: Sequence[tuple[SourceText, ast.Policy]]) -> Iterator[Diagnostic]:
    """Policies beside the first."""
    for source, policy in policies[1:]:
        first = policies[0][1].span
        keyword = Span(policy.span.start, policy.span.start + len("policy"))
        yield finding(
            "CR112",
            source,
            keyword,
            "there are two policies, and a rule set has one",
            label=f"the first one is {place_in(policies[0][0], first, source)}",
            help="write their clauses into one",
            related=(_first(policies[0][0], Span(first.start, first.start + len("policy"))),),
        )


def _meaning(rule: ast.Rule) -> Hashable:
    """Equal for rules that do the same, whatever they are called and however they are written."""
    return (
        frozenset(meanings(rule, rule.on.patterns)),
        rule.if_,
        None if rule.after and rule.after.delay.ms == 0 else rule.delay,
        frozenset(meanings(rule, rule.unless.patterns)) if rule.unless else None,
        rule.per,
        rule.still_if,
        rule.between,
        rule.from_,
        rule.until,
        rule.eligibility,
        rule.hold_out,
        (meanings(rule, (rule.convert.pattern,))[0], rule.convert.within) if rule.convert else None,
        _sent(rule.send),
    )


def _sent(send: ast.Send | ast.SendOneOf) -> Hashable:
    """What is sent, however its name is written; the order of the arms of a split decides who gets which."""
    match send:
        case ast.Send(target):
            return target.text
        case ast.SendOneOf(arms):
            return tuple((arm.share.millionths, arm.target.text) for arm in arms)
        case _:
            assert_never(send)


def _duplicate_rule_name(rule: CheckedRule, first: CheckedRule) -> Diagnostic:
    there = (first.node.name or first.node.on).span
    if rule.node.name is not None:
        return _duplicate_name("rule", rule.source, rule.node.name, first.source, there)
    return finding(
        "CR112",
        rule.source,
        rule.node.on.span,
        f"two rules without a name are both called `{rule.name}`",
        label="a rule without a name is called by its file and line",
        help="give it a name or a line of its own",
        related=(_first(first.source, there),),
    )


def _duplicate_name(kind: str, source: SourceText, name: ast.Name, there: SourceText, span: Span) -> Diagnostic:
    """A name that stands already at that place."""
    return finding(
        "CR112",
        source,
        name.span,
        f"there are two {kind}s named `{name.text}`",
        label=f"the first one is {place_in(there, span, source)}",
        help="give this one another name, or delete it",
        related=(_first(there, span),),
    )


def _first(source: SourceText, span: Span) -> Related:
    return Related(source, span, "the first one")


def _named_elsewhere(rules: Iterable[CheckedRule], tests: Iterable[CheckedTest]) -> frozenset[str]:
    """The rules that other rules or tests name."""
    by_rules = [name for rule in rules for name in triggering(rule.node)]
    expected = [step for test in tests for step in test.node.steps if isinstance(step, ast.Expect)]
    by_tests = [name.text for step in expected for name in (step.subject, step.by) if name is not None]
    return frozenset([*by_rules, *by_tests])


def _duplicate_rule(rule: CheckedRule, first: CheckedRule, *, is_named: bool) -> Diagnostic:
    place = rule.node.name or rule.node.on
    what = "this rule" if rule.node.name is None else f"the rule `{rule.name}`"
    other = f"the rule `{first.name}`" if first.node.name else "another one"
    return finding(
        "CR504",
        rule.source,
        place.span,
        f"{what} does the same as {other}",
        label=f"that one is {place_in(first.source, first.node.span, rule.source)}",
        help="delete one of them: users get the message twice",
        fix=None if is_named else deleting(rule.source, rule.node.span, title="delete the second of the two rules"),
        related=(Related(first.source, (first.node.name or first.node.on).span, "the rule that does the same"),),
    )
