"""Rules that other declarations name: whether there are such rules."""

from collections.abc import Iterator

from connrules import ast
from connrules.check.index import Index
from connrules.checked import CheckedRule
from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.syntax.fixes import writing
from connrules.text import SourceText, closest


def check_references(rule: CheckedRule, index: Index) -> Iterator[Diagnostic]:
    """The rules that a trigger names; elsewhere they cannot stand."""
    for pattern in rule.node.on.patterns:
        if isinstance(pattern, ast.SentRule | ast.CancelledRule):
            yield from check_rule_name(rule.source, pattern.rule, index)


def check_rule_name(source: SourceText, name: ast.Name, index: Index) -> Iterator[Diagnostic]:
    """A name where only the name of a rule can stand."""
    if name.text in index.rules or name.text.casefold() in index.broken.rules:
        return
    named = [rule for rule, checked in index.rules.items() if checked.node.name]
    near = closest(name.text, named)
    remedy = f"did you mean `{near}`?" if near else "name a rule of this rule set; a rule has a name by `rule NAME:`"
    fix = writing(source, name.span, near) if near else None
    yield finding("CR219", source, name.span, f"there is no rule `{name.text}`", help=remedy, fix=fix)
