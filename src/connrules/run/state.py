"""The state of one user: the sends that are pending, and the sends that still count for re-eligibility.

State is held per user and is a value: it can be taken out, written down and put back.
"""

import msgspec

from connrules.run.conditions import Kept
from connrules.run.world import Known


class Wait(msgspec.Struct, frozen=True, gc=False):
    """A pending send of a rule, and at once the timer that fires it. Instants are epoch milliseconds."""

    due: int
    start: int
    """Numbers all waits in the order in which they started."""
    user: str
    rule: int
    trigger: str
    triggered_at: int
    known: Known | None
    """The object of the trigger event, which an exception may imply."""
    kept: Kept


class UserState:
    """What is remembered of a user: by rule, the wait and the instants of sends that may still count, oldest first."""

    __slots__ = ("sends", "waits")

    def __init__(self) -> None:
        self.waits: dict[int, Wait] = {}
        self.sends: dict[int, list[int]] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to remember."""
        return not self.waits and not self.sends
