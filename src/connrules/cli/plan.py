"""`connrules plan`: the order in which to publish campaigns and cards."""

from pathlib import Path

import click

from connrules.cli.clock import now
from connrules.cli.configuration.keys import AS_OF, CATALOG
from connrules.cli.configuration.layers import configured
from connrules.cli.drawings.dot import render_dot
from connrules.cli.drawings.mermaid import render_mermaid
from connrules.cli.exit import ExitCode
from connrules.cli.inputs import load_rule_set
from connrules.cli.left_out import say_left_out
from connrules.cli.options import catalog_option, color_option, paths_argument, wants_color
from connrules.cli.publishing.document import render_document
from connrules.cli.publishing.drawing import plan_drawing
from connrules.cli.publishing.shown import Publishing, publishing_of
from connrules.cli.publishing.text import render_plan

_EPILOG = """\b
Examples:
  connrules plan rules/ --catalog catalog.toml
  connrules plan rules/ --as-of 2026-03-01     as things stood on that day
  connrules plan rules/ --format mermaid       to paste into a page that draws it
  connrules plan rules/ --format dot | dot -Tsvg > order.svg

A follow-on is published before the campaign or card that it follows: what users do before it is live never counts. The
plan says what to publish in which step and by when, what has no safe order, and what a wrong order has lost, or is
going to lose. Without a catalog it says what comes before what, but knows no dates.

Ends with 0 where the order is right as it is planned, 1 where something can still be put right (a cycle, a date that is
too late, a source that is live before its follow-on) or the rules have errors, and 2 where something cannot be read.
What is lost already is told, and changes nothing in that.
"""


@click.command(epilog=_EPILOG)
@paths_argument
@catalog_option
@click.option(
    "--as-of",
    metavar="TIME",
    help="The instant as of which campaigns and cards are looked at.  [default: now]",
)
@click.option(
    "--format",
    "layout",
    type=click.Choice(["text", "json", "dot", "mermaid"]),
    default="text",
    show_default=True,
    help="How the plan is written.",
)
@color_option
def command(paths: tuple[Path, ...], catalog_path: Path | None, as_of: str | None, layout: str, color: str) -> int:
    """Put what is to be published in a safe order.

    PATHS are rule files, or folders, of which all .conn files are read.
    """
    catalog = None if catalog_path is None else str(catalog_path)
    configuration = configured(paths, {CATALOG.name: catalog, AS_OF.name: as_of})
    checked = load_rule_set(paths, configuration[CATALOG], as_of=None).checked
    instant = configuration[AS_OF]
    publishing = publishing_of(checked, now() if instant is None else instant)
    click.echo(_rendered(publishing, layout, color=wants_color(color)))
    say_left_out(checked)
    return ExitCode.FINDINGS if publishing.is_wrong or checked.errors else ExitCode.CLEAN


def _rendered(publishing: Publishing, layout: str, *, color: bool) -> str:
    match layout:
        case "json":
            return render_document(publishing)
        case "dot":
            return render_dot(plan_drawing(publishing))
        case "mermaid":
            return render_mermaid(plan_drawing(publishing))
        case _:
            return render_plan(publishing, color=color)
