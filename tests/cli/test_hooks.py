"""The hooks of .pre-commit-hooks.yaml, run by pre-commit in a repository that has them."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.cli.configured import CATALOG, CLEAN, NO_DELAY, write

MANIFEST = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"
HOOKS: list[dict[str, Any]] = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
BIN = Path(sys.executable).parent


def run(*command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PRE_COMMIT_HOME": str(Path("../pre-commit").absolute()),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "NO_COLOR": "1",
    }
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=120)


@pytest.fixture(autouse=True)
def _in_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository whose hooks are those of the manifest, run from where connrules is installed already."""
    (tmp_path / "repository").mkdir()
    monkeypatch.chdir(tmp_path / "repository")
    hooks = [{**hook, "language": "system"} for hook in HOOKS]
    write(".pre-commit-config.yaml", yaml.safe_dump({"repos": [{"repo": "local", "hooks": hooks}]}))
    write("rules/catalog.toml", CATALOG)
    write("connrules.toml", 'catalog = "rules/catalog.toml"\nas-of = 2026-03-01\n')
    write("rules/a.conn", CLEAN)
    assert run("git", "init", "--quiet").returncode == 0


def hooked(*arguments: str) -> tuple[int, str]:
    assert run("git", "add", "--all").returncode == 0
    result = run("pre-commit", "run", "--color", "never", *arguments)
    return result.returncode, result.stdout + result.stderr


def test_the_manifest_is_well_formed() -> None:
    result = run("pre-commit", "validate-manifest", str(MANIFEST))
    assert (result.returncode, result.stdout) == (0, "")
    assert [hook["id"] for hook in HOOKS] == ["connrules-check", "connrules-fmt"]


def test_good_rules_pass_both_hooks() -> None:
    code, said = hooked("--all-files")
    assert code == 0, said
    assert said.count("Passed") == 2


def test_the_whole_rule_set_is_checked_whatever_the_commit_touches() -> None:
    write("rules/b.conn", NO_DELAY.replace('"C"', '"B"'))
    code, said = hooked("connrules-check", "--files", "rules/a.conn")
    assert code == 1
    assert "rules/b.conn:3:3" in said
    assert "CR308" in said


def test_a_commit_without_rules_is_not_checked() -> None:
    write("rules/b.conn", NO_DELAY)
    write("README.md", "hello")
    code, said = hooked("--files", "README.md")
    assert (code, said.count("Skipped")) == (0, 2)


@pytest.mark.parametrize("path", ["connrules.toml", "rules/catalog.toml", "rules/a.conn"])
def test_what_rules_depend_on_is_a_reason_to_check(path: str) -> None:
    code, said = hooked("connrules-check", "--files", path)
    assert (code, "Passed" in said) == (0, True)


def test_files_that_are_not_formatted_are_written_anew() -> None:
    write("rules/b.conn", 'rule b: on   purchase send "B"\n')
    code, said = hooked("connrules-fmt", "--all-files")
    assert (code, "files were modified by this hook" in said) == (1, True)
    assert Path("rules/b.conn").read_text(encoding="utf-8") == 'rule b:\n  on purchase\n  send "B"\n'
    assert hooked("connrules-fmt", "--all-files")[0] == 0
