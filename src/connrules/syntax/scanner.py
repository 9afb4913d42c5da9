"""Source text to tokens. The scanner is total: every character belongs to one token; nothing is an error yet.

Parser, formatter and editors use the same tokens. What cannot be a token of the grammar becomes one of the kinds in
`MALFORMED`, cut so that one mistake of the user's is one token.
"""

import re
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


@cache
def _master() -> re.Pattern[str]:
    patterns = tables().patterns
    signs = sorted((s for s in tables().fixed if not s.isidentifier()), key=len, reverse=True)
    parts = [f"(?P<{kind}>{patterns[kind]}){_ENDS.get(kind, '')}" for kind in _FIRST_TO_LAST]
    parts.append(f"(?P<SIGN>{'|'.join(map(re.escape, signs))})")
    parts.append(f"(?P<FOREIGN>{_FOREIGN})")
    parts.extend(f"(?P<{kind}>{pattern})" for kind, pattern in _MALFORMED_PATTERNS.items())
    return re.compile("|".join(parts), re.DOTALL)


def scan(text: str) -> list[Token]:
    """All tokens of a text, white space and comments included; joined, their texts are the text."""
    fixed = tables().fixed
    tokens: list[Token] = []
    for match in _master().finditer(text):
        kind = match.lastgroup
        assert kind is not None  # every alternative is a named group
        lexeme = match[0]
        if kind in {"WORD", "SIGN"}:
            kind = fixed.get(lexeme, kind)
        tokens.append(Token(kind, lexeme, match.start()))
    return tokens


def scan_without_space(text: str) -> list[Token]:
    """All tokens of a text but white space."""
    return [token for token in scan(text) if token.kind != "SPACE"]
