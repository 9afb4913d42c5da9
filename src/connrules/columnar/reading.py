"""What is read of a log: which rows are no events, which are late, what the events are about, and those that matter.

The table or view `log` has the rows as they are, `left_out` the numbers of those that do not count, `events` the rest,
and `relevant` those events that rules speak of, numbered in their total order.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from connrules.columnar.sources import Clock, Columns, Source
from connrules.duration import EARLIEST, LATEST, LIKE_SECONDS, parse_instant
from connrules.vocabulary import OBJECT_KIND, ObjectKind

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

OnReject = Callable[[int, bytes, str], object]
"""Takes the number of a row, the row as JSON, and why it is no event."""
OnLate = Callable[[bytes], object]
BATCH: Final = 50_000
"""How many rows come into Python at once."""
_TIME_HELP: Final = 'write ISO 8601 with an offset ("2026-03-02T10:00:00Z") or an integer of epoch milliseconds'
_AS_WRITTEN: Final = 'id, "user", type, time, campaign, card, name, properties, time_text'
_LATE: Final = "newest - time > $lateness"


def about(campaign: str, card: str, name: str) -> str:
    """The SQL of what an event is about, by the columns that may say so; empty where they say nothing."""
    columns = {ObjectKind.CAMPAIGN: campaign, ObjectKind.CARD: card, ObjectKind.EVENT: name}
    cases = (
        "WHEN type IN ({}) THEN {}".format(", ".join(f"'{t}'" for t, k in OBJECT_KIND.items() if k is kind), column)
        for kind, column in columns.items()
    )
    return f"coalesce(CASE {' '.join(cases)} END, '')"


ABOUT: Final = about("campaign", "card", "name")


class Census(NamedTuple):
    """How many events are of a type and about an object."""

    type: str
    about: str
    """The name or id that the events give; empty where they give none, or are about nothing."""
    events: int


def load(con: "DuckDBPyConnection", source: Source) -> Clock:
    """Make a source the log: as it is where it can be read again and again, else as a table. Returns its clock."""
    fields = (f"{sql} AS {field}" for field, sql in zip(_FIELDS, source.columns, strict=True))
    kind = "VIEW" if source.is_cheap else "TABLE"
    con.execute(f"CREATE {kind} log AS SELECT {', '.join(fields)} FROM {source.relation}")
    if source.columns.time_text != "NULL::VARCHAR":
        _read_odd_times(con)
    return source.clock


_FIELDS: Final = tuple('"user"' if field == "user" else field for field in Columns._fields)


def _read_odd_times(con: "DuckDBPyConnection") -> None:
    """Read the times that DuckDB was not asked to read."""
    texts = con.execute("SELECT DISTINCT time_text FROM log WHERE time IS NULL AND time_text IS NOT NULL").fetchall()
    read = [(text, _instant(text)) for (text,) in texts]
    con.execute("CREATE TABLE odd (text VARCHAR, instant BIGINT)")
    if known := [(text, instant) for text, instant in read if isinstance(instant, int)]:
        con.executemany("INSERT INTO odd VALUES (?, ?)", known)
        con.execute("UPDATE log SET time = odd.instant FROM odd WHERE log.time IS NULL AND time_text = odd.text")


def _instant(text: str) -> int | str:
    """The instant of a text, or why it is none."""
    if len(text) <= len("2026-03-02"):
        return f"time: {_TIME_HELP}"
    try:
        return parse_instant(text)
    except ValueError as error:
        return f"time: {_TIME_HELP if 'is not a time' in str(error) else error}"


def leave_out_what_is_no_event(con: "DuckDBPyConnection", clock: Clock, on_reject: OnReject) -> None:
    """Reject the rows that are no events."""
    con.execute("CREATE TABLE left_out (number BIGINT)")
    no_event = _no_event(clock)
    # One by one: what the statistics of a file rule out is not even read.
    if any(count_of(con, f"log WHERE {what}") for what in no_event):
        con.execute(f"INSERT INTO left_out SELECT number FROM log WHERE {' OR '.join(no_event)} ORDER BY number")
        for number, *row in _rows_of(con, "left_out"):
            on_reject(number, as_line(row), _why(row))


def _no_event(clock: Clock) -> tuple[str, ...]:
    """SQL for what makes a row no event."""
    time = clock.column
    outside = (f"{time} IS NULL", f"{time} < {clock.at(EARLIEST)}", f"{time} >= {clock.at(LATEST + 1)}")
    return ('"user" IS NULL', "\"user\" = ''", "type IS NULL", *outside)


def leave_out_what_is_late(con: "DuckDBPyConnection", lateness: int, on_late: OnLate) -> tuple[int, int]:
    """Leave out late events; how many there are, and by how many milliseconds the latest is older than the newest."""
    ahead = f"""CREATE TABLE ahead AS SELECT number, newest - time AS behind FROM (
        SELECT number, time, max(time) OVER (ORDER BY number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS newest
        FROM {events(con)}) WHERE {_LATE}"""
    con.execute(ahead, {"lateness": lateness})
    late, worst = con.execute("SELECT count(*), coalesce(max(behind), 0) FROM ahead").fetchall()[0]
    if late:
        for _, *row in _rows_of(con, "ahead"):
            on_late(as_line(row))
        con.execute("INSERT INTO left_out SELECT number FROM ahead")
    return late, worst


def is_in_order(con: "DuckDBPyConnection", clock: Clock) -> bool:
    """Whether no event is older than the one before it.

    A log of which no row is left out is looked at in one go: DuckDB promises that a window without an order sees rows
    as they are stored. Where events are in disorder within a millisecond, they count as if in disorder.
    """
    order = "ORDER BY number" if count_of(con, "left_out") else ""
    time = clock.column
    older = f"(SELECT {time} < lag({time}) OVER ({order}) AS is_older FROM {events(con)}) WHERE is_older"
    return not count_of(con, older)


def take_census(con: "DuckDBPyConnection", missing: frozenset[str]) -> Iterator[Census]:
    """What the events are about; `missing` are the columns that the log does not have."""
    columns = ", ".join(f"NULL AS {name}" if name in missing else name for name in ("campaign", "card", "name"))
    cursor = con.cursor().execute(
        f"""SELECT type, {ABOUT} AS about, sum(events) FROM (
            SELECT type, {columns}, count(*) AS events FROM {events(con)} GROUP BY ALL) GROUP BY ALL"""
    )
    while rows := cursor.fetchmany(BATCH):
        yield from (Census(type_, what, int(count)) for type_, what, count in rows)


def newest(con: "DuckDBPyConnection", clock: Clock) -> int | None:
    """The time of the newest event; None where there is none."""
    latest = clock.milliseconds(f"max({clock.column})")
    found: int | None = con.execute(f"SELECT {latest} FROM {events(con)}").fetchall()[0][0]
    return found


def like_seconds(con: "DuckDBPyConnection", clock: Clock) -> int:
    """How many events have a time that looks like seconds."""
    first, beyond = clock.at(LIKE_SECONDS.start), clock.at(LIKE_SECONDS.stop)
    return count_of(con, f"{events(con)} WHERE {clock.column} >= {first} AND {clock.column} < {beyond}")


def events(con: "DuckDBPyConnection") -> str:
    """What to select the events from: those rows that count."""
    return "(FROM log ANTI JOIN left_out USING (number))" if count_of(con, "left_out") else "log"


def count_of(con: "DuckDBPyConnection", relation: str) -> int:
    """How many rows there are."""
    count: int = con.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0]
    return count


def _rows_of(con: "DuckDBPyConnection", numbers: str) -> Iterator[tuple[Any, ...]]:
    """The rows of such numbers, in the order of the log, each with its number first."""
    cursor = con.cursor().execute(
        f"SELECT number, {_AS_WRITTEN} FROM log SEMI JOIN {numbers} USING (number) ORDER BY number"
    )
    while rows := cursor.fetchmany(BATCH):
        yield from rows


def _why(row: list[Any]) -> str:
    """Why a row is no event."""
    _, user, type_, time, *_, text = row
    for field, value in (("user", user), ("type", type_)):
        if value is None:
            return f"{field}: it is missing"
    if time is None and text is not None:
        return str(_instant(text))
    if time is None:
        return "time: it is missing"
    if not EARLIEST <= time <= LATEST:
        return f"time: {time} ms is outside the years 1 to 9999"
    return "user: it is empty"


def as_line(row: list[Any]) -> bytes:
    """A row as the line of JSON that it would be, without line break."""
    id_, user, type_, time, campaign, card, name, properties, text = row
    fields = {"id": id_, "user": user, "type": type_, "campaign": campaign, "card": card, "name": name}
    line: dict[str, Any] = {field: value for field, value in fields.items() if value is not None}
    line |= {"time": time if text is None else text}
    if properties is not None:
        line["properties"] = _decoded(properties)
    return msgspec.json.encode(line)


def _decoded(properties: str) -> Any:
    try:
        return msgspec.json.decode(properties)
    except msgspec.MsgspecError:
        return properties
