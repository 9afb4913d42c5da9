"""Where logs lie that are not part of the project; tests that need one say so and skip where it is absent.

They are in the folder that the variable CONNRULES_LOGS names, else in one beside the checkout.
"""

import os
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
LOGS = Path(os.environ.get("CONNRULES_LOGS", CHECKOUT.parent / "shared" / "data"))


def folder_of(log: str) -> Path:
    """The folder of a log; skips the test that asks where it is absent."""
    folder = LOGS / log
    if not folder.is_dir():
        pytest.skip(f"the log {log!r} is not on this machine; CONNRULES_LOGS names the folder that holds it")
    return folder
