"""Random catalogs: when campaigns and cards are active, and what is said of events and users."""

from functools import cache
from typing import Any

from hypothesis import strategies as st
from tests.properties.world import CAMPAIGNS, CARDS, CUSTOM_EVENTS, TWINS, instants

from connrules.catalog import Catalog

_CHANNELS = st.sampled_from([("push",), ("push", "email")])


@cache
def catalogs() -> st.SearchStrategy[Catalog | None]:
    """Catalogs that know every name of the rules; now and then one that lacks a name, or no catalog at all."""
    return st.one_of(st.none(), _trees().map(Catalog.model_validate), _trees().map(Catalog.model_validate))


@cache
@st.composite
def _trees(draw: st.DrawFn) -> dict[str, Any]:
    campaigns = [draw(_entries(name, "c-")) for name in CAMPAIGNS]
    for campaign in campaigns:
        campaign.update(channels=draw(_CHANNELS), control_group=True, conversion_events=("purchase",))
    if draw(st.integers(0, 39)) == 0:
        del campaigns[draw(st.integers(0, len(campaigns) - 1))]
    tree: dict[str, Any] = {"campaigns": [*campaigns, *TWINS], "cards": [draw(_entries(name, "k-")) for name in CARDS]}
    if draw(st.booleans()):
        listed = draw(st.lists(st.sampled_from(CUSTOM_EVENTS), unique=True))
        types = {"moment": draw(st.sampled_from(["time", "string"])), "amount": "number"}
        tree["events"] = [{"name": name, "properties": types} for name in listed]
    if draw(st.booleans()):
        tree["user"] = {"attributes": {"since": draw(st.sampled_from(["time", "string"])), "plan": "string"}}
    return tree


@cache
@st.composite
def _entries(draw: st.DrawFn, name: str, prefix: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": name}
    if draw(st.booleans()):
        entry["id"] = prefix + name
    match draw(st.integers(0, 24)):
        case 0:
            entry["status"] = draw(st.sampled_from(["draft", "paused", "archived"]))
        case 1 | 2:
            entry["published_at"] = draw(instants())
        case 3 | 4:
            entry["published_at"], entry["stopped_at"] = _ascending(draw, 2)
        case 5:
            first, second, third, fourth = _ascending(draw, 4)
            entry["active"] = draw(st.sampled_from([[[first, second], [third, fourth]], [[first, second], [third]]]))
    return entry


def _ascending(draw: st.DrawFn, count: int) -> list[int]:
    return sorted(draw(st.lists(instants(), min_size=count, max_size=count, unique=True)))
