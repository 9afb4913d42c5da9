"""Ranges of values: those that hold a value are found in one bisection and a step for each few of them.

A segment tree that never changes. The bounds of all ranges cut the order of values into slabs, the leaves of the tree;
a range stands at the few nodes that together cover its slabs, so that ranges which overlap take no more room than
others. From a leaf, links lead up past the nodes at which nothing stands.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Any, NamedTuple


class Range(NamedTuple):
    """Values from `low` up to `high`, both of one type; None: without end.

    `low` itself is in it; `high` only where it is `closed`.
    """

    low: Any
    high: Any
    closed: bool = True

    def and_also(self, other: "Range") -> "Range":
        """What is in both ranges."""
        low = max((bound for bound in (self.low, other.low) if bound is not None), default=None)
        ends = [(r.high, r.closed) for r in (self, other) if r.high is not None]
        return Range(low, *min(ends, default=(None, True)))

    def slabs(self, bounds: list[Any]) -> tuple[int, int]:
        """The slabs `[first, last)` that sorted bounds cut out of it. Slab i begins at the bound before place i."""
        first = 0 if self.low is None else bisect_right(bounds, self.low)
        if self.high is None:
            return first, len(bounds) + 1
        return first, (bisect_right if self.closed else bisect_left)(bounds, self.high) + 1


_Node = tuple[tuple[int, ...], Any]
"""The numbers that stand at a node, and the nearest node above at which any do; None: there is none."""


class Ranges:
    """Numbered ranges of values of one type."""

    __slots__ = ("_bounds", "_leaves")

    def __init__(self, ranges: Iterable[tuple[Range, int]]) -> None:
        numbered = list(ranges)
        ends = (bound for range_, _ in numbered for bound in (range_.low, range_.high) if bound is not None)
        self._bounds = sorted(set(ends))
        standing: list[list[int]] = [[] for _ in range(2 * len(self._bounds) + 2)]
        for range_, number in numbered:
            for node in _cover(*range_.slabs(self._bounds), len(self._bounds) + 1):
                standing[node].append(number)
        self._leaves = _linked(standing)

    def holding(self, value: Any) -> list[int]:
        """The numbers, in no order, of the ranges that hold a value; and of those that end at the bound before it."""
        found: list[int] = []
        node = self._leaves[bisect_right(self._bounds, value)]
        while node is not None:
            numbers, node = node
            found += numbers
        return found


def _cover(first: int, last: int, leaves: int) -> list[int]:
    """The nodes of a tree that together cover the leaves `[first, last)`. Node i stands above nodes 2i and 2i + 1."""
    nodes: list[int] = []
    left, right = first + leaves, last + leaves
    while left < right:
        if left & 1:
            nodes.append(left)
            left += 1
        if right & 1:
            right -= 1
            nodes.append(right)
        left >>= 1
        right >>= 1
    return nodes


def _linked(standing: list[list[int]]) -> list[_Node | None]:
    """The leaves, or the nearest nodes above them at which anything stands."""
    nodes: list[_Node | None] = [None]
    for place in range(1, len(standing)):
        above = nodes[place >> 1]
        nodes.append((tuple(standing[place]), above) if standing[place] else above)
    return nodes[len(standing) // 2 :]
