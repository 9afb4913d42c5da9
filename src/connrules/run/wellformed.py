"""What an event must be for an engine to take it in. A line of a log was looked at when it was read; an event that a
program made can have anything in its fields, and what is remembered of it must come back from a snapshot.
"""

from typing import Final

from connrules.event import Event
from connrules.vocabulary import ATTRIBUTES

_TEXTS: Final = ("user", "type", "id", "campaign", "card", "name")
_MUST_BE: Final = frozenset({"user", "type"})


def check_event(event: Event) -> None:
    """Raises TypeError where a field is of a wrong type, ValueError where a text is none that can be written down."""
    for field in _TEXTS:
        text = getattr(event, field)
        if type(text) is str:
            if not text.isascii():
                _check_text(field, text)
        elif text is not None or field in _MUST_BE:
            raise TypeError(f"an event's {field} is text, not {text!r}")
    properties = event.properties
    if properties is None:
        return
    if type(properties) is not dict:
        raise TypeError(f"an event's properties are a dict, not {properties!r}")
    if event.type == ATTRIBUTES:
        for name in properties:
            if type(name) is not str:
                raise TypeError(f"an attribute's name is text, not {name!r}")


def _check_text(field: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"an event's {field} is no text in Unicode: {text!r}") from None
