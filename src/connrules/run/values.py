"""The values that conditions compare: found at a path, and in the form in which those that are equal are equal."""

from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any, Final

from connrules import plan
from connrules.text import nfc
from connrules.wallclock import read_instant

Properties = Mapping[str, Any]
Kept = tuple[Any, ...]
"""The values of the trigger's properties that a rule's exceptions look at, in the order of a rule's `kept_paths`."""

NUMBERS: Final = frozenset({int, float})
"""The classes of nearly all numbers: to look one up takes less than `isinstance`."""


def reader(path: plan.Path) -> Callable[[Properties], Any]:
    """The function that looks up the value at a path."""
    if is_plain(path):
        key = path[0]
        return lambda properties: properties.get(key)
    return lambda properties: look_up(properties, path)


def is_plain(path: plan.Path) -> bool:
    """Whether a path is one key that can be written in one way only: a dict finds it by itself."""
    return len(path) == 1 and path[0].isascii()


def look_up(properties: Properties, path: plan.Path) -> Any:
    """The value at a path, or None where it is missing. JSON's null is missing."""
    value: Any = properties
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value[key] if key in value else _look_up_nfc(value, key)
    return value


def _look_up_nfc(properties: Properties, key: str) -> Any:
    """The value of a key that is written otherwise, but is the same in NFC."""
    if key.isascii():
        return None
    return next((value for name, value in properties.items() if nfc(name) == key), None)


def scalar(value: Any) -> Any:
    """A value in a form that equals that of another, and has its hash, just where the two are equal to conditions.

    Strings are in NFC, numbers as they are, booleans are tuples of one, for they are no numbers. None: it equals
    nothing.
    """
    if isinstance(value, str):
        return value if value.isascii() else nfc(value)
    if isinstance(value, bool):
        return (value,)
    return value if isinstance(value, int | float) else None


def as_instant(value: Any, zone: tzinfo | None) -> int | None:
    """The instant that data names: epoch milliseconds, or a time or date in ISO 8601; None: it names none."""
    match value:
        case bool():
            return None
        case int():
            return value
        case str():
            try:
                return read_instant(value, zone)
            except ValueError:
                return None
    return None
