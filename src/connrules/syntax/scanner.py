"""Source text to tokens. The scanner is total: every character belongs to one token; nothing is an error yet.

Parser, formatter and editors use the same tokens. What cannot be a token of the grammar becomes one of the kinds in
`MALFORMED`, cut so that one mistake of the user's is one token.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

from connrules.syntax.tables import tables
from connrules.text import Span


class Token(NamedTuple):
    """A piece of source text and what it is."""

    kind: str
    text: str
    start: int

    @property
    def span(self) -> Span:
        """Where it stands."""
        return Span(self.start, self.start + len(self.text))


TRIVIA = frozenset({"SPACE", "COMMENT", "FOREIGN"})
"""The kinds that the grammar never sees; a comment or a fence of another language has a finding, and no meaning."""

_FOREIGN = r"//[^\r\n]*|/\*(?:.*?\*/|[^\r\n]*)|```[^\r\n]*"
_MALFORMED_PATTERNS = {
    "BAD_ESCAPE": r'"(?:[^"\\\r\n]|\\[^\r\n])*"',
    "UNTERMINATED": r'"[^\r\n]*|`[^\r\n]*',
    "TYPOGRAPHIC": "[“”„«‘’'][^“”„«»‘’'\"\r\n]*[“”»‘’'\"]",
    "BAD_NUMBER": r"-?\d[\w.:+-]*",
    "BAD_WORD": r"[^\W\d]\w*",
    "UNEXPECTED": r".",
}
MALFORMED = frozenset(_MALFORMED_PATTERNS)

# A number-like token ends where nothing follows that would make it part of a longer, wrong one; a word likewise.
_ENDS = {
    "TIME": r"(?![\w:+-]|\.\w)",
    "DURATION": r"(?![\w:]|\.\w)",
    "CLOCK": r"(?![\w:.])",
    "NUMBER": r"(?![\w:]|[.-]\w)",
    "WORD": r"(?!\w)",
}
_FIRST_TO_LAST = (
    "SPACE",
    "COMMENT",
    "STRING",
    "QUOTED_NAME",
    "TIME",
    "DURATION",
    "CLOCK",
    "NUMBER",
    "WORD",
    "OPERATOR",
)
_FIXED = frozenset({"WORD", "SIGN"})
"""The kinds of which some texts have a kind of their own."""


@cache
def _any_token() -> re.Pattern[str]:
    return re.compile(_alternatives(_FIRST_TO_LAST), re.DOTALL)


@cache
def _any_token_behind_space() -> re.Pattern[str]:
    """White space and the token behind it, if there is one: half as many matches as tokens with white space."""
    return re.compile(f"(?:{tables().patterns['SPACE']})?+(?:{_alternatives(_FIRST_TO_LAST[1:])}|\\Z)", re.DOTALL)


def _alternatives(kinds: Sequence[str]) -> str:
    patterns = tables().patterns
    signs = sorted((s for s in tables().fixed if not s.isidentifier()), key=len, reverse=True)
    parts = [f"(?P<{kind}>{patterns[kind]}){_ENDS.get(kind, '')}" for kind in kinds]
    parts.append(f"(?P<SIGN>{'|'.join(map(re.escape, signs))})")
    parts.append(f"(?P<FOREIGN>{_FOREIGN})")
    parts.extend(f"(?P<{kind}>{pattern})" for kind, pattern in _MALFORMED_PATTERNS.items())
    return "|".join(parts)


def scan(text: str) -> list[Token]:
    """All tokens of a text, white space and comments included; joined, their texts are the text."""
    return _tokens(_any_token().finditer(text))


def scan_without_space(text: str) -> list[Token]:
    """All tokens of a text but white space, in less than half the time."""
    return _tokens(_any_token_behind_space().finditer(text))


def _tokens(matches: Iterable[re.Match[str]]) -> list[Token]:
    fixed = tables().fixed
    tokens: list[Token] = []
    for match in matches:
        kind = match.lastgroup
        if kind is None:
            break  # white space at the end
        text = match[kind]
        start = match.start(kind)
        if kind in _FIXED:
            kind = fixed.get(text, kind)
        tokens.append(tuple.__new__(Token, (kind, text, start)))  # Token(...) takes twice as long
    return tokens
