"""Source text to a syntax tree, and findings for what is no such thing. It never raises on a user's text.

The tokens of a file are cut into one chunk per declaration, and each chunk is parsed by itself, so a broken declaration
cannot take a healthy one with it. What is wrong with the broken ones is looked into in `recovery.py`, which is loaded
only where there is one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from connrules import ast
from connrules.diagnostic import Diagnostic
from connrules.syntax.attempts import Attempt, try_chunk
from connrules.syntax.chunks import chunks
from connrules.syntax.scanner import TRIVIA, Token, scan_without_space
from connrules.syntax.unseen import foreign_text, invalid_bytes, is_utf_16, unseen_characters, utf_16
from connrules.text import SourceText


@dataclass(frozen=True, slots=True)
class Parsed:
    """What the parser found in one source text: the healthy declarations, the comments, and what is wrong."""

    file: ast.File
    comments: tuple[Token, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def parse(source: SourceText) -> Parsed:
    """Parse a file: its healthy declarations in order, and a finding for everything else."""
    if is_utf_16(source):
        return Parsed(ast.File(source, ()), (), (utf_16(source),))
    tokens = scan_without_space(source.text)
    findings = [*invalid_bytes(source), *unseen_characters(source, tokens), *foreign_text(source, tokens)]
    declarations: list[ast.Declaration] = []
    for piece in _attempts(source, [token for token in tokens if token.kind not in TRIVIA]):
        findings.extend(piece.findings)
        if piece.declaration is not None:
            declarations.append(piece.declaration)
    comments = tuple(token for token in tokens if token.kind == "COMMENT")
    return Parsed(ast.File(source, tuple(declarations)), comments, tuple(sorted(findings, key=lambda f: f.sort_key)))


def _attempts(source: SourceText, tokens: Sequence[Token]) -> Sequence[Attempt]:
    pieces = [(chunk, try_chunk(source, chunk)) for chunk in chunks(source, tokens)]
    if all(piece.declaration is not None for _, piece in pieces):
        return [piece for _, piece in pieces]
    from connrules.syntax.recovery import recovered  # noqa: PLC0415  # what is wrong takes much code to say

    return list(recovered(source, pieces))
