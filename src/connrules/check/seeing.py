"""Whether a pattern speaks of an event, or of what became of another: exactly as when rules run.

Objects are meant by the name that the catalog has for them; without a catalog every name is known, and always active.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from connrules import ast
from connrules.catalog import Campaign, Catalog, Entry
from connrules.check.holding import Facts, holds
from connrules.event import Event, Kind, Outcome
from connrules.vocabulary import CUSTOM_EVENT, OBJECT_KIND, ObjectKind

Happening = Event | Outcome
"""What may start a wait: an event, or an outcome `sent` or `cancelled`."""
Object = tuple[ObjectKind, str]


def instant_of(happening: Happening) -> int:
    """When it happened."""
    return happening.time if isinstance(happening, Event) else happening.at


def properties_of(happening: Happening) -> Mapping[str, Any]:
    """Its properties; an outcome has none."""
    return (happening.properties or {}) if isinstance(happening, Event) else {}


@dataclass(frozen=True, slots=True)
class Eyes:
    """Sees what events are about, in the world of a catalog."""

    catalog: Catalog | None
    facts: Facts
    """What is the same for all conditions: segments, and the zone of bare dates."""

    def matches(self, pattern: ast.Pattern, happening: Happening, trigger: Happening | None = None) -> bool:
        """Whether the pattern speaks of it; with the trigger of a wait, as an exception to that wait."""
        match pattern:
            case ast.SentRule(rule):
                return isinstance(happening, Outcome) and (happening.kind, happening.rule) == (Kind.SENT, rule.text)
            case ast.CancelledRule(rule):
                return isinstance(happening, Outcome) and (happening.kind, happening.rule) == (
                    Kind.CANCELLED,
                    rule.text,
                )
            case ast.EventPattern() | ast.CustomEvent():
                return (
                    isinstance(happening, Event)
                    and self._is_about(pattern, happening, trigger)
                    and self._satisfies(pattern.where, happening, trigger)
                )
            case _:
                assert_never(pattern)

    def is_source_active(self, happening: Happening) -> bool:
        """Whether the campaign or card that it is about is active at its own instant, where it is about one."""
        about = self.object_of(happening)
        if about is None or about[0] is ObjectKind.EVENT or self.catalog is None:
            return True
        return self._entry(about).active_at(instant_of(happening))

    def campaign(self, name: str) -> Campaign | None:
        """The campaign of that name, if it is known."""
        return Campaign.model_construct(name=name) if self.catalog is None else self.catalog.campaign(name)

    def is_active(self, name: str, instant: int) -> bool:
        """Whether the campaign of that name is active at an instant."""
        if self.catalog is None:
            return True
        campaign = self.catalog.campaign(name)
        return campaign is not None and campaign.active_at(instant)

    def object_of(self, happening: Happening) -> Object | None:
        """The campaign, card or custom event that it is about, if that is known; of a send the campaign sent."""
        if isinstance(happening, Outcome):
            about = (ObjectKind.CAMPAIGN, happening.send or "")
        else:
            kind = OBJECT_KIND.get(happening.type)
            if kind is None:
                return None
            named = {
                ObjectKind.CAMPAIGN: happening.campaign,
                ObjectKind.CARD: happening.card,
                ObjectKind.EVENT: happening.name,
            }
            about = (kind, named[kind] or "")
        return about if self._is_known(about) else None

    def _is_known(self, about: Object) -> bool:
        kind, name = about
        if not name or self.catalog is None:
            return bool(name)
        if kind is ObjectKind.EVENT:
            return self.catalog.events is None or self.catalog.event(name) is not None
        return len(self.catalog.named(kind, name)) == 1

    def _entry(self, about: Object) -> Entry:
        assert self.catalog is not None
        return self.catalog.named(*about)[0]

    def _is_about(self, pattern: ast.EventPattern | ast.CustomEvent, event: Event, trigger: Happening | None) -> bool:
        type_ = pattern.word.text if isinstance(pattern, ast.EventPattern) else CUSTOM_EVENT
        if event.type != type_ or type_ not in OBJECT_KIND:
            return False
        if OBJECT_KIND[type_] is None:
            return True
        about = self.object_of(event)
        if about is None:
            return False
        if isinstance(pattern, ast.CustomEvent):
            return about[1] == pattern.name.text
        match pattern.of:
            case ast.Objects(names):
                return any(name.text == about[1] for name in names)
            case ast.AnyObject():
                return True
            case None:
                return trigger is not None and about == self.object_of(trigger)
            case _:
                assert_never(pattern.of)

    def _satisfies(self, where: ast.Condition | None, event: Event, trigger: Happening | None) -> bool:
        if where is None:
            return True
        known = self.catalog.event(event.name) if self.catalog and event.name and event.type == CUSTOM_EVENT else None
        of_trigger = properties_of(trigger) if trigger else {}
        facts = self.facts._replace(
            values=properties_of(event), types=known.properties if known else {}, trigger=of_trigger
        )
        return holds(where, facts)
