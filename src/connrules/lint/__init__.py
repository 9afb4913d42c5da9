"""What `connrules check` reports: the checker's findings and those about style, tests and suppressions, as configured.

    files --check--> Checked --style, coverage--> findings --select, severities, suppressions--> Report

The checker decides what is wrong with a rule set; here is decided what of that is said. Nothing here reads a file, a
clock or the environment.
"""

from connrules.lint.report import Report
from connrules.lint.settings import Settings

__all__ = ["Report", "Settings"]
