"""The command line as a whole: how it ends, what it imports, and what it survives."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from connrules import __version__
from connrules.cli.exit import ExitCode, ShellError
from connrules.cli.shell import COMMANDS, shell

BROKEN = 'on purchase after 90 send "B"\n'


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in ("CONNRULES_TRACEBACK", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(variable, raising=False)


def invoke(*arguments: str, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(shell, arguments)


def connrules(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "connrules", *arguments]
    return subprocess.run(command, capture_output=True, env={**os.environ, **environment}, check=False)


def modules_after(code: str) -> set[str]:
    """The modules that are loaded once a process has run that code."""
    script = f"{code}\nimport sys; print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    return set(done.stderr.decode().split())


# what is imported


def test_the_command_line_starts_without_what_a_command_needs() -> None:
    loaded = modules_after("import connrules.cli")
    assert "connrules.cli" in loaded
    assert loaded.isdisjoint({"click", "lark", "pydantic", "msgspec", "yaml", "difflib", "connrules.cli.shell"})


def test_version_is_told_without_importing_anything_else() -> None:
    loaded = modules_after(
        "import sys; sys.argv[1:] = ['--version']; import connrules.cli\n"
        "try: connrules.cli.main()\n"
        "except SystemExit as end: assert not end.code"
    )
    assert loaded.isdisjoint({"click", "lark", "pydantic", "msgspec", "yaml", "difflib"})


def test_help_imports_no_command() -> None:
    loaded = modules_after(
        "from connrules.cli.shell import shell\ntry: shell(['--help'])\nexcept SystemExit as end: assert not end.code"
    )
    assert "click" in loaded
    assert loaded.isdisjoint({"lark", "pydantic", "msgspec", "yaml"} | {f"connrules.cli.{name}" for name in COMMANDS})


# help and version


def test_version() -> None:
    text = f"connrules {__version__}\n"
    done = connrules("--version")
    assert (done.returncode, done.stdout.decode().replace("\r\n", "\n"), done.stderr) == (0, text, b"")
    assert invoke("--version").stdout == text


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_lists_commands_and_exit_codes(option: str) -> None:
    result = invoke(option)
    assert result.exit_code == 0
    assert [name for name, line in COMMANDS.items() if f"  {name:<7}  {line}\n" in result.stdout] == list(COMMANDS)
    documented = {int(line.split()[0]) for line in result.stdout.partition("Exit codes:")[2].strip().splitlines()}
    assert documented == set(ExitCode)


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_each_command_ends_with_examples_and_what_belongs_to_them(name: str, option: str) -> None:
    result = invoke(name, option)
    assert result.exit_code == 0
    assert f"connrules {name} " in result.stdout.partition("\n  Examples:\n")[2]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_the_command_says_of_itself(name: str) -> None:
    command = shell.get_command(click.Context(shell), name)
    assert command is not None
    assert command.help is not None
    assert COMMANDS[name].rstrip(".") in command.help.partition("\n\n")[0]


# usage


def test_without_a_command() -> None:
    result = invoke()
    assert result.exit_code == 2
    assert "Commands:" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["chekc"], "there is no command `chekc`; did you mean `check`?"),
        (["frobnicate"], "there is no command `frobnicate`\n"),
        (["--verison"], "No such option"),
        (["check", "--frmat", "json", "x"], "No such option"),
        (["check", "x", "--format", "xml"], "Invalid value for '--format'"),
    ],
)
def test_wrong_usage(arguments: list[str], words: str) -> None:
    result = invoke(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
    assert result.stderr.startswith("Usage: ")


# a command that goes wrong


@click.command
def failing() -> None:
    """A command that stands for any other."""


def invoke_failing(monkeypatch: pytest.MonkeyPatch, error: BaseException, **environment: str) -> Result:
    def fail() -> None:
        raise error

    monkeypatch.setattr(failing, "callback", fail)
    monkeypatch.setattr(type(shell), "get_command", lambda *_: failing)
    return invoke("check", **environment)


def test_what_the_user_can_put_right(monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke_failing(monkeypatch, ShellError("one\ntwo\x1b[2J", "try again"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "error: one\nerror: two␛[2J\n  = help: try again\n"


def test_an_error_follows_the_choice_of_colors(monkeypatch: pytest.MonkeyPatch) -> None:
    colored = "\x1b[31m\x1b[1merror\x1b[0m: one\n"
    assert invoke_failing(monkeypatch, ShellError("one"), FORCE_COLOR="1").stderr == colored
    assert invoke_failing(monkeypatch, ShellError("one"), FORCE_COLOR="1", NO_COLOR="1").stderr == "error: one\n"
    monkeypatch.undo()
    assert invoke("check", "nowhere", "--color", "always").stderr.startswith("\x1b[31m")
    assert invoke("check", "nowhere", "--color", "never", FORCE_COLOR="1").stderr.startswith("error: ")


@pytest.mark.parametrize("error", [ValueError("boom"), KeyError("boom"), EOFError("boom"), RecursionError("boom")])
def test_a_bug_says_that_it_is_one(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    result = invoke_failing(monkeypatch, error)
    assert (result.exit_code, result.stdout) == (70, "")
    assert result.stderr.startswith("internal error: ")
    assert "boom" in result.stderr
    assert "this is a bug in connrules" in result.stderr
    assert "CONNRULES_TRACEBACK=1" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_traceback_of_a_bug_is_there_for_who_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke_failing(monkeypatch, ValueError("boom"), CONNRULES_TRACEBACK="1")
    assert result.exit_code == 70
    assert result.stderr.startswith("Traceback (most recent call last):\n")
    assert "in fail" in result.stderr
    assert "internal error: ValueError: boom\n" in result.stderr


def test_a_file_that_a_command_did_not_expect_to_miss_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke_failing(monkeypatch, FileNotFoundError(2, "No such file or directory", "grammar"))
    assert result.exit_code == 70


def test_an_interrupt_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke_failing(monkeypatch, KeyboardInterrupt())
    assert (result.exit_code, result.output) == (130, "interrupted\n")


def test_a_closed_pipe_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke_failing(monkeypatch, BrokenPipeError(32, "Broken pipe"))
    assert (result.exit_code, result.output) == (141, "")


# as a process


@pytest.mark.parametrize(
    "arguments", [["check", "b.conn"], ["--version"], ["--help"], ["check", "--help"], ["explain"]]
)
def test_a_reader_that_has_gone_away(arguments: list[str]) -> None:
    Path("b.conn").write_text(BROKEN, encoding="utf-8")
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "connrules", *arguments]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (ExitCode.CLOSED_PIPE, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("arguments", [["check", "b.conn"], ["--version"], ["catalog", "schema"]])
def test_an_output_that_cannot_be_written(arguments: list[str]) -> None:
    Path("b.conn").write_text(BROKEN, encoding="utf-8")
    command = [sys.executable, "-m", "connrules", *arguments]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (2, b"error: cannot write the output: no space left on device\n")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_ctrl_c() -> None:
    os.mkfifo("rules")
    command = [sys.executable, "-m", "connrules", "check", "rules"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        writer = os.open("rules", os.O_WRONLY)  # returns once the other side has opened it and waits for text
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)
        os.close(writer)
    assert (process.returncode, output, errors) == (ExitCode.INTERRUPTED, b"", b"interrupted\n")


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252"])
@pytest.mark.parametrize("layout", ["full", "concise", "json"])
def test_a_terminal_that_lacks_characters(encoding: str, layout: str) -> None:
    Path("カート.conn").write_text('on purchase after “カート” send "é"\n', encoding="utf-8")
    done = connrules("check", "カート.conn", "--format", layout, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert done.returncode == 1
    assert b"CR103" in done.stdout
    assert b"Traceback" not in done.stderr
    if layout == "json":
        (found,) = json.loads(done.stdout)["findings"]
        assert found["file"] == "カート.conn"


def test_a_missing_file_with_a_name_that_is_no_text() -> None:
    done = subprocess.run(
        [sys.executable.encode(), b"-m", b"connrules", b"check", b"carts\xff.conn"], capture_output=True, check=False
    )
    assert done.returncode == 2
    assert "carts�.conn: no such file or directory" in done.stderr.decode()


def test_standard_output_that_is_closed() -> None:
    Path("b.conn").write_text(BROKEN, encoding="utf-8")
    script = f"exec {sys.executable} -m connrules check b.conn >&-"
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=False)
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
