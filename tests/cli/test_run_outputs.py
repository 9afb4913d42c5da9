"""Where `connrules run` writes: never over what it reads, all or nothing at the start, whole lines at the end."""

import os
import resource
import subprocess
from pathlib import Path

import pytest
from tests.cli.running import HOUR, TWO_SENDS, command, folder, invoke, line, log, process, users

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="there is no device that is always full")
MANY = log(*(line(f"u{n}", n * HOUR) for n in range(3_000)))
"""Enough decisions to fill every buffer on the way."""


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder(tmp_path)


def test_output_to_a_file(tmp_path: Path) -> None:
    want = invoke(tmp_path).stdout
    Path("out").write_text("what was there before, and is much longer than\n" * 50, encoding="utf-8")
    result = invoke(tmp_path, "--output", "out")
    assert (result.exit_code, result.stdout) == (0, "")
    assert Path("out").read_text(encoding="utf-8") == want
    assert invoke(tmp_path, "--output", "-").stdout == want
    assert not Path("-").exists()


def test_a_run_without_decisions_empties_the_outputs(tmp_path: Path) -> None:
    folder(tmp_path, b"")
    for name in ("out", "rejects", "late"):
        Path(name).write_text("old\n", encoding="utf-8")
    assert invoke(tmp_path, "--output", "out", "--rejects", "rejects", "--late", "late").exit_code == 0
    assert [Path(name).read_bytes() for name in ("out", "rejects", "late")] == [b""] * 3


@pytest.mark.parametrize("option", ["--output", "--rejects", "--late"])
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("missing/out", "no such file or directory\n  = help: make its folder, or choose another file"),
        ("folder", "is a directory\n  = help: choose another file"),
        ("link", "too many levels of"),
    ],
)
def test_an_output_that_cannot_be_opened_leaves_the_others_as_they_are(
    tmp_path: Path, option: str, path: str, words: str
) -> None:
    Path("folder").mkdir()
    Path("link").symlink_to("link")
    others = {"--output": "out", "--rejects": "rejects", "--late": "late"}
    for other in others.values():
        Path(other).write_text("precious", encoding="utf-8")
    options = {**others, option: path}
    result = invoke(tmp_path, *(word for pair in options.items() for word in pair))
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"error: {path}: cannot be written: {words}" in result.stderr
    assert [Path(other).read_text(encoding="utf-8") for other in others.values()] == ["precious"] * 3


def test_whether_a_file_may_be_read_is_said_by_who_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An output need not be read at all."""
    Path("out").touch()
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.R_OK)
    result = invoke(tmp_path, "--output", "out")
    assert (result.exit_code, result.stdout) == (0, "")


@pytest.mark.parametrize("target", ["rules.conn", "catalog.toml", "events.jsonl", "symbolic", "hard", "./events.jsonl"])
@pytest.mark.parametrize("option", ["--output", "--rejects", "--late"])
def test_nothing_is_written_over_what_is_read(tmp_path: Path, option: str, target: str) -> None:
    Path("catalog.toml").write_text('[[campaigns]]\nname = "Thanks"\nchannels = ["push"]\n', encoding="utf-8")
    Path("symbolic").symlink_to("events.jsonl")
    Path("hard").hardlink_to("events.jsonl")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    result = invoke(tmp_path, option, target)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"error: {Path(target)}: this file is used already in this run" in result.stderr
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(("one", "other"), [("--output", "--rejects"), ("--output", "--late"), ("--rejects", "--late")])
@pytest.mark.parametrize("second", ["out", "./out", "link"])
@pytest.mark.parametrize("exists", [True, False])
def test_two_outputs_are_two_files(tmp_path: Path, one: str, other: str, second: str, exists: bool) -> None:
    Path("link").symlink_to("out")
    if exists:
        Path("out").write_text("precious", encoding="utf-8")
    result = invoke(tmp_path, one, "out", other, second)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "this file is used already in this run" in result.stderr
    assert Path("out").exists() == exists
    assert not exists or Path("out").read_text(encoding="utf-8") == "precious"


def test_devices_may_be_used_more_than_once(tmp_path: Path) -> None:
    options = ["--output", os.devnull, "--rejects", os.devnull, "--late", os.devnull]
    assert invoke(tmp_path, *options).exit_code == 0


def test_the_log_is_not_overwritten_where_it_is_standard_input() -> None:
    with Path("events.jsonl").open("rb") as events:
        arguments = command("run", "rules.conn", "--events", "-", "--output", "events.jsonl")
        done = subprocess.run(arguments, stdin=events, capture_output=True, check=False)
    assert done.returncode == 2
    assert b"events.jsonl: this file is used already in this run" in done.stderr
    assert Path("events.jsonl").read_bytes() == TWO_SENDS


def test_decisions_are_not_appended_to_the_log_that_they_come_from() -> None:
    with Path("events.jsonl").open("ab") as events:
        done = subprocess.run(command("run", "."), stdout=events, stderr=subprocess.PIPE, check=False, timeout=60)
    assert done.returncode == 2
    assert b"standard output: it goes to a file that is read" in done.stderr
    assert Path("events.jsonl").read_bytes() == TWO_SENDS


# what goes wrong on the way


@needs_full
@pytest.mark.parametrize(("option", "name"), [("--output", "/dev/full"), (None, "standard output")])
def test_no_room_for_decisions(option: str | None, name: str) -> None:
    with FULL.open("wb") as full:
        arguments = command("run", ".", *([option, "/dev/full"] if option else []))
        done = subprocess.run(arguments, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2
    assert f"error: {name}: cannot be written: no space left on device\n  = help: make room" in done.stderr.decode()
    assert b"Traceback" not in done.stderr


@needs_full
@pytest.mark.parametrize("option", ["--rejects", "--late"])
def test_no_room_for_what_is_left_aside(tmp_path: Path, option: str) -> None:
    folder(tmp_path, TWO_SENDS + log(b"{}", line("u")))
    done = process("run", ".", option, "/dev/full")
    assert done.returncode == 2
    assert b"error: /dev/full: cannot be written: no space left on device" in done.stderr
    assert users(done.stdout) == ["ana", "ben"]


def test_a_disk_that_fills_up_leaves_whole_lines(tmp_path: Path) -> None:
    folder(tmp_path, MANY)
    done = subprocess.run(
        command("run", ".", "--output", "out"),
        stderr=subprocess.PIPE,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_001, 100_001)),
    )
    assert done.returncode == 2
    assert b"error: out: cannot be written: file too large" in done.stderr
    written = Path("out").read_bytes()
    assert written == b"" or written.endswith(b"}\n")
    assert len(written) <= 100_001


def test_a_reader_that_has_seen_enough(tmp_path: Path) -> None:
    folder(tmp_path, MANY)
    with subprocess.Popen(command("run", "."), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert users(running.stdout.readline()) == ["u0"]
        running.stdout.close()
        errors = running.stderr.read()
    assert running.returncode == 141
    assert errors.decode().splitlines()[1:] == []


def test_no_standard_output_and_no_standard_input() -> None:
    for redirection, name in ((">&-", "standard output: cannot be written"), ("<&-", "standard input")):
        script = f"exec {' '.join(command('run', 'rules.conn', '--events', '-'))} {redirection}"
        done = subprocess.run(["sh", "-c", script], capture_output=True, check=False, input=b"")
        assert done.returncode == 2
        assert f"error: {name}: it is closed" in done.stderr.decode()


def test_a_run_into_files_needs_no_standard_output() -> None:
    script = f"exec {' '.join(command('run', '.', '--output', 'out'))} >&-"
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=False)
    assert done.returncode == 0
    assert users(Path("out").read_bytes()) == ["ana", "ben"]
