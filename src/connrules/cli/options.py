"""Options and types of values that several commands take."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final, TypeVar

import click

from connrules.duration import parse_duration, parse_instant

Command = TypeVar("Command", bound=Callable[..., Any])


class _Parsed(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions of click only
    """A value that a function reads from text; its ValueError says in the user's words what is wrong."""

    def __init__(self, name: str, parse: Callable[[str], int], example: str = "") -> None:
        self.name = name
        self._parse = parse
        self._example = example

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            return self._parse(str(value))
        except ValueError as error:
            self.fail(str(error) + (f"; write e.g. {self._example}" if self._example else ""), param, ctx)


TIME: Final = _Parsed("time", parse_instant)
"""`2026-03-01` (00:00 UTC) or `2026-03-01T09:00:00Z`, as epoch milliseconds."""
DURATION: Final = _Parsed("duration", parse_duration, "10m or 1d12h")
"""`1d12h`, as milliseconds."""


def _parse_jobs(text: str) -> int:
    """A number of processes from 1 up; 0: as many as there are cores."""
    if text == "auto":
        return 0
    if not (text.isascii() and text.isdigit() and int(text)):
        raise ValueError(f"`{text}` is no number of processes")
    return int(text)


class _Path(click.Path):
    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        if not os.fspath(value):
            self.fail("it is empty", param, ctx)  # to Python, that is the folder one is in
        return super().convert(value, param, ctx)


FILE: Final = _Path(path_type=Path, readable=False)
"""A path, looked at only when it is used, so that what is wrong with it is said in one way everywhere."""

paths_argument: Final = click.argument("paths", metavar="PATHS...", nargs=-1, required=True, type=FILE)

catalog_option: Final = click.option(
    "--catalog",
    "catalog_path",
    metavar="FILE",
    type=FILE,
    help="The catalog: a .toml, .json, .yaml or .yml file. Without it, the one that the configuration names, else "
    "where PATHS is one folder, the file `catalog` with one of those endings in it, if there is one.",
)

_SIDES: Final = (
    click.argument("old", metavar="OLD", type=FILE),
    click.argument("new", metavar="NEW", type=FILE),
    click.option(
        "--catalog",
        "catalog_path",
        metavar="FILE",
        type=FILE,
        help="The catalog of both: a .toml, .json, .yaml or .yml file. Without it, for each the one that the "
        "configuration names, else the file `catalog` in the folder, if there is one. A compiled plan has its own.",
    ),
    click.option(
        "--old-catalog", "old_catalog_path", metavar="FILE", type=FILE, help="The catalog of OLD, if it is another."
    ),
)


def old_and_new(command: Command) -> Command:
    """The two rule sets that a command holds against each other, OLD and NEW, and their catalogs."""
    for option in reversed(_SIDES):  # as decorators stand: the last is applied first
        command = option(command)
    return command


until_option: Final = click.option(
    "--until", metavar="TIME", type=TIME, help="Move time on to this instant after the last event."
)
lateness_option: Final = click.option(
    "--lateness",
    metavar="DURATION",
    type=DURATION,
    default="0s",
    show_default=True,
    help="How much older than the newest event before it an event may be and still count.",
)
dedupe_option: Final = click.option(
    "--dedupe",
    metavar="DURATION",
    type=DURATION,
    default="0s",
    show_default=True,
    help="For how long the id of an event is remembered, so that another with it is skipped.",
)
state_option: Final = click.option(
    "--state",
    metavar="FILE",
    type=FILE,
    help="Where to keep what is needed to go on later. Run again, it reads what has come to the log since.",
)
changed_option: Final = click.option(
    "--changed",
    type=click.Choice(["pin", "follow"]),
    help="With --state, for rules that changed since: those who wait keep the delay and the exceptions that they began "
    "with (pin), or take the new ones (follow).  [default: pin]",
)
follow_option: Final = click.option(
    "--follow", is_flag=True, help="Keep reading as the log grows, also when it is rotated, until it is stopped."
)
idle_option: Final = click.option(
    "--idle",
    metavar="DURATION",
    type=DURATION,
    help="With --follow: where no line has come for so long and something is due by the clock, less --lateness, time "
    "moves on to that.  [default: 1s]",
)
jobs_option: Final = click.option(
    "--jobs",
    metavar="N|auto",
    type=_Parsed("number", _parse_jobs, "2, or auto for one on each core"),
    default="1",
    show_default=True,
    help="How many processes read the log and decide; what they write is the same, in the same order.",
)


def _read_users(_: click.Context, __: click.Parameter, text: str) -> int | None:
    """A number of users; None: all."""
    if text == "all":
        return None
    if not (text.isascii() and text.isdigit()):
        raise click.BadParameter(f"`{text}` is no number of users; write e.g. 10, or all")
    return int(text)


users_option: Final = click.option(
    "--users",
    metavar="N|all",
    callback=_read_users,
    default="3",
    show_default=True,
    help="How many users are shown as examples; all: every one of them.",
)
profiles_option: Final = click.option(
    "--profiles",
    "profiles_path",
    metavar="FILE|-",
    type=FILE,
    help='What is known of users, for what events do not say: JSON lines {"user": "u1", "attributes": {"country": '
    '"FR"}}, plain or compressed with gzip or zstd.',
)


def color_of_environment() -> bool | None:
    """Whether NO_COLOR, FORCE_COLOR or a terminal without colours decides the matter; None: each stream by itself."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return True if os.environ.get("FORCE_COLOR", "0") not in {"", "0"} else None


def wants_color(choice: str, stream: IO[Any] | None = None) -> bool:
    """Whether to colour what goes to a stream (standard output): as chosen, else as the environment says, else on a
    terminal only.
    """
    decided = _decided(choice)
    if decided is not None:
        return decided
    target = sys.stdout if stream is None else stream
    return target is not None and target.isatty()


def _decided(choice: str) -> bool | None:
    return color_of_environment() if choice == "auto" else choice == "always"


def _decide_for_command(ctx: click.Context, _: click.Parameter, choice: str) -> str:
    ctx.color = _decided(choice)  # click.echo goes by it, and takes colours out where there are to be none
    return choice


color_option: Final = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    callback=_decide_for_command,
    help="Colours; auto: where the output is a terminal, unless NO_COLOR is set, or if FORCE_COLOR is.",
)
