"""What is wrong with the chunks that are no whole declarations.

Where a chunk fails, further cuts are tried before it is given up: a new declaration may have lost its first word, or a
broken rule may have swallowed the rule that follows it. One cause gives one finding: what is wrong with a token is said
first, and then nothing more about the grammar of that chunk.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from connrules.diagnostic import Diagnostic
from connrules.syntax.attempts import DEEPEST, MISFIT, Attempt, is_too_deep, try_chunk
from connrules.syntax.automaton import Recogniser
from connrules.syntax.chunks import Chunk
from connrules.syntax.complaints import (
    about_end,
    about_nesting,
    about_second_trigger,
    about_token,
    about_trigger_in_test,
    is_weekday,
    mended,
)
from connrules.syntax.place import CLAUSES, POLICY_CLAUSES, STEPS
from connrules.syntax.scanner import MALFORMED, Token
from connrules.syntax.trials import sound
from connrules.syntax.unseen import is_unseen
from connrules.text import SourceText

_CONTINUES = CLAUSES | STEPS | POLICY_CLAUSES
"""The kinds of the tokens with which a declaration goes on, though they begin a line at the margin."""
_MOST_OF_EACH = 2


def recovered(source: SourceText, pieces: Iterable[tuple[Chunk, Attempt]]) -> Iterator[Attempt]:
    """The attempts at the chunks of a file; in the place of each that failed, those at its parts, with findings."""
    return _few_of_each(source, _with_second_triggers(source, pieces))


def _few_of_each(source: SourceText, attempts: Iterable[Attempt]) -> Iterator[Attempt]:
    """No more than two findings for one broken declaration, into however many pieces it fell.

    A broken piece that begins within a line, or further right than the first of those before it, is a part of them.
    """
    column = said = 0
    for attempt in attempts:
        if attempt.declaration is not None:
            column = said = 0
            yield attempt
            continue
        here = source.position(attempt.start).column
        if not column or (here <= column and _begins_line(source, attempt.start)):
            column, said = here, 0
        findings = attempt.findings[: _MOST_OF_EACH - said]
        said += len(findings)
        yield replace(attempt, findings=findings)


def _begins_line(source: SourceText, offset: int) -> bool:
    return not source.line(source.position(offset).line)[: source.position(offset).column - 1].strip()


def _with_second_triggers(source: SourceText, pieces: Iterable[tuple[Chunk, Attempt]]) -> Iterator[Attempt]:
    """Each chunk's attempts; an `on` inside a rule that lacks its `send`, or inside a test, is one finding."""
    above: Chunk | None = None
    held: Attempt | None = None
    for chunk, piece in pieces:
        attempts = [piece] if piece.declaration is not None else list(_parse_chunk(source, chunk))
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


def _has_no_send(attempt: Attempt) -> bool:
    return attempt.declaration is None and [finding.code for finding in attempt.findings] == ["CR104"] and attempt.whole


def _is_inside(source: SourceText, chunk: Chunk, other: Chunk) -> bool:
    """Whether a chunk that begins with `on` stands on the last line of another, or deeper than its first word."""
    first, last, trigger = chunk[0], chunk[-1], other[0]
    if trigger.kind != "ON" or any(token.kind == "SEND" for token in chunk):
        return False
    between = source.text[last.span.end : trigger.start]
    deeper = source.position(trigger.start).column > source.position(first.start).column
    return "\n" not in between or (deeper and not _has_blank_line(between))


def _parse_chunk(source: SourceText, chunk: Chunk) -> Iterator[Attempt]:
    attempt = _told(source, chunk)
    if attempt.declaration is None:
        cut = _swallowed_rule(source, chunk) or _junk_after(source, chunk) or _broken_start(source, chunk, attempt)
        if cut is not None:
            yield from _parse_chunk(source, chunk[:cut])
            yield from _parse_chunk(source, chunk[cut:])
            return
    findings = sound(source, chunk, attempt.findings, lambda text, piece: _told(text, piece).findings)
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
            attempt = _told(source, chunk[:index])
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


def _broken_start(source: SourceText, chunk: Chunk, attempt: Attempt) -> int | None:
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


def _told(source: SourceText, chunk: Chunk) -> Attempt:
    """One more try, which says what is wrong."""
    if is_too_deep(chunk):
        return Attempt(None, [about_nesting(source, chunk, DEEPEST)])
    done = try_chunk(source, chunk)
    return _misfit(source, chunk) if done is MISFIT else done


def _misfit(source: SourceText, chunk: Chunk) -> Attempt:
    parser = Recogniser()
    findings: list[Diagnostic] = []
    unreadable = any(_is_unreadable(source, token) for token in chunk)
    for index, token in enumerate(chunk):
        if _is_unreadable(source, token):
            continue
        fed = token
        if token.kind in MALFORMED:
            accepted = parser.accepts()
            replacement = mended(token, accepted)
            if not (findings and token.start < findings[-1].span.end):  # that finding speaks of this token too
                findings.append(about_token(source, chunk, index, accepted))
            if replacement is None:
                return Attempt(None, findings)
            fed = replacement
        if not parser.feed(fed.kind):
            accepted = parser.accepts()
            if not findings and not unreadable:
                findings.append(about_token(source, chunk, index, accepted))
                replacement = mended(token, accepted)
                if replacement is not None and parser.feed(replacement.kind):
                    continue
            return Attempt(None, findings, stopped_at=index if "$END" in accepted else None)
    if findings or unreadable:
        return Attempt(None, findings)
    parser.feed("$END")  # ends what can be ended, so that not every name is said to lack a `.`
    return Attempt(None, [about_end(source, chunk, parser.accepts())], too_short=True)


def _is_unreadable(source: SourceText, token: Token) -> bool:
    """Whether a character has a finding of its own; what is wrong around it most likely comes from it."""
    return token.kind == "UNEXPECTED" and (token.start in source.invalid_bytes or is_unseen(token.text))
