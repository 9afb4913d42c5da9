"""`connrules fmt`: put rule files into canonical form."""

import sys
from pathlib import Path
from typing import NamedTuple

import click

from connrules.cli.exit import ExitCode, ShellError
from connrules.cli.options import FILE, color_option, wants_color
from connrules.cli.render import counted, render_full
from connrules.cli.rewriting import difference, replace_file
from connrules.diagnostic import Diagnostic
from connrules.files import UnreadableError, read_sources
from connrules.syntax.layout import FormatError, format_file
from connrules.syntax.parser import parse
from connrules.text import SourceText

_EPILOG = """\b
Examples:
  connrules fmt rules/                  write every file anew that needs it
  connrules fmt rules/ --check          change nothing, end with 1 if a file would change
  connrules fmt carts.conn --diff       show what would change
  cat carts.conn | connrules fmt -      from standard input to standard output

The form: clauses in their usual order, one to a line, as are the steps of a test; a rule without a name and a segment
on one line, if there is room; what is said by default (`or hold`) is left out; comments stay where they stand;
durations, times and quotes stay as they are written. A file means the same before and after: this is checked before it
is written. A file with syntax errors is left as it is, and its findings are printed. A rule without a name is called
by its line, so when lines move, its decisions get other ids: name the rules that run.
"""
_STANDARD_INPUT = "-"


class _Result(NamedTuple):
    """A file, and what it should be. `text` is None where it cannot be formatted: `findings` or `why` say why."""

    source: SourceText
    text: str | None
    findings: tuple[Diagnostic, ...] = ()
    why: str = ""

    @property
    def changes(self) -> bool:
        return self.text is not None and self.text != self.source.text


@click.command(epilog=_EPILOG)
@click.argument("paths", metavar="PATHS...|-", nargs=-1, required=True, type=FILE)
@click.option("--check", "only_check", is_flag=True, help="Change nothing; end with 1 if a file would change.")
@click.option("--diff", is_flag=True, help="Change nothing; show what would change.")
@color_option
def command(paths: tuple[Path, ...], color: str, *, only_check: bool, diff: bool) -> int:
    """Put rule files into canonical form.

    PATHS are rule files, or folders, of which all .conn files are read; - for standard input.
    """
    piped = str(paths[0]) == _STANDARD_INPUT
    if piped and len(paths) > 1:
        raise ShellError("standard input and files cannot be formatted together", "name files, or -")
    results = [_format(source) for source in (_piped() if piped else _sources(paths))]
    for result in results:
        if diff and result.changes:
            click.echo(_difference(result, color=wants_color(color)), nl=False)
        if result.findings:
            click.echo(render_full(result.findings, color=wants_color(color, sys.stderr)), err=True)
        if result.why:
            click.echo(f"{result.source.path}: left as it is: {result.why}; this is a bug in connrules", err=True)
    if piped and not (only_check or diff):
        click.echo(results[0].source.text if results[0].text is None else results[0].text, nl=False)
    elif not (only_check or diff):
        _write(results)
    if not piped:
        click.echo(_summary(results, would=only_check or diff), err=True)
    return _exit_code(results, only_look=only_check or diff)


def _sources(paths: tuple[Path, ...]) -> list[SourceText]:
    try:
        return read_sources(paths)
    except UnreadableError as error:
        raise ShellError(str(error), error.help) from None


def _piped() -> list[SourceText]:
    return [SourceText.decode(sys.stdin.buffer.read(), "<stdin>")]


def _format(source: SourceText) -> _Result:
    parsed = parse(source)
    if parsed.diagnostics:
        return _Result(source, None, findings=parsed.diagnostics)
    try:
        return _Result(source, format_file(parsed))
    except FormatError as error:
        return _Result(source, None, why=str(error))


def _write(results: list[_Result]) -> None:
    for result in results:
        if result.text is not None and result.changes:
            replace_file(Path(result.source.path), result.text.encode())


def _difference(result: _Result, *, color: bool) -> str:
    return difference(result.source.path, result.source.text, result.text or "", "formatted", color=color)


def _summary(results: list[_Result], *, would: bool) -> str:
    changed = sum(result.changes for result in results)
    refused = sum(result.text is None for result in results)
    verb = "would change" if would else "changed"
    parts = [f"{counted(changed, 'file')} {verb}", f"{len(results) - changed - refused} left as they were"]
    if refused:
        parts.append(f"{refused} with errors refused")
    return ", ".join(parts)


def _exit_code(results: list[_Result], *, only_look: bool) -> int:
    if any(result.text is None for result in results) or (only_look and any(result.changes for result in results)):
        return ExitCode.FINDINGS
    return ExitCode.CLEAN
