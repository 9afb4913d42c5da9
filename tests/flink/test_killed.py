"""`connrules flink` is killed while it works and goes on from its newest checkpoint: what it has committed in the end
is what one run in process decides, each thing once.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tests.flink.cluster import GROUPS, as_lines, lines_of
from tests.flink.conftest import LIGHT_JAVA
from tests.flink.folders import Folder, wait_until

import connrules
from connrules import Engine
from connrules.event import Event

IS_NIGHTLY = os.environ.get("CONNRULES_PROFILE") == "nightly"
KILLS = 8 if IS_NIGHTLY else 1
HOUR = 3_600_000
FILES = 16
"""One for each hour. They end with a line that is no event: where that has been refused, the file has been read."""
AHEAD = 4
"""How many files may wait to be read. A job reads several at once, in no order: its lateness is longer than that."""
LATENESS = 6 * HOUR
RULES = """
rule thanks: on purchase after 1h unless session_start send "Thanks"
rule again: on purchase where amount >= 50 after 2h restarting unless purchase where amount = trigger.amount
  send "Again"
rule welcome: on session_start after 30m once send "Welcome"
rule follow: on sent thanks after 3h send "Follow"
"""


def events_of(hour: int) -> list[Event]:
    """The events of an hour, not quite in order."""
    chance = random.Random(hour)
    return [
        Event(
            user=f"u{chance.randrange(400)}",
            type=chance.choice(("purchase", "purchase", "session_start", "blinked")),
            time=hour * HOUR + chance.randrange(HOUR // 1_000) * 1_000,
            id=f"e{hour}-{n}",
            properties={"amount": chance.randrange(0, 100, 10)},
        )
        for n in range(400)
    ]


END = Event(user="end", type="blinked", time=200 * HOUR, id="end")


class Work:
    """A folder in which the command works, and is killed."""

    def __init__(self, place: Path) -> None:
        self.folder, self.rejects = Folder(place), Folder(place / "rejects")
        self.rules = place / "rules.conn"
        self.rules.write_text(RULES, encoding="utf-8")
        self.files = 0

    @contextmanager
    def running(self, *more: str) -> Iterator[subprocess.Popen[bytes]]:
        """The command, with Java in a process group of its own, which does not outlive the block."""
        options: list[str | Path] = [
            *("--source", self.folder.source, "--sink", self.folder.sink, "--rejects", self.rejects.sink),
            *("--outcomes", "all", "--watch", "--lateness", f"{LATENESS // HOUR}h"),
            *("--checkpoints", self.folder.checkpoints, "--checkpoint-every", "300ms"),
            *("--parallelism", "2", "--max-parallelism", str(GROUPS), "--quiet", *more),
        ]
        command = [sys.executable, "-m", "connrules", "flink", self.rules, *options]
        process = subprocess.Popen(command, env=os.environ | {"JVM_ARGS": LIGHT_JAVA}, start_new_session=True)
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):  # it has ended, with all of its group
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    @property
    def read(self) -> int:
        """How many files have been read, as of a checkpoint."""
        return len(self.rejects.committed())

    def put_until(self, count: int, process: subprocess.Popen[bytes]) -> None:
        """Put files into the source until there are so many, each when most of those before have been read; the command
        wants to begin with one.
        """
        while self.files < count:
            self.wait(lambda: self.files == 0 or 0 < self.read > self.files - AHEAD, process)
            lines = [*lines_of(events_of(self.files)), f"no event {self.files}"]
            self.folder.put(f"{self.files:02}.jsonl", lines)
            self.files += 1

    def wait(self, is_so: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
        """Wait while the command runs."""

        def is_so_while_it_runs() -> bool:
            assert process.poll() is None, "the command has ended"
            return is_so()

        wait_until(is_so_while_it_runs)


@pytest.mark.parametrize("seed", range(KILLS))
def test_killed_and_begun_again(place: Path, seed: int) -> None:
    engine = Engine(connrules.compile_rules(connrules.loads(RULES)), lateness=LATENESS)
    expected = as_lines(engine.feed_many([*(event for hour in range(FILES) for event in events_of(hour)), END]))
    work, chance = Work(place), random.Random(seed)

    with work.running() as process:
        work.put_until(FILES // 2 + chance.randrange(4), process)
        work.wait(lambda: bool(work.folder.committed()), process)
        time.sleep(chance.random())
    before = work.folder.committed()
    assert 0 < len(before) < len(expected)
    with work.running("--from", "newest") as process:
        work.put_until(FILES, process)
        work.wait(lambda: work.read == FILES, process)
        work.folder.put("end.jsonl", lines_of([END]))
        work.wait(lambda: len(work.folder.committed()) >= len(expected), process)
        process.send_signal(signal.SIGTERM)
        process.wait(60)

    assert sorted(work.folder.committed()) == sorted(expected)
    assert engine.counts.late == 0
    assert sorted(json.loads(line)["text"] for line in work.rejects.committed()) == sorted(
        f"no event {n}" for n in range(FILES)
    )
