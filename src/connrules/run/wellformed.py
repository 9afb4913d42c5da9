"""What an event must be for an engine to take it in. A line of a log was looked at when it was read; an event that a
program made can have anything in its fields, and what is remembered of it must come back from a snapshot.
"""

from collections.abc import Sequence
from operator import attrgetter
from typing import Final

from connrules.duration import EARLIEST, LATEST
from connrules.event import Event
from connrules.run.arrivals import Span
from connrules.vocabulary import ATTRIBUTES

_TEXTS: Final = ("user", "type", "id", "campaign", "card", "name")
_MUST_BE: Final = frozenset({"user", "type"})
_OPTIONAL: Final = [attrgetter(field) for field in _TEXTS if field not in _MUST_BE]
_EVENTS: Final = {Event}


def are_instants(times: Sequence[int], span: Span) -> bool:
    """Whether some times are whole numbers with a date, as is seen at a glance; False: look at them one by one.

    A sum of numbers is whole where all are; true and false are 1 and 0, and told by that. Raises TypeError where
    something is no number at all.
    """
    least, greatest, _ = span
    return least >= EARLIEST and not 0 <= least <= 1 and greatest <= LATEST and type(sum(times)) is int


def are_well_formed(events: Sequence[Event]) -> bool:
    """Whether nothing is wrong with some events, as is seen at a glance; False: look at them one by one.

    Built-in functions go through each field of all of them, several times as fast as a loop goes through an event.
    """
    if not set(map(type, events)) <= _EVENTS:
        return False
    try:
        if not all(map(str.isascii, [event.user for event in events])):
            return False
        for field in _OPTIONAL:
            values = [value for value in map(field, events) if value is not None]
            if values and not all(map(str.isascii, values)):
                return False
    except TypeError:  # no text
        return False
    properties = [event.properties for event in events if event.properties is not None]
    return not properties or (
        set(map(type, properties)) == {dict} and all(event.type != ATTRIBUTES for event in events)
    )


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
