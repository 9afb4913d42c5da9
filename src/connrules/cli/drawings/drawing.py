"""A drawing: nodes, arrows and groups as data, to be written as Mermaid or as DOT."""

from dataclasses import dataclass
from enum import StrEnum


class Shape(StrEnum):
    """What a node stands for."""

    CAMPAIGN = "campaign"
    CARD = "card"
    EVENT = "event"
    RULE = "rule"


class Mark(StrEnum):
    """What is special about a node or an arrow."""

    PLAIN = "plain"
    FAINT = "faint"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Node:
    """A node with the lines of text in it."""

    id: str
    """Letters and digits alone."""
    lines: tuple[str, ...]
    shape: Shape
    mark: Mark = Mark.PLAIN


@dataclass(frozen=True, slots=True)
class Arrow:
    """An arrow from one node to another, perhaps with a text."""

    tail: str
    head: str
    label: str = ""
    mark: Mark = Mark.PLAIN


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes that are drawn together under a title."""

    title: str
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing, from left to right."""

    nodes: tuple[Node, ...]
    """Those in no group."""
    arrows: tuple[Arrow, ...]
    groups: tuple[Group, ...] = ()

    @property
    def all_nodes(self) -> tuple[Node, ...]:
        """The nodes in and outside of groups."""
        return (*self.nodes, *(node for group in self.groups for node in group.nodes))
