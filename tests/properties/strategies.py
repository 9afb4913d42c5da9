"""Random rule sets, catalogs and histories in one small world, so that names, instants and delays collide often.

Rule sets are text, so that parser and checker take part. Times lie on a grid of half hours, as delays and windows do,
and now and then a millisecond beside it. Strategies are cached, for making one takes longer than drawing from it.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec
from hypothesis import strategies as st

from connrules.catalog import Catalog
from connrules.duration import format_duration, format_instant, parse_instant
from connrules.event import Event
from connrules.vocabulary import CHANNELS, INTERACTIONS, ObjectKind

START = parse_instant("2026-03-02")
GRID = 1_800_000
"""Half an hour, in milliseconds."""
STEPS = 12
"""How many steps of the grid a history takes."""

CAMPAIGNS = ("A", "B", "No\u00ebl", "X")
CARDS = ("A", "K")
CUSTOM_EVENTS = ("Joined", "Left")
TWINS = [{"name": "Twin", "id": f"t-{n}", "channels": CHANNELS} for n in (1, 2)]
_CAMPAIGN_WORDS = ("received_push", "opened_push", "opened_push", "entered_control")
_CARD_WORDS = ("viewed_card", "clicked_card")
_OBJECT_KINDS = {word: INTERACTIONS[word].object for word in (*_CAMPAIGN_WORDS, *_CARD_WORDS)}

T = TypeVar("T")

# Rule sets


@cache
@st.composite
def rule_sets(draw: st.DrawFn) -> str:
    """The text of one to four rules. Now and then the checker finds errors in it."""
    count = draw(st.integers(1, 4))
    titles = (draw(st.sampled_from([f"rule r{n}: ", ""])) for n in range(count))
    return "\n".join(title + draw(_clauses()) for title in titles)


@cache
@st.composite
def _clauses(draw: st.DrawFn) -> str:
    triggers = draw(st.lists(_patterns(), min_size=1, max_size=2))
    clauses = ["on " + " or ".join(triggers)]
    if draw(st.integers(0, 9)) > 1:
        clauses.append(f"after {_duration(draw(st.integers(1, 6)))}{draw(st.sampled_from(['', '', ' restarting']))}")
        if draw(st.integers(0, 2)):
            exceptions = draw(st.lists(_exceptions(triggers), min_size=1, max_size=3))
            clauses.append("unless " + " or ".join(exceptions))
    elif draw(st.booleans()):
        clauses.append("after 0s")
    clauses.append(draw(_lifetimes()))
    clauses.append(draw(_eligibilities()))
    clauses.append(f"send {draw(_targets())}")
    return " ".join(clause for clause in clauses if clause)


@cache
def _patterns() -> st.SearchStrategy[str]:
    """Patterns that say what they speak of."""
    plain = st.sampled_from(["purchase", "session_start", *(f'event "{name}"' for name in CUSTOM_EVENTS)])
    return st.one_of(
        st.builds("{}{}".format, plain, _wheres()),
        st.builds("{} of {}{}".format, st.sampled_from(_CAMPAIGN_WORDS), _objects(CAMPAIGNS), _wheres()),
        st.builds("{} of {}{}".format, st.sampled_from(_CARD_WORDS), _objects(CARDS), _wheres()),
    ).map(_without_where_of_a_session)


def _exceptions(triggers: Sequence[str]) -> st.SearchStrategy[str]:
    """Exceptions to such triggers: some the triggers themselves, some that imply the trigger's object."""
    kinds = frozenset(_OBJECT_KINDS.get(trigger.split()[0]) for trigger in triggers)
    again = [trigger for trigger in triggers if not trigger.startswith("session_start")]
    return _new_exceptions(kinds) | st.sampled_from(again) if again else _new_exceptions(kinds)


@cache
def _new_exceptions(kinds: frozenset[ObjectKind | None]) -> st.SearchStrategy[str]:
    compared = st.sampled_from(["", "", " where cart.id = trigger.cart.id", " where amount > trigger.amount"])
    implied = [word for word, kind in _OBJECT_KINDS.items() if kind in kinds]
    return _patterns() | st.builds("{}{}".format, st.sampled_from([*implied, "purchase"]), compared)


def _without_where_of_a_session(pattern: str) -> str:
    return pattern.partition(" where")[0] if pattern.startswith("session_start") else pattern


def _objects(names: Sequence[str]) -> st.SearchStrategy[str]:
    several = st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True)
    return st.one_of(st.just("any"), several.map(lambda chosen: ", ".join(f'"{name}"' for name in chosen)))


@cache
def _wheres() -> st.SearchStrategy[str]:
    return st.one_of(st.just(""), st.just(""), st.just(""), _conditions().map(lambda condition: f" where {condition}"))


@cache
def _conditions() -> st.SearchStrategy[str]:
    return st.recursive(
        _comparisons(),
        lambda inner: st.one_of(
            inner.map("not ({})".format),
            st.builds("({} and {})".format, inner, inner),
            st.builds("({} or {})".format, inner, inner),
        ),
        max_leaves=3,
    )


@cache
def _comparisons() -> st.SearchStrategy[str]:
    paths = st.sampled_from(["amount", "tag", "tags", "cart.id", "`order-id`", "moment", "gone"])
    operators = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
    literals = st.sampled_from(["5", "-1.5", '"a"', '"caf\u00e9"', "true", "2026-03-02", '"2026-03-02"', '""'])
    return st.one_of(
        st.builds("{} {} {}".format, paths, operators, literals),
        st.builds("{} in ({}, {})".format, paths, literals, literals),
        st.builds("{} contains {}".format, paths, literals),
        st.builds("{} starts with {}".format, paths, st.sampled_from(['"a"', '"caf\u00e9"', '""'])),
        st.builds("{} is {}".format, paths, st.sampled_from(["missing", "present"])),
    )


@cache
@st.composite
def _lifetimes(draw: st.DrawFn) -> str:
    start, end = sorted(draw(st.lists(_instants(), min_size=2, max_size=2, unique=True)))
    clauses = draw(st.sampled_from(["", "", "", "", "", "", "from {0}", "until {1}", "from {0} until {1}"]))
    return clauses.format(format_instant(start), format_instant(end))


@cache
def _eligibilities() -> st.SearchStrategy[str]:
    limits = st.builds("at most {} per {}".format, st.integers(1, 2), st.integers(1, 6).map(_duration))
    return st.one_of(st.just(""), st.just(""), st.just("once"), limits)


@cache
def _targets() -> st.SearchStrategy[str]:
    return st.sampled_from(["X", "X", '"X"', "B"])


def _duration(steps: int) -> str:
    return format_duration(steps * GRID)


@cache
def _instants() -> st.SearchStrategy[int]:
    """Instants (epoch ms) on the grid, and now and then a millisecond beside it."""
    offsets = st.sampled_from([0, 0, 0, 0, -1, 1])
    return st.builds(lambda step, offset: START + step * GRID + offset, st.integers(0, STEPS), offsets)


# Catalogs


@cache
def catalogs() -> st.SearchStrategy[Catalog | None]:
    """Catalogs that know every name of the rules; now and then one that lacks a name, or no catalog at all."""
    return st.one_of(st.none(), _trees().map(Catalog.model_validate), _trees().map(Catalog.model_validate))


@cache
@st.composite
def _trees(draw: st.DrawFn) -> dict[str, Any]:
    campaigns = [draw(_entries(name, "c-")) for name in CAMPAIGNS]
    for campaign in campaigns:
        campaign.update(channels=CHANNELS, control_group=True, conversion_events=("purchase",))
    if draw(st.integers(0, 19)) == 0:
        del campaigns[draw(st.integers(0, len(campaigns) - 1))]
    tree: dict[str, Any] = {"campaigns": [*campaigns, *TWINS], "cards": [draw(_entries(name, "k-")) for name in CARDS]}
    if draw(st.booleans()):
        listed = draw(st.lists(st.sampled_from(CUSTOM_EVENTS), unique=True))
        types = {"moment": draw(st.sampled_from(["time", "string"])), "amount": "number"}
        tree["events"] = [{"name": name, "properties": types} for name in listed]
    return tree


@cache
@st.composite
def _entries(draw: st.DrawFn, name: str, prefix: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": name}
    if draw(st.booleans()):
        entry["id"] = prefix + name
    match draw(st.integers(0, 14)):
        case 0:
            entry["status"] = draw(st.sampled_from(["draft", "paused", "archived"]))
        case 1 | 2:
            entry["published_at"] = draw(_instants())
        case 3 | 4:
            entry["published_at"], entry["stopped_at"] = _ascending(draw, 2)
        case 5:
            first, second, third, fourth = _ascending(draw, 4)
            entry["active"] = draw(st.sampled_from([[[first, second], [third, fourth]], [[first, second], [third]]]))
    return entry


def _ascending(draw: st.DrawFn, count: int) -> list[int]:
    return sorted(draw(st.lists(_instants(), min_size=count, max_size=count, unique=True)))


# Histories


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Up to forty events of a few users in order of arrival: half of the time also in order of event time."""
    history = draw(_lists_of_events(draw(st.sampled_from([0, 10, 20]))))
    return sorted(history, key=lambda event: event.time) if draw(st.booleans()) else history


@cache
def _lists_of_events(fewest: int) -> st.SearchStrategy[list[Event]]:
    return st.lists(_events(), min_size=fewest, max_size=40)


@cache
def latenesses() -> st.SearchStrategy[int]:
    """An allowed lateness, in milliseconds."""
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
            words: Sequence[str] = _CAMPAIGN_WORDS
            fields["campaign"] = draw(
                _names("A", "A", "B", "X", "c-A", "c-B", "No\u00ebl", "Noe\u0308l", "Twin", "t-1", "t-2")
            )
        case ObjectKind.CARD:
            words = _CARD_WORDS
            fields["card"] = draw(_names("A", "K", "k-K"))
        case ObjectKind.EVENT:
            words = ("event",)
            fields["name"] = draw(_names(*CUSTOM_EVENTS))
        case _:
            words = ("purchase", "purchase", "session_start", "attributes", "something_new")
    return Event(
        user=draw(_one(("u1", "u1", "u2", "u3"))),
        type=draw(_one(words)),
        time=draw(_instants()),
        id=draw(_one((None, None, None, "", "twice"))),
        properties=draw(st.one_of(st.none(), _properties())),
        **fields,
    )


@cache
def _one(choices: tuple[T, ...]) -> st.SearchStrategy[T]:
    return st.sampled_from(choices)


def _names(*known: str) -> st.SearchStrategy[str | None]:
    return _one((*known, *known, "Unheard Of", "", None))


@cache
def _properties() -> st.SearchStrategy[dict[str, Any]]:
    texts = st.sampled_from(["a", "ab", "caf\u00e9", "cafe\u0301", "", "5", "2026-03-02", "2026-03-02T01:00:00+01:00"])
    scalars = st.one_of(st.sampled_from([5, 5.0, -1.5, 6, 0, True, False, None, START, START + 0.5]), texts)
    values = st.one_of(
        scalars, scalars, st.lists(scalars, max_size=2), st.fixed_dictionaries({}, optional={"id": scalars})
    )
    names = ("amount", "tag", "tags", "cart", "order-id", "moment")
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, values))
