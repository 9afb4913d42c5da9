"""What an event must be for an engine to take it in. A line of a log was looked at when it was read; an event that a
program made can have anything in its fields, and what is remembered of it must come back from a snapshot.
"""

from collections.abc import Sequence
from typing import Any, Final

from connrules.duration import EARLIEST, LATEST
from connrules.event import Event
from connrules.run.arrivals import Span
from connrules.vocabulary import ATTRIBUTES

_TEXTS: Final = ("user", "type", "id", "campaign", "card", "name")
_MUST_BE: Final = frozenset({"user", "type"})
_EVENTS: Final = {Event}
_NUMBERS: Final = {int}
_STRINGS: Final = {str}
_NONE: Final = {type(None)}
_OPTIONAL: Final = _STRINGS | _NONE
_PROPERTIES: Final = {dict} | _NONE


def check_instant(time: object) -> None:
    """Raises TypeError where something is no time, ValueError where it has no date."""
    if type(time) is not int:
        raise TypeError(f"a time is a whole number of epoch milliseconds, not {time!r}")
    if not EARLIEST <= time <= LATEST:
        raise ValueError(f"the time {time} ms is outside the years 1 to 9999")


def are_instants(times: Sequence[int], span: Span) -> bool:
    """Whether some times are whole numbers with a date, as is seen at a glance; False: look at them one by one."""
    return span.least >= EARLIEST and span.greatest <= LATEST and set(map(type, times)) == _NUMBERS


def are_well_formed(events: Sequence[Event]) -> bool:
    """Whether nothing is wrong with some events, as is seen at a glance; False: look at them one by one.

    Built-in functions go through each field of all of them, several times as fast as a loop goes through an event.
    """
    if not set(map(type, events)) <= _EVENTS:
        return False
    properties = {type(event.properties) for event in events}
    if not properties <= _PROPERTIES or (properties != _NONE and any(event.type == ATTRIBUTES for event in events)):
        return False
    return all(_are_plain([getattr(event, field) for event in events], field) for field in _TEXTS)


def _are_plain(values: list[Any], field: str) -> bool:
    """Whether the values of a field are texts, where they are not left out, that anyone can write down."""
    types = set(map(type, values))
    if types == _NONE:
        return field not in _MUST_BE
    if types == _STRINGS:
        return all(map(str.isascii, values)) and (field != "user" or all(values))
    return field not in _MUST_BE and types <= _OPTIONAL and all(v.isascii() for v in values if v is not None)


def check_event(event: Event) -> None:
    """Raises TypeError where a field is of a wrong type, ValueError where a text is empty or cannot be written down."""
    for field in _TEXTS:
        text = getattr(event, field)
        if type(text) is str:
            if not text.isascii():
                _check_text(field, text)
        elif text is not None or field in _MUST_BE:
            raise TypeError(f"an event's {field} is text, not {text!r}")
    check_user(event.user)
    properties = event.properties
    if properties is None:
        return
    if type(properties) is not dict:
        raise TypeError(f"an event's properties are a dict, not {properties!r}")
    if event.type == ATTRIBUTES:
        for name in properties:
            if type(name) is not str:
                raise TypeError(f"an attribute's name is text, not {name!r}")


def check_user(user: object) -> None:
    """Raises TypeError where something is no text, ValueError where it is an empty one or cannot be written down."""
    if type(user) is not str:
        raise TypeError(f"a user is text, not {user!r}")
    if not user:
        raise ValueError("an event's user is text that is not empty")
    if not user.isascii():
        _check_text("user", user)


def _check_text(field: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"an event's {field} is no text in Unicode: {text!r}") from None
