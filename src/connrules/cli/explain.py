"""`connrules explain`: the documentation of findings."""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import click

from connrules.cli.all_findings import render_all
from connrules.cli.exit import ShellError
from connrules.cli.options import color_option, wants_color
from connrules.codes import CODES, FAMILIES, Code, find_code
from connrules.findings import load_page
from connrules.text import closest


@click.command(
    epilog="""\b
Examples:
  connrules explain                            lists all codes
  connrules explain CR301
  connrules explain exception-without-delay
  connrules explain CR3                        lists the codes of a family
  connrules explain --all --format md > findings.md
"""
)
@click.argument("finding", metavar="[CODE|NAME|FAMILY]", required=False)
@click.option("--all", "whole", is_flag=True, help="Write the whole reference: a table, and the page of every finding.")
@click.option(
    "--format",
    "layout",
    type=click.Choice(["md", "json"]),
    default="md",
    show_default=True,
    help="Markdown, or JSON with what is known of each finding and, where its page is asked for, the page.",
)
@color_option
def command(*, finding: str | None, whole: bool, layout: str, color: str) -> None:
    """Explain a finding by its code or name; list those of a family such as CR3, or all."""
    if whole and finding is not None:
        raise ShellError("--all writes the page of every finding", f"leave out --all, or `{finding}`")
    family = "" if finding is None else finding.strip().upper()
    code = None if finding is None or family in FAMILIES else _code(finding)
    listed = [row for row in CODES.values() if code is None and row.code.startswith(family)]
    if layout == "json":
        click.echo(_json(code, listed, whole=whole))
    else:
        lines = _markdown(code, listed, whole=whole).splitlines()
        click.echo("\n".join(_headings_bold(lines) if wants_color(color) else lines))


def _markdown(code: Code | None, listed: Iterable[Code], *, whole: bool) -> str:
    if code is None:
        return render_all() if whole else "\n".join(_list(listed))
    return load_page(code.code).markdown


def _json(code: Code | None, listed: Iterable[Code], *, whole: bool) -> str:
    described = [_described(row, with_page=whole) for row in listed]
    return json.dumps(described if code is None else _described(code, with_page=True), indent=2)


def _code(text: str) -> Code:
    code = find_code(text)
    if code is None:
        near = closest(text, [row.name for row in CODES.values()])
        hint = f"did you mean `{near}`? " if near else ""
        raise ShellError(f"there is no finding `{text}`", f"{hint}`connrules explain` lists them all")
    return code


def _described(row: Code, *, with_page: bool) -> dict[str, Any]:
    page = {"markdown": load_page(row.code).markdown} if with_page else {}
    return {**row._asdict(), "family": FAMILIES[row.code[:3]], **page}


def _list(listed: Iterable[Code]) -> Iterator[str]:
    """These codes, family by family, as Markdown."""
    width = max(len(row.name) for row in CODES.values())
    for number, (family, rows) in enumerate(groupby(listed, key=lambda row: row.code[:3])):
        if number:
            yield ""
        yield f"# {family[2]}xx {FAMILIES[family]}"
        for row in rows:
            yield f"{row.code}  {row.name:<{width}}  {row.severity:<7}  {_marks(row)}".rstrip()


def _marks(row: Code) -> str:
    """What the check needs, and the fix that it offers."""
    marks = (("catalog", row.needs_catalog), ("date", row.dated), (f"{row.fix} fix", row.fix))
    return ", ".join(word for word, wanted in marks if wanted)


def _headings_bold(lines: Iterable[str]) -> Iterator[str]:
    """Markdown with its headings bold, except what only looks like one in a block of code."""
    fenced = False
    for line in lines:
        fenced ^= line.startswith("```")
        yield click.style(line, bold=True) if line.startswith("#") and not fenced else line
