"""Lines in, whatever pieces they come in; whole lines out, whatever happens."""

import gzip
import io
import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from connrules import UnreadableError
from connrules.connectors.streams import Lines, LineWriter

DATA = b'{"a":1}\n\n{"b":2}\r\nlast'
LINES = [b'{"a":1}', b"", b'{"b":2}\r', b"last"]


class Piecemeal(io.RawIOBase):
    """A source that gives a few bytes at a time, as a pipe may."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._data, self._sizes = data, sizes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = min(len(buffer), self._sizes.pop(0) if self._sizes else 7, len(self._data))
        buffer[:size] = self._data[:size]
        self._data = self._data[size:]
        return size


class Standard:
    """What stands in for standard input and output."""

    def __init__(self, stream: Any) -> None:
        self.buffer = stream

    def flush(self) -> None:
        pass


def all_lines(path: str | Path) -> list[bytes]:
    lines = Lines(path)
    try:
        return [line for batch in lines.batches() for line in batch]
    finally:
        lines.close()


# in


@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstd.compress])
@given(sizes=st.lists(st.integers(1, 9), max_size=40), bom=st.booleans())
def test_lines_come_out_whole_in_whatever_pieces_they_come(compress: Any, sizes: list[int], bom: bool) -> None:
    data = compress(b"\xef\xbb\xbf" * bom + DATA)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", Standard(io.BufferedReader(Piecemeal(data, sizes))))
        assert all_lines("-") == LINES


@pytest.mark.parametrize("data", [b"", b"\n", b"(", b"\x1f", b"\x28\xb5", b"P*", b"\n\n", b"\xef\xbb", b"\r\n"])
def test_short_files_are_plain(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(data)
    assert b"\n".join(all_lines(tmp_path / "log")) + b"\n" * data.endswith(b"\n") == data


def test_a_byte_order_mark_counts_at_the_start_only(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n")
    assert all_lines(tmp_path / "log") == [b"a", b"\xef\xbb\xbfb"]


def test_lines_are_counted_and_the_position_is_that_on_disk(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(gzip.compress(b"x\n" * 1_000_000))
    lines = Lines(tmp_path / "log")
    counted = 0
    for batch in lines.batches():
        counted += len(batch)
        assert lines.number == counted
        assert 0 < lines.position <= lines.size == (tmp_path / "log").stat().st_size
    assert (counted, lines.position) == (1_000_000, lines.size)
    lines.close()


def test_standard_input_is_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO(b"a\n")
    monkeypatch.setattr(sys, "stdin", Standard(stream))
    assert all_lines("-") == [b"a"]
    assert not stream.closed


def test_no_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UnreadableError, match="standard input: it is closed"):
        Lines("-")


@pytest.mark.parametrize("compress", [gzip.compress, zstd.compress])
def test_every_cut_of_a_compressed_file_is_noticed(compress: Any, tmp_path: Path) -> None:
    whole = compress(b"one\ntwo\nthree\n")
    for length in range(5, len(whole)):
        (tmp_path / "log").write_bytes(whole[:length])
        with pytest.raises(UnreadableError, match="log: the compressed file is damaged or cut off after line"):
            all_lines(tmp_path / "log")


@pytest.mark.parametrize("junk", [b"junk", b"\x1f\x8bjunk and more junk"])
def test_what_follows_a_compressed_file_is_noticed(junk: bytes, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(gzip.compress(b"one\n") + junk)
    with pytest.raises(UnreadableError, match="damaged or cut off after line 1"):
        all_lines(tmp_path / "log")


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    for path, words in ((tmp_path, "is a directory"), (tmp_path / "none", "no such file or directory")):
        with pytest.raises(UnreadableError, match=words):
            Lines(path)


# out


def test_lines_are_written_by_flush(tmp_path: Path) -> None:
    writer = LineWriter(tmp_path / "out")
    writer.write(b"one\n")
    assert (tmp_path / "out").read_bytes() == b""
    writer.flush()
    assert (tmp_path / "out").read_bytes() == b"one\n"
    writer.write(b"two\n")
    writer.close()
    assert (tmp_path / "out").read_bytes() == b"one\ntwo\n"


def test_opening_keeps_what_is_there_and_clearing_does_not(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"old\n")
    writer = LineWriter(tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"old\n"
    writer.clear()
    writer.write(b"new\n")
    writer.close()
    assert (tmp_path / "out").read_bytes() == b"new\n"


def test_standard_output_keeps_what_others_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO()
    stream.write(b"before\n")
    monkeypatch.setattr(sys, "stdout", Standard(stream))
    writer = LineWriter(None)
    writer.clear()
    writer.write(b"after\n")
    writer.close()
    assert stream.getvalue() == b"before\nafter\n"


@given(lengths=st.lists(st.integers(0, 6_000), max_size=30))
def test_a_pipe_gets_whole_lines_in_every_write(lengths: list[int]) -> None:
    lines = [b"x" * length + b"\n" for length in lengths]
    writes: list[bytes] = []

    class Pipe(io.BytesIO):
        def write(self, data: Any, /) -> int:
            writes.append(bytes(data))
            return len(data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", Standard(Pipe()))
        writer = LineWriter(None)
        for line in lines:
            writer.write(line)
        writer.close()
    assert b"".join(writes) == b"".join(lines)
    for write in writes:
        assert write.endswith(b"\n")
        assert len(write) <= 4_096 or write.count(b"\n") == 1


def test_a_pipe_that_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    got: list[bytes] = []

    def read() -> None:
        while data := os.read(reading, 1_000):
            got.append(data)

    monkeypatch.setattr(sys, "stdout", Standard(os.fdopen(writing, "wb")))
    writer = LineWriter(None)
    lines = [b"%d\n" % n for n in range(100_000)]
    for line in lines:
        writer.write(line)
    reader = threading.Thread(target=read)
    reader.start()
    writer.close()
    sys.stdout.buffer.close()
    reader.join()
    os.close(reading)
    assert b"".join(got) == b"".join(lines)


@pytest.mark.parametrize("error", [OSError(28, "no space left"), KeyboardInterrupt()])
def test_a_write_that_fails_half_way_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    writer = LineWriter(tmp_path / "out")
    writer.write(b"whole\n")
    writer.flush()
    file = writer._file

    class Failing:
        def __init__(self) -> None:
            self.calls = 0

        def fileno(self) -> int:
            return file.fileno()

        def write(self, data: memoryview) -> int:
            self.calls += 1
            if self.calls == 2:
                raise error
            return file.write(data[:3]) or 0

    monkeypatch.setattr(writer, "_file", Failing())
    writer.write(b"another\n")
    with pytest.raises(type(error)):
        writer.flush()
    assert (tmp_path / "out").read_bytes() == b"whole\n"
    monkeypatch.undo()
    writer.close()
    assert (tmp_path / "out").read_bytes() == b"whole\n"
