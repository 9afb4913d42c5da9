"""`connrules why`: tell why a user did or did not get messages."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import click

from connrules.check import Checked
from connrules.cli.cells import visible
from connrules.cli.exit import ExitCode, ShellError
from connrules.cli.inputs import find_log, load_profiles, load_rule_set
from connrules.cli.options import (
    FILE,
    TIME,
    catalog_option,
    color_option,
    dedupe_option,
    lateness_option,
    paths_argument,
    profiles_option,
    until_option,
    wants_color,
)
from connrules.cli.render import counted, render_full
from connrules.cli.report import Progress, StatusLine, early_until, say_before, warn
from connrules.cli.telling.document import render_document
from connrules.cli.telling.stories import render_explanation
from connrules.columnar.sources import is_columnar
from connrules.connectors.jsonl import EventError, parse_event
from connrules.connectors.streams import Lines
from connrules.event import Event
from connrules.explain import Log, explain
from connrules.files import UnreadableError
from connrules.text import closest

_EPILOG = """\b
Examples:
  connrules why examples/abandoned-cart --user ben
  connrules why rules/ --catalog catalog.toml --events log.jsonl.gz --user u-17 --rule cart_reminder
  zcat log.gz | connrules why carts.conn --catalog catalog.toml --events - --user u-17 --format json

\b
For each rule: which events triggered it, until when the user was to wait, what cancelled, dropped or sent the message,
and the clause that decided. Where another time of a single event would have led to another end, the nearest such
change is told; it was tried out before it is told. Options that change what a run decides must be those of the run.

The answer goes to standard output, notes and warnings to standard error. Ends with 0, with 1 where the rules have
errors, with 2 where something cannot be read or the log has no event of the user, and with 3 where lines of the input
were rejected.
"""


@click.command(epilog=_EPILOG)
@paths_argument
@catalog_option
@click.option(
    "--events",
    "events_path",
    metavar="FILE|-",
    type=FILE,
    help="The log, as for `connrules run`. Without it, where PATHS is one folder, the file events.jsonl in it.",
)
@click.option("--user", metavar="USER", required=True, help="The user, as the events name them.")
@click.option("--rule", metavar="RULE", help="Tell the story of this rule alone.")
@click.option(
    "--since",
    metavar="TIME",
    type=TIME,
    help="Tell only triggers, and what looks like them, from this instant on. What came before still counts.",
)
@until_option
@lateness_option
@dedupe_option
@profiles_option
@click.option(
    "--format",
    "layout",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the answer is written: for people, or as one JSON document.",
)
@color_option
def command(  # noqa: PLR0913  # the options of the command
    *,
    paths: tuple[Path, ...],
    catalog_path: Path | None,
    events_path: Path | None,
    user: str,
    rule: str | None,
    since: int | None,
    until: int | None,
    lateness: int,
    dedupe: int,
    profiles_path: Path | None,
    layout: str,
    color: str,
) -> int:
    """Tell why a user did or did not get messages.

    PATHS are rule files, or folders, of which all .conn files are read.
    """
    rule_set = load_rule_set(paths, catalog_path, as_of=None)
    if rule_set.checked.errors:
        return _refuse(rule_set.checked, color)
    _know_rule(rule_set.checked, rule)
    say_before(rule_set)
    events = events_path or find_log(paths)
    profiles = load_profiles(profiles_path, events)
    log, rejected = _read(events, user, lateness)
    _know_user(log)
    if until is not None and log.newest is not None and until < log.newest:
        warn(early_until(until, log.newest))
    with ExitStack() as stack:
        telling = _Telling()
        stack.callback(telling.clear)
        explanation = explain(
            rule_set.checked,
            log,
            rule=rule,
            since=since,
            until=until,
            dedupe=dedupe,
            profiles=profiles,
            watch=telling.watch,
        )
    if layout == "json":
        click.echo(render_document(explanation))
    else:
        click.echo(render_explanation(explanation, lateness=lateness, color=wants_color(color)))
    return ExitCode.REJECTED if rejected else ExitCode.CLEAN


class _Telling(StatusLine):
    """Says how far an explanation is."""

    def __init__(self) -> None:
        super().__init__()
        self._where = ""

    def watch(self, rule: str, told: int, triggers: int) -> None:
        """Take in how many triggers of a rule are told, and how many it has."""
        self._where = f"rule {visible(rule)}: {told:,} of {counted(triggers, 'trigger')} told"
        self.tick()

    def _line(self, seconds: float) -> str:
        return f"{self._where}, for {seconds:,.0f} s"


def _refuse(checked: Checked, color: str) -> int:
    click.echo(render_full(checked.errors, color=wants_color(color, sys.stderr)), err=True)
    click.echo(f"{counted(len(checked.errors), 'error')}: rules with errors decide nothing", err=True)
    return ExitCode.FINDINGS


def _know_rule(checked: Checked, name: str | None) -> None:
    names = [rule.name for rule in checked.rules]
    if name is not None and name not in names:
        near = closest(name, names)
        remedy = f"did you mean `{near}`?" if near else f"the rules are {', '.join(f'`{each}`' for each in names)}"
        raise ShellError(f"there is no rule `{name}`", remedy)


def _know_user(log: Log) -> None:
    if log.is_empty:
        near = log.near()
        remedy = f"did you mean `{near}`? " if near else ""
        raise ShellError(
            f"the log has no event of the user `{log.user}`", f"{remedy}users compare character by character"
        )


def _read(path: Path, user: str, lateness: int) -> tuple[Log, int]:
    """What matters of the log for the user, and how many of its lines are no events."""
    log, rejected = Log(user, lateness), 0
    if is_columnar(path):
        raise ShellError(
            f"{path}: `connrules why` reads lines of JSON", "write the events that are about the user as such lines"
        )
    with ExitStack() as stack:
        try:
            lines = Lines(path)
            stack.callback(lines.close)
            progress = Progress(lines)
            stack.callback(progress.clear)
            for event in _events(lines, progress):
                if event is None:
                    rejected += 1
                else:
                    log.add(event)
        except UnreadableError as error:
            raise ShellError(str(error), error.help or "check the path after --events") from None
    if rejected:
        was = "was" if rejected == 1 else "were"
        warn(f"{counted(rejected, 'line')} of the log {was} rejected; `connrules run --rejects FILE` says why")
    return log, rejected


def _events(lines: Lines, progress: Progress) -> Iterator[Event | None]:
    """The events of the log; None for a line that is none."""
    for batch in lines.batches():
        for number, line in enumerate(batch, lines.number - len(batch) + 1):
            try:
                yield parse_event(line, number)
            except EventError:
                if line and not line.isspace():
                    yield None
        progress.tick()
