"""Drawings as DOT text, for Graphviz. No line break at the end."""

from collections.abc import Iterable, Iterator

from connrules.cli.cells import visible
from connrules.cli.drawings.drawing import Arrow, Drawing, Mark, Node, Shape

_SHAPES = {
    Shape.CAMPAIGN: "box",
    Shape.CARD: "note",
    Shape.EVENT: "parallelogram",
    Shape.RULE: "box, style=rounded",
}
_STYLES = {Mark.PLAIN: "", Mark.FAINT: ", style=dashed, color=gray50, fontcolor=gray30", Mark.WRONG: ", color=red"}


def render_dot(drawing: Drawing) -> str:
    """A directed graph."""
    return "\n".join(["digraph connrules {", "  rankdir=LR", *_body(drawing), "}"])


def _body(drawing: Drawing) -> Iterator[str]:
    for number, group in enumerate(drawing.groups, 1):
        yield f"  subgraph cluster_{number} {{"
        yield f"    label={_quoted([group.title])}"
        yield from (f"    {_node(node)}" for node in group.nodes)
        yield "  }"
    yield from (f"  {_node(node)}" for node in drawing.nodes)
    yield from (f"  {_arrow(arrow)}" for arrow in drawing.arrows)


def _node(node: Node) -> str:
    return f"{node.id} [label={_quoted(node.lines)}, shape={_SHAPES[node.shape]}{_STYLES[node.mark]}]"


def _arrow(arrow: Arrow) -> str:
    return f"{arrow.tail} -> {arrow.head} [label={_quoted([arrow.label])}{_STYLES[arrow.mark]}]"


def _quoted(lines: Iterable[str]) -> str:
    r"""A quoted string; `\n` begins a new line in it."""
    text = r"\n".join(map(_escaped, lines))
    return f'"{text}"'


def _escaped(line: str) -> str:
    """Graphviz knows the entities of HTML, so an ampersand is one."""
    return visible(line).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
