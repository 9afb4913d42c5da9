"""Source text and places in it.

Offsets count code points of the text, from 0; positions are lines and columns, from 1, derived from offsets on demand.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

REPLACEMENT = "\ufffd"
"""What stands in a text for bytes that are not UTF-8."""


class Span(NamedTuple):
    """The half-open range of offsets `[start, end)` that a piece of source text takes."""

    start: int
    end: int

    def to(self, other: "Span") -> "Span":
        """The span from the start of this one to the end of `other`."""
        return Span(self.start, other.end)


class Position(NamedTuple):
    """A line and a column, both from 1; columns count code points."""

    line: int
    column: int


@dataclass(frozen=True)
class SourceText:
    """A file's text with its two names.

    `path` is where the user finds it and is what findings show. `name` is what it is called inside the rule set, from
    which rules without a name take theirs (`carts.conn:12`); it does not depend on the folder one happens to stand in.
    """

    path: str
    text: str = field(repr=False)
    name: str = ""
    invalid_bytes: tuple[int, ...] = field(default=(), repr=False)
    """Offsets of the replacement characters that stand for bytes that are not UTF-8."""

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.path)

    @classmethod
    def decode(cls, data: bytes, path: str, name: str = "") -> "SourceText":
        """Read UTF-8 bytes; a byte order mark is dropped, bytes that are not UTF-8 are replaced and remembered."""
        data = data.removeprefix(b"\xef\xbb\xbf")
        try:
            return cls(path, data.decode("utf-8"), name)
        except UnicodeDecodeError:
            text, invalid = _decode_what_can_be(data)
            return cls(path, text, name, invalid)

    @cached_property
    def line_starts(self) -> tuple[int, ...]:
        """The offset at which each line starts."""
        starts = [0]
        starts.extend(i + 1 for i, char in enumerate(self.text) if char == "\n")
        return tuple(starts)

    def position(self, offset: int) -> Position:
        """The line and column of an offset."""
        line = bisect_right(self.line_starts, offset)
        return Position(line, offset - self.line_starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """The text of a line without its line break."""
        start = self.line_starts[number - 1]
        end = self.line_starts[number] if number < len(self.line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")


def _decode_what_can_be(data: bytes) -> tuple[str, tuple[int, ...]]:
    parts: list[str] = []
    invalid: list[int] = []
    length = at = 0
    while at < len(data):
        try:
            part, bad = data[at:].decode("utf-8"), 0
        except UnicodeDecodeError as error:
            part, bad = data[at : at + error.start].decode("utf-8"), max(1, error.end - error.start)
            at += error.start
        else:
            at = len(data)
        parts.append(part)
        length += len(part)
        if bad:
            invalid.append(length)
            parts.append(REPLACEMENT)
            length += 1
            at += bad
    return "".join(parts), tuple(invalid)


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that `word` most likely was meant to be, or None where none is close enough to be worth saying.

    Differences in case count little; short words must be closer than long ones.
    """
    from difflib import get_close_matches  # noqa: PLC0415  # only where something is misspelled

    folded = {candidate.casefold(): candidate for candidate in candidates}
    cutoff = 0.6 if len(word) > 4 else 0.7
    near = get_close_matches(word.casefold(), folded, n=1, cutoff=cutoff)
    return folded[near[0]] if near else None


def nfc(text: str) -> str:
    """A text as names and texts compare: in Unicode NFC."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)
