"""`connrules test`: run the tests of rules."""

import sys
import time
from pathlib import Path

import click

from connrules.check import Checked
from connrules.cli.exit import ExitCode, ShellError
from connrules.cli.inputs import load_rule_set
from connrules.cli.options import catalog_option, color_option, paths_argument, wants_color
from connrules.cli.render import counted, render_full
from connrules.cli.report import say_before
from connrules.cli.testing.timelines import (
    render_coverage,
    render_failures,
    render_files,
    render_summary,
    render_too_little,
)
from connrules.testing import Report, run_tests
from connrules.testing.running import selected

_EPILOG = """\b
Examples:
  connrules test rules/ --catalog catalog.toml
  connrules test examples/abandoned-cart       uses the catalog in that folder
  connrules test rules/ -k "cancels"           those whose name contains this
  connrules test rules/ --coverage --fail-under 90
  connrules test rules/ --format junit > tests.xml

\b
A test says what happens to a user, and what comes of it:
  test "a purchase while waiting cancels":
    at 0s received_push of "Abandoned Cart"
    at 2h purchase
    expect cancelled cart_reminder at 2h

All rules of the rule set run, in virtual time. A failed test is told as one timeline; a line in it is marked
✓ expected and happened, ✗ expected but did not happen, ! happened but was not expected.

Results go to standard output, notes and warnings to standard error. Ends with 0 where every test passed, 1 where one
failed or the coverage is below --fail-under, or where the rules have errors (nothing is run then; what is wrong only
as of today, such as a campaign that is over by now, is no matter here), and 2 where something cannot be read or there
is no test to run.
"""


@click.command(epilog=_EPILOG)
@paths_argument
@catalog_option
@click.option("-k", "select", metavar="TEXT", default="", help="Run the tests whose name contains this text.")
@click.option("--coverage", is_flag=True, help="Show what the tests reached of each rule, and what they did not.")
@click.option(
    "--fail-under",
    metavar="N",
    type=click.IntRange(0, 100),
    help="End with 1 where the tests reach less than N percent; includes --coverage.",
)
@click.option(
    "--format",
    "layout",
    type=click.Choice(["text", "json", "junit"]),
    default="text",
    show_default=True,
    help="How results are written: for people, one JSON document, or XML as JUnit has it.",
)
@click.option("--quiet", "-q", is_flag=True, help="Only what failed, and the summary.")
@color_option
def command(  # noqa: PLR0913  # the options of the command
    *,
    paths: tuple[Path, ...],
    catalog_path: Path | None,
    select: str,
    coverage: bool,
    fail_under: int | None,
    layout: str,
    quiet: bool,
    color: str,
) -> int:
    """Run the tests of rules.

    PATHS are rule files, or folders, of which all .conn files are read.
    """
    rule_set = load_rule_set(paths, catalog_path, as_of=None)
    if rule_set.checked.errors:
        return _refuse(rule_set.checked, color)
    say_before(rule_set, quiet=quiet)
    coverage = coverage or fail_under is not None
    begun = time.perf_counter()
    report = run_tests(rule_set.checked, select=select, coverage=coverage)
    seconds = time.perf_counter() - begun
    if not report.results:
        raise _nothing_to_run(rule_set.checked, select)
    if layout == "text":
        _write_text(report, coverage=coverage, quiet=quiet, color=wants_color(color))
    else:
        click.echo(_document(layout, report, seconds, coverage=coverage, fail_under=fail_under))
    return _code(report, fail_under)


def _refuse(checked: Checked, color: str) -> int:
    click.echo(render_full(checked.errors, color=wants_color(color, sys.stderr)), err=True)
    click.echo(f"{counted(len(checked.errors), 'error')}: rules with errors are not tested", err=True)
    return ExitCode.FINDINGS


def _nothing_to_run(checked: Checked, select: str) -> ShellError:
    if not checked.tests:
        return ShellError("there are no tests", 'write one, e.g. `test "a purchase cancels": at 0s … expect …`')
    tests = counted(len(list(selected(checked))), "test")  # one for each value of `each`, as they are counted when run
    return ShellError(f"no test has `{select}` in its name", f"without -k, {tests} would run")


def _write_text(report: Report, *, coverage: bool, quiet: bool, color: bool) -> None:
    parts = [] if quiet else [render_files(report)]
    if report.failed:
        parts.append(render_failures(report, color=color))
    if coverage:
        parts.append(render_coverage(report.coverage, color=color))
    summary = click.style(render_summary(report), fg="red" if report.failed else "green", bold=True)
    click.echo("\n\n".join([*parts, summary if color else click.unstyle(summary)]))


def _document(layout: str, report: Report, seconds: float, *, coverage: bool, fail_under: int | None) -> str:
    from connrules.cli.testing.documents import render_json, render_junit  # noqa: PLC0415  # most runs write none

    if layout == "json":
        return render_json(report, coverage=coverage, fail_under=fail_under)
    return render_junit(report, seconds, fail_under=fail_under)


def _code(report: Report, fail_under: int | None) -> int:
    too_little = fail_under is not None and report.coverage.is_below(fail_under)
    if fail_under is not None and too_little:
        click.echo(render_too_little(report.coverage, fail_under), err=True)
    return ExitCode.FINDINGS if report.failed or too_little else ExitCode.CLEAN
