"""The state of one user: pending sends, sends that still count, goals that can still be reached, attributes.

State is held per user and is a value: it can be taken out, written down and put back. Most users who wait have one
pending send and nothing else: then the wait is all there is of their state.

None of these objects can be part of a cycle, and the garbage collector does not look at them.
"""

from operator import attrgetter
from typing import Any, Final

import msgspec

from connrules.run.values import Kept
from connrules.run.world import Known

_place: Final = attrgetter("place")
_since: Final = attrgetter("since")
Key = int | tuple[int, bytes]
"""What a user can wait for once: a rule, by its index, or a rule and the JSON of a `per` value."""


class Source(msgspec.Struct, frozen=True, gc=False):
    """What waits of a rule have in common that events about the same object started."""

    rule: int
    key: Key
    lasts: int
    """The milliseconds from the trigger to the due instant."""
    known: Known | None
    """The object of the trigger event, which an exception may imply."""
    kept: Kept = ()
    per: Any = None
    """The value that the rule waits per; None: it is missing, or there is none."""
    missed: bool = False
    """Whether the delivery window is shut at the due instant, and the send to be dropped."""


class Wait(msgspec.Struct, frozen=True, gc=False, eq=False):
    """A pending send of a rule, and at once the timer that fires it. A million of them may be there: it is small."""

    user: str
    trigger: str
    since: int
    """The instant of the trigger, in epoch milliseconds."""
    source: Source
    place: int = 0
    """Its place among the waits that triggers of that instant started: (since, place) is start order."""

    @property
    def due(self) -> int:
        """The instant at which the send is due."""
        return self.since + self.source.lasts


def in_start_order(waits: list[Wait]) -> tuple[list[Wait], list[int], list[int]]:
    """The same waits, sorted, with the instants of their triggers and their places.

    Mostly they are in order and no two of one instant: to see that takes least.
    """
    sinces, places = [wait.since for wait in waits], [wait.place for wait in waits]
    if any(places) or sorted(sinces) != sinces:
        waits = sorted(sorted(waits, key=_place), key=_since)  # twice, so that no tuple is made for each
        sinces, places = [wait.since for wait in waits], [wait.place for wait in waits]
    return waits, sinces, places


class Goal(msgspec.Struct, frozen=True, gc=False, eq=False):
    """A goal that a user can still reach, and at once the timer that forgets it when it is too late."""

    user: str
    rule: int
    since: int
    """The instant from which it can be reached."""
    trigger: str
    triggered_at: int
    send: str | None
    """The campaign that was sent; None: the user was held out."""
    per: Any = None


_NOTHING: Final[dict[Any, Any]] = {}
"""Stands for what most users have none of; never written to."""


class UserState(msgspec.Struct, gc=False, eq=False):
    """What is remembered of a user.

    `waits` are the pending sends in start order; `sends`, by the index of the quota that they use up, the instants of
    sends that may still count, oldest first; `goals`, in the order in which they were opened, those that can still be
    reached; `attributes` those that some condition looks at, None where an event removed them.
    """

    waits: dict[Key, Wait]
    sends: dict[int, list[int]]
    goals: dict[Goal, None]
    attributes: dict[str, Any]

    def open(self, goal: Goal) -> None:
        """Remember a goal that can be reached from now on."""
        if self.goals is _NOTHING:
            self.goals = {}
        self.goals[goal] = None

    def use_up(self, quota: int, instant: int) -> None:
        """Remember a send that counts."""
        if self.sends is _NOTHING:
            self.sends = {}
        if quota in self.sends:
            self.sends[quota].append(instant)
        else:
            self.sends[quota] = [instant]

    def learn(self, attributes: dict[str, Any]) -> None:
        """Remember what an event said about the user."""
        self.attributes = {**self.attributes, **attributes}


Held = Wait | UserState
"""What is held of a user: a wait that is all there is, or more than that."""


def state_of(held: Held | None) -> UserState:
    """What is held of a user, as a state that can grow."""
    if held is None:
        return UserState({}, _NOTHING, _NOTHING, _NOTHING)
    if isinstance(held, Wait):
        return UserState({held.source.key: held}, _NOTHING, _NOTHING, _NOTHING)
    return held


def settled(state: UserState) -> Held | None:
    """A state in the smallest form that holds it; None: there is nothing to hold."""
    if state.sends or state.goals or state.attributes:
        return state
    match len(state.waits):
        case 0:
            return None
        case 1:
            return next(iter(state.waits.values()))
        case _:
            return state
