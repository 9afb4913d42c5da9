"""An explanation as one JSON document; docs/why.md lists its keys."""

import json
from typing import Any, Final

import msgspec

from connrules.duration import format_instant
from connrules.explain import Explanation

JSON_VERSION: Final = 1
"""The version of the form of the document; it grows when something in it changes its meaning or goes away."""
_INSTANTS: Final = frozenset({"at", "due", "since", "until", "to"})
_AS_LOGGED: Final = frozenset({"value", "operand_value", "per"})
"""What the log said stands here as it was, whatever its keys are called."""


def render_document(explanation: Explanation) -> str:
    """One JSON document, in ASCII so that no terminal or pipe can spoil it. Instants are ISO 8601 in UTC."""
    return json.dumps({"version": JSON_VERSION, **_written(msgspec.to_builtins(explanation))}, indent=2)


def _written(fields: dict[str, Any]) -> dict[str, Any]:
    """An object without the fields that have no value; only the value that was looked at may be null: missing."""
    return {key: _value(key, value) for key, value in fields.items() if value is not None or key == "value"}


def _value(key: str, value: Any) -> Any:
    if key in _AS_LOGGED:
        return value
    match value:
        case dict():
            return _written(value)
        case int() if key in _INSTANTS:
            return format_instant(value)
        case [*items] if key == "intervals":
            return [[_value("at", instant) for instant in interval] for interval in items]
        case [*items]:
            return [_value("", item) for item in items]
        case _:
            return value
