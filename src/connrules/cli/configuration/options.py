"""The options that say what is in force, whatever a configuration says: `connrules check` and `connrules config`."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from connrules.cli.configuration.keys import KEYS
from connrules.cli.configuration.layers import Configuration, configured, notes_on_environment
from connrules.cli.exit import ShellError
from connrules.cli.options import FILE, catalog_option
from connrules.diagnostic import Severity

_OPTIONS: Final = (
    catalog_option,
    click.option(
        "--as-of",
        metavar="TIME",
        help="The instant as of which campaigns and cards are looked at.  [default: now]",
    ),
    click.option(
        "--select",
        metavar="CODES",
        multiple=True,
        help="Report these alone: codes, families or names, with commas between, e.g. CR4,send-loop.",
    ),
    click.option(
        "--ignore",
        metavar="CODES",
        multiple=True,
        help="Do not report these. Where both options speak of a finding, the more exact one counts: CR401 before CR4.",
    ),
    click.option(
        "--fail-on",
        type=click.Choice([severity.value for severity in Severity]),
        help="End with 1 where something at least as severe is reported.  [default: warning]",
    ),
    click.option(
        "--config",
        "config_path",
        metavar="FILE",
        type=FILE,
        help="The configuration, in the place of the nearest connrules.toml or pyproject.toml.",
    ),
    click.option("--no-config", is_flag=True, help="Read no configuration file."),
)

Command = TypeVar("Command", bound=Callable[..., Any])


def configuration_options(command: Command) -> Command:
    """Give a command these options; it hands what comes of them to `chosen`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def chosen(paths: Sequence[Path], options: Mapping[str, Any]) -> Configuration:
    """The configuration for these paths with these options. Raises ShellError for what is wrong with it."""
    if options["config_path"] and options["no_config"]:
        raise ShellError("--config and --no-config go against each other", "leave one of them out")
    flags = {key.name: options.get(key.name.replace("-", "_")) for key in KEYS}
    catalog = options["catalog_path"]
    flags["catalog"] = None if catalog is None else str(catalog)
    for note in notes_on_environment():
        click.echo(note, err=True)
    return configured(paths, flags, file=options["config_path"], alone=options["no_config"])
