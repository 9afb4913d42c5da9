"""Random histories: events in order of arrival, the profiles of users, and how an engine is to look at them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

import msgspec
from hypothesis import strategies as st
from tests.properties.world import (
    CAMPAIGN_WORDS,
    CARD_WORDS,
    CUSTOM_EVENTS,
    GRID,
    START,
    STEPS,
    USERS,
    ZONES,
    instants,
)

from connrules.duration import format_instant
from connrules.event import Event
from connrules.vocabulary import ObjectKind

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
    known = st.dictionaries(st.sampled_from(USERS), _attributes(), max_size=3)
    return st.builds(Look, _latenesses(), _one((0, 0, 0, 1, GRID, 3 * GRID)), st.just({}) | known)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Up to forty events of a few users in order of arrival: half of the time also in order of event time."""
    history = draw(_lists_of_events(draw(st.sampled_from([0, 10, 20]))))
    return sorted(history, key=lambda event: event.time) if draw(st.booleans()) else history


@cache
def _lists_of_events(fewest: int) -> st.SearchStrategy[list[Event]]:
    return st.lists(_events(), min_size=fewest, max_size=40)


@cache
def _latenesses() -> st.SearchStrategy[int]:
    return st.sampled_from([0, 1, GRID - 1, GRID, 3 * GRID, 2 * STEPS * GRID])


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


@cache
@st.composite
def _events(draw: st.DrawFn) -> Event:
    kind = draw(_one((ObjectKind.CAMPAIGN, ObjectKind.CAMPAIGN, ObjectKind.CARD, ObjectKind.EVENT, None)))
    fields: dict[str, Any] = {}
    match kind:
        case ObjectKind.CAMPAIGN:
            words: Sequence[str] = CAMPAIGN_WORDS
            fields["campaign"] = draw(
                _names("A", "A", "B", "X", "c-A", "c-B", "No\u00ebl", "Noe\u0308l", "Twin", "t-1", "t-2")
            )
        case ObjectKind.CARD:
            words = CARD_WORDS
            fields["card"] = draw(_names("A", "K", "k-K"))
        case ObjectKind.EVENT:
            words = ("event",)
            fields["name"] = draw(_names(*CUSTOM_EVENTS))
        case _:
            words = ("purchase", "purchase", "session_start", "attributes", "attributes", "something_new")
    type_ = draw(_one(tuple(words)))
    properties = _attributes() if type_ == "attributes" else _properties()
    return Event(
        user=draw(_one(("u1", *USERS))),
        type=type_,
        time=draw(instants()),
        id=draw(_one((None, None, None, "", "twice", "thrice"))),
        properties=draw(st.one_of(st.none(), properties)),
        **fields,
    )


@cache
def _one(choices: tuple[T, ...]) -> st.SearchStrategy[T]:
    return st.sampled_from(choices)


def _names(*known: str) -> st.SearchStrategy[str | None]:
    return _one((*known, *known, "Unheard Of", "", None))


@cache
def _scalars() -> st.SearchStrategy[Any]:
    times = [START + 3 * GRID, START + 0.5, "2006-10-29", format_instant(START + 3 * GRID), "2006-10-29T01:00:00+10:00"]
    texts = ["a", "ab", "caf\u00e9", "cafe\u0301", "", "5"]
    return st.one_of(st.sampled_from([5, 5.0, -1.5, 6, 0, True, False, None]), st.sampled_from([*texts, *times]))


@cache
def _properties() -> st.SearchStrategy[dict[str, Any]]:
    scalars = _scalars()
    values = st.one_of(
        scalars, scalars, st.lists(scalars, max_size=2), st.fixed_dictionaries({}, optional={"id": scalars})
    )
    names = ("amount", "tag", "tags", "cart", "order-id", "moment")
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, values))


@cache
def _attributes() -> st.SearchStrategy[dict[str, Any]]:
    scalars = _scalars()
    return st.fixed_dictionaries(
        {},
        optional={
            "plan": scalars,
            "age": scalars,
            "since": scalars,
            "e-mail": scalars,
            "tags": st.lists(scalars, max_size=2),
            "address": st.none() | st.fixed_dictionaries({}, optional={"city": scalars}),
            "time_zone": _one((*ZONES, *ZONES, "Nowhere/Land", 5, None)),
        },
    )
