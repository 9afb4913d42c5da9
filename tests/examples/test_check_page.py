"""docs/check.md is so: its commands, in order, print what it shows, and what it lists is all that there is."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
import yaml

from connrules.cli.configuration.keys import KEYS
from connrules.cli.formats import FORMATS
from connrules.cli.shell import COMMANDS, shell

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block: `console`, or a language and the name of a file."""

    label: str
    text: str

    @property
    def file(self) -> str:
        return self.label.partition(" ")[2]


BLOCKS = [Block(match[1], match[2]) for match in BLOCK.finditer(PAGE)]


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Each command of a console, with what it prints."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield command, printed


def run(command: str, folder: Path) -> tuple[int, str]:
    """How a command of the page ends in a shell, and all that it prints."""
    program = folder.parent / "bin" / "connrules"
    if not program.exists():
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m connrules "$@"\n', encoding="utf-8")
        program.chmod(0o755)
    names = [f"GIT_{who}_{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")]
    environment = {name: said for name, said in os.environ.items() if not name.startswith(("CONNRULES_", "GIT_"))}
    environment |= {"NO_COLOR": "1", "GIT_CONFIG_GLOBAL": os.devnull, **dict.fromkeys(names, "tests")}
    environment["PATH"] = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return result.returncode, "".join(f"{line.rstrip()}\n" for line in result.stdout.splitlines())


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[str, str, str]]]:
    """The folder after all that the page does, and each command with what it is shown to print and what it prints."""
    folder = tmp_path_factory.mktemp("page") / "work"
    folder.mkdir()
    printed: list[tuple[str, str, str]] = []
    for block in BLOCKS:
        if block.file:
            (folder / block.file).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.file).write_text(block.text, encoding="utf-8")
        else:
            assert block.label == "console"
            printed += [(command, shown, run(command, folder)[1]) for command, shown in commands(block.text)]
    return folder, printed


Played = tuple[Path, list[tuple[str, str, str]]]


def test_every_command_prints_what_the_page_shows(played: Played) -> None:
    _, printed = played
    for command, shown, said in printed:
        assert said == shown, command
    assert len(printed) > 12


def test_the_workflow_runs(played: Played) -> None:
    folder, _ = played
    workflow: dict[str, Any] = yaml.safe_load((folder / ".github/workflows/rules.yml").read_text(encoding="utf-8"))
    steps = [step["run"] for step in workflow["jobs"]["check"]["steps"] if "run" in step]
    assert run("git update-ref refs/remotes/origin/main HEAD", folder)[0] == 0
    ends = {step: run(step, folder) for step in steps if step.startswith("connrules")}
    check, *_ = ends
    assert [code for code, _ in ends.values()] == [1, 0, 2]  # last.conn has a warning; there are no tests here
    assert ",file=rules/last.conn,line=3," in ends[check][1]
    assert "carts.conn" not in ends[check][1]


def test_the_hooks_are_those_that_there_are(played: Played) -> None:
    folder, _ = played
    config = yaml.safe_load((folder / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert [hook["id"] for hook in config["repos"][0]["hooks"]] == [hook["id"] for hook in hooks]


def test_the_page_lists_every_key_and_shows_it() -> None:
    listed = re.findall(r"^\| `([a-z-]+)` \| [^|]+ \| [^|]* \|$", PAGE, re.MULTILINE)
    assert listed == [key.name for key in KEYS]
    [shown] = [block.text for block in BLOCKS if block.file == "connrules.toml"]
    assert [name for name in listed if not re.search(rf"^(\[{name}\]|{name} =)", shown, re.MULTILINE)] == []


def test_the_page_lists_every_format() -> None:
    rows = re.findall(r"^\| (`[a-z]+`(?:, `[a-z]+`)*) \| (?:people|programs|code|GitHub|whatever)", PAGE, re.MULTILINE)
    assert [name for row in rows for name in re.findall(r"`(\w+)`", row)] == list(FORMATS)


def test_every_option_on_the_page_is_one_of_a_command() -> None:
    known = {"--help", "--quiet", "--initial-branch", "--message"}  # the last three are options of git
    for name in COMMANDS:
        command = shell.get_command(click.Context(shell), name)
        assert command is not None
        known.update(option for parameter in command.params for option in parameter.opts)
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", PAGE)) - known == set()
