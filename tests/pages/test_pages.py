"""One golden page per program: its source, what the checker finds, its canonical form, syntax tree and plan.

Each file of `programs/` is a program, checked against the catalog there unless it is named `without-…`. After a change
that is meant, `pytest tests/pages --snapshot-update` writes the pages anew; read the difference as you would read code.
"""

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from connrules import ast
from connrules.catalog import load_catalog
from connrules.check import Checked
from connrules.cli.render import render_full
from connrules.compile import compile_rules
from connrules.duration import parse_instant
from connrules.pipeline import loads
from connrules.syntax.layout import format_file
from connrules.syntax.parser import parse
from connrules.text import SourceText

PROGRAMS = Path(__file__).parent / "programs"
CATALOG = load_catalog((PROGRAMS / "catalog.toml").read_bytes(), "catalog.toml")
NOW = parse_instant("2026-04-01")


class MarkdownPage(SingleFileSnapshotExtension):
    """A page is a file of its own."""

    _write_mode = WriteMode.TEXT
    file_extension = "md"


def _page(program: Path) -> str:
    text = program.read_text(encoding="utf-8")
    catalog = None if program.stem.startswith("without-") else CATALOG
    checked = loads(text, catalog=catalog, as_of=NOW, name=program.name)
    parts = {
        "Source": ("conn", text),
        "Findings": ("text", render_full(checked.diagnostics) or "none"),
        "Canonical form": ("conn", _formatted(program.name, text)),
        "Syntax tree": ("text", "\n".join(line for node in _nodes(checked) for line in _tree(node)) or "empty"),
        "Plan": ("json", _plan(checked)),
    }
    sections = (f"## {title}\n\n```{kind}\n{part.rstrip()}\n```\n" for title, (kind, part) in parts.items())
    return "\n".join([f"# {program.stem}\n", *sections])


def _formatted(name: str, text: str) -> str:
    parsed = parse(SourceText(name, text))
    if parsed.diagnostics:
        return "# not formatted: there are syntax errors"
    formatted = format_file(parsed)
    return "# as it stands" if formatted == text else formatted


def _nodes(checked: Checked) -> Iterator[ast.Declaration]:
    """The declarations as the checker leaves them, kind by kind."""
    yield from checked.segments.values()
    if checked.policy.clauses:
        yield checked.policy
    yield from (rule.node for rule in checked.rules)
    yield from (test.node for test in checked.tests)


def _tree(node: object, label: str = "", indent: str = "") -> Iterator[str]:
    """A node on a line of its own, with its plain fields, and what is below it indented."""
    if isinstance(node, tuple):
        for item in node:
            yield from _tree(item, label, indent)
        return
    if not is_dataclass(node):
        yield f"{indent}{label}{node!r}"
        return
    inner = {f.name: getattr(node, f.name) for f in fields(node) if f.repr}
    plain = {name: value for name, value in inner.items() if _is_plain(value)}
    shown = "".join(f" {name}={value!r}" for name, value in plain.items() if value is not None)
    yield f"{indent}{label}{type(node).__name__}{shown}"
    for name, value in inner.items():
        if name not in plain:
            yield from _tree(value, f"{name}: ", indent + "  ")


def _is_plain(value: object) -> bool:
    if isinstance(value, tuple):
        return all(isinstance(item, str) for item in value)
    return not is_dataclass(value)


def _plan(checked: Checked) -> str:
    """The plan's segments, rules and limits; what it says of the catalog has a page of its own."""
    if checked.errors:
        return "null"
    plan = json.loads(compile_rules(checked).to_json())
    return "\n".join(map(_json, [*plan["segments"], *plan["rules"], *plan["limits"]]))


def _json(value: Any, indent: str = "") -> str:
    """JSON, with what fits on a line on one line."""
    line = json.dumps(value, ensure_ascii=False)
    if len(indent + line) <= 100 or not isinstance(value, dict | list):
        return line
    inner = indent + "  "
    if isinstance(value, list):
        return "[\n" + ",\n".join(inner + _json(item, inner) for item in value) + f"\n{indent}]"
    items = (f"{inner}{json.dumps(name)}: {_json(item, inner)}" for name, item in value.items())
    return "{\n" + ",\n".join(items) + f"\n{indent}}}"


@pytest.mark.parametrize("program", sorted(PROGRAMS.glob("*.conn")), ids=lambda path: path.stem)
def test_page(program: Path, snapshot: SnapshotAssertion) -> None:
    assert _page(program) == snapshot(extension_class=MarkdownPage)


def test_page_of_the_catalog(snapshot: SnapshotAssertion) -> None:
    plan = json.loads(compile_rules(loads("", catalog=CATALOG)).to_json())
    assert f"# catalog\n\n```json\n{_json(plan)}\n```\n" == snapshot(extension_class=MarkdownPage)
