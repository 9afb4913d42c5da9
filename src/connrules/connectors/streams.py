"""Lines of bytes in and out: plain, gzip or zstd in, told apart by their first bytes; whole lines out in any case."""

import gzip
import sys
import zlib
from collections.abc import Iterator
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import IO, Protocol, cast

from connrules.files import UnreadableError, reason

STANDARD_INPUT = "-"
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_BOM = b"\xef\xbb\xbf"
_CHUNK = 1 << 18


class _Readable(Protocol):
    """What bytes are read from; `read1` gives what is there without waiting for more."""

    def read1(self, size: int, /) -> bytes: ...


class Lines:
    """The lines of a file, or of standard input for `-`, in batches of what is there to be read.

    Lines come without their line breaks. `position` counts the bytes read so far of `size`, the file's bytes on disk,
    compressed or not; both are 0 where there is no file. Raises UnreadableError, also in the middle of a damaged file.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self.size = 0
        self.number = 0
        """How many lines were given so far."""
        self._raw = self._open()
        self._stream = self._decompressed(self._raw)

    @property
    def position(self) -> int:
        """Bytes of the file read so far."""
        return self._raw.tell() if self.size else 0

    def batches(self) -> Iterator[list[bytes]]:
        """All lines, in order, a batch at a time."""
        rest: list[bytes] = []
        while chunk := self._read():
            if b"\n" not in chunk:
                rest.append(chunk)
                continue
            *lines, last = b"".join((*rest, chunk)).split(b"\n")
            rest = [last]
            yield self._numbered(lines)
        if last_line := b"".join(rest):
            yield self._numbered([last_line])

    def close(self) -> None:
        """Let go of the file."""
        if self._raw is not sys.stdin.buffer:
            self._raw.close()

    def _numbered(self, lines: list[bytes]) -> list[bytes]:
        if self.number == 0:
            lines[0] = lines[0].removeprefix(_BOM)
        self.number += len(lines)
        return lines

    def _open(self) -> BufferedReader:
        if self.path == STANDARD_INPUT:
            return cast("BufferedReader", sys.stdin.buffer)
        path = Path(self.path)
        try:
            raw = path.open("rb")
            self.size = path.stat().st_size
        except OSError as error:
            raise UnreadableError(f"{self.path}: {reason(error)}") from None
        return raw

    def _decompressed(self, raw: BufferedReader) -> _Readable:
        try:
            start = raw.peek(4)
        except OSError as error:
            raise UnreadableError(f"{self.path}: {reason(error)}") from None
        if start.startswith(_GZIP):
            return gzip.GzipFile(fileobj=raw)
        if start.startswith(_ZSTD):
            return _zstd(raw)
        return raw

    def _read(self) -> bytes:
        try:
            return self._stream.read1(_CHUNK)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise self._damaged() from None
        except OSError as error:
            raise UnreadableError(f"{self.path}: {reason(error)}") from None
        except Exception as error:
            if type(error).__name__ == "ZstdError":
                raise self._damaged() from None
            raise

    def _damaged(self) -> UnreadableError:
        return UnreadableError(
            f"{self.path}: the compressed file is damaged or cut off after line {self.number}",
            "what came before it was read; write the file anew and run again",
        )


def _zstd(raw: BufferedReader) -> _Readable:
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415  # only compressed input needs it
    else:
        from backports import zstd  # noqa: PLC0415  # likewise
    return cast("_Readable", zstd.ZstdFile(raw))


class LineWriter:
    """Writes whole lines only: each write to the file is a number of whole lines, so one that is cut short by an
    interrupt leaves no half a line behind. Raises OSError where it cannot be written.
    """

    def __init__(self, path: str | Path | None) -> None:
        """Open a file anew; None: standard output."""
        self._pending: list[bytes] = []
        self._owned = path is not None
        self._file: IO[bytes] | RawIOBase
        if path is None:
            self._file = sys.stdout.buffer
        else:
            self._file = Path(path).open("wb", buffering=0)  # noqa: SIM115  # closed by `close`

    def write(self, line: bytes) -> None:
        """Take a line, its line break included; it is written by the next `flush`."""
        self._pending.append(line)

    def flush(self) -> None:
        """Write the lines taken so far."""
        if not self._pending:
            return
        rest = memoryview(b"".join(self._pending))
        self._pending.clear()
        while rest:
            rest = rest[self._file.write(rest) or 0 :]
        self._file.flush()

    def close(self) -> None:
        """Write what is left and let go of the file."""
        self.flush()
        if self._owned:
            self._file.close()
