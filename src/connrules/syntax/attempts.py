"""One try to make a declaration of one chunk of tokens."""

from collections.abc import Sequence
from dataclasses import dataclass

from connrules import ast
from connrules.diagnostic import Diagnostic
from connrules.syntax.automaton import Misfit, build
from connrules.syntax.builder import Builder
from connrules.syntax.chunks import Chunk
from connrules.text import SourceText

DEEPEST = 60
"""How deep parentheses and `not` may nest, since others walk through the syntax tree by recursion."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of the try."""

    declaration: ast.Declaration | None
    findings: Sequence[Diagnostic] = ()
    stopped_at: int | None = None
    """The index of the token that does not fit, where there is one and what stands before it is whole."""
    too_short: bool = False
    """Whether every token fits, and more are needed."""
    whole: bool = False
    """Whether every token fits, and no more are needed; what is wrong then is more than syntax."""
    start: int = 0
    """The offset of the first token."""


MISFIT = Attempt(None)
"""Nothing became of it: the tokens are no whole declaration, or too deep a one; `recovery.py` knows more."""


def try_chunk(source: SourceText, chunk: Chunk) -> Attempt:
    """A declaration, or what is wrong with one whose tokens all fit; in any other case MISFIT."""
    if is_too_deep(chunk):
        return MISFIT
    builder = Builder(source)
    try:
        declaration = build(chunk, builder)
    except Misfit:
        return MISFIT
    return Attempt(None if builder.findings else declaration, builder.findings, whole=True)


def is_too_deep(chunk: Chunk) -> bool:
    """Whether parentheses and `not` nest deeper than they may."""
    return len(chunk) > DEEPEST and _depth(chunk) > DEEPEST


def _depth(chunk: Chunk) -> int:
    deepest = depth = pending = 0
    opened: list[int] = []
    for token in chunk:
        match token.kind:
            case "NOT":
                pending += 1
                depth += 1
            case "LPAR":
                opened.append(pending + 1)
                depth += 1
                pending = 0
            case "RPAR" if opened:
                depth -= opened.pop()
            case _:
                depth -= pending
                pending = 0
        deepest = max(deepest, depth)
    return deepest
