"""`connrules migrate`: carry the users who wait in a state over to other rules, or say what that would do to them."""

from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import click

from connrules.cli.differing.sides import Side, load_sides
from connrules.cli.exit import ShellError
from connrules.cli.inputs import load_profiles
from connrules.cli.options import (
    FILE,
    color_option,
    dedupe_option,
    old_and_new,
    profiles_option,
    users_option,
    wants_color,
)
from connrules.cli.render import counted
from connrules.cli.report import note, say, warn
from connrules.cli.standing.carried import warnings_on
from connrules.cli.standing.moving import Move, render_document, render_move
from connrules.cli.standing.state import in_words, note_of, opened, plan_of, users_of
from connrules.connectors.sqlite import SqliteStore
from connrules.connectors.sqlite.looking import look_at
from connrules.durable.engine import DurableEngine
from connrules.event import Kind, Profiles
from connrules.plan import Plan
from connrules.replay.outputs import OUTCOMES
from connrules.run.comparing import Change, compare_plans, same
from connrules.run.effects import effects
from connrules.run.saving import read_core

_EPILOG = """\b
Examples:
  connrules migrate rules-before/ rules/ --catalog catalog.toml --state run.db --dry-run
  connrules migrate rules-before/ rules/ --catalog catalog.toml --state run.db --changed follow
  connrules migrate plan-in-use.json rules/ --catalog catalog.toml --state run.db --format json

\b
Rules are the same by their name; those without one by their file and what they say. Who waits for a rule that
  did not change   waits on
  changed          goes on as --changed says
  is gone          waits no longer: `dropped`, reason `rule_removed`
Without --dry-run the state is carried over, and the next `connrules run --state` goes on with NEW; what came of it is
written to the run's output then. To run NEW on the state does the same without a word beforehand.

\b
With --dry-run nothing is changed, not a byte of the file. The effect goes to standard output, notes and warnings to
standard error. Ends with 0; with 2 where something cannot be read, one of the rule sets has errors, or the state is in
use or not of OLD.
"""
_KINDS = {"sent": {Kind.SENT}, "all": None}


@click.command(epilog=_EPILOG)
@old_and_new
@click.option("--state", "path", metavar="FILE", type=FILE, required=True, help="The state file of the run.")
@click.option("--dry-run", is_flag=True, help="Only say what it would do.")
@click.option(
    "--changed",
    type=click.Choice(["pin", "follow"]),
    default="pin",
    show_default=True,
    help="Those who wait for a rule that changed keep the delay and the exceptions that they began with (pin), or take "
    "the new ones (follow).",
)
@click.option(
    "--outcomes",
    type=click.Choice(["sent", "all"]),
    default="sent",
    show_default=True,
    help="As the run has it: whether what is dropped is written to its output, too.",
)
@dedupe_option
@profiles_option
@users_option
@click.option(
    "--format",
    "layout",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the effect is written: for people, or as one JSON document.",
)
@color_option
def command(  # noqa: PLR0913  # the options of the command
    *,
    old: Path,
    new: Path,
    catalog_path: Path | None,
    old_catalog_path: Path | None,
    path: Path,
    dry_run: bool,
    changed: Literal["pin", "follow"],
    outcomes: str,
    dedupe: int,
    profiles_path: Path | None,
    users: int | None,
    layout: str,
    color: str,
) -> None:
    """Carry a state over to other rules, or say what that would do.

    OLD are the rules that the run with this state had, NEW those that it is to go on with: each a rule file, a folder
    of them, or a plan that `connrules compile` wrote (.json).
    """
    before, after = load_sides([("OLD", old, old_catalog_path or catalog_path), ("NEW", new, catalog_path)], color)
    profiles = load_profiles(profiles_path, path)
    move = _look(path, before, after, changed, dedupe, profiles, users)
    with in_words(path), look_at(path) if dry_run else closing(SqliteStore(path, create=False)) as store:
        undelivered = _carry_over(store, move, dedupe, profiles, outcomes)
    if layout == "json":
        click.echo(render_document(move, is_done=not dry_run, undelivered=undelivered))
    else:
        click.echo(render_move(move, color=wants_color(color)))
    _say_what_to_know(move, dry_run=dry_run, undelivered=undelivered)


def _look(  # noqa: PLR0913, PLR0917  # what decides about those who wait
    path: Path,
    old: Side,
    new: Side,
    changed: Literal["pin", "follow"],
    dedupe: int,
    profiles: Profiles | None,
    users: int | None,
) -> Move:
    """What becomes of those who wait in a state. Raises ShellError where it is not of the old rules."""
    with opened(path) as (_, loaded):
        plan, core = plan_of(path, loaded), read_core(loaded.core)
        if not same(plan, old.plan):
            raise _of_others(path, plan, old, new)
        if note_of(loaded).seen and not dedupe:
            raise ShellError(f"{path}: the state remembers ids of events", "give the --dedupe that the run has")
        most = 2**31 if users is None else users
        found = effects(plan, new.plan, core, users_of(loaded), changed, profiles=profiles, examples=most)
        return Move(path, plan, new.plan, found, changed, core.watermark)


def _of_others(path: Path, plan: Plan, old: Side, new: Side) -> ShellError:
    """What to say where a state was not made with the rules that were named."""
    if same(plan, new.plan):
        return ShellError(
            f"{path}: the state is of NEW already",
            "`connrules run --state` goes on with it; to go back to OLD, name the two the other way round",
        )
    edits = [edit.rule for edit in compare_plans(old.plan, plan) if edit.kind is not Change.UNCHANGED]
    rules = ", ".join(f"`{name}`" for name in edits[:5])
    what = f"they differ in {rules}{' and others' if len(edits) > 5 else ''}" if edits else "the catalogs differ"
    return ShellError(
        f"{path}: the state was not made with OLD: {what}",
        "name the rules and the catalog that the run with this state had; `connrules state` lists its rules",
    )


def _carry_over(store: SqliteStore, move: Move, dedupe: int, profiles: Profiles | None, outcomes: str) -> int:
    """Carry the state over; how many outcomes are still to be written by the next run. A dry run does it to a copy."""
    options: Any = {"dedupe": dedupe, "profiles": profiles, "kinds": _KINDS[outcomes], "changed": move.changed}
    with DurableEngine(move.new, store, **options) as engine:
        return engine.outbox(OUTCOMES).lines.count(b"\n")


def _say_what_to_know(move: Move, *, dry_run: bool, undelivered: int) -> None:
    for text in warnings_on(move.effects):
        warn(text)
    if dry_run:
        coming = f"; {counted(undelivered, 'outcome')} would be for the next run to write" if undelivered else ""
        note(f"a dry run: nothing was changed{coming}")
        return
    say("the state is of NEW now; `connrules run --state` goes on with it")
    if undelivered:
        note(f"not in the output yet: {counted(undelivered, 'outcome')}; the next run writes what is missing")
