"""Drawings as Mermaid text (`flowchart`). No line break at the end.

Texts stand in quotes. What could mean something to Mermaid, or to the HTML that it makes, is written as the number of
the character: `#34;` for a quote.
"""

import re
from collections.abc import Iterable, Iterator

from connrules.cli.cells import visible
from connrules.cli.drawings.drawing import Arrow, Drawing, Mark, Node, Shape

_OPEN = {Shape.CAMPAIGN: "[", Shape.CARD: "[[", Shape.EVENT: "[/", Shape.RULE: "(["}
_CLOSE = {Shape.CAMPAIGN: "]", Shape.CARD: "]]", Shape.EVENT: "/]", Shape.RULE: "])"}
_LINES = {Mark.PLAIN: "-->", Mark.FAINT: "-.->", Mark.WRONG: "==>"}
_STYLES = {Mark.FAINT: "color:#666,stroke:#999,stroke-dasharray:4 3", Mark.WRONG: "stroke:#c00,stroke-width:2px"}
_SAFE = " _,:/%=().'+-!?"
"""What stands for itself among ASCII characters, besides letters and digits."""
_LIST = re.compile(r"^(\d+)\.|^[-+](?= )")
"""What Mermaid would take for the beginning of a list."""


def render_mermaid(drawing: Drawing) -> str:
    """A flowchart."""
    return "\n".join(["flowchart LR", *_body(drawing), *_classes(drawing.all_nodes)])


def _body(drawing: Drawing) -> Iterator[str]:
    for number, group in enumerate(drawing.groups, 1):
        yield f"  subgraph g{number}[{_text([group.title])}]"
        yield from (f"    {_node(node)}" for node in group.nodes)
        yield "  end"
    yield from (f"  {_node(node)}" for node in drawing.nodes)
    yield from (f"  {_arrow(arrow)}" for arrow in drawing.arrows)


def _node(node: Node) -> str:
    return f"{node.id}{_OPEN[node.shape]}{_text(node.lines)}{_CLOSE[node.shape]}"


def _arrow(arrow: Arrow) -> str:
    label = f"|{_text([arrow.label])}|" if arrow.label else ""
    return f"{arrow.tail} {_LINES[arrow.mark]}{label} {arrow.head}"


def _classes(nodes: Iterable[Node]) -> Iterator[str]:
    for mark, style in _STYLES.items():
        marked = [node.id for node in nodes if node.mark is mark]
        if marked:
            yield f"  classDef {mark} {style}"
            yield f"  class {','.join(marked)} {mark}"


def _text(lines: Iterable[str]) -> str:
    return f'"{"<br/>".join(map(_escaped, lines))}"'


def _escaped(line: str) -> str:
    text = "".join(char if _is_safe(char) else f"#{ord(char)};" for char in visible(line))
    return _LIST.sub(lambda match: f"{match[1]}#46;" if match[1] else f"#{ord(match[0])};", text)


def _is_safe(char: str) -> bool:
    return not char.isascii() or char.isalnum() or char in _SAFE
