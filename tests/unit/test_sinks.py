"""Output files and an outbox: wherever writing ended, each line is in the file once; what is not ours is not cut."""

import os
from pathlib import Path

import pytest

from connrules.connectors.sinks import FileSink, SinkError, StreamSink, Written, mend, open_sink
from connrules.run.ports import Outbox

DELIVERED = b'{"n":1}\n{"n":2}\n'
LEFT = b'{"n":3}\n{"n":44}\n'
OUTBOX = Outbox(len(DELIVERED), LEFT)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


@pytest.fixture
def written(out: Path) -> Written:
    """A file to which all was written, with what is remembered of it."""
    sink = open_sink(out, None, Outbox(0, b"")).sink
    sink.write(DELIVERED)
    sink.write(LEFT)
    sink.close()
    assert sink.written is not None
    return sink.written


def reopened(path: Path | None, written: Written | None, outbox: Outbox = OUTBOX) -> FileSink | StreamSink:
    """What goes on writing; it has written what it was told to write first."""
    opened = open_sink(path, written, outbox)
    if opened.lines:
        opened.sink.write(opened.lines)
    assert opened.sink.mark == outbox.start + len(outbox.lines)
    return opened.sink


@pytest.mark.parametrize("size", range(len(DELIVERED), len(DELIVERED + LEFT) + 1))
@pytest.mark.parametrize("zeros", [0, 1, 100])
def test_a_file_that_was_written_to_any_byte_is_mended(out: Path, written: Written, size: int, zeros: int) -> None:
    """A disk without power may have kept how long a file was, and not what was in it."""
    kept = (DELIVERED + LEFT)[:size]
    out.write_bytes(kept + b"\0" * min(zeros, len(DELIVERED + LEFT) - size))
    sink = reopened(out, written)
    assert out.read_bytes() == DELIVERED + LEFT
    sink.write(b"more\n")
    assert sink.sync() == len(DELIVERED + LEFT + b"more\n")
    sink.close()
    assert out.read_bytes() == DELIVERED + LEFT + b"more\n"
    assert sink.written is not None
    assert sink.written.start == 0


@pytest.mark.parametrize(
    "there",
    [
        DELIVERED[:-1],
        DELIVERED[: len(DELIVERED) // 2],
        DELIVERED + b'{"n":9}\n',
        DELIVERED + LEFT + b"more\n",
        DELIVERED + LEFT[:3] + b"\0\0x",
        DELIVERED[:-1] + b" " + LEFT,
        b"x" * 1_000,
    ],
)
def test_a_file_that_holds_something_else_is_refused_and_left_alone(out: Path, written: Written, there: bytes) -> None:
    out.write_bytes(there)
    with pytest.raises(SinkError, match=r"out\.jsonl: it is not as it was left"):
        open_sink(out, written, OUTBOX)
    assert out.read_bytes() == there


def test_a_file_of_which_the_state_knows_nothing_is_refused(out: Path) -> None:
    out.write_bytes(b"precious\n")
    with pytest.raises(SinkError, match=r"out\.jsonl: it holds something that the state knows nothing of"):
        open_sink(out, None, Outbox(0, b""))
    assert out.read_bytes() == b"precious\n"


@pytest.mark.parametrize("emptied", [True, False])
def test_a_file_that_was_moved_away_is_begun_anew(out: Path, written: Written, emptied: bool) -> None:
    out.rename(out.with_name("out.1"))
    if emptied:
        out.touch()
    end = len(DELIVERED + LEFT)
    sink = reopened(out, written, Outbox(end, b""))
    sink.write(b"more\n")
    sink.close()
    assert out.read_bytes() == b"more\n"
    assert sink.written is not None
    assert sink.written.start == end


def test_a_file_that_was_moved_away_unfinished_is_finished_where_it_is(out: Path, written: Written) -> None:
    moved = out.with_name("out.1")
    out.write_bytes(DELIVERED + LEFT[:5])
    out.rename(moved)
    sink = reopened(out, written)
    sink.write(b"more\n")
    sink.close()
    assert (moved.read_bytes(), out.read_bytes()) == (DELIVERED + LEFT, b"more\n")


def test_a_file_that_is_gone_unfinished_is_refused(out: Path, written: Written) -> None:
    out.unlink()
    with pytest.raises(SinkError, match="it is gone") as raised:
        open_sink(out, written, OUTBOX)
    assert "name another file" in raised.value.help
    other = out.with_name("other")
    opened = open_sink(other, written, OUTBOX)
    assert (opened.lines, opened.elsewhere) == (LEFT, str(out))
    opened.sink.close()


def test_a_file_of_which_nothing_was_delivered_may_never_have_been(out: Path) -> None:
    sink = open_sink(out, None, Outbox(0, b"")).sink
    sink.close()
    out.unlink()
    assert sink.written is not None
    reopened(out, sink.written, Outbox(0, LEFT)).close()
    assert out.read_bytes() == LEFT


def test_another_file_from_now_on(out: Path, written: Written) -> None:
    """What was begun in the one is finished there."""
    out.write_bytes(DELIVERED + LEFT[:1])
    other = out.with_name("other")
    sink = reopened(other, written)
    sink.write(b"more\n")
    sink.close()
    assert (out.read_bytes(), other.read_bytes()) == (DELIVERED + LEFT, b"more\n")


def test_a_file_that_has_another_name_now(out: Path, written: Written) -> None:
    other = out.rename(out.with_name("other"))
    sink = reopened(other, written)
    sink.write(b"more\n")
    sink.close()
    assert other.read_bytes() == DELIVERED + LEFT + b"more\n"
    assert sink.written is not None
    assert (sink.written.path, sink.written.start) == (str(other), 0)


def test_from_a_file_to_standard_output_and_back(out: Path, written: Written) -> None:
    out.write_bytes(DELIVERED)
    with_stream = open_sink(None, written, OUTBOX)
    assert (with_stream.lines, out.read_bytes()) == (b"", DELIVERED + LEFT)
    other = out.with_name("other")
    back = open_sink(other, None, OUTBOX)
    assert (back.lines, back.elsewhere) == (LEFT, "standard output")
    back.sink.close()


@pytest.mark.parametrize("between", ["other", None])
@pytest.mark.parametrize("crash", [False, True])
def test_back_to_a_file_that_was_left_for_another(
    out: Path, written: Written, between: str | None, crash: bool
) -> None:
    away = reopened(out.with_name(between) if between else None, written, Outbox(len(DELIVERED + LEFT), b""))
    away.write(b"away\n")
    away.close()
    end = len(DELIVERED + LEFT + b"away\n")

    back = reopened(out, away.written, Outbox(end, b""))
    back.write(b"back\n"[: 2 if crash else None])
    back.close()
    if crash:
        back = reopened(out, back.written, Outbox(end, b"back\n"))
        back.close()
    assert out.read_bytes() == DELIVERED + LEFT + b"back\n"

    again = reopened(out.with_name(between) if between else None, back.written, Outbox(end + 5, b""))
    again.write(b"more\n")
    again.close()
    if between:
        assert out.with_name(between).read_bytes() == b"away\nmore\n"


def test_back_to_a_file_that_may_lack_lines(out: Path, written: Written) -> None:
    """What the other may not have is written where one has gone back to."""
    away = reopened(out.with_name("other"), written, Outbox(len(DELIVERED + LEFT), b""))
    away.close()
    out.with_name("other").unlink()

    opened = open_sink(out, away.written, Outbox(len(DELIVERED + LEFT), b"away\n"))
    opened.sink.write(opened.lines)
    opened.sink.close()
    assert opened.elsewhere == str(out.with_name("other"))
    assert out.read_bytes() == DELIVERED + LEFT + b"away\n"


@pytest.mark.parametrize("between", ["other", None])
def test_a_file_that_was_changed_since_it_was_left_is_refused(out: Path, written: Written, between: str | None) -> None:
    away = reopened(out.with_name(between) if between else None, written, Outbox(len(DELIVERED + LEFT), b""))
    away.close()
    with out.open("ab") as file:
        file.write(b"else\n")
    with pytest.raises(SinkError, match="it holds something that the state knows nothing of"):
        open_sink(out, away.written, Outbox(len(DELIVERED + LEFT), b""))


def test_a_device_gets_everything_and_is_not_looked_at() -> None:
    opened = open_sink(Path(os.devnull), None, OUTBOX)
    assert isinstance(opened.sink, StreamSink)
    assert opened.lines == LEFT
    opened.sink.close()


def test_a_channel_that_is_not_wanted_any_more_is_mended(out: Path, written: Written) -> None:
    out.write_bytes(DELIVERED + LEFT[:7])
    assert mend(written, OUTBOX)
    assert out.read_bytes() == DELIVERED + LEFT
    out.unlink()
    assert not mend(written, OUTBOX)


def test_a_file_that_is_moved_away_while_it_is_written(out: Path) -> None:
    sink = open_sink(out, None, Outbox(0, b"")).sink
    sink.write(DELIVERED)
    out.rename(out.with_name("out.1"))
    sink.write(LEFT)
    assert sink.sync() == len(DELIVERED + LEFT)
    sink.write(b"more\n")
    sink.close()
    assert out.with_name("out.1").read_bytes() == DELIVERED + LEFT
    assert out.read_bytes() == b"more\n"
    assert sink.written is not None
    reopened(out, sink.written, Outbox(len(DELIVERED + LEFT), b"more\n")).close()
    assert out.read_bytes() == b"more\n"


def test_a_file_that_is_copied_and_emptied_while_it_is_written(out: Path) -> None:
    sink = open_sink(out, None, Outbox(0, b"")).sink
    sink.write(DELIVERED)
    os.truncate(out, 0)
    sink.write(LEFT)
    end = sink.sync()
    sink.close()
    assert out.read_bytes() == LEFT
    reopened(out, sink.written, Outbox(end, b"more\n")).close()
    assert out.read_bytes() == LEFT + b"more\n"


def test_whole_lines_or_none(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = open_sink(out, None, Outbox(0, b"")).sink
    sink.write(DELIVERED)
    assert isinstance(sink, FileSink)
    file = sink._file

    class Full:
        fileno = file.fileno

        def write(self, data: memoryview) -> int:
            if len(data) < len(LEFT):
                raise OSError(28, "no space left on device")
            return os.write(self.fileno(), data[:3])

    monkeypatch.setattr(sink, "_file", Full())
    with pytest.raises(OSError, match="no space left"):
        sink.write(LEFT)
    file.close()
    assert out.read_bytes() == DELIVERED
    assert sink.mark == len(DELIVERED)


def test_a_folder_or_a_path_that_leads_nowhere(tmp_path: Path, written: Written) -> None:
    with pytest.raises(IsADirectoryError):
        open_sink(tmp_path, None, Outbox(0, b""))
    with pytest.raises(FileNotFoundError):
        open_sink(tmp_path / "missing" / "out", None, Outbox(0, b""))
