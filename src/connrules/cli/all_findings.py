"""The reference of all findings as one page of Markdown: a table of the codes, then the page of each."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from connrules.codes import CODES, FAMILIES, Code
from connrules.findings import load_page

_OTHER_CODE: Final = re.compile(r"(?<![\[`\w])CR\d{3}(?![\]`\w])")
"""A finding that a page names in its text."""

_INTRODUCTION: Final = """\
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
            yield "\n".join(_as_part(load_page(row.code).markdown.rstrip("\n").split("\n"))) + "\n"


def _as_part(lines: Iterable[str]) -> Iterator[str]:
    """A page as a part of this one: its headings two levels lower, the findings that it names as links; what stands in
    a block of code stays as it is.
    """
    fenced = False
    for line in lines:
        fenced ^= line.startswith("```")
        if fenced:
            yield line
        else:
            yield f"##{line}" if line.startswith("#") else _OTHER_CODE.sub(_link, line)


def _link(named: re.Match[str]) -> str:
    row = CODES.get(named[0])
    return f"[{row.code}](#{_anchor(row)})" if row else named[0]
