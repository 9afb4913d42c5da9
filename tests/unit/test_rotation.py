"""Logs that are rotated: however often, and whatever the names, all lines are read once, in their order, or it is said.

Every story writes the lines from 0 on, one after the other, with readings in between, and has to read them all.
"""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from tests.unit.test_tail import Follow, Reader, lines_of

from connrules.connectors.position import Position
from connrules.connectors.rotation import Search, Step
from connrules.connectors.siblings import siblings
from connrules.connectors.source import LogSource
from connrules.files import UnreadableError


class Story:
    """What becomes of a log. `write` goes on with the lines up to a number, `move` renames, `read` reads."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "events.jsonl"
        self.reader = Reader()
        self.end = 0

    def write(self, end: int, name: str = "events.jsonl") -> None:
        with self.log.with_name(name).open("ab") as file:
            file.write(lines_of(self.end, end))
        self.end = end

    def move(self, *names: str) -> None:
        """From each name to the next; the first from the log."""
        for name, new in reversed(list(zip(("events.jsonl", *names[:-1]), names, strict=True))):
            self.log.with_name(name).rename(self.log.with_name(new))

    def zip(self, name: str, *, keep: bool = False) -> None:
        file = self.log.with_name(name)
        file.with_name(name + ".gz").write_bytes(gzip.compress(file.read_bytes()))
        if not keep:
            file.unlink()

    def touch(self, *names: str) -> None:
        """Give files times, one after the other; names joined by `=` have the same."""
        for second, together in enumerate(names):
            for name in together.split("="):
                os.utime(self.log.with_name(name), (1_000_000 + second, 1_000_000 + second))

    def read(self) -> None:
        self.reader.read(self.log)
        self.reader.position = msgspec.json.decode(msgspec.json.encode(self.reader.position), type=Position)


def begun(story: Story, *names: str) -> None:
    """Ten lines read, five more; then a log of five lines under each further name; then the log."""
    story.write(10)
    story.read()
    story.write(15)
    story.move(names[0])
    for name in names[1:]:
        story.write(story.end + 5)
        story.move(name)
    story.write(story.end + 5)


def numbers(story: Story) -> None:
    begun(story, "events.jsonl.3", "events.jsonl.2", "events.jsonl.1")


def numbers_whose_times_are_reversed(story: Story) -> None:
    numbers(story)
    story.touch("events.jsonl", "events.jsonl.1", "events.jsonl.2", "events.jsonl.3")


def numbers_whose_times_are_mixed(story: Story) -> None:
    numbers(story)
    story.touch("events.jsonl.1", "events.jsonl.3", "events.jsonl.2")


def numbers_whose_times_are_equal(story: Story) -> None:
    numbers(story)
    story.touch("events.jsonl=events.jsonl.1=events.jsonl.2=events.jsonl.3")


def numbers_of_two_digits(story: Story) -> None:
    begun(story, "events.jsonl.11", "events.jsonl.10", "events.jsonl.9")
    story.touch("events.jsonl.9", "events.jsonl.10", "events.jsonl.11")


def dates(story: Story) -> None:
    begun(story, "events-20260228.jsonl", "events-20260301.jsonl", "events-20260302.jsonl")
    story.touch("events-20260302.jsonl", "events-20260301.jsonl", "events-20260228.jsonl")


def dates_with_counts(story: Story) -> None:
    begun(story, "events.jsonl-2026-03-02.9", "events.jsonl-2026-03-02.10", "events.jsonl-2026-03-03.1")
    story.touch("events.jsonl-2026-03-03.1", "events.jsonl-2026-03-02.10", "events.jsonl-2026-03-02.9")


def two_styles_of_names(story: Story) -> None:
    begun(story, "events.jsonl-20260302", "events.jsonl.2", "events.jsonl.1")
    story.touch("events.jsonl-20260302", "events.jsonl.2=events.jsonl.1")


def compressed_later(story: Story) -> None:
    numbers(story)
    story.zip("events.jsonl.2")
    story.zip("events.jsonl.3")


def a_compressed_twin(story: Story) -> None:
    numbers(story)
    for number in (1, 2, 3):
        story.zip(f"events.jsonl.{number}", keep=True)


def a_compressed_twin_that_is_half_written(story: Story) -> None:
    numbers(story)
    for number in (1, 2, 3):
        whole = gzip.compress(story.log.with_name(f"events.jsonl.{number}").read_bytes())
        story.log.with_name(f"events.jsonl.{number}.gz").write_bytes(whole[:20])


def a_copy_of_the_log(story: Story) -> None:
    begun(story, "events.jsonl.1")
    story.log.with_name("events.jsonl.0").write_bytes(story.log.read_bytes())
    story.write(40)


def empty_logs_between(story: Story) -> None:
    numbers(story)
    story.log.with_name("events.jsonl.0").touch()


def empty_at_first(story: Story) -> None:
    story.log.touch()
    story.read()
    story.write(10)
    story.move("events.jsonl.1")
    story.write(40)


def empty_at_first_beside_older_ones(story: Story) -> None:
    story.log.with_name("events.jsonl.1").write_bytes(lines_of(900, 950))
    story.log.with_name("events.jsonl.2").write_bytes(lines_of(800, 850))
    story.log.touch()
    story.read()
    story.write(10)
    story.move("events.jsonl.1", "events.jsonl.2", "events.jsonl.3")
    story.write(20)
    story.move("events.jsonl.1", "events.jsonl.2", "events.jsonl.3", "events.jsonl.4")
    story.log.with_name("events.jsonl.4").unlink()
    story.write(40)


def half_a_line_at_first(story: Story) -> None:
    whole = lines_of(0, 1)
    story.log.write_bytes(whole[:7])
    story.read()
    story.log.write_bytes(whole)
    story.end = 1
    story.write(10)
    story.move("events.jsonl.1")
    story.write(40)


def empty_after_each_rotation(story: Story) -> None:
    for _ in range(3):
        story.write(story.end + 10)
        story.read()
        story.write(story.end + 10)
        story.move("events.jsonl.1")
        story.log.touch()
        story.read()
        story.read()


def copied_and_emptied(story: Story) -> None:
    story.write(10)
    story.read()
    story.write(30)
    story.log.with_name("events.jsonl.1").write_bytes(story.log.read_bytes())
    story.read()
    story.log.write_bytes(b"")
    story.write(35)


def the_log_is_not_there_for_a_while(story: Story) -> None:
    story.write(10)
    story.read()
    story.write(20)
    story.move("events.jsonl.1")
    story.read()
    assert story.reader.data == lines_of(0, 20)
    story.read()
    story.write(30)
    story.read()
    story.write(35)
    story.move("events.jsonl.1", "events.jsonl.2")
    story.read()


def the_former_was_deleted(story: Story) -> None:
    """Two were rotated since, and only the younger is kept."""
    story.write(10)
    story.read()
    story.log.unlink()
    story.write(20)
    story.move("events.jsonl.1")
    story.write(40)


def a_link_to_the_log_of_the_day(story: Story) -> None:
    story.log.symlink_to("events-20260302.jsonl")
    story.write(10)
    story.read()
    story.write(15)
    story.write(20, "events-20260303.jsonl")
    story.write(25, "events-20260304.jsonl")
    story.log.unlink()
    story.log.symlink_to("events-20260304.jsonl")
    story.log.with_name("events-20260305.jsonl").touch()


STORIES: list[Callable[[Story], None]] = [
    numbers,
    numbers_whose_times_are_reversed,
    numbers_whose_times_are_mixed,
    numbers_whose_times_are_equal,
    numbers_of_two_digits,
    dates,
    dates_with_counts,
    two_styles_of_names,
    compressed_later,
    a_compressed_twin,
    a_compressed_twin_that_is_half_written,
    a_copy_of_the_log,
    empty_logs_between,
    empty_at_first,
    empty_at_first_beside_older_ones,
    half_a_line_at_first,
    empty_after_each_rotation,
    copied_and_emptied,
    the_log_is_not_there_for_a_while,
    the_former_was_deleted,
    a_link_to_the_log_of_the_day,
]


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path)


@pytest.mark.parametrize("happen", STORIES, ids=lambda happen: happen.__name__)
def test_all_lines_are_read_once_and_in_order(story: Story, happen: Callable[[Story], None]) -> None:
    happen(story)
    story.read()
    assert story.reader.data == lines_of(0, story.end)
    story.read()
    story.write(story.end + 5)
    story.read()
    assert story.reader.data == lines_of(0, story.end)
    assert story.reader.position is not None
    assert story.reader.position.earlier + story.reader.position.lines == story.end


@pytest.mark.parametrize("happen", STORIES, ids=lambda happen: happen.__name__)
def test_following_finds_the_same(story: Story, happen: Callable[[Story], None]) -> None:
    """A follower takes the place of the last reading, and of what comes then."""
    happen(story)
    before = story.reader.data
    follow = Follow(story.log, [lambda: story.write(story.end + 5)], story.reader.position)
    assert before + follow.data == lines_of(0, story.end)


@pytest.mark.parametrize("times", [1, 2, 5])
@pytest.mark.parametrize("kept", ["plain", "compressed"])
def test_rotated_several_times_between_two_looks(story: Story, times: int, kept: str) -> None:
    story.write(10)

    def happen() -> None:
        story.write(story.end + 3)
        for number in range(1, times + 1):
            story.move(*[f"events.jsonl.{other}" for other in range(1, number + 1)])
            story.write(story.end + 4)
        if kept == "compressed":
            story.zip(f"events.jsonl.{times}")

    follow = Follow(story.log, [happen, lambda: story.write(story.end + 1)])
    assert follow.data == lines_of(0, story.end)
    assert follow.notes == []


def test_rotated_while_an_earlier_log_is_read(story: Story) -> None:
    """All get other names then."""
    numbers(story)
    source = LogSource(Search(story.log, print, print), story.reader.position)
    pieces = source.pieces()
    data = story.reader.data + next(pieces).block.data
    story.move("events.jsonl.1", "events.jsonl.2", "events.jsonl.3", "events.jsonl.4")
    story.zip("events.jsonl.3")
    story.write(story.end + 5)
    assert data + b"".join(piece.block.data for piece in pieces) == lines_of(0, story.end)
    source.close()


def test_rotated_between_the_look_and_the_opening(story: Story) -> None:
    numbers(story)
    happenings = [lambda: story.move("events.jsonl.1", "events.jsonl.2", "events.jsonl.3", "events.jsonl.4")]

    class Late(Search):
        def first(self, before: Position | None, *, is_emptied: bool = False) -> Step:
            step = super().first(before, is_emptied=is_emptied)
            if happenings:
                happenings.pop()()
                story.write(story.end + 5)
            return step

    source = LogSource(Late(story.log, print, print), story.reader.position)
    data = b"".join(piece.block.data for piece in source.pieces())
    assert story.reader.data + data == lines_of(0, story.end)
    source.close()


def test_what_was_copied_before_the_log_was_emptied_is_found_while_following(story: Story) -> None:
    story.write(10)

    def happen() -> None:
        story.write(20)
        story.log.with_name("events.jsonl.1").write_bytes(story.log.read_bytes())
        story.log.write_bytes(b"")
        story.write(25)

    follow = Follow(story.log, [happen, lambda: story.write(30)])
    assert follow.data == lines_of(0, 30)


def test_a_log_that_was_emptied_and_is_longer_than_before(story: Story) -> None:
    story.write(10)

    def happen() -> None:
        story.log.with_name("events.jsonl.1").write_bytes(story.log.read_bytes())
        story.log.write_bytes(b"")
        story.write(300)

    assert Follow(story.log, [happen]).data == lines_of(0, 300)


def test_a_log_that_is_not_there_is_waited_for(story: Story) -> None:
    follow = Follow(story.log, [lambda: None, lambda: story.write(10), lambda: None])
    assert follow.data == lines_of(0, 10)
    assert follow.notes == [f"{story.log}: it is not there, and waited for"]


def test_a_log_that_comes_and_goes_while_it_is_waited_for(story: Story) -> None:
    def come_and_go() -> None:
        story.write(10)
        story.move("events.jsonl.1")
        story.write(15)

    assert Follow(story.log, [come_and_go]).data == lines_of(0, 15)


def unreadable(story: Story) -> None:
    story.log.with_name("events.jsonl.1").write_bytes(gzip.compress(lines_of(0, 20))[:12])


@pytest.mark.parametrize("former", ["rest", "empty"])
def test_what_cannot_be_read_is_refused(story: Story, former: str) -> None:
    if former == "empty":
        story.log.touch()
    else:
        story.write(10)
    story.read()
    unreadable(story)
    story.log.write_bytes(lines_of(20, 30))
    with pytest.raises(UnreadableError, match=r"events\.jsonl\.1: .*; it may be what comes next") as raised:
        story.read()
    assert raised.value.help == "make it readable, or move it away if nothing in it is to be read"


def test_what_cannot_be_read_and_is_older_does_not_matter(story: Story) -> None:
    begun(story, "events.jsonl.1")
    story.log.with_name("events.jsonl.2").write_bytes(gzip.compress(lines_of(500, 600))[:12])
    story.read()
    assert story.reader.data == lines_of(0, story.end)


def test_a_former_log_that_is_not_found_is_warned_of(story: Story) -> None:
    begun(story, "events.jsonl.old")
    story.read()
    what = "another log than the one that was read before, which is not to be found"
    left_out = "if more was written to that after its line 10, it is left out"
    assert story.reader.warnings == [f"{story.log}: {what}: {left_out}"]


def test_a_copy_that_is_left_out_is_warned_of(story: Story) -> None:
    a_copy_of_the_log(story)
    story.read()
    copy = story.log.with_name("events.jsonl.0")
    assert story.reader.warnings == [f"{copy}: it begins as {story.log} does, and is left out as a copy of that"]


@pytest.mark.parametrize("form", ["plain", "compressed"])
def test_a_log_that_was_read_before_another_is_refused(story: Story, tmp_path: Path, form: str) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(lines_of(0, 10))
    second.write_bytes(lines_of(10, 20))
    for path in (first, second):
        story.reader.read(path)
    if form == "compressed":
        first.write_bytes(gzip.compress(first.read_bytes()))
    with pytest.raises(UnreadableError, match="first: it was read before, and other logs since"):
        story.reader.read(first)
    assert story.reader.read(second) == b""
    assert story.reader.data == lines_of(0, 20)


def test_a_rotated_log_that_was_put_back_is_refused(story: Story) -> None:
    begun(story, "events.jsonl.1")
    story.read()
    story.log.rename(story.log.with_name("events.jsonl.0"))
    story.log.with_name("events.jsonl.1").rename(story.log)
    with pytest.raises(UnreadableError, match="it was read before, and other logs since"):
        story.read()


def test_sixty_four_logs_are_recognised(story: Story, tmp_path: Path) -> None:
    logs = [tmp_path / f"log{number}" for number in range(66)]
    for number, path in enumerate(logs):
        path.write_bytes(lines_of(number, number + 1))
        story.reader.read(path)
    with pytest.raises(UnreadableError, match="it was read before"):
        story.reader.read(logs[1])
    assert story.reader.read(logs[0]) == lines_of(0, 1)


@pytest.mark.parametrize(
    "name", ["events.jsonl.old", "events.jsonl.1.xz", "events.jsonl.a", "events2.jsonl", "1.jsonl"]
)
def test_other_files_are_no_rotated_logs(story: Story, name: str) -> None:
    story.write(1)
    story.log.with_name(name).write_bytes(b"{}\n")
    story.log.with_name("events.jsonl.7").mkdir()
    assert siblings(story.log) == []
