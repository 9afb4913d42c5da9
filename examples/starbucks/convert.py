"""Convert a public log of offers and transactions to conn events and a catalog.

    python examples/starbucks/convert.py LOG_FOLDER OUT_FOLDER

LOG_FOLDER holds `events.parquet` (columns event_id, user_id, event, target, ts, amount) and `offers.json`; README.md
says where such a log comes from. OUT_FOLDER gets `events.jsonl` and `catalog.toml`.
"""

import argparse
import gzip
import json
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Protocol

FOLLOW_ONS = ("Offer Reminder", "Come Back", "Last Chance", "Second Subject", "Come and See", "Thank You", "One More")
COLUMNS = ("event_id", "user_id", "event", "target", "ts", "amount")
ENDINGS = {"none": "", "gz": ".gz", "zst": ".zst"}

BY_PUSH = {"offer_received": "received_push", "offer_viewed": "opened_push", "offer_completed": "converted"}
BY_EMAIL = {"offer_received": "received_email", "offer_viewed": "opened_email", "offer_completed": "converted"}

DAY = 86_400_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode

Offers = dict[str, dict[str, Any]]
"""The offers by their ids."""


class Output(Protocol):
    """What bytes are written to."""

    def write(self, data: bytes, /) -> int: ...


class ConversionError(Exception):
    """A log that cannot be converted; the message says what is wrong with it."""


def main() -> int:
    """Convert as the arguments say; 2 where that is not possible."""
    parser = argparse.ArgumentParser(
        description="Convert a log of offers and transactions to conn events and a catalog."
    )
    parser.add_argument("log", type=Path, metavar="LOG_FOLDER", help="holds events.parquet and offers.json")
    parser.add_argument("out", type=Path, metavar="OUT_FOLDER", help="gets events.jsonl and catalog.toml")
    parser.add_argument("--compress", choices=ENDINGS, default="none", help="compress the events (default: none)")
    arguments = parser.parse_args()
    try:
        count = convert(arguments.log, arguments.out, arguments.compress)
    except (ConversionError, OSError) as error:
        print(f"convert.py: {error}", file=sys.stderr)
        return 2
    print(f"{count} events in {arguments.out}", file=sys.stderr)
    return 0


def convert(log: Path, out: Path, compress: str = "none") -> int:
    """Write the events and the catalog of a log; the number of events. Raises ConversionError and OSError."""
    offers = read_offers(log / "offers.json")
    out.mkdir(parents=True, exist_ok=True)
    count = 0
    start: int | None = None
    with _open(out / f"events.jsonl{ENDINGS[compress]}") as file:
        for row in read_rows(log / "events.parquet"):
            start = row["ts"] if start is None else min(start, row["ts"])
            file.write(_encode(event_of(row, offers)).encode() + b"\n")
            count += 1
    if start is None:
        raise ConversionError(f"{log / 'events.parquet'}: the log has no events")
    (out / "catalog.toml").write_text(catalog_of(offers, start), encoding="utf-8")
    return count


def read_offers(path: Path) -> Offers:
    """The offers of the log by their ids. Raises ConversionError."""
    try:
        offers = json.loads(path.read_text(encoding="utf-8"))
        return {offer["id"]: {key: offer[key] for key in ("id", "name", "channels", "offer_type")} for offer in offers}
    except (ValueError, TypeError, KeyError) as error:
        raise ConversionError(
            f"{path}: not a list of offers with id, name, channels and offer_type ({error})"
        ) from None


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of the log in its order, `ts` in epoch milliseconds. Raises ConversionError."""
    try:
        import pyarrow as pa  # noqa: PLC0415  # so that its absence can be told
        import pyarrow.parquet as pq  # noqa: PLC0415  # likewise
    except ImportError:
        raise ConversionError("reading Parquet needs pyarrow: pip install pyarrow") from None
    try:
        with pq.ParquetFile(path) as file:
            missing = [column for column in COLUMNS if column not in file.schema_arrow.names]
            if missing:
                raise ConversionError(f"{path}: the columns {', '.join(missing)} are missing")
            for batch in file.iter_batches(columns=list(COLUMNS)):
                place = batch.schema.get_field_index("ts")
                milliseconds = batch.column(place).cast(pa.timestamp("ms", "UTC")).cast(pa.int64())
                yield from batch.set_column(place, "ts", milliseconds).to_pylist()
    except pa.ArrowInvalid as error:
        raise ConversionError(f"{path}: {error}") from None


def event_of(row: dict[str, Any], offers: Offers) -> dict[str, Any]:
    """The conn event of a row. Raises ConversionError for an event or an offer that is not known."""
    event = {"id": f"e{row['event_id']}", "user": row["user_id"], "time": _iso(row["ts"])}
    if row["event"] == "transaction":
        return {**event, "type": "purchase", "properties": {"amount": row["amount"]}}
    offer = offers.get(row["target"])
    if offer is None:
        raise ConversionError(f"event {row['event_id']}: the offer {row['target']!r} is not in offers.json")
    types = BY_PUSH if "mobile" in offer["channels"] else BY_EMAIL
    if row["event"] not in types:
        raise ConversionError(f"event {row['event_id']}: {row['event']!r} is not an event of such a log")
    return {**event, "type": types[row["event"]], "campaign": offer["name"]}


def catalog_of(offers: Offers, start: int) -> str:
    """The catalog in TOML: the follow-ons, published a day before the log starts, and the offers."""
    before = start - DAY
    entries = [_campaign(name, before, ["push", "email"]) for name in FOLLOW_ONS]
    for offer in offers.values():
        channels = ["push", "email"] if "mobile" in offer["channels"] else ["email"]
        # An offer that only informs cannot be completed.
        conversions = [] if offer["offer_type"] == "informational" else ["purchase"]
        entries.append(_campaign(offer["name"], start, channels, offer["id"], conversions))
    return "\n".join(entries)


def _campaign(
    name: str, published: int, channels: list[str], id_: str | None = None, conversions: list[str] | None = None
) -> str:
    # A JSON string or list of strings is one in TOML as well.
    lines = ["[[campaigns]]", f"name = {json.dumps(name)}"]
    if id_ is not None:
        lines.append(f"id = {json.dumps(id_)}")
    lines += [f"channels = {json.dumps(channels)}", f"published_at = {_iso(published)}"]
    if conversions:
        lines.append(f"conversion_events = {json.dumps(conversions)}")
    return "\n".join(lines) + "\n"


@cache  # the log moves in steps of hours, so it has few instants
def _iso(ms: int) -> str:
    text = (EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds").removesuffix("+00:00")
    return text.removesuffix(".000") + "Z"


def _open(path: Path) -> AbstractContextManager[Output]:
    match path.suffix:
        case ".gz":
            return gzip.open(path, "wb")
        case ".zst":
            return _open_zst(path)
        case _:
            return path.open("wb")


def _open_zst(path: Path) -> AbstractContextManager[Output]:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd  # noqa: PLC0415  # so that its absence can be told
        else:
            from backports import zstd  # noqa: PLC0415  # likewise
    except ImportError:
        raise ConversionError("writing zstd needs backports.zstd: pip install backports.zstd") from None
    return zstd.open(path, "wb")


if __name__ == "__main__":
    sys.exit(main())
