"""`connrules run --follow`: a log that grows, the clock where nothing comes, and a good end when it is stopped."""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.cli.running import command, folder, invoke, line, log, outcomes, users

from connrules.cli.clock import now

PATIENCE = 30
"""Seconds."""
RULE = 'rule soon: on purchase after 2s unless session_start send "Thanks"\n'


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder(tmp_path, b"", RULE)


@contextmanager
def following(*options: str, events: str = "events.jsonl") -> Iterator[subprocess.Popen[bytes]]:
    arguments = command("run", "rules.conn", "--events", events, "--follow", "--output", "out", *options)
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as process:
        try:
            wait_until(lambda: Path("out").exists() or process.poll() is not None)
            yield process
        finally:
            process.kill()


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def stop(process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> tuple[int, str]:
    process.send_signal(number)
    _, errors = process.communicate(timeout=PATIENCE)
    assert b"Traceback" not in errors
    return process.returncode, errors.decode()


def grow(*lines: bytes, name: str = "events.jsonl") -> None:
    with Path(name).open("ab") as file:
        file.write(log(*lines))


def at(time_: int, user: str, type_: str = "purchase", **fields: object) -> bytes:
    return json.dumps({"user": user, "type": type_, "time": time_, **fields}).encode()


def sent() -> list[str]:
    return users(Path("out").read_bytes()) if Path("out").exists() else []


@pytest.mark.parametrize("state", [("--state", "state"), ()])
def test_what_is_due_goes_out_though_no_event_comes(state: tuple[str, ...]) -> None:
    with following(*state) as process:
        start = now()
        grow(at(start, "ana"), at(start + 1, "ben"), at(start + 2, "ben", "session_start"))
        wait_until(lambda: sent() == ["ana"])
        assert now() >= start + 2_000
        grow(at(now(), "cleo"))
        wait_until(lambda: sent() == ["ana", "cleo"])
        code, errors = stop(process)
    assert code == 0
    assert "  sent                 2\n" in errors
    assert "  waiting              0\n" in errors
    assert ("  state: state; the same command goes on from here" in errors) == bool(state)


def test_time_does_not_move_where_nothing_is_due() -> None:
    """Else an event that comes a little later than it happened would be late."""
    with following("--idle", "200ms") as process:
        grow(at(now() - 1_500, "ana"))
        time.sleep(0.4)
        grow(at(now() - 500, "ben"))
        wait_until(lambda: sent() == ["ana", "ben"])
        _, errors = stop(process)
    assert "  late                 0\n" in errors


def test_the_clock_waits_for_events_that_may_be_late() -> None:
    with following("--lateness", "3s", "--idle", "100ms") as process:
        start = now()
        grow(at(start, "ana"))
        wait_until(lambda: sent() == ["ana"])
        assert now() >= start + 5_000
        assert stop(process)[0] == 0


def test_a_clock_that_was_set_back_moves_nothing() -> None:
    future = now() + 3_600_000
    with following("--state", "state", "--idle", "100ms") as process:
        grow(at(future, "ana"), at(future + 10, "ben"))
        time.sleep(1.5)
        grow(at(future + 5_000, "noise", "blinked"))
        wait_until(lambda: sent() == ["ana", "ben"])
        _, errors = stop(process)
    assert "  late                 0\n" in errors


def test_a_log_that_is_rotated_is_read_on() -> None:
    with following("--state", "state", "--idle", "1h") as process:
        grow(line("ana"))
        Path("events.jsonl").rename("events.jsonl.1")
        grow(line("ben", 1), name="events.jsonl.1")
        grow(line("cleo", 2), line("noise", 10_000, "blinked"))
        wait_until(lambda: sent() == ["ana", "ben", "cleo"])
        assert stop(process)[0] == 0
    grow(line("dora", 20_000), line("noise", 30_000, "blinked"))
    assert invoke("rules.conn", "--events", "events.jsonl", "--state", "state", "--output", "out").exit_code == 0
    assert sent() == ["ana", "ben", "cleo", "dora"]
    assert [row["trigger"] for row in outcomes(Path("out").read_bytes())] == ["#1", "#2", "#3", "#5"]


def test_an_output_that_is_rotated_is_begun_anew() -> None:
    with following("--state", "state", "--idle", "100ms") as process:
        grow(line("ana"), line("noise", 10_000, "blinked"))
        wait_until(lambda: sent() == ["ana"])
        Path("out").rename("out.1")
        grow(line("ben", 20_000), line("noise", 30_000, "blinked"))
        wait_until(lambda: users(Path("out.1").read_bytes()) == ["ana", "ben"])
        wait_until(lambda: Path("out").exists())
        grow(line("cleo", 40_000), line("noise", 50_000, "blinked"))
        wait_until(lambda: sent() == ["cleo"])
        assert stop(process)[0] == 0
    assert users(Path("out.1").read_bytes()) == ["ana", "ben"]


def test_it_goes_on_after_a_kill() -> None:
    with following("--state", "state", "--idle", "1h") as process:
        grow(line("ana"), line("noise", 10_000, "blinked"), line("ben", 20_000))
        wait_until(lambda: sent() == ["ana"])
        process.kill()
        process.wait()
        grow(line("noise", 30_000, "blinked"))
    with following("--state", "state", "--idle", "1h") as process:
        wait_until(lambda: sent() == ["ana", "ben"])
        assert stop(process)[0] == 0
    assert sent() == ["ana", "ben"]


def test_half_a_line_is_not_taken_and_comes_with_the_next_run() -> None:
    whole = log(line("ana"), line("noise", 10_000, "blinked"))
    with following("--state", "state", "--idle", "1h") as process:
        grow(line("old", -10_000))
        with Path("events.jsonl").open("ab") as file:
            file.write(whole[:-20])
        time.sleep(0.5)
        assert stop(process)[0] == 0
    with Path("events.jsonl").open("ab") as file:
        file.write(whole[-20:])
    assert invoke("rules.conn", "--events", "events.jsonl", "--state", "state", "--output", "out").exit_code == 0
    assert sent() == ["old", "ana"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_it_ends_in_good_order_when_it_is_stopped(number: int, code: int) -> None:
    with following("--idle", "1h") as process:
        grow(line("ana"), line("noise", 10_000, "blinked"), line("ben", 20_000))
        wait_until(lambda: sent() == ["ana"])
        ended, errors = stop(process, number)
    assert ended == code
    assert "  waiting              1\n" in errors
    assert "note: what waits is forgotten now: --state FILE keeps it\n" in errors


@pytest.mark.parametrize("is_moved", [False, True])
def test_a_state_that_is_taken_away_ends_it(*, is_moved: bool) -> None:
    with following("--state", "state") as process:
        grow(at(now(), "ana"))
        wait_until(lambda: sent() == ["ana"])
        if is_moved:
            Path("state").rename("elsewhere")
        else:
            for file in Path().glob("state*"):
                file.unlink()
        grow(at(now(), "ben"))
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert b"`state` was moved or deleted while it was in use" in errors
    assert b"Traceback" not in errors
    assert sent() == ["ana"]


def test_a_pipe_is_followed_to_its_end() -> None:
    with following("--idle", "200ms", events="-") as process:
        assert process.stdin is not None
        process.stdin.write(log(at(now() - 1_500, "ana")))
        wait_until(lambda: sent() == ["ana"])
        process.stdin.write(log(at(now(), "ben")))
        wait_until(lambda: sent() == ["ana", "ben"])
        process.stdin.close()
        assert process.wait(PATIENCE) == 0


def test_a_log_that_is_compressed_cannot_be_followed() -> None:
    import gzip  # noqa: PLC0415  # here alone

    Path("events.jsonl").write_bytes(gzip.compress(log(line("ana"))))
    with following("--state", "state") as process:
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert b"error: events.jsonl: it is compressed, and what is compressed cannot be followed\n" in errors
