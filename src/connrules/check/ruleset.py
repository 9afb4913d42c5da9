"""Checks the rule set as a whole, by way of an index: names that two rules share, rules that do the same."""

from collections.abc import Hashable, Iterator, Sequence
from typing import assert_never

from connrules import ast
from connrules.check.checked import CheckedRule
from connrules.check.patterns import meanings
from connrules.codes import finding
from connrules.diagnostic import Diagnostic


def check_ruleset(rules: Sequence[CheckedRule]) -> Iterator[Diagnostic]:
    """Duplicate names, and duplicate rules. A rule copied with its name is one finding."""
    by_name: dict[str, CheckedRule] = {}
    by_meaning: dict[Hashable, CheckedRule] = {}
    for rule in rules:
        same_name = by_name.setdefault(rule.name, rule)
        same_meaning = by_meaning.setdefault(_meaning(rule.node), rule)
        if same_name is not rule:
            yield _duplicate_name(rule, same_name)
        elif same_meaning is not rule:
            yield _duplicate_rule(rule, same_meaning)


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


def _duplicate_name(rule: CheckedRule, first: CheckedRule) -> Diagnostic:
    name = rule.node.name
    if name is None:
        message = f"two rules without a name are both called `{rule.name}`"
        return finding(
            "CR112",
            rule.source,
            rule.node.on.span,
            message,
            label="a rule without a name is called by its file and line",
            help="give it a name or a line of its own",
        )
    return finding(
        "CR112",
        rule.source,
        name.span,
        f"there are two rules named `{rule.name}`",
        label=f"the first one is {_place(first, rule)}",
        help="give this one another name, or delete it",
    )


def _duplicate_rule(rule: CheckedRule, first: CheckedRule) -> Diagnostic:
    place = rule.node.name or rule.node.on
    what = "this rule" if rule.node.name is None else f"the rule `{rule.name}`"
    other = f"the rule `{first.name}`" if first.node.name else "another one"
    return finding(
        "CR504",
        rule.source,
        place.span,
        f"{what} does the same as {other}",
        label=f"that one is {_place(first, rule)}",
        help="delete one of them: users get the message twice",
    )


def _place(first: CheckedRule, rule: CheckedRule) -> str:
    line = first.line_of(first.node.span.start)
    return f"on line {line}" if first.source is rule.source else f"in {first.source.path}, line {line}"
