"""The wheel, installed where there is no checkout: the grammar and the pages of the findings come with it."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
STORY = CHECKOUT / "examples" / "abandoned-cart"
COMPRESS = """
import sys
from pathlib import Path
if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd
Path(sys.argv[2]).write_bytes(zstd.compress(Path(sys.argv[1]).read_bytes()))
"""
UV = [sys.executable, "-m", "uv"]


def run(*command: str | Path, cwd: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    run(*UV, "build", "--wheel", "--out-dir", out, CHECKOUT, cwd=out)
    [built] = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of a scratch environment that has the wheel and what it needs."""
    folder = tmp_path_factory.mktemp("scratch")
    run(*UV, "venv", "--python", sys.executable, "env", cwd=folder)
    run(*UV, "pip", "install", "--python", "env", wheel, cwd=folder)
    return folder / "env" / ("Scripts" if os.name == "nt" else "bin")


def test_the_wheel_holds_what_is_needed_and_no_more(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert "connrules/syntax/conn.lark" in names
    assert "connrules/syntax/tables.json" in names
    assert "connrules/py.typed" in names
    assert "connrules/findings/CR301.md" in names
    assert not [name for name in names if not name.startswith(("connrules/", "connrules-"))]


def test_the_source_distribution_holds_what_its_tests_read(tmp_path: Path) -> None:
    run(*UV, "build", "--sdist", "--out-dir", tmp_path, CHECKOUT, cwd=tmp_path)
    [built] = tmp_path.glob("*.tar.gz")
    with tarfile.open(built) as archive:
        top = {name.split("/")[1] for name in archive.getnames()}

    folders = {"docs", "examples", "grammar", "src", "tests"}
    assert {*folders, "README.md", "Makefile", "pyproject.toml", "uv.lock", ".pre-commit-hooks.yaml"} <= top


def test_it_runs_from_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    for file in ("rules.conn", "catalog.toml", "events.jsonl"):
        (tmp_path / file).write_bytes((STORY / file).read_bytes())

    sent = run(installed / "connrules", "run", ".", cwd=tmp_path)

    assert sent == (STORY / "expected.jsonl").read_text(encoding="utf-8")
    home = run(installed / "python", "-c", "import connrules; print(connrules.__file__)", cwd=tmp_path)
    assert not Path(home.strip()).is_relative_to(CHECKOUT)
    assert "CR301" in run(installed / "connrules", "explain", "exception-without-delay", cwd=tmp_path)


def test_it_reads_compressed_logs_and_yaml(installed: Path, tmp_path: Path) -> None:
    """What the core install says it can do needs no extra."""
    (tmp_path / "rules.conn").write_bytes((STORY / "rules.conn").read_bytes())
    (tmp_path / "catalog.yaml").write_text(
        "campaigns:\n- {name: Abandoned Cart, channels: [push]}\n- {name: Cart Reminder, channels: [push]}\n",
        encoding="utf-8",
    )
    run(installed / "python", "-c", COMPRESS, STORY / "events.jsonl", "events.jsonl.zst", cwd=tmp_path)

    sent = run(installed / "connrules", "run", ".", "--quiet", cwd=tmp_path)

    assert sent.count('"outcome":"sent"') > 1
