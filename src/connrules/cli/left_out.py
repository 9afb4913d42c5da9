"""What a drawing or a plan leaves out of a rule set with errors, said on standard error."""

import click

from connrules.check import Checked
from connrules.cli.render import counted, render_concise


def say_left_out(checked: Checked) -> None:
    """The errors, a line each, and what they mean for what is shown."""
    if checked.errors:
        click.echo(render_concise(checked.errors), err=True)
        unread = any(finding.code.startswith("CR1") for finding in checked.errors)
        out = "what cannot be read is left out; " if unread else ""
        click.echo(f"{counted(len(checked.errors), 'error')}: {out}`connrules check` says what to do", err=True)
