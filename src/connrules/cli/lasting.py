"""The options of a run that lasts: one that keeps a state, or follows a log that grows."""

from pathlib import Path
from typing import Literal, NamedTuple

from connrules.cli.exit import ShellError
from connrules.columnar.sources import is_columnar
from connrules.files import STANDARD
from connrules.replay.choice import EngineChoice


class Lasting(NamedTuple):
    """How a run lasts."""

    state: Path | None = None
    """Where it keeps what it needs to go on later; None: nowhere."""
    follows: bool = False
    """Whether it goes on reading when it has come to the end of the log."""
    idle: int | None = None
    """After so many milliseconds without a line time moves on by the clock; None: nobody said."""
    changed: Literal["pin", "follow"] | None = None
    """What becomes of the waits of rules that changed; None: nobody said."""

    def __bool__(self) -> bool:
        return self.state is not None or self.follows

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that are the state's: nothing else may be written to them."""
        state = self.state
        return () if state is None else (state, *(state.with_name(state.name + end) for end in ("-wal", "-shm")))

    def check(self, events: Path, engine: str, jobs: int, until: int | None) -> None:
        """Raise ShellError for what does not go together."""
        option = "--state" if self.state else "--follow"
        if self.changed and self.state is None:
            raise ShellError("--changed is for a run with --state", "leave it out, or name a state file")
        if self.idle is not None and not self.follows:
            raise ShellError("--idle is for a run with --follow", "leave it out, or add --follow")
        if not self:
            return
        if str(self.state) == STANDARD:
            raise ShellError("--state names a file: it cannot be standard input or output", "name another file")
        if jobs != 1:
            raise ShellError(f"--jobs does not go with {option}: such a run has one process", "leave it out")
        if engine == EngineChoice.COLUMNAR or is_columnar(events):
            raise ShellError(f"{events}: {option} is for the streaming engine", "give it lines of JSON")
        if until is not None and self.follows:
            raise ShellError("--until does not go with --follow, which moves time on by the clock", "leave one out")
