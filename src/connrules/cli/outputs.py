"""Where commands write: never over what they read, and nothing is emptied before all of it can be written."""

import os
import stat
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from connrules.cli.exit import ShellError
from connrules.connectors.streams import LineWriter
from connrules.files import STANDARD, reason, writing_remedy

_Identity = tuple[int, int] | str
"""What tells files apart, whatever they are called: device and number, or the real path of a file to be."""


def refuse_overwriting(inputs: Iterable[Path], outputs: Iterable[Path | None]) -> None:
    """Raise ShellError where an output, or standard output, is one of the inputs, or an output is another output.

    Devices and pipes may be used more than once.
    """
    taken = {_identity(path) for path in inputs}
    if _standard(sys.stdout) in taken - {None}:
        raise ShellError("standard output: it goes to a file that is read", "write to another file")
    for output in outputs:
        if output is None or str(output) == STANDARD or (identity := _identity(output)) is None:
            continue
        if identity in taken:
            raise ShellError(f"{output}: this file is used already in this run", "write to another file")
        taken.add(identity)


def open_anew(paths: Sequence[Path | None]) -> list[LineWriter]:
    """Writers for all of these files, emptied, or ShellError and none of them changed; None: standard output."""
    writers: list[LineWriter] = []
    with ExitStack() as stack:
        for path in paths:
            writers.append(_open(path))
            stack.callback(writers[-1].close)
        for writer in writers:
            writer.clear()
        stack.pop_all()
    return writers


def unwritable(name: str, error: OSError) -> ShellError:
    """What to say of an output that cannot be written."""
    return ShellError(f"{name}: cannot be written: {reason(error)}", writing_remedy(error))


def _open(path: Path | None) -> LineWriter:
    try:
        return LineWriter(path)
    except OSError as error:
        name = "standard output" if path is None else str(path)
        raise unwritable(name, error) from None


def _identity(path: Path) -> _Identity | None:
    if str(path) == STANDARD:
        return _standard(sys.stdin)
    try:
        return _of_regular_file(path.stat())
    except OSError:
        return os.path.realpath(path)


def _standard(stream: IO[Any] | None) -> _Identity | None:
    try:
        return None if stream is None else _of_regular_file(os.fstat(stream.fileno()))
    except OSError:
        return None


def _of_regular_file(status: os.stat_result) -> _Identity | None:
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None
