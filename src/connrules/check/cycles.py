"""Cycles among things that name one another, in time that grows with their number and no faster."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def cycles(edges: Mapping[Node, Iterable[Node]]) -> Iterator[list[Node]]:
    """Cycles that have no member in common; without their members no cycle is left.

    A walk goes as deep as it can. Where it comes back to its own path there is a cycle, and its members are done with.
    """
    done: set[Node] = set()
    for start in edges:
        path: dict[Node, Iterator[Node]] = {} if start in done else {start: iter(edges[start])}
        while path:
            last = next(reversed(path))
            step = next((step for step in path[last] if step in edges and step not in done), None)
            if step is None:
                done.add(last)
                del path[last]
            elif step in path:
                cycle = list(path)[list(path).index(step) :]
                yield cycle
                done.update(cycle)
                for member in cycle:
                    del path[member]
            else:
                path[step] = iter(edges[step])
