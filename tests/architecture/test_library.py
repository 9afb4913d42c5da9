"""The library as its users have it: what can be imported, what that loads, and its types."""

import doctest
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import connrules

HEAVY = {"lark", "pydantic", "click", "yaml"}
NEVER_IN_A_WORKER = HEAVY | {
    f"connrules.{name}" for name in ("ast", "syntax", "check", "catalog", "compile", "pipeline", "reference", "cli")
}


def python(*arguments: str, stdin: bytes | None = None, cwd: Path | None = None) -> str:
    done = subprocess.run([sys.executable, *arguments], input=stdin, capture_output=True, check=False, cwd=cwd)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


# a worker

WORKER = """
import sys
import connrules

plan = connrules.Plan.from_json(sys.stdin.buffer.read())
engine = connrules.Engine(plan, lateness=1_000)
lines = [
    b'{"id":"e1","user":"u1","type":"received_push","campaign":"A","time":"2026-03-02T10:00:00Z"}',
    b'{"id":"e2","user":"u2","type":"received_push","campaign":"A","time":1772445600000}',
    b'{"id":"e3","user":"u2","type":"purchase","time":1772445600001,"properties":{"amount":6}}',
]
out = engine.feed_many(connrules.parse_event(line) for line in lines)
again = connrules.Engine(plan, lateness=1_000)
again.restore(engine.snapshot())
out += again.advance_to(1772445600000 + 86_400_000) + again.finish()
sys.stdout.buffer.write(b"".join(map(connrules.encode_outcome, out)))
print(*sys.modules)
"""


def test_a_worker_that_runs_a_plan_loads_neither_parser_nor_checker() -> None:
    rules = 'rule r: on received_push of "A" after 1d unless purchase where amount > 5 send "B"'
    plan = connrules.compile_rules(connrules.loads(rules))

    *outcomes, modules = python("-c", WORKER, stdin=plan.to_json()).splitlines()

    assert [line.partition('"outcome":"')[2].partition('"')[0] for line in outcomes] == ["cancelled", "sent"]
    loaded = set(modules.split())
    assert "connrules.run.engine" in loaded
    assert loaded & NEVER_IN_A_WORKER == set()


@pytest.mark.parametrize(
    "names",
    [
        "Engine",
        "Plan",
        "parse_event",
        "encode_outcome",
        "DurableEngine, SqliteStore, StoreError",
        "Event, Outcome, Kind, Reason, Counts, SnapshotError, PlanError",
    ],
)
def test_what_a_worker_imports_loads_neither_parser_nor_checker(names: str) -> None:
    loaded = set(python("-c", f"from connrules import {names}; import sys; print(*sys.modules)").split())
    assert loaded & NEVER_IN_A_WORKER == set()


def test_importing_the_library_loads_next_to_nothing_and_warns_of_nothing() -> None:
    loaded = set(python("-W", "error", "-c", "import connrules, sys; print(*sys.modules)").split())
    assert [name for name in loaded if name.startswith("connrules.")] == []
    assert "msgspec" not in loaded


def test_everything_can_be_imported_without_a_warning() -> None:
    python("-W", "error", "-c", "from connrules import *; loads('on purchase send X')")


# names


def test_each_public_name_is_there_and_documented() -> None:
    assert len(connrules.__all__) == len(set(connrules.__all__)) > 20
    for name in connrules.__all__:
        value = getattr(connrules, name)
        if callable(value):
            assert inspect.getdoc(value), name
            assert not inspect.isclass(value) or value.__name__ == name


def test_methods_are_documented() -> None:
    for name in ("Engine", "Plan", "Counts", "Checked", "Catalog", "Outcome"):
        cls = getattr(connrules, name)
        own = [
            attribute for attribute in vars(cls) if not attribute.startswith("_") and callable(getattr(cls, attribute))
        ]
        assert [attribute for attribute in own if not inspect.getdoc(getattr(cls, attribute))] == []


def test_dir_is_the_public_names() -> None:
    assert dir(connrules) == sorted(connrules.__all__)


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'connrules' has no attribute 'Enigne'"):
        connrules.Enigne  # type: ignore[attr-defined]  # noqa: B018  # it is the look-up that is tested


def test_the_example_in_the_documentation_of_the_package_runs() -> None:
    result = doctest.testmod(connrules)
    assert result.attempted >= 5
    assert result.failed == 0


# types

CONSUMER = """
from collections.abc import Iterator
from typing import assert_type

import connrules
from connrules import Engine, Event, Kind, Outcome, Plan, Reason

checked = connrules.load("rules", catalog="catalog.toml", as_of=0)
assert_type(checked, connrules.Checked)
for finding in checked.diagnostics:
    assert_type(finding.severity, connrules.Severity)
    assert_type(finding.message, str)
plan = connrules.compile_rules(checked)
assert_type(plan, Plan)
assert_type(Plan.from_json(plan.to_json()), Plan)

late: list[Event] = []
engine = Engine(plan, lateness=60_000, on_late=late.append)


def decisions(lines: list[bytes]) -> Iterator[bytes]:
    for outcome in engine.feed_many(map(connrules.parse_event, lines)):
        assert_type(outcome, Outcome)
        assert_type(outcome.kind, Kind)
        assert_type(outcome.reason, Reason | None)
        yield connrules.encode_outcome(outcome)


assert_type(engine.advance_to(0), list[Outcome])
assert_type(engine.snapshot(), bytes)
assert_type(engine.counts.late, int)
assert_type(engine.watermark, int | None)
try:
    engine.restore(b"")
except connrules.SnapshotError as error:
    print(error)
"""
WRONG = """
import connrules

connrules.Engine("plan")
connrules.Engine(connrules.Plan(rules=()), lateness="1d")
connrules.parse_event(5)
connrules.nonsense
"""


def test_the_library_is_typed_for_strict_users(tmp_path: Path) -> None:
    """As an installed package: mypy goes by its `py.typed`, and knows nothing of this project's settings."""
    (tmp_path / "consumer.py").write_text(CONSUMER, encoding="utf-8")
    (tmp_path / "wrong.py").write_text(WRONG, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--config-file", "", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert [line.partition(": error: ")[0] for line in lines] == [f"wrong.py:{n}" for n in (4, 5, 6, 7)], done.stdout
