"""Whether the files of a folder have the same types: DuckDB would turn numbers beside texts into texts."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from connrules.columnar.sql import literal, no_pattern
from connrules.files import UnreadableError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Types = dict[str, Any]
"""Columns with their types, as DuckDB has them; written out, a type is that of its SQL."""
_NUMBER: Final = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL\(.*\)")
_TEXT: Final = re.compile(r"VARCHAR|UUID|ENUM\(.*\)", re.DOTALL)
_HELP: Final = "write it in the same type in each file"


def types_of(con: "DuckDBPyConnection", relation: str) -> Types:
    """The types of what can be selected from."""
    found = con.sql(f"SELECT * FROM {relation}")
    return dict(zip(found.columns, found.types, strict=True))


def types_of_file(con: "DuckDBPyConnection", file: Path) -> Types:
    """The types of a Parquet file."""
    return types_of(con, f"read_parquet({literal(no_pattern(str(file)))}, hive_partitioning = false)")


class Agreement:
    """The types that the files so far agree on, field by field also within a STRUCT: one may have more than another."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, ...], tuple[Path, str]] = {}

    def check(self, file: Path, types: Types) -> None:
        """Raises UnreadableError where a file has another type for a column than one before it."""
        for column, type_ in types.items():
            for name, written in _fields((column,), type_):
                first, before = self._first.setdefault(name, (file, written))
                if _sort(before) != _sort(written):
                    both = f"`{'.'.join(name)}` is {written} in {file}, but {before} in {first}"
                    raise UnreadableError(f"the files of the log do not agree: {both}", _HELP)


def _fields(name: tuple[str, ...], type_: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """A column and, where it is a STRUCT, its fields with their types; what is always null agrees with all."""
    if type_.id == "struct":
        yield name, "STRUCT"
        for inner, inner_type in type_.children:
            yield from _fields((*name, inner), inner_type)
    elif type_.id != "null":
        yield name, str(type_)


def _sort(written: str) -> str:
    """Types of one sort are the same to an event."""
    if _NUMBER.fullmatch(written):
        return "number"
    return "text" if _TEXT.fullmatch(written) else written
