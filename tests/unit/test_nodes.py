"""Nodes are frozen dataclasses, made in another way: what those do, they do."""

import copy
import pickle
from dataclasses import FrozenInstanceError, field, fields, is_dataclass, make_dataclass, replace
from typing import Any

import pytest

from connrules import ast
from connrules.text import Span

HERE, THERE = Span(0, 1), Span(5, 9)
NODES = [value for value in vars(ast).values() if is_dataclass(value) and value.__module__.startswith("connrules.ast.")]


def test_there_are_nodes_to_look_at() -> None:
    assert len(NODES) > 40


def twin(node: type[Any]) -> type[Any]:
    """The class as the standard library makes it."""
    parts = [
        (p.name, Any, field(default=p.default, repr=p.repr, compare=p.compare)) for p in fields(node)
    ]  # a field without a default has the default MISSING, which is none
    return make_dataclass(node.__name__, parts, frozen=True, slots=True)


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.__name__)
def test_a_node_is_what_the_standard_library_would_make_of_it(node: type[Any]) -> None:
    theirs = twin(node)
    values = [f"v{place}" for place, _ in enumerate(fields(node))]
    one = node(*values)
    assert repr(one) == repr(theirs(*values))
    assert node.__match_args__ == theirs.__match_args__
    assert not hasattr(one, "__dict__")
    assert one == node(*values) != theirs(*values)
    assert hash(one) == hash(node(*values))
    assert one == replace(one) == copy.copy(one) == pickle.loads(pickle.dumps(one))
    for part in fields(node):
        assert getattr(one, part.name) == getattr(theirs(*values), part.name)
        changed = {part.name: "other"}
        assert (replace(one, **changed) == one) == (replace(theirs(*values), **changed) == theirs(*values))
        with pytest.raises(FrozenInstanceError):
            setattr(one, part.name, "other")
        with pytest.raises(FrozenInstanceError):
            delattr(one, part.name)


def test_values_go_in_by_place_by_name_or_by_default() -> None:
    name = ast.Name("r", quoted=False, span=HERE)
    assert ast.Name(text="r", quoted=False, span=THERE) == name
    assert ast.Expect("u", "sent", name).span == Span(0, 0)
    assert ast.Expect("u", "sent", name, by=name) == ast.Expect("u", "sent", name, None, name, None, THERE)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ((), {}),
        (("r",), {}),
        (("r",), {"span": HERE}),
        (("r", False, HERE), {"text": "r"}),
        (("r", False, HERE, HERE), {}),
        (("r", False), {"span": HERE, "no": 1}),
    ],
)
def test_a_call_with_too_few_or_too_many_values_is_a_type_error(values: Any, named: Any) -> None:
    with pytest.raises(TypeError, match=r"^Name "):
        ast.Name(*values, **named)


def test_nodes_of_two_classes_are_never_equal() -> None:
    nodes: list[object] = [ast.Local(HERE), ast.Once(HERE)]
    assert nodes[0] != nodes[1]
    assert ast.Local(HERE) == ast.Local(THERE)
