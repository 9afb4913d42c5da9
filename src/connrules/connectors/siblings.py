"""The files that a log was moved away to when it was rotated: told by their names, and ordered by them."""

import heapq
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from connrules.files import UnreadableError, reason

_STAMP: Final = re.compile(r"[.-]\d[\dT.:_-]*")
"""What programs that rotate files put into their names: `.1`, `-20260302`."""
_COMPRESSED: Final = (".gz", ".zst")
_DATE: Final = 6
"""A number of so many digits is a date, or an instant; one of fewer counts from the newest log to the oldest."""


class _Name(NamedTuple):
    """What the name of a rotated log says."""

    style: tuple[str, int]
    """Names of one style say which of two logs is older; those of two styles do not."""
    age: tuple[int, ...]
    """The less, the older."""


def siblings(log: Path) -> list[Path]:
    """The rotated logs beside a log, the oldest first.

    A number in the name is the higher, the older the log is; dates ascend. The times of the files only decide between
    names that say it in different ways. Of a file and its compressed twin only the file is given. Where the log is a
    link to one of several, those older than that one are given, too. Raises UnreadableError.
    """
    real = Path(os.path.realpath(log))
    found: dict[Path, _Name] = {}
    for folder, name in _originals(log, real):
        found |= _rotated(folder, name)
    ordered = _ordered(found)
    if real in ordered:  # a link to the log of the day: later ones are not begun
        ordered = ordered[: ordered.index(real)]
    return ordered


def _originals(log: Path, real: Path) -> Iterator[tuple[Path, str]]:
    """The names that a log was moved away from, each with the folder where it is."""
    yield Path(os.path.realpath(log.parent)), log.name
    if log.is_symlink():
        yield real.parent, real.name
        if stamps := list(_STAMP.finditer(_uncompressed(real.name))):
            yield real.parent, real.name[: stamps[-1].start()] + real.name[stamps[-1].end() :]


def _rotated(folder: Path, original: str) -> dict[Path, _Name]:
    twins: defaultdict[str, list[Path]] = defaultdict(list)
    names: dict[str, _Name] = {}
    try:
        for file in folder.iterdir():
            bare = _uncompressed(file.name)
            if (name := _name(bare, original)) and file.is_file():
                names[bare] = name
                twins[bare].append(file)
    except OSError as error:
        raise UnreadableError(
            f"{folder}: {reason(error)}, so rotated logs cannot be found there", "ask for the right to list the folder"
        ) from None
    return {min(files, key=lambda file: len(file.name)): names[bare] for bare, files in twins.items()}


def _uncompressed(name: str) -> str:
    for ending in _COMPRESSED:
        if name.endswith(ending):
            return name.removesuffix(ending)
    return name


def _name(bare: str, original: str) -> _Name | None:
    """`events.jsonl.1` and `events-20260302.jsonl` are names that `events.jsonl` is moved to."""
    for rest in _rests(bare, Path(original)):
        if _STAMP.fullmatch(rest):
            digits = re.findall(r"\d+", rest)
            numbers = tuple(map(int, digits))
            if len(digits) == 1 and len(digits[0]) < _DATE:
                return _Name(("number", 0), (-numbers[0],))
            return _Name(("date", len(digits[0])), numbers)
    return None


def _rests(bare: str, original: Path) -> Iterator[str]:
    if bare.startswith(original.name):
        yield bare.removeprefix(original.name)
    if original.suffix and bare.startswith(original.stem) and bare.endswith(original.suffix):
        yield bare.removeprefix(original.stem).removesuffix(original.suffix)


def _ordered(found: dict[Path, _Name]) -> list[Path]:
    styles: defaultdict[tuple[str, int], list[Path]] = defaultdict(list)
    for file in sorted(found, key=lambda file: (found[file].age, _written(file), file.name)):
        styles[found[file].style].append(file)
    return list(heapq.merge(*styles.values(), key=_written))


def _written(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:  # it is gone again, which is seen when it is opened
        return 0
