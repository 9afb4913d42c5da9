"""A database that lives as long as a run: DuckDB, which spills to a folder what does not fit into memory."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from connrules.columnar import csv_files
from connrules.files import UnreadableError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@contextmanager
def database(memory: str | None = None) -> Iterator["DuckDBPyConnection"]:
    """An empty database. `memory`, such as `4GB`, is how much it takes before it spills; None: DuckDB's own default.

    Raises UnreadableError where DuckDB is not installed.
    """
    try:
        import duckdb  # noqa: PLC0415  # only columnar logs need it
        import numpy  # noqa: F401, PLC0415  # likewise
    except ImportError:
        raise UnreadableError(
            "Parquet, CSV and the columnar engine need DuckDB, which is not installed",
            "install it with: pip install 'connrules[columnar]'",
        ) from None
    with TemporaryDirectory(prefix="connrules-") as folder, duckdb.connect(":memory:") as con:
        con.execute("SET temp_directory = $folder", {"folder": folder})
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET enable_progress_bar = false")  # it would be drawn among the decisions on standard output
        if memory is not None:
            con.execute("SET memory_limit = $memory", {"memory": memory})
        yield con


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """What DuckDB says against a log, in the words of those who own it. Raises UnreadableError."""
    import duckdb  # noqa: PLC0415  # as above

    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise UnreadableError(f"{path}: there is not enough memory, or room to spill: {_first_line(error)}") from None
    except duckdb.Error as error:
        if plain := csv_files.complaint(str(error)):
            raise UnreadableError(f"{path}: it cannot be read: {plain}", csv_files.HELP) from None
        raise UnreadableError(
            f"{path}: it cannot be read: {_first_line(error)}", "see that the file is whole"
        ) from None


def _first_line(error: Exception) -> str:
    """The gist of what DuckDB says: its first line, without the kind of error before it."""
    text = re.sub(r"^[A-Z][\w -]*Error: ", "", str(error).partition("\n")[0])
    if text.startswith("don't know what type") or not text.isprintable():
        return "what is in the file is damaged"
    return text[:1].lower() + text[1:].rstrip(".")
