"""Names that a reader cannot tell apart: characters that nobody sees, letters that look like those of other scripts.

Source: Unicode Technical Standard 39, "confusable" detection; the table holds what a keyboard for Greek or Cyrillic
puts into a Latin name, not all of Unicode.
"""

import re
import unicodedata
from itertools import zip_longest

_CYRILLIC = dict(zip("АВЕКМНОРСТХаеосрхуіјѕԁһІЈЅ", "ABEKMHOPCTXaeocpxyijsdhIJS", strict=True))
_GREEK = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧονι", "ABEZHIKMNOPTYXovi", strict=True))
_SIGNS = dict(zip("‐‑‒–—−’‘“”", "------''\"\"", strict=True))
_LOOKS_LIKE = str.maketrans({**_CYRILLIC, **_GREEK, **_SIGNS})
_LETTERS = str.maketrans({**_CYRILLIC, **_GREEK})
_WORD = re.compile(r"[^\W\d_]+")
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)


def looks(name: str) -> str:
    """What a name looks like: equal for names that are hard to tell apart."""
    if name.isascii():
        return name
    seen = "".join(_visible(char) for char in unicodedata.normalize("NFKC", name))
    return seen.translate(_LOOKS_LIKE)


def _visible(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Cf" or ord(char) in _VARIATION_SELECTORS:
        return ""
    return " " if category == "Zs" else char


def difference(name: str, other: str, where: str = "in the catalog") -> str | None:
    """Where two names that look the same begin to differ, in words; None where a reader sees the difference.

    `where` says where the other one stands.
    """
    if name == other or looks(name) != looks(other):
        return None
    place, (here, there) = next(
        (place, pair) for place, pair in enumerate(zip_longest(name, other, fillvalue="")) if pair[0] != pair[1]
    )
    return f"character {place + 1} is {_named(here)}; {where} it is {_named(there)}"


def in_latin(name: str) -> str:
    """A name with Latin letters in the place of those of other scripts that look like them, in words that mix both.

    A word all of whose letters are of one script is left as it is.
    """
    return name if name.isascii() else _WORD.sub(lambda word: _unmixed(word[0]), name)


def _unmixed(word: str) -> str:
    latin = word.translate(_LETTERS)
    return latin if latin.isascii() and any(map(str.isascii, word)) else word


def stray_letter(name: str) -> str | None:
    """The first letter of a name that is of another script than the rest of its word, in words."""
    stray = next(
        (place for place, (here, latin) in enumerate(zip(name, in_latin(name), strict=True)) if here != latin), None
    )
    return None if stray is None else f"character {stray + 1} is {_named(name[stray])}"


def _named(char: str) -> str:
    if not char:
        return "the end of the name"
    return f"U+{ord(char):04X} {unicodedata.name(char, 'a character without a name')}"


def written_out(name: str) -> str:
    """A name in quotes, with escapes for what a reader would not see or would take for another character."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if looks(c) == c else f"\\u{{{ord(c):X}}}" for c in escaped) + '"'
