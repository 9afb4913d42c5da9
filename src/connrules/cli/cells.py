"""How much room text takes in a terminal, so that carets stand under what they mean.

Terminals differ; this counts cells as most do. A character that is invisible, or would move the cursor or turn the
reading order round, is drawn as something that can be seen.
"""

import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

TAB = 4
"""Tab stops stand every so many cells."""

_JOINER = "\u200d"
_JOINERS = frozenset({"\u200c", _JOINER})
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_DELETE = 0x7F


class Cell(NamedTuple):
    """One code point of a text: what is drawn for it, and the number of cells that takes."""

    drawn: str
    width: int


def cells(line: str) -> list[Cell]:
    """A line code point by code point, tabs drawn as spaces up to the next tab stop."""
    return list(_cells(line))


def width(line: str) -> int:
    """The number of cells that a line takes."""
    return sum(cell.width for cell in _cells(line))


def padded(line: str, cells_wide: int) -> str:
    """A line with spaces behind it, so that it takes so many cells."""
    return line + " " * (cells_wide - width(line))


def visible(text: str) -> str:
    """A text on one line, safe for a terminal: what cannot be seen is drawn as something that can."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_drawn(char) for char in text)


def _cells(line: str) -> Iterator[Cell]:
    column, before = 0, ""
    for char in line:
        if char == "\t":
            width = TAB - column % TAB
            cell = Cell(" " * width, width)
        else:
            cell = Cell(_drawn(char), _width(char, before))
        yield cell
        column += cell.width
        before = char


def _drawn(char: str) -> str:
    if unicodedata.category(char) not in _INVISIBLE or char in _JOINERS:
        return char
    number = ord(char)
    if number < 0x20:
        return chr(0x2400 + number)  # the pictures of control characters
    return "\u2421" if number == _DELETE else "\ufffd"


def _width(char: str, before: str) -> int:
    if before == _JOINER and ord(char) > 0xFF:
        return 0  # drawn as one with what it is joined to
    if char in _JOINERS or unicodedata.category(char) in {"Mn", "Me"} or ord(char) in _SKIN_TONES:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1
