"""The catalog: the campaigns, cards, events and attributes that rules may speak of. Never guessed from events.

The models are loaded when they are used: without a catalog nobody waits for pydantic.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from connrules.catalog.terms import ALWAYS, Interval, PropertyType, Status

if TYPE_CHECKING:
    from connrules.catalog.models import Campaign, Card, Catalog, CustomEvent, Entry, User
    from connrules.catalog.reading import CatalogError, Problem, load_catalog

__all__ = [
    "ALWAYS",
    "Campaign",
    "Card",
    "Catalog",
    "CatalogError",
    "CustomEvent",
    "Entry",
    "Interval",
    "Problem",
    "PropertyType",
    "Status",
    "User",
    "load_catalog",
]
_OF_READING = ("CatalogError", "Problem", "load_catalog")


if not TYPE_CHECKING:  # with it, a type checker would take any name for one that is there

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module 'connrules.catalog' has no attribute {name!r}")
        home = "connrules.catalog.reading" if name in _OF_READING else "connrules.catalog.models"
        value = getattr(import_module(home), name)
        globals()[name] = value
        return value
