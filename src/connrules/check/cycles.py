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
        path, ways, depth = [start], [iter(edges[start])], {start: 0}
        while ways and start not in done:
            step = next((step for step in ways[-1] if step in edges and step not in done), None)
            if step is None:
                done.add(path[-1])
                _cut(path, ways, depth, len(path) - 1)
            elif step in depth:
                cycle = path[depth[step] :]
                yield cycle
                done.update(cycle)
                _cut(path, ways, depth, depth[step])
            else:
                depth[step] = len(path)
                path.append(step)
                ways.append(iter(edges[step]))


def _cut(path: list[Node], ways: list[Iterator[Node]], depth: dict[Node, int], length: int) -> None:
    """Walk back until the path is so long."""
    for node in path[length:]:
        del depth[node]
    del path[length:], ways[length:]
