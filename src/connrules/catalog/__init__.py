"""The catalog: the campaigns, cards, events and attributes that rules may speak of. Never guessed from events."""

from connrules.catalog.models import (
    ALWAYS,
    Campaign,
    Card,
    Catalog,
    CustomEvent,
    Entry,
    Interval,
    PropertyType,
    Status,
    User,
)
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
