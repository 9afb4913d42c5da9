"""What every format is made of."""

from collections.abc import Sequence
from dataclasses import dataclass

from connrules.cli.render import Summary
from connrules.lint import Report
from connrules.text import SourceText


@dataclass(frozen=True, slots=True)
class Results:
    """A report and what else there is to say of the check."""

    report: Report
    sources: Sequence[SourceText]
    """All that were checked, in rule-set order."""
    summary: Summary
    color: bool = False
    """Whether text for people is coloured."""
    show_suppressed: bool = False
    """Whether text for people has what comments suppress."""
