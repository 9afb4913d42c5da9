"""`connrules graph`: a rule set as a graph, in Mermaid or DOT."""

from pathlib import Path

import click

from connrules.cli.drawings.dot import render_dot
from connrules.cli.drawings.mermaid import render_mermaid
from connrules.cli.drawings.rules import rule_drawing
from connrules.cli.exit import ExitCode
from connrules.cli.inputs import load_rule_set
from connrules.cli.left_out import say_left_out
from connrules.cli.options import catalog_option, paths_argument

_EPILOG = """\b
Examples:
  connrules graph rules/ > rules.mmd
  connrules graph rules/ --format dot | dot -Tsvg > rules.svg
  connrules graph examples/onboarding

Campaigns are boxes, cards double boxes (notes in DOT), events slanted, rules round. An arrow to a rule says what
triggers it, one from a rule what it sends; the rest of the rule stands in its node. What the catalog does not know is
marked in red; without a catalog everything counts as known.

Ends with 0, with 1 where the rules have errors (those that cannot be read are left out, which standard error says), and
with 2 where something cannot be read.
"""


@click.command(epilog=_EPILOG)
@paths_argument
@catalog_option
@click.option(
    "--format",
    "layout",
    type=click.Choice(["mermaid", "dot"]),
    default="mermaid",
    show_default=True,
    help="The language of the graph.",
)
def command(paths: tuple[Path, ...], catalog_path: Path | None, layout: str) -> int:
    """Draw campaigns, cards, events and rules as a graph.

    PATHS are rule files, or folders, of which all .conn files are read.
    """
    checked = load_rule_set(paths, catalog_path, as_of=None).checked
    drawing = rule_drawing(checked)
    click.echo(render_mermaid(drawing) if layout == "mermaid" else render_dot(drawing))
    say_left_out(checked)
    return ExitCode.FINDINGS if checked.errors else ExitCode.CLEAN
