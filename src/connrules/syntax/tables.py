"""The tables by which texts are read: what tokens look like, and what each of them does in each state of the parser.

They are made of the grammar file by Lark, in `making.py`, and kept as data beside this module, so that no process has
to make them again, nor to load Lark. Where they are not those of the grammar file, because somebody has changed it
since, they are made anew, in memory.
"""

import json
import zlib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from connrules.syntax.grammar import grammar_text

KEPT = Path(__file__).with_name("tables.json")
"""The tables as data."""


class Production(NamedTuple):
    """One way to write a symbol of the grammar."""

    symbol: str
    builds: str
    """The name of the builder's method for it. Empty where its one child stands for it, `[]` where its children go, as
    a list, into the production above."""
    shape: str
    """What stands below it: `x` is a child, `*` a list of children, `_` a gap where something optional is left out."""

    @property
    def size(self) -> int:
        """How many symbols it takes, gaps not counted. It is never 0."""
        return len(self.shape) - self.shape.count("_")


class Tables(NamedTuple):
    """Tokens, productions and states of the grammar, for one declaration at a time."""

    patterns: dict[str, str]
    """The regular expression of each token that is not a fixed word or sign."""
    fixed: dict[str, str]
    """The kind of each fixed word or sign: `after` is AFTER, `(` is LPAR."""
    productions: list[Production]
    states: list[dict[str, int]]
    """By what comes next: the state to go on to, or `~n` where production n ends before it. The first state is 0."""
    end: int
    """The state at the end of a whole declaration."""


@cache
def tables() -> Tables:
    """The tables of the grammar file."""
    text = grammar_text()
    kept = json.loads(KEPT.read_bytes())
    return tables_from(kept) if kept["grammar"] == checksum(text) else _made_anew(text)


def _made_anew(text: str) -> Tables:
    from connrules.syntax.making import make_tables  # noqa: PLC0415  # loads Lark, which takes longer than most files

    return make_tables(text)


def checksum(text: str) -> int:
    """By which the kept tables know their grammar."""
    return zlib.crc32(text.encode())


def tables_from(data: dict[str, Any]) -> Tables:
    """The tables in the data that `kept_form` makes of them."""
    lookaheads = [kinds.split() for kinds in data["lookaheads"]]
    states: list[dict[str, int]] = []
    for going_on, ending in data["states"]:
        states.append(going_on)
        for production, kinds in ending.items():
            going_on.update(dict.fromkeys(lookaheads[kinds], ~int(production)))
    return Tables(
        data["patterns"], data["fixed"], [Production(*each) for each in data["productions"]], states, data["end"]
    )
