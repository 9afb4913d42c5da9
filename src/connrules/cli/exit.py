"""How the command line ends: its exit codes, and the one place that turns what was raised into words and a code.

A command returns its code (None: clean). It raises ShellError for what the user can put right; anything else that
reaches this module is a bug, except a closed pipe, a stream that cannot be written and an interrupt.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from enum import IntEnum
from typing import IO, Any, NoReturn

import click

from connrules.cli.cells import visible
from connrules.cli.options import color_of_environment
from connrules.files import reason


class ExitCode(IntEnum):
    """What a command says by ending."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    """Wrong usage or configuration, or an input that cannot be read."""
    REJECTED = 3
    """It ran, but some lines of the input were rejected."""
    BUG = 70
    INTERRUPTED = 130
    """By Ctrl-C: 128 + SIGINT, as shells count."""
    CLOSED_PIPE = 141
    """Whoever read the output went away: 128 + SIGPIPE, the same as for other tools of a pipeline."""
    TERMINATED = 143
    """By `kill` or whatever started it: 128 + SIGTERM."""


class Terminated(KeyboardInterrupt):
    """Someone asked the process to end (SIGTERM)."""


class ShellError(click.ClickException):
    """Something outside the program that the user can put right. Ends with exit code 2.

    Each line of `message` is one problem; `help` says what to do.
    """

    exit_code = ExitCode.USAGE

    def __init__(self, message: str, help: str = "") -> None:  # noqa: A002  # as in findings
        super().__init__(message)
        self.help = help
        context = click.get_current_context(silent=True)
        self._color = context.color if context else None

    def show(self, file: IO[Any] | None = None) -> None:  # noqa: ARG002  # click's signature
        """Print it to standard error."""
        for line in self.message.split("\n"):
            _say(f"{_red('error')}: {visible(line)}", self._color)
        if self.help:
            _say(f"  = help: {visible(self.help)}", self._color)


def ended(run: Callable[[], int | None]) -> int:
    """Run something to its end, whatever happens in it, and give the code to exit with."""
    try:
        _end_in_good_order_when_terminated()
        code = run() or ExitCode.CLEAN
        if sys.stdout is not None:
            sys.stdout.flush()
    except SystemExit:  # raised by click alone, where the pipe is closed that it writes help or the version to
        code = ExitCode.CLOSED_PIPE
    except (Exception, KeyboardInterrupt) as error:
        code = report(error)
    _let_go_of_broken_streams()
    return int(code)


def report(error: BaseException) -> int:
    """Say on standard error why it ended, and give the code to exit with."""
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case click.ClickException():
            error.show()
            return error.exit_code
        case Terminated():
            _say("terminated")
            return ExitCode.TERMINATED
        case KeyboardInterrupt() | click.Abort():
            _say("interrupted")
            return ExitCode.INTERRUPTED
        case BrokenPipeError():
            return ExitCode.CLOSED_PIPE
        case OSError() if error.errno is not None and error.filename is None:
            ShellError(f"cannot write the output: {reason(error)}").show()
            return ExitCode.USAGE
    return _report_bug(error)


def _report_bug(error: BaseException) -> int:
    if os.environ.get("CONNRULES_TRACEBACK"):
        _say("".join(traceback.format_exception(error)).rstrip())
    what = visible(": ".join(part for part in (type(error).__name__, str(error)) if part))
    _say(f"{_red('internal error')}: {what}")
    _say("  = help: this is a bug in connrules, not in your rules; CONNRULES_TRACEBACK=1 shows where it happened,")
    _say("          for a report of it")
    return ExitCode.BUG


def _end_in_good_order_when_terminated() -> None:
    with suppress(ValueError):  # only the main thread may say what a signal does
        signal.signal(signal.SIGTERM, _terminate)


def _terminate(_signal: int, _frame: object) -> NoReturn:
    raise Terminated


def _red(text: str) -> str:
    return click.style(text, fg="red", bold=True)


def _say(text: str, color: bool | None = None) -> None:  # noqa: FBT001  # as click.echo has it
    with suppress(OSError):  # there is nobody left to tell
        click.echo(text, err=True, color=color_of_environment() if color is None else color)


def _let_go_of_broken_streams() -> None:
    """Point a stream that cannot be written at nothing: Python flushes at exit and would complain once more."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
