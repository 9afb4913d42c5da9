"""The command `connrules` itself: it finds the command that is asked for and imports that one alone.

A command is a module of this package with a click command called `command`; adding one adds a line to `COMMANDS`.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final, NoReturn, cast

import click

from connrules import __version__
from connrules.cli.exit import ended, report
from connrules.cli.options import color_of_environment
from connrules.text import closest

COMMANDS: Final = {
    "check": "Find problems in rules.",
    "run": "Run rules over a log of events and write what they decide.",
    "flink": "Run rules over folders of events on Apache Flink.",
    "diff": "Show what a change to rules does to messages.",
    "state": "Tell what a state file holds: who waits for what.",
    "migrate": "Carry a state over to other rules, or say what that would do.",
    "test": "Run the tests of rules.",
    "why": "Tell why a user did or did not get messages.",
    "plan": "Put what is to be published in a safe order.",
    "graph": "Draw campaigns, cards, events and rules as a graph.",
    "compile": "Write the plan that a worker runs.",
    "fmt": "Put rule files into canonical form.",
    "explain": "Explain a finding by its code or name.",
    "config": "Show the configuration that is in force.",
    "catalog": "Look at catalogs: their schema, and whether one is valid.",
}
"""The commands with what `connrules --help` says of each; it would be slow if it had to import them all."""

_EPILOG = """\b
Examples:
  connrules check rules/ --catalog catalog.toml
  connrules run rules/ --catalog catalog.toml --events events.jsonl
  connrules explain CR301

\b
Exit codes:
   0  clean
   1  there are findings
   2  wrong usage or configuration, or an input that cannot be read
   3  it ran, but some lines of the input were rejected
  70  a bug in connrules (CONNRULES_TRACEBACK=1 shows where)
 130  interrupted
 141  the reader of the output went away
 143  terminated
"""


class _Shell(click.Group):
    """A group that knows its commands by name and loads the one in use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # likewise
        if cmd_name not in COMMANDS:
            return None
        return cast("click.Command", import_module(f"connrules.cli.{cmd_name}").command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            near = closest(name, COMMANDS)
            ctx.fail(f"there is no command `{name}`{f'; did you mean `{near}`?' if near else ''}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # likewise
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, EOFError, OSError) as error:
            return report(error)  # click would end with 1 for these, the code of findings

    def main(self, args: Sequence[str] | None = None, *others: Any, **extra: Any) -> NoReturn:
        extra = {"color": color_of_environment(), **extra, "standalone_mode": False}
        _print_any_character()
        sys.exit(ended(lambda: super(_Shell, self).main(args, *others, **extra)))


def _print_any_character() -> None:
    """A terminal that lacks a character shows a `?` in its place."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


@click.group(
    cls=_Shell,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="connrules %(version)s")
def shell() -> None:
    """Follow-up messages as code: check rules, and run them over events."""
