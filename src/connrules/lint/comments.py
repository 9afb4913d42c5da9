"""Suppressions as they stand in comments: `# connrules: ignore[CR401] reason until 2026-12-01`.

A suppression may share its comment with other words, as a comment goes on to the end of its line: it begins at a `#`
and ends before the next one that stands by itself.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from connrules.codes import CODES, Code, find_code
from connrules.duration import parse_instant
from connrules.syntax.parser import Parsed
from connrules.syntax.scanner import Token
from connrules.text import SourceText, Span

_PART = re.compile(r"#.*?(?=\s#\s|$)")
_SUPPRESSION = re.compile(r"#+[ \t]*connrules[ \t]*:[ \t]*ignore[ \t]*\[(?P<codes>[^\]]*)\](?P<rest>.*)")
_UNTIL = re.compile(r"\buntil\s+(\d[^\s,;)]*?)(?=[.,;)]*(?:\s|$))")


class NamedCode(NamedTuple):
    """A finding as a suppression names it. `row` is None where there is none of that code or name."""

    text: str
    span: Span
    row: Code | None


class Mistake(NamedTuple):
    """Why a suppression does not act, where that shows, and what to write."""

    message: str
    span: Span
    help: str


@dataclass(frozen=True, slots=True)
class Suppression:
    """What a comment asks to be left out."""

    source: SourceText
    span: Span
    """From its `#` to its end."""
    codes: tuple[NamedCode, ...]
    codes_span: Span
    """What stands between the brackets."""
    reason: str
    until: int | None = None
    """The instant (epoch ms) at which it ends."""
    until_span: Span | None = None
    """Where its end is said."""
    mistake: Mistake | None = None


def suppressions_in(parsed: Parsed) -> Iterator[Suppression]:
    """The suppressions in the comments of a file, in order, with those that are nearly one."""
    for comment in parsed.comments:
        for part in _PART.finditer(comment.text):
            found = _read(parsed.file.source, comment, part)
            if found:
                yield found


def _read(source: SourceText, comment: Token, part: re.Match[str]) -> Suppression | None:
    at, text = comment.start + part.start(), part[0].rstrip()
    span = Span(at, at + len(text))
    match = _SUPPRESSION.fullmatch(text)
    if match is None:
        mistake = Mistake("it is not in the right form", span, _help(text))
        nearly = any(pattern.match(text) for pattern in _nearly())
        return Suppression(source, span, (), span, "", mistake=mistake) if nearly else None
    codes_span = Span(at + match.start("codes"), at + match.end("codes"))
    codes = tuple(_codes(match["codes"], codes_span.start))
    reason, end = _parted(match["rest"])
    if end is None:
        until, until_span, mistake_of_end = None, None, None
    else:
        until_span = Span(at + match.start("rest") + end.start(1), at + match.start("rest") + end.end(1))
        until, mistake_of_end = _instant(end[1], until_span)
    mistake_of_codes = None if codes else Mistake("it names no finding", span, _help(text))
    return Suppression(source, span, codes, codes_span, reason, until, until_span, mistake_of_codes or mistake_of_end)


def _help(text: str) -> str:
    """How a comment is written that suppresses what this one names."""
    named = [word for word in re.findall(r"[\w-]+", text) if find_code(word)]
    return f"write `# connrules: ignore[{', '.join(named) or 'CR401'}] reason`"


def _parted(words: str) -> tuple[str, re.Match[str] | None]:
    """What stands behind the bracket: the reason, and the end of the suppression where it is said."""
    end = max(_UNTIL.finditer(words), key=re.Match.start, default=None)
    reason = words if end is None else words[: end.start()] + words[end.end() :]
    return reason.strip(" \t-:;,.()–—"), end


def _instant(text: str, span: Span) -> tuple[int | None, Mistake | None]:
    try:
        return parse_instant(text), None
    except ValueError:
        return None, Mistake(f"`{text}` is no date", span, "write a day, e.g. `until 2026-12-01`")


def _codes(text: str, start: int) -> Iterator[NamedCode]:
    for piece in re.finditer(r"[^,]+", text):
        name = piece[0].strip()
        if name:
            place = start + piece.start() + piece[0].index(name)
            yield NamedCode(name, Span(place, place + len(name)), find_code(name))


@cache
def _nearly() -> tuple[re.Pattern[str], ...]:
    """What looks like a suppression and is none; made when a comment might be one, as it takes its time."""
    verb = r"(?:ignored?|disabled?|suppress(?:ed)?|allow(?:ed)?|noqa|nolint)\b"
    name = "|".join(re.escape(row.name) for row in CODES.values())
    return (
        re.compile(rf"#+\s*conn?rules?\s*:\s*{verb}", re.IGNORECASE),
        re.compile(rf"#+\s*(?:conn?rules?\b\W*)?{verb}\W*(?:CR\d|(?:{name})\b)", re.IGNORECASE),
    )
