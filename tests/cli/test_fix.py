"""`connrules check --fix`, `--unsafe-fixes` and `--diff`: what is written, what is said, and what is left alone."""

import json
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connrules.cli.shell import shell
from connrules.lint.fixing import Fixed, Lint, fixed
from connrules.text import SourceText

TWICE = "rule a:\n  on purchase\n  after 1d\n  unless session_start or session_start  # why\n  send X\n"
ONCE = "rule a:\n  on purchase\n  after 1d\n  unless session_start  # why\n  send X\n"
UNSAFE = "rule b:\n  on purchase\n  after 1.5d\n  send Y\n"
MENDED = "rule b:\n  on purchase\n  after 1d12h\n  send Y\n"


def check(*arguments: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(shell, ["check", *map(str, arguments)], input=stdin)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.conn").write_bytes(TWICE.encode())
    (tmp_path / "b.conn").write_bytes(UNSAFE.encode())
    return tmp_path


def texts(folder: Path) -> list[str]:
    return [path.read_bytes().decode() for path in sorted(folder.glob("*.conn"))]


def test_safe_fixes_are_written_and_what_is_left_is_reported(folder: Path) -> None:
    done = check(folder, "--fix", "--format", "concise")

    assert done.exit_code == 1
    assert texts(folder) == [ONCE, UNSAFE]
    assert [line.split(" ")[2] for line in done.stdout.splitlines()] == ["CR105[invalid-duration]"]
    assert done.stderr.startswith("fixed 1 finding in 1 file (1 more with --unsafe-fixes)\n")


def test_with_unsafe_fixes_nothing_is_left(folder: Path) -> None:
    done = check(folder, "--fix", "--unsafe-fixes")

    assert (done.exit_code, done.stdout) == (0, "")
    assert texts(folder) == [ONCE, MENDED]
    assert done.stderr.startswith("fixed 2 findings in 2 files\n")
    assert check(folder, "--fix", "--unsafe-fixes").stderr.startswith("nothing to fix\n")


def test_without_fix_the_summary_says_what_could_be_fixed(folder: Path) -> None:
    assert check(folder).stderr.endswith("\n[*] 1 fixable with --fix (1 more with --unsafe-fixes)\n")
    assert check(folder, "--unsafe-fixes").stderr.endswith("\n[*] 2 fixable with --fix --unsafe-fixes\n")
    assert check(folder / "b.conn").stderr.endswith("\n1 fixable with --fix --unsafe-fixes\n")
    assert texts(folder) == [TWICE, UNSAFE]


def test_the_difference_is_shown_and_nothing_is_written(folder: Path) -> None:
    done = check(folder, "--diff")

    assert done.exit_code == 1
    assert texts(folder) == [TWICE, UNSAFE]
    assert done.stdout.splitlines()[:2] == [f"--- {folder}/a.conn (as it is)", f"+++ {folder}/a.conn (fixed)"]
    assert "-  unless session_start or session_start  # why\n+  unless session_start  # why\n" in done.stdout
    assert done.stderr == "would fix 1 finding in 1 file (1 more with --unsafe-fixes)\n"


def test_no_difference_is_clean_though_there_are_findings(folder: Path) -> None:
    (folder / "a.conn").unlink()
    done = check(folder, "--diff")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "nothing to fix (1 more with --unsafe-fixes)\n")


def test_the_difference_wins_over_writing(folder: Path) -> None:
    assert check(folder, "--fix", "--unsafe-fixes", "--diff", "--exit-zero").exit_code == 0
    assert texts(folder) == [TWICE, UNSAFE]


def test_machine_formats_leave_standard_output_pure(folder: Path) -> None:
    done = check(folder, "--fix", "--format", "json")
    assert [found["code"] for found in json.loads(done.stdout)["findings"]] == ["CR105"]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_the_byte_order_mark_stay(tmp_path: Path, mark: bytes) -> None:
    file = tmp_path / "a.conn"
    file.write_bytes(mark + TWICE.replace("\n", "\r\n").encode())

    assert check(file, "--fix").exit_code == 0
    assert file.read_bytes() == mark + ONCE.replace("\n", "\r\n").encode()


def test_a_link_stays_one_and_the_rights_stay_as_they_are(tmp_path: Path) -> None:
    file, link = tmp_path / "a.conn", tmp_path / "link.conn"
    file.write_bytes(TWICE.encode())
    file.chmod(0o640)
    link.symlink_to(file)

    assert check(link, "--fix").exit_code == 0
    assert link.is_symlink()
    assert file.read_bytes().decode() == ONCE
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.conn", "link.conn"]


def test_a_file_that_may_not_be_written_keeps_all_from_being_written(folder: Path) -> None:
    (folder / "b.conn").chmod(0o444)
    done = check(folder, "--fix", "--unsafe-fixes")

    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: {folder}/b.conn: may not be written; nothing was changed\n")
    assert texts(folder) == [TWICE, UNSAFE]


def test_a_file_that_may_not_be_written_and_need_not_be_is_no_matter(folder: Path) -> None:
    (folder / "b.conn").chmod(0o444)
    assert check(folder, "--fix").exit_code == 1
    assert texts(folder) == [ONCE, UNSAFE]


def test_a_file_that_changes_meanwhile_is_left_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(sources: Sequence[SourceText], lint: Lint, *, unsafe: bool) -> Fixed:
        outcome = fixed(sources, lint, unsafe=unsafe)
        (folder / "a.conn").write_bytes(b"on session_start send Z\n")
        return outcome

    monkeypatch.setattr("connrules.cli.checking.fixing.fixed", slowly)
    done = check(folder, "--fix", "--unsafe-fixes")

    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: {folder}/a.conn: has changed meanwhile; nothing was changed\n")
    assert texts(folder) == ["on session_start send Z\n", UNSAFE]


def test_a_file_that_is_not_utf_8_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "a.conn"
    data = TWICE.encode() + b"# caf\xe9\n"
    file.write_bytes(data)

    done = check(file, "--fix", "--unsafe-fixes", "--format", "concise")
    assert done.exit_code == 1
    assert file.read_bytes() == data
    assert "CR111" in done.stdout
    shown = check(file, "--format", "concise")
    assert "CR305" in shown.stdout
    assert "[*]" not in shown.stdout + shown.stderr


def test_standard_input_goes_to_standard_output_and_findings_to_standard_error() -> None:
    done = check("-", "--fix", "--format", "concise", stdin=TWICE + UNSAFE)

    assert done.exit_code == 1
    assert done.stdout == ONCE + UNSAFE
    assert "<stdin>:8:9: error CR105[invalid-duration]" in done.stderr
    assert check("-", "--diff", stdin=ONCE).stdout == ""


def test_standard_output_cannot_have_both_the_text_and_statistics() -> None:
    done = check("-", "--fix", "--statistics", stdin=TWICE)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "standard output cannot have both" in done.stderr


def test_what_stands_beside_standard_input_is_not_written(folder: Path) -> None:
    done = check(folder, "-", "--stdin-filename", folder / "b.conn", "--fix", "--unsafe-fixes", stdin=UNSAFE)

    assert done.stdout == MENDED
    assert texts(folder) == [TWICE, UNSAFE]


def test_the_style_of_a_file_is_fixed_after_all_else(tmp_path: Path) -> None:
    file = tmp_path / "a.conn"
    file.write_bytes(b"rule a: send X   after 0s on purchase or purchase # why\n")

    assert check(file, "--fix").exit_code == 0
    assert file.read_text() == "rule a:\n  on purchase  # why\n  send X\n"
