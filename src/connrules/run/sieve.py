"""Tells the rows of a log that may change anything for a user from the many that cannot.

What it lets through need not match a rule; what it keeps back matches none. Rows of an unknown type, or about something
unknown, are counted, in the order in which the first of each came.
"""

from collections import Counter
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
        self.topics = Topics(program, plain=False)
        """A first look: rows without a topic do not matter, and nothing of them is unknown."""
        self._routes = program.routes
        self._attributes_matter = bool(program.attributes)

    def lets_through(self, row: Row, unknown: Unknown) -> bool:
        """Whether a row may change anything; what is unknown of it is counted."""
        topic = self.topics.find(row)
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
