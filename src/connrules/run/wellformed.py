"""What an event must be for an engine to take it in. A line of a log was looked at when it was read; an event that a
program made can have anything in its fields, and what is remembered of it must come back from a snapshot.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from connrules.duration import EARLIEST, LATEST
from connrules.event import Event, Row
from connrules.run.arrivals import Span
from connrules.vocabulary import ATTRIBUTES

_TEXTS: Final = ("user", "type", "id", "campaign", "card", "name")
_MUST_BE: Final = frozenset({"user", "type"})


def are_instants(times: Sequence[int], span: Span) -> bool:
    """Whether some times are whole numbers with a date, as is seen at a glance; False: look at them one by one.

    A sum of numbers is whole where all are; true and false are 1 and 0, and told by that. Raises TypeError where
    something is no number at all.
    """
    least, greatest, _ = span
    return least >= EARLIEST and not 0 <= least <= 1 and greatest <= LATEST and type(sum(times)) is int


def are_well_formed(found: Iterable[tuple[Row, object]]) -> bool:
    """Whether nothing is wrong with some events, as is seen at a glance; False: look at them one by one."""
    for row, _ in found:
        user, id_, campaign, properties = row.user, row.id, row.campaign, row.properties
        if (
            not isinstance(row, Event)
            or type(user) is not str
            or not user.isascii()
            or (id_ is not None and (type(id_) is not str or not id_.isascii()))
            or (campaign is not None and (type(campaign) is not str or not campaign.isascii()))
            or (properties is not None and (type(properties) is not dict or row.type == ATTRIBUTES))
            or ((row.card is not None or row.name is not None) and not _are_texts(row.card, row.name))
        ):
            return False
    return True


def _are_texts(*values: object) -> bool:
    return all(value is None or (type(value) is str and value.isascii()) for value in values)


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
