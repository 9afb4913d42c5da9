"""Logs of columns: whatever types their columns have, what is no event, and what cannot be read."""

import gzip
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as parquet
import pytest
from tests.columnar_runs import ColumnarRun, lines_of, run_columnar, run_over_events

import connrules
from connrules.columnar import csv_files, plain_run
from connrules.columnar.database import database
from connrules.columnar.lines import lines
from connrules.columnar.resolving import Resolved, Rows, resolve
from connrules.columnar.tables import Tables, order_by
from connrules.event import Event
from connrules.files import UnreadableError

DAY = 86_400_000
PLAIN = "rule r: on purchase after 1d unless session_start send X"
WITH_WHERE = "rule r: on purchase where amount > 5 after 1d unless session_start send X"


def run(log: Path, rules: str = PLAIN, **options: Any) -> ColumnarRun:
    return run_columnar(connrules.compile_rules(connrules.loads(rules)), log, options)


def written(folder: Path, **columns: Any) -> Path:
    log = folder / "log.parquet"
    parquet.write_table(pa.table(columns), log)
    return log


@pytest.mark.parametrize(
    "times",
    [
        pa.array([1_500, -1], pa.int64()),
        pa.array([1_500, -1], pa.timestamp("ms")),
        pa.array([1_500_999, -1], pa.timestamp("us")),
        pa.array([1_500_999_999, -1], pa.timestamp("ns")),
        pa.array([1_500_999, -1], pa.timestamp("us", tz="Europe/Paris")),
        pa.array([1_500_999_999, -1], pa.timestamp("ns", tz="UTC")),
        pa.array(["1970-01-01T00:00:01.500999Z", "1970-01-01T00:59:59.999+01:00"]),
        pa.array(["1970-01-01 00:00:01.5+00", "1969-12-31T23:59:59.9999999Z"]),
    ],
    ids=str,
)
def test_times_of_each_type_are_cut_to_milliseconds(tmp_path: Path, times: pa.Array) -> None:
    found = run(written(tmp_path, user=["a", "b"], type=["purchase"] * 2, time=times), lateness=DAY)

    assert found.rejects == []
    assert [line.partition(b'"triggered_at":')[2] for line in found.lines] == [
        b'"1969-12-31T23:59:59.999Z"}\n',
        b'"1970-01-01T00:00:01.500Z"}\n',
    ]


def test_rows_that_are_no_events_are_rejected_with_number_and_reason(tmp_path: Path) -> None:
    log = written(
        tmp_path,
        user=[None, "", "u", "u", "u", "u"],
        type=["purchase", "purchase", None, "purchase", "purchase", "purchase"],
        time=[0, 0, 0, None, 253_402_300_800_000, 253_402_300_799_999],
    )

    found = run(log)

    assert [(number, why) for number, _, why in found.rejects] == [
        (1, "user: it is missing"),
        (2, "user: it is empty"),
        (3, "type: it is missing"),
        (4, "time: it is missing"),
        (5, "time: 253402300800000 ms is outside the years 1 to 9999"),
    ]
    assert found.rejects[1][1] == b'{"user":"","type":"purchase","time":0}'
    assert found.counts.events == 1
    assert b'"trigger":"#6"' in found.lines[0]


def test_properties_are_looked_at_where_a_rule_might_look(tmp_path: Path) -> None:
    log = written(
        tmp_path,
        user=["a", "b", "c", "d"],
        type=["purchase", "purchase", "purchase", "session_start"],
        time=[0, 1, 2, 3],
        properties=['{"amount":6}', "[6]", "{", '{"amount":7}'],
    )

    assert [(number, why) for number, _, why in run(log, WITH_WHERE).rejects] == [
        (2, "properties: expected an object, not a list"),
        (3, "properties: they are not JSON"),
    ]
    assert run(log).rejects == []


@pytest.mark.parametrize(
    "columns",
    [
        {"properties": ['{"amount":6}', '{"amount":5}']},
        {"properties": pa.array([{"amount": 6}, {"amount": 5}])},
        {"properties.amount": [6, 5]},
    ],
    ids=["text", "struct", "columns"],
)
def test_properties_of_each_form(tmp_path: Path, columns: dict[str, Any]) -> None:
    found = run(written(tmp_path, user=["a", "b"], type=["purchase"] * 2, time=[0, 1], **columns), WITH_WHERE)

    assert [line.partition(b'"user":')[2][:3] for line in found.lines] == [b'"a"']
    assert found.note == "streaming engine over the rows that matter: the rule `r` has a `where`"


STORIES: list[dict[str, Any]] = [
    {"country": "FR", "home": {"city": "Paris"}},
    {"plan": "gold", "home": {"zip": "75"}},
]
COUNTRIES = {"country": ["FR", None, None], "plan": [None, "gold", None]}


@pytest.mark.parametrize(
    "columns",
    [
        {"properties": [*map(json.dumps, STORIES), None]},
        {"properties": pa.array([*STORIES, None])},
        {
            "properties": pa.array(
                [*(list(row.items()) for row in ({"country": "FR", "plan": None}, {"plan": "gold"})), None],
                pa.map_(pa.string(), pa.string()),
            )
        },
        {f"properties.{name}": values for name, values in COUNTRIES.items()},
    ],
    ids=["text", "struct", "map", "columns"],
)
@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_what_an_event_does_not_speak_of_stays_as_it_was(tmp_path: Path, columns: dict[str, Any], form: str) -> None:
    table = {"user": ["u"] * 3, "type": ["attributes", "attributes", "session_start"], "time": [0, 1, 2], **columns}
    rules = 'rule r: on session_start if user.country = "FR" and user.plan = "gold" after 1d send X'
    log = written(tmp_path, **table)
    if form == "csv" and "properties" not in columns:
        log = tmp_path / "log.csv"
        csv.write_csv(pa.table(table), log)

    assert [json.loads(line)["outcome"] for line in run(log, rules).lines] == ["pending"]


def test_nulls_of_structs_within_structs_say_nothing(tmp_path: Path) -> None:
    log = written(tmp_path, user=["u", "u"], type=["purchase"] * 2, time=[1, 0], properties=pa.array(STORIES))
    assert [row["properties"] for row in run(log, WITH_WHERE, lateness=0).late] == [STORIES[1]]


def test_what_tools_leave_behind_in_a_folder_is_not_read(tmp_path: Path) -> None:
    names = (
        "a.parquet",
        "day=1/b_.pq",
        "_temporary/0/c.parquet",
        ".d.parquet",
        "_e.parquet",
        ".cache/f.parquet",
        "g.crc",
    )
    for name in names:
        (tmp_path / ".log" / name).parent.mkdir(parents=True, exist_ok=True)
        table = pa.table({"user": [name], "type": ["purchase"], "time": [0]})
        parquet.write_table(table, tmp_path / ".log" / name)
    assert users_of(run(tmp_path / ".log")) == ["a.parquet", "day=1/b_.pq"]


def test_a_folder_is_one_log_in_the_order_of_its_paths(tmp_path: Path) -> None:
    (tmp_path / "b[1]").mkdir()
    for number, name in enumerate(["a.parquet", "b[1]/a.parquet", "c.parquet"]):
        table = pa.table({"user": [f"u{number}"] * 2, "type": ["purchase", "other"], "time": [number, number]})
        parquet.write_table(table, tmp_path / name)

    found = run(tmp_path)

    assert [line.partition(b'"trigger":')[2][:4] for line in found.lines] == [b'"#1"', b'"#3"', b'"#5"']
    assert found.counts.unknown_types == {"other": 3}


def folder_of(folder: Path, *changes: dict[str, Any]) -> Path:
    """A folder of files of one event each that differ in these columns; None: without the column."""
    for number, change in enumerate(changes):
        columns = {"user": ["u"], "type": ["purchase"], "time": [number], **change}
        table = pa.table({name: values for name, values in columns.items() if values is not None})
        parquet.write_table(table, folder / f"{number}.parquet")
    return folder


TIMESTAMP = pa.array([0], pa.timestamp("ms"))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ([{}, {"time": TIMESTAMP}], r"`time` is TIMESTAMP in \S+1.parquet, but BIGINT in \S+0.parquet"),
        ([{}, {"time": ["2026-03-02T10:00:00Z"]}], r"`time` is VARCHAR in \S+1.parquet, but BIGINT in \S+0.parquet"),
        ([{"time": TIMESTAMP}, {"time": ["2026-03-02"]}], r"`time` is VARCHAR in \S+1.parquet, but TIMESTAMP"),
        ([{}, {"time": None}], r"1.parquet: it has no column `time`"),
        ([{}, {"user": [7]}], r"1.parquet: the column `user` must be text, not BIGINT"),
        ([{}, {"id": [7]}, {"id": ["7"]}], r"`id` is VARCHAR in \S+2.parquet, but BIGINT in \S+1.parquet"),
        ([{"properties.a": [7]}, {"properties.a": ["7"]}], r"`properties.a` is VARCHAR in \S+1.parquet, but BIGINT"),
        ([{"properties": [{"a": 7}]}, {"properties": ["{}"]}], r"`properties` is VARCHAR in \S+1.parquet, but STRUCT"),
        (
            [{"properties": [{"a": None}]}, {"properties": [{"b": {"c": 7}}]}, {"properties": [{"b": {"c": "7"}}]}],
            r"`properties.b.c` is VARCHAR in \S+2.parquet, but BIGINT in \S+1.parquet",
        ),
    ],
)
def test_files_of_a_folder_that_differ_are_refused(tmp_path: Path, changes: list[dict[str, Any]], why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        run(folder_of(tmp_path, *changes), WITH_WHERE)


def test_files_of_a_folder_may_have_more_or_less(tmp_path: Path) -> None:
    changes: list[dict[str, Any]] = [
        {"properties": [{"amount": 6}], "time": pa.array([0], pa.int32()), "campaign": pa.nulls(1)},
        {"properties": [{"amount": 6.5, "card": "x"}], "campaign": ["c"], "extra": [1]},
        {"properties": pa.nulls(1), "user": pa.array(["v"]).dictionary_encode(), "extra": ["text"]},
        {"properties": [{"amount": None}], "id": ["e"]},
    ]
    assert [json.loads(line)["trigger"] for line in run(folder_of(tmp_path, *changes), WITH_WHERE).lines] == [
        "#2",
        "#1",
    ]


def test_csv_is_text(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("user,type,time,id\nu,purchase,0,7\n,purchase,0,8\nv,purchase,2026-03-02T10:00:00Z,\nw,x,soon,\n")

    found = run(log)

    assert [(number, why.partition(":")[0]) for number, _, why in found.rejects] == [(2, "user"), (4, "time")]
    assert [line.partition(b'"trigger":')[2][:4] for line in found.lines] == [b'"7",', b'"#3"']


def users_of(found: ColumnarRun) -> list[str]:
    """The user of each outcome."""
    return [json.loads(line)["user"] for line in found.lines]


def csv_of(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    log = folder / "log.csv"
    log.write_bytes(text.encode(encoding))
    return log


@pytest.mark.parametrize("plain", [1, 20_470, 22_000])
def test_a_quoted_cell_of_csv_is_one_wherever_it_stands(tmp_path: Path, plain: int) -> None:
    user = 'the "q", of\ntwo lines'
    rows = "".join(f"u{n},purchase,{n}\n" for n in range(plain))
    log = csv_of(tmp_path, f'user,type,time\n{rows}"the ""q"", of\ntwo lines",purchase,{plain}\n')

    found = run(log)

    assert users_of(found)[-1] == user
    assert found.counts.events == plain + 1


def test_lines_of_quoted_cells_of_csv_are_no_rows_wherever_buffers_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_files, "_LONGEST", 20_000)
    monkeypatch.setattr(csv_files, "_BUFFER", 40_000)
    notes = ("plain", "x\nuq,purchase,0,evil\n" * 9, 'a ""quoted"" one,\n""')
    rows = "".join(f'u{n},purchase,{n},"{notes[n * 7919 % 100_003 % 3]}"\n' for n in range(20_000))

    assert users_of(run(csv_of(tmp_path, f"user,type,time,note\n{rows}"))) == [f"u{n}" for n in range(20_000)]


def test_single_quotes_of_csv_are_letters(tmp_path: Path) -> None:
    log = csv_of(tmp_path, "user,type,time\n'u1',purchase,0\nu1,session_start,1\n# no comment,purchase,2\n")
    assert users_of(run(log)) == ["'u1'", "# no comment"]


def test_an_empty_cell_of_csv_is_missing_also_a_quoted_one(tmp_path: Path) -> None:
    found = run(csv_of(tmp_path, 'user,type,time,id\n"",purchase,0,a\nv,purchase,1,""\n'))
    assert [(number, why) for number, _, why in found.rejects] == [(1, "user: it is missing")]
    assert b'"trigger":"#2"' in found.lines[0]


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_csv_of_any_line_break(tmp_path: Path, line_break: str, start: str) -> None:
    rows = [start + "user,type,time,,", "u,purchase,0,x,y", '"v,w",purchase,1,,']
    assert users_of(run(csv_of(tmp_path, line_break.join(rows)))) == ["u", "v,w"]


@pytest.mark.parametrize("ending", [".csv.gz", ".CSV.ZST"])
def test_csv_that_is_compressed(tmp_path: Path, ending: str) -> None:
    data = b"user,type,time\nu,purchase,0\n"
    log = tmp_path / f"log{ending}"
    log.write_bytes(gzip.compress(data) if ending.endswith("gz") else pa.compress(data, "zstd", asbytes=True))
    assert users_of(run(log)) == ["u"]


@pytest.mark.parametrize("ending", [".csv.gz", ".csv.zst"])
def test_compressed_csv_that_is_cut_off_is_refused(tmp_path: Path, ending: str) -> None:
    data = b"user,type,time\n" + b"".join(b"u%d,purchase,%d\n" % (n * 7919 % 10_007, n) for n in range(100_000))
    log = tmp_path / f"log{ending}"
    whole = gzip.compress(data) if ending.endswith("gz") else pa.compress(data, "zstd", asbytes=True)
    for kept in (0.1, 0.5, 0.99):
        log.write_bytes(whole[: int(len(whole) * kept)])
        with pytest.raises(UnreadableError, match=r"damaged or cut off"):
            run(log)


def test_a_long_cell_of_csv(tmp_path: Path) -> None:
    user = "u" * 3_000_000
    assert users_of(run(csv_of(tmp_path, f"user,type,time\n{user},purchase,0\n"))) == [user]
    with pytest.raises(UnreadableError, match="CSV error: line 3 is longer than 16 MB"):
        run(csv_of(tmp_path, f"user,type,time\nu,purchase,0\n{user * 6},purchase,0\n"))


@pytest.mark.parametrize(
    ("text", "why", "help_"),
    [
        ("user;type;time\nu;purchase;0\n", "it has no column `user`", "a log as CSV is separated by commas"),
        ("user\ttype\ttime\nu\tpurchase\t0\n", "it has no column `user`", "a log as CSV is separated by commas"),
        ("", "it has no column `user`", "a log has the columns"),
        ("User,type,time\n", "it has no column `user`", "it has `User`: write it `user`"),
        ("user,User,type,time\n", "the columns `user` and `User` differ only in case", "rename one"),
        ("user,user,type,time\n", "it has the column `user` more than once", "leave one of them out"),
        ('"user,type,time\n', "CSV error in the header", "a log as CSV is in UTF-8"),
        (
            "user,type,time\nu,purchase,0\nu,purchase\n",
            "line 3 has another number of cells than the header: 2, not 3",
            "",
        ),
        ('user,type,time\nu,"purchase,0\n', "CSV error: there is a quote that is never closed", ""),
        ('user,type,time\nu,"purchase,0\nu,purchase,0\n', "CSV error: there is a quote that is never closed", ""),
        ('user,type,time\nu,"purchase"x,0\n', "line 2 has a quote that does not end where the cell ends", ""),
        ("user,type,time\nu,purchase,0\r\n", "CSV error: line breaks of several kinds", ""),
    ],
)
def test_what_is_no_csv_is_refused_in_plain_words(tmp_path: Path, text: str, why: str, help_: str) -> None:
    with pytest.raises(UnreadableError, match=re.escape(why)) as caught:
        run(csv_of(tmp_path, text))
    assert caught.value.help.startswith(help_)


@pytest.mark.parametrize("rows_before", [0, 20_000])
def test_csv_that_is_not_utf_8_is_refused(tmp_path: Path, rows_before: int) -> None:
    rows = "u,purchase,0\n" * rows_before
    with pytest.raises(UnreadableError, match="the file is not UTF-8"):
        run(csv_of(tmp_path, f"user,type,time\n{rows}andr\u00e9,purchase,0\n", "latin-1"))


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"user": ["u"], "type": ["x"]}, "it has no column `time`"),
        ({"user": [1], "type": ["x"], "time": [0]}, "the column `user` must be text, not BIGINT"),
        ({"user": ["u"], "type": ["x"], "time": [1.5]}, "the column `time` must be a timestamp"),
        (
            {"user": ["u"], "type": ["x"], "time": [0], "id": [1.5]},
            "the column `id` must be text or a whole number, not DOUBLE",
        ),
        (
            {"user": ["u"], "type": ["x"], "time": [0], "properties": [[{"a": 1}]]},
            r"the column `properties` must be the text of JSON, a STRUCT or a MAP, not STRUCT\(a BIGINT\)\[\]",
        ),
        ({"User": ["u"], "type": ["x"], "time": [0]}, "it has no column `user`"),
        ({"user": ["u"], "type": ["x"], "time": [0], "properties": ["{}"], "properties.a": [1]}, "and also"),
    ],
)
def test_columns_of_no_event_are_refused(tmp_path: Path, columns: dict[str, Any], why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        run(written(tmp_path, **columns))


def test_what_is_no_log_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more, though it is long enough for a footer PAR1")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnreadableError, match="it cannot be read"):
        run(tmp_path / "broken.parquet")
    with pytest.raises(UnreadableError, match="there is no Parquet file in this folder"):
        run(tmp_path / "empty")
    with pytest.raises(UnreadableError, match="no such file"):
        run(tmp_path / "nowhere.parquet")


def test_awkward_texts_are_written_as_the_engine_writes_them() -> None:
    texts = [
        "".join(map(chr, range(1, 0x180))),
        "\\u000B \\",
        '"',
        "\u2028\U0001f600",
        "a\x1fb\\n",
        "'; DROP TABLE log; --",
    ]
    events = [Event(user=text, type="purchase", time=n, id=text) for n, text in enumerate(texts)]
    start = int(datetime(9999, 12, 31, 12, tzinfo=UTC).timestamp() * 1000)
    events += [Event(user=text, type="purchase", time=start + n, id=text) for n, text in enumerate(texts)]
    plan = connrules.compile_rules(connrules.loads(PLAIN))
    engine = connrules.Engine(plan)

    assert run_over_events(plan, events, {}).lines == lines_of(engine.feed_many(events) + engine.finish())


def test_a_log_that_fits_no_memory_is_spilled_and_resolved_some_users_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plain_run, "_AT_ONCE", 10_000)
    parts, spilled = list[int](), list[tuple[int]]()

    def resolve_and_note(rows: Rows, tables: Tables, end: int) -> tuple[Resolved, int]:
        parts.append(len(rows.user))
        return resolve(rows, tables, end)

    def write_and_note(con: Any, *rest: Any) -> Iterator[bytes]:
        con.execute("SET threads = 2")  # each takes memory of its own
        yield from lines(con, *rest)
        spilled.extend(con.execute("SELECT count(*) FROM duckdb_temporary_files()").fetchall())

    monkeypatch.setattr(plain_run, "resolve", resolve_and_note)
    monkeypatch.setattr(plain_run, "lines", write_and_note)
    plan, events = connrules.compile_rules(connrules.loads(PLAIN)), _bulky_events(120_000)
    engine = connrules.Engine(plan)

    found = run_over_events(plan, events, {"memory": "56MB"})

    assert found.lines == lines_of(engine.feed_many(events) + engine.finish())
    assert found.counts == engine.counts
    assert len(parts) > 10
    assert max(parts) < 20_000
    assert spilled > [(0,)]


def test_memory_that_is_far_too_small_is_told() -> None:
    plan = connrules.compile_rules(connrules.loads(PLAIN))
    with pytest.raises(UnreadableError, match="there is not enough memory, or room to spill"):
        run_over_events(plan, _bulky_events(120_000), {"memory": "16MB"})


def _bulky_events(count: int) -> list[Event]:
    types = ("purchase", "purchase", "session_start", "received_push")
    return [
        Event(user=f"user-{n * 7919 % 60_013:040}", type=types[n * 31 % 4], time=n * 500, id=f"{n:060}")
        for n in range(count)
    ]


@pytest.mark.parametrize("beyond", [10, 1 << 40], ids=["one number", "several"])
def test_order_by_keys(beyond: int) -> None:
    rows = [(2, 0, 1), (0, 1, 0), (2, 0, 0), (0, 0, 5), (0, beyond, 0), (beyond, 0, 0), (0, 0, beyond)]
    order = order_by(*np.array(rows, dtype=np.int64).T)
    assert [rows[place] for place in order.tolist()] == sorted(rows)


def test_nothing_is_drawn_among_the_decisions_however_long_a_query_takes() -> None:
    """DuckDB draws a bar on standard output after two seconds, wherever that goes."""
    with database() as con:
        assert con.execute("SELECT current_setting('enable_progress_bar')").fetchone() == (False,)
