"""Resolves the names in a rule to entries of the catalog. A name that leads to none, or to two, gives a finding.

One wrong name gives one finding: the likeliest reason is said, and nothing that follows from it.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from connrules import ast, catalog
from connrules.catalog import PropertyType
from connrules.check.names.attributes import known_attributes
from connrules.check.names.lookalike import difference, looks, written_out
from connrules.check.patterns import interaction_of, names_in, patterns_of
from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.syntax.fixes import replacing
from connrules.syntax.spelling import quoted
from connrules.text import SourceText, Span, closest, nfc
from connrules.vocabulary import INTERACTIONS, ObjectKind

if TYPE_CHECKING:
    from connrules.catalog import Campaign, Catalog, Entry

Bindings = dict[Span, "Entry"]
"""What each name of a rule stands for, by the name's place. A name that is not in it has a finding instead."""

_IGNORED = re.compile(r"[\s_-]+")
_OTHER = {ObjectKind.CAMPAIGN: ObjectKind.CARD, ObjectKind.CARD: ObjectKind.CAMPAIGN}


def fold(name: str) -> str:
    """A name without what people mix up: case, white space, `_` and `-`, characters that look alike or like nothing."""
    return _IGNORED.sub("", looks(name).casefold())


class Names:
    """An index of a catalog's names."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._of_kind: dict[ObjectKind, tuple[Entry, ...]] = {
            ObjectKind.CAMPAIGN: catalog.campaigns,
            ObjectKind.CARD: catalog.cards,
        }
        self._folded: dict[tuple[ObjectKind, str], list[str]] = {}
        self._by_id: dict[tuple[ObjectKind, str], str] = {}
        for kind, entries in self._of_kind.items():
            for entry in entries:
                self._index(kind, entry)
        self._events = {event.name for event in catalog.events or ()}
        self._events_folded = {fold(name): name for name in self._events}
        self.attributes = known_attributes(catalog)
        self.properties = {event.name: _in_nfc(event.properties) for event in catalog.events or () if event.properties}
        """By name, the properties of the custom events of which the catalog lists them."""
        self.attribute_types = _in_nfc(catalog.user.attributes)
        self._near: dict[tuple[ObjectKind, str], str | None] = {}

    def _index(self, kind: ObjectKind, entry: Entry) -> None:
        alike = self._folded.setdefault((kind, fold(entry.name)), [])
        if entry.name not in alike:
            alike.append(entry.name)
        if entry.id is not None:
            self._by_id[kind, entry.id] = entry.name

    @cached_property
    def samples(self) -> tuple[Campaign, ...]:
        """Of the campaigns that have the same to offer to interactions, two at most, however many there are."""
        alike: dict[Hashable, list[Campaign]] = {}
        for campaign in self.catalog.campaigns:
            offer = (frozenset(campaign.channels), campaign.control_group, bool(campaign.conversion_events))
            alike.setdefault(offer, []).append(campaign)
        return tuple(campaign for campaigns in alike.values() for campaign in campaigns[:2])

    def alike(self, kind: ObjectKind, name: str) -> list[str]:
        """The names of that kind that are equal to this one but for case, white space, `_` and `-`."""
        return self._folded.get((kind, fold(name)), []) if fold(name) else []

    def by_id(self, kind: ObjectKind, text: str) -> str | None:
        """The name of the entry of that kind and id."""
        return self._by_id.get((kind, text))

    def near(self, kind: ObjectKind, name: str) -> str | None:
        """The name of that kind that was probably meant."""
        if (kind, name) not in self._near:
            self._near[kind, name] = closest(name, (entry.name for entry in self._of_kind[kind]))
        return self._near[kind, name]

    def knows_event(self, name: str) -> bool:
        """Whether a custom event is in the catalog; a catalog without a list of them does not say, and all are."""
        return self.catalog.events is None or name in self._events

    def event_like(self, name: str) -> str | None:
        """The custom event of that name, but for case, white space, `_` and `-`."""
        return self._events_folded.get(fold(name))

    def event_near(self, name: str) -> str | None:
        """The custom event that was probably meant."""
        return self.event_like(name) or closest(name, self._events)


def _in_nfc(types: Mapping[str, PropertyType]) -> dict[str, PropertyType]:
    return {nfc(name): type_ for name, type_ in types.items()}


class Mention(NamedTuple):
    """A campaign's or card's name in a rule or test; `word` is what it stands with, None a `send`."""

    name: ast.Name
    kind: ObjectKind
    word: str | None


def mentions(rule: ast.Rule) -> Iterator[Mention]:
    """The names of campaigns and cards in a rule, in the order trigger, exceptions, goal, targets."""
    for pattern in patterns_of(rule):
        interaction = interaction_of(pattern)
        if interaction is not None:
            yield from (Mention(name, interaction.object, interaction.word) for name in names_in(pattern))
    yield from (Mention(target, ObjectKind.CAMPAIGN, None) for target in rule.targets)


def bind(source: SourceText, mentioned: Iterable[Mention], names: Names) -> tuple[Bindings, list[Diagnostic]]:
    """Resolve campaigns and cards; a name that is wrong in several places is one finding."""
    bindings: Bindings = {}
    unresolved: dict[tuple[ObjectKind, str], list[Mention]] = {}
    for mention in mentioned:
        name, kind, _ = mention
        found = names.catalog.named(kind, name.text)
        if len(found) == 1:
            bindings[name.span] = found[0]
        elif name.text.strip():
            unresolved.setdefault((kind, name.text), []).append(mention)
    return bindings, [_unresolved(source, alike, names) for alike in unresolved.values()]


def event_names(rule: ast.Rule) -> Iterator[ast.Name]:
    """The names of custom events in a rule."""
    return (pattern.name for pattern in patterns_of(rule) if isinstance(pattern, ast.CustomEvent))


def check_events(source: SourceText, mentioned: Iterable[ast.Name], names: Names) -> Iterator[Diagnostic]:
    """Custom events that the catalog does not know, each once."""
    unknown: dict[str, list[Span]] = {}
    for name in mentioned:
        if name.text.strip() and not names.knows_event(name.text):
            unknown.setdefault(name.text, []).append(name.span)
    for text, places in unknown.items():
        near = names.event_near(text)
        remedy = f'did you mean `"{near}"`?' if near else "add it to the events of the catalog, or correct the name"
        unseen = difference(text, near) if near else None
        if near and unseen:
            remedy = f"write `{written_out(near)}`"
        message = f"the catalog has no custom event `{text}`"
        written = None if near is None else written_out(near) if unseen else quoted(near)
        fix = replacing(source, places, written) if written else None
        yield finding("CR203", source, places[0], message, label=unseen or "", help=remedy, fix=fix)


def _unresolved(source: SourceText, mentioned: list[Mention], names: Names) -> Diagnostic:
    """What is wrong with a name, wherever in a rule or test it stands."""
    mention, places = mentioned[0], [mention.name.span for mention in mentioned]
    name, kind, _ = mention
    same_name = names.catalog.named(kind, name.text)
    if len(same_name) > 1:
        return _ambiguous(source, mention, same_name)
    owner = names.by_id(kind, name.text)
    alike = names.alike(kind, name.text)
    if owner is None and alike:
        return _differs(source, mention, alike, places)
    other = names.alike(_OTHER[kind], name.text)
    if owner is None and other:
        meant = name.text if name.text in other else other[0]
        return _of_other_kind(source, mention, names.catalog.named(_OTHER[kind], meant)[0])
    return _unknown(source, mention, (owner, names.near(kind, name.text)), places)


def _ambiguous(source: SourceText, mention: Mention, entries: list[Entry]) -> Diagnostic:
    ids = [entry.id for entry in entries if entry.id is not None]
    return finding(
        "CR209",
        source,
        mention.name.span,
        f"{len(entries)} {mention.kind}s of the catalog are named `{mention.name.text}`",
        label=f"this could be {' or '.join(f'`{i}`' for i in ids)}" if len(ids) == len(entries) else "",
        help="give them different names in the catalog",
    )


def _differs(source: SourceText, mention: Mention, alike: list[str], places: list[Span]) -> Diagnostic:
    twin = next((other for other in alike if difference(mention.name.text, other)), None)
    if twin is not None:
        return _looks_alike(source, mention, twin, places)
    return finding(
        "CR204",
        source,
        mention.name.span,
        f"the {mention.kind} is not spelled `{mention.name.text}`",
        label="names differ where case, spaces, `_` or `-` do",
        help=f"write {_either(alike)}",
        fix=replacing(source, places, quoted(alike[0]), safe=True) if len(alike) == 1 else None,
    )


def _looks_alike(source: SourceText, mention: Mention, twin: str, places: list[Span]) -> Diagnostic:
    return finding(
        "CR204",
        source,
        mention.name.span,
        f"the name only looks like that of a {mention.kind} of the catalog",
        label=difference(mention.name.text, twin) or "",
        help=f"write `{written_out(twin)}`",
        fix=replacing(source, places, written_out(twin), safe=True),
    )


def _of_other_kind(source: SourceText, mention: Mention, entry: Entry) -> Diagnostic:
    name, kind, word = mention
    other, meant = _OTHER[kind], entry.name
    if word not in INTERACTIONS:
        message, remedy = f"`{meant}` is a card, and only campaigns can be sent", "name a campaign"
    else:
        channels = entry.channels if isinstance(entry, catalog.Campaign) else ()
        rows = [row for row in INTERACTIONS.values() if row.object is other]
        words = [f"`{row.word}`" for row in rows if not channels or row.channel in channels]
        message = f"`{meant}` is a {other}, and `{word}` is about {kind}s"
        whom = "it" if channels else f"{other}s"
        remedy = f"interactions with {whom} are {', '.join(words[:3])}{' …' if len(words) > 3 else ''}"
    return finding("CR208", source, name.span, message, help=remedy)


def _unknown(
    source: SourceText, mention: Mention, meant: tuple[str | None, str | None], places: list[Span]
) -> Diagnostic:
    """A name that is none; perhaps it is the id of something that has one, or near to one."""
    name, kind, word = mention
    owner, near = meant
    code = "CR212" if word is None else "CR202" if kind is ObjectKind.CARD else "CR201"
    if owner is not None:
        remedy = f'`{name.text}` is the id of the {kind} "{owner}"; rules use the name: write `"{owner}"`'
    elif near is not None:
        remedy = f'did you mean `"{near}"`?'
    else:
        remedy = f"add the {kind} to the catalog, or correct the name"
    what = f"no {kind} of the catalog is named `{name.text}`"
    if word is None:
        what = f"no campaign of the catalog is named `{name.text}`, so there is nothing to send"
    name_meant = owner or near
    fix = replacing(source, places, quoted(name_meant)) if name_meant else None
    return finding(code, source, name.span, what, help=remedy, fix=fix)


def _either(names: Iterable[str]) -> str:
    return " or ".join(f'`"{name}"`' for name in names)
