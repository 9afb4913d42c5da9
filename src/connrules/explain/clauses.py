"""How a piece of a rule reads, on one line and without its comments, and where it stands."""

from functools import lru_cache
from itertools import groupby

from connrules.explain.story import Clause
from connrules.syntax.scanner import TRIVIA, scan
from connrules.text import SourceText, Span


def clause_at(source: SourceText, span: Span, before: str = "") -> Clause:
    """The text of a span; `before` is put in front of it, such as the keyword of the clause that a pattern is in."""
    return Clause(before + one_line(source.text[span.start : span.end]), source.path, source.position(span.start).line)


@lru_cache(maxsize=1024)  # the stories of an active user quote the same few clauses thousands of times
def one_line(text: str) -> str:
    """Source text with each run of white space and comments as one space."""
    runs = groupby(scan(text), key=lambda token: token.kind in TRIVIA)
    return "".join(" " if blank else "".join(token.text for token in tokens) for blank, tokens in runs).strip()
