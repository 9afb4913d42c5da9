"""The options of a job on a cluster: what goes together, and what it comes to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import click

from connrules.cli.exit import ShellError
from connrules.flink.settings import METADATA, Settings, as_place, files_to_read, local_path, newest_checkpoint
from connrules.plan import Plan
from connrules.run.eras import Former

_IDLE: Final = 10_000
"""Milliseconds."""
_NEWEST: Final = "newest"
_GOES_ON: Final = "empty it, name another, or go on from a checkpoint with --from"


def as_address(_: click.Context, __: click.Parameter, text: str | None) -> tuple[str, int] | None:
    """`HOST:PORT` as a pair."""
    if text is None:
        return None
    host, _sep, port = text.rpartition(":")
    if not (host and port.isascii() and port.isdigit() and 0 < int(port) < 2**16):
        raise click.BadParameter(f"`{text}` is no address of a cluster; write e.g. localhost:8081")
    return host, int(port)


def as_pairs(_: click.Context, __: click.Parameter, texts: Sequence[str]) -> dict[str, str]:
    """Each `KEY=VALUE` as an entry."""
    found = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not (sign and key.strip()):
            raise click.BadParameter(f"`{text}` is no setting; write e.g. state.backend.type=rocksdb")
        found[key.strip()] = value.strip()
    return found


def as_of_run(here: str) -> Callable[[click.Context, click.Parameter, str | None], None]:
    """Refuse an option that `connrules run` has, and say what it is called here."""

    def refuse(_: click.Context, parameter: click.Parameter, text: str | None) -> None:
        if text is not None:
            raise ShellError(f"there is no option {parameter.opts[0]}", f"write {here}, which names a folder")

    return refuse


class Era(NamedTuple):
    """When rules were replaced, and what became of those who waited for one that changed."""

    until: int
    changed: Literal["pin", "follow"]

    def of(self, plan: Plan) -> Former:
        """With the rules of that time."""
        return Former(plan, self.until, self.changed)


def former_eras(
    former: Sequence[Path], replaced_at: Sequence[int], changed: Sequence[Literal["pin", "follow"]]
) -> list[Era]:
    """The eras of former rules, the oldest first. Raises ShellError where something is missing, or too much."""
    if len(former) != len(replaced_at):
        raise ShellError(
            "--was and --replaced-at belong together: rules, and when they were replaced", "give one for each other"
        )
    if changed and len(changed) != len(former):
        raise ShellError("--changed is for rules that were replaced", "give it once for each --was, or leave it out")
    return [Era(until, changed[place] if changed else "pin") for place, until in enumerate(replaced_at)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What was said of where a job reads and writes, and of how it runs."""

    source: str
    sink: str
    late: str | None
    rejects: str | None
    watch: bool
    idle: int | None
    clock: bool
    checkpoints: str | None
    every: int | None
    restore: str | None
    parallelism: int | None
    mode: Literal["thread", "process"]
    cluster: tuple[str, int] | None
    detach: bool
    others: dict[str, str]

    def check(self, until: int | None, lateness: int, max_parallelism: int) -> None:
        """Raise ShellError for what does not go together, or is not there."""
        self._check_together(until, lateness)
        if self.parallelism is not None and self.parallelism > max_parallelism:
            raise ShellError(
                f"--parallelism {self.parallelism} is more than --max-parallelism, which is {max_parallelism}",
                "no more workers than that can share the users: name fewer, or raise it where a job begins anew",
            )
        self._check_places()

    @property
    def places(self) -> dict[str, Any]:
        """Where a job reads and writes, as it calls it."""
        return {
            "source": as_place(self.source),
            "sink": as_place(self.sink),
            "late": None if self.late is None else as_place(self.late),
            "rejected": None if self.rejects is None else as_place(self.rejects),
        }

    @property
    def idle_seconds(self) -> float | None:
        """After how long without a line the clock moves time on; None: it never does."""
        return (self.idle or _IDLE) / 1_000 if self.clock else None

    @property
    def settings(self) -> Settings:
        """How the job runs. Raises ShellError where what it is to go on from is not there."""
        return Settings(
            mode=self.mode,
            parallelism=self.parallelism,
            checkpoints=None if self.checkpoints is None else as_place(self.checkpoints),
            every=Settings().every if self.every is None else self.every,
            restore=self._restored(),
            cluster=self.cluster,
            others=self.others,
        )

    def _check_together(self, until: int | None, lateness: int) -> None:
        checkpoints = self.checkpoints is not None
        wrong = [
            (self.every is not None and not checkpoints, "--checkpoint-every needs --checkpoints", "name a folder"),
            (self.every == 0, "--checkpoint-every cannot be 0", "write e.g. 10s, or leave it out"),
            (
                self.watch and not checkpoints,
                "--watch needs --checkpoints: decisions are written for good with each",
                "name a folder for them",
            ),
            (self.idle is not None and not self.clock, "--idle is for a job with --clock", "leave it out"),
            (self.idle == 0, "--idle cannot be 0", "write e.g. 10s, or leave it out"),
            (
                self.clock and not self.watch,
                "--clock is for a job with --watch",
                "leave it out: the end of the files is the end of time, which --until moves on",
            ),
            (
                self.clock and not lateness,
                "--clock needs --lateness: by the clock, every event is older than the instant at which it comes",
                "give it as long as events take to get here, e.g. 1m",
            ),
            (
                self.watch and until is not None,
                "--until does not go with --watch, which has no end",
                "leave one out",
            ),
            (self.detach and self.cluster is None, "--detach needs --cluster", "a job that runs here ends with it"),
            (
                self.restore == _NEWEST and not checkpoints,
                "--from newest needs --checkpoints",
                "name the folder to look in",
            ),
        ]
        for is_wrong, message, help_ in wrong:
            if is_wrong:
                raise ShellError(message, help_)

    def _check_places(self) -> None:
        for name, text in self._named():
            if not text:
                raise ShellError(f"--{name} is empty", "name a folder")
        source = local_path(as_place(self.source))
        if source is not None and not source.exists():
            raise ShellError(f"{self.source}: no such file or folder", "check the path after --source")
        if self.watch and self.restore is None and source is not None and len([*files_to_read(source)]) > 1:
            raise ShellError(
                f"{self.source}: a folder that is watched is read in no order, and there are several files in it",
                "begin with an empty folder, and move the files into it one after the other, the oldest first",
            )
        self._check_apart()
        for name, text in self._named()[1:]:
            self._check_output(name, text)

    def _named(self) -> list[tuple[str, str]]:
        """The places that are named, by their options."""
        places = [("source", self.source), ("sink", self.sink), ("late", self.late), ("rejects", self.rejects)]
        places.append(("checkpoints", self.checkpoints))
        return [(name, text) for name, text in places if text is not None]

    def _check_apart(self) -> None:
        """No folder may be used for two things: what is written would be read."""
        named = self._named()
        for place, (name, text) in enumerate(named):
            for other, before in named[:place]:
                if _is_in(as_place(text), as_place(before)):
                    raise ShellError(f"--{name} {text}: it is in --{other} {before}", "name a folder of its own")

    def _check_output(self, name: str, text: str) -> None:
        path = local_path(as_place(text))
        if path is None or not path.exists():
            return
        if not path.is_dir():
            raise ShellError(f"{text}: not a folder", f"check the path after --{name}")
        if name != "checkpoints" and self.restore is None and any(path.iterdir()):
            raise ShellError(f"{text}: there is something in it already", _GOES_ON)

    def _restored(self) -> str | None:
        if self.restore is None:
            return None
        if self.restore == _NEWEST:
            return self._newest()
        place = as_place(self.restore)
        path = local_path(place)
        if path is not None and not ((path / METADATA).is_file() or (path.name == METADATA and path.is_file())):
            raise ShellError(
                f"{self.restore}: no checkpoint or savepoint that is whole",
                f"name a folder with a file {METADATA} in it",
            )
        return place

    def _newest(self) -> str:
        assert self.checkpoints is not None
        folder = local_path(as_place(self.checkpoints))
        if folder is None:
            raise ShellError("--from newest is for folders of this machine", "name the checkpoint itself")
        newest = newest_checkpoint(folder)
        if newest is None:
            raise ShellError(f"{self.checkpoints}: there is no checkpoint in it", "leave --from out to begin anew")
        return as_place(str(newest))


def _is_in(place: str, other: str) -> bool:
    """Whether a place is another, or in it."""
    return f"{place.rstrip('/')}/".startswith(f"{other.rstrip('/')}/")
