"""What the tests of `connrules run` share: one small rule, logs for it, and ways to run it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from connrules.cli.shell import shell
from connrules.duration import parse_instant

RULE = 'rule thanks: on purchase after 1d unless session_start send "Thanks"\n'
START = parse_instant("2026-03-02T10:00:00Z")
HOUR, DAY = 3_600_000, 86_400_000


def line(user: str, after: int = 0, type_: str = "purchase", **fields: Any) -> bytes:
    """A line of a log: an event so many milliseconds after the start."""
    return json.dumps({"user": user, "type": type_, "time": START + after, **fields}).encode()


def log(*lines: bytes) -> bytes:
    return b"".join(each + b"\n" for each in lines)


TWO_SENDS = log(line("ana", id="e1"), line("ben", HOUR, id="e2"), line("cleo", 2 * DAY, "session_start", id="e3"))
"""Two users who are sent the message, and the event that moves time on."""


def folder(place: Path, events: bytes | None = TWO_SENDS, rules: str = RULE) -> Path:
    """A folder with rules and, unless it is None, a log."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "rules.conn").write_text(rules, encoding="utf-8")
    if events is not None:
        (place / "events.jsonl").write_bytes(events)
    return place


def invoke(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    """`connrules run …` in this process."""
    return CliRunner().invoke(shell, ["run", *map(str, arguments)], input=stdin)


def command(*arguments: str | Path) -> list[str]:
    """The command line of a process of its own."""
    return [sys.executable, "-m", "connrules", *map(str, arguments)]


def process(*arguments: str | Path, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """`connrules …` as a process of its own."""
    environment = {key: value for key, value in os.environ.items() if key not in {"FORCE_COLOR", "NO_COLOR"}}
    return subprocess.run(
        command(*arguments), input=stdin, capture_output=True, check=False, env=environment, timeout=60
    )


def outcomes(text: str | bytes) -> list[dict[str, Any]]:
    return [json.loads(row) for row in text.splitlines()]


def users(text: str | bytes, kind: str = "sent") -> list[str]:
    """The users of the outcomes of a kind, in order."""
    return [row["user"] for row in outcomes(text) if row["outcome"] == kind]


def warnings(stderr: str) -> list[str]:
    return [row.removeprefix("warning: ") for row in stderr.splitlines() if row.startswith("warning: ")]


def rejects(path: Path) -> list[dict[str, Any]]:
    return outcomes(path.read_bytes())


def numbered(lines: Iterable[dict[str, Any]]) -> list[int]:
    return [row["line"] for row in lines]
