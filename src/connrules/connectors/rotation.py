"""Which logs to read, given how far one was read before: the same again, what is left of one that was rotated, another.

What is not certain is refused, so that nothing is left out and nothing read twice.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from connrules.connectors.position import HEAD, Position
from connrules.connectors.streams import Lines
from connrules.files import STANDARD, UnreadableError

_ROTATED: Final = re.compile(r"[.-]\d[\dT.:_-]*")
"""What programs that rotate files put into their names: `.1`, `-20260302`."""
_COMPRESSED: Final = (".gz", ".zst")
_PUT_BACK: Final = "put the log back as it was, or begin anew: with another state file, and another output"


class Log(NamedTuple):
    """A log to read."""

    path: Path
    real: str
    """The real path of the file; empty: it is standard input."""
    asked: str
    """The path that was asked for, under which logs come one after the other."""
    head: bytes = b""
    """The first bytes of what was read of it before."""
    is_over: bool = False
    """Whether nothing more will be written to it: its last line is whole, whatever it looks like."""


def logs_to_read(path: Path, before: Position | None, on_note: Callable[[str], object]) -> tuple[list[Log], Position]:
    """The logs to read, one after the other, and the position in the first of them.

    Raises UnreadableError where a log cannot be read, or is not the one that has to be read next.
    """
    if not _can_be_read_again(path):
        return [Log(path, "", "", is_over=True)], before.of_next() if before else Position()
    log = Log(path, os.path.realpath(path), str(path.absolute()))
    start = first_bytes(path)
    if before is None or before.head is None:
        return [log], (before or Position()).of_next(log.real, log.asked)
    if before.is_of(start):
        known = msgspec.structs.replace(before, log=log.real, asked=log.asked)
        return [log._replace(head=start[: before.offset])], known
    if before.may_be_of(start):
        raise changed(str(path))
    return _another(log, before, on_note)


def check_log(path: Path) -> None:
    """Raise UnreadableError where a log cannot be opened."""
    if _can_be_read_again(path):
        Lines(path).close()


def _can_be_read_again(path: Path) -> bool:
    """Whether it is no pipe: what cannot be opened says so when it is."""
    return str(path) != STANDARD and (path.is_file() or not path.exists() or path.is_dir())


def first_bytes(path: Path) -> bytes:
    """The first bytes of a log, by which it is recognised. Raises UnreadableError."""
    lines, start = Lines(path), b""
    try:
        while len(start) < HEAD and (data := lines.read()):
            start += data
    finally:
        lines.close()
    return start[:HEAD]


def changed(name: str) -> UnreadableError:
    """What to say of a log that is not what it was."""
    return UnreadableError(f"{name}: it was read before, and has been changed since where it was read", _PUT_BACK)


def shorter(name: str) -> UnreadableError:
    """What to say of a log of which more was read than there is."""
    return UnreadableError(f"{name}: it is shorter than what was read of it before", _PUT_BACK)


def cut_off(name: str) -> str:
    """What to say of a log that was emptied while it was followed."""
    return f"{name}: it was cut off, and is read from its beginning; what was written last before that may be lost"


def _another(log: Log, before: Position, on_note: Callable[[str], object]) -> tuple[list[Log], Position]:
    """A log that is not the one that was read before: that one has to be at its end, or is read to its end first."""
    begin = before.of_next(log.real, log.asked)
    former = _find(before)
    if former is None:
        if not before.at_end:
            raise _not_at_end(log.path, before.log)
        on_note(f"{log.path}: another log than the one that was read before; it is read from its beginning")
        return [log], begin
    if before.asked != log.asked:
        if _has_more(former, before):
            raise _not_at_end(log.path, str(former))
        on_note(f"{log.path}: {former} was read to its end; this one is read from its beginning")
        return [log], begin
    between = [file for file in _rotated(Path(before.log)) if _is_later(file, former)]
    on_note(f"{log.path}: it was rotated; first comes what is left of " + ", then ".join(map(str, [former, *between])))
    first = Log(former, before.log, log.asked, first_bytes(former)[: before.offset], is_over=True)
    return [first, *(Log(file, before.log, log.asked, is_over=True) for file in between), log], before


def _find(before: Position) -> Path | None:
    """The file of the log that was read before, under its name or one that it was given when it was rotated."""
    log = Path(before.log)
    for file in [log, *_rotated(log)]:
        try:
            if before.is_of(first_bytes(file)):
                return file
        except UnreadableError:
            continue
    return None


def _rotated(log: Path) -> list[Path]:
    """The files that a log was moved away to, the oldest first."""
    try:
        found = [file for file in log.parent.iterdir() if file.is_file() and _is_rotated(file.name, log)]
        return sorted(found, key=lambda file: file.stat().st_mtime_ns)
    except OSError:
        return []


def _is_rotated(name: str, log: Path) -> bool:
    """`events.jsonl.1.gz` and `events-20260302.jsonl` for `events.jsonl`."""
    for ending in _COMPRESSED:
        name = name.removesuffix(ending)
    return any(_ROTATED.fullmatch(rest) for rest in _rests(name, log))


def _rests(name: str, log: Path) -> Iterator[str]:
    if name.startswith(log.name):
        yield name.removeprefix(log.name)
    if log.suffix and name.startswith(log.stem) and name.endswith(log.suffix):
        yield name.removeprefix(log.stem).removesuffix(log.suffix)


def _is_later(file: Path, former: Path) -> bool:
    return file != former and file.stat().st_mtime_ns > former.stat().st_mtime_ns


def _has_more(file: Path, before: Position) -> bool:
    lines = Lines(file)
    try:
        return lines.go_to(before.offset) and bool(lines.read())
    finally:
        lines.close()


def _not_at_end(path: Path, former: str) -> UnreadableError:
    return UnreadableError(
        f"{path}: another log than the one that was read before, {former}, which was not read to its end",
        f"run with --events {former} first, and then with this one",
    )
