"""Parts of a rule on one line, in canonical form: how findings, outcomes and plans quote them."""

from connrules import ast
from connrules.syntax.pieces import condition_group, one_line, pattern_group, pieces_of


def format_pattern(pattern: ast.Pattern) -> str:
    """An event pattern: `opened_push of "Abandoned Cart" where amount > 5`."""
    return one_line(pieces_of(pattern_group(pattern, "", pattern.span)))


def format_condition(condition: ast.Condition) -> str:
    """A condition, as it stands behind `if`: `user.country = "FR" or in segment parisians`."""
    return one_line(pieces_of(condition_group(condition)))
