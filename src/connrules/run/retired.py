"""Definitions that rules had once, and by which some users still wait."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec

from connrules import plan


class Retired(msgspec.Struct, frozen=True, array_like=True):
    """What a rule was when the waits began that go on by it.

    `rule` is the name that the rule has now. Of the `definition` only the `Terms` count: all else is as the rule says
    now. `objects` are the campaigns and cards that its exceptions name, or imply for one of those waits, as they were
    known: they stay known to these exceptions when the catalog has lost them.
    """

    rule: str
    definition: plan.Rule
    objects: tuple[plan.Object, ...] = ()


NOTHING_RETIRED: Final[Mapping[int, Retired]] = MappingProxyType({})


class Terms(NamedTuple):
    """What a wait keeps of the rule that started it: when it is due, what cancels it, and what it is known by."""

    delay: int
    schedule: plan.Schedule | None
    between: plan.DeliveryWindow | None
    exceptions: tuple[plan.Matcher, ...]
    per: plan.Path | None

    @property
    def timing(self) -> tuple[object, ...]:
        """All that decides when a send is due."""
        return self.delay, self.schedule, self.between


def terms_of(definition: plan.Rule) -> Terms:
    """What a wait of that definition keeps."""
    return Terms(definition.delay, definition.schedule, definition.between, definition.exceptions, definition.per)
