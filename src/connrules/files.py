"""Finds rule files and reads them: a path is a file, or a folder whose `.conn` files are read in order of path."""

import errno
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NoReturn

from connrules.text import SourceText

STANDARD: Final = "-"
"""The name of standard input where one reads, and of standard output where one writes."""

SUFFIX = ".conn"
_OTHERS: Final = (".toml", ".json", ".yaml", ".yml", ".jsonl", ".csv", ".parquet", ".gz", ".zst")
"""How catalogs, plans and logs end: to read one as rules is a slip, and would give an error for each of its lines."""
_NO_RULES: Final = f"name a rule file, which ends in {SUFFIX}, or a folder of them"


class UnreadableError(OSError):
    """A file or folder that cannot be read, or that holds no rules.

    The message names it and says why, `help` says what to do.
    """

    def __init__(self, message: str, help: str = "") -> None:  # noqa: A002  # as in findings
        super().__init__(message)
        self.help = help


def read_sources(paths: Iterable[str | Path]) -> list[SourceText]:
    """The source texts of all files, in rule-set order; a file that is named twice is read once.

    Raises UnreadableError.
    """
    paths = list(paths)
    if not paths:
        raise UnreadableError("there is no path to read", "name a folder with rules, or a rule file")
    found: dict[str, tuple[str, str]] = {}
    for path in map(Path, paths):
        for file, name in _files_of(path):
            # Path.resolve raises where links lead in a circle; reading such a file says so in better words.
            found.setdefault(os.path.realpath(file), (str(file), name))
    names = Counter(name for _, name in found.values())
    return [
        SourceText.decode(_read_rules(shown), shown, name if names[name] == 1 else Path(shown).as_posix())
        for shown, name in found.values()
    ]


def read_bytes(path: str | Path) -> bytes:
    """All bytes of a file. Raises UnreadableError."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        if isinstance(error, FileNotFoundError) and Path(path).is_symlink():
            raise UnreadableError(f"{path}: a link to a file that is not there", "mend or delete the link") from None
        raise UnreadableError(f"{path}: {reason(error)}", _remedy(error)) from None


def writing_remedy(error: OSError) -> str:
    """What to do where a file cannot be written."""
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return "make its folder, or choose another file"
        case PermissionError():
            return "ask for the right to write it, or choose another file"
        case OSError(errno=errno.ENOSPC | errno.EDQUOT | errno.EFBIG):
            return "make room for it, or choose another file"
    return "choose another file"


def reason(error: OSError) -> str:
    """Why the operating system refused, in lower case."""
    return (error.strerror or str(error)).lower()


def _read_rules(path: str) -> bytes:
    data = read_bytes(path)
    if not path.endswith(SUFFIX) and (path.endswith(_OTHERS) or b"\0" in data):
        raise UnreadableError(f"{path}: this is not a rule file", _NO_RULES)
    return data


def _remedy(error: OSError) -> str:
    match error:
        case FileNotFoundError():
            return "check the spelling; the path starts at the folder you are in"
        case PermissionError():
            return "ask for the right to read it"
        case IsADirectoryError():
            return "name a file in it"
    return ""


def _files_of(path: Path) -> Iterator[tuple[Path, str]]:
    """Each file with the name that rules in it are called by: its path inside the folder that was named."""
    if not _is_folder(path):
        yield path, path.name
        return
    files = sorted(_rule_files(path), key=lambda file: file.relative_to(path).parts)
    if not files:
        raise UnreadableError(f"{path}: the folder has no {SUFFIX} files", "name a folder with rules, or a rule file")
    for file in files:
        yield file, file.relative_to(path).as_posix()


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False  # reading it says why


def _rule_files(folder: Path) -> Iterator[Path]:
    """The rule files in a folder and the folders in it, leaving out hidden ones and links to folders."""
    for place, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (file for name in files if is_rule_file(file := Path(place, name), folder))


def is_rule_file(file: Path, folder: Path) -> bool:
    """Whether a file in a folder, or below, is one of rules, by its path: neither it nor a folder above is hidden."""
    return file.name.endswith(SUFFIX) and not any(part.startswith(".") for part in file.relative_to(folder).parts)


def _refuse(error: OSError) -> NoReturn:
    raise UnreadableError(f"{error.filename}: {reason(error)}", _remedy(error))
