"""Puts new texts in the place of rule files, and shows how they differ."""

import difflib
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from connrules.cli.exit import ShellError
from connrules.files import UnreadableError, read_bytes, reason
from connrules.text import SourceText

_BOM = b"\xef\xbb\xbf"


def replace_file(path: Path, data: bytes) -> None:
    """Put a new file in the place of an old one, in one step: whatever happens, there is a whole file.

    A link goes on leading to it. Raises ShellError.
    """
    place = Path(os.path.realpath(path))
    fresh = place.with_name(f".{place.name}.new")
    try:
        try:
            fresh.write_bytes(data)
            shutil.copymode(place, fresh)
            fresh.replace(place)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise ShellError(f"{path}: cannot be written: {reason(error)}") from None


def replace_texts(pairs: Iterable[tuple[SourceText, SourceText]]) -> None:
    """Write the texts that are to be in the place of those that were read.

    Raises ShellError before anything is written where a file may not be written, or is no longer what was read.
    """
    written = [(Path(old.path), _bytes_for(old, new)) for old, new in pairs]
    for path, data in written:
        replace_file(path, data)


def _bytes_for(old: SourceText, new: SourceText) -> bytes:
    try:
        data = read_bytes(old.path)
        mode = Path(old.path).stat().st_mode
    except OSError as error:
        remedy = error.help if isinstance(error, UnreadableError) else ""
        raise ShellError(str(error), remedy) from None
    if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(old.path, os.W_OK):
        raise ShellError(f"{old.path}: may not be written; nothing was changed", "ask for the right to write it")
    if SourceText.decode(data, old.path).text != old.text:
        raise ShellError(f"{old.path}: has changed meanwhile; nothing was changed", "run it again")
    return (_BOM if data.startswith(_BOM) else b"") + new.text.encode()


def difference(path: str, before: str, after: str, what: str, *, color: bool) -> str:
    """The lines in which a file differs from what it is to be, as `diff -u` shows them; `what` it is then."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    lines = difflib.unified_diff(old, new, f"{path} (as it is)", f"{path} ({what})")
    return "".join(_colored(line) if color else line for line in _whole(lines))


def _whole(lines: Iterator[str]) -> Iterator[str]:
    """The lines of a difference, those without a line break at the end of a file marked as usual."""
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _colored(line: str) -> str:
    colors = {"+": "green", "-": "red", "@": "cyan"}
    return click.style(line, fg=colors.get(line[:1]))
