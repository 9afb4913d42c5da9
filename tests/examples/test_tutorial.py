"""docs/tutorial.md is so: its files, written in order, give what its commands print."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from connrules.cli.shell import shell

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block: `console`, or a language and the name of a file."""

    label: str
    text: str


def blocks() -> list[Block]:
    return [Block(match[1], match[2]) for match in BLOCK.finditer(PAGE.read_text(encoding="utf-8"))]


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Each command of a console, with what it prints."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield command, printed


def run(command: str) -> str:
    program, *arguments = command.split()
    assert program == "connrules"
    result = CliRunner(env={"NO_COLOR": "1"}).invoke(shell, arguments)
    return "".join(f"{line.rstrip()}\n" for line in result.output.splitlines())


def test_every_command_prints_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown = 0
    for label, text in blocks():
        if label != "console":
            (tmp_path / label.split()[1]).write_text(text, encoding="utf-8")
            continue
        for command, printed in commands(text):
            assert run(command) == printed, command
            shown += 1
    assert shown > 10


def test_the_page_shows_every_command_of_an_author() -> None:
    used = {command.split()[1] for label, text in blocks() if label == "console" for command, _ in commands(text)}
    assert used == {"check", "test", "fmt", "run", "why"}
