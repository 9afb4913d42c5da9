"""Tells the rows of a log that may change anything for a user from the many that cannot.

What it lets through need not match a rule; what it keeps back matches none. Rows of an unknown type, or about something
unknown, are counted, in the order in which the first of each came.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from connrules.event import Row
from connrules.run.program import Program
from connrules.run.topics import LOOK, Topics
from connrules.vocabulary import ATTRIBUTES


class Unknown(NamedTuple):
    """How many rows were of an unknown type, and how many were about what is unknown: by type and what they name."""

    types: Counter[str]
    objects: Counter[tuple[str, str]]


class Sieve:
    """What may matter to the rules of a program."""

    def __init__(self, program: Program) -> None:
        self._topics = Topics(program, plain=False)
        self._routes = program.routes
        self._attributes_matter = bool(program.attributes)

    def let_through(self, places: Sequence[int], rows: Sequence[Row], unknown: Unknown) -> tuple[list[int], list[Row]]:
        """Those of some rows that may change anything, behind their places; what is unknown is counted."""
        spoken_of = self._spoken_of(places, rows)
        let = [(place, row) for place, row in spoken_of if self.lets_through(row, unknown)]
        return [place for place, _ in let], [row for _, row in let]

    def lets_through(self, row: Row, unknown: Unknown) -> bool:
        """Whether a row may change anything; what is unknown is counted."""
        topic = self._topics.of(row)
        if topic is not LOOK:
            return topic is not None
        if row.type == ATTRIBUTES:
            return self._attributes_matter
        if row.type in self._routes:
            field = self._routes[row.type].field
            unknown.objects[row.type, getattr(row, field or "") or ""] += 1
        else:
            unknown.types[row.type] += 1
        return False

    def _spoken_of(self, places: Sequence[int], rows: Sequence[Row]) -> list[tuple[int, Row]]:
        """The rows of which there is more to say than that they do nothing: most of a log is told by two look-ups."""
        seen, of, find = self._topics.seen, self._topics.of, self._topics.find
        try:
            return [
                (place, row)
                for place, row in zip(places, rows, strict=True)
                if (topic := seen[row.type][row.campaign]) is not None and (topic is not LOOK or find(row) is not None)
            ]
        except KeyError:  # something is named that was not seen before
            return [(place, row) for place, row in zip(places, rows, strict=True) if of(row) is not None]
