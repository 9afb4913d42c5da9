"""`connrules run` on a stream that goes on: decisions come at once, memory stays, and it ends in good order."""

import array
import fcntl
import gzip
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pytest
from backports import zstd
from tests.cli.running import DAY, HOUR, command, folder, invoke, line, log, outcomes, users
from tests.held import grows, held

from connrules.connectors.streams import Lines

PATIENCE = 30
"""Seconds."""


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder(tmp_path, events=None)


@contextmanager
def running(*options: str) -> Iterator[subprocess.Popen[bytes]]:
    """A run that reads events from a pipe."""
    arguments = command("run", "rules.conn", "--events", "-", *options)
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def feed(process: subprocess.Popen[bytes], data: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(data)


def read_line(stream: IO[bytes] | None) -> bytes:
    """The next line, or nothing where none comes in time."""
    assert stream is not None
    return stream.readline() if select.select([stream], [], [], PATIENCE)[0] else b""


def test_each_event_gives_its_decisions_at_once() -> None:
    with running() as process:
        feed(process, log(line("ana"), line("ben", HOUR)))
        for user, after in (("ana", DAY), ("ben", DAY + HOUR)):
            feed(process, log(line("noise", after, "session_start")))
            assert users(read_line(process.stdout)) == [user]


def test_an_event_counts_once_its_line_is_whole() -> None:
    with running("--outcomes", "all") as process:
        feed(process, log(line("ana")))
        whole = log(line("ana", 5, "session_start"))
        for byte in whole[:-1]:
            feed(process, bytes([byte]))
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], 0.3)[0] == []
        feed(process, whole[-1:])
        assert users(read_line(process.stdout), "cancelled") == ["ana"]


@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_a_compressed_stream_that_comes_byte_by_byte(form: str) -> None:
    events = log(line("ana"), line("u", DAY))
    data = gzip.compress(events) if form == "gzip" else zstd.compress(events)
    with running() as process:
        for byte in data[:8]:
            feed(process, bytes([byte]))
            time.sleep(0.02)
        feed(process, data[8:])
        assert process.stdin is not None
        process.stdin.close()
        assert users(read_line(process.stdout)) == ["ana"]
        assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
@pytest.mark.parametrize("to_file", [True, False])
def test_a_run_that_is_ended_leaves_whole_lines_and_says_so(number: int, code: int, word: str, to_file: bool) -> None:
    with running(*(["--output", "out"] if to_file else [])) as process:
        feed(process, log(*(line(f"u{n}", n * HOUR) for n in range(100))))
        _wait_for_decisions(process, to_file)
        process.send_signal(number)
        rest, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == code
    assert errors.decode().splitlines()[1:] == [word]
    written = Path("out").read_bytes() if to_file else rest
    assert written.endswith(b"}\n")
    first = 0 if to_file else 1
    assert users(written) == [f"u{n}" for n in range(first, first + written.count(b"\n"))]


def _wait_for_decisions(process: subprocess.Popen[bytes], to_file: bool) -> None:
    if not to_file:
        assert users(read_line(process.stdout)) == ["u0"]
        return
    deadline = time.monotonic() + PATIENCE
    while not (Path("out").exists() and Path("out").stat().st_size):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_ended_while_nobody_reads_leaves_whole_lines(number: int, tmp_path: Path) -> None:
    """The pipe is full: the run hangs in the middle of writing many lines when it is told to end."""
    (tmp_path / "log").write_bytes(log(*(line(f"u{n}", n * HOUR, id="x" * (n % 97)) for n in range(5_000))))
    arguments = command("run", "rules.conn", "--events", "log")
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        _wait_until_full(process.stdout)
        process.send_signal(number)
        written, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + number
    assert b"Traceback" not in errors
    assert written.endswith(b"}\n")
    assert [row["user"] for row in outcomes(written)] == [f"u{n}" for n in range(written.count(b"\n"))]


def _wait_until_full(pipe: IO[bytes]) -> None:
    before, deadline = -1, time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        held = array.array("i", [0])
        fcntl.ioctl(pipe.fileno(), termios.FIONREAD, held)
        if held[0] == before > 0:
            return
        before = held[0]
        time.sleep(0.3)
    raise AssertionError("the pipe never filled up")


def test_the_first_signal_is_enough_where_nothing_has_come_yet() -> None:
    with running("--output", "out") as process:
        assert b"no catalog" in read_line(process.stderr)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (130, b"interrupted\n")
    assert not Path("out").exists()


def test_progress_on_a_terminal() -> None:
    terminal, end = pty.openpty()
    arguments = command("run", "rules.conn", "--events", "-", "--output", "out")
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stderr=end, bufsize=0) as process:
        os.close(end)
        shown, deadline = b"", time.monotonic() + PATIENCE
        while b" lines, " not in shown:
            assert time.monotonic() < deadline
            feed(process, log(line("ana", type_="blinked")))
            if select.select([terminal], [], [], 0.1)[0]:
                shown += os.read(terminal, 4_096)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(PATIENCE) == 0
    progress, _, summary = (shown.decode() + _all_of(terminal)).rpartition("\r\x1b[K")
    assert "\r\x1b[K" in progress
    assert " a second" in progress
    assert " events, 0 of them matched a rule" in summary, "progress is wiped out before the summary"


def _all_of(terminal: int) -> str:
    shown = b""
    with suppress(OSError):  # how a terminal says that there is no more
        while piece := os.read(terminal, 4_096):
            shown += piece
    os.close(terminal)
    return shown.decode()


def test_memory_does_not_grow_with_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Lines.read

    def most_held(count: int) -> int:
        def looked_at(lines: Lines) -> bytes:
            memory.look()
            return read(lines)

        monkeypatch.setattr(Lines, "read", looked_at)
        with held(__file__) as memory:
            _run_over(tmp_path, count)
        return memory.most

    _run_over(tmp_path, 100)  # loads what a run loads
    assert not grows(most_held, 5_000, 15_000)


def _run_over(place: Path, count: int) -> None:
    types = ("purchase", "session_start", "purchase", "blinked")
    with (place / "log").open("wb") as file:
        file.writelines(log(line(f"u{n % 50}", n * 60_000, types[n % 4])) for n in range(count))
    arguments = ("rules.conn", "--events", "log", "--output", "out", "--outcomes", "all", "--quiet")
    assert invoke(*arguments).exit_code == 0
    assert (place / "out").stat().st_size > count * 100


@pytest.mark.parametrize("standard_error", ["2>&-", "2> >(true)"])
def test_decisions_are_written_where_nobody_listens_to_the_rest(tmp_path: Path, standard_error: str) -> None:
    line_of_shell = f"{sys.executable} -m connrules run {folder(tmp_path)} {standard_error}"
    done = subprocess.run(["bash", "-c", line_of_shell], stdout=subprocess.PIPE, check=False)
    assert done.returncode == 0
    assert users(done.stdout.decode()) == ["ana", "ben"]
