"""What a test says of when campaigns and cards are active goes before what the catalog says.

Instants are epoch milliseconds, intervals half-open; None is no end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from connrules import ast
from connrules import catalog as models
from connrules.catalog import ALWAYS, Interval
from connrules.check import Checked
from connrules.testing.bound import BoundTest, ImpossibleError, instant_of

if TYPE_CHECKING:
    from connrules.catalog import Campaign, Card, Catalog, Entry

_BEGINNING: Final = ALWAYS[0][0]
AnyEntry = TypeVar("AnyEntry", "Campaign", "Card")


def overlaid(checked: Checked, test: BoundTest, start: int | None) -> Checked:
    """The rule set with what the test says of campaigns and cards: each is active exactly when its steps say.

    Without `start`, bounds that are offsets from it are open. Raises ImpossibleError for an unknown name.
    """
    if not test.active:
        return checked
    catalog = _catalog_of_names(checked, test) if checked.catalog is None else checked.catalog
    said: dict[str, list[Interval]] = {}
    for step in test.active:
        if not any(_is(entry, step.name.text) for entry in (*catalog.campaigns, *catalog.cards)):
            raise ImpossibleError(step.name.span, f"there is no campaign or card `{step.name.text}` in the catalog")
        said.setdefault(step.name.text, []).append(_interval(step, start))
    campaigns = tuple(_entry(entry, said) for entry in catalog.campaigns)
    cards = tuple(_entry(entry, said) for entry in catalog.cards)
    return replace(checked, catalog=_remade(catalog, campaigns=campaigns, cards=cards))


def _interval(step: ast.Active, start: int | None) -> Interval:
    from_, until = _bound(step.from_, start), _bound(step.until, start)
    return _BEGINNING if from_ is None else from_, until


def _bound(moment: ast.Moment | None, start: int | None) -> int | None:
    if moment is None or (start is None and isinstance(moment, ast.Duration)):
        return None
    return instant_of(moment, start or 0)


def _entry(entry: AnyEntry, said: dict[str, list[Interval]]) -> AnyEntry:
    intervals = [each for name, found in said.items() if _is(entry, name) for each in found]
    return _remade(entry, active=tuple(sorted(intervals, key=lambda i: i[0]))) if intervals else entry


def _is(entry: Entry, name: str) -> bool:
    return name in {entry.name, entry.id}


Model = TypeVar("Model", "Campaign", "Card", "Catalog")


def _remade(model: Model, **changes: Any) -> Model:
    """The same with some fields changed, made anew so that nothing that was worked out before is kept."""
    return type(model).model_construct(**{name: getattr(model, name) for name in type(model).model_fields} | changes)


def _catalog_of_names(checked: Checked, test: BoundTest) -> Catalog:
    """For rules without a catalog: one in which each name that is spoken of is a campaign and a card, always active."""
    nodes = [*(rule.node for rule in checked.rules), *test.happenings, *test.active]
    names = list(dict.fromkeys(name.text for node in nodes for name in _names_in(node)))
    return models.Catalog(
        campaigns=tuple(models.Campaign(name=n) for n in names), cards=tuple(models.Card(name=n) for n in names)
    )


def _names_in(node: object) -> Iterator[ast.Name]:
    if isinstance(node, ast.Name):
        if node.text:
            yield node
    elif isinstance(node, tuple):
        for item in node:
            yield from _names_in(item)
    elif is_dataclass(node):
        for part in fields(node):
            yield from _names_in(getattr(node, part.name))
