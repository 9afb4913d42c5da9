"""`connrules run --engine`: whatever form a log has, and whichever engine runs it, the decisions are the same."""

import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as parquet
import pytest
from tests.cli.running import DAY, HOUR, TWO_SENDS, folder, invoke, line, log, outcomes, process

EVENTS = TWO_SENDS + log(line("dora", 2 * DAY), line("dora", 2 * DAY + HOUR, "session_start"), line("eve", 3 * DAY))
TABLE = pa.Table.from_pylist(outcomes(EVENTS))
WITH_STATE = 'rule thanks: on purchase after 1d unless session_start once send "Thanks"\n'


def as_lines(place: Path) -> Path:
    path = place / "events.jsonl"
    path.write_bytes(EVENTS)
    return path


def as_csv(place: Path) -> Path:
    csv.write_csv(TABLE, place / "log.csv")
    return place / "log.csv"


def as_parquet(place: Path) -> Path:
    parquet.write_table(TABLE, place / "log.parquet")
    return place / "log.parquet"


def as_parquet_of_any_name(place: Path) -> Path:
    return as_parquet(place).rename(place / "log")


def as_folder(place: Path) -> Path:
    (place / "days").mkdir()
    for number, rows in enumerate((TABLE.slice(0, 2), TABLE.slice(2))):
        parquet.write_table(rows, place / "days" / f"{number}.parquet")
    return place / "days"


FORMS = (as_lines, as_csv, as_parquet, as_parquet_of_any_name, as_folder)


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("engine", ["auto", "columnar"])
def test_each_form_of_log_gives_what_lines_give(tmp_path: Path, form: Callable[[Path], Path], engine: str) -> None:
    expected = invoke(folder(tmp_path / "lines", EVENTS), "--outcomes", "all")
    folder(tmp_path, None)
    found = invoke("rules.conn", "--events", form(tmp_path), "--engine", engine, "--outcomes", "all")
    assert (found.exit_code, found.stdout) == (0, expected.stdout)
    assert len(outcomes(found.stdout)) == 4
    note = "" if (form, engine) == (as_lines, "auto") else "  engine: columnar engine\n"
    assert found.stderr.replace(note, "") == expected.stderr
    assert note in found.stderr


@pytest.mark.parametrize("form", FORMS)
def test_the_summary_says_what_the_columnar_engine_leaves_to_the_other(
    tmp_path: Path, form: Callable[[Path], Path]
) -> None:
    expected = invoke(folder(tmp_path / "lines", EVENTS, WITH_STATE))
    folder(tmp_path, None, WITH_STATE)
    found = invoke("rules.conn", "--events", form(tmp_path), "--engine", "columnar")
    assert (found.exit_code, found.stdout) == (0, expected.stdout)
    why = "streaming engine over the rows that matter: the rule `thanks` has `once` or `at most`"
    assert f"  engine: {why}\n" in found.stderr


@pytest.mark.parametrize("form", FORMS[1:])
def test_the_streaming_engine_reads_no_tables(tmp_path: Path, form: Callable[[Path], Path]) -> None:
    folder(tmp_path, None)
    found = invoke("rules.conn", "--events", form(tmp_path), "--engine", "stream")
    assert (found.exit_code, found.stdout) == (2, "")
    assert found.stderr.endswith("the streaming engine reads lines of JSON\n  = help: run it with --engine columnar\n")


def test_what_is_late_and_what_is_no_event_is_kept(tmp_path: Path) -> None:
    folder(tmp_path, None)
    rows = [
        {"user": "u", "type": "purchase", "time": 2 * DAY},
        {"user": "v", "type": "purchase", "time": 0},
        {"time": 0},
    ]
    parquet.write_table(pa.Table.from_pylist(rows), "log.parquet")
    found = invoke("rules.conn", "--events", "log.parquet", "--late", "late", "--rejects", "rejects")
    assert (found.exit_code, found.stdout) == (3, "")
    assert outcomes(Path("late").read_bytes()) == [rows[1]]
    assert [row["line"] for row in outcomes(Path("rejects").read_bytes())] == [3]
    assert "run with --lateness 2d" in found.stderr


def test_late_lines_of_json_are_not_kept_by_the_columnar_engine(tmp_path: Path) -> None:
    found = invoke(folder(tmp_path), "--engine", "columnar", "--late", "late")
    assert (found.exit_code, found.stdout) == (2, "")
    assert "leave out --late, or run with --engine stream" in found.stderr


def test_a_table_that_cannot_be_read_leaves_outputs_as_they_are(tmp_path: Path) -> None:
    folder(tmp_path, None)
    parquet.write_table(TABLE.drop_columns("time"), "no-time.parquet")
    Path("broken.parquet").write_bytes(as_parquet(tmp_path).read_bytes()[:-9])
    Path("out").write_text("precious", encoding="utf-8")
    for name, why in (("no-time.parquet", "it has no column `time`"), ("broken.parquet", "it cannot be read")):
        found = invoke("rules.conn", "--events", name, "--output", "out")
        assert (found.exit_code, found.stdout) == (2, "")
        assert f"error: {name}: {why}" in found.stderr
        assert Path("out").read_text(encoding="utf-8") == "precious"


def test_a_page_that_is_damaged_is_told_without_traceback(tmp_path: Path) -> None:
    folder(tmp_path, None)
    whole = as_parquet(tmp_path).read_bytes()
    (tmp_path / "damaged.parquet").write_bytes(whole[:4] + b"\xff" * 200 + whole[204:])
    found = process("run", tmp_path / "rules.conn", "--events", tmp_path / "damaged.parquet")
    assert (found.returncode, found.stdout) == (2, b"")
    assert b"it cannot be read: what is in the file is damaged\n" in found.stderr
    assert b"Traceback" not in found.stderr
    assert b"leaked" not in found.stderr


def test_without_duckdb_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder(tmp_path, None)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    found = invoke("rules.conn", "--events", as_parquet(tmp_path))
    assert (found.exit_code, found.stdout) == (2, "")
    assert (
        "need DuckDB, which is not installed\n  = help: install it with: pip install 'connrules[columnar]'"
        in found.stderr
    )
