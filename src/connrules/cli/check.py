"""`connrules check`: find problems in rules."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from connrules.cli import checking
from connrules.cli.checking.options import fix_options
from connrules.cli.clock import now
from connrules.cli.configuration.keys import AS_OF, CATALOG, FAIL_ON, FORMAT
from connrules.cli.configuration.layers import Configuration
from connrules.cli.configuration.linting import settings_of
from connrules.cli.configuration.options import chosen, configuration_options
from connrules.cli.exit import ExitCode, ShellError
from connrules.cli.formats import FORMATS, FORMATS_HELP, write
from connrules.cli.inputs import Inputs, read_inputs, read_piped
from connrules.cli.options import FILE, color_option, wants_color
from connrules.cli.render import summarize
from connrules.diagnostic import Diagnostic, Severity
from connrules.files import STANDARD
from connrules.lint import Report, lint
from connrules.syntax.parser import parse
from connrules.text import SourceText

_EPILOG = f"""\b
Examples:
  connrules check rules/ --catalog catalog.toml
  connrules check examples/abandoned-cart      uses the catalog in that folder
  connrules check carts.conn --format concise
  connrules check rules/ --as-of 2026-03-01    as things stood on that day
  connrules check rules/ --changed-since main  only what this branch is about
  connrules check rules/ --fix                 mend what can be mended safely
  connrules check rules/ - --stdin-filename rules/carts.conn < draft.conn

\b
Formats:
{FORMATS_HELP}

Findings go to standard output. With full and concise, the summary and the checks that were skipped go to standard
error; the other formats have them in what they write. What is reported, and how, can be said in a connrules.toml, in
the environment (CONNRULES_SELECT, CONNRULES_AS_OF …) and by options; `connrules config` shows what is in force.

Ends with 0 where there is nothing as severe as --fail-on (warning), 1 where there is, and 2 where something cannot be
read or the configuration is wrong.
"""
_RANKS = {Severity.INFO: 0, Severity.WARNING: 1, Severity.ERROR: 2}


@click.command(epilog=_EPILOG)
@click.argument("paths", metavar="PATHS...|-", nargs=-1, required=True, type=FILE)
@configuration_options
@click.option("--format", type=click.Choice(list(FORMATS)), help="How findings are written.  [default: full]")
@click.option("--statistics", is_flag=True, help="Say how many findings of each kind there are, not the findings.")
@click.option(
    "--show-suppressed",
    is_flag=True,
    help="With full and concise: also what comments suppress, and why. JSON and SARIF have that in any case.",
)
@click.option("--exit-zero", is_flag=True, help="End with 0, whatever is found.")
@click.option(
    "--changed-since",
    "since",
    metavar="REF",
    help="Check everything, but report only what is about rules, tests and other declarations that have changed since "
    "the branch left this git revision, and what was not found then.",
)
@click.option(
    "--stdin-filename",
    metavar="FILE",
    type=FILE,
    help="The file that - stands for: its text is read from standard input.",
)
@fix_options
@color_option
def command(  # noqa: PLR0913  # the options of the command
    *,
    paths: tuple[Path, ...],
    statistics: bool,
    show_suppressed: bool,
    exit_zero: bool,
    since: str | None,
    stdin_filename: Path | None,
    fix: bool,
    unsafe_fixes: bool,
    diff: bool,
    color: str,
    **options: Any,
) -> int:
    """Find problems in rules.

    PATHS are rule files, or folders, of which all .conn files are read; - for standard input.
    """
    configuration = chosen([_place(path, stdin_filename) for path in paths], options)
    layout = configuration[FORMAT]
    if statistics:
        checking.statistics.refuse_format(layout)  # before --fix has changed a file
    inputs = _read(paths, configuration[CATALOG], stdin_filename)
    if fix and statistics and inputs.piped is not None:
        raise ShellError("standard output cannot have both the fixed text and --statistics", "ask for one of them")
    if diff and options["format"] not in {None, "full", "concise"}:
        raise ShellError(f"--diff has no format `{options['format']}`", "leave out --format, or leave out --diff")
    linted = _linting(inputs, configuration)
    changes = None if since is None else checking.since.changes_since(since, paths, inputs, configuration.path, linted)
    reported = linted if changes is None else lambda sources: changes.narrowed(linted(sources), sources)
    if diff:
        differs = checking.fixing.show_fixes(inputs, reported, unsafe=unsafe_fixes, color=wants_color(color))
        return ExitCode.FINDINGS if differs and not exit_zero else ExitCode.CLEAN
    sources = checking.fixing.apply_fixes(inputs, reported, unsafe=unsafe_fixes) if fix else inputs.sources
    whole = linted(sources)
    report = whole if changes is None else changes.narrowed(whole, sources)
    notes = [changes.note if changes else "", "" if fix else _fixable(report.findings, unsafe=unsafe_fixes)]
    if statistics:
        checking.statistics.write_statistics(report.findings, layout, color=wants_color(color))
    else:
        write(
            report,
            layout,
            sources=sources,
            summary=summarize(
                report,
                len(sources),
                since=changes.ref if changes and not changes.whole else None,
                unchanged=len(whole.findings) - len(report.findings),
            ),
            color=wants_color(color),
            notes=list(filter(None, notes)),
            show_suppressed=show_suppressed,
            err=fix and inputs.piped is not None,
        )
    return ExitCode.CLEAN if exit_zero else _code(report.findings, Severity(configuration[FAIL_ON]))


def _fixable(findings: Sequence[Diagnostic], *, unsafe: bool) -> str:
    has_fix = any(finding.fix for finding in findings)
    return checking.fixing.render_fixable(findings, unsafe=unsafe) if has_fix else ""


def _place(path: Path, stdin_filename: Path | None) -> Path:
    """Where a path leads; standard input, where the file is that it stands for."""
    return (stdin_filename or Path()) if str(path) == STANDARD else path


def _read(paths: Sequence[Path], catalog: Path | None, stdin_filename: Path | None) -> Inputs:
    files = [path for path in paths if str(path) != STANDARD]
    if len(files) == len(paths):
        if stdin_filename is not None:
            raise ShellError("--stdin-filename is for standard input, which is not read", "add - to the paths")
        return read_inputs(files, catalog)
    return read_inputs(files, catalog, read_piped(stdin_filename))


def _linting(inputs: Inputs, configuration: Configuration) -> Callable[[Sequence[SourceText]], Report]:
    """A function that lints texts, of the same files or of what they are to be."""
    as_of = configuration[AS_OF]
    paths = [source.path for source in inputs.sources]
    settings = settings_of(configuration, paths, now() if as_of is None else as_of)
    return lambda sources: lint([parse(source) for source in sources], inputs.catalog, settings)


def _code(findings: Sequence[Diagnostic], least: Severity) -> ExitCode:
    bad = any(_RANKS[finding.severity] >= _RANKS[least] for finding in findings)
    return ExitCode.FINDINGS if bad else ExitCode.CLEAN
