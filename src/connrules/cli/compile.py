"""`connrules compile`: write the plan that a worker runs."""

import sys
from pathlib import Path

import click

from connrules.cli.exit import ExitCode
from connrules.cli.inputs import load_rule_set
from connrules.cli.options import FILE, catalog_option, color_option, paths_argument, wants_color
from connrules.cli.outputs import open_anew, refuse_overwriting, unwritable
from connrules.cli.render import counted, render_full
from connrules.cli.report import say_before
from connrules.compile import compile_rules

_EPILOG = """\b
Examples:
  connrules compile rules/ --catalog catalog.toml --output plan.json
  connrules compile examples/abandoned-cart | python -m json.tool

A worker reads the plan with connrules.Plan.from_json and runs it with connrules.Engine; it needs no rule files, no
catalog and no parser. Ends with 1 where the rules have errors: nothing is written then. Checks that ask how things
stand today (CR205, CR206, CR211) are left out, as in a replay: run connrules check before you publish.
"""


@click.command(epilog=_EPILOG)
@paths_argument
@catalog_option
@click.option("--output", metavar="FILE", type=FILE, help="Where the plan goes.  [default: standard output]")
@color_option
def command(paths: tuple[Path, ...], catalog_path: Path | None, output: Path | None, color: str) -> int:
    """Write the plan that a worker runs, as JSON.

    PATHS are rule files, or folders, of which all .conn files are read.
    """
    rule_set = load_rule_set(paths, catalog_path, as_of=None)
    checked = rule_set.checked
    if checked.errors:
        click.echo(render_full(checked.errors, color=wants_color(color, sys.stderr)), err=True)
        click.echo(f"{counted(len(checked.errors), 'error')}: rules with errors are not compiled", err=True)
        return ExitCode.FINDINGS
    refuse_overwriting(rule_set.files, [output])
    say_before(rule_set)
    [writer] = open_anew([output])
    writer.write(compile_rules(checked).to_json() + b"\n")
    try:
        writer.close()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise unwritable(writer.name, error) from None
    return ExitCode.CLEAN
