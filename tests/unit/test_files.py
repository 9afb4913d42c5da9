"""Which files a path means, in which order, and what is said of those that cannot be read."""

import os
from pathlib import Path

import pytest

from connrules.files import UnreadableError, read_bytes, read_sources

RULE = 'on purchase send "Thanks"\n'


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(*paths: str) -> None:
    for path in map(Path, paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(RULE, encoding="utf-8")


def shown(*paths: str) -> list[str]:
    return [Path(source.path).as_posix() for source in read_sources(paths)]


def names(*paths: str) -> list[str]:
    return [source.name for source in read_sources(paths)]


def test_a_file_is_itself_whatever_its_ending() -> None:
    write("carts.txt")
    assert shown("carts.txt") == ["carts.txt"]
    assert read_sources(["carts.txt"])[0].text == RULE


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("catalog.toml", b'[[campaigns]]\nname = "Thanks"\n'),
        ("plan.json", b"{}"),
        ("log.jsonl", b'{"user":"u1"}\n'),
        ("run.db", b"SQLite format 3\0"),
        ("rules", RULE.encode("utf-16")),
    ],
)
def test_what_is_plainly_no_rule_file_is_not_read_as_one(name: str, content: bytes) -> None:
    Path(name).write_bytes(content)
    with pytest.raises(UnreadableError, match=f"{name}: this is not a rule file") as caught:
        read_sources([name])
    assert caught.value.help == "name a rule file, which ends in .conn, or a folder of them"


def test_what_is_called_a_rule_file_is_read_as_one() -> None:
    Path("a.conn").write_bytes(b"{\0}")
    assert read_sources(["a.conn"])[0].text == "{\0}"


def test_files_keep_the_order_in_which_they_are_named() -> None:
    write("b.conn", "a.conn")
    assert shown("b.conn", "a.conn") == ["b.conn", "a.conn"]


def test_a_folder_means_its_rule_files_in_order_of_path() -> None:
    write("rules/b.conn", "rules/a/z.conn", "rules/a/b/c.conn", "rules/B.conn", "rules/a-b.conn", "rules/notes.txt")
    expected = ["B.conn", "a/b/c.conn", "a/z.conn", "a-b.conn", "b.conn"]
    assert shown("rules") == [f"rules/{name}" for name in expected]
    assert names("rules") == expected


def test_hidden_files_and_folders_are_left_out_unless_they_are_named() -> None:
    write("rules/a.conn", "rules/.b.conn", "rules/.git/c.conn", ".hidden/d.conn")
    assert shown("rules", ".hidden") == ["rules/a.conn", ".hidden/d.conn"]


def test_a_folder_that_ends_like_a_rule_file_is_a_folder() -> None:
    write("rules.conn/a.conn")
    assert shown("rules.conn") == ["rules.conn/a.conn"]


def test_a_file_that_is_named_twice_is_read_once_where_it_was_named_first() -> None:
    write("rules/a.conn", "rules/b.conn")
    assert shown("rules/b.conn", "rules", "./rules/a.conn") == ["rules/b.conn", "rules/a.conn"]


def test_a_link_to_a_file_that_is_read_already_is_not_read_again() -> None:
    write("rules/a.conn")
    Path("rules/b.conn").symlink_to("a.conn")
    assert shown("rules") == ["rules/a.conn"]


def test_links_that_lead_back_to_their_folder_do_no_harm() -> None:
    write("rules/a.conn")
    Path("rules/again").symlink_to(".")
    assert shown("rules") == ["rules/a.conn"]


def test_a_name_does_not_depend_on_the_folder_one_stands_in(monkeypatch: pytest.MonkeyPatch) -> None:
    write("rules/shop/carts.conn")
    inside = names("rules")
    monkeypatch.chdir("rules")
    assert names(".") == inside == ["shop/carts.conn"]


def test_equal_names_in_two_folders_are_told_apart() -> None:
    write("a/rules.conn", "b/rules.conn", "b/more.conn")
    assert names("a", "b") == ["a/rules.conn", "more.conn", "b/rules.conn"]


def refused(path: str) -> tuple[str, str]:
    with pytest.raises(UnreadableError) as caught:
        read_sources([path])
    return str(caught.value), caught.value.help


def test_a_missing_file() -> None:
    assert refused("carts.conn") == (
        "carts.conn: no such file or directory",
        "check the spelling; the path starts at the folder you are in",
    )


def test_a_folder_without_rules() -> None:
    write("rules/notes.txt")
    assert refused("rules") == (
        "rules: the folder has no .conn files",
        "name a folder with rules, or a rule file",
    )


def test_a_name_that_no_file_can_have() -> None:
    message, _ = refused("a" * 5000)
    assert message.endswith("aaa: file name too long")


def test_a_link_in_a_circle_is_said_not_skipped() -> None:
    write("rules/a.conn")
    Path("rules/b.conn").symlink_to("b.conn")
    message, _ = refused("rules")
    assert message == f"{Path('rules/b.conn')}: too many levels of symbolic links"


def test_a_link_to_nowhere_is_said_to_be_one() -> None:
    write("rules/a.conn")
    Path("rules/b.conn").symlink_to("gone.conn")
    message, remedy = refused("rules")
    assert message == f"{Path('rules/b.conn')}: a link to a file that is not there"
    assert remedy == "mend or delete the link"


def test_a_folder_that_cannot_be_looked_into_is_said_not_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    write("rules/a.conn", "rules/closed/b.conn")
    refuse_listing(monkeypatch, "rules/closed")
    assert refused("rules") == ("rules/closed: permission denied", "ask for the right to read it")


def refuse_listing(monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    """As the operating system does to everybody but its administrator, who may well be running the tests."""
    scandir = os.scandir

    def scandir_but_one(path: str) -> object:
        if Path(path) == Path(folder):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", scandir_but_one)


def test_a_folder_where_a_file_is_meant() -> None:
    write("rules/a.conn")
    with pytest.raises(UnreadableError, match="rules: is a directory") as caught:
        read_bytes("rules")
    assert caught.value.help == "name a file in it"
