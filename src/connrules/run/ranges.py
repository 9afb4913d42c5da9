"""Ranges of values: those that hold a value are found in one bisection and a step for each few of them.

The bounds of all ranges cut the order of values into slabs. Where few ranges overlap, those that hold a slab are listed
for each. Else the slabs are the leaves of a segment tree, which never changes: a range stands at the few nodes that
together cover its slabs, so that ranges which overlap take no more room than others. From a leaf, links lead up past
the nodes at which nothing stands.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Generic, NamedTuple, TypeVar

_ROOM: Final = 8

T = TypeVar("T")
U = TypeVar("U")


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


class Slabs(Generic[T]):
    """What holds each slab, listed: things in the order of their numbers."""

    __slots__ = ("_bounds", "_lists")

    def __init__(self, bounds: list[Any], lists: Sequence[tuple[T, ...]]) -> None:
        self._bounds = bounds
        self._lists = lists

    def holding(self, value: Any) -> tuple[T, ...]:
        """What holds a value, and what ends at the bound before it."""
        return self._lists[bisect_right(self._bounds, value)]

    def of(self, thing: Callable[[T], U]) -> "Slabs[U]":
        """The same with other things in the place of these."""
        return Slabs(self._bounds, [tuple(map(thing, listed)) for listed in self._lists])


class Tree:
    """Ranges of which many overlap."""

    __slots__ = ("_bounds", "_leaves")

    def __init__(self, bounds: list[Any], covered: Iterable[tuple[int, int, int]]) -> None:
        self._bounds = bounds
        standing: list[list[int]] = [[] for _ in range(2 * len(bounds) + 2)]
        for first, last, number in covered:
            for node in _cover(first, last, len(bounds) + 1):
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


def ranges(numbered: Sequence[tuple[Range, int]], room: int = _ROOM) -> Slabs[int] | Tree:
    """Numbered ranges of values of one type, by rising numbers, in the form that suits them.

    Slabs are listed where the ranges have no more than `room` of them on average.
    """
    bounds = sorted({bound for range_, _ in numbered for bound in (range_.low, range_.high) if bound is not None})
    covered = [(*range_.slabs(bounds), number) for range_, number in numbered]
    if sum(max(0, last - first) for first, last, _ in covered) > room * len(covered):
        return Tree(bounds, covered)
    lists: list[list[int]] = [[] for _ in range(len(bounds) + 1)]
    for first, last, number in covered:
        for slab in range(first, last):
            lists[slab].append(number)
    return Slabs(bounds, list(map(tuple, lists)))


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
