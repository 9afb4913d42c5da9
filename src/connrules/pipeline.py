"""The table of contents: source texts are parsed, checked against a catalog and compiled to a plan."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from connrules.check import Checked, check
from connrules.files import read_bytes, read_sources
from connrules.syntax.parser import parse
from connrules.text import SourceText

if TYPE_CHECKING:
    from connrules.catalog import Catalog
    from connrules.plan import Plan


def load(*paths: str | Path, catalog: str | Path | Catalog | None = None, as_of: int | None = None) -> Checked:
    """Read rule files, or folders of them, and check them against a catalog or its file.

    `as_of` (epoch ms) is the instant as of which campaigns and cards are looked at; without it, checks that depend on a
    date are left out. Raises UnreadableError for what cannot be read, also where no path is given, and CatalogError for
    a catalog that is none; what is wrong with the rules is in the result's `diagnostics`.
    """
    return check_sources(read_sources(paths), read_catalog(catalog), as_of)


def read_catalog(catalog: str | Path | Catalog | None) -> Catalog | None:
    """A catalog as it is, or the one in a file. Raises UnreadableError and CatalogError."""
    if catalog is None:
        return None
    from connrules.catalog import Catalog, load_catalog  # noqa: PLC0415  # loads pydantic

    return catalog if isinstance(catalog, Catalog) else load_catalog(read_bytes(catalog), str(catalog))


def loads(text: str, *, catalog: Catalog | None = None, as_of: int | None = None, name: str = "rules.conn") -> Checked:
    """Check the rules in a text. `name` is what the text is called in findings and by rules without a name."""
    return check_sources([SourceText(name, text)], catalog, as_of)


def check_sources(sources: Iterable[SourceText], catalog: Catalog | None, as_of: int | None = None) -> Checked:
    """Parse and check source texts, in rule-set order."""
    return check([parse(source) for source in sources], catalog, as_of)


def compile_sources(sources: Iterable[SourceText], catalog: Catalog | None) -> Plan:
    """Source texts to a plan. Raises CompileError where the checker finds errors."""
    from connrules.compile import compile_rules  # noqa: PLC0415  # who only checks needs no plans

    return compile_rules(check_sources(sources, catalog))
