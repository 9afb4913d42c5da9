"""Where logs lie that are not part of the project; tests that need one say so and skip where it is absent.

They are in the folder that the variable CONNRULES_LOGS names, else in one beside the checkout.
"""

import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest

CHECKOUT = Path(__file__).parent.parent
LOGS = Path(os.environ.get("CONNRULES_LOGS", CHECKOUT.parent / "shared" / "data"))


def folder_of(log: str) -> Path:
    """The folder of a log; skips the test that asks where it is absent."""
    folder = LOGS / log
    if not folder.is_dir():
        pytest.skip(f"the log {log!r} is not on this machine; CONNRULES_LOGS names the folder that holds it")
    return folder


def rows_of(log: str) -> list[dict[str, Any]]:
    """The rows of a log, in its order; `ts` in epoch milliseconds. Skips the test that asks where it is absent."""
    table = parquet.read_table(folder_of(log) / "events.parquet")
    instants = table.column("ts").cast("int64").to_pylist()
    return [{**row, "ts": instant} for row, instant in zip(table.drop_columns("ts").to_pylist(), instants, strict=True)]
