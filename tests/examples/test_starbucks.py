"""The converter of the public log, run on a few rows of the same form."""

import gzip
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connrules.pipeline import load

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "starbucks"

START = datetime(2018, 7, 27, tzinfo=UTC)
OFFERS = [
    {"id": "o1", "name": "bogo-5-5-7d", "channels": ["web", "email", "mobile"], "offer_type": "bogo"},
    {"id": "o2", "name": "discount-20-5-10d", "channels": ["web", "email"], "offer_type": "discount"},
    {"id": "o3", "name": "informational-0-0-4d", "channels": ["mobile"], "offer_type": "informational"},
]
ROWS: list[tuple[int, str, str, str | None, datetime, float | None]] = [
    (0, "u1", "offer_received", "o1", START, None),
    (1, "u2", "offer_received", "o2", START, None),
    (2, "u1", "offer_viewed", "o1", START.replace(hour=6), None),
    (3, "u2", "offer_viewed", "o2", START.replace(hour=6), None),
    (4, "u1", "transaction", None, START.replace(hour=12), 12.34),
    (5, "u1", "offer_completed", "o1", START.replace(hour=12, microsecond=250_000), None),
]
EVENTS = [
    {"id": "e0", "user": "u1", "time": "2018-07-27T00:00:00Z", "type": "received_push", "campaign": "bogo-5-5-7d"},
    {
        "id": "e1",
        "user": "u2",
        "time": "2018-07-27T00:00:00Z",
        "type": "received_email",
        "campaign": "discount-20-5-10d",
    },
    {"id": "e2", "user": "u1", "time": "2018-07-27T06:00:00Z", "type": "opened_push", "campaign": "bogo-5-5-7d"},
    {"id": "e3", "user": "u2", "time": "2018-07-27T06:00:00Z", "type": "opened_email", "campaign": "discount-20-5-10d"},
    {"id": "e4", "user": "u1", "time": "2018-07-27T12:00:00Z", "type": "purchase", "properties": {"amount": 12.34}},
    {"id": "e5", "user": "u1", "time": "2018-07-27T12:00:00.250Z", "type": "converted", "campaign": "bogo-5-5-7d"},
]


def _write_log(folder: Path, rows: list[Any], offers: Any) -> None:
    names = ["event_id", "user_id", "event", "target", "ts", "amount"]
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in names]
    types = [pa.int32(), pa.string(), pa.string(), pa.string(), pa.timestamp("ms", "UTC"), pa.float64()]
    arrays = [pa.array(column, type_) for column, type_ in zip(columns, types, strict=True)]
    pq.write_table(pa.table(arrays, names=names), folder / "events.parquet")
    (folder / "offers.json").write_text(json.dumps(offers), encoding="utf-8")


def _convert(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, FOLDER / "convert.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    _write_log(tmp_path, ROWS, OFFERS)
    return tmp_path


def test_each_row_becomes_the_event_of_the_mapping(log: Path) -> None:
    result = _convert(log, log / "out")
    assert result.returncode == 0
    lines = (log / "out" / "events.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == EVENTS


def test_the_catalog_publishes_follow_ons_before_offers(log: Path) -> None:
    _convert(log, log / "out")
    catalog = load(FOLDER / "rules.conn", catalog=log / "out" / "catalog.toml").catalog
    assert catalog is not None
    offers = {c.name: c for c in catalog.campaigns if c.id is not None}
    assert [(c.name, c.id) for c in offers.values()] == [(o["name"], o["id"]) for o in OFFERS]
    assert {name: c.channels for name, c in offers.items()}["discount-20-5-10d"] == ("email",)
    assert [name for name, c in offers.items() if not c.conversion_events] == ["informational-0-0-4d"]
    published = {c.published_at for c in catalog.campaigns if c.id is None}
    assert published == {int(START.timestamp() - 86_400) * 1000}


def test_events_may_be_compressed(log: Path) -> None:
    _convert(log, log / "plain")
    _convert(log, log / "out", "--compress", "gz")
    plain = (log / "plain" / "events.jsonl").read_bytes()
    assert gzip.decompress((log / "out" / "events.jsonl.gz").read_bytes()) == plain


WRONG = {
    "an unknown offer": ([(7, "u", "offer_viewed", "o9", START, None)], OFFERS, "event 7: the offer 'o9'"),
    "an unknown event": ([(7, "u", "offer_eaten", "o1", START, None)], OFFERS, "event 7: 'offer_eaten'"),
    "no events": ([], OFFERS, "the log has no events"),
    "offers of another form": (ROWS, {"o1": {}}, "not a list of offers"),
    "offers without channels": (ROWS, [{"id": "o1", "name": "x"}], "not a list of offers"),
}


@pytest.mark.parametrize(("rows", "offers", "message"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_converted_is_said(tmp_path: Path, rows: list[Any], offers: Any, message: str) -> None:
    _write_log(tmp_path, rows, offers)
    result = _convert(tmp_path, tmp_path / "out")
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_files_that_are_absent_or_no_parquet_are_named(log: Path) -> None:
    (log / "events.parquet").write_bytes(b"no parquet")
    spoiled, absent = _convert(log, log / "out"), _convert(log / "nowhere", log / "out")
    assert (spoiled.returncode, absent.returncode) == (2, 2)
    assert "events.parquet" in spoiled.stderr
    assert "nowhere" in absent.stderr
    assert "Traceback" not in spoiled.stderr + absent.stderr


def test_columns_that_are_absent_are_named(log: Path) -> None:
    table = pq.read_table(log / "events.parquet").drop_columns(["amount", "ts"])
    pq.write_table(table, log / "events.parquet")
    assert "the columns ts, amount are missing" in _convert(log, log / "out").stderr


def test_the_rules_send_the_follow_ons_of_the_catalog_and_nothing_is_wrong_with_them(log: Path) -> None:
    _convert(log, log / "out")
    rules = load(FOLDER / "rules.conn")
    catalog = load(FOLDER / "rules.conn", catalog=log / "out" / "catalog.toml").catalog
    assert rules.diagnostics == ()
    assert catalog is not None
    assert {target.text for rule in rules.rules for target in rule.node.targets} == {
        c.name for c in catalog.campaigns if c.id is None
    }
