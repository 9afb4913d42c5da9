"""A plain rule set over the relevant events of a log: some users at a time resolved by numpy, the lines by DuckDB."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from connrules.columnar.lines import Words, lines
from connrules.columnar.plain import Codes
from connrules.columnar.resolving import KINDS, REASONS, Resolved, Rows, resolve
from connrules.columnar.tables import NONE, Numbers, Tables, order_by, tables_of
from connrules.event import Kind
from connrules.plan import Plan
from connrules.run.counts import Counts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_AT_ONCE: Final = 4_000_000
"""So many events and triggers are in memory at once, unless one user alone has more."""


class PlainRun:
    """Resolves the table `relevant` and writes what it finds."""

    def __init__(
        self, con: "DuckDBPyConnection", plan: Plan, codes: Codes, counts: Counts, *, everything: bool
    ) -> None:
        self._con = con
        self._plan = plan
        self._tables = tables_of(plan, codes)
        self._parts = 1 + _size(self._tables, codes) // _AT_ONCE
        self._counts = counts
        self._everything = everything
        self._words: dict[Words, int] = {}

    def lines(self, end: int) -> Iterator[bytes]:
        """The lines of the outcomes of all users, in order; the run ends at that instant."""
        self._con.execute('CREATE TABLE users AS SELECT "user" FROM relevant GROUP BY ALL')
        self._con.execute(
            """CREATE TABLE found (place BIGINT, cause BIGINT, instant BIGINT, due BIGINT, event BIGINT,
            is_start BOOLEAN, rule BIGINT, word BIGINT)"""
        )
        for part in range(self._parts):
            resolved, matched = resolve(self._rows(part), self._tables, end)
            self._counts.matched += matched
            self._keep(resolved)
        return lines(self._con, self._words, self._plan)

    def _rows(self, part: int) -> Rows:
        """The events of some of the users."""
        columns = self._con.execute(
            """SELECT place, users.rowid AS code_of_user, time, code FROM relevant JOIN users USING ("user")
            WHERE users.rowid % $parts = $part""",
            {"parts": self._parts, "part": part},
        ).fetchnumpy()
        order = order_by(columns["code_of_user"], columns["place"])
        return Rows(*(columns[name][order] for name in ("place", "code_of_user", "time", "code")))

    def _keep(self, resolved: Resolved) -> None:
        """Count outcomes, and write down those that are wanted."""
        alike, which = _alike(resolved)
        sizes = np.bincount(which, minlength=len(alike)).tolist()
        words = [self._count(tuple(each), size) for each, size in zip(alike.tolist(), sizes, strict=True)]
        numbers = np.array([self._words.setdefault(each, len(self._words)) for each in words], dtype=np.int64)
        columns = {
            "place": resolved.order,
            "cause": resolved.by,
            "instant": resolved.at,
            "due": resolved.due,
            "event": resolved.event,
            "is_start": (resolved.event != NONE) & (resolved.by == NONE),
            "rule": resolved.rule,
            "word": numbers[which],
        }
        if not self._everything:
            is_sent = resolved.kind == KINDS.index(Kind.SENT)
            columns = {name: column[is_sent] for name, column in columns.items()}
        self._con.register("resolved", columns)
        self._con.execute("INSERT INTO found BY NAME SELECT * FROM resolved")
        self._con.unregister("resolved")

    def _count(self, alike: tuple[int, ...], size: int) -> Words:
        kind, rule, reason, pattern = alike
        words = Words(
            KINDS[kind],
            rule,
            None if reason == NONE else REASONS[reason],
            None if pattern == NONE else pattern,
        )
        self._counts.outcomes[words.kind, words.reason] += size
        if words.pattern is not None:
            of_rule = self._plan.rules[rule]
            self._counts.cancelled[f"{of_rule.name}: {of_rule.exceptions[words.pattern].text}"] += size
        return words


def _alike(resolved: Resolved) -> tuple[Numbers, Numbers]:
    """The distinct kinds, rules, reasons and patterns of outcomes, and which of them each outcome has."""
    key = resolved.rule
    for column, most in ((resolved.kind, len(KINDS)), (resolved.reason, len(REASONS)), (resolved.pattern, 1 << 16)):
        key = key * (most + 1) + column + 1
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    columns = (resolved.kind, resolved.rule, resolved.reason, resolved.pattern)
    return np.stack([column[first] for column in columns], axis=1), which


def _size(tables: Tables, codes: Codes) -> int:
    """How many events and triggers there are."""
    classes = np.arange(len(codes.known))
    per_class = np.diff(tables.starts)
    per_event = 1 + per_class[classes] + per_class[tables.types[classes]]
    return int((np.array(codes.events, dtype=np.int64) * per_event).sum())
