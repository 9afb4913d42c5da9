"""What is remembered of a user, in plain lists. Instants are epoch milliseconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from connrules.checked import CheckedRule
from connrules.event import Profiles
from connrules.reference.matching import Happening
from connrules.text import nfc


@dataclass(frozen=True, eq=False, slots=True)
class Wait:
    """A pending send, or one that would be if its trigger started it."""

    start: int
    """Numbers the waits in the order in which they start."""
    rule: CheckedRule
    user: "User"
    trigger: Happening
    triggered_at: int
    per: Any
    """The value that the rule waits per; None: it is missing, or the rule waits per user alone."""
    target: str
    """The campaign to send: of a split, the one for this user."""
    due: int
    is_outside: bool
    """Whether it is due outside the delivery window, and so dropped."""

    @property
    def key(self) -> tuple[str, bytes]:
        """What tells a user's waits apart: the rule, and the value that it waits per, as JSON."""
        return self.rule.name, msgspec.json.encode(self.per)

    @property
    def is_over(self) -> bool:
        """Whether it has been sent, dropped, cancelled or restarted."""
        return self.user.waits.get(self.key) is not self


class Sending(NamedTuple):
    """A send that was decided."""

    rule: str
    at: int
    channels: tuple[str, ...]


class Goal(NamedTuple):
    """What a rule hopes for after a send, and to compare after a hold-out too."""

    wait: Wait
    opened_at: int
    is_held_out: bool


@dataclass(eq=False, slots=True)
class User:
    """One user. `waits`, `sends` and `goals` are in the order in which they came about."""

    name: str
    profiles: Profiles | None
    waits: dict[tuple[str, bytes], Wait] = field(default_factory=dict)
    """By what tells them apart."""
    sends: list[Sending] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    said: dict[str, Any] = field(default_factory=dict)
    """What `attributes` events said, the last word on each; None: that there is none."""

    @property
    def attributes(self) -> Mapping[str, Any]:
        """What holds of the user now: what events said, else the host's profile. None is missing."""
        profile = self.profiles.attributes(self.name) if self.profiles else None
        return _by_name(profile or {}) | self.said

    def learn(self, attributes: Mapping[str, Any]) -> None:
        """Remember what an `attributes` event says."""
        self.said |= _by_name(attributes)


def _by_name(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {nfc(name): value for name, value in attributes.items()}
