"""Whether a rule is in such order that the reference interpreter can tell what it does, whatever else is wrong with it.

The reference is for rule sets without errors. What would lead it astray in one with errors is looked for beforehand;
so is what it would take too long for, or go too deep: segments within segments.
"""

import math
from collections.abc import Mapping

from connrules import ast
from connrules.check.conditions.parts import segments_in
from connrules.check.patterns import is_known, patterns_of, where_of
from connrules.reference.timing import window_of

DEEPEST = 20
"""How deep segments may ask for segments."""
MOST_SEGMENTS = 1_000
"""How many times in all."""
_WHOLE = 1_000_000


class Soundness:
    """Tells sound rules from others, in a rule set with these segments and this policy."""

    def __init__(self, segments: Mapping[str, ast.Segment], policy: ast.Policy) -> None:
        self._segments, self._policy = segments, policy
        self._sizes: dict[tuple[str, int], float] = {}
        self._known: dict[int, bool] = {}

    def has(self, rule: ast.Rule) -> bool:
        """Whether a rule of the rule set is sound."""
        if id(rule) not in self._known:
            self._known[id(rule)] = self._is_open(rule) and _is_whole(rule.send) and self._asks_for_little(rule)
        return self._known[id(rule)]

    def _is_open(self, rule: ast.Rule) -> bool:
        window = window_of(rule, self._policy)
        return window is None or window.opens.minutes != window.closes.minutes

    def _asks_for_little(self, rule: ast.Rule) -> bool:
        patterns, clauses = patterns_of(rule), (rule.if_, rule.still_if)
        return all(is_known(pattern) and not any(segments_in(where_of(pattern))) for pattern in patterns) and all(
            self._size(clause.condition, DEEPEST) <= MOST_SEGMENTS for clause in clauses if clause
        )

    def _size(self, condition: ast.Condition, deepest: int) -> float:
        """How many segments a condition asks for with those that they ask for; no end to it if one is missing."""
        return sum(self._size_of(name.text, deepest) for name in segments_in(condition))

    def _size_of(self, name: str, deepest: int) -> float:
        if not deepest or name not in self._segments:
            return math.inf
        if (name, deepest) not in self._sizes:
            self._sizes[name, deepest] = 1 + self._size(self._segments[name].condition, deepest - 1)
        return self._sizes[name, deepest]


def _is_whole(send: ast.Send | ast.SendOneOf) -> bool:
    return isinstance(send, ast.Send) or sum(arm.share.millionths for arm in send.arms) == _WHOLE
