"""The options of `connrules check` that are about fixes; what they do is loaded where one of them is given."""

from collections.abc import Callable
from typing import TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., object])

_OPTIONS = (
    click.option("--fix", is_flag=True, help="Apply the fixes that keep what rules mean, and report what is left."),
    click.option(
        "--unsafe-fixes",
        is_flag=True,
        help="With --fix or --diff: also the fixes that change what rules mean, or do what was only probably meant.",
    ),
    click.option(
        "--diff", is_flag=True, help="Write nothing; show what --fix would change, and end with 1 if there is any."
    ),
)


def fix_options(command: Command) -> Command:
    """The options `--fix`, `--unsafe-fixes` and `--diff`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
