"""Tries a fix before it is offered: what it writes must be read, and nothing else become wrong for it.

What stands behind a broken place was not looked at, and may be broken as well; a fix that leads up to there is sound.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from connrules.diagnostic import Diagnostic, Edit
from connrules.syntax.chunks import Chunk, chunks
from connrules.syntax.scanner import TRIVIA, scan
from connrules.text import SourceText, Span

Read = Callable[[SourceText, Chunk], Sequence[Diagnostic]]
"""Reads a chunk and says what is wrong with it."""


def sound(source: SourceText, chunk: Chunk, found: Sequence[Diagnostic], read: Read) -> list[Diagnostic]:
    """The findings about a chunk; those whose fix leads nowhere, without it."""
    return [
        each if each.fix is None or _leads_on(source, chunk, each, found, read) else replace(each, fix=None)
        for each in found
    ]


def _leads_on(source: SourceText, chunk: Chunk, finding: Diagnostic, found: Sequence[Diagnostic], read: Read) -> bool:
    assert finding.fix is not None  # the caller has seen to it
    start, end = chunk[0].start, chunk[-1].span.end
    edits = sorted(finding.fix.edits)
    if edits[0].span.start < start or edits[-1].span.end > end:
        return True  # that is not about this chunk alone
    text, written = _edited(source.text, Span(start, end), edits)
    fixed = SourceText(source.path, text)
    tokens = [token for token in scan(text) if token.kind not in TRIVIA]
    left = [each for piece in chunks(fixed, tokens) for each in read(fixed, piece)]
    following = next((token.start for token in tokens if token.start >= written.end), len(text))
    reached = written.end if any(edit.text.strip() for edit in edits) else following + 1
    return len(left) <= len(found) and not any(written.start <= each.span.start < reached for each in left)


def _edited(text: str, whole: Span, edits: Sequence[Edit]) -> tuple[str, Span]:
    """A part of a text with edits in it, and from where to where in the result they reach."""
    parts: list[str] = []
    at = whole.start
    for span, written in edits:
        parts += [text[at : span.start], written]
        at = span.end
    end = sum(map(len, parts))
    return "".join([*parts, text[at : whole.end]]), Span(edits[0].span.start - whole.start, end)
