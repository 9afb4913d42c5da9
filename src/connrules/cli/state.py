"""`connrules state`: what a state file holds."""

from pathlib import Path

import click

from connrules.cli.exit import ShellError
from connrules.cli.options import FILE, color_option, wants_color
from connrules.cli.standing.document import render_document
from connrules.cli.standing.state import read_state
from connrules.cli.standing.text import render_state, render_user

_EPILOG = """\b
Examples:
  connrules state run.db
  connrules state run.db --user u-17              what that user waits for, and what still counts
  connrules state run.db --format json | jq .undelivered

\b
A state file is what `connrules run --state FILE` keeps: how many users wait for which rule and until when, how far the
log was read, up to when all is decided, and what is not written to its outputs yet. Looking changes nothing, not a
byte. A state that a run has open is refused: stop the run first.

Ends with 0; with 2 where the file cannot be read, is in use, or is no state.
"""


@click.command(epilog=_EPILOG)
@click.argument("path", metavar="FILE", type=FILE)
@click.option("--user", metavar="USER", help="What is held of this user, as the events name them.")
@click.option(
    "--format",
    "layout",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the answer is written: for people, or as one JSON document.",
)
@color_option
def command(*, path: Path, user: str | None, layout: str, color: str) -> None:
    """Tell what a state file holds: who waits for what, and how far it has come."""
    if user == "":
        raise ShellError("--user: it is empty, as no user is", "name the user as the events do")
    state = read_state(path, user)
    if layout == "json":
        click.echo(render_document(state, user))
    elif user is not None:
        click.echo(render_user(state, user, color=wants_color(color)))
    else:
        click.echo(render_state(state, color=wants_color(color)))
