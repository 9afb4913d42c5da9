"""`connrules run --state` over logs that are rotated: all runs write together what one run over all lines writes."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from tests.cli.running import HOUR, command, folder, invoke, line, log, outcomes, warnings

KINDS = ("purchase", "session_start", "blinked", "purchase")
LINES = [
    b"no event" if n % 37 == 5 else line(f"u{n % 50}", n * HOUR, KINDS[n % 4], **({"id": f"e{n}"} if n % 3 else {}))
    for n in range(400)
]
UNTIL = ("--until", "2027-01-01")
OPTIONS = ("--output", "out", "--rejects", "rejects")


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder(tmp_path, None)


def run(*options: str, events: str = "events.jsonl") -> Result:
    return invoke("rules.conn", "--events", events, "--state", "state", *OPTIONS, *options)


def write(first: int, end: int, name: str = "events.jsonl") -> None:
    with Path(name).open("ab") as file:
        file.write(log(*LINES[first:end]))


def rotate(*names: str) -> None:
    for name, new in reversed(list(zip(("events.jsonl", *names[:-1]), names, strict=True))):
        Path(name).rename(new)


def is_one_run(end: int = 400) -> None:
    """Whether the files are those of one run without a state."""
    Path("all.jsonl").write_bytes(log(*LINES[:end]))
    plain = ("rules.conn", "--events", "all.jsonl", "--output", "plain", "--rejects", "plain-rejects", *UNTIL)
    assert invoke(*plain).exit_code == 3
    assert Path("out").read_bytes() == Path("plain").read_bytes()
    assert Path("rejects").read_bytes() == Path("plain-rejects").read_bytes()
    assert len(outcomes(Path("out").read_bytes())) > 20


def test_names_say_the_order() -> None:
    write(0, 100)
    assert run().exit_code == 3
    write(100, 150)
    rotate("events.jsonl.3")
    write(150, 200, "events.jsonl.2")
    write(200, 250, "events.jsonl.1")
    write(250, 400)
    for name in ("events.jsonl.1", "events.jsonl.2", "events.jsonl.3"):
        os.utime(name, (1, 1))
    assert run(*UNTIL).exit_code == 3
    is_one_run()


def test_a_state_that_was_made_on_an_empty_log() -> None:
    write(0, 0)
    assert run().exit_code == 0
    write(0, 100)
    rotate("events.jsonl.1")
    write(100, 400)
    assert run(*UNTIL).exit_code == 3
    is_one_run()


def test_what_cannot_be_found_is_warned_of_in_any_case() -> None:
    write(0, 100)
    assert run().exit_code == 3
    rotate("events.jsonl.old")
    write(100, 400)
    again = run("--quiet", *UNTIL)
    assert again.exit_code == 3
    (warning,) = warnings(again.stderr)
    assert warning.startswith("events.jsonl: another log than the one that was read before, which is not to be found")
    is_one_run()


def test_a_log_that_is_not_there_for_a_while() -> None:
    write(0, 100)
    assert run().exit_code == 3
    write(100, 200)
    rotate("events.jsonl.1")
    between = run("--quiet")
    assert between.exit_code == 3
    assert warnings(between.stderr) == ["events.jsonl: it is not there; run again when it is"]
    write(200, 400)
    assert run(*UNTIL).exit_code == 3
    is_one_run()


def test_a_log_that_was_never_there_is_refused() -> None:
    first = run()
    assert first.exit_code == 2
    assert "error: events.jsonl: no such file or directory" in first.stderr
    assert not Path("state").exists()


def test_logs_that_were_read_are_not_read_again() -> None:
    for name, first, end in (("a", 0, 200), ("b", 200, 400)):
        write(first, end, name)
        assert run(events=name).exit_code == 3
    again = run("--quiet", events="a")
    assert again.exit_code == 2
    assert "error: a: it was read before, and other logs since" in again.stderr
    assert run("--quiet", *UNTIL, events="b").exit_code == 0
    is_one_run()


def followed(process: subprocess.Popen[bytes], rejects: int) -> None:
    """Wait until so many lines are rejected."""
    deadline = time.monotonic() + 30
    while not Path("rejects").exists() or len(Path("rejects").read_bytes().splitlines()) < rejects:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)


def twice_between_two_looks() -> None:
    write(100, 200)
    rotate("events.jsonl.1")
    write(200, 300)
    rotate("events.jsonl.1", "events.jsonl.2")
    write(300, 400)


def not_there_for_a_while() -> None:
    write(100, 200)
    rotate("events.jsonl.1")
    time.sleep(0.5)
    write(200, 400)


def copied_and_emptied() -> None:
    write(100, 300)
    Path("events.jsonl.1").write_bytes(Path("events.jsonl").read_bytes())
    Path("events.jsonl").write_bytes(b"")
    write(300, 400)


@pytest.mark.parametrize("happen", [twice_between_two_looks, not_there_for_a_while, copied_and_emptied])
@pytest.mark.parametrize("stops", [True, False])
def test_what_happens_while_a_log_is_followed(happen: Callable[[], None], stops: bool) -> None:
    write(0, 100)
    arguments = ("rules.conn", "--events", "events.jsonl", "--state", "state", *OPTIONS, "--idle", "1h", "--quiet")
    with subprocess.Popen(command("run", *arguments, "--follow"), stderr=subprocess.PIPE) as process:
        try:
            followed(process, 3)
            if stops:
                process.send_signal(signal.SIGSTOP)
            happen()
            process.send_signal(signal.SIGCONT)
            followed(process, 11)
            write(400, 400)
            time.sleep(0.3)
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, errors) == (0, b"")
    assert run(*UNTIL).exit_code == 0
    is_one_run()


def test_a_log_that_is_not_there_yet_is_waited_for() -> None:
    arguments = ("rules.conn", "--events", "events.jsonl", "--state", "state", *OPTIONS, "--idle", "1h", "--quiet")
    with subprocess.Popen(command("run", *arguments, "--follow"), stderr=subprocess.PIPE) as process:
        try:
            time.sleep(1)
            write(0, 400)
            followed(process, 11)
            time.sleep(0.3)
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0
    assert errors.decode() == "warning: events.jsonl: it is not there, and waited for\n"
    assert run(*UNTIL).exit_code == 0
    is_one_run()
