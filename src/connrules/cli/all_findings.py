"""The reference of all findings as one page of Markdown: a table of the codes, then the page of each."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from connrules.codes import CODES, FAMILIES, Code
from connrules.findings import load_page

_INTRODUCTION = """\
# Findings

Every finding of `connrules check` has a code and a name; either one can be given where a finding is asked for. An
*error* is certain, a *warning* is likely, an *info* is only worth knowing; the severities here are the usual ones, and
a page says where a finding can be worse or milder.

- **catalog**: the check needs the catalog; without one it is skipped.
- **date**: the check asks how things stand as of a date (`--as-of`, now by default). `run`, `test`, `why` and
  `compile` leave it out.
- **fix**: `--fix` applies safe fixes, which change nothing of what rules mean; `--unsafe-fixes` applies those, too,
  that do what was probably meant.

This page is what `connrules explain --all` prints; `connrules explain CODE` prints the part about one finding.
"""


def render_all() -> str:
    """The whole reference."""
    return "\n".join([_INTRODUCTION, *_table(), "", *_families()])


def _table() -> Iterator[str]:
    yield "| Code | Name | Severity | Needs | Fix |"
    yield "|---|---|---|---|---|"
    for row in CODES.values():
        needs = ", ".join(word for word, wanted in (("catalog", row.needs_catalog), ("date", row.dated)) if wanted)
        yield f"| [{row.code}](#{_anchor(row)}) | {row.name} | {row.severity} | {needs} | {row.fix} |"


def _anchor(row: Code) -> str:
    return f"{row.code}-{row.name}".lower()


def _families() -> Iterator[str]:
    for family, rows in groupby(CODES.values(), key=lambda row: row.code[:3]):
        yield f"## {family[2]}xx {FAMILIES[family]}\n"
        for row in rows:
            yield "\n".join(_lowered(load_page(row.code).markdown.rstrip("\n").split("\n"))) + "\n"


def _lowered(lines: Iterable[str]) -> Iterator[str]:
    """A page with its headings two levels lower; what only looks like one in a block of code stays."""
    fenced = False
    for line in lines:
        fenced ^= line.startswith("```")
        yield f"##{line}" if line.startswith("#") and not fenced else line
