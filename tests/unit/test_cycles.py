"""Cycles are found where there are some, and nowhere else: held against the sorter of the standard library."""

from graphlib import CycleError, TopologicalSorter

from hypothesis import given
from hypothesis import strategies as st

from connrules.check.cycles import cycles

NODES = st.integers(0, 7)
GRAPHS = st.dictionaries(NODES, st.lists(NODES, max_size=4), max_size=8)


def has_cycle(edges: dict[int, list[int]]) -> bool:
    try:
        TopologicalSorter(edges).prepare()
    except CycleError:
        return True
    return False


@given(GRAPHS)
def test_each_is_a_cycle_and_without_their_members_there_is_none(edges: dict[int, list[int]]) -> None:
    found = list(cycles(edges))
    for cycle in found:
        assert all(there in edges[here] for here, there in zip(cycle, [*cycle[1:], cycle[0]], strict=True))
    members = [node for cycle in found for node in cycle]
    assert len(members) == len(set(members))
    left = {node: [there for there in edges[node] if there not in members] for node in edges if node not in members}
    assert not has_cycle(left)
    assert bool(found) is has_cycle(edges)


def test_a_cycle_begins_at_the_member_that_is_reached_first() -> None:
    assert list(cycles({"a": ["c"], "b": ["c"], "c": ["b"], "d": ["d"]})) == [["c", "b"], ["d"]]


def test_a_long_chain_is_no_matter() -> None:
    count = 20_000
    chain = {node: [node + 1] for node in range(count)}
    assert list(cycles(chain)) == []
    assert [len(cycle) for cycle in cycles({**chain, count: [0]})] == [count + 1]
