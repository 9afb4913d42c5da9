"""`connrules run`: run rules over a log of events and write what they decide."""

import gc
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from connrules.cli.exit import ExitCode, ShellError
from connrules.cli.inputs import RuleSet, find_log, load_profiles, load_rule_set
from connrules.cli.lasting import Lasting
from connrules.cli.options import (
    FILE,
    catalog_option,
    changed_option,
    color_option,
    dedupe_option,
    follow_option,
    idle_option,
    jobs_option,
    lateness_option,
    paths_argument,
    profiles_option,
    state_option,
    until_option,
    wants_color,
)
from connrules.cli.outputs import open_anew, refuse_overwriting, unwritable
from connrules.cli.render import counted, render_full
from connrules.cli.report import (
    Progress,
    Rejections,
    render_counts,
    say,
    say_before,
    warn_after,
)
from connrules.compile import compile_rules
from connrules.connectors.jsonl import encode_reject
from connrules.connectors.streams import Lines, LineWriter
from connrules.event import Profiles
from connrules.files import STANDARD, UnreadableError
from connrules.plan import Plan
from connrules.replay.choice import EngineChoice, Options, columnar_replay, is_for_columns, stream_replay
from connrules.replay.outcomes import Replay, WorkerError, encode_batch
from connrules.replay.stream import StreamReplay

if TYPE_CHECKING:
    from connrules.cli.lasting_run import LastingRun

_EPILOG = """\b
Examples:
  connrules run examples/abandoned-cart        rules, catalog and events of that folder
  connrules run rules/ --catalog catalog.toml --events events.jsonl.gz --output sends.jsonl
  zcat log.gz | connrules run carts.conn --catalog catalog.toml --events - --outcomes all
  connrules run rules/ --catalog catalog.toml --events log.jsonl --lateness 10m --late late.jsonl
  connrules run rules/ --catalog catalog.toml --events log.jsonl --profiles users.jsonl.gz --dedupe 1d
  connrules run rules/ --catalog catalog.toml --events log.jsonl --output sends.jsonl --jobs 2
  connrules run rules/ --catalog catalog.toml --events log.jsonl --output sends.jsonl --state run.db
  connrules run rules/ --catalog catalog.toml --events log.jsonl --output sends.jsonl --state run.db --follow

\b
Events are JSON, one object a line:
  {"id":"e1","user":"u1","type":"received_push","campaign":"Abandoned Cart","time":"2026-03-02T10:00:00Z"}

\b
With --state the end of the log is not the end: who waits, waits on, and the same command goes on where this one ended,
by kill -9, too. --output has each decision once; on standard output, the last ones may come twice after a crash.

\b
Decisions go to standard output or --output, one JSON object a line; everything else goes to standard error. Ends with
0; with 1 where the rules have errors (nothing is run then; what is wrong only as of today, such as a campaign that is
over by now, is no matter for a log of the past); with 2 where something cannot be read or written; with 3 where lines
of the log were rejected. Stopped by SIGINT, it ends with 130; by SIGTERM with 143, with --follow with 0.
"""
_COLUMNS_NEED_NO_JOBS = "leave it out: the columnar engine uses all cores by itself"


@click.command(epilog=_EPILOG)
@paths_argument
@catalog_option
@click.option(
    "--events",
    "events_path",
    metavar="FILE|-",
    type=FILE,
    help="The log: JSON lines, plain or compressed with gzip or zstd; - for standard input; Parquet, a folder of it; "
    "CSV. Without it, where PATHS is one folder, the file events.jsonl (.gz, .zst) in it.",
)
@click.option(
    "--engine",
    type=click.Choice([choice.value for choice in EngineChoice]),
    default="auto",
    show_default=True,
    help="What runs the rules: the streaming engine reads lines of JSON, the columnar one whole tables; auto takes the "
    "columnar one for Parquet and CSV. Both decide the same.",
)
@jobs_option
@click.option("--output", metavar="FILE", type=FILE, help="Where decisions go.  [default: standard output]")
@click.option(
    "--outcomes",
    type=click.Choice(["sent", "all"]),
    default="sent",
    show_default=True,
    help="What is written: the decisions to send, or also what was cancelled, dropped, ignored, reached and is "
    "pending.",
)
@until_option
@lateness_option
@dedupe_option
@profiles_option
@click.option("--rejects", metavar="FILE", type=FILE, help="Where lines go that are no events, with number and reason.")
@click.option("--late", metavar="FILE", type=FILE, help="Where late events go, as they came.")
@state_option
@changed_option
@follow_option
@idle_option
@click.option("--quiet", "-q", is_flag=True, help="No progress and no summary; warnings and errors only.")
@color_option
def command(  # noqa: PLR0913  # the options that are looked at here
    paths: tuple[Path, ...],
    catalog_path: Path | None,
    events_path: Path | None,
    profiles_path: Path | None,
    color: str,
    *,
    quiet: bool,
    state: Path | None,
    changed: Literal["pin", "follow"] | None,
    follow: bool,
    idle: int | None,
    **options: Any,
) -> int:
    """Run rules over a log of events and write what they decide.

    PATHS are rule files, or folders, of which all .conn files are read.
    """
    rule_set = load_rule_set(paths, catalog_path, as_of=None)
    if rule_set.checked.errors:
        return _refuse(rule_set, color)
    events = events_path or find_log(paths)
    inputs = [*rule_set.files, events, *filter(None, [profiles_path])]
    lasts = Lasting(state, follow, idle, changed)
    lasts.check(events, options["engine"], options["jobs"], options["until"])
    refuse_overwriting(inputs, [options["output"], options["rejects"], options["late"], *lasts.files])
    profiles = load_profiles(profiles_path, events)
    say_before(rule_set, quiet=quiet)
    plan = compile_rules(rule_set.checked)
    if lasts:
        lasting = _open_lasting(plan, events, lasts, profiles=profiles, **options)
        _collect_garbage_seldom(freeze=True)
        return lasting.to_the_end(options["until"], quiet=quiet)
    run = _Run(plan, events, profiles=profiles, **options)
    _collect_garbage_seldom(freeze=run.streams)
    return run.to_the_end(quiet=quiet)


def _open_lasting(  # noqa: PLR0913  # the options of the command
    plan: Plan,
    events: Path,
    lasts: Lasting,
    *,
    outcomes: str,
    lateness: int,
    dedupe: int,
    profiles: Profiles | None,
    output: Path | None,
    rejects: Path | None,
    late: Path | None,
    **_: Any,
) -> "LastingRun":
    from connrules.cli.lasting_run import LastingRun  # noqa: PLC0415  # most runs do without a store

    options = Options(lateness, dedupe, profiles, everything=outcomes == "all")
    return LastingRun(plan, events, lasts, options, output=output, rejects=rejects, late=late)


def _collect_garbage_seldom(*, freeze: bool) -> None:
    """A run makes no cycles, but looking for them among the waits of many users takes long.

    What DuckDB's module holds cannot be frozen: it complains at the end of what was not collected.
    """
    if freeze:
        gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def _refuse(rule_set: RuleSet, color: str) -> int:
    errors = rule_set.checked.errors
    click.echo(render_full(errors, color=wants_color(color, sys.stderr)), err=True)
    click.echo(f"{counted(len(errors), 'error')}: rules with errors are not run", err=True)
    return ExitCode.FINDINGS


class _Run:
    """One run: what is read, what is written, and what is said of it."""

    def __init__(  # noqa: PLR0913  # the options of the command
        self,
        plan: Plan,
        events: Path,
        *,
        engine: str,
        jobs: int,
        output: Path | None,
        outcomes: str,
        until: int | None,
        lateness: int,
        dedupe: int,
        profiles: Profiles | None,
        rejects: Path | None,
        late: Path | None,
    ) -> None:
        self._plan = plan
        self._options = Options(lateness, dedupe, profiles, everything=outcomes == "all", jobs=jobs or None)
        self._until = until
        self._rejections = Rejections(kept=rejects is not None)
        self._progress: Progress | None = None
        self._name = "standard input" if str(events) == STANDARD else str(events)
        try:
            self._replay = self._open(events, EngineChoice(engine), keeps_late=late is not None)
        except UnreadableError as error:
            raise ShellError(str(error), error.help or "check the path after --events") from None
        except WorkerError as error:
            raise ShellError(str(error), error.help) from None
        with ExitStack() as stack:
            stack.callback(self._replay.close)
            self._output, *others = open_anew([output, *(path for path in (rejects, late) if path)])
            stack.pop_all()
        self._rejects = others.pop(0) if rejects else None
        self._late = others.pop(0) if late else None

    def _open(self, events: Path, choice: EngineChoice, *, keeps_late: bool) -> Replay:
        plan, options = self._plan, self._options
        on_late = self._keep_late if keeps_late else None
        if is_for_columns(events, choice):
            if options.jobs is not None and options.jobs > 1:
                raise UnreadableError(f"{events}: --jobs is for the streaming engine", _COLUMNS_NEED_NO_JOBS)
            return columnar_replay(plan, events, options, on_reject=self._reject, on_late=on_late)
        lines = Lines(events)
        replay = stream_replay(plan, lines, options, on_reject=self._reject, on_late=on_late)
        self._progress = Progress(lines if isinstance(replay, StreamReplay) else replay)
        return replay

    def to_the_end(self, *, quiet: bool) -> int:
        """Read, run, write, and say how it went."""
        progress = None if quiet else self._progress
        with ExitStack() as stack:
            stack.callback(self._replay.close)
            for writer in self._writers:
                stack.callback(writer.close)
            if progress:
                stack.callback(progress.clear)
            self._write(progress)
        hidden = self._rejections.hidden(self._replay)
        warn_after(self._replay, hidden=hidden, until=self._until, lateness=self._options.lateness)
        if not quiet:
            say(render_counts(self._replay, self._plan, self._options.dedupe))
        return ExitCode.REJECTED if self._replay.rejected else ExitCode.CLEAN

    @property
    def streams(self) -> bool:
        """Whether the log is lines that are read one after the other."""
        return self._progress is not None

    @property
    def _writers(self) -> list[LineWriter]:
        return [writer for writer in (self._output, self._rejects, self._late) if writer]

    def _write(self, progress: Progress | None) -> None:
        try:
            for batch in self._replay.batches(self._until):
                self._output.write(encode_batch(batch, everything=self._options.everything))
                self._flush()
                if progress:
                    progress.tick()
        except (UnreadableError, WorkerError) as error:
            raise ShellError(str(error), error.help) from None

    def _flush(self) -> None:
        for writer in self._writers:
            try:
                writer.flush()
            except BrokenPipeError:
                raise
            except OSError as error:
                raise unwritable(writer.name, error) from None

    def _reject(self, number: int, line: bytes, why: str) -> None:
        self._rejections.tell(self._name, number, line, why)
        if self._rejects is not None:
            self._rejects.write(encode_reject(number, line, why))

    def _keep_late(self, line: bytes) -> None:
        if self._late is not None:
            self._late.write(line + b"\n")
