"""The grammar file, loaded: Lark's tables and the tokens that the file defines.

The file lives at the top of the repository. A wheel carries a copy inside this package.
"""

from functools import cache
from pathlib import Path
from typing import Final

from lark import Lark
from lark.lexer import PatternStr

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


@cache
def grammar() -> Lark:
    """Lark's LALR(1) parser for the grammar. Tokens are fed to it by `parser.py`, so its own lexer is never used."""
    return Lark(grammar_text(), parser="lalr", lexer="basic", start=["file", "declaration"], keep_all_tokens=True)


@cache
def token_patterns() -> dict[str, str]:
    """The regular expression of each token that is not a fixed word or sign."""
    return {t.name: t.pattern.to_regexp() for t in grammar().terminals if not isinstance(t.pattern, PatternStr)}


@cache
def fixed_tokens() -> dict[str, str]:
    """The kind of each fixed word or sign: `after` is AFTER, `(` is LPAR."""
    return {t.pattern.value: t.name for t in grammar().terminals if isinstance(t.pattern, PatternStr)}
