"""Puts the clauses of a rule into their usual order, each with the comments that stand above and behind it.

What stands between two clauses, white space and line breaks, stays where it is; so a rule on one line stays on one.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from connrules import ast
from connrules.diagnostic import Edit, Fix
from connrules.text import SourceText, Span

_BEHIND = re.compile(r"[ \t]*#[^\r\n]*")
_ABOVE = re.compile(r"\s*")
_HEAD = re.compile(r"\s*:(?:[ \t]*#[^\r\n]*)?\s*")


def reordering(source: SourceText, rule: ast.Rule) -> Fix:
    """A fix that puts the clauses of a rule into their usual order."""
    clauses = rule.clauses
    pieces = list(_pieces(source.text, _start(source.text, rule), [clause.span for clause in clauses]))
    ranks = [ast.CANONICAL_ORDER.index(type(clause)) for clause in clauses]
    texts = [source.text[piece.start : piece.end] for piece in pieces]
    gaps = [source.text[one.end : other.start] for one, other in pairwise(pieces)]
    in_order = [texts[place] for place in sorted(range(len(texts)), key=ranks.__getitem__)]
    whole = pieces[0].to(pieces[-1])
    if any("#" in text for text in texts):
        gaps = _on_lines_of_their_own(source, whole, gaps)
    text = in_order[0] + "".join(gap + piece for gap, piece in zip(gaps, in_order[1:], strict=True))
    if _ends_in_comment(in_order[-1]) and source.text[whole.end : whole.end + 1] not in {"", "\r", "\n"}:
        text += "\n"
    return Fix("put the clauses into their usual order", (Edit(whole, text),), safe=True)


def _start(text: str, rule: ast.Rule) -> int:
    """Where the clauses begin, with the comments above the first; above a rule without a name, they are about all."""
    head = _HEAD.match(text, rule.name.span.end) if rule.name else None
    return head.end() if head else rule.clauses[0].span.start


def _pieces(text: str, start: int, clauses: Sequence[Span]) -> Iterator[Span]:
    """Each clause with the comments on the lines above it, and the comment behind it."""
    for clause, following in zip(clauses, [*clauses[1:], None], strict=True):
        behind = _BEHIND.match(text, clause.end)
        end = behind.end() if behind else clause.end
        yield Span(start, end)
        if following is not None:
            above = _ABOVE.match(text, end)
            start = above.end() if above else end


def _on_lines_of_their_own(source: SourceText, whole: Span, gaps: Sequence[str]) -> list[str]:
    """The gaps with a line break in each, since a comment goes on to the end of its line."""
    column = source.position(whole.start).column
    indent = next((gap.rpartition("\n")[2] for gap in gaps if "\n" in gap), " " * column)
    return [gap if "\n" in gap else f"\n{indent}" for gap in gaps]


def _ends_in_comment(piece: str) -> bool:
    return "#" in piece.rpartition("\n")[2]
