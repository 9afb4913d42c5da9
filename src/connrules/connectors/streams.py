"""Lines of bytes in and out: plain, gzip or zstd in, told apart by their first bytes; whole lines out in any case."""

import errno
import gzip
import os
import select
import stat
import sys
import zlib
from collections.abc import Iterator
from contextlib import suppress
from io import BufferedReader, BytesIO, IOBase, RawIOBase
from pathlib import Path
from typing import Final, NamedTuple, Protocol, Self, cast

from connrules.files import STANDARD, UnreadableError, reason

_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = (b"\x28\xb5\x2f\xfd", *(bytes([first]) + b"\x2a\x4d\x18" for first in range(0x50, 0x60)))
"""A frame of data, and the sixteen kinds of frames to skip, one of which some tools write first."""
MAGICS: Final = (_GZIP, *_ZSTD)
BOM: Final = b"\xef\xbb\xbf"
_CHUNK: Final = 1 << 16
"""So many bytes at a time: what is made of their lines still fits into a processor's cache."""
_ATOMIC: Final = 4096
"""A pipe takes so many bytes at once or not at all."""


class _Readable(Protocol):
    """What bytes are read from; `read1` gives what is there without waiting for more."""

    def read1(self, size: int, /) -> bytes: ...


class Block(NamedTuple):
    """Whole lines of a file, one after the other. Only the last line of a file may lack its line break."""

    data: bytes
    lines: list[bytes]
    """The same bytes line by line, line breaks included."""

    @classmethod
    def of(cls, data: bytes) -> Self:
        """The block that holds these bytes."""
        return cls(data, BytesIO(data).readlines())

    def text(self, place: int) -> bytes:
        """A line as people would look at it: without its line break, LF or CRLF."""
        return self.lines[place].removesuffix(b"\n").removesuffix(b"\r")


class Identity(NamedTuple):
    """Which file it is, whatever its name: of two that are open at once no two have the same."""

    device: int
    inode: int

    @classmethod
    def of(cls, descriptor: int) -> Self:
        """That of an open file."""
        status = os.fstat(descriptor)
        return cls(status.st_dev, status.st_ino)


class Lines:
    """The lines of a file, or of standard input for `-`, in blocks of what is there to be read.

    `position` counts the bytes read so far of `size`, the file's bytes on disk, compressed or not; both are 0 where
    there is no file. Raises UnreadableError, also in the middle of a damaged file.
    """

    def __init__(self, path: str | Path) -> None:
        self._is_file = str(path) != STANDARD
        self.name = str(path) if self._is_file else "standard input"
        """What to call it when speaking of it."""
        self.size = 0
        self.number = 0
        """How many lines were given so far."""
        self._raw = self._open(Path(path)) if self._is_file else self._standard_input()
        start = self._first_bytes()
        self._is_compressed = start in MAGICS
        self._stream = self._decompressed(start)

    @property
    def plain(self) -> Path | None:
        """Where any process can read the same bytes; None: they are compressed, or not those of a regular file."""
        if not self._is_file or self._is_compressed or not _is_regular(self._raw):
            return None
        path = Path(os.path.realpath(self.name))  # /dev/stdin is another file to another process
        with suppress(OSError):
            return path if os.path.samestat(path.stat(), os.fstat(self._raw.fileno())) else None
        return None

    @property
    def identity(self) -> Identity:
        """Which file it is."""
        return Identity.of(self._raw.fileno())

    @property
    def position(self) -> int:
        """Bytes of the file read so far."""
        return self._raw.tell() if self.size else 0

    def blocks(self) -> Iterator[Block]:
        """All lines, in order, a block at a time."""
        for data in self._whole_lines():
            block = Block.of(data)
            self.number += len(block.lines)
            yield block

    def chunks(self) -> Iterator[bytes]:
        """The bytes of the same blocks: whole lines, one after the other."""
        for data in self._whole_lines():
            self.number += data.count(b"\n") + (not data.endswith(b"\n"))
            yield data

    def is_ready(self, seconds: float) -> bool:
        """Whether there is, within so many seconds, more to be read, or the end."""
        try:
            return bool(select.select([self._raw], [], [], seconds)[0])
        except (OSError, ValueError):  # it has no descriptor, or none that can be asked: it lets nobody wait
            return True

    def batches(self) -> Iterator[list[bytes]]:
        """All lines, in order, a batch at a time, without their line breaks."""
        for block in self.blocks():
            yield block.data.removesuffix(b"\n").split(b"\n")

    def read(self) -> bytes:
        """The next bytes, decompressed: as many as are there, up to some; none at the end."""
        try:
            return self._stream.read1(_CHUNK)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise self._damaged() from None
        except OSError as error:
            raise UnreadableError(f"{self.name}: {reason(error)}") from None
        except Exception as error:
            if type(error).__name__ == "ZstdError":
                raise self._damaged() from None
            raise

    def go_to(self, offset: int) -> bool:
        """Go on at so many bytes, decompressed, after the first, before any was read; whether there are so many."""
        if self.plain:
            self._stream = self._raw
            return self._raw.seek(offset) <= self.size
        while offset > 0 and (data := self.read()):
            offset -= len(data)
            if offset < 0:
                self._stream = _Rejoined(data[offset:], self._stream)
        return offset <= 0

    def close(self) -> None:
        """Let go of the file."""
        if self._is_file:
            self._raw.close()

    def _whole_lines(self) -> Iterator[bytes]:
        rest: list[bytes | memoryview] = []
        mark = BOM
        while chunk := self.read():
            if end := chunk.rfind(b"\n") + 1:
                yield b"".join((*rest, memoryview(chunk)[:end])).removeprefix(mark)
                rest, mark = [chunk[end:]], b""
            else:
                rest.append(chunk)
        if last_line := b"".join(rest).removeprefix(mark):
            yield last_line

    def _open(self, path: Path) -> BufferedReader:
        try:
            raw = path.open("rb")
            self.size = path.stat().st_size
        except OSError as error:
            raise UnreadableError(f"{path}: {reason(error)}") from None
        return raw

    def _standard_input(self) -> BufferedReader:
        if sys.stdin is None:
            raise UnreadableError(f"{self.name}: it is closed", "name a file, or pipe events into it")
        return cast("BufferedReader", sys.stdin.buffer)

    def _first_bytes(self) -> bytes:
        """As many bytes as tell whether it is compressed; a pipe may give them one at a time."""
        start = b""
        try:
            while any(magic.startswith(start) and magic != start for magic in MAGICS):
                if not (byte := self._raw.read(1)):
                    break
                start += byte
        except OSError as error:
            raise UnreadableError(f"{self.name}: {reason(error)}") from None
        return start

    def _decompressed(self, start: bytes) -> _Readable:
        whole = _Rejoined(start, self._raw)
        if start == _GZIP:
            return gzip.GzipFile(fileobj=cast("BufferedReader", whole))
        return _zstd(whole) if start in _ZSTD else whole

    def _damaged(self) -> UnreadableError:
        return UnreadableError(
            f"{self.name}: the compressed file is damaged or cut off after line {self.number}",
            "what came before it was read; write the file anew and run again",
        )


class _Rejoined:
    """The bytes that were looked at and those that follow, without waiting for more than are there."""

    def __init__(self, start: bytes, rest: _Readable) -> None:
        self._start = start
        self._rest = rest

    def read1(self, size: int, /) -> bytes:
        start, self._start = self._start, b""
        return start or self._rest.read1(size)

    read = read1


def _zstd(raw: _Rejoined) -> _Readable:
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415  # only compressed input needs it
    else:
        from backports import zstd  # noqa: PLC0415  # likewise
    return cast("_Readable", zstd.ZstdFile(cast("BufferedReader", raw)))


class LineWriter:
    """Writes whole lines only: where a write fails or is interrupted, no half a line is left behind.

    A file is opened as it is; `clear` empties it. Raises OSError where it cannot be opened or written.
    """

    def __init__(self, path: str | Path | None) -> None:
        """Open a file; None or `-`: standard output."""
        self._owned = path is not None and str(path) != STANDARD
        self.name = str(path) if self._owned else "standard output"
        """What to call it when speaking of it."""
        self._pending: list[bytes] = []
        self._file = _appended(Path(self.name)) if self._owned else _standard_output()
        self._is_regular = _is_regular(self._file)

    def clear(self) -> None:
        """Empty the file. What standard output holds is not ours, and what is no regular file holds nothing."""
        if self._owned and self._is_regular:
            self._file.truncate(0)

    def write(self, line: bytes) -> None:
        """Take a line, its line break included; it is written by the next `flush`."""
        self._pending.append(line)

    def flush(self) -> None:
        """Write the lines taken so far."""
        if not self._pending:
            return
        data = b"".join(self._pending)
        self._pending.clear()
        for block in [data] if self._is_regular else _blocks(data):
            self._write(block)

    def close(self) -> None:
        """Write what is left and let go of the file."""
        try:
            self.flush()
        finally:
            if self._owned:
                self._file.close()

    def _write(self, block: bytes) -> None:
        """Write whole lines, or none of them: into a pipe they fit at once, of a file the end is cut off again."""
        before = os.fstat(self._file.fileno()).st_size if self._is_regular else 0
        rest = memoryview(block)
        try:
            while rest:
                written = self._file.write(rest)
                if written is None:  # a pipe that does not wait by itself
                    select.select([], [self._file], [])
                rest = rest[written or 0 :]
        except BaseException:
            if self._is_regular:
                with suppress(OSError):
                    os.truncate(self._file.fileno(), before)
            raise


def _blocks(lines: bytes) -> Iterator[bytes]:
    """Whole lines in blocks of at most `_ATOMIC` bytes; a line longer than that is a block of its own."""
    start = 0
    while start < len(lines):
        end = lines.rfind(b"\n", start, start + _ATOMIC) + 1 or lines.find(b"\n", start) + 1
        yield lines[start:end]
        start = end


def _appended(path: Path) -> RawIOBase:
    return path.open("ab", buffering=0)


def _standard_output() -> RawIOBase:
    if sys.stdout is None:
        raise OSError(errno.EBADF, "it is closed")
    sys.stdout.flush()
    return cast("RawIOBase", getattr(sys.stdout.buffer, "raw", sys.stdout.buffer))


def _is_regular(file: IOBase) -> bool:
    try:
        return stat.S_ISREG(os.fstat(file.fileno()).st_mode)
    except OSError:
        return False
