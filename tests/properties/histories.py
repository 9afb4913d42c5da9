"""Random histories: events in order of arrival, the profiles of users, and how an engine is to look at them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any, Final, TypeVar

import msgspec
from hypothesis import strategies as st
from tests.properties.world import (
    CAMPAIGN_WORDS,
    CARD_WORDS,
    CUSTOM_EVENTS,
    GRID,
    OFFSETS,
    START,
    STEPS,
    USERS,
    ZONES,
)

from connrules.duration import format_instant
from connrules.event import Event
from connrules.vocabulary import OBJECT_KIND, ObjectKind

T = TypeVar("T")


@dataclass(frozen=True)
class Look:
    """How an engine looks at a history: what counts as late and as repeated, and what the host knows of users."""

    lateness: int = 0
    dedupe: int = 0
    known: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def attributes(self, user: str) -> Mapping[str, Any]:
        """What the host knows of a user."""
        return self.known.get(user, {})

    @property
    def options(self) -> dict[str, Any]:
        """As an engine and the reference take it."""
        return {"lateness": self.lateness, "dedupe": self.dedupe, "profiles": self}


@cache
def looks() -> st.SearchStrategy[Look]:
    """Half of the time without deduplication, half of the time without profiles."""
    known = st.dictionaries(st.sampled_from(USERS), st.sampled_from(_ATTRIBUTES), max_size=3)
    latenesses = _one((0, 1, GRID - 1, GRID, 3 * GRID, 2 * STEPS * GRID))
    return st.builds(Look, latenesses, _one((0, 0, 0, 1, GRID, 3 * GRID)), st.just({}) | known)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Up to forty events of a few users in order of arrival: half of the time also in order of event time."""
    history = draw(_lists_of_events(draw(_one((0, 30, 30, 35, 35)))))
    return sorted(history, key=lambda event: event.time) if draw(st.booleans()) else history


@cache
def _lists_of_events(fewest: int) -> st.SearchStrategy[list[Event]]:
    return st.lists(st.sampled_from(_EVENTS), min_size=fewest, max_size=40)


@st.composite
def out_of_order(draw: st.DrawFn, history: Sequence[Event], lateness: int) -> list[Event]:
    """The events of a history in another order of arrival, none of them late, that has the same total order.

    They come from the history in order of event time, with the ids by which they are known there: compare with that,
    see `in_order`.
    """
    delays = draw(st.lists(st.integers(0, lateness), min_size=len(history), max_size=len(history)))
    arrivals: list[tuple[int, Event]] = []
    for event, delay in zip(in_order(history), delays, strict=True):
        arrival = event.time + delay
        if arrivals and arrivals[-1][1].time == event.time:  # events of one instant arrive in their order
            arrival = max(arrival, arrivals[-1][0])
        arrivals.append((arrival, event))
    return [event for _, event in sorted(arrivals, key=lambda pair: pair[0])]


def in_order(history: Sequence[Event]) -> list[Event]:
    """The events of a history in order of event time, each with an id of its own where it has none."""
    order = sorted(history, key=lambda event: event.time)
    return [
        event if event.id else msgspec.structs.replace(event, id=f"e{number}")
        for number, event in enumerate(order, start=1)
    ]


def _one(choices: tuple[T, ...]) -> st.SearchStrategy[T]:
    return st.sampled_from(choices)


class _Dice:
    """Makes events and attributes at random, the same in every run: to draw from a pile is fast, and shrinks well."""

    def __init__(self) -> None:
        self._random = Random(2006)

    def one(self, *choices: Any) -> Any:
        return self._random.choice(choices)

    def event(self) -> Event:
        """An event at an instant like those of `instants`."""
        fields: dict[str, Any] = {"id": self.one(*[None] * 8, "", "twice", "thrice")}
        type_ = self.one(*CAMPAIGN_WORDS, *CAMPAIGN_WORDS, *CARD_WORDS, "event", *["purchase"] * 5, *_OTHERS)
        match OBJECT_KIND.get(type_):
            case ObjectKind.CAMPAIGN:
                known = (*["A"] * 9, "B", "X", "c-A", "c-B", "No\u00ebl", "Noe\u0308l", "Twin", "t-1", "t-2")
                fields["campaign"] = self.one(*known, *known, "Unheard Of", "", None)
            case ObjectKind.CARD:
                fields["card"] = self.one("A", "A", "K", "K", "k-K", "Unheard Of")
            case ObjectKind.EVENT:
                fields["name"] = self.one(*CUSTOM_EVENTS, *CUSTOM_EVENTS, None)
        properties = self.attributes() if type_ == "attributes" else self.properties()
        time = START + self.one(*range(STEPS + 1)) * GRID + self.one(*OFFSETS)
        user = self.one("u1", *USERS)
        return Event(user=user, type=type_, time=time, properties=self.one(None, properties), **fields)

    def properties(self) -> dict[str, Any]:
        """The properties of an event, some of them missing."""
        names = ("amount", "tag", "tags", "cart", "order-id", "moment")
        return {name: self._value("id") for name in names if self.one(True, False)}

    def attributes(self) -> dict[str, Any]:
        """The attributes of a user, some of them missing."""
        zones = {"time_zone": self.one(*ZONES, *ZONES, "Nowhere/Land", 5, None)}
        named = {name: self._value("city") for name in ("plan", "age", "since", "e-mail", "tags", "address")}
        return {name: value for name, value in (zones | named).items() if self.one(True, False)}

    def _value(self, key: str) -> Any:
        scalar = self._scalar()
        return self.one(scalar, scalar, scalar, [scalar, self._scalar()], [], {key: scalar}, {key: scalar}, {})

    def _scalar(self) -> Any:
        later = START + 3 * GRID
        times = (later, START + 0.5, "2006-10-29", format_instant(later), "2006-10-29T01:00:00+10:00")
        texts = ("a", "ab", "caf\u00e9", "cafe\u0301", "", "5")
        return self.one(5, 5.0, -1.5, 6, 0, True, False, None, *texts, *times)


_OTHERS: Final = ("session_start", "attributes", "attributes", "something_new")
_DICE: Final = _Dice()
_EVENTS: Final = sorted((_DICE.event() for _ in range(6_000)), key=lambda event: event.time)
"""The earliest first: what is drawn shrinks to them."""
_ATTRIBUTES: Final = [_DICE.attributes() for _ in range(500)]
