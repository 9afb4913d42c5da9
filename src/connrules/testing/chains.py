"""Rules that follow from what other rules send or cancel: which of them a user can trigger once at the most."""

from collections.abc import Mapping
from typing import assert_never

from connrules import ast


def triggered_once(rule: ast.Rule, rules: Mapping[str, ast.Rule], seen: tuple[str, ...] = ()) -> bool:
    """Whether a user can trigger a rule once at the most: it follows from one that sends, or is triggered, once.

    `rules` are all rules by their names, `seen` those that the question was asked of on the way here.
    """
    if len(rule.on.patterns) != 1:
        return False
    pattern = rule.on.patterns[0]
    match pattern:
        case ast.SentRule(name):
            cause = rules.get(name.text)
            sends_once = cause is not None and isinstance(cause.eligibility, ast.Once)
        case ast.CancelledRule(name):
            cause, sends_once = rules.get(name.text), False
        case ast.EventPattern() | ast.CustomEvent():
            return False
        case _:
            assert_never(pattern)
    if sends_once:
        return True
    return cause is not None and name.text not in seen and triggered_once(cause, rules, (*seen, name.text))
