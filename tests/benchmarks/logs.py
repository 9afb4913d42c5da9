"""Logs made from a seed: columns of numbers, and from them decoded events, lines of JSON or Parquet.

A log is a mixture of events that the rules speak of (a push of one of some campaigns, or a purchase) and of others.
Whatever else is asked for, the draws are the same: logs that differ in how they are written hold the same events.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from connrules.duration import format_instant
from connrules.event import Event

_START: Final = 1_772_323_200_000
_SPAN: Final = 30 * 86_400_000
_OTHERS: Final = (
    ("session_start", None),
    ("opened_email", "Newsletter 7"),
    ("received_push", "Spring Sale"),
    ("viewed_in_app", "Welcome"),
)
_CHUNK: Final = 200_000
_SEED: Final = 1
_PARQUET_COLUMNS: Final = """
    SELECT format('e{:09d}', number) AS id, format('user-{:08d}', "user") AS user,
        CASE kind WHEN -2 THEN 'received_push' WHEN -1 THEN 'purchase' WHEN 0 THEN 'session_start'
            WHEN 1 THEN 'opened_email' WHEN 2 THEN 'received_push' ELSE 'viewed_in_app' END AS type,
        CASE kind WHEN -2 THEN format('Cart {:05d}', campaign) WHEN 1 THEN 'Newsletter 7' WHEN 2 THEN 'Spring Sale'
            WHEN 3 THEN 'Welcome' END AS campaign,
        make_timestamp_ms(time) AS time,
        format('{{"amount":{:.2f},"os":"iphone"}}', number % 9000 / 100) AS properties
"""


class Log(NamedTuple):
    """What a log is like. Times rise, over thirty days."""

    events: int
    users: int
    matching: float = 0.05
    """The share of the events that the rules speak of; seven in ten of them start a wait, the others cancel."""
    campaigns: int = 1
    """How many campaigns the triggers are of."""


class Line(NamedTuple):
    """An event before it is written."""

    number: int
    user: str
    type: str
    campaign: str | None
    time: int

    @property
    def id(self) -> str:
        """Rising with the line."""
        return f"e{self.number:09}"


def lines(log: Log, *, late: int = 0) -> Iterator[Line]:
    """The events of a log in order of their times, or each arriving up to `late` milliseconds after its time."""
    for first, columns in _chunks(log):
        order = np.argsort(
            columns.time + np.random.default_rng(first).integers(0, late + 1, len(columns.time)), kind="stable"
        )
        yield from _lines(first, order, columns)


def events(log: Log, *, late: int = 0) -> list[Event]:
    """A log as decoded events."""
    return [
        Event(user=line.user, type=line.type, time=line.time, id=line.id, campaign=line.campaign)
        for line in lines(log, late=late)
    ]


def write_jsonl(log: Log, path: Path, *, iso: bool = False, late: int = 0) -> Path:
    """A log as lines of some 148 bytes, times as epoch milliseconds or as ISO 8601."""
    with path.open("w", encoding="utf-8", buffering=1 << 20) as out:
        out.writelines(_json(line, iso=iso) for line in lines(log, late=late))
    return path


def write_parquet(log: Log, path: Path) -> Path:
    """A log as one Parquet file."""
    database = duckdb.connect()
    database.execute("SET enable_progress_bar = false")
    database.execute("CREATE TABLE log (number BIGINT, user BIGINT, kind INTEGER, campaign INTEGER, time BIGINT)")
    for first, columns in _chunks(log):
        chunk = {"number": np.arange(first, first + len(columns.time)), **columns._asdict()}
        database.execute("INSERT INTO log SELECT number, user, kind, campaign, time FROM chunk")
        del chunk
    database.execute(f"COPY ({_PARQUET_COLUMNS} FROM log ORDER BY number) TO '{path}' (FORMAT parquet)")
    return path


class _Columns(NamedTuple):
    user: NDArray[np.int64]
    kind: NDArray[np.int64]
    """-2: a trigger, -1: a purchase, from 0 up: one of the others."""
    campaign: NDArray[np.int64]
    time: NDArray[np.int64]


def _chunks(log: Log) -> Iterator[tuple[int, _Columns]]:
    for first in range(0, log.events, _CHUNK):
        size = min(_CHUNK, log.events - first)
        random = np.random.default_rng((_SEED, first))
        begin, end = (_START + _SPAN * at // log.events for at in (first, first + size))
        matching = random.random(size) < log.matching
        relevant = np.where(random.random(size) < 0.7, -2, -1)
        yield (
            first,
            _Columns(
                user=random.integers(0, log.users, size),
                kind=np.where(matching, relevant, random.integers(0, len(_OTHERS), size)),
                campaign=random.integers(0, 1_000_000, size) % log.campaigns,
                time=np.sort(random.integers(begin, end, size)),
            ),
        )


def _lines(first: int, order: NDArray[np.int64], columns: _Columns) -> Iterator[Line]:
    taken = (column[order].tolist() for column in columns)
    for at, user, kind, campaign, time in zip(order.tolist(), *taken, strict=True):
        type_, name = _what(kind, campaign)
        yield Line(first + at, f"user-{user:08}", type_, name, time)


def _what(kind: int, campaign: int) -> tuple[str, str | None]:
    if kind >= 0:
        return _OTHERS[kind]
    return ("purchase", None) if kind == -1 else ("received_push", f"Cart {campaign:05}")


def _json(line: Line, *, iso: bool) -> str:
    time = f'"{format_instant(line.time)}"' if iso else line.time
    campaign = f'"campaign":"{line.campaign}",' if line.campaign else ""
    return (
        f'{{"id":"{line.id}","user":"{line.user}","type":"{line.type}",{campaign}"time":{time},'
        f'"properties":{{"amount":{line.number % 9000 / 100},"os":"iphone"}}}}\n'
    )
