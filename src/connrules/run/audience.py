"""What is known of a user: what events said, and what the host's look-up says of the rest."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from connrules.event import Profiles, json_value
from connrules.run.program import TIME_ZONE
from connrules.run.state import UserState
from connrules.text import nfc
from connrules.wallclock import find_zone


def attributes_of(state: UserState, user: str, profiles: Profiles | None) -> Mapping[str, Any]:
    """The attributes of a user; one that is None is missing."""
    if profiles is None:
        return state.attributes
    known = profiles.attributes(user)
    if not isinstance(known, Mapping | None):
        raise TypeError(f"the profile of {user!r} is a mapping from attributes to values, not {known!r}")
    return {**(known or {}), **state.attributes}


def zone_of(state: UserState, user: str, profiles: Profiles | None) -> tzinfo | None:
    """The time zone of a user; None where it is not known."""
    name = attributes_of(state, user, profiles).get(TIME_ZONE)
    return find_zone(name) if isinstance(name, str) else None


def said(properties: Mapping[str, Any], looked_at: frozenset[str]) -> dict[str, Any]:
    """What an `attributes` event says that some condition looks at, its names in NFC."""
    named = ((nfc(name), value) for name, value in properties.items())
    return {name: json_value(value) for name, value in named if name in looked_at}
