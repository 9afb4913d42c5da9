"""Jobs over folders: files of events are put into one while the job runs, and those that it has committed are read."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.flink.cluster import GROUPS

from connrules.flink.failures import FlinkError
from connrules.flink.job import Job, build
from connrules.flink.running import Running
from connrules.flink.settings import Settings, as_place
from connrules.plan import Plan

PATIENCE = 90
"""Seconds after which a job is taken to do nothing any more."""
EVERY = 300
"""Milliseconds from one checkpoint to the next."""


class Folder:
    """A folder with those that a job reads, writes and keeps its checkpoints in."""

    def __init__(self, place: Path) -> None:
        self.source, self.sink, self.checkpoints = place / "source", place / "sink", place / "checkpoints"
        self.source.mkdir(parents=True, exist_ok=True)

    def put(self, name: str, lines: Iterable[str]) -> None:
        """Put a file of lines into the source, whole at once."""
        hidden = self.source / f".{name}"
        hidden.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        hidden.rename(self.source / name)

    def committed(self) -> list[str]:
        """The lines of the files that the job has committed; those that it has not are hidden."""
        files = [file for file in self.sink.glob("**/*") if file.is_file() and not file.name.startswith(".")]
        return [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]

    def job(self, plan: Plan, **told: Any) -> Job:
        """A job that goes on without end, and gives all outcomes."""
        options: dict[str, Any] = {"everything": True, "watch": True, "idle": 0.5, "max_parallelism": GROUPS}
        return Job(plan, as_place(str(self.source)), as_place(str(self.sink)), **{**options, **told})


@contextmanager
def running(folder: Folder, job: Job, *, parallelism: int = 1, restore: str | None = None) -> Iterator[Running]:
    """A job that runs until the block ends."""
    settings = Settings(
        parallelism=parallelism, checkpoints=as_place(str(folder.checkpoints)), every=EVERY, restore=restore
    )
    started = Running(build(job, settings.as_configuration()))
    try:
        yield started
    finally:
        with suppress(FlinkError):  # it has been stopped
            started.cancel()


def wait_until(is_so: Callable[[], bool], job: Running | None = None) -> None:
    """Wait; raises FlinkError where the job fails meanwhile, TimeoutError where it takes too long."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        if job is not None and job.is_over:
            job.result()
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.05)
