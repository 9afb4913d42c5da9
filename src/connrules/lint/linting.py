"""Checks a rule set and reports what the settings ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from connrules.check import Checked, check
from connrules.codes import CODES
from connrules.diagnostic import Diagnostic
from connrules.files import read_sources
from connrules.lint.report import Report, Suppressed
from connrules.lint.selection import Selection
from connrules.lint.settings import Settings, settings_given
from connrules.lint.style import check_form, check_names
from connrules.lint.suppressions import sift
from connrules.pipeline import read_catalog
from connrules.syntax.parser import Parsed, parse

if TYPE_CHECKING:
    from connrules.catalog import Catalog

_UNFORMED = frozenset(code for code in CODES if code.startswith("CR1")) - {"CR110"}
"""What must be mended in a file before it can be put into the usual form."""


def lint_files(
    *paths: str | Path, catalog: str | Path | Catalog | None = None, settings: Settings | None = None
) -> Report:
    """Read rule files, or folders of them, and lint them against a catalog or its file: what `connrules check` does.

    Raises UnreadableError for what cannot be read, also where no path is given, CatalogError for a catalog that is
    none, and SettingsError for settings that are none.
    """
    return lint([parse(source) for source in read_sources(paths)], read_catalog(catalog), settings)


def lint(files: Sequence[Parsed], catalog: Catalog | None = None, settings: Settings | None = None) -> Report:
    """Check a rule set, its style, tests and suppressions: files in order, perhaps a catalog, perhaps settings."""
    settings = settings_given(settings)
    checked = check(files, catalog, settings.as_of)
    selection = Selection(settings)
    found = [*checked.diagnostics, *_found(files, checked, selection, settings)]
    not_made = {*_impossible(checked, settings), *_not_asked_for(checked, settings)}
    sifted = sift(files, found, selection, frozenset(CODES) - not_made, settings.as_of)
    skipped = {*_impossible(checked, settings), *(["CR701"] if sifted.unjudged else [])}
    return Report(
        checked,
        _in_order(files, (_writable(selection.graded(found)) for found in [*sifted.kept, *sifted.about])),
        _suppressed_in_order(files, (one._replace(finding=selection.graded(one.finding)) for one in sifted.suppressed)),
        tuple(code for code in CODES if code in skipped and code in selection.codes),
    )


def _writable(finding: Diagnostic) -> Diagnostic:
    """A finding without a fix, where the file cannot be written: what is not UTF-8 would be lost."""
    return replace(finding, fix=None) if finding.source.invalid_bytes else finding


def _in_order(files: Sequence[Parsed], findings: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    place = {id(parsed.file.source): number for number, parsed in enumerate(files)}
    return tuple(sorted(findings, key=lambda f: (place[id(f.source)], f.span, f.code)))


def _suppressed_in_order(files: Sequence[Parsed], suppressed: Iterable[Suppressed]) -> tuple[Suppressed, ...]:
    by_finding = {id(one.finding): one for one in suppressed}
    return tuple(by_finding[id(found)] for found in _in_order(files, [one.finding for one in by_finding.values()]))


def _found(files: Sequence[Parsed], checked: Checked, selection: Selection, settings: Settings) -> Iterator[Diagnostic]:
    """What is found beyond the checker; what takes time, only where it is asked for."""
    if "CR601" in selection.codes:
        unformed = [f.source for f in checked.diagnostics if f.code in _UNFORMED and selection.takes(f.code, f.source)]
        yield from check_form(files, unformed)
    yield from check_names(checked.rules, files, settings.naming)
    if selection.codes & {"CR711", "CR712"} and checked.tests and not checked.errors:
        from connrules.lint.untested import check_tested  # noqa: PLC0415  # most runs of a check run no tests

        yield from check_tested(checked)


def _impossible(checked: Checked, settings: Settings) -> Iterator[str]:
    """The checks that could not be made, or not to the end."""
    yield from (*checked.skipped, *checked.cut_short)
    if settings.as_of is None:
        yield "CR702"
    if checked.errors and checked.tests:
        yield from ("CR711", "CR712")


def _not_asked_for(checked: Checked, settings: Settings) -> Iterator[str]:
    """The checks that had nothing to go by."""
    if not settings.naming:
        yield "CR603"
    if not checked.tests:
        yield from ("CR711", "CR712")
