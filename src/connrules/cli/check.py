"""`connrules check`: find problems in rules."""

import time
from collections.abc import Sequence
from pathlib import Path

import click

from connrules.catalog import Catalog
from connrules.check import check
from connrules.cli.exit import ExitCode
from connrules.cli.formats import FORMATS, FORMATS_HELP, write
from connrules.cli.inputs import read_inputs
from connrules.cli.options import TIME, catalog_option, color_option, paths_argument, wants_color
from connrules.cli.render import summarize
from connrules.lint import Report, Settings
from connrules.syntax.parser import parse
from connrules.text import SourceText

_EPILOG = f"""\b
Examples:
  connrules check rules/ --catalog catalog.toml
  connrules check examples/abandoned-cart      uses the catalog in that folder
  connrules check carts.conn --format concise
  connrules check rules/ --as-of 2026-03-01    as things stood on that day

\b
Formats:
{FORMATS_HELP}

Findings go to standard output. With full and concise, the summary and the checks that were skipped go to standard
error; the other formats have them in what they write. Ends with 0 where there is nothing worse than an info, 1 where
there are errors or warnings, and 2 where something cannot be read.
"""


@click.command(epilog=_EPILOG)
@paths_argument
@catalog_option
@click.option(
    "--format",
    "layout",
    type=click.Choice(list(FORMATS)),
    default="full",
    show_default=True,
    help="How findings are written; see below.",
)
@color_option
@click.option(
    "--as-of",
    metavar="TIME",
    type=TIME,
    help="The instant as of which campaigns and cards are looked at.  [default: now]",
)
def command(paths: tuple[Path, ...], catalog_path: Path | None, layout: str, color: str, as_of: int | None) -> int:
    """Find problems in rules.

    PATHS are rule files, or folders, of which all .conn files are read.
    """
    inputs = read_inputs(paths, catalog_path)
    settings = Settings(as_of=_now() if as_of is None else as_of)
    report = _linted(inputs.sources, inputs.catalog, settings)
    summary = summarize(report, len(inputs.sources))
    write(report, layout, sources=inputs.sources, summary=summary, color=wants_color(color))
    return ExitCode.FINDINGS if summary.errors or summary.warnings else ExitCode.CLEAN


def _linted(sources: Sequence[SourceText], catalog: Catalog | None, settings: Settings) -> Report:
    checked = check([parse(source) for source in sources], catalog, settings.as_of)
    return Report(checked, checked.diagnostics, skipped=checked.skipped)


def _now() -> int:
    """Epoch milliseconds: the only clock of the program."""
    return time.time_ns() // 1_000_000
