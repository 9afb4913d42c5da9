"""Ten mistakes of newcomers, as `connrules check` shows them: cause and remedy stand in the message."""

from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner
from syrupy.assertion import SnapshotAssertion

from connrules.cli.shell import shell

CATALOG = """\
[[campaigns]]
name = "Spring Sale"
channels = ["email"]
published_at = 2026-03-01

[[campaigns]]
name = "Abandoned Cart"
channels = ["push"]
published_at = 2026-03-01

[[campaigns]]
name = "Winter Sale"
channels = ["push"]
published_at = 2026-01-01
stopped_at = 2026-02-28

[[campaigns]]
name = "Cart Reminder"
channels = ["push"]
published_at = 2026-03-01

[[campaigns]]
name = "Late Reminder"
channels = ["push"]
published_at = 2026-03-15
"""
AS_OF = "2026-04-01"


class Mistake(NamedTuple):
    """What a newcomer writes, and the findings."""

    codes: list[str]
    rules: str


MISTAKES = {
    "smart quotes pasted from a document": Mistake(
        ["CR103"],
        """\
rule reminder:
  on received_push of “Abandoned Cart”
  after 1d
  send "Cart Reminder"
""",
    ),
    "unless without after": Mistake(
        ["CR301"],
        """\
rule reminder:
  on received_push of "Abandoned Cart"
  unless purchase
  send "Cart Reminder"
""",
    ),
    "a misspelled campaign": Mistake(
        ["CR201"],
        """\
rule reminder:
  on received_push of "Abandonned Cart"
  after 1d
  unless purchase
  send "Cart Reminder"
""",
    ),
    "an e-mail interaction of a push campaign": Mistake(
        ["CR207"],
        """\
rule reminder:
  on opened_email of "Abandoned Cart"
  after 1d
  unless purchase
  send "Cart Reminder"
""",
    ),
    "a stopped campaign": Mistake(
        ["CR205"],
        """\
rule reminder:
  on received_push of "Winter Sale"
  after 1d
  unless purchase
  send "Cart Reminder"
""",
    ),
    "a follow-on published after its original": Mistake(
        ["CR401"],
        """\
rule reminder:
  on received_push of "Abandoned Cart"
  after 1d
  unless purchase
  send "Late Reminder"
""",
    ),
    "a delay of one and a half days": Mistake(
        ["CR105"],
        """\
rule reminder:
  on received_push of "Abandoned Cart"
  after 1.5d
  unless purchase
  send "Cart Reminder"
""",
    ),
    "a rule without send": Mistake(
        ["CR104"],
        """\
rule reminder:
  on received_push of "Abandoned Cart"
  after 1d
  unless purchase
""",
    ),
    "two rules that send the same to the same user": Mistake(
        ["CR505"],
        """\
rule after_the_push:
  on received_push of "Abandoned Cart"
  after 1d
  unless purchase
  send "Cart Reminder"

rule after_the_visit:
  on session_start
  after 2h
  unless purchase
  send "Cart Reminder"
""",
    ),
    "a rule that triggers itself": Mistake(
        ["CR503"],
        """\
rule reminder:
  on received_push of "Cart Reminder"
  after 1d
  unless purchase
  send "Cart Reminder"
""",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_message_says_cause_and_remedy(
    mistake: str, snapshot: SnapshotAssertion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rules.conn").write_text(MISTAKES[mistake].rules, encoding="utf-8")
    Path("catalog.toml").write_text(CATALOG, encoding="utf-8")
    arguments = ["check", "rules.conn", "--catalog", "catalog.toml", "--as-of", AS_OF]
    shown = CliRunner(env={"NO_COLOR": "1"}).invoke(shell, arguments).stdout
    found = [line.split("]")[0].split("[")[1] for line in shown.split("\n") if line.startswith(("error[", "warning["))]
    assert found == MISTAKES[mistake].codes
    assert shown == snapshot
