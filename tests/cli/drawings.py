"""Reads Mermaid flowcharts and DOT graphs back as far as the project writes them, strictly, so that slips are found."""

import html
import re
from typing import NamedTuple


class Read(NamedTuple):
    """A drawing: the texts of nodes by id, arrows with their texts, and groups with their members."""

    nodes: dict[str, list[str]]
    arrows: list[tuple[str, str, str]]
    groups: dict[str, list[str]]

    def named(self) -> list[tuple[str, str, str]]:
        """The arrows, with the first lines of nodes in the place of ids."""
        return [(self.nodes[tail][0], label, self.nodes[head][0]) for tail, label, head in self.arrows]


_DOT_STRING = r'"((?:[^"\\\n]|\\["\\n])*)"'
_DOT_NODE = re.compile(rf"(n\d+) \[label={_DOT_STRING}, shape=\w+(?:, \w+=\w+)*\]")
_DOT_ARROW = re.compile(rf"(n\d+) -> (n\d+) \[label={_DOT_STRING}(?:, \w+=\w+)*\]")
_DOT_LABEL = re.compile(rf"label={_DOT_STRING}")
_MERMAID_STRING = r'"((?:[^"#<>&`\[\]{}|\\$;*\n]|#\d+;|<br/>)*)"'
_MERMAID_NODE = re.compile(rf"(n\d+)(?:\[\[|\[/|\(\[|\[){_MERMAID_STRING}(?:\]\]|/\]|\]\)|\])")
_MERMAID_ARROW = re.compile(rf"(n\d+) (?:-->|-\.->|==>)(?:\|{_MERMAID_STRING}\|)? (n\d+)")
_MERMAID_GROUP = re.compile(rf"subgraph g\d+\[{_MERMAID_STRING}\]")


def _unescaped(text: str) -> list[str]:
    lines = re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], text).split("\n")
    return [html.unescape(line) for line in lines]


def read_dot(text: str) -> Read:
    first, second, *lines, last = text.rstrip("\n").split("\n")
    assert (first, second, last) == ("digraph connrules {", "  rankdir=LR", "}")
    read = Read({}, [], {})
    members: list[str] | None = None
    for line in map(str.strip, lines):
        if re.fullmatch(r"subgraph cluster_\d+ \{", line):
            members = []
        elif line == "}":
            members = None
        elif title := _DOT_LABEL.fullmatch(line):
            assert members is not None
            read.groups[_unescaped(title[1])[0]] = members
        elif node := _DOT_NODE.fullmatch(line):
            read.nodes[node[1]] = _unescaped(node[2])
            if members is not None:
                members.append(node[1])
        else:
            arrow = _DOT_ARROW.fullmatch(line)
            assert arrow, line
            read.arrows.append((arrow[1], " ".join(_unescaped(arrow[3])), arrow[2]))
    return read


def _decoded(text: str) -> list[str]:
    return [re.sub(r"#(\d+);", lambda m: chr(int(m[1])), line) for line in text.split("<br/>")]


def read_mermaid(text: str) -> Read:
    first, *lines = text.rstrip("\n").split("\n")
    assert first == "flowchart LR"
    read = Read({}, [], {})
    members: list[str] | None = None
    for line in map(str.strip, lines):
        if re.fullmatch(r"classDef \w+ [\w:#,\- ]+|class n\d+(,n\d+)* \w+", line):
            continue
        if title := _MERMAID_GROUP.fullmatch(line):
            members = read.groups[_decoded(title[1])[0]] = []
        elif line == "end":
            members = None
        elif node := _MERMAID_NODE.fullmatch(line):
            read.nodes[node[1]] = _decoded(node[2])
            if members is not None:
                members.append(node[1])
        else:
            arrow = _MERMAID_ARROW.fullmatch(line)
            assert arrow, line
            read.arrows.append((arrow[1], _decoded(arrow[2] or "")[0], arrow[3]))
    return read
