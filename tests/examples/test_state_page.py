"""The run in parts that docs/state.md shows is one."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "state.md").read_text(encoding="utf-8")


def block(label: str) -> str:
    [found] = re.findall(rf"^```{label}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def test_the_page_shows_what_happens(tmp_path: Path) -> None:
    (tmp_path / "rules.conn").write_text(block("conn"), encoding="utf-8")
    sessions = re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(sessions) == 2
    for label, session in zip(("jsonl first", "jsonl second"), sessions, strict=True):
        with (tmp_path / "events.jsonl").open("a", encoding="utf-8") as log:
            log.write(block(label))
        assert "".join(shown(session, tmp_path)) == session


def shown(session: str, folder: Path) -> list[str]:
    """What a terminal shows of the commands of a session."""
    text = []
    for command in re.findall(r"^\$ (.*)$", session, re.MULTILINE):
        words = shlex.split(command)
        words = [sys.executable, "-m", *words] if words[0] == "connrules" else words
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True)
        said = [row for row in done.stderr.splitlines(keepends=True) if not row.startswith("note: no catalog")]
        text += [f"$ {command}\n", *said, done.stdout]
    return text
