"""`connrules compile`: write the plan that a worker runs."""

import sys
from pathlib import Path

import click

from connrules.cli.exit import ExitCode, ShellError
from connrules.cli.inputs import load_rule_set
from connrules.cli.options import FILE, catalog_option, color_option, paths_argument, wants_color
from connrules.cli.render import render_full
from connrules.compile import compile_rules
from connrules.files import reason

_EPILOG = """\b
Examples:
  connrules compile rules/ --catalog catalog.toml --output plan.json
  connrules compile examples/abandoned-cart | python -m json.tool

A worker reads the plan with connrules.Plan.from_json and runs it with connrules.Engine; it needs no rule files, no
catalog and no parser. Ends with 1 where the rules have errors: nothing is written then.
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
    checked = load_rule_set(paths, catalog_path, as_of=None).checked
    if checked.errors:
        click.echo(render_full(checked.errors, color=wants_color(color, sys.stderr)), err=True)
        return ExitCode.FINDINGS
    plan = compile_rules(checked).to_json() + b"\n"
    if output is None:
        sys.stdout.buffer.write(plan)
        return ExitCode.CLEAN
    try:
        output.write_bytes(plan)
    except OSError as error:
        raise ShellError(f"{output}: cannot be written: {reason(error)}", "choose another file") from None
    return ExitCode.CLEAN
