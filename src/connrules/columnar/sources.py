"""Which files a log is, and its columns as events have them, whatever types they come in."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from connrules.columnar import csv_files
from connrules.columnar.agreeing import Agreement, Types, types_of, types_of_file
from connrules.columnar.sql import literal, name_of, no_pattern
from connrules.files import UnreadableError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_PARQUET: Final = (".parquet", ".pq")
_MAGIC: Final = b"PAR1"
_NEEDED: Final = ("user", "type", "time")
_FIELDS: Final = ("campaign", "card", "name")
_WHOLE: Final = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT)")
_TEXTS: Final = re.compile(r"VARCHAR|JSON|UUID|ENUM\(.*\)", re.DOTALL)
_COARSE: Final = ("TIMESTAMP_S", "TIMESTAMP_MS")
_MOMENTS: Final = (*_COARSE, "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
"""Types of timestamp that hold all instants that events may have; what has nanoseconds does not."""
_PREFIX: Final = "properties."
_COLUMNS_HELP: Final = "a log has the columns user, type and time, and may have id, campaign, card, name and properties"
_ISO: Final = r"\d{4}-\d\d-\d\d[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-]([01]\d|2[0-3])(:[0-5]\d)?)"
"""Times that DuckDB reads as everybody does, and as databases write them; the others are looked at one by one."""


class Clock(NamedTuple):
    """A column of instants as it is stored: files have statistics of it, and comparing it costs no conversion."""

    column: str
    type: str | None
    """The type of timestamp that it has; None: epoch milliseconds."""

    def at(self, instant: int) -> str:
        """SQL for an instant (epoch ms) to compare the column with."""
        return str(instant) if self.type is None else f"make_timestamp_ms({instant})::{self.type}"

    def milliseconds(self, instant: str) -> str:
        """SQL for the epoch milliseconds of an instant as it is stored; what is finer is cut off."""
        if self.type is None:
            return instant
        return f"epoch_ms({instant})" if self.type in _COARSE else _floor(f"epoch_us({instant})", 1_000)


MILLISECONDS: Final = Clock("time", None)


class Columns(NamedTuple):
    """Of each field of an event, the SQL that gives it."""

    number: str
    """The row's number in the log, from 1."""
    user: str
    type: str
    time: str
    """Epoch milliseconds; NULL where there is no time, or one to look at closer."""
    id: str
    campaign: str
    card: str
    name: str
    properties: str
    """The properties as the text of a JSON object."""
    time_text: str = "NULL::VARCHAR"
    """The time as it was written, where it was."""
    moment: str = "NULL::BIGINT"
    """The time as it is stored, where that is a timestamp."""

    @property
    def missing(self) -> frozenset[str]:
        """The fields that the log has no column for."""
        return frozenset(field for field in self._fields if getattr(self, field) == "NULL::VARCHAR")


class Source(NamedTuple):
    """A log that DuckDB can read."""

    relation: str
    """What to select from."""
    columns: Columns
    is_cheap: bool
    """Whether it may be read more than once: single columns of it cost little."""
    clock: Clock


def is_columnar(path: Path) -> bool:
    """Whether a log is one that a columnar engine reads best: a folder, Parquet or CSV."""
    return path.is_dir() or csv_files.is_csv(path) or is_parquet(path)


def is_parquet(path: Path) -> bool:
    """Whether a file is Parquet, by its name or its first bytes."""
    if path.suffix.lower() in _PARQUET:
        return True
    try:
        with path.open("rb") as file:
            return path.is_file() and file.read(4) == _MAGIC
    except OSError:
        return False


def open_source(con: "DuckDBPyConnection", path: Path, properties: frozenset[str] | None) -> Source:
    """The log of a file or folder; `properties` are the names of those that are looked at, None: all.

    Raises UnreadableError where there is no log, or a column is missing or of a type that is no event's.
    """
    return _of_parquet(con, path, properties) if path.is_dir() or is_parquet(path) else _of_csv(path, properties)


def _of_parquet(con: "DuckDBPyConnection", path: Path, properties: frozenset[str] | None) -> Source:
    files = _files(path)
    names = "[" + ", ".join(literal(no_pattern(str(file))) for file in files) + "]"
    relation = f"read_parquet({names}, union_by_name = true, hive_partitioning = false)"
    if len(files) > 1:
        _check_each(con, files, properties)
    types = _written(types_of(con, relation))
    columns = columns_of(str(path), types, _number(con, names, len(files)), properties, is_text=False)
    clock = Clock("moment", types["time"]) if columns.moment == '"time"' else MILLISECONDS
    return Source(relation, columns, columns.time_text == "NULL::VARCHAR", clock)


def _check_each(con: "DuckDBPyConnection", files: Iterable[Path], properties: frozenset[str] | None) -> None:
    """Raises UnreadableError, naming the file, where one is no log by itself or does not agree with the others."""
    agreement = Agreement()
    for file in files:
        types = types_of_file(con, file)
        columns_of(str(file), _written(types), "NULL", properties, is_text=False)
        agreement.check(file, {name: type_ for name, type_ in types.items() if _is_read(name)})


def _is_read(name: str) -> bool:
    return name in Columns._fields or name.startswith(_PREFIX)


def _written(types: Types) -> dict[str, str]:
    return {name: str(type_) for name, type_ in types.items()}


def _of_csv(path: Path, properties: frozenset[str] | None) -> Source:
    if not path.exists():
        raise UnreadableError(f"{path}: no such file or directory")
    header = csv_files.header_of(path)
    types = dict.fromkeys(header, "VARCHAR")
    columns = columns_of(str(path), types, "row_number() OVER ()", properties, is_text=True)
    return Source(csv_files.relation_of(path, header), columns, is_cheap=False, clock=MILLISECONDS)


def columns_of(
    path: str, types: Mapping[str, str], number: str, properties: frozenset[str] | None, *, is_text: bool
) -> Columns:
    """The columns of a log by the types that it has; `is_text`: all are text, and a number may be written as one.

    Raises UnreadableError where a column is missing or of a type that is no event's.
    """
    _check_names(path, types)
    texts = {name: _text(path, name, types) for name in ("user", "type", *_FIELDS)}
    return Columns(
        number=number,
        **texts,
        time=_time(path, types["time"], is_text=is_text),
        id=_id(path, types),
        properties=_properties(path, types, properties),
        time_text='"time"::VARCHAR' if _TEXTS.fullmatch(types["time"]) else "NULL::VARCHAR",
        moment='"time"' if types["time"] in _MOMENTS else "NULL::BIGINT",
    )


def _check_names(path: str, types: Mapping[str, str]) -> None:
    for name in _NEEDED:
        if name not in types:
            raise UnreadableError(f"{path}: it has no column `{name}`", _help_without(name, types))


def _help_without(name: str, types: Mapping[str, str]) -> str:
    if found := next((other for other in types if other.casefold() == name), None):
        return f"it has `{found}`: write it `{name}`"
    if any(re.search("[;\t]", other) for other in types):
        return "a log as CSV is separated by commas"
    return _COLUMNS_HELP


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise UnreadableError(f"{path}: no such file or directory")
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.rglob("*.*") if _counts(file, path))
    if not files:
        raise UnreadableError(f"{path}: there is no Parquet file in this folder")
    return files


def _counts(file: Path, folder: Path) -> bool:
    """Whether a file is one of the log: not what tools leave behind, hidden or in a folder such as `_temporary`."""
    left_behind = any(part.startswith(("_", ".")) for part in file.relative_to(folder).parts)
    return file.suffix.lower() in _PARQUET and not left_behind and file.is_file()


def _number(con: "DuckDBPyConnection", names: str, files: int) -> str:
    """The number of a row in all the files together."""
    if files == 1:
        return "file_row_number + 1"
    rows = con.execute(f"SELECT num_rows FROM parquet_file_metadata({names})").fetchall()
    before = [0]
    for (count,) in rows:
        before.append(before[-1] + count)
    return f"file_row_number + 1 + list_extract({before}::BIGINT[], (file_index + 1)::BIGINT)"


def _text(path: str, name: str, types: Mapping[str, str], wanted: str = "text") -> str:
    type_ = types.get(name)
    if type_ is None or type_ == '"NULL"':
        return "NULL::VARCHAR"
    if not _TEXTS.fullmatch(type_):
        raise UnreadableError(f"{path}: the column `{name}` must be {wanted}, not {type_}", _COLUMNS_HELP)
    return name_of(name) if type_ == "VARCHAR" else f"{name_of(name)}::VARCHAR"


def _id(path: str, types: Mapping[str, str]) -> str:
    if _WHOLE.fullmatch(types.get("id", "")):
        return '"id"::VARCHAR'
    return _text(path, "id", types, "text or a whole number")


def _time(path: str, type_: str, *, is_text: bool) -> str:
    """Epoch milliseconds; what is finer is cut off."""
    if _WHOLE.fullmatch(type_):
        return '"time"' if type_ == "BIGINT" else 'try_cast("time" AS BIGINT)'
    if type_ in _MOMENTS:
        return Clock('"time"', type_).milliseconds('"time"')
    if type_ in {"TIMESTAMP_NS", "TIMESTAMPTZ_NS"}:
        return _floor('epoch_ns("time")', 1_000_000)
    if not _TEXTS.fullmatch(type_):
        wanted = "a timestamp, whole milliseconds or text"
        raise UnreadableError(f"{path}: the column `time` must be {wanted}, not {type_}", _COLUMNS_HELP)
    instant = _floor('epoch_us(try_cast("time" AS TIMESTAMPTZ))', 1_000)
    iso = f"""WHEN regexp_full_match("time", '{_ISO}') THEN {instant}"""
    number = """WHEN regexp_full_match("time", '-?\\d{1,17}') THEN try_cast("time" AS BIGINT)""" if is_text else ""
    return f"CASE {iso} {number} END"


def _floor(number: str, size: int) -> str:
    """SQL's division goes towards zero; times before 1970 go down, as all do."""
    return f"({number} - (({number} % {size}) + {size}) % {size}) // {size}"


def _properties(path: str, types: Mapping[str, str], wanted: frozenset[str] | None) -> str:
    apart = [name for name in types if name.startswith(_PREFIX)]
    type_ = types.get("properties", '"NULL"')
    if apart and "properties" in types:
        raise UnreadableError(f"{path}: it has the column `properties` and also `{apart[0]}`", "leave one of them out")
    if apart:
        names = [name for name in apart if wanted is None or name.removeprefix(_PREFIX) in wanted]
        parts = (f"{literal(name.removeprefix(_PREFIX))}: {name_of(name)}" for name in names)
        return _said("{" + ", ".join(parts) + "}") if names else "NULL::VARCHAR"
    if type_.startswith(("STRUCT(", "MAP(")) and not type_.endswith("[]"):
        return _said('"properties"')
    return _text(path, "properties", types, "the text of JSON, a STRUCT or a MAP")


def _said(struct: str) -> str:
    """The JSON of what an event says: a struct has a null for each field that it is silent about. A patch has none."""
    return f"json_merge_patch('{{}}', to_json({struct}))::VARCHAR"
