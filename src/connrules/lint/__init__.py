"""What `connrules check` reports: the checker's findings and those about style, tests and suppressions, as configured.

    files --check--> Checked --style, tests--> findings --select, suppressions, severities--> Report

The checker decides what is wrong with a rule set; here is decided what of that is said. Nothing here reads a clock or
the environment, and files only where `lint_files` is asked to.
"""

from connrules.lint.linting import lint, lint_files
from connrules.lint.report import Report, Suppressed
from connrules.lint.settings import Problem, Settings, SettingsError, problem_with_code, problem_with_naming

__all__ = [
    "Problem",
    "Report",
    "Settings",
    "SettingsError",
    "Suppressed",
    "lint",
    "lint_files",
    "problem_with_code",
    "problem_with_naming",
]
