"""Follow-up messages as code.

    text --parse--> syntax tree --check--> checked rule set --compile--> plan --run--> outcomes

`load` reads and checks rule files, `compile_rules` makes a plan of them, `Engine` runs a plan over events:

    >>> import connrules
    >>> checked = connrules.loads('on purchase after 1d unless session_start send "Thanks"')
    >>> engine = connrules.Engine(connrules.compile_rules(checked))
    >>> engine.feed(connrules.Event(user="u1", type="purchase", time=0, id="e1"))
    []
    >>> [outcome.send for outcome in engine.advance_to(86_400_000)]
    ['Thanks']

Names are loaded when they are used: a worker that only runs a plan loads neither parser nor checker.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from connrules.catalog import Catalog as Catalog
    from connrules.catalog import CatalogError as CatalogError
    from connrules.catalog import load_catalog as load_catalog
    from connrules.checked import Checked as Checked
    from connrules.checked import CheckedRule as CheckedRule
    from connrules.compile import CompileError as CompileError
    from connrules.compile import compile_rules as compile_rules
    from connrules.connectors.jsonl import EventError as EventError
    from connrules.connectors.jsonl import decode_outcomes as decode_outcomes
    from connrules.connectors.jsonl import encode_outcome as encode_outcome
    from connrules.connectors.jsonl import encode_outcomes as encode_outcomes
    from connrules.connectors.jsonl import parse_event as parse_event
    from connrules.connectors.memory import MemoryStore as MemoryStore
    from connrules.connectors.sqlite import SqliteStore as SqliteStore
    from connrules.diagnostic import Diagnostic as Diagnostic
    from connrules.diagnostic import Severity as Severity
    from connrules.durable.engine import DurableEngine as DurableEngine
    from connrules.duration import format_instant as format_instant
    from connrules.duration import parse_instant as parse_instant
    from connrules.event import Event as Event
    from connrules.event import Kind as Kind
    from connrules.event import Outcome as Outcome
    from connrules.event import Profiles as Profiles
    from connrules.event import Reason as Reason
    from connrules.files import UnreadableError as UnreadableError
    from connrules.lint import Report as Report
    from connrules.lint import Settings as Settings
    from connrules.lint import SettingsError as SettingsError
    from connrules.lint import lint_files as lint_files
    from connrules.pipeline import load as load
    from connrules.pipeline import loads as loads
    from connrules.plan import Plan as Plan
    from connrules.plan import PlanError as PlanError
    from connrules.reference import evaluate as evaluate
    from connrules.run.counts import Counts as Counts
    from connrules.run.engine import Engine as Engine
    from connrules.run.eras import Former as Former
    from connrules.run.keyed import KeyedEngine as KeyedEngine
    from connrules.run.keyed import Turn as Turn
    from connrules.run.ports import Batch as Batch
    from connrules.run.ports import Figures as Figures
    from connrules.run.ports import Loaded as Loaded
    from connrules.run.ports import Note as Note
    from connrules.run.ports import Observer as Observer
    from connrules.run.ports import Outbox as Outbox
    from connrules.run.ports import StateStore as StateStore
    from connrules.run.ports import StoreError as StoreError
    from connrules.run.saving import SnapshotError as SnapshotError
    from connrules.testing import run_tests as run_tests

_HOMES = {
    "connrules.catalog": ("Catalog", "CatalogError", "load_catalog"),
    "connrules.checked": ("Checked", "CheckedRule"),
    "connrules.compile": ("CompileError", "compile_rules"),
    "connrules.connectors.jsonl": ("EventError", "decode_outcomes", "encode_outcome", "encode_outcomes", "parse_event"),
    "connrules.connectors.memory": ("MemoryStore",),
    "connrules.connectors.sqlite": ("SqliteStore",),
    "connrules.diagnostic": ("Diagnostic", "Severity"),
    "connrules.durable.engine": ("DurableEngine",),
    "connrules.duration": ("format_instant", "parse_instant"),
    "connrules.event": ("Event", "Kind", "Outcome", "Profiles", "Reason"),
    "connrules.files": ("UnreadableError",),
    "connrules.lint": ("Report", "Settings", "SettingsError", "lint_files"),
    "connrules.pipeline": ("load", "loads"),
    "connrules.plan": ("Plan", "PlanError"),
    "connrules.reference": ("evaluate",),
    "connrules.run.counts": ("Counts",),
    "connrules.run.engine": ("Engine",),
    "connrules.run.eras": ("Former",),
    "connrules.run.keyed": ("KeyedEngine", "Turn"),
    "connrules.run.ports": ("Batch", "Figures", "Loaded", "Note", "Observer", "Outbox", "StateStore", "StoreError"),
    "connrules.run.saving": ("SnapshotError",),
    "connrules.testing": ("run_tests",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted([*_HOME, "__version__"])  # noqa: PLE0605  # one table says it all


if not TYPE_CHECKING:  # with it, a type checker would take any name for one that is there

    def __getattr__(name: str) -> Any:
        if name not in _HOME:
            raise AttributeError(f"module 'connrules' has no attribute {name!r}")
        value = getattr(import_module(_HOME[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return list(__all__)
