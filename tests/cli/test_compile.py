"""`connrules compile`: a plan for workers, or a clear refusal."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.cli.running import RULE, command, folder, process

import connrules
from connrules.cli.shell import shell

CATALOG = '[[campaigns]]\nname = "Thanks"\nchannels = ["push"]\n'
NO_CATALOG = "note: no catalog: every campaign and card that is named counts as known and always active\n"


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder(tmp_path, events=None)


def compile_(*arguments: str) -> Result:
    return CliRunner().invoke(shell, ["compile", *arguments])


def test_the_plan_is_that_of_the_library() -> None:
    Path("catalog.toml").write_text(CATALOG, encoding="utf-8")
    result = compile_(".")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith("}\n")
    plan = connrules.Plan.from_json(result.stdout.encode())
    assert plan == connrules.compile_rules(connrules.load(".", catalog="catalog.toml"))
    assert plan.objects is not None
    assert compile_("rules.conn", "--catalog", "catalog.toml").stdout == result.stdout


def test_without_a_catalog_it_says_so() -> None:
    result = compile_(".")
    assert (result.exit_code, result.stderr) == (0, NO_CATALOG)
    assert json.loads(result.stdout)["objects"] is None


def test_to_a_file() -> None:
    want = compile_(".").stdout
    Path("plan.json").write_text("longer than any plan " * 100, encoding="utf-8")
    result = compile_(".", "--output", "plan.json")
    assert (result.exit_code, result.stdout) == (0, "")
    assert Path("plan.json").read_text(encoding="utf-8") == want


def test_rules_with_errors_leave_the_file_as_it_is() -> None:
    folder(Path(), events=None, rules=RULE + 'rule r: on purchase unless purchase send "X"\n')
    Path("plan.json").write_text("precious", encoding="utf-8")
    result = compile_(".", "--output", "plan.json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "error[CR301]" in result.stderr
    assert result.stderr.endswith("1 error: rules with errors are not compiled\n")
    assert Path("plan.json").read_text(encoding="utf-8") == "precious"


def test_warnings_do_not_stop_it() -> None:
    folder(Path(), events=None, rules='on purchase after 0s send "X"\n')
    assert compile_(".").exit_code == 0


@pytest.mark.parametrize("target", ["rules.conn", "catalog.toml"])
def test_nothing_is_written_over_what_is_read(target: str) -> None:
    Path("catalog.toml").write_text(CATALOG, encoding="utf-8")
    before = Path(target).read_bytes()
    result = compile_(".", "--output", target)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"error: {target}: this file is used already in this run" in result.stderr
    assert Path(target).read_bytes() == before


@pytest.mark.parametrize(("path", "words"), [("missing/plan", "no such file or directory"), (".", "is a directory")])
def test_a_file_that_cannot_be_written(path: str, words: str) -> None:
    result = compile_("rules.conn", "--output", path)
    assert result.exit_code == 2
    assert f"error: {path}: cannot be written: {words}" in result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_no_room() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command("compile", "."), stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2
    assert b"error: standard output: cannot be written: no space left on device" in done.stderr
    assert b"error: /dev/full: cannot be written" in process("compile", ".", "--output", "/dev/full").stderr


def test_a_reader_that_has_gone_away() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command("compile", "."), stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr.decode()) == (141, NO_CATALOG)
