"""What commands read: rule files and a catalog, with a clear end (ShellError) where they cannot be read."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from connrules.check import Checked
from connrules.cli.configuration.keys import CATALOG
from connrules.cli.configuration.layers import configured
from connrules.cli.exit import ShellError
from connrules.files import STANDARD, UnreadableError, read_bytes, read_sources
from connrules.pipeline import check_sources
from connrules.text import SourceText

if TYPE_CHECKING:
    from connrules.catalog import Catalog
    from connrules.event import Profiles

CATALOG_SUFFIXES = (".toml", ".json", ".yaml", ".yml")
_LOGS = ("events.jsonl", "events.jsonl.gz", "events.jsonl.zst")


@dataclass(frozen=True, slots=True)
class Inputs:
    """The texts of a rule set and its catalog, as they were read."""

    sources: tuple[SourceText, ...]
    """In rule-set order."""
    catalog: Catalog | None
    catalog_path: Path | None
    """The file of the catalog, given or found; None: there is none."""
    piped: SourceText | None = None
    """The one among `sources` that came from standard input."""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A checked rule set with what it was read from."""

    checked: Checked
    sources: tuple[SourceText, ...]
    catalog_path: Path | None
    """The file of the catalog, given or found; None: there is none."""
    configuration_path: Path | None = None
    """The file of the configuration, where it was asked."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that was read."""
        return (
            *(Path(source.path) for source in self.sources),
            *filter(None, [self.catalog_path, self.configuration_path]),
        )


def load_rule_set(paths: Sequence[Path], catalog_path: Path | None, as_of: int | None) -> RuleSet:
    """Read and check rules.

    Without `catalog_path`, the catalog is the one that the configuration names, else the one that `find_catalog` finds.
    Without `as_of` (epoch ms), checks that depend on a date are left out. Raises ShellError for what cannot be read;
    findings are no error here.
    """
    configuration = configured(paths) if catalog_path is None else None
    inputs = read_inputs(paths, configuration[CATALOG] if configuration else catalog_path)
    checked = check_sources(inputs.sources, inputs.catalog, as_of)
    return RuleSet(checked, inputs.sources, inputs.catalog_path, configuration.path if configuration else None)


def read_inputs(paths: Sequence[Path], catalog_path: Path | None, piped: SourceText | None = None) -> Inputs:
    """Read rules and their catalog: the one that is given, else the one that `find_catalog` finds.

    A text that was `piped` in stands in for the file that it is called by, or comes last where there is none among
    them. Raises ShellError for what cannot be read.
    """
    try:
        sources = tuple(read_sources(paths)) if paths else ()
    except UnreadableError as error:
        raise ShellError(str(error), error.help) from None
    path = catalog_path or find_catalog(paths)
    catalog = None if path is None else read_catalog(path)
    return Inputs(sources, catalog, path) if piped is None else _with_piped(Inputs(sources, catalog, path), piped)


def _with_piped(inputs: Inputs, piped: SourceText) -> Inputs:
    same = [source for source in inputs.sources if os.path.realpath(source.path) == os.path.realpath(piped.path)]
    if not same:
        return replace(inputs, sources=(*inputs.sources, piped), piped=piped)
    piped = replace(piped, path=same[0].path, name=same[0].name)
    return replace(inputs, sources=tuple(piped if s is same[0] else s for s in inputs.sources), piped=piped)


def read_piped(filename: Path | None) -> SourceText:
    """The text of standard input, called by the name of a file, or `<stdin>`."""
    name = str(filename or "<stdin>")
    return SourceText.decode(sys.stdin.buffer.read(), name, Path(name).name)


def find_catalog(paths: Sequence[Path]) -> Path | None:
    """The file `catalog.toml`, `.json`, `.yaml` or `.yml` in the folder, where `paths` is a single folder.

    Raises ShellError where there is more than one.
    """
    if len(paths) != 1 or not paths[0].is_dir():
        return None
    found = [file for suffix in CATALOG_SUFFIXES if (file := paths[0] / f"catalog{suffix}").is_file()]
    if len(found) > 1:
        names = ", ".join(file.name for file in found)
        raise ShellError(f"{paths[0]}: more than one catalog: {names}", "name the one you mean with --catalog FILE")
    return found[0] if found else None


def find_log(paths: Sequence[Path], *, may_be_standard: bool = True) -> Path:
    """The log in the folder, where `paths` is a single folder. Raises ShellError where there is none, or several.

    `may_be_standard` says whether the command could read it from standard input.
    """
    if len(paths) == 1 and paths[0].is_dir():
        found = [file for name in _LOGS if (file := paths[0] / name).is_file()]
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(file.name for file in found)
            raise ShellError(f"{paths[0]}: more than one log: {names}", "name the one you mean with --events FILE")
    standard = ", or - for standard input" if may_be_standard else ""
    raise ShellError("there is no log to run the rules over", f"name it with --events FILE{standard}")


def load_profiles(path: Path | None, events: Path) -> Profiles | None:
    """The profiles in a file, if one is given. Raises ShellError where they cannot be read, or a line is no profile."""
    if path is None:
        return None
    if str(path) == str(events) == STANDARD:
        raise ShellError("standard input cannot be both the events and the profiles", "name a file for one of them")
    from connrules.connectors.profiles import read_profiles  # noqa: PLC0415  # few runs have any

    try:
        return read_profiles(path)
    except UnreadableError as error:
        raise ShellError(str(error), error.help or "check the path after --profiles") from None


def read_catalog(path: Path) -> Catalog:
    """The catalog in a file. Raises ShellError with each problem on a line of its own."""
    from connrules.catalog import CatalogError, load_catalog  # noqa: PLC0415  # loads pydantic

    try:
        return load_catalog(read_bytes(path), str(path))
    except UnreadableError as error:
        raise ShellError(str(error), error.help) from None
    except CatalogError as error:
        raise ShellError(
            str(error), "docs/catalog.md shows a whole one; `connrules catalog schema` prints its JSON Schema"
        ) from None
