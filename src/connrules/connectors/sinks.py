"""Files that get the lines of an outbox's channels, each line once, however often the process that writes is killed.

Lines are committed to the outbox before they are written, and leave it when they are in the file for good. So after a
crash a file holds what was delivered and the beginning of what was not: it is cut to the first, and the second is
written once more. A file that holds anything else is nobody's to cut: it is refused.
"""

import os
import stat
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from connrules.connectors.streams import LineWriter
from connrules.files import STANDARD
from connrules.run.ports import Outbox

_AS_IT_WAS: Final = "put it back as it was, or name another file: what is not in this one for certain is written there"
_KNOWS_NOTHING: Final = "move it away or name another file; if a state file belongs to it, put that back in its place"
_MOST_LEFT: Final = 10
"""So many files that were written before another was named are remembered."""


class SinkError(Exception):
    """A file that is not the one that was written before. `help` says what to do."""

    def __init__(self, message: str, help: str) -> None:  # noqa: A002  # as in findings
        super().__init__(message)
        self.help = help


class Left(msgspec.Struct, frozen=True):
    """A file that a channel was written to until another was named. All that was to be in it is in it."""

    path: str
    size: int
    """In bytes."""


class Written(msgspec.Struct, frozen=True):
    """The file that a channel was written to."""

    path: str
    """Its real path; empty: it is none, but standard output, a pipe or a device."""
    start: int
    """The byte of the channel that is its first; of a file that was left for a while, the one that it would be then."""
    device: int
    inode: int
    left: tuple[Left, ...] = ()
    """The files before it, the last one first: they may be gone back to."""


class FileSink:
    """Writes the lines of a channel to the end of a file. Raises OSError.

    `written` is the file, as it is to be remembered; without one, it is begun, and has to be empty.
    """

    def __init__(self, path: Path, mark: int, start: int | None = None, left: tuple[Left, ...] = ()) -> None:
        """`mark` is the byte of the channel up to which it is written, `start` the one that is the file's first."""
        self._path = path
        self._left = left
        self.name = str(path)
        """What to call it when speaking of it."""
        self.mark = mark
        """Up to which byte the channel is written."""
        self._file = _begin(path) if start is None else FileIO(path, "a")
        self.written = self._seen(mark if start is None else start)

    def write(self, lines: bytes) -> None:
        """Write whole lines, or none of them."""
        before, rest = os.fstat(self._file.fileno()).st_size, memoryview(lines)
        try:
            while rest:
                rest = rest[self._file.write(rest) or 0 :]
        except BaseException:
            with suppress(OSError):
                os.truncate(self._file.fileno(), before)
            raise
        self.mark += len(lines)

    def sync(self) -> int:
        """Have all on the disk; up to which byte the channel is delivered then.

        Where the file was moved away, another is begun; where it was emptied, it begins with what came after that.
        """
        os.fsync(self._file.fileno())
        size = os.fstat(self._file.fileno()).st_size
        if not self._is_in_place():
            self._file.close()
            self._file = _begin(self._path)
            self.written = self._seen(self.mark)
        elif size < self.mark - self.written.start:
            self.written = self._seen(self.mark - size)
        return self.mark

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _seen(self, start: int) -> Written:
        status = os.fstat(self._file.fileno())
        return Written(os.path.realpath(self._path), start, status.st_dev, status.st_ino, self._left)

    def _is_in_place(self) -> bool:
        with suppress(OSError):
            return os.path.samestat(self._path.stat(), os.fstat(self._file.fileno()))
        return False


class StreamSink:
    """Writes the lines of a channel where they cannot be looked at again: to standard output, a pipe or a device."""

    def __init__(self, writer: LineWriter, mark: int, left: tuple[Left, ...] = ()) -> None:
        self._writer = writer
        self.written = Written("", mark, 0, 0, left) if left else None
        self.name = self._writer.name
        """What to call it when speaking of it."""
        self.mark = mark
        """Up to which byte the channel is written."""

    def write(self, lines: bytes) -> None:
        """Write whole lines."""
        self._writer.write(lines)
        self._writer.flush()
        self.mark += len(lines)

    def sync(self) -> int:
        """Up to which byte the channel is delivered."""
        return self.mark

    def close(self) -> None:
        """Let go of it."""
        self._writer.close()


class Opened(NamedTuple):
    """A sink, and what is to be written to it once the store knows of it."""

    sink: FileSink | StreamSink
    lines: bytes = b""
    elsewhere: str = ""
    """Where some of those lines may be already; empty: nowhere."""


def open_sink(path: Path | None, before: Written | None, outbox: Outbox) -> Opened:
    """The sink of a channel: the file that was written before, mended, or another. None: standard output.

    `outbox` is what the channel still has to deliver, `before` the file that it was written to, if it was one. Raises
    SinkError, and OSError where a file cannot be opened or written.
    """
    end = outbox.start + len(outbox.lines)
    if path is None or _is_stream(path):
        if before and mend(before, outbox):
            return Opened(StreamSink(LineWriter(path), end, _left(before, end)))
        return Opened(StreamSink(LineWriter(path), outbox.start, before.left if before else ()), outbox.lines)
    if before and before.path == os.path.realpath(path):
        return Opened(_same(path, before, outbox))
    if before and not Path(before.path).exists() and _has_content(path) and _mend(path, before, outbox):
        return Opened(FileSink(path, end, before.start, before.left))  # it has another name now
    if not (size := _size_when_left(path, before)):
        _begin(path).close()
    if before and mend(before, outbox):
        return Opened(FileSink(path, end, end - size if size else None, _left(before, end)))
    elsewhere = (before.path if before else "") or "standard output"
    start = outbox.start - size if size else None
    sink = FileSink(path, outbox.start, start, before.left if before else ())
    return Opened(sink, outbox.lines, elsewhere if outbox.lines else "")


def mend(before: Written, outbox: Outbox) -> bool:
    """Have a file hold all of its channel, wherever in its folder it was moved to; False where it is not found."""
    if not before.path:
        return False
    path = Path(before.path)
    return any(_mend(file, before, outbox) for file in [path, *_moved(before)] if _has_content(file))


def _same(path: Path, before: Written, outbox: Outbox) -> FileSink:
    """Go on with the file that was written before, or begin another where that was moved away."""
    end = outbox.start + len(outbox.lines)
    if _has_content(path):
        if not _mend(path, before, outbox):
            raise SinkError(f"{path}: it is not as it was left: something else is in it now", _AS_IT_WAS)
        return FileSink(path, end, before.start, before.left)
    if not outbox.lines or mend(before, outbox):
        return FileSink(path, end, left=before.left)
    if before.start < outbox.start:
        raise SinkError(f"{path}: it is gone, and not all of what was written to it is known to be whole", _AS_IT_WAS)
    _mend(path, before, outbox)  # nothing was known to be in it
    return FileSink(path, end, before.start, before.left)


def _left(before: Written, end: int) -> tuple[Left, ...]:
    """The files that may be gone back to, once that one is left which was written up to `end`."""
    others = tuple(file for file in before.left if file.path != before.path)
    return (Left(before.path, end - before.start), *others)[:_MOST_LEFT] if before.path else others


def _size_when_left(path: Path, before: Written | None) -> int:
    """How many bytes are in a file that was written earlier and is as it was left; 0: it is none."""
    with suppress(OSError):
        size, real = path.stat().st_size, os.path.realpath(path)
        return size if before and Left(real, size) in before.left else 0
    return 0


def _begin(path: Path) -> FileIO:
    """Open a file that is new, or empty."""
    is_there = path.exists()
    file = FileIO(path, "a")
    if os.fstat(file.fileno()).st_size:
        file.close()
        raise SinkError(f"{path}: it holds something that the state knows nothing of", _KNOWS_NOTHING)
    if not is_there:
        _sync_folder(path)
    return file


def _mend(file: Path, before: Written, outbox: Outbox) -> bool:
    """Cut a file to what was delivered and write the rest; False, and nothing done, where it holds anything else."""
    size = outbox.start - before.start
    with FileIO(file, "r+" if file.exists() else "w+") as handle:
        if not _fits(handle, size, outbox.lines):
            return False
        handle.truncate(size)
        handle.seek(size)
        rest = memoryview(outbox.lines)
        while rest:
            rest = rest[handle.write(rest) or 0 :]
        os.fsync(handle.fileno())
    return True


def _fits(handle: FileIO, size: int, lines: bytes) -> bool:
    """Whether a file holds so many bytes of whole lines and then the beginning of others.

    Of what was written last, a disk without power may have kept the length and not the bytes: then they are zeros.
    """
    there = os.fstat(handle.fileno()).st_size
    if not 0 <= size <= there <= size + len(lines):
        return False
    handle.seek(max(size - 1, 0))
    if size and handle.read(1) != b"\n":
        return False
    rest = handle.readall()
    return lines.startswith(rest) or all(found in {0, wanted} for found, wanted in zip(rest, lines, strict=False))


def _moved(before: Written) -> list[Path]:
    """Where in its folder a file is now."""
    with suppress(OSError), os.scandir(Path(before.path).parent) as entries:
        return [Path(entry.path) for entry in entries if entry.inode() == before.inode]
    return []


def _has_content(path: Path) -> bool:
    with suppress(OSError):
        status = path.stat()
        return stat.S_ISREG(status.st_mode) and status.st_size > 0
    return False


def _is_stream(path: Path) -> bool:
    """Whether it is standard output, a pipe or a device. What cannot be looked at will say so when it is opened."""
    with suppress(OSError):
        return str(path) == STANDARD or not stat.S_ISREG(path.stat().st_mode)
    return False


def _sync_folder(path: Path) -> None:
    """Have the name of a new file on the disk, too."""
    with suppress(OSError):
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
