"""`connrules diff`: the effect of a change to rules on a log of what really happened."""

from pathlib import Path

import click

from connrules.cli.differing.document import render_document
from connrules.cli.differing.markdown import render_markdown
from connrules.cli.differing.runs import Runs
from connrules.cli.differing.shown import Shown, shown
from connrules.cli.differing.sides import edits_of, load_sides
from connrules.cli.differing.text import render_text
from connrules.cli.exit import ExitCode
from connrules.cli.inputs import find_log, load_profiles
from connrules.cli.options import (
    FILE,
    color_option,
    dedupe_option,
    jobs_option,
    lateness_option,
    old_and_new,
    profiles_option,
    until_option,
    users_option,
    wants_color,
)
from connrules.replay.choice import EngineChoice, Options
from connrules.run.comparing import Change

_EPILOG = """\b
Examples:
  connrules diff rules-before/ rules/ --catalog catalog.toml --events log.jsonl.gz
  connrules diff main/rules rules --events log.jsonl --format md >> "$GITHUB_STEP_SUMMARY"
  connrules diff plan-in-use.json rules/ --catalog catalog.toml --events log.parquet --exit-code
  connrules diff old.conn new.conn --events log.jsonl --until 2026-04-01 --users all --format json

\b
What both send is laid side by side, rule by rule:
  newly          a message that only NEW sends
  no longer      a message that only OLD sends
  other time     the same message to the same user, but earlier or later
  other message  another message after the same event
  other rule     the same message at the same time, but another rule sends it
Rules are the same by their name; those without one by their file and what they say. What still waits when the log ends
is told, and --until moves time on.

\b
The difference goes to standard output, notes and warnings to standard error. Ends with 0; with --exit-code with 1
where any send differs; with 2 where something cannot be read or one of the rule sets has errors; with 3 where lines of
the log were rejected.
"""


@click.command(epilog=_EPILOG)
@old_and_new
@click.option(
    "--events",
    "events_path",
    metavar="FILE",
    type=FILE,
    help="The log, as for `connrules run`, in a file. Without it, where NEW is a folder, the file events.jsonl (.gz, "
    ".zst) in it.",
)
@click.option(
    "--engine",
    type=click.Choice([choice.value for choice in EngineChoice]),
    default="auto",
    show_default=True,
    help="What runs the rules, as for `connrules run`.",
)
@jobs_option
@until_option
@lateness_option
@dedupe_option
@profiles_option
@users_option
@click.option(
    "--format",
    "layout",
    type=click.Choice(["text", "md", "json"]),
    default="text",
    show_default=True,
    help="How the difference is written: for people, for a pull request, or as one JSON document.",
)
@click.option("--exit-code", is_flag=True, help="End with 1 where any send differs.")
@color_option
def command(  # noqa: PLR0913  # the options of the command
    *,
    old: Path,
    new: Path,
    catalog_path: Path | None,
    old_catalog_path: Path | None,
    events_path: Path | None,
    engine: str,
    jobs: int,
    until: int | None,
    lateness: int,
    dedupe: int,
    profiles_path: Path | None,
    users: int | None,
    layout: str,
    exit_code: bool,
    color: str,
) -> int:
    """Show what a change to rules does to messages.

    OLD and NEW are each a rule file, a folder of them, or a plan that `connrules compile` wrote (.json). Both run over
    the same log: who newly gets a message, who no longer does, who gets it at another time, and why?
    """
    before, after = load_sides([("OLD", old, old_catalog_path or catalog_path), ("NEW", new, catalog_path)], color)
    events = events_path or find_log((new,), may_be_standard=False)
    profiles = load_profiles(profiles_path, events)
    options = Options(lateness, dedupe, profiles, everything=True, jobs=jobs or None)
    runs = Runs((before.plan, after.plan), events, EngineChoice(engine), options)
    edits = edits_of(before, after)
    diff = runs.compare(until, {e.was: e.rule for e in edits if e.was is not None and e.kind is not Change.REMOVED})
    seen = runs.seen
    runs.warn(until)
    found = shown((str(old), str(new)), (before.plan, after.plan), edits, diff, seen.counts.events, seen.newest)
    click.echo(_rendered(found, layout, users, color=wants_color(color)))
    if exit_code and found.differs:
        return ExitCode.FINDINGS
    return ExitCode.REJECTED if seen.rejected else ExitCode.CLEAN


def _rendered(found: Shown, layout: str, users: int | None, *, color: bool) -> str:
    match layout:
        case "json":
            return render_document(found, users=users)
        case "md":
            return render_markdown(found, users=users)
        case _:
            return render_text(found, users=users, color=color)
