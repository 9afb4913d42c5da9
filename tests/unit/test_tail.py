"""Lines of a log from a position on: whatever becomes of the log between two readings, none is lost or read twice."""

import gzip
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from backports import zstd

from connrules.connectors.growing import Growing
from connrules.connectors.position import Position
from connrules.connectors.rotation import Search
from connrules.connectors.source import Follower, LogSource
from connrules.connectors.streams import Lines
from connrules.connectors.tail import Piece, Tail
from connrules.files import UnreadableError


def lines_of(first: int, end: int) -> bytes:
    return b"".join(
        json.dumps({"n": number, "pad": "x" * (number % 70)}).encode() + b"\n" for number in range(first, end)
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


class Reader:
    """Reads a log now and then, as runs of the same command do, and keeps what it read and was told."""

    def __init__(self) -> None:
        self.position: Position | None = None
        self.data = b""
        self.firsts: list[int] = []
        self.notes: list[str] = []
        self.warnings: list[str] = []

    def read(self, path: Path) -> bytes:
        """What is read now."""
        before = len(self.data)
        source = LogSource(Search(path, self.notes.append, self.warnings.append), self.position)
        self.position = source.begin
        try:
            for piece in source.pieces():
                self._keep(piece)
        finally:
            source.close()
        return self.data[before:]

    def _keep(self, piece: Piece) -> None:
        assert piece.first == piece.after.earlier + piece.number
        assert piece.after.lines == piece.number - 1 + len(piece.block.lines)
        self.firsts.append(piece.first)
        self.data += piece.block.data
        self.position = piece.after


@pytest.fixture
def reader() -> Reader:
    return Reader()


def compressed(data: bytes, form: str) -> bytes:
    match form:
        case "gzip":
            return gzip.compress(data)
        case "zstd":
            return zstd.compress(data)
    return data


@pytest.mark.parametrize("form", ["plain", "gzip", "zstd"])
@pytest.mark.parametrize("cuts", [(0, 1, 2), (0, 3, 3, 40), (0, 7_000, 7_001, 20_000), (1, 60, 61, 5_000, 5_001)])
def test_a_log_that_grows_is_read_once(log: Path, reader: Reader, form: str, cuts: tuple[int, ...]) -> None:
    for end in cuts:
        log.write_bytes(compressed(lines_of(0, end), form))
        reader.read(log)
    assert reader.data == lines_of(0, cuts[-1])
    assert reader.notes == []
    assert reader.position is not None
    assert (reader.position.lines, reader.position.earlier, reader.position.at_end) == (cuts[-1], 0, True)


def test_about_five_thousand_lines_at_a_time(log: Path, reader: Reader) -> None:
    log.write_bytes(lines_of(0, 20_000))
    reader.read(log)
    sizes = [end - begin for begin, end in zip(reader.firsts, [*reader.firsts[1:], 20_001], strict=True)]
    assert min(sizes[:-1]) >= 5_000
    assert max(sizes) < 8_000


def test_the_position_survives_being_written_down(log: Path, reader: Reader) -> None:
    log.write_bytes(lines_of(0, 50))
    reader.read(log)
    reader.position = msgspec.json.decode(msgspec.json.encode(reader.position), type=Position)
    log.write_bytes(lines_of(0, 90))
    assert reader.read(log) == lines_of(50, 90)


@pytest.mark.parametrize("before", [0, 30])
def test_half_a_line_waits_for_its_end(log: Path, reader: Reader, before: int) -> None:
    whole = lines_of(0, before + 1)
    start = len(lines_of(0, before))
    for end in range(start, len(whole) - 1):
        log.write_bytes(whole[:end])
        assert reader.read(log) == (lines_of(0, before) if end == start else b"")
    log.write_bytes(whole)
    assert reader.read(log) == lines_of(before, before + 1)


@pytest.mark.parametrize("line_break", [b"\n", b"\r\n"])
def test_a_whole_last_line_needs_no_line_break(log: Path, reader: Reader, line_break: bytes) -> None:
    log.write_bytes(b'{"n":0}\n{"n":1}')
    assert reader.read(log) == b'{"n":0}\n{"n":1}'
    assert reader.read(log) == b""
    log.write_bytes(b'{"n":0}\n{"n":1}' + line_break + b'{"n":2}\n')
    assert reader.read(log) == b'{"n":2}\n'
    assert reader.firsts[-1] == 3


@pytest.mark.parametrize("last", [b'{"n":', b"12", b"nothing", b'"text"', b'{"n":1', b"\xff", b"[1]"])
def test_what_is_no_object_is_no_whole_line(log: Path, reader: Reader, last: bytes) -> None:
    log.write_bytes(b'{"n":0}\n' + last)
    assert reader.read(log) == b'{"n":0}\n'
    log.write_bytes(b'{"n":0}\n' + last + b"\n")
    assert reader.read(log) == last + b"\n"


def test_a_mark_of_the_byte_order_is_no_text(log: Path, reader: Reader) -> None:
    log.write_bytes(b"\xef\xbb\xbf" + lines_of(0, 3))
    assert reader.read(log) == lines_of(0, 3)
    log.write_bytes(b"\xef\xbb\xbf" + lines_of(0, 5))
    assert reader.read(log) == lines_of(3, 5)


@pytest.mark.parametrize("form", ["plain", "gzip"])
@pytest.mark.parametrize("left", [len(lines_of(0, 99)), len(lines_of(0, 80)) + 5, len(lines_of(0, 1))])
def test_a_log_that_is_shorter_now_is_refused(log: Path, reader: Reader, left: int, form: str) -> None:
    log.write_bytes(compressed(lines_of(0, 100), form))
    reader.read(log)
    log.write_bytes(compressed(lines_of(0, 100)[:left], form))
    with pytest.raises(UnreadableError, match=r"events\.jsonl: it (is shorter|was read before, and has been changed)"):
        reader.read(log)
    assert reader.data == lines_of(0, 100)


def test_a_log_that_was_edited_is_refused(log: Path, reader: Reader) -> None:
    log.write_bytes(lines_of(0, 100))
    reader.read(log)
    data = lines_of(0, 50) + lines_of(51, 200)
    log.write_bytes(data)
    with pytest.raises(UnreadableError, match="has been changed since"):
        reader.read(log)


@pytest.mark.parametrize(("name", "form"), [(".1", "plain"), (".1.gz", "gzip"), ("-20260302.zst", "zstd")])
@pytest.mark.parametrize("more", [0, 1, 60])
def test_what_is_left_of_a_log_that_was_rotated_comes_first(
    log: Path, reader: Reader, name: str, form: str, more: int
) -> None:
    log.write_bytes(lines_of(0, 100))
    reader.read(log)
    log.with_name(log.name + name).write_bytes(compressed(lines_of(0, 100 + more), form))
    log.write_bytes(lines_of(200, 260))
    assert reader.read(log) == lines_of(100, 100 + more) + lines_of(200, 260)
    assert reader.firsts[-1] == 101 + more
    assert reader.notes == [f"{log}: it was rotated; first comes what is left of {log}{name}"]
    log.write_bytes(lines_of(200, 300))
    assert reader.read(log) == lines_of(260, 300)


def test_a_log_that_was_rotated_several_times(log: Path, reader: Reader) -> None:
    log.write_bytes(lines_of(0, 10))
    reader.read(log)
    for number, (first, end) in {".3": (0, 15), ".2.gz": (20, 30), ".1": (30, 40)}.items():
        file = log.with_name(log.name + number)
        file.write_bytes(compressed(lines_of(first, end), "gzip" if ".gz" in number else "plain"))
        os.utime(file, (end, end))
    log.with_name(log.name + ".rejects").write_bytes(lines_of(70, 80))
    log.write_bytes(lines_of(40, 41))
    assert reader.read(log) == lines_of(10, 15) + lines_of(20, 41)
    assert [Path(word.strip(",")).name for word in reader.notes[0].split() if "jsonl." in word] == [
        "events.jsonl.3",
        "events.jsonl.2.gz",
        "events.jsonl.1",
    ]


def test_a_link_to_the_log_of_the_day(log: Path, reader: Reader, tmp_path: Path) -> None:
    for day, (first, end) in {"monday": (0, 10), "tuesday": (20, 30)}.items():
        (tmp_path / day).write_bytes(lines_of(first, end))
    log.symlink_to("monday")
    reader.read(log)
    (tmp_path / "monday").write_bytes(lines_of(0, 15))
    log.unlink()
    log.symlink_to("tuesday")
    assert reader.read(log) == lines_of(10, 15) + lines_of(20, 30)


def test_a_log_that_has_another_name_now(log: Path, reader: Reader) -> None:
    log.write_bytes(lines_of(0, 10))
    reader.read(log)
    other = log.rename(log.with_name("other"))
    other.write_bytes(lines_of(0, 12))
    assert reader.read(other) == lines_of(10, 12)
    assert reader.position is not None
    assert reader.position.log == str(other)


def test_a_log_that_was_rotated_and_is_empty_since(log: Path, reader: Reader) -> None:
    log.write_bytes(lines_of(0, 10))
    reader.read(log)
    log.rename(log.with_name("events-20260302.jsonl"))
    log.write_bytes(b"")
    for _ in range(2):
        assert reader.read(log) == b""
    log.write_bytes(lines_of(10, 12))
    assert reader.read(log) == lines_of(10, 12)


def test_the_half_line_that_a_rotated_log_ends_with_is_a_line(log: Path, reader: Reader) -> None:
    log.write_bytes(lines_of(0, 3) + b'{"n":')
    assert reader.read(log) == lines_of(0, 3)
    log.rename(log.with_name("events.jsonl.1"))
    log.write_bytes(lines_of(4, 5))
    assert reader.read(log) == b'{"n":' + lines_of(4, 5)


def test_another_log_is_read_once_the_former_is_at_its_end(log: Path, reader: Reader, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    log.write_bytes(lines_of(0, 10))
    reader.read(log)
    other.write_bytes(lines_of(100, 105))
    assert reader.read(other) == lines_of(100, 105)
    assert reader.firsts[-1] == 11
    assert reader.notes == [f"{other}: {log} was read to its end; this one is read from its beginning"]


def test_another_log_is_refused_while_the_former_has_more(log: Path, reader: Reader, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    log.write_bytes(lines_of(0, 10))
    other.write_bytes(lines_of(100, 105))
    reader.read(log)
    log.write_bytes(lines_of(0, 11))
    with pytest.raises(UnreadableError, match="which was not read to its end") as raised:
        reader.read(other)
    assert raised.value.help == f"run with --events {log} first, and then with this one"
    assert reader.read(log) == lines_of(10, 11)
    assert reader.read(other) == lines_of(100, 105)


def test_a_former_log_that_is_gone(log: Path, reader: Reader) -> None:
    log.write_bytes(lines_of(0, 10_000))
    source = LogSource(Search(log, reader.notes.append, reader.warnings.append), None)
    pieces = source.pieces()
    reader.position = next(pieces).after
    assert not reader.position.at_end
    log.write_bytes(lines_of(100_000, 100_002))
    with pytest.raises(UnreadableError, match="which was not read to its end"):
        reader.read(log)
    for piece in pieces:
        reader.position = piece.after
    source.close()
    assert reader.read(log) == lines_of(100_000, 100_002)
    assert reader.notes == []
    (warning,) = reader.warnings
    assert warning.startswith(f"{log}: another log than the one that was read before, which is not to be found")


def test_a_damaged_file_gives_what_came_before_and_goes_on_when_mended(log: Path, reader: Reader) -> None:
    whole = gzip.compress(lines_of(0, 30_000))
    log.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableError, match="damaged or cut off after line"):
        reader.read(log)
    assert reader.data
    assert lines_of(0, 30_000).startswith(reader.data)
    log.write_bytes(whole)
    reader.read(log)
    assert reader.data == lines_of(0, 30_000)


class Follow:
    """Follows a log; at each look something happens to it, until nothing more does."""

    def __init__(self, log: Path, happenings: list[Callable[[], object]], position: Position | None = None) -> None:
        self.data = b""
        self.notes: list[str] = []
        self._happenings = iter(happenings)
        self.positions: list[Position] = []
        search = Search(log, self.notes.append, self.notes.append, waits=True)
        follower = Follower(search, position, self._happen, self.notes.append)
        try:
            for piece in follower.pieces(0.3):
                if piece is None:
                    break
                self.data += piece.block.data
                self.positions.append(piece.after)
        finally:
            follower.close()

    def _happen(self, _: float) -> None:
        next(self._happenings, lambda: None)()


def appending(log: Path, data: bytes) -> Callable[[], object]:
    def append() -> None:
        with log.open("ab") as file:
            file.write(data)

    return append


def test_a_growing_log_is_followed(log: Path) -> None:
    log.write_bytes(lines_of(0, 3))
    half = lines_of(5, 6)[:7]
    follow = Follow(
        log,
        [
            appending(log, lines_of(3, 5) + half),
            lambda: None,
            appending(log, lines_of(5, 6)[7:]),
            appending(log, lines_of(6, 9_000)),
            appending(log, b'{"n":9000}'),
        ],
    )
    assert follow.data == lines_of(0, 9_000), "a last line without its line break waits for it"
    reader = Reader()
    reader.position = follow.positions[-1]
    assert reader.read(log) == b'{"n":9000}'


@pytest.mark.parametrize("new", [True, False])
def test_a_log_that_is_rotated_while_it_is_followed(log: Path, new: bool) -> None:
    """The old file gets lines until its writer has begun the new one."""
    old = log.with_name("events.jsonl.1")
    log.write_bytes(lines_of(0, 3))

    def rotate() -> None:
        log.rename(old)
        if new:
            log.touch()

    def begin() -> None:
        appending(old, lines_of(6, 8) + b"half")()
        appending(log, lines_of(8, 9))()

    follow = Follow(log, [rotate, appending(old, lines_of(3, 6)), begin, appending(log, lines_of(9, 12))])
    assert follow.data == lines_of(0, 8) + b"half" + lines_of(8, 12)
    assert (follow.positions[-1].lines, follow.positions[-1].earlier) == (4, 9)
    assert follow.notes == []


def test_a_log_that_is_cut_off_while_it_is_followed(log: Path) -> None:
    log.write_bytes(lines_of(0, 3))
    follow = Follow(log, [lambda: log.write_bytes(b""), appending(log, lines_of(10, 12))])
    assert follow.data == lines_of(0, 3) + lines_of(10, 12)
    assert follow.notes == [
        f"{log}: it was cut off, and is read from its beginning; what was written last before that may be lost"
    ]


def test_what_was_rotated_before_is_read_before_following(log: Path, reader: Reader) -> None:
    log.write_bytes(lines_of(0, 3))
    reader.read(log)
    appending(log, lines_of(3, 6))()
    log.rename(log.with_name("events.jsonl.1"))
    log.write_bytes(lines_of(6, 7))
    follow = Follow(log, [appending(log, lines_of(7, 8))], reader.position)
    assert follow.data == lines_of(3, 8)


@pytest.mark.parametrize("form", ["gzip", "zstd"])
def test_what_is_compressed_cannot_be_followed(log: Path, form: str) -> None:
    log.write_bytes(compressed(lines_of(0, 3), form))
    with pytest.raises(UnreadableError, match="cannot be followed"):
        Follow(log, [])


def test_a_pipe_is_followed_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    with os.fdopen(read, "rb") as stdin, os.fdopen(write, "wb", buffering=0) as pipe:
        monkeypatch.setattr("sys.stdin", stdin_of(stdin))
        pieces = Follower(Search(Path("-"), print, print), None, lambda _: None, print).pieces(0.2)
        pipe.write(lines_of(0, 2))
        assert next_data(pieces) == lines_of(0, 2)
        assert next(pieces) is None
        pipe.write(lines_of(2, 3) + b"half")
        assert next_data(pieces) == lines_of(2, 3)
        pipe.close()
        assert next_data(pieces) == b"half"
        assert list(pieces) == []


def next_data(pieces: Iterator[Piece | None]) -> bytes:
    piece = next(pieces)
    while piece is None:
        piece = next(pieces)
    return piece.block.data


def stdin_of(buffer: object) -> object:
    class Stdin:
        def __init__(self) -> None:
            self.buffer = buffer

        def fileno(self) -> int:
            return self.buffer.fileno()  # type: ignore[attr-defined, no-any-return]

    return Stdin()


def test_a_line_that_is_longer_than_what_is_read_at_once(log: Path) -> None:
    log.write_bytes(b'{"x":"' + b"y" * 300_000 + b'"}\n' + lines_of(0, 2))
    for source in (Lines(log), Growing(log)):
        tail = Tail(source, Position(str(log)))
        pieces = iter(tail.take, None)
        assert b"".join(piece.block.data for piece in pieces) == log.read_bytes()
        source.close()
