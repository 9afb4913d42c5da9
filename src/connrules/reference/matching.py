"""Which events a pattern speaks of, and what is active when, worked out afresh for every event.

Names compare in Unicode NFC; an event may name a campaign or card by its id too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, assert_never

from connrules import ast
from connrules import catalog as models
from connrules.event import Event, Kind, Outcome
from connrules.reference.conditions import Facts, holds
from connrules.text import nfc
from connrules.vocabulary import CUSTOM_EVENT, OBJECT_KIND, ObjectKind

if TYPE_CHECKING:
    from connrules.catalog import Campaign, Catalog, CustomEvent, Entry

Happening = Event | Outcome
"""What may start a wait: an event, or an outcome `sent` or `cancelled`, which is one for the rules that wait for it."""


class Unlisted(NamedTuple):
    """What no catalog speaks of: it is known, and always active."""

    kind: ObjectKind
    name: str
    channels: tuple[str, ...] = ()

    def active_at(self, _instant: int) -> bool:
        """Whether it is active at an instant, in epoch milliseconds."""
        return True


_Object: TypeAlias = "Entry | CustomEvent | Unlisted"


def campaign_of(name: str, catalog: Catalog | None) -> Campaign | Unlisted | None:
    """The campaign of that name, if it is known."""
    match _find(ObjectKind.CAMPAIGN, name, catalog):
        case Unlisted() | models.Campaign() as campaign:
            return campaign
        case _:
            return None


def campaign_is_active(name: str, instant: int, catalog: Catalog | None) -> bool:
    """Whether the campaign of that name is active at an instant (epoch ms)."""
    campaign = campaign_of(name, catalog)
    return campaign is not None and campaign.active_at(instant)


def object_is_active(happening: Happening, catalog: Catalog | None) -> bool:
    """Whether what it names is active at its own instant; where there is nothing that could be: yes."""
    named = _object_of(happening, catalog)
    return catalog is None or not isinstance(named, models.Entry) or named.active_at(instant_of(happening))


def instant_of(happening: Happening) -> int:
    """When it happened."""
    return happening.time if isinstance(happening, Event) else happening.at


def properties_of(happening: Happening) -> Mapping[str, Any]:
    """Its properties; an outcome has none."""
    return (happening.properties or {}) if isinstance(happening, Event) else {}


def matches(
    pattern: ast.Pattern,
    happening: Happening,
    catalog: Catalog | None,
    trigger: Happening | None = None,
    zone: tzinfo | None = None,
) -> bool:
    """Whether a pattern speaks of an event or outcome.

    With the trigger of a wait, the pattern is an exception to that wait. Bare dates in properties begin in the zone.
    """
    match pattern:
        case ast.SentRule(rule):
            return isinstance(happening, Outcome) and (happening.kind, happening.rule) == (Kind.SENT, rule.text)
        case ast.CancelledRule(rule):
            return isinstance(happening, Outcome) and (happening.kind, happening.rule) == (Kind.CANCELLED, rule.text)
        case ast.EventPattern(word) | ast.CustomEvent(word):
            type_ = word.text if isinstance(pattern, ast.EventPattern) else CUSTOM_EVENT
            if not isinstance(happening, Event) or happening.type != type_:
                return False
            named = _names_what_is_meant(pattern, happening, catalog, trigger)
            return named and _satisfies(pattern.where, happening, catalog, trigger, zone)
        case _:
            assert_never(pattern)


def _names_what_is_meant(
    pattern: ast.EventPattern | ast.CustomEvent, event: Event, catalog: Catalog | None, trigger: Happening | None
) -> bool:
    kind, named = OBJECT_KIND[event.type], _object_of(event, catalog)
    if kind is None:
        return True
    if named is None:
        return False
    if isinstance(pattern, ast.CustomEvent):
        return named is _find(kind, pattern.name.text, catalog)
    match pattern.of:
        case ast.Objects(names):
            return any(named is _find(kind, name.text, catalog) for name in names)
        case ast.AnyObject():
            return True
        case None:
            return trigger is not None and named is _object_of(trigger, catalog)
        case _:
            assert_never(pattern.of)


def _satisfies(
    where: ast.Condition | None,
    event: Event,
    catalog: Catalog | None,
    trigger: Happening | None,
    zone: tzinfo | None,
) -> bool:
    if where is None:
        return True
    known = catalog.event(nfc(event.name)) if catalog and event.name and event.type == CUSTOM_EVENT else None
    types = known.properties if known else {}
    of_trigger = properties_of(trigger) if trigger else {}
    return holds(where, Facts(properties_of(event), types, of_trigger, zone=zone))


def _object_of(happening: Happening, catalog: Catalog | None) -> _Object | None:
    """The campaign, card or custom event that it names, if that is known; of a send the campaign that was sent."""
    if isinstance(happening, Outcome):
        return campaign_of(happening.send or "", catalog)
    kind = OBJECT_KIND.get(happening.type)
    names = {ObjectKind.CAMPAIGN: happening.campaign, ObjectKind.CARD: happening.card, ObjectKind.EVENT: happening.name}
    return None if kind is None else _find(kind, names[kind] or "", catalog)


def _find(kind: ObjectKind, text: str, catalog: Catalog | None) -> _Object | None:
    """The one entry of that id, or else of that name: for one thing always the same object."""
    name = nfc(text)
    if not name:
        return None
    match kind:
        case ObjectKind.CAMPAIGN | ObjectKind.CARD:
            return _unlisted(kind, name) if catalog is None else catalog.called(kind, name)
        case ObjectKind.EVENT:
            is_listed = catalog is not None and catalog.events is not None
            return catalog.event(name) if catalog and is_listed else _unlisted(kind, name)
        case _:
            assert_never(kind)


@cache
def _unlisted(kind: ObjectKind, name: str) -> Unlisted:
    """For one thing always the same object."""
    return Unlisted(kind, name)
