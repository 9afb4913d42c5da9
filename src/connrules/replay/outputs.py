"""The files of a run that can go on later: what is in the outbox of its state is written to them, each line once."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from connrules.connectors.sinks import FileSink, SinkError, StreamSink, Written, mend, open_sink
from connrules.files import reason, writing_remedy
from connrules.run.ports import Outbox

OUTCOMES: Final = "outcomes"
REJECTS: Final = "rejects"
LATE: Final = "late"
CHANNELS: Final = (OUTCOMES, REJECTS, LATE)
_MUCH: Final = 1 << 20
"""So many bytes may be in files and not on the disk for certain: the outbox keeps them until then."""


class Keeper(Protocol):
    """Keeps the lines of channels until they are acknowledged, as `DurableEngine` does."""

    def outbox(self, channel: str) -> Outbox: ...  # noqa: D102  # as in DurableEngine
    def acknowledge(self, mark: int, channel: str) -> None: ...  # noqa: D102  # as in DurableEngine


class Outputs:
    """Where the lines of channels go. Raises SinkError, and BrokenPipeError where nobody reads standard output."""

    def __init__(
        self, keeper: Keeper, sinks: Mapping[str, FileSink | StreamSink], others: Mapping[str, Written]
    ) -> None:
        """`others` are the files of channels that are not wanted now."""
        self._keeper = keeper
        self._sinks = sinks
        self._others = others
        self._unsettled = 0

    def __contains__(self, channel: str) -> bool:
        return channel in self._sinks

    @property
    def written(self) -> dict[str, Written]:
        """The files, as they are to be remembered."""
        return {**self._others, **{name: sink.written for name, sink in self._sinks.items() if sink.written}}

    @property
    def is_settled(self) -> bool:
        """Whether nothing was written since the last `sync`."""
        return not self._unsettled

    def write(self, lines: Mapping[str, bytes]) -> None:
        """Write lines that are committed."""
        for channel, sink in self._sinks.items():
            if new := lines.get(channel):
                with _translated(sink.name):
                    sink.write(new)
                self._unsettled += len(new)
                if not isinstance(sink, FileSink):
                    self._keeper.acknowledge(sink.mark, channel)

    def sync_much(self) -> None:
        """Have what was written on the disk, once that is much. The next commit knows of it."""
        if self._unsettled >= _MUCH:
            self.sync()

    def sync(self) -> None:
        """Have what was written on the disk. The next commit knows of it."""
        for channel, sink in self._sinks.items():
            with _translated(sink.name):
                self._keeper.acknowledge(sink.sync(), channel)
        self._unsettled = 0

    def close(self) -> None:
        """Let go of the files as they are."""
        for sink in self._sinks.values():
            sink.close()


def open_outputs(
    keeper: Keeper,
    paths: Mapping[str, Path | None],
    before: Mapping[str, Written],
    on_note: Callable[[str], object],
) -> tuple[Outputs, dict[str, bytes]]:
    """The outputs, mended, and what is to be written to them once the state knows them.

    `paths` are those of the channels that are wanted, `before` the files that were written before. `on_note` is told in
    words what people should know of. Raises SinkError.
    """
    sinks: dict[str, FileSink | StreamSink] = {}
    lines: dict[str, bytes] = {}
    try:
        for channel, path in paths.items():
            outbox = keeper.outbox(channel)
            name = "standard output" if path is None else str(path)
            with _translated(name):
                opened = open_sink(path, before.get(channel), outbox)
            sinks[channel], lines[channel] = opened.sink, opened.lines
            keeper.acknowledge(opened.sink.mark, channel)
            if opened.elsewhere:
                on_note(f"{name}: begins with {_lines(opened.lines)} that may be in {opened.elsewhere}, too")
        others = {channel: file for channel, file in before.items() if channel not in paths}
        _mend_others(keeper, others)
    except BaseException:
        for sink in sinks.values():
            sink.close()
        raise
    return Outputs(keeper, sinks, others), lines


def _mend_others(keeper: Keeper, files: Mapping[str, Written]) -> None:
    """Mend the files of channels that are not wanted any more, where they are found."""
    for channel, file in files.items():
        outbox = keeper.outbox(channel)
        with _translated(file.path):
            if outbox.lines and mend(file, outbox):
                keeper.acknowledge(outbox.start + len(outbox.lines), channel)


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """What the operating system says against an output, in words."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise SinkError(f"{name}: cannot be written: {reason(error)}", writing_remedy(error)) from None


def _lines(data: bytes) -> str:
    count = data.count(b"\n")
    return f"{count:,} line{'' if count == 1 else 's'}"
