"""Unit tests in the language: runs the `test` blocks of a rule set and tells how they went.

    CheckedTest --bind--> BoundTest --stage--> Scene --play--> Play --judge--> Verdict --timeline--> Result

`run_tests` does all of it; the results are data, and how they look is for a shell to decide.
"""

from connrules.testing.coverage import Coverage, Item, RuleCoverage
from connrules.testing.report import Failure, Line, Mark, Report, Result, Status
from connrules.testing.running import run_tests

__all__ = [
    "Coverage",
    "Failure",
    "Item",
    "Line",
    "Mark",
    "Report",
    "Result",
    "RuleCoverage",
    "Status",
    "run_tests",
]
