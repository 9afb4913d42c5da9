"""`connrules flink`: run rules over folders of events on Apache Flink, here or on a cluster."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import click

from connrules.cli.differing.sides import RulesError, Side, load_sides
from connrules.cli.exit import ExitCode, ShellError
from connrules.cli.flinking.looking import look_before
from connrules.cli.flinking.options import Chosen, as_address, as_of_run, as_pairs, former_eras
from connrules.cli.inputs import load_profiles
from connrules.cli.options import (
    DURATION,
    FILE,
    TIME,
    color_option,
    dedupe_option,
    lateness_option,
    profiles_option,
    until_option,
)
from connrules.plan import PlanError
from connrules.run.keyed import KeyedEngine

_EPILOG = """\b
Examples:
  connrules flink rules/ --catalog catalog.toml --source events/ --sink sends/
  connrules flink plan.json --source s3://bucket/events --sink s3://bucket/sends --cluster jobmanager:8081
  connrules flink rules/ --source events/ --sink sends/ --watch --clock --lateness 1m --checkpoints cp/
  connrules flink rules/ --source events/ --sink sends/ --watch --checkpoints cp/ --from newest
  connrules flink new/ --was old/ --replaced-at 2026-06-01 ... --checkpoints cp/ --from newest

\b
Events are lines of JSON, as for connrules run, in files; the files that are there at the beginning are read in the
order of their paths. docs/cluster.md says what holds, how to deploy it, and what to watch.

\b
Decisions go to files in --sink, everything else to standard error. Ends with 0, also where lines are no events; with 1
where the rules have errors; with 2 where something cannot be read, or the job failed. A job that runs here is stopped
by SIGINT or SIGTERM, where it has --checkpoints with a savepoint to go on from, and ends with 130 or 143; with --watch,
by SIGTERM with 0. One on a cluster goes on. It needs Java 17 and pip install 'connrules[flink]'.
"""


@click.command(epilog=_EPILOG)
@click.argument("rules", metavar="RULES", type=FILE)
@click.option(
    "--catalog",
    "catalog_path",
    metavar="FILE",
    type=FILE,
    help="The catalog: a .toml, .json, .yaml or .yml file. Without it, the one that the configuration names, else the "
    "file `catalog` in the folder, if there is one. A compiled plan has its own.",
)
@click.option("--source", metavar="DIR", required=True, help="Where the events are: a folder, or a file, or a URI.")
@click.option("--sink", metavar="DIR", required=True, help="The folder, or URI, where decisions go.")
@click.option("--late", metavar="DIR", help="Where late events go, as they came.")
@click.option(
    "--rejects",
    metavar="DIR",
    help="Where lines go that are no events, with the reason. Without it, only Flink's metric `rejected` counts them.",
)
@click.option(
    "--outcomes",
    type=click.Choice(["sent", "all"]),
    default="sent",
    show_default=True,
    help="What is written, as for connrules run.",
)
@until_option
@lateness_option
@dedupe_option
@profiles_option
@click.option(
    "--watch", is_flag=True, help="Go on, without end, with the files that are put into --source; needs --checkpoints."
)
@click.option(
    "--idle",
    metavar="DURATION",
    type=DURATION,
    help="With --clock: where no line has come for so long, time moves on by the clock.  [default: 10s]",
)
@click.option(
    "--clock",
    is_flag=True,
    help="With --watch: while nothing comes, time moves on by the clock, less --lateness, and what is due is sent.",
)
@click.option("--checkpoints", metavar="DIR", help="The folder, or URI, for checkpoints and savepoints.")
@click.option(
    "--checkpoint-every",
    "every",
    metavar="DURATION",
    type=DURATION,
    help="How often there is a checkpoint, and decisions are written for good.  [default: 10s]",
)
@click.option(
    "--from",
    "restore",
    metavar="PATH|newest",
    help="Go on from this checkpoint or savepoint, or from the newest one in --checkpoints.",
)
@click.option(
    "--was",
    "former",
    metavar="OLD",
    type=FILE,
    multiple=True,
    help="Rules that were in force before, as RULES: those who wait pass over at --replaced-at. The oldest first.",
)
@click.option(
    "--replaced-at", metavar="TIME", type=TIME, multiple=True, help="When the rules of --was were replaced, event time."
)
@click.option(
    "--changed",
    type=click.Choice(["pin", "follow"]),
    multiple=True,
    help="What those do who wait for a rule that changed then: keep what they began with, or take what is new; once "
    "for each --was.  [default: pin]",
)
@click.option(
    "--parallelism",
    metavar="N",
    type=click.IntRange(min=1),
    help="How many workers there are.  [default: 1, or as the configuration of Flink says]",
)
@click.option(
    "--max-parallelism",
    metavar="N",
    type=click.IntRange(1, 2**15),
    default=128,
    show_default=True,
    help="How many there can ever be; it stays as it is for as long as the state lives.",
)
@click.option(
    "--mode",
    type=click.Choice(["thread", "process"]),
    default="thread",
    show_default=True,
    help="Where Python runs: in the processes of Flink, or beside them, which is slower.",
)
@click.option("--cluster", metavar="HOST:PORT", callback=as_address, help="Run it on this cluster.  [default: here]")
@click.option("--detach", is_flag=True, help="With --cluster: do not wait for the end.")
@click.option(
    "--set",
    "others",
    metavar="KEY=VALUE",
    multiple=True,
    callback=as_pairs,
    help="A setting of Flink's own, which ignores keys that it does not know.",
)
@click.option("--events", hidden=True, expose_value=False, is_eager=True, callback=as_of_run("--source"))
@click.option("--output", hidden=True, expose_value=False, is_eager=True, callback=as_of_run("--sink"))
@click.option("--quiet", "-q", is_flag=True, help="No progress and no summary; warnings and errors only.")
@click.option("--verbose", is_flag=True, help="Where the job fails, print all that Flink says.")
@color_option
def command(  # noqa: PLR0913  # the options that are looked at here
    *,
    rules: Path,
    catalog_path: Path | None,
    profiles_path: Path | None,
    former: tuple[Path, ...],
    replaced_at: tuple[int, ...],
    changed: tuple[Literal["pin", "follow"], ...],
    color: str,
    outcomes: str,
    until: int | None,
    lateness: int,
    dedupe: int,
    max_parallelism: int,
    quiet: bool,
    verbose: bool,
    **options: Any,
) -> int:
    """Run rules over folders of events on Apache Flink.

    RULES is a rule file, a folder of them, or a plan that `connrules compile` wrote (.json).
    """
    chosen = Chosen(**options)
    chosen.check(until, lateness, max_parallelism)
    settings = chosen.settings
    eras = former_eras(former, replaced_at, changed)
    try:
        new, *old = load_sides([(str(path), path, catalog_path) for path in (rules, *former)], color)
    except RulesError as error:
        error.show()
        return ExitCode.FINDINGS
    formerly = [era.of(side.plan) for era, side in zip(eras, old, strict=True)]
    profiles = load_profiles(profiles_path, Path(chosen.source))
    _check_engine(new, formerly, dedupe)
    _check_installed()
    look_before(chosen)
    from connrules.cli.flinking.job_run import run  # noqa: PLC0415  # needs Flink
    from connrules.flink.job import Job  # noqa: PLC0415  # as above

    job = Job(
        new.plan,
        **chosen.places,
        everything=outcomes == "all",
        lateness=lateness,
        dedupe=dedupe,
        profiles=profiles,
        until=until,
        formerly=formerly,
        watch=chosen.watch,
        idle=chosen.idle_seconds,
        clock=chosen.clock,
        max_parallelism=max_parallelism,
    )
    run(job, chosen, settings, quiet=quiet, verbose=verbose)
    return ExitCode.CLEAN


def _check_engine(new: Side, formerly: list[Any], dedupe: int) -> None:
    try:
        KeyedEngine(new.plan, dedupe=dedupe, formerly=formerly)
    except PlanError as error:
        raise ShellError(
            str(error), "a cluster cannot run this plan; connrules compile writes one that it can"
        ) from None
    except ValueError as error:
        raise ShellError(str(error), "name them with --was and --replaced-at, the oldest first") from None


def _check_installed() -> None:
    if find_spec("pyflink") is None:
        raise ShellError(
            "a job on Flink needs apache-flink, which is not installed",
            "install it with: pip install 'connrules[flink]'",
        )
