"""`connrules fmt`: files, folders, standard input; looking, writing, refusing."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNTIDY = 'rule a: unless purchase   on received_push of "A"  # the trigger\n  after 1d\n\n\nsend X\n'
TIDY = 'rule a:\n  on received_push of "A"  # the trigger\n  after 1d\n  unless purchase\n  send X\n'
BROKEN = "rule b: on purchase sned X\n"


def fmt(*arguments: str, folder: Path = ROOT, stdin: str = "") -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "connrules", "fmt", *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "carts.conn"
    path.write_text(UNTIDY, encoding="utf-8")
    return path


def test_writes_the_file_anew(file: Path) -> None:
    done = fmt("carts.conn", folder=file.parent)

    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "1 file changed, 0 left as they were\n"
    assert file.read_text(encoding="utf-8") == TIDY
    assert fmt("carts.conn", folder=file.parent).stderr == "0 files changed, 1 left as they were\n"


def test_keeps_the_rights_of_the_file_and_a_link_to_it(file: Path) -> None:
    file.chmod(0o640)
    link = file.with_name("link.conn")
    link.symlink_to(file)

    assert fmt("link.conn", folder=file.parent).returncode == 0

    assert link.is_symlink()
    assert file.read_text(encoding="utf-8") == TIDY
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert sorted(p.name for p in file.parent.iterdir()) == ["carts.conn", "link.conn"]


def test_check_changes_nothing(file: Path) -> None:
    done = fmt("carts.conn", "--check", folder=file.parent)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "1 file would change, 0 left as they were\n"
    assert file.read_text(encoding="utf-8") == UNTIDY


def test_diff_shows_what_would_change(file: Path) -> None:
    done = fmt("carts.conn", "--diff", folder=file.parent)

    assert done.returncode == 1
    assert "-rule a: unless purchase" in done.stdout
    assert "+  unless purchase\n" in done.stdout
    assert file.read_text(encoding="utf-8") == UNTIDY


def test_refuses_a_file_with_syntax_errors_and_formats_the_others(file: Path) -> None:
    broken = file.with_name("broken.conn")
    broken.write_text(BROKEN, encoding="utf-8")

    done = fmt(".", folder=file.parent)

    assert (done.returncode, done.stdout) == (1, "")
    assert "did you mean `send`?" in done.stderr
    assert done.stderr.endswith("1 file changed, 0 left as they were, 1 with errors refused\n")
    assert broken.read_text(encoding="utf-8") == BROKEN
    assert file.read_text(encoding="utf-8") == TIDY


def test_from_standard_input_to_standard_output() -> None:
    done = fmt("-", stdin=UNTIDY)

    assert (done.returncode, done.stdout, done.stderr) == (0, TIDY, "")


def test_segments_policies_and_tests_are_formatted_too() -> None:
    done = fmt("-", stdin='test "t":at 0s purchase expect nothing\npolicy:limit 3 per 1d\nsegment s=user.x=1\n')

    assert done.returncode == 0
    assert done.stdout == (
        'test "t":\n  at 0s purchase\n  expect nothing\n\npolicy:\n  limit 3 per 1d\n\nsegment s = user.x = 1\n'
    )


def test_what_cannot_be_formatted_passes_through() -> None:
    done = fmt("-", stdin=BROKEN)

    assert (done.returncode, done.stdout) == (1, BROKEN)
    assert "CR101" in done.stderr


def test_check_of_standard_input_prints_no_rules() -> None:
    assert fmt("-", "--check", stdin=TIDY).returncode == 0
    done = fmt("-", "--check", stdin=UNTIDY)
    assert (done.returncode, done.stdout) == (1, "")


def test_standard_input_stands_alone() -> None:
    done = fmt("-", "carts.conn")

    assert done.returncode == 2
    assert "cannot be formatted together" in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_leaves_the_file(file: Path) -> None:
    file.parent.chmod(0o500)
    try:
        done = fmt("carts.conn", folder=file.parent)
    finally:
        file.parent.chmod(0o700)
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert file.read_text(encoding="utf-8") == UNTIDY


def test_the_examples_are_formatted() -> None:
    assert fmt("examples", "--check").returncode == 0
