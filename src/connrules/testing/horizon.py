"""How long a test goes on: to its last event plus the longest delay of any rule, so that nothing is left open.

A rule that is triggered by what another sends or cancels may wait behind it, so the delays of such rules are added. A
test that expects something to be pending ends with its last event instead: later, nothing would be.
"""

from collections.abc import Iterable, Sequence
from typing import assert_never

from connrules import ast
from connrules.check import Checked
from connrules.duration import LATEST
from connrules.event import Event
from connrules.testing.judge import Expectation
from connrules.testing.remembered import remembered
from connrules.wallclock import DAY


def end_of(checked: Checked, start: int, events: Iterable[Event], expectations: Sequence[Expectation]) -> int:
    """The instant (epoch ms) up to which a test that counts from `start` is run."""
    last = max((event.time for event in events), default=start)
    if not any(expectation.node.fate == "pending" for expectation in expectations):
        last += _longest(checked)
    named = [e.at for e in expectations if e.at is not None and e.node.fate != "pending"]
    return min(max([last, *named]), LATEST)


@remembered
def _longest(checked: Checked) -> int:
    """For how long (ms) an event can matter, at the most."""
    waits = [(_longest_wait(rule.node, checked.policy), _follows(rule.node)) for rule in checked.rules]
    return max((wait for wait, _ in waits), default=0) + sum(wait for wait, follows in waits if follows)


def _longest_wait(rule: ast.Rule, policy: ast.Policy) -> int:
    """The longest wait of a rule in ms. Where clocks decide, with a day to spare for their changes."""
    window = rule.between or policy.quiet
    held = 2 * DAY if window is not None and not window.drops else 0
    match rule.delay:
        case None:
            return held
        case ast.After(delay):
            return delay.ms + held
        case ast.InDays(days):
            return (days + 2) * DAY + held
        case ast.NextWeekday():
            return 9 * DAY + held
        case _:
            assert_never(rule.delay)


def _follows(rule: ast.Rule) -> bool:
    return any(isinstance(pattern, ast.SentRule | ast.CancelledRule) for pattern in rule.on.patterns)
