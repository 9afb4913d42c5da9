"""What is no text of conn at all: other encodings, comments of other languages, characters that nobody sees.

Source: the Trojan Source paper (Boucher and Anderson, 2021) and Unicode Technical Report 36.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.syntax.fixes import replacing, writing
from connrules.syntax.scanner import TRIVIA, Token
from connrules.text import SourceText, Span

_ALLOWED_IN_TEXT = frozenset("\t\u200c\u200d")
"""A tab, and the two joiners, without which many scripts and emoji cannot be written."""
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
_ORDINARY = str.maketrans("", "", "\t\r\n")
_QUOTING = frozenset({"STRING", "QUOTED_NAME", "BAD_ESCAPE", "UNTERMINATED", "TYPOGRAPHIC"})


def is_unseen(char: str) -> bool:
    """Whether a character is invisible, or white space that only looks like a space."""
    return unicodedata.category(char) in _INVISIBLE_CATEGORIES and char not in " \t\r\n"


def unseen_characters(source: SourceText, tokens: Iterable[Token]) -> Iterator[Diagnostic]:
    """A finding for each token that has such characters, and for each run of the same one, as an indentation may be."""
    if source.text.translate(_ORDINARY).isprintable():
        return  # as most files are; what cannot be seen is not printable
    run: list[Token] = []
    for token in tokens:
        if token.text.isascii() and token.text.isprintable():
            continue
        place = next((i for i, char in enumerate(token.text) if _is_bad(char, token.kind)), None)
        if place is None:
            continue
        if token.kind != "UNEXPECTED":
            yield _unseen(source, token, [Span(token.start + place, token.start + place + 1)])
            continue
        if run and not _goes_on(source, run, token):
            yield _unseen(source, run[0], [each.span for each in run])
            run = []
        run.append(token)
    if run:
        yield _unseen(source, run[0], [each.span for each in run])


def _goes_on(source: SourceText, run: Sequence[Token], token: Token) -> bool:
    """Whether the same character stands again, with nothing but white space before it."""
    between = source.text[run[-1].span.end : token.start]
    return run[0].text == token.text and not between.strip(" \t")


def is_utf_16(source: SourceText) -> bool:
    """Whether the file is UTF-16: there, every other byte of plain letters is zero."""
    return "\0" in source.text and 3 * source.text.count("\0") >= len(source.text)


def utf_16(source: SourceText) -> Diagnostic:
    """The one finding about such a file."""
    return finding("CR111", source, Span(0, 1), "the file is UTF-16, not UTF-8", help="save the file as UTF-8")


def invalid_bytes(source: SourceText) -> Iterator[Diagnostic]:
    """One finding, at the first byte that is not UTF-8."""
    if source.invalid_bytes:
        start = source.invalid_bytes[0]
        several = len(source.invalid_bytes) > 1
        label = "this is the first place" if several else "this byte is no part of a character"
        message = "the file is not UTF-8"
        yield finding("CR111", source, Span(start, start + 1), message, label=label, help="save the file as UTF-8")


def foreign_text(source: SourceText, tokens: Iterable[Token]) -> Iterator[Diagnostic]:
    """A finding for each comment of another language, and for each fence around code in Markdown."""
    if not any(opening in source.text for opening in ("//", "/*", "```")):
        return
    for token in tokens:
        if token.kind != "FOREIGN":
            continue
        if token.text.startswith("`"):
            yield finding("CR103", source, token.span, "the fence is no part of the rules", help="delete this line")
        else:
            start = Span(token.start, token.start + 2)
            message = f"`{token.text[:2]}` begins no comment"
            fix = writing(source, start, "#") if token.text.startswith("//") else None
            remedy = "comments begin with `#`, on each of their lines"
            yield finding("CR103", source, start, message, help=remedy, fix=fix)


def _is_bad(char: str, kind: str) -> bool:
    if kind in TRIVIA:
        return char in _BIDI
    if kind in _QUOTING:
        return is_unseen(char) and char not in _ALLOWED_IN_TEXT and unicodedata.category(char) != "Zs"
    return kind == "UNEXPECTED" and is_unseen(char)


def _unseen(source: SourceText, token: Token, places: Sequence[Span]) -> Diagnostic:
    """About one character, at the places where it stands."""
    char = source.text[places[0].start]
    name = unicodedata.name(char, "a control character")
    fix = None
    remedy = "delete it"
    if token.kind in _QUOTING and not token.text.startswith("`"):
        remedy += f", or write it as `\\u{{{ord(char):X}}}` if it belongs to the name"
    elif unicodedata.category(char) == "Zs":
        remedy = "replace it by an ordinary space"
        fix = replacing(source, places, " ", title=remedy)
    elif token.kind == "UNEXPECTED":
        fix = replacing(source, places, "", title=remedy)
    return finding(
        "CR109",
        source,
        places[0].to(places[-1]),
        f"invisible character U+{ord(char):04X} ({name})",
        label="it stands here, though nothing can be seen",
        help=remedy,
        fix=fix,
    )
