"""A job on Flink from its start to its end: what is said of it meanwhile, and how it is stopped."""

import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import click

from connrules.cli.exit import ShellError, Terminated
from connrules.cli.flinking.looking import look_after, where_decisions_are
from connrules.cli.flinking.options import Chosen
from connrules.cli.report import StatusLine, note, say
from connrules.flink.failures import FlinkError
from connrules.flink.job import Job, build
from connrules.flink.running import Running, in_words, start_java
from connrules.flink.settings import Settings

_LOOK: Final = 0.2
"""Seconds."""
_LOGS: Final = "FLINK_LOG_DIR"


def run(job: Job, chosen: Chosen, settings: Settings, *, quiet: bool, verbose: bool) -> None:
    """Run a job, or hand it to a cluster. Raises ShellError where it fails; what Flink said of that is in a file."""
    configuration = settings.as_configuration()
    logs = Path(os.environ.get(_LOGS) or tempfile.mkdtemp(prefix="connrules-flink-"))
    begun = time.monotonic()
    try:
        start_java(logs)
        with in_words():
            env = build(job, configuration)
        running = Running(env)
        if not (chosen.cluster is None or quiet):
            host, port = chosen.cluster
            say(f"job {running.id} runs at http://{host}:{port}/#/job/{running.id}")
        ended = not chosen.detach and _wait(running, chosen, quiet=quiet)
    except FlinkError as error:
        raise _failed(error, logs, verbose=verbose) from None
    if _LOGS not in os.environ:
        shutil.rmtree(logs, ignore_errors=True)
    if not ended:
        return
    look_after(chosen)
    if not quiet:
        say(f"done in {time.monotonic() - begun:.1f} s; {where_decisions_are(chosen)}")


class _Elapsed(StatusLine):
    """Says for how long a job has run."""

    def _line(self, seconds: float) -> str:
        return f"running for {seconds:,.0f} s"


def _wait(running: Running, chosen: Chosen, *, quiet: bool) -> bool:
    """Wait for its end, and say whether it came to that; it did not where it was stopped."""
    progress = _Elapsed()
    try:
        while not running.is_over:
            if not quiet:
                progress.tick()
            time.sleep(_LOOK)
        running.result()
        return True
    except KeyboardInterrupt as signal:
        progress.clear()
        _stop(running, chosen)
        if not (chosen.watch and isinstance(signal, Terminated)):
            raise  # a job without end is ended so
        return False
    finally:
        progress.clear()


def _stop(running: Running, chosen: Chosen) -> None:
    """A job that runs here ends with us; one on a cluster is not ours to end."""
    if chosen.cluster is not None:
        note(f"job {running.id} goes on; `flink stop {running.id}` stops it with a savepoint")
        return
    if chosen.checkpoints is not None:
        with suppress(FlinkError):  # it did not run yet, or no more
            place = running.stop().removeprefix("file:")
            note(f"stopped, with a savepoint in {place}; --from newest goes on from it")
            return
        note("stopped without a savepoint; --from newest goes on from the newest checkpoint, if there is one")
    with suppress(FlinkError):
        running.cancel()


def _failed(error: FlinkError, logs: Path, *, verbose: bool) -> ShellError:
    if not error.whole:
        return ShellError(f"{error}", error.help)
    if verbose:
        click.echo(error.whole, err=True)
    report = logs / "failure.txt"
    report.write_text(error.whole + "\n", encoding="utf-8")
    told = f"all that Flink said is in {report}, its log beside it"
    return ShellError(f"the job failed: {error}", "; ".join(filter(None, [error.help, told])))
