"""What the tests of configurations share: files in the folder one is in, and `connrules …` in this process."""

from pathlib import Path

from click.testing import CliRunner, Result

from connrules.cli.shell import shell

CLEAN = 'rule a:\n  on received_push of "A"\n  after 1d\n  unless purchase\n  send "B"\n'
UNNAMED = 'on session_start send "B"\n'
"""Formatted, and one info: CR602."""
NO_DELAY = 'rule late:\n  on purchase\n  after 0s\n  send "C"\n'
"""One warning: CR308."""
BROKEN = 'on purchase after 90 send "B"\n'
"""One error: CR105."""
CATALOG = """
[[campaigns]]
name = "A"
channels = ["push"]
published_at = 2026-02-01
stopped_at = 2026-06-01

[[campaigns]]
name = "B"
published_at = 2026-01-01
"""


def write(path: str | Path, text: str) -> Path:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8")
    return Path(path)


def connrules(*arguments: str | Path, given: str | None = None, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(shell, list(map(str, arguments)), input=given)


def codes(result: Result) -> list[str]:
    """The codes of a report in the format `concise`, in order."""
    return [row.split(": ")[1].split(" ")[1].partition("[")[0] for row in result.stdout.splitlines()]
