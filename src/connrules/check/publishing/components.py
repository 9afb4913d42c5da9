"""Groups of nodes that lead to one another, each after those that it leads to (Tarjan's walk, without recursion)."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def components(edges: Mapping[Node, Iterable[Node]]) -> Iterator[list[Node]]:
    """Every node in exactly one group; a group of several is a cycle, or some that share members.

    Every node is a key of `edges`. Takes time that grows with nodes and edges and no faster.
    """
    number: dict[Node, int] = {}
    lowest: dict[Node, int] = {}
    open_: list[Node] = []
    done: set[Node] = set()
    for start in edges:
        walk = [] if start in number else [(start, iter(edges[start]))]
        while walk:
            node, ways = walk[-1]
            if node not in number:
                number[node] = lowest[node] = len(number)
                open_.append(node)
            step = next((step for step in ways if step not in done), None)
            if step is None:
                walk.pop()
                if lowest[node] == number[node]:
                    yield _closed(node, open_, done)
                elif walk:
                    lowest[walk[-1][0]] = min(lowest[walk[-1][0]], lowest[node])
            elif step in number:
                lowest[node] = min(lowest[node], number[step])
            else:
                walk.append((step, iter(edges[step])))


def _closed(first: Node, open_: list[Node], done: set[Node]) -> list[Node]:
    group: list[Node] = []
    while not group or group[-1] != first:
        group.append(open_.pop())
    done.update(group)
    return group
