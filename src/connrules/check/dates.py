"""Bare dates read in the time zone of the policy: `2026-03-01` begins when a clock there shows 00:00."""

from dataclasses import fields, is_dataclass, replace
from datetime import tzinfo
from typing import Any, TypeVar, cast

from connrules import ast
from connrules.wallclock import instant_at

Node = TypeVar("Node")


def with_dates_in(node: Node, zone: tzinfo) -> Node:
    """The same tree, its bare dates at midnight in the zone. A tree without any is given back as it is."""
    return cast("Node", _resolved(node, zone))


def _resolved(node: Any, zone: tzinfo) -> Any:
    if isinstance(node, ast.Instant):
        return replace(node, ms=instant_at(node.ms, zone)) if node.is_date else node
    if isinstance(node, tuple):
        items = [_resolved(item, zone) for item in node]
        return node if all(new is old for new, old in zip(items, node, strict=True)) else tuple(items)
    if not is_dataclass(node):
        return node
    changed = {}
    for part in fields(node):
        old = getattr(node, part.name)
        new = _resolved(old, zone)
        if new is not old:
            changed[part.name] = new
    return replace(node, **changed) if changed else node  # type: ignore[type-var]  # an instance, not the class
