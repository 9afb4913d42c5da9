"""What docs/publish-order.md shows is so: its commands print what stands below them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "publish-order.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCK = re.compile(r"^```([a-z]+)(?: ([a-z]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [(match[1], match[2] or "", match[3]) for match in BLOCK.finditer(TEXT)]
SHOWN = [(name, *text.split("\n", 1)) for label, name, text in BLOCKS if label == "console"]


def block(label: str, name: str) -> str:
    [text] = [text for each, of, text in BLOCKS if (each, of) == (label, name)]
    return text


def run(folder: Path, name: str, command: str) -> str:
    (folder / "rules.conn").write_text(block("conn", name), encoding="utf-8")
    (folder / "catalog.toml").write_text(block("toml", name), encoding="utf-8")
    program, *arguments = command.removeprefix("$ ").split()
    assert program == "connrules"
    result = subprocess.run(
        [sys.executable, "-m", "connrules", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    assert result.stderr == ""
    return result.stdout


@pytest.mark.parametrize(("name", "command", "shown"), SHOWN)
def test_the_commands_print_what_is_shown(name: str, command: str, shown: str, tmp_path: Path) -> None:
    assert run(tmp_path, name, command) == shown


def test_the_drawing_is_that_of_the_command(tmp_path: Path) -> None:
    assert block("mermaid", "") == run(tmp_path, "", "$ connrules graph .")


def test_the_page_shows_commands() -> None:
    assert [command.split()[2] for _, command, _ in SHOWN] == ["plan", "plan", "graph"]
