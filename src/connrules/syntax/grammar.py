"""The grammar file, and the words that it reserves.

The file lives at the top of the repository. A wheel carries a copy inside this package.
"""

from pathlib import Path
from typing import Final

_HERE = Path(__file__).parent
_PLACES = (_HERE / "conn.lark", _HERE.parents[2] / "grammar" / "conn.lark")

RESERVED: Final = frozenset(
    """
    rule segment policy test on if after in next unless per still between from until once at hold convert send
    of where and or not
    """.split()  # noqa: SIM905  # a page of words reads better than a page of quotes
)
"""The words that are never names."""


def grammar_text() -> str:
    """The text of conn.lark."""
    return next(place for place in _PLACES if place.exists()).read_text(encoding="utf-8")
