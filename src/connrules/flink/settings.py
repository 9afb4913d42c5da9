"""How a job is run, as the keys and values that Flink goes by; nothing of Flink is loaded for it."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple

METADATA: Final = "_metadata"
"""The file that says that a checkpoint or savepoint is whole."""
_CHECKPOINTING: Final = "execution.checkpointing."
_HIDDEN: Final = "._"
"""What the names of files and folders begin with that Flink leaves out."""


class Settings(NamedTuple):
    """How a job is run, and where."""

    mode: Literal["thread", "process"] = "thread"
    """Where Python runs: in Flink's own processes, or in processes beside them."""
    parallelism: int | None = None
    """None: as Flink's own configuration says, else the number of cores."""
    checkpoints: str | None = None
    """The folder of checkpoints, a URI; None: there are none."""
    every: int = 10_000
    """Milliseconds from one checkpoint to the next."""
    restore: str | None = None
    """The checkpoint or savepoint to go on from, a URI; None: the job begins anew."""
    cluster: tuple[str, int] | None = None
    """Host and port of a cluster; None: the job is run in this process, and in Java beside it."""
    others: Mapping[str, str] = {}
    """Keys and values of Flink's own; they go before the rest."""

    def as_configuration(self) -> dict[str, str]:
        """Flink's keys and values."""
        keys: dict[str, str] = {"python.execution-mode": self.mode, "pipeline.name": "connrules"}
        if self.parallelism is not None:
            keys["parallelism.default"] = str(self.parallelism)
        if self.checkpoints is not None:
            keys[_CHECKPOINTING + "dir"] = keys[_CHECKPOINTING + "savepoint-dir"] = self.checkpoints
            keys[_CHECKPOINTING + "interval"] = f"{self.every} ms"
            keys[_CHECKPOINTING + "externalized-checkpoint-retention"] = "RETAIN_ON_CANCELLATION"
        if self.restore is not None:
            keys["execution.state-recovery.path"] = self.restore
        return {**keys, **self._place(), **self.others}

    def _place(self) -> dict[str, str]:
        if self.cluster is None:
            # Where it is tried again and again, nobody hears why it failed.
            return {"restart-strategy.type": "none", "python.executable": sys.executable, **_CLIENT}
        host, port = self.cluster
        return {"execution.target": "remote", "rest.address": host, "rest.port": str(port), **_CLIENT}


_CLIENT: Final = {"python.client.executable": sys.executable}


def as_place(text: str) -> str:
    """A path or URI, as a URI."""
    return text if "://" in text else f"file://{Path(text).resolve()}"


def local_path(place: str) -> Path | None:
    """The path of a URI; None: it is of another file system."""
    return Path(place.removeprefix("file://")) if place.startswith("file://") else None


def files_to_read(place: Path) -> Iterator[Path]:
    """The files that Flink would read there, in no order: hidden ones, and those in hidden folders, are left out."""
    if place.is_file():
        yield place
    for folder, folders, names in os.walk(place):
        folders[:] = [name for name in folders if name[0] not in _HIDDEN]
        yield from (path for name in names if name[0] not in _HIDDEN and (path := Path(folder, name)).is_file())


def newest_checkpoint(folder: Path) -> Path | None:
    """The newest of the checkpoints and savepoints in a folder that are whole; None: there is none."""
    whole = [file for file in folder.glob(f"**/{METADATA}") if file.is_file()]
    return max(whole, key=lambda file: file.stat().st_mtime_ns).parent if whole else None
