"""`connrules explain`: the documentation of a finding."""

from collections.abc import Iterable, Iterator

import click

from connrules.cli.exit import ShellError
from connrules.cli.options import color_option, wants_color
from connrules.codes import CODES, Code, find_code
from connrules.findings import load_page
from connrules.text import closest

FAMILIES = {
    "CR1": "Syntax",
    "CR2": "Names and catalog",
    "CR3": "Delay and exceptions",
    "CR4": "Publish order",
    "CR5": "The rule set as a whole",
    "CR6": "Style",
    "CR7": "Suppressions and tests",
}
"""What the codes that begin so are about."""


@click.command(
    epilog="""\b
Examples:
  connrules explain                            lists all codes
  connrules explain CR301
  connrules explain exception-without-delay
"""
)
@click.argument("finding", metavar="[CODE|NAME]", required=False)
@color_option
def command(finding: str | None, color: str) -> None:
    """Explain a finding by its code or name; without one, list them all."""
    lines = _list() if finding is None else load_page(_code(finding).code).markdown.splitlines()
    click.echo("\n".join(_headings_bold(lines) if wants_color(color) else lines))


def _code(text: str) -> Code:
    code = find_code(text)
    if code is None:
        near = closest(text, [row.name for row in CODES.values()])
        hint = f"did you mean `{near}`? " if near else ""
        raise ShellError(f"there is no finding `{text}`", f"{hint}`connrules explain` lists them all")
    return code


def _list() -> Iterator[str]:
    """All codes, family by family, as Markdown."""
    width = max(len(row.name) for row in CODES.values())
    family = ""
    for row in CODES.values():
        if row.code[:3] != family:
            if family:
                yield ""
            family = row.code[:3]
            yield f"# {family[2]}xx {FAMILIES[family]}"
        yield f"{row.code}  {row.name:<{width}}  {row.severity}"


def _headings_bold(lines: Iterable[str]) -> Iterator[str]:
    """Markdown with its headings bold, except what only looks like one in a block of code."""
    fenced = False
    for line in lines:
        fenced ^= line.startswith("```")
        yield click.style(line, bold=True) if line.startswith("#") and not fenced else line
