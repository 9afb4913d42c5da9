"""How every finding looks: the first example of its page, as `connrules check` shows it."""

import pytest
from syrupy.assertion import SnapshotAssertion
from tests.unit.code_examples import example

from connrules.cli.render import render_full
from connrules.codes import CODES


@pytest.mark.parametrize("code", CODES)
def test_how_it_looks(code: str, snapshot: SnapshotAssertion) -> None:
    assert render_full(example(code, "Shows it").lint(code).findings) == snapshot
