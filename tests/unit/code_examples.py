"""The examples on the pages of findings, and what is found in them."""

import re
import tomllib
from typing import NamedTuple

from connrules.catalog import Catalog
from connrules.duration import parse_instant
from connrules.findings import load_page
from connrules.lint import Report, Settings, lint
from connrules.syntax.parser import parse
from connrules.text import SourceText

CHECKER = ("CR1", "CR2", "CR3", "CR4", "CR5", "CR713", "CR714")
"""The findings of the checker. Pages about them are about nothing else; pages about others show all there is."""


class Example(NamedTuple):
    rules: str
    catalog: str | None
    as_of: str | None
    naming: str | None

    def lint(self, code: str) -> Report:
        # A page is UTF-8 itself, so the byte that is none is written as an escape.
        data = self.rules.encode().replace(rb"\xe9", b"\xe9")
        catalog = Catalog.model_validate(tomllib.loads(self.catalog)) if self.catalog else None
        as_of = parse_instant(self.as_of) if self.as_of else None
        select = CHECKER if code.startswith(CHECKER) else ()
        settings = Settings(as_of=as_of, select=select, naming=self.naming or "")
        return lint([parse(SourceText.decode(data, "example.conn"))], catalog, settings)


def section(code: str, title: str) -> str:
    return load_page(code).markdown.split(f"\n## {title}\n")[1].split("\n## ")[0]


def example(code: str, title: str) -> Example:
    text = section(code, title)
    blocks = dict(re.findall(r"```(\w+)\n(.*?)```", text, re.DOTALL))
    as_of = re.search(r"^As of: (\S+)$", text, re.MULTILINE)
    naming = re.search(r"^Names of rules: `(\S+)`$", text, re.MULTILINE)
    return Example(blocks["conn"], blocks.get("toml"), as_of and as_of[1], naming and naming[1])
