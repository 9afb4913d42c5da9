"""The events of a log that rules speak of: as a table for what is resolved at once, or as rows for the engine."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from connrules.columnar.plain import Codes
from connrules.columnar.reading import ABOUT, BATCH, events
from connrules.event import Event, Row
from connrules.vocabulary import OBJECT_KIND, ObjectKind

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_COLUMNS: Final = {ObjectKind.CAMPAIGN: "campaign", ObjectKind.CARD: "card", ObjectKind.EVENT: "name"}
_FEW: Final = 50
"""So many names are compared one by one; more are looked up."""


def tell_codes(con: "DuckDBPyConnection", codes: Codes) -> None:
    """Put what rules speak of into the table `spoken`."""
    import numpy as np  # noqa: PLC0415  # only where DuckDB is

    con.execute("CREATE TABLE spoken (type VARCHAR, about VARCHAR, code BIGINT)")
    if codes.written:
        types, abouts, numbers = zip(*codes.written, strict=True)
        told = {
            "type": np.array(types, dtype=object),
            "about": np.array(abouts, dtype=object),
            "code": np.array(numbers),
        }
        con.register("told", told)
        con.execute("INSERT INTO spoken SELECT * FROM told")
        con.unregister("told")


def make_relevant(con: "DuckDBPyConnection", codes: Codes, *, in_order: bool) -> None:
    """Make the table `relevant` of the events that rules speak of, each with its place in the total order."""
    where, names = _what_matters(codes)
    place = "number" if in_order else "row_number() OVER (ORDER BY time, number)"
    con.execute("SET preserve_insertion_order = false")  # each row has its place with it
    con.execute(
        f"""CREATE TABLE relevant AS
        SELECT {place} AS place, "user", time, coalesce(nullif(id, ''), concat('#', number)) AS name, code
        FROM (SELECT number, "user", time, id, type, {ABOUT} AS about FROM {events(con)} WHERE {where})
        JOIN spoken USING (type, about)""",
        names,
    )


def rows_for_engine(con: "DuckDBPyConnection", codes: Codes | None) -> Iterator[list[tuple[Any, ...]]]:
    """The events that rules speak of, or all of them, in their total order, a batch at a time.

    Those that rules speak of get the names by which they are known where they have no id: the numbers of the others
    are not seen. Each is number, user, type, time, id, campaign, card, name and properties, as an event has them.
    """
    where, names = ("true", []) if codes is None else _what_matters(codes)
    joined, name = ("", "NULL") if codes is None else ("SEMI JOIN spoken USING (type, about)", "concat('#', number)")
    cursor = con.cursor().execute(
        f"""SELECT number, "user", type, time, coalesce(nullif(id, ''), {name}), campaign, card, name, properties
        FROM (SELECT *, {ABOUT} AS about FROM {events(con)} WHERE {where}) {joined} ORDER BY time, number""",
        names,
    )
    while rows := cursor.fetchmany(BATCH):
        yield rows


def log_of_rows(con: "DuckDBPyConnection", batches: Iterable[Sequence[tuple[int, Row]]]) -> None:
    """Make rows that were decoded elsewhere the table `log`; each comes with its number."""
    import numpy as np  # noqa: PLC0415  # only where DuckDB is

    con.execute(
        """CREATE TABLE log (number BIGINT, "user" VARCHAR, type VARCHAR, time BIGINT, id VARCHAR, campaign VARCHAR,
        card VARCHAR, name VARCHAR, properties VARCHAR, time_text VARCHAR)"""
    )
    for batch in batches:
        texts = {field: np.array([getattr(row, field) or "" for _, row in batch], dtype=object) for field in _TEXTS}
        properties = np.array([_encoded(row.properties) for _, row in batch], dtype=object)
        number = np.array([number for number, _ in batch], dtype=np.int64)
        time = np.array([row.time for _, row in batch], dtype=np.int64)
        con.register("batch", {"number": number, "time": time, "properties": properties, **texts})
        con.execute("INSERT INTO log BY NAME SELECT * REPLACE (nullif(properties, '') AS properties) FROM batch")
        con.unregister("batch")


_TEXTS: Final = ("user", "type", "id", "campaign", "card", "name")


def _encoded(properties: dict[str, Any] | None) -> str:
    return "" if properties is None else msgspec.json.encode(properties).decode()


def _what_matters(codes: Codes) -> tuple[str, list[str]]:
    """SQL for what the rules speak of, and the names in it. It may let more pass: `spoken` has the last word."""
    of_type: dict[str, list[str]] = {}
    for type_, about, _ in codes.written:
        of_type.setdefault(type_, []).append(about)
    conditions, names = ["false"], []
    for type_, abouts in of_type.items():
        kind = OBJECT_KIND[type_]
        condition = "type = ?"
        names.append(type_)
        if kind is not None and len(abouts) <= _FEW:
            condition += f" AND {_COLUMNS[kind]} IN ({', '.join('?' * len(abouts))})"
            names += abouts
        conditions.append(f"({condition})")
    return " OR ".join(conditions), names


def event_of(row: tuple[Any, ...], properties: dict[str, Any] | None) -> Event:
    """The event of a row."""
    _, user, type_, time, id_, campaign, card, name, _ = row
    return Event(
        user=user, type=type_, time=time, id=id_, campaign=campaign, card=card, name=name, properties=properties
    )


def nests_deeper(value: Any, most: int) -> bool:
    """Whether objects and lists nest deeper than that."""
    level, depth = [value], 0
    while level and depth < most:
        level = [inner for outer in level for inner in (outer.values() if isinstance(outer, dict) else outer)]
        level = [inner for inner in level if isinstance(inner, dict | list)]
        depth += 1
    return bool(level)
