"""Source text to a syntax tree, and findings for what is no such thing. It never raises on a user's text.

The tokens of a file are cut into one chunk per declaration, and each chunk is parsed by itself, so a broken declaration
cannot take a healthy one with it. Where a chunk fails, further cuts are tried before it is given up: a new declaration
may have lost its first word, or a broken rule may have swallowed the rule that follows it. One cause gives one finding:
what is wrong with a token is said first, and then nothing more about the grammar of that chunk.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import cast

from lark import Token as LarkToken
from lark import Tree, UnexpectedToken
from lark.parsers.lalr_interactive_parser import InteractiveParser

from connrules import ast
from connrules.diagnostic import Diagnostic
from connrules.syntax.builder import Builder
from connrules.syntax.chunks import Chunk, chunks
from connrules.syntax.complaints import (
    about_end,
    about_nesting,
    about_second_trigger,
    about_token,
    about_trigger_in_test,
    is_weekday,
    mended,
)
from connrules.syntax.grammar import grammar
from connrules.syntax.place import CLAUSES, POLICY_CLAUSES, STEPS
from connrules.syntax.scanner import MALFORMED, TRIVIA, Token, scan
from connrules.syntax.trials import sound
from connrules.syntax.unseen import foreign_text, invalid_bytes, is_unseen, is_utf_16, unseen_characters, utf_16
from connrules.text import SourceText

_CONTINUES = CLAUSES | STEPS | POLICY_CLAUSES
"""The kinds of the tokens with which a declaration goes on, though they begin a line at the margin."""
_DEEPEST = 60
_MOST_OF_EACH = 2


@dataclass(frozen=True, slots=True)
class Parsed:
    """What the parser found in one source text: the healthy declarations, the comments, and what is wrong."""

    file: ast.File
    comments: tuple[Token, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One try at one chunk."""

    declaration: ast.Declaration | None
    findings: list[Diagnostic]
    stopped_at: int | None = None
    """The index of the token that does not fit, where there is one and what stands before it is whole."""
    too_short: bool = False
    """Whether every token fits, and more are needed."""
    whole: bool = False
    """Whether every token fits, and no more are needed; what is wrong then is more than syntax."""
    start: int = 0
    """The offset of the first token."""


def parse(source: SourceText) -> Parsed:
    """Parse a file: its healthy declarations in order, and a finding for everything else."""
    if is_utf_16(source):
        return Parsed(ast.File(source, ()), (), (utf_16(source),))
    tokens = scan(source.text)
    declarations: list[ast.Declaration] = []
    findings = [*invalid_bytes(source), *unseen_characters(source, tokens), *foreign_text(source, tokens)]
    significant = [token for token in tokens if token.kind not in TRIVIA]
    for attempt in _few_of_each(source, _with_second_triggers(source, chunks(source, significant))):
        findings.extend(attempt.findings)
        if attempt.declaration is not None:
            declarations.append(attempt.declaration)
    comments = tuple(token for token in tokens if token.kind == "COMMENT")
    return Parsed(ast.File(source, tuple(declarations)), comments, tuple(sorted(findings, key=lambda f: f.sort_key)))


def _few_of_each(source: SourceText, attempts: Iterable[_Attempt]) -> Iterator[_Attempt]:
    """No more than two findings for one broken declaration, into however many pieces it fell.

    A broken piece that begins within a line, or further right than the first of those before it, is a part of them.
    """
    column = said = 0
    for attempt in attempts:
        here = source.position(attempt.start).column
        if attempt.declaration is not None:
            column = said = 0
        elif not column or (here <= column and _begins_line(source, attempt.start)):
            column, said = here, 0
        findings = attempt.findings[: _MOST_OF_EACH - said]
        said += len(findings)
        yield replace(attempt, findings=findings)


def _begins_line(source: SourceText, offset: int) -> bool:
    return not source.line(source.position(offset).line)[: source.position(offset).column - 1].strip()


def _with_second_triggers(source: SourceText, chunks: Iterable[Chunk]) -> Iterator[_Attempt]:
    """Each chunk's attempts; an `on` inside a rule that lacks its `send`, or inside a test, is one finding."""
    above: Chunk | None = None
    held: _Attempt | None = None
    for chunk in chunks:
        attempts = list(_parse_chunk(source, chunk))
        if held is not None:
            assert above is not None  # the two are set together
            if above[0].kind == "TEST" and attempts[0].declaration is None and _is_inside(source, above, chunk):
                held = replace(held, declaration=None, findings=[] if held.too_short else held.findings)
                attempts[0] = replace(attempts[0], declaration=None, findings=[about_trigger_in_test(source, chunk)])
            elif above[0].kind != "TEST" and _is_inside(source, above, chunk):
                held = replace(held, declaration=None, findings=[about_second_trigger(source, above, chunk)])
                findings = [] if is_weekday(chunk) else attempts[0].findings
                attempts[0] = replace(attempts[0], declaration=None, findings=findings)
            yield held
        last = attempts[-1]
        holds = chunk[0].kind == "TEST" or _has_no_send(last)
        above, held = (chunk, attempts.pop()) if holds else (None, None)
        yield from attempts
    if held is not None:
        yield held


def _has_no_send(attempt: _Attempt) -> bool:
    return attempt.declaration is None and [finding.code for finding in attempt.findings] == ["CR104"] and attempt.whole


def _is_inside(source: SourceText, chunk: Chunk, other: Chunk) -> bool:
    """Whether a chunk that begins with `on` stands on the last line of another, or deeper than its first word."""
    first, last, trigger = chunk[0], chunk[-1], other[0]
    if trigger.kind != "ON" or any(token.kind == "SEND" for token in chunk):
        return False
    between = source.text[last.span.end : trigger.start]
    deeper = source.position(trigger.start).column > source.position(first.start).column
    return "\n" not in between or (deeper and not _has_blank_line(between))


def _parse_chunk(source: SourceText, chunk: Chunk) -> Iterator[_Attempt]:
    attempt = _attempt(source, chunk)
    if attempt.declaration is None:
        cut = _swallowed_rule(source, chunk) or _junk_after(source, chunk) or _broken_start(source, chunk, attempt)
        if cut is not None:
            yield from _parse_chunk(source, chunk[:cut])
            yield from _parse_chunk(source, chunk[cut:])
            return
    findings = sound(source, chunk, attempt.findings, lambda text, piece: _attempt(text, piece).findings)
    yield replace(attempt, findings=findings, start=chunk[0].start)


def _swallowed_rule(source: SourceText, chunk: Chunk) -> int | None:
    """Where a named rule without `on` took that of the unnamed rule below it."""
    for index, token in enumerate(chunk):
        own = index and chunk[index - 1].kind == "CONVERT"
        if token.kind == "ON" and not own and _starts_declaration_line(source, chunk, index):
            return None if _is_own(source, chunk, index) else index
    return None


def _is_own(source: SourceText, chunk: Chunk, index: int) -> bool:
    """Whether an `on` at the margin is the rule's own: all lines of the rule before it begin there too."""
    if _follows_blank_line(source, chunk, index):
        return False
    if chunk[index - 1].kind == "COLON":
        return True
    column = source.position(chunk[index].start).column
    clauses = [place for place in range(1, index) if chunk[place].kind in CLAUSES]
    return bool(clauses) and all(
        source.position(chunk[place].start).column == column and not _follows_blank_line(source, chunk, place)
        for place in clauses
    )


def _junk_after(source: SourceText, chunk: Chunk) -> int | None:
    """Where a whole declaration ends and something else starts that does not belong to it."""
    for index in range(_shortest(chunk), len(chunk)):
        apart = _follows_blank_line(source, chunk, index)
        if apart or (chunk[index].kind not in _CONTINUES and _starts_declaration_line(source, chunk, index)):
            attempt = _attempt(source, chunk[:index])
            if attempt.declaration is not None:
                return index
            if not attempt.too_short:
                return None  # what is wrong here is as wrong in any longer part
    return None


def _shortest(chunk: Chunk) -> int:
    """How many tokens of a chunk no whole declaration can do without."""
    if chunk[0].kind not in {"RULE", "ON"}:
        return 3
    return next((index for index, token in enumerate(chunk) if token.kind == "SEND"), len(chunk)) + 1


def _broken_start(source: SourceText, chunk: Chunk, attempt: _Attempt) -> int | None:
    """Where a named rule that is not whole is followed by another whose first word is broken."""
    stop = attempt.stopped_at
    return stop if stop and chunk[0].kind == "RULE" and _starts_declaration_line(source, chunk, stop) else None


def _follows_blank_line(source: SourceText, chunk: Chunk, index: int) -> bool:
    if index == 0:
        return False
    between = source.text[chunk[index - 1].span.end : chunk[index].start]
    return _has_blank_line(between)


def _has_blank_line(between: str) -> bool:
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
        if token.kind in MALFORMED:
            accepted = _accepted(parser)
            replacement = mended(token, accepted)
            if not (findings and token.start < findings[-1].span.end):  # that finding speaks of this token too
                findings.append(about_token(source, chunk, index, accepted))
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
    declaration = builder.build(tree)
    return _Attempt(declaration, builder.findings, whole=True)


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
