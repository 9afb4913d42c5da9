"""A token that does not fit, with what stands around it and what the parser could go on with.

Beyond the ends of a chunk stands `NOTHING`, so that nobody has to ask whether there is a neighbour.
"""

import re
from typing import NamedTuple

from connrules.codes import finding
from connrules.diagnostic import Diagnostic, Fix
from connrules.syntax import fixes
from connrules.syntax.scanner import Token
from connrules.text import SourceText, Span

NOTHING = Token("$END", "", -1)
CLAUSES = frozenset(
    {"ON", "IF", "AFTER", "IN", "NEXT", "UNLESS", "PER", "STILL", "BETWEEN", "FROM", "UNTIL", "ONCE", "AT", "HOLD"}
    | {"CONVERT", "SEND"}
)
"""The kinds of the tokens that begin a clause of a rule."""
STEPS = frozenset({"START", "ACTIVE", "EACH", "AT", "USER", "EXPECT", "BY", "BECAUSE"})
"""The kinds of the tokens that begin a step of a test, or say more of an expectation."""
POLICY_CLAUSES = frozenset({"LIMIT", "TIME_KEYWORD", "QUIET"})
"""The kinds of the tokens that begin a clause of the policy."""
DECLARATIONS = frozenset({"RULE", "SEGMENT", "POLICY", "TEST"})
"""The kinds of the tokens that begin a declaration."""
COMPARATORS = frozenset({"OPERATOR", "IN", "CONTAINS", "STARTS", "IS"})


class Place(NamedTuple):
    """Where parsing stopped: at the end of the chunk, where `stop` is its length."""

    source: SourceText
    chunk: list[Token]
    stop: int
    accepted: set[str]

    def at(self, offset: int) -> Token:
        """The token so many places further on, or back."""
        place = self.stop + offset
        return self.chunk[place] if 0 <= place < len(self.chunk) else NOTHING

    @property
    def token(self) -> Token:
        """The token that does not fit."""
        return self.at(0)

    @property
    def before(self) -> Token:
        """The token before it."""
        return self.at(-1)

    def text(self, first: Token, last: Token) -> str:
        """The source text from one token to another, on one line."""
        return " ".join(self.source.text[first.start : last.span.end].split())

    def line_from(self, token: Token) -> str:
        """The rest of the line on which a token stands, from the token on, without a comment."""
        return "" if token is NOTHING else re.split(r"[\r\n#]", self.source.text[token.start :], maxsplit=1)[0]

    @property
    def declaration(self) -> str:
        """The kind of the chunk's first token."""
        return self.chunk[0].kind if self.chunk else ""

    def writing(self, first: Token, last: Token, text: str, *, title: str = "") -> Fix | None:
        """A fix that writes a text in the place of the tokens from one to another."""
        if NOTHING in (first, last):
            return None
        return fixes.writing(self.source, first.span.to(last.span), text, title=title)

    def writing_behind(self, token: Token, text: str, last: Token = NOTHING) -> Fix | None:
        """A fix that writes a text right behind a token; up to another, it takes the place of what stands there."""
        end = token.span.end if last is NOTHING else last.span.end
        return None if token is NOTHING else fixes.writing(self.source, Span(token.span.end, end), text)

    def deleting(self, first: Token, last: Token) -> Fix | None:
        """A fix that deletes the tokens from one to another."""
        return None if NOTHING in (first, last) else fixes.deleting(self.source, first.span.to(last.span))

    def glued(self, offset: int) -> bool:
        """Whether nothing stands between a token and the one before it."""
        return self.at(offset).start == self.at(offset - 1).span.end

    def same_line(self, first: Token, last: Token) -> bool:
        """Whether no line ends between two tokens."""
        return "\n" not in self.source.text[first.span.end : last.start]

    def path_before(self, offset: int = 0) -> Token:
        """The first token of the property that ends before a token."""
        first = offset - 1
        while self.at(first).kind == "DOT" or self.at(first - 1).kind == "DOT":
            first -= 1
        return self.at(first)

    def after_path(self) -> bool:
        """Whether a property stands before the token, and what it is compared with is missing."""
        return "OPERATOR" in self.accepted and not (self.declaration == "SEGMENT" and self.stop <= 2)

    def goes_on_with(self, *kinds: str) -> bool:
        """Whether all of these words may stand here as what they are, and not as names."""
        return set(kinds) <= self.accepted and "WORD" not in self.accepted

    @property
    def in_user_condition(self) -> bool:
        """Whether a condition on the user is expected."""
        return self.goes_on_with("USER", "LPAR")


class Slip(NamedTuple):
    """What somebody wrote who had something else in mind, and what to write for it."""

    code: str
    first: Token
    last: Token
    message: str
    help: str
    label: str = ""
    fix: Fix | None = None
    """Where it is known exactly what to write; it does what `help` says."""

    def finding(self, source: SourceText) -> Diagnostic:
        """The finding about it."""
        span = self.first.span.to(self.last.span)
        return finding(self.code, source, span, self.message, label=self.label, help=self.help, fix=self.fix)
