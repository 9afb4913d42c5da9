"""The state of one user: pending sends, sends that still count, goals that can still be reached, attributes.

State is held per user and is a value: it can be taken out, written down and put back.
"""

from typing import Any, Final

import msgspec

from connrules.run.values import Kept
from connrules.run.world import Known

Key = int | tuple[int, bytes]
"""What a user can wait for once: a rule, by its index, or a rule and the JSON of a `per` value."""


class Wait(msgspec.Struct, frozen=True, gc=False):
    """A pending send of a rule, and at once the timer that fires it. Instants are epoch milliseconds."""

    due: int
    start: int
    """Numbers all waits in the order in which they started."""
    user: str
    rule: int
    key: Key
    trigger: str
    triggered_at: int
    known: Known | None
    """The object of the trigger event, which an exception may imply."""
    kept: Kept
    per: Any = None
    """The value that the rule waits per; None: it is missing, or there is none."""
    missed: bool = False
    """Whether the delivery window is shut at the due instant, and the send to be dropped."""


class Goal(msgspec.Struct, frozen=True, gc=False):
    """A goal that a user can still reach, and at once the timer that forgets it: `due` is when it is too late."""

    due: int
    start: int
    """The number of the wait that led to it."""
    user: str
    rule: int
    trigger: str
    triggered_at: int
    send: str | None
    """The campaign that was sent; None: the user was held out."""
    per: Any = None


_NOTHING: Final[dict[Any, Any]] = {}
"""Stands for what most users have none of; never written to."""


class UserState:
    """What is remembered of a user.

    `waits` are the pending sends in start order; `sends`, by the index of the quota that they use up, the instants of
    sends that may still count, oldest first; `goals`, by start number in the order in which they were opened, those
    that can still be reached; `attributes` those that some condition looks at, None where an event removed them.
    """

    __slots__ = ("attributes", "goals", "sends", "waits")

    def __init__(self) -> None:
        self.waits: dict[Key, Wait] = {}
        self.sends: dict[int, list[int]] = {}
        self.goals: dict[int, Goal] = _NOTHING
        self.attributes: dict[str, Any] = _NOTHING

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to remember."""
        return not (self.waits or self.sends or self.goals or self.attributes)

    def open(self, goal: Goal) -> None:
        """Remember a goal that can be reached from now on."""
        if self.goals is _NOTHING:
            self.goals = {}
        self.goals[goal.start] = goal

    def learn(self, attributes: dict[str, Any]) -> None:
        """Remember what an event said about the user."""
        self.attributes = {**self.attributes, **attributes}
