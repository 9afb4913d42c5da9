"""CSV as RFC 4180 has it: commas, double quotes, UTF-8 and a header. Nothing is guessed from a sample of the file."""

import csv
import gzip
import io
import re
import sys
import zlib
from pathlib import Path
from typing import BinaryIO, Final, cast

from connrules.columnar.sql import literal, no_pattern
from connrules.files import UnreadableError, reason

ENDINGS: Final = (".csv", ".csv.gz", ".csv.zst")
HELP: Final = "a log as CSV is in UTF-8, separated by commas, with double quotes around what needs them"
_LONGEST: Final = 16_000_000
"""Bytes of a line, at most."""
_BUFFER: Final = 2 * _LONGEST
"""DuckDB's own; unasked it would take sixteen of the longest lines."""
_LINE: Final = re.compile(r"CSV Error on Line: (\d+)")
_COUNTS: Final = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")


def is_csv(path: Path) -> bool:
    """Whether a file is CSV, by its name."""
    return path.name.lower().endswith(ENDINGS)


def header_of(path: Path) -> list[str]:
    """The names of the columns, in their order; where the header has no name, the place stands for it.

    Raises UnreadableError, also where two names are the same but for case: DuckDB takes them for one.
    """
    names = _first_record(path)
    seen: dict[str, str] = {}
    for name in filter(None, names):
        other = seen.setdefault(name.casefold(), name)
        if names.count(name) > 1:
            raise UnreadableError(f"{path}: it has the column `{name}` more than once", "leave one of them out")
        if other != name:
            raise UnreadableError(
                f"{path}: the columns `{other}` and `{name}` differ only in case", "rename one of them"
            )
    return [name or f" {place}" for place, name in enumerate(names, 1)]


def relation_of(path: Path, header: list[str]) -> str:
    """The SQL to select the file's cells from; an empty cell is NULL, also a quoted one.

    One thread reads: several begin in the midst of the file, and take the lines of a quoted cell there for rows.
    """
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
    return (
        f"read_csv({literal(no_pattern(str(path)))}, auto_detect = false, header = true, columns = {{{columns}}}, "
        """delim = ',', quote = '"', escape = '"', nullstr = '', strict_mode = true, """
        f"parallel = false, max_line_size = {_LONGEST}, buffer_size = {_BUFFER})"
    )


def complaint(text: str) -> str | None:
    """What DuckDB says against a CSV file, in plain words; None: it is about something else."""
    found = _LINE.search(text)
    line = f"line {found[1]}" if found else "a line"
    if "Invalid unicode" in text:
        return f"the file is not UTF-8: {line}"
    if "state machine" in text:
        return "CSV error: line breaks of several kinds, or a quote where none may be"
    if found is None:
        return None
    if counts := _COUNTS.search(text):
        return f"CSV error: {line} has another number of cells than the header: {counts[2]}, not {counts[1]}"
    if "unterminated quote" in text:
        return f"CSV error: {line} has a quote that does not end where the cell ends"
    if "Maximum line size" in text:
        return f"CSV error: {line} is longer than {_LONGEST // 1_000_000} MB"
    return f"CSV error: {line}"


def _first_record(path: Path) -> list[str]:
    try:
        with _opened(path) as file, io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
            first = next(csv.reader(text, strict=True), [])
            _check_end(path, file)
            return first
    except UnicodeDecodeError:
        raise UnreadableError(f"{path}: the file is not UTF-8", HELP) from None
    except csv.Error as error:
        raise UnreadableError(f"{path}: CSV error in the header: {error}", HELP) from None
    except (EOFError, zlib.error):
        raise UnreadableError(
            f"{path}: the compressed data is damaged or cut off", "see that the file is whole"
        ) from None
    except UnreadableError:
        raise
    except OSError as error:
        raise UnreadableError(f"{path}: {reason(error)}") from None
    except Exception as error:
        if type(error).__name__ == "ZstdError":  # its module may not be there to be named
            raise UnreadableError(f"{path}: the compressed data is damaged", "see that the file is whole") from None
        raise


def _check_end(path: Path, file: BinaryIO) -> None:
    """DuckDB's one thread is silent about a last cell whose quote stays open, and about zstd that is cut off.

    Raises UnreadableError for the one and EOFError for the other.
    """
    file.seek(0)
    quotes = 0
    while data := file.read(1 << 20):
        quotes += data.count(b'"')
    if quotes % 2:
        raise UnreadableError(f"{path}: CSV error: there is a quote that is never closed", HELP)


def _opened(path: Path) -> BinaryIO:
    """The bytes of a file, decompressed as its name says, as DuckDB does."""
    match path.suffix.lower():
        case ".gz":
            return cast("BinaryIO", gzip.open(path))
        case ".zst":
            return _zstd(path)
        case _:
            return path.open("rb")


def _zstd(path: Path) -> BinaryIO:
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415  # only compressed input needs it
    else:
        from backports import zstd  # noqa: PLC0415  # likewise
    return cast("BinaryIO", zstd.ZstdFile(path))
