"""Diagnostics, to users *findings*: what is wrong, where, and what to do, as data.

Words are written once, where the problem is found; how a finding looks is for a shell to decide.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from connrules.text import SourceText, Span


class Severity(StrEnum):
    """How bad: an *error* is certain, a *warning* is likely, an *info* is only worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


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

    @property
    def sort_key(self) -> tuple[str, int, int, str]:
        """By file, then place, then code."""
        return (self.source.path, self.span.start, self.span.end, self.code)


def errors_of(findings: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Those findings that are errors."""
    return tuple(f for f in findings if f.severity is Severity.ERROR)
