"""Finds rule files and reads them: a file, or all `.conn` files of a folder in order of their paths."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from connrules.text import SourceText

SUFFIX = ".conn"


class UnreadableError(OSError):
    """A file or folder that cannot be read, or that holds no rules. The message names it and says why."""


def read_sources(paths: Iterable[str | Path]) -> list[SourceText]:
    """The source texts of all files, in rule-set order; a file that is named twice is read once.

    Raises UnreadableError.
    """
    found: dict[Path, tuple[str, str]] = {}
    for path in map(Path, paths):
        for file, name in _files_of(path):
            found.setdefault(file.resolve(), (str(file), name))
    names = Counter(name for _, name in found.values())
    return [
        SourceText.decode(read_bytes(file), shown, name if names[name] == 1 else Path(shown).as_posix())
        for file, (shown, name) in found.items()
    ]


def read_bytes(path: str | Path) -> bytes:
    """All bytes of a file. Raises UnreadableError."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UnreadableError(f"{path}: {reason(error)}") from None


def reason(error: OSError) -> str:
    """Why the operating system refused, in lower case."""
    return (error.strerror or str(error)).lower()


def _files_of(path: Path) -> Iterator[tuple[Path, str]]:
    """Each file with the name that rules in it are called by: its path inside the folder that was named."""
    if not path.exists():
        raise UnreadableError(f"{path}: no such file or folder")
    if not path.is_dir():
        yield path, path.name
        return
    files = sorted(p for p in path.rglob(f"*{SUFFIX}") if p.is_file() and not _is_hidden(p.relative_to(path)))
    if not files:
        raise UnreadableError(f"{path}: the folder has no {SUFFIX} files")
    for file in files:
        yield file, file.relative_to(path).as_posix()


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
