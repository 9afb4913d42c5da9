"""`connrules run --jobs`: several processes write what one writes, and leave nothing behind, however they end."""

import gzip
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
from tests.cli.running import DAY, HOUR, RULE, command, folder, invoke, line, log, process, users

from connrules.compile import compile_rules
from connrules.pipeline import loads
from connrules.plan import Plan
from connrules.replay.jobs.crew import Crew
from connrules.replay.jobs.hub import Hub
from connrules.replay.jobs.ranges import Ranges
from connrules.replay.jobs.worker import Task
from connrules.replay.outcomes import WorkerError

RULES = RULE + 'rule welcome: on event "Joined" after 2h unless purchase once send "Welcome"\n'
forks_beside_threads = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # those of other tests
linux_only = pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")


def long_log(lines: int = 4_000) -> bytes:
    """A log with all that a log can have, long enough for many pieces."""
    dice = Random(5)
    made = []
    for number in range(lines):
        late = dice.choice([0] * 30 + [HOUR, 3 * DAY])
        types = ["purchase", "session_start", "event", "opened_email", "unheard_of", "viewed_card"]
        fields = {"event": {"name": "Joined"}, "opened_email": {"campaign": "News"}, "viewed_card": {}}
        type_ = dice.choice(types)
        ids = {"id": f"e{number}"} if dice.random() < 0.8 else {}
        made.append(
            line(f"user {dice.randrange(300)}", number * HOUR // 10 - late, type_, **fields.get(type_, {}), **ids)
        )
        if dice.random() < 0.02:
            made.append(dice.choice([b"", b"{", b'{"user":"ana"}', b"\xff"]))
    return log(*made)


def everything(place: Path, *arguments: str | Path, jobs: str, stdin: bytes | None = None) -> tuple[object, ...]:
    """All that a run gives, its exit code and what it says included."""
    late, rejects, output = place / "late", place / "rejects", place / "output"
    files = ("--late", late, "--rejects", rejects, "--output", output, "--outcomes", "all")
    done = process("run", place, *arguments, *files, "--jobs", jobs, stdin=stdin)
    return done.returncode, done.stderr, *(file.read_bytes() for file in (output, late, rejects))


@pytest.mark.parametrize("options", [[], ["--lateness", "2h"], ["--dedupe", "30d", "--until", "2027-01-01"]])
def test_several_processes_write_what_one_writes(tmp_path: Path, options: list[str]) -> None:
    place = folder(tmp_path, long_log(), RULES)

    one = everything(place, *options, jobs="1")

    assert one[0] == 3
    assert all(one[1:])
    assert everything(place, *options, jobs="2") == one
    assert everything(place, *options, jobs="3") == one


def test_what_one_process_alone_can_read_is_dealt_out(tmp_path: Path) -> None:
    place = folder(tmp_path, None, RULES)
    plain, packed = place / "log.jsonl", place / "log.gz"
    plain.write_bytes(long_log())
    packed.write_bytes(gzip.compress(long_log()))

    one = everything(place, "--events", plain, jobs="1")

    assert everything(place, "--events", packed, jobs="2") == one
    assert everything(place, "--events", "-", jobs="2", stdin=long_log()) == one


def test_what_came_before_a_damage_is_decided(tmp_path: Path) -> None:
    place = folder(tmp_path, None, RULES)
    (place / "log.gz").write_bytes(gzip.compress(long_log())[:-2_000])

    one = everything(place, "--events", place / "log.gz", jobs="1")

    assert one[0] == 2
    assert one[2]
    assert everything(place, "--events", place / "log.gz", jobs="2") == one


def test_decisions_come_while_the_log_goes_on(tmp_path: Path) -> None:
    place = folder(tmp_path, None)
    arguments = command("run", place, "--events", "-", "--jobs", "2", "--quiet")
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(log(line("ana"), line("ben", 2 * DAY)))
        running.stdin.flush()

        assert users(running.stdout.readline()) == ["ana"]
        running.stdin.close()


def test_rules_that_follow_each_other_run_in_one_process(tmp_path: Path) -> None:
    rules = RULE + 'rule again: on sent thanks after 1h send "Again"\n'
    place = folder(tmp_path, log(line("ana"), line("ben", 2 * DAY)), rules)

    done = invoke(place, "--jobs", "2")

    assert users(done.stdout) == ["ana", "ana"]
    assert "  engine: one process instead of 2: rules follow each other, as `again` follows `thanks`\n" in done.stderr


def test_tables_need_no_jobs(tmp_path: Path) -> None:
    done = invoke(folder(tmp_path, None), "--events", tmp_path / "log.parquet", "--jobs", "2")

    assert done.exit_code == 2
    assert "log.parquet: --jobs is for the streaming engine" in done.stderr


@pytest.mark.parametrize("jobs", ["0", "-1", "two", "1.5", ""])
def test_a_number_of_processes_is_one_from_1_up(tmp_path: Path, jobs: str) -> None:
    done = invoke(folder(tmp_path), "--jobs", jobs)

    assert done.exit_code == 2
    assert f"`{jobs}` is no number of processes" in done.stderr


def test_auto_is_as_many_as_there_are_cores(tmp_path: Path) -> None:
    assert users(process("run", folder(tmp_path), "--jobs", "auto").stdout) == ["ana", "ben"]


@contextmanager
def waiting(place: Path) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    """A run that has decided something and waits for more, with the ids of its workers."""
    arguments = command("run", place, "--events", "-", "--jobs", "2", "--quiet")
    pipe = subprocess.PIPE
    with subprocess.Popen(arguments, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(log(line("ana"), line("ben", 2 * DAY)))
        running.stdin.flush()
        running.stdout.readline()
        yield running, children(running.pid)
        running.kill()


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def are_gone(pids: list[int]) -> bool:
    for _ in range(100):
        if all(map(has_ended, pids)):
            return True
        time.sleep(0.05)
    return False


def has_ended(pid: int) -> bool:
    """Whether a process is no more; it may be that nobody has taken note of it yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@linux_only
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("to_all", [True, False])
def test_whoever_ends_a_run_ends_its_workers(tmp_path: Path, number: signal.Signals, code: int, to_all: bool) -> None:
    """Ctrl-C goes to all processes of a terminal, `kill` to the one that is named."""
    with waiting(folder(tmp_path, None)) as (running, workers):
        (os.killpg if to_all and number == signal.SIGINT else os.kill)(running.pid, number)

        _, said = running.communicate(timeout=20)
        assert running.returncode == code
        assert said.decode().splitlines()[-1:] == ["interrupted" if code == 130 else "terminated"]
        assert len(workers) == 2
        assert are_gone(workers)


@linux_only
def test_workers_end_with_a_run_that_is_killed(tmp_path: Path) -> None:
    with waiting(folder(tmp_path, None)) as (running, workers):
        running.kill()

        running.wait(20)
        assert are_gone(workers)


@linux_only
@pytest.mark.parametrize("which", [0, 1])
def test_a_run_that_loses_a_worker_ends(tmp_path: Path, which: int) -> None:
    with waiting(folder(tmp_path, None)) as (running, workers):
        os.kill(workers[which], signal.SIGKILL)

        output, said = running.communicate(log(line("cleo", 4 * DAY)), timeout=20)
        assert running.returncode == 2
        assert f"error: worker {which + 1} of 2 was killed by SIGKILL; the decisions written so far" in said.decode()
        assert output.count(b"\n") == len(output.splitlines())
        assert are_gone(workers)


class Plaintive:
    """Profiles that cannot be looked up."""

    def attributes(self, user: str) -> dict[str, object]:
        raise LookupError(f"nobody knows {user}")


def hub_over(place: Path, plan: Plan, method: str, profiles: Plaintive | None = None) -> tuple[Hub, Crew]:
    path = place / "events.jsonl"
    task = Task(plan, 2, path, everything=True, wants_late=False, lateness=0, dedupe=0, profiles=profiles)
    crew = Crew(task, method)
    log = Ranges(path.stat().st_size, 2, longest=3_000)
    return Hub(task, log, crew, on_reject=lambda *_: None, on_late=lambda _: None), crew


@forks_beside_threads
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_may_be_forked_or_spawned(tmp_path: Path, method: str) -> None:
    if method == "fork" and sys.platform == "win32":
        pytest.skip("there is no fork")
    place = folder(tmp_path, long_log(500), RULES)
    hub, crew = hub_over(place, compile_rules(loads(RULES)), method)
    try:
        lines = b"".join(hub.batches(None))
    finally:
        crew.close()

    assert lines == process("run", place, "--outcomes", "all").stdout


@forks_beside_threads
def test_what_a_worker_raises_is_raised(tmp_path: Path) -> None:
    rule = RULE.replace("after", 'if user.country = "FR" after')
    hub, crew = hub_over(folder(tmp_path), compile_rules(loads(rule)), "fork", Plaintive())
    try:
        with pytest.raises(RuntimeError, match="LookupError: nobody knows ana"):
            list(hub.batches(None))
    finally:
        crew.close()


def test_a_worker_that_cannot_be_started_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refuse)

    with pytest.raises(WorkerError, match="cannot start a worker: resource temporarily unavailable"):
        hub_over(folder(tmp_path), compile_rules(loads(RULE)), "fork")
