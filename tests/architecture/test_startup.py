"""A command loads what it uses and no more: what nobody waits for cannot make anybody wait."""

import subprocess
import sys
from pathlib import Path

import pytest

RULES = """\
rule cart:
  on received_push of "Abandoned Cart"
  after 1d
  unless purchase
  send "Cart Reminder"
"""
BROKEN = 'rule cart: on receivd_push of "Abandoned Cart" send\n'
TEST = """
test "a day later":
  at 0s received_push of "Abandoned Cart"
  expect sent "Cart Reminder" at 1d
"""
EVENT = '{"user":"u1","type":"received_push","campaign":"Abandoned Cart","time":1772445600000}\n'
CATALOG = {
    "toml": '[[campaigns]]\nname = "Abandoned Cart"\n\n[[campaigns]]\nname = "Cart Reminder"\n',
    "json": '{"campaigns": [{"name": "Abandoned Cart"}, {"name": "Cart Reminder"}]}\n',
    "yaml": "campaigns: [{name: Abandoned Cart}, {name: Cart Reminder}]\n",
}

SHELL = """
import sys
from connrules.cli import main
try:
    main()
except SystemExit as end:
    assert end.code in (None, 0, 1), end.code
print(*sys.modules, file=sys.stderr)
"""
READERS = {"tomllib", "yaml"}
"""What reads a catalog or a configuration, each only where there is one of its kind."""
OTHER_DATA = {"duckdb", "numpy", "pyarrow", "xml", "sqlite3"}
LANGUAGE = {"connrules.ast", "connrules.syntax", "connrules.check"}
RUNNING = {"connrules.run", "connrules.compile", "connrules.plan", "connrules.testing"}
NEVER = OTHER_DATA | {"lark", "pydantic", "email", "importlib.metadata", "subprocess", "connrules.columnar.replay"}
"""What no command loads for rules alone."""
LASTING = {"connrules.durable", "connrules.cli.lasting_run", "connrules.replay.lasting", "connrules.connectors.tail"}
"""What only a run with a state or over a log that grows has to do with."""
WITHOUT_CATALOG = {"connrules.catalog.models", "connrules.check.publishing", "connrules.check.tests.steps"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules.conn").write_text(RULES, encoding="utf-8")
    (tmp_path / "broken.conn").write_text(BROKEN, encoding="utf-8")
    (tmp_path / "test.conn").write_text(RULES + TEST, encoding="utf-8")
    (tmp_path / "events.jsonl").write_text(EVENT, encoding="utf-8")
    for kind, text in CATALOG.items():
        (tmp_path / f"catalog.{kind}").write_text(text, encoding="utf-8")
    return tmp_path


def loaded(folder: Path, *arguments: str) -> set[str]:
    """The modules of a process that has run `connrules` with these arguments."""
    command = [sys.executable, "-c", SHELL, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    ("arguments", "never"),
    [
        ("--version", NEVER | READERS | LANGUAGE | RUNNING | {"click", "msgspec", "connrules.cli.shell"}),
        ("--help", NEVER | READERS | LANGUAGE | RUNNING | {"msgspec"}),
        ("explain CR301", NEVER | LANGUAGE | RUNNING | {"yaml", "tomllib", "msgspec"}),
        ("fmt --check rules.conn", NEVER | READERS | RUNNING | {"connrules.check", "connrules.reference"}),
        ("check rules.conn", NEVER | READERS | RUNNING | WITHOUT_CATALOG),
        ("check broken.conn --format concise", NEVER | READERS | RUNNING | WITHOUT_CATALOG),
        ("compile rules.conn", NEVER | READERS | WITHOUT_CATALOG | {"connrules.testing", "connrules.lint"}),
        ("run rules.conn --events events.jsonl", NEVER | READERS | WITHOUT_CATALOG | LASTING | {"connrules.testing"}),
        ("run rules.conn --events events.jsonl --state state", (NEVER | READERS | WITHOUT_CATALOG) - {"sqlite3"}),
        ("run rules.conn --events events.jsonl --state state", {"asyncio", "connrules.testing", "connrules.lint"}),
        ("diff rules.conn rules.conn --events events.jsonl", NEVER | READERS | WITHOUT_CATALOG | {"connrules.testing"}),
        ("test test.conn", NEVER | READERS | {"connrules.catalog.models", "connrules.check.publishing"}),
        ("graph rules.conn", NEVER | READERS | RUNNING | WITHOUT_CATALOG),
    ],
)
def test_a_command_loads_what_it_uses(folder: Path, arguments: str, never: set[str]) -> None:
    assert loaded(folder, *arguments.split()) & never == set()


@pytest.mark.parametrize("kind", CATALOG)
def test_a_catalog_loads_what_reads_it(folder: Path, kind: str) -> None:
    modules = loaded(folder, "check", "rules.conn", "--catalog", f"catalog.{kind}")
    assert {"pydantic", "connrules.catalog.models"} <= modules
    assert modules & (OTHER_DATA | RUNNING) == set()
    reader = "tomllib" if kind == "toml" else kind
    assert reader in modules
    assert modules & READERS <= {reader}


def test_what_options_ask_for_is_loaded_with_them(folder: Path) -> None:
    assert "connrules.lint.fixing" in loaded(folder, "check", "broken.conn", "--fix")
    assert "xml" in loaded(folder, "check", "rules.conn", "--format", "junit")
    assert "connrules.testing" in loaded(folder, "check", "test.conn")
