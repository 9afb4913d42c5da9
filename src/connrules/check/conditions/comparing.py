"""Whether one comparison holds of one value, and what it compares with.

A value is data as an event carries it: text, a number, a boolean, a list, an object; None is missing. What a comparison
means is for the reference interpreter to say.
"""

from datetime import tzinfo
from functools import reduce
from typing import Any, NamedTuple, assert_never

from connrules import ast
from connrules.reference.conditions import Facts, holds


class Atom(NamedTuple):
    """A comparison with literals, or that it does not hold."""

    comparison: ast.Comparison
    holds: bool
    is_time: bool = False
    """Whether the catalog types what it looks at as a time."""
    zone: tzinfo | None = None
    """Where bare dates in texts begin; None: in UTC."""

    def is_true_of(self, value: object) -> bool:
        """Whether the value makes it true."""
        subject = self.comparison.subject
        path = (subject.path if isinstance(subject, ast.Attribute) else subject).segments
        values: Any = reduce(lambda inside, name: {name: inside}, reversed(path), value)
        facts = Facts(values, {path[0]: "time"} if self.is_time else {}, zone=self.zone)
        return holds(self.comparison, facts) is self.holds


def data_of(literal: ast.Operand) -> Any:
    """A literal as data; an instant is its epoch milliseconds."""
    match literal:
        case ast.Text(value) | ast.Number(value) | ast.Boolean(value) | ast.Instant(value):
            return value
        case ast.TriggerProperty():
            raise TypeError("a property of the trigger is not known before there is one")
        case _:
            assert_never(literal)
