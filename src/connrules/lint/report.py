"""The report of a check: what was found and is to be said, and what was found and is not."""

from dataclasses import dataclass
from typing import NamedTuple

from connrules.check import Checked
from connrules.diagnostic import Diagnostic
from connrules.text import Span


class Suppressed(NamedTuple):
    """A finding that a comment keeps from being reported."""

    finding: Diagnostic
    comment: Span
    """Where the comment stands, in the source text of the finding."""
    reason: str
    """Why, in the words of the comment; empty where it says nothing."""
    until: int | None = None
    """The instant (epoch ms) at which it ends."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a check has to say."""

    checked: Checked
    """The rule set with all findings of the checker, whatever the settings say."""
    findings: tuple[Diagnostic, ...]
    """What is reported, with the severities of the settings: by file in rule-set order, then by place."""
    suppressed: tuple[Suppressed, ...] = ()
    """What comments in the rule files keep from being reported."""
    skipped: tuple[str, ...] = ()
    """The codes of selected checks that could not run, or not for the whole rule set."""
