"""How long a test goes on: to its last event plus the longest delay of any rule, so that nothing is left open.

A rule that is triggered by what another sends or cancels may wait behind it, so the delays of such rules are added. A
test that expects something to be pending ends with its last event instead: later, nothing would be.
"""

from collections.abc import Iterable, Sequence

from connrules.check import Checked
from connrules.check.waits.waiting import matters_for
from connrules.duration import LATEST
from connrules.event import Event
from connrules.testing.judge import Expectation
from connrules.testing.remembered import remembered


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
    return matters_for((rule.node for rule in checked.rules), checked.policy)
