"""Diagnostics, to users *findings*: what is wrong, where, and what to do, as data.

Words are written once, where the problem is found; how a finding looks is for a shell to decide.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from connrules.text import SourceText, Span


class Severity(StrEnum):
    """How bad: an *error* is certain, a *warning* is likely, an *info* is only worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Edit(NamedTuple):
    """The text that shall stand in the place of a span; an empty span is a place to insert at."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A change to the source text of a finding after which it is no longer found.

    A *safe* fix keeps what the rule set means; any other does what was probably meant.
    """

    title: str
    """What it does, as an order: `delete the clause`."""
    edits: tuple[Edit, ...]
    """In the source text of the finding, none overlapping another."""
    safe: bool


class Related(NamedTuple):
    """Another place that a finding is about."""

    source: SourceText
    span: Span
    message: str
    """What is there: `the first one`."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding.

    `message` says what is wrong in the user's words, `label` stands beside the carets and says why there, `help` says
    what to do. Messages are lower case, without a full stop, with the user's own text in backticks.
    """

    code: str
    name: str
    severity: Severity
    source: SourceText
    span: Span
    message: str
    label: str = ""
    help: str = ""
    fix: Fix | None = None
    related: tuple[Related, ...] = ()
    witness: str = ""
    """A `test` block of the language that shows what the finding says; run with the rule set, it passes."""
    silent_rule: str = ""
    """The name of the rule that can never send, where the finding says that of one."""

    @property
    def sort_key(self) -> tuple[str, int, int, str]:
        """By file, then place, then code."""
        return (self.source.path, self.span.start, self.span.end, self.code)


def errors_of(findings: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Those findings that are errors."""
    return tuple(f for f in findings if f.severity is Severity.ERROR)
