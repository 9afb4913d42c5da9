"""The report of a check: what was found and is to be said, and what was found and is not."""

from dataclasses import dataclass

from connrules.check import Checked
from connrules.diagnostic import Diagnostic


@dataclass(frozen=True, slots=True)
class Report:
    """What a check has to say."""

    checked: Checked
    """The rule set with all findings of the checker, whatever the settings say."""
    findings: tuple[Diagnostic, ...]
    """What is reported, with the severities of the settings: by file in rule-set order, then by place."""
    suppressed: tuple[Diagnostic, ...] = ()
    """What comments in the rule files keep from being reported."""
    skipped: tuple[str, ...] = ()
    """The codes of selected checks that could not run."""
