"""Outcomes as lines of JSON, made by DuckDB: byte for byte those that the streaming engine's writer makes."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from connrules import plan
from connrules.columnar.reading import BATCH
from connrules.duration import LATEST
from connrules.event import Kind, Reason

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Words(NamedTuple):
    """What the lines of some outcomes have in common."""

    kind: Kind
    rule: int
    reason: Reason | None
    pattern: int | None
    """The index of the rule's exception pattern."""


def lines(con: "DuckDBPyConnection", words: Mapping[Words, int], compiled: plan.Plan) -> Iterator[bytes]:
    """The lines of all outcomes in the table `found`, in order, many at a time."""
    _tell(con, words, compiled)
    con.execute("SET preserve_insertion_order = true")
    cursor = con.cursor().execute(_QUERY)
    while rows := cursor.fetchmany(BATCH):
        yield "".join([line for (line,) in rows]).encode()


def _tell(con: "DuckDBPyConnection", words: Mapping[Words, int], compiled: plan.Plan) -> None:
    """Put what the lines have in common into a table."""
    con.execute(
        """CREATE TABLE words (word BIGINT, hashed VARCHAR, before VARCHAR, after VARCHAR, ending VARCHAR,
           is_pending BOOLEAN)"""
    )
    import numpy as np  # noqa: PLC0415  # as DuckDB, only where it is needed

    if words:
        texts = [_texts(each, compiled.rules[each.rule]) for each in words]
        names = ("hashed", "before", "after", "ending")
        columns = {
            name: np.array(column, dtype=object) for name, column in zip(names, zip(*texts, strict=True), strict=True)
        }
        columns["word"] = np.fromiter(words.values(), dtype=np.int64)
        columns["is_pending"] = np.array([each.kind is Kind.PENDING for each in words])
        con.register("told", columns)
        con.execute("INSERT INTO words BY NAME SELECT * FROM told")
        con.unregister("told")


def _texts(words: Words, rule: plan.Rule) -> tuple[str, str, str, str]:
    """What is hashed before the user; what stands before the user, after it, and at the end of the line."""
    kind, _, reason, pattern = words
    name = _json(rule.name)
    assert isinstance(rule.send, str), "splits are not plain"
    send = f',"send":{_json(rule.send)}' if kind is Kind.SENT else ""
    why = "" if reason is None else f',"reason":"{reason}"'
    matched = "" if pattern is None else f',"pattern":{_json(rule.exceptions[pattern].text)}'
    return f"[{name},", f'","outcome":"{kind}","rule":{name},"user":', f'{send}{why},"at":', f"{matched}}}\n"


def _json(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _quoted(text: str) -> str:
    """SQL for a text as JSON. DuckDB writes the rarest control characters in capitals, which is no other JSON, but
    other bytes, and so other ids: texts that have such are written out by hand."""
    own = {"\b": r"\b", "\t": r"\t", "\n": r"\n", "\f": r"\f", "\r": r"\r"}
    written = rf"""replace(replace({text}, '\', '\\'), '"', '\"')"""
    for code in range(0x20):
        escape = own.get(chr(code), rf"\u{code:04x}")
        written = f"replace({written}, chr({code}), '{escape}')"
    return rf"""CASE WHEN contains(to_json({text})::VARCHAR, '\u') THEN concat('"', {written}, '"')
        ELSE to_json({text})::VARCHAR END"""


def _instant(time: str) -> str:
    """SQL for an instant: ISO 8601 in UTC, milliseconds only where there are any; what has no date stays a number."""
    moment = f"make_timestamp_ms({time})"
    return f"""CASE WHEN {time} > {LATEST} THEN {time}::VARCHAR
        WHEN {time} % 1000 = 0 THEN strftime({moment}, '"%Y-%m-%dT%H:%M:%SZ"')
        ELSE strftime({moment}, '"%Y-%m-%dT%H:%M:%S.%gZ"') END"""


_QUERY: Final = f"""
    SELECT concat(
        '{{"id":"', left(sha256(concat(hashed, quoted_user, ',null,', quoted_name, ',', triggered_at, ']')), 32),
        before, quoted_user, after, {_instant("instant")},
        CASE WHEN is_pending THEN concat(',"due":', {_instant("due")}) END,
        ',"trigger":', quoted_name, ',"triggered_at":', {_instant("triggered_at")},
        CASE WHEN by_name IS NOT NULL THEN concat(',"by":', {_quoted("by_name")}) END, ending)
    FROM (
        SELECT found.*, words.*, {_quoted('trigger."user"')} AS quoted_user, {_quoted("trigger.name")} AS quoted_name,
            trigger.time AS triggered_at, canceller.name AS by_name
        FROM found JOIN words USING (word) JOIN relevant AS trigger ON trigger.place = found.place
        LEFT JOIN relevant AS canceller ON canceller.place = found.cause)
    ORDER BY is_pending, CASE WHEN is_pending THEN due ELSE instant END, event, is_start, place, rule"""
"""In the order of their instants; at one instant those of timers first, in start order, then those of events: what is
cancelled, in start order, and what starts. What is pending comes last."""
