"""The programs of examples/embedding, as real processes that talk over real sockets and are killed with SIGKILL."""

import http.client
import json
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import connrules

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / "examples" / "embedding"
SECOND, HOUR = 1_000, 3_600_000
PATIENCE = 60.0


@pytest.fixture(scope="module")
def plan() -> connrules.Plan:
    rules = """
    rule thanks: on purchase after 1h unless session_start send X
    rule again: on session_start after 30m send Y
    """
    return connrules.compile_rules(connrules.loads(rules))


@pytest.fixture
def folder(tmp_path: Path, plan: connrules.Plan) -> Path:
    (tmp_path / "plan.json").write_bytes(plan.to_json())
    return tmp_path


@contextmanager
def running(program: str, *arguments: str | Path, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program of the example; it is killed at the end, unless it has ended."""
    with (folder / "stderr").open("ab") as errors:
        process = subprocess.Popen([sys.executable, PROGRAMS / program, *arguments], cwd=folder, stderr=errors)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def wait_until(what: Callable[[], bool], process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert process.poll() is None, (folder / "stderr").read_text()
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.005)


def end(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(PATIENCE)


# the worker


class Receiver:
    """Takes decisions over HTTP; drops those whose key it has seen."""

    def __init__(self) -> None:
        self.taken: dict[str, bytes] = {}
        self.posts = 0
        self.is_down = False
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                owner.posts += 1
                if not owner.is_down:
                    assert owner.taken.setdefault(self.headers["Idempotency-Key"], body) == body
                self.send_response(503 if owner.is_down else 204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/decisions"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def a_log(count: int, seed: int) -> list[bytes]:
    """Lines of purchases and sessions of a few hundred users, half an hour of each other, now and then out of order."""
    draw = random.Random(seed)
    start = connrules.parse_instant("2026-03-01")
    events = [
        {
            "id": f"e{n}",
            "user": f"u{draw.randrange(300)}",
            "type": draw.choice(["purchase", "purchase", "purchase", "session_start"]),
            "time": start + n * 20 * SECOND - draw.choice([0, 0, 0, 50 * SECOND]),
        }
        for n in range(count)
    ]
    return [json.dumps(event).encode() + b"\n" for event in events]


def expected(plan: connrules.Plan, lines: list[bytes], lateness: int) -> list[bytes]:
    engine = connrules.Engine(plan, lateness=lateness, kinds={connrules.Kind.SENT})
    return [connrules.encode_outcome(o) for o in engine.feed_many([connrules.parse_event(line) for line in lines])]


def test_a_worker_that_is_killed_loses_nothing_and_nothing_comes_twice(
    plan: connrules.Plan, folder: Path, receiver: Receiver
) -> None:
    lines = a_log(4_000, seed=1)
    decisions = expected(plan, lines, 60 * SECOND)
    assert len(decisions) > 500
    log = folder / "events.jsonl"
    log.write_bytes(b"".join(lines[:3_000]) + b"no event\n" + lines[3_000][:20])
    arguments = ("plan.json", "state.db", "events.jsonl", receiver.url, "--lateness", str(60 * SECOND))
    draw = random.Random(2)

    for kill in range(6):
        enough = len(receiver.taken) + draw.randrange(1, 80)
        with running("worker.py", *arguments, folder=folder) as process:
            wait_until(lambda: len(receiver.taken) >= enough, process, folder)  # noqa: B023  # it is called at once
            time.sleep(draw.random() / 100)
            process.kill()
        if kill == 3:
            with log.open("ab") as file:
                file.write(lines[3_000][20:] + b"".join(lines[3_001:]))
    with running("worker.py", *arguments, folder=folder) as process:
        wait_until(lambda: len(receiver.taken) >= len(decisions), process, folder)
        time.sleep(0.3)
        assert end(process) == 0

    assert list(receiver.taken.values()) == decisions
    errors = (folder / "stderr").read_text()
    assert "Traceback" not in errors
    assert "no event: not JSON" in errors
    with connrules.DurableEngine.open(folder / "state.db", plan) as engine:
        assert (engine.undelivered(), engine.position) == ([], b"%d" % log.stat().st_size)


def test_a_worker_keeps_what_its_receiver_does_not_take(plan: connrules.Plan, folder: Path, receiver: Receiver) -> None:
    lines = a_log(600, seed=3)
    decisions = expected(plan, lines, 0)
    (folder / "events.jsonl").write_bytes(b"".join(lines))
    receiver.is_down = True
    arguments = ("plan.json", "state.db", "events.jsonl", receiver.url)

    with running("worker.py", *arguments, folder=folder) as process:
        wait_until(lambda: receiver.posts > 2, process, folder)
        assert end(process) == 0
    with running("worker.py", *arguments, folder=folder) as process:
        receiver.is_down = False
        wait_until(lambda: len(receiver.taken) == len(decisions), process, folder)
        assert end(process) == 0

    assert list(receiver.taken.values()) == decisions
    assert "503" in (folder / "stderr").read_text()


def test_time_passes_for_a_worker_that_has_a_clock(folder: Path, receiver: Receiver) -> None:
    bought = time.time_ns() // 1_000_000 - HOUR + 300
    (folder / "events.jsonl").write_bytes(
        json.dumps({"user": "u", "type": "purchase", "time": bought}).encode() + b"\n"
    )

    with running(
        "worker.py", "plan.json", "state.db", "events.jsonl", receiver.url, "--clock", folder=folder
    ) as process:
        wait_until(lambda: len(receiver.taken) == 1, process, folder)
        assert end(process) == 0

    [decision] = map(json.loads, receiver.taken.values())
    assert (decision["user"], decision["send"]) == ("u", "X")


# the service


class Client:
    """Talks to the service over a socket."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.read(), {k.lower(): v for k, v in answer.getheaders()}
        finally:
            connection.close()

    def send(self, *events: dict[str, Any]) -> tuple[int, list[dict[str, Any]]]:
        status, body, _ = self.ask("POST", "/events", b"\n".join(json.dumps(event).encode() for event in events))
        return status, [json.loads(line) for line in body.splitlines()]

    def decisions(self) -> tuple[list[str], int]:
        _, body, headers = self.ask("GET", "/decisions")
        return [json.loads(line)["user"] for line in body.splitlines()], int(headers.get("mark", 0))

    def is_up(self) -> bool:
        with suppress(OSError):
            return self.ask("GET", "/health")[0] == 200
        return False


@contextmanager
def serving(folder: Path) -> Iterator[tuple[Client, subprocess.Popen[bytes]]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with running("service.py", "plan.json", "state.db", "--port", str(port), folder=folder) as process:
        client = Client(port)
        wait_until(client.is_up, process, folder)
        yield client, process


def purchase(user: str, time: int) -> dict[str, Any]:
    return {"id": f"{user}-{time}", "user": user, "type": "purchase", "time": time}


def test_a_service_gives_decisions_until_they_are_acknowledged_whatever_becomes_of_it(folder: Path) -> None:
    start = time.time_ns() // 1_000_000 - 5 * HOUR
    with serving(folder) as (client, process):
        assert client.send(purchase("ana", start), purchase("ben", start + 1)) == (200, [])
        status, decisions = client.send(purchase("cem", start + HOUR))
        assert (status, [d["user"] for d in decisions]) == (200, ["ana"])
        process.kill()

    with serving(folder) as (client, process):
        assert client.send(purchase("cem", start + HOUR)) == (200, []), "it was sent before"
        wait_until(lambda: client.decisions()[0] == ["ana", "ben", "cem"], process, folder)
        everything, mark = client.decisions()
        assert client.ask("POST", "/decisions/acknowledged", b'{"mark": %d}' % (mark // 3))[0] == 204
        assert client.decisions() == (["ben", "cem"], mark)
        process.kill()

    with serving(folder) as (client, process):
        assert client.decisions() == (["ben", "cem"], mark)
        assert client.ask("POST", "/decisions/acknowledged", b'{"mark": %d}' % mark)[0] == 204
        assert client.decisions() == ([], 0)
        assert end(process) in (0, -signal.SIGTERM)  # uvicorn ends by the signal that it was sent

    assert len(everything) == 3
    assert "Traceback" not in (folder / "stderr").read_text()


def test_time_passes_for_a_service(folder: Path) -> None:
    with serving(folder) as (client, process):
        bought = time.time_ns() // 1_000_000 - HOUR + 500
        assert client.send(purchase("ana", bought)) == (200, [])
        assert client.decisions() == ([], 0)
        wait_until(lambda: client.decisions()[0] == ["ana"], process, folder)


def test_what_a_service_refuses_changes_nothing(folder: Path) -> None:
    start = time.time_ns() // 1_000_000
    with serving(folder) as (client, _):
        good = json.dumps(purchase("ana", start)).encode()
        status, body, _ = client.ask("POST", "/events", good + b'\r\n\r\n{"user":"ben"}\n')
        assert (status, json.loads(body)) == (400, {"error": "line 3: type: it is missing"})
        for wrong in (b"", b"{}", b'{"mark": 5}', b'{"mark": "a"}', b'{"mark": null}', b"[]", b"3"):
            assert client.ask("POST", "/decisions/acknowledged", wrong)[0] == 400
        assert b"connrules_events_total 0.0" in client.ask("GET", "/metrics")[1]
        assert client.send(purchase("ana", start))[0] == 200
        assert b"connrules_events_total 1.0" in client.ask("GET", "/metrics")[1]


@pytest.mark.parametrize(
    "program", ["service.py plan.txt state.db", "worker.py plan.txt state.db log http://localhost"]
)
@pytest.mark.parametrize(("content", "words"), [(None, "No such file"), (b"{", "this is not a plan")])
def test_a_plan_that_cannot_be_read_is_said(folder: Path, program: str, content: bytes | None, words: str) -> None:
    if content is not None:
        (folder / "plan.txt").write_bytes(content)
    name, *arguments = program.split()
    done = subprocess.run(
        [sys.executable, PROGRAMS / name, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_service_whose_state_is_used_by_another_process_does_not_start(folder: Path) -> None:
    with serving(folder):
        done = subprocess.run(
            [sys.executable, PROGRAMS / "service.py", "plan.json", "state.db"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "is used by another process" in done.stderr
    assert "Traceback" not in done.stderr
