"""Source text to a syntax tree, and findings for what is no such thing. It never raises on a user's text.

The tokens of a file are cut into one chunk per declaration, and each chunk is parsed by itself, so a broken rule cannot
take a healthy one with it. Where a chunk fails, two more cuts are tried before it is given up: a new declaration may
have lost its first word, or a broken rule may have swallowed the rule that follows it. One cause gives one finding:
what is wrong with a token is said first, and then nothing more about the grammar of that chunk.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from lark import Token as LarkToken
from lark import Tree, UnexpectedToken
from lark.parsers.lalr_interactive_parser import InteractiveParser

from connrules import ast
from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.syntax.builder import Builder
from connrules.syntax.complaints import about_end, about_nesting, about_token, mended
from connrules.syntax.grammar import grammar
from connrules.syntax.scanner import MALFORMED, TRIVIA, Token, scan
from connrules.syntax.unseen import is_unseen, unseen_characters
from connrules.text import SourceText, Span

_STARTERS = frozenset({"RULE", "RESERVED_SEGMENT", "RESERVED_POLICY", "RESERVED_TEST"})
_CLAUSES = frozenset({"ON", "AFTER", "UNLESS", "FROM", "UNTIL", "ONCE", "AT", "SEND"})
_DEEPEST = 60

Chunk = list[Token]


@dataclass(frozen=True, slots=True)
class Parsed:
    """What the parser found in one source text: the healthy declarations, the comments, and what is wrong."""

    file: ast.File
    comments: tuple[Token, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One try at one chunk."""

    rule: ast.Rule | None
    findings: list[Diagnostic]
    stopped_at: int | None = None
    """The index of the token that does not fit, where there is one and what stands before it is whole."""
    too_short: bool = False
    """Whether every token fits, and more are needed."""


def parse(source: SourceText) -> Parsed:
    """Parse a file: its healthy declarations in order, and a finding for everything else."""
    tokens = scan(source.text)
    rules: list[ast.Rule] = []
    findings = [*_invalid_bytes(source), *unseen_characters(source, tokens)]
    significant = [token for token in tokens if token.kind not in TRIVIA]
    for chunk in _chunks(significant):
        for attempt in _parse_chunk(source, chunk):
            findings.extend(attempt.findings)
            if attempt.rule is not None:
                rules.append(attempt.rule)
    comments = tuple(token for token in tokens if token.kind == "COMMENT")
    return Parsed(ast.File(source, tuple(rules)), comments, tuple(sorted(findings, key=lambda f: f.sort_key)))


def _invalid_bytes(source: SourceText) -> Iterator[Diagnostic]:
    if source.invalid_bytes:
        start = source.invalid_bytes[0]
        count = len(source.invalid_bytes)
        yield finding(
            "CR111",
            source,
            Span(start, start + 1),
            "the file is not UTF-8",
            label="this is the first place" if count > 1 else "this byte is no part of a character",
            help="save the file as UTF-8",
        )


def _chunks(tokens: Iterable[Token]) -> Iterator[Chunk]:
    """Cut tokens where a declaration starts: at its first word, or at an `on` that is not the first of a named rule."""
    chunk: Chunk = []
    awaits_on = False
    for token in tokens:
        doubled = bool(chunk) and chunk[-1].kind == token.kind == "ON"
        starts = token.kind in _STARTERS or (token.kind == "ON" and not awaits_on and not doubled)
        if starts and chunk:
            yield chunk
            chunk = []
        chunk.append(token)
        if token.kind in _STARTERS:
            awaits_on = token.kind == "RULE"
        elif token.kind == "ON":
            awaits_on = False
    if chunk:
        yield chunk


def _parse_chunk(source: SourceText, chunk: Chunk) -> Iterator[_Attempt]:
    attempt = _attempt(source, chunk)
    if attempt.rule is None:
        cut = _swallowed_rule(source, chunk) or _junk_after_rule(source, chunk) or _broken_start(source, chunk, attempt)
        if cut is not None:
            yield from _parse_chunk(source, chunk[:cut])
            yield from _parse_chunk(source, chunk[cut:])
            return
    yield attempt


def _swallowed_rule(source: SourceText, chunk: Chunk) -> int | None:
    """Where a named rule without `on` took that of the unnamed rule below it."""
    for index, token in enumerate(chunk):
        if token.kind == "ON" and _starts_declaration_line(source, chunk, index):
            return index
    return None


def _junk_after_rule(source: SourceText, chunk: Chunk) -> int | None:
    """Where a whole rule ends and something else starts that does not belong to it."""
    send = next((index for index, token in enumerate(chunk) if token.kind == "SEND"), len(chunk))
    for index in range(send + 1, len(chunk)):
        apart = _follows_blank_line(source, chunk, index)
        if apart or (chunk[index].kind not in _CLAUSES and _starts_declaration_line(source, chunk, index)):
            attempt = _attempt(source, chunk[:index])
            if attempt.rule is not None:
                return index
            if not attempt.too_short:
                return None  # what is wrong here is as wrong in any longer part
    return None


def _broken_start(source: SourceText, chunk: Chunk, attempt: _Attempt) -> int | None:
    """Where a named rule that is not whole is followed by another whose first word is broken."""
    stop = attempt.stopped_at
    return stop if stop and chunk[0].kind == "RULE" and _starts_declaration_line(source, chunk, stop) else None


def _follows_blank_line(source: SourceText, chunk: Chunk, index: int) -> bool:
    if index == 0:
        return False
    between = source.text[chunk[index - 1].span.end : chunk[index].start]
    return any(not line.strip() for line in between.split("\n")[1:-1])


def _starts_declaration_line(source: SourceText, chunk: Chunk, index: int) -> bool:
    """Whether a token is the first on its line and stands no further right than the declaration's first."""
    if index == 0:
        return False
    here = source.position(chunk[index].start)
    before = source.position(chunk[index - 1].start)
    return before.line < here.line and here.column <= source.position(chunk[0].start).column


def _attempt(source: SourceText, chunk: Chunk) -> _Attempt:
    if _depth(chunk) > _DEEPEST:
        return _Attempt(None, [about_nesting(source, chunk, _DEEPEST)])
    parser = grammar().parse_interactive(start="declaration")
    findings: list[Diagnostic] = []
    unreadable = any(_is_unreadable(source, token) for token in chunk)
    for index, token in enumerate(chunk):
        if _is_unreadable(source, token):
            continue
        fed = token
        if token.kind in MALFORMED or token.kind.startswith("RESERVED_"):
            accepted = _accepted(parser)
            complaint = about_token(source, chunk, index, accepted)
            replacement = mended(token, accepted)
            if not findings or token.kind in MALFORMED:
                findings.append(complaint)
            if replacement is None:
                return _Attempt(None, findings)
            fed = replacement
        if not _feed(parser, fed):
            accepted = _accepted(parser)
            if not findings and not unreadable:
                findings.append(about_token(source, chunk, index, accepted))
                replacement = mended(token, accepted)
                if replacement is not None and _feed(parser, replacement):
                    continue
            return _Attempt(None, findings, stopped_at=index if "$END" in accepted else None)
    if findings or unreadable:
        return _Attempt(None, findings)
    return _finish(source, chunk, parser)


def _is_unreadable(source: SourceText, token: Token) -> bool:
    """Whether a character has a finding of its own; what is wrong around it most likely comes from it."""
    return token.kind == "UNEXPECTED" and (token.start in source.invalid_bytes or is_unseen(token.text))


def _finish(source: SourceText, chunk: Chunk, parser: InteractiveParser) -> _Attempt:
    tree = _tree(parser)
    if tree is None:
        return _Attempt(None, [about_end(source, chunk, _accepted(parser))], too_short=True)
    builder = Builder(source)
    rule = builder.build(tree)
    return _Attempt(rule, builder.findings)


def _accepted(parser: InteractiveParser) -> set[str]:
    return cast("set[str]", parser.accepts())  # type: ignore[no-untyped-call]  # Lark leaves it without types


def _tree(parser: InteractiveParser) -> Tree[LarkToken] | None:
    """The tree of what was fed; None where it is not whole."""
    try:
        return cast("Tree[LarkToken]", parser.feed_eof())  # type: ignore[no-untyped-call]  # likewise
    except UnexpectedToken:
        return None


def _feed(parser: InteractiveParser, token: Token) -> bool:
    try:
        parser.feed_token(LarkToken(token.kind, token.text, token.start))
    except UnexpectedToken:
        return False
    return True


def _depth(chunk: Chunk) -> int:
    """How deep parentheses and `not` nest, since the tree is walked by recursion."""
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
