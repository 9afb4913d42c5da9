"""Which events a pattern speaks of, and what is active when, worked out afresh for every event.

Names compare in Unicode NFC; an event may name a campaign or card by its id too.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, assert_never

from connrules import ast
from connrules.catalog import Campaign, Card, Catalog, CustomEvent, Entry, nfc
from connrules.duration import parse_instant
from connrules.event import Event
from connrules.vocabulary import CUSTOM_EVENT, OBJECT_KIND, ObjectKind

_Object = Entry | CustomEvent

_OPERATORS: Final[dict[ast.Operator, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def campaign_is_active(name: str, instant: int, catalog: Catalog | None) -> bool:
    """Whether the campaign of that name is active at an instant (epoch ms)."""
    campaign = _find(ObjectKind.CAMPAIGN, name, catalog)
    return isinstance(campaign, Entry) and campaign.active_at(instant)


def object_is_active(event: Event, catalog: Catalog | None) -> bool:
    """Whether what the event names is active at the event's time; where there is nothing that could be: yes."""
    named = _object_of(event, catalog)
    return not isinstance(named, Entry) or named.active_at(event.time)


def matches(pattern: ast.Pattern, event: Event, catalog: Catalog | None, trigger: Event | None = None) -> bool:
    """Whether a pattern speaks of an event.

    With the trigger event of a wait, the pattern is an exception to that wait.
    """
    word = CUSTOM_EVENT if isinstance(pattern, ast.CustomEvent) else pattern.word.text
    if event.type != word or not _names_what_is_meant(pattern, event, catalog, trigger):
        return False
    types = catalog.event(nfc(event.name)) if catalog and event.name and word == CUSTOM_EVENT else None
    properties = _Properties(event, trigger, types.properties if types else {})
    return pattern.where is None or properties.satisfy(pattern.where)


def _names_what_is_meant(pattern: ast.Pattern, event: Event, catalog: Catalog | None, trigger: Event | None) -> bool:
    kind, named = OBJECT_KIND[event.type], _object_of(event, catalog)
    if kind is None:
        return True
    if named is None:
        return False
    if isinstance(pattern, ast.CustomEvent):
        return named == _find(kind, pattern.name.text, catalog)
    match pattern.of:
        case ast.Objects(names):
            return any(named == _find(kind, name.text, catalog) for name in names)
        case ast.AnyObject():
            return True
        case None:
            return trigger is not None and named == _object_of(trigger, catalog)
        case _:
            assert_never(pattern.of)


def _object_of(event: Event, catalog: Catalog | None) -> _Object | None:
    """The campaign, card or custom event that an event names, if it is known."""
    kind = OBJECT_KIND.get(event.type)
    names = {ObjectKind.CAMPAIGN: event.campaign, ObjectKind.CARD: event.card, ObjectKind.EVENT: event.name}
    return None if kind is None else _find(kind, names[kind] or "", catalog)


def _find(kind: ObjectKind, text: str, catalog: Catalog | None) -> _Object | None:
    """The one entry of that id, or else of that name. What no catalog speaks of is known, and always active."""
    name = nfc(text)
    if not name:
        return None
    match kind:
        case ObjectKind.CAMPAIGN:
            return Campaign(name=name) if catalog is None else _only(catalog.campaigns, name)
        case ObjectKind.CARD:
            return Card(name=name) if catalog is None else _only(catalog.cards, name)
        case ObjectKind.EVENT:
            return CustomEvent(name=name) if catalog is None or catalog.events is None else catalog.event(name)
        case _:
            assert_never(kind)


def _only(entries: Sequence[Entry], name: str) -> Entry | None:
    found = [entry for entry in entries if entry.id == name] or [entry for entry in entries if entry.name == name]
    return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class _Properties:
    """What a `where` looks at: an event's properties, those of the trigger event, and the types of the catalog."""

    event: Event
    trigger: Event | None
    types: Mapping[str, str]

    def satisfy(self, condition: ast.Condition) -> bool:
        """Whether the condition holds."""
        match condition:
            case ast.AllOf(terms):
                return all(self.satisfy(term) for term in terms)
            case ast.AnyOf(terms):
                return any(self.satisfy(term) for term in terms)
            case ast.Negation(term):
                return not self.satisfy(term)
            case ast.IsMissing(path):
                return _value(path, self.event) is None
            case ast.IsPresent(path):
                return _value(path, self.event) is not None
            case ast.Compare(path, symbol, operand):
                return self._compare(path, symbol, operand)
            case ast.OneOf(path, operands):
                return any(self._compare(path, "=", operand) for operand in operands)
            case ast.Contains(path, operand):
                return self._contains(_value(path, self.event), operand)
            case ast.StartsWith(path, operand):
                value, start = _value(path, self.event), self._operand(operand)
                return isinstance(value, str) and isinstance(start, str) and nfc(value).startswith(nfc(start))
            case _:
                assert_never(condition)

    def _compare(self, path: ast.Path, symbol: ast.Operator, operand: ast.Operand) -> bool:
        timed = path.segments[1:] == () and self.types.get(path.segments[0]) == "time"
        return self._holds(symbol, _value(path, self.event), operand, timed=timed)

    def _contains(self, value: object, operand: ast.Operand) -> bool:
        if isinstance(value, list):
            return any(self._holds("=", element, operand) for element in value)
        part = self._operand(operand)
        return isinstance(value, str) and isinstance(part, str) and nfc(part) in nfc(value)

    def _holds(self, symbol: ast.Operator, value: object, operand: ast.Operand, *, timed: bool = False) -> bool:
        """Whether a comparison holds: never between two types, nor with what is missing; booleans have no order."""
        as_type = _instant if timed or isinstance(operand, ast.Instant) else _scalar
        left, right = as_type(value), as_type(self._operand(operand))
        if left is None or right is None or left[0] != right[0]:
            return False
        return (left[0] != "boolean" or symbol in {"=", "!="}) and _OPERATORS[symbol](left[1], right[1])

    def _operand(self, operand: ast.Operand) -> object:
        match operand:
            case ast.Text(value) | ast.Number(value) | ast.Boolean(value) | ast.Instant(value):
                return value
            case ast.TriggerProperty(path):
                return None if self.trigger is None else _value(path, self.trigger)
            case _:
                assert_never(operand)


def _value(path: ast.Path, event: Event) -> object:
    """The value that a path leads to. None where it leads to none, or to JSON's null: both are missing."""
    value: object = event.properties
    for segment in path.segments:
        properties = value if isinstance(value, dict) else {}
        same = [item for name, item in properties.items() if nfc(name) == segment]
        value = properties.get(segment, same[0] if same else None)
    return value


def _scalar(value: object) -> tuple[str, Any] | None:
    """A value with the type that it compares as; None: it compares with nothing."""
    match value:
        case bool():
            return "boolean", value
        case int() | float():
            return "number", value
        case str():
            return "string", nfc(value)
        case _:
            return None


def _instant(value: object) -> tuple[str, int] | None:
    """A value as the instant that it names: epoch milliseconds, or a time or date in ISO 8601; None: it names none."""
    match value:
        case str():
            try:
                return "instant", parse_instant(value)
            except ValueError:
                return None
        case int() if not isinstance(value, bool):
            return "instant", value
        case _:
            return None
