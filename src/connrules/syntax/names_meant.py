"""Names that are written as no name can be: which word, or which quotes, would do."""

import re
import unicodedata
from collections.abc import Set
from typing import Final

from connrules.diagnostic import Fix
from connrules.syntax.grammar import RESERVED
from connrules.syntax.place import CLAUSES, COMPARATORS, Place, Slip
from connrules.syntax.scanner import Token
from connrules.vocabulary import INTERACTIONS, PURCHASE, SESSION_START

EVENTS: Final = frozenset({*INTERACTIONS, PURCHASE, SESSION_START})
"""The words that an event pattern may begin with, but for `event`."""

_BY_PARTS = {"_".join(sorted(word.split("_"))): word for word in EVENTS}
_LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "æ": "ae", "ø": "o"}
)
_NAME_ENDS = CLAUSES - {"IN", "NEXT"} | {"COLON", "COMMA", "WHERE", "OR", "OPERATOR", "LPAR", "RPAR", "$END"}
_NAMED_BY_QUOTES = frozenset({"SEND", "OF", "EVENT", "PERCENT", "ACTIVE", "SENT"})
_SIGN_AFTER_NAME = {"RULE": ":", "SEGMENT": "="}


def word_like(text: str, otherwise: str = "my_rule") -> str:
    """A word that can name a rule or segment and is as near as possible to a text that cannot."""
    plain = unicodedata.normalize("NFC", text.strip("\"“”„«»‘’'`")).translate(_LETTERS)
    ascii_ = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    word = re.sub(r"[^A-Za-z0-9_]+", "_", ascii_).strip("_")
    kind = otherwise.removeprefix("my_")
    if not word:
        return otherwise
    if word in RESERVED:
        return f"{word}_{kind}"
    return f"{kind[0]}{word}" if word[0].isdigit() else word


def declared_name(place: Place) -> Slip | None:
    """What stands after `rule` or `segment` is no word: all of it, up to the sign behind, was meant as the name."""
    sign = _SIGN_AFTER_NAME.get(place.declaration)
    if sign is None or place.stop < 1 or any(t.text == sign for t in place.chunk[1 : place.stop]):
        return None
    kind = place.chunk[0].text
    ends = {"COLON", "OPERATOR", "ON"} if place.stop > 1 else {"COLON", "OPERATOR"}
    name = _rest_of_line(place, place.chunk[0], 1, ends)
    if len(name) < place.stop or not name:
        return None
    text = place.source.text[name[0].start : name[-1].span.end].rstrip(":")
    word = word_like(text, f"my_{kind}")
    if len(name) == 1 and text in RESERVED:
        message = f"`{text}` is a reserved word"
        remedy = f"choose another name, e.g. `{word}`"
    else:
        message = f"`{text}` is no name for a {kind}"
        form = f"{kind} {word}{sign}" if sign == ":" else f"{kind} {word} {sign}"
        remedy = f"names of {kind}s are words of letters, digits and `_`: write `{form}`"
    code = "CR103" if len(name) == 1 and name[0].kind in {"BAD_WORD", "TYPOGRAPHIC"} else "CR101"
    return Slip(code, name[0], name[-1], message, remedy, fix=_renaming(place, name, word))


def _renaming(place: Place, name: list[Token], word: str) -> Fix | None:
    """The word in the place of the name; another than a reserved one is for the user to choose."""
    if len(name) == 1 and name[0].text in RESERVED:
        return None
    sign = ":" if name[-1].text.endswith(":") else ""
    return place.writing(name[0], name[-1], word + sign)


def _rest_of_line(place: Place, first: Token, index: int, ends: Set[str]) -> list[Token]:
    tokens: list[Token] = []
    for token in place.chunk[index:]:
        glued = bool(tokens) and _joins(tokens[-1]) and tokens[-1].span.end == token.start
        if not glued and (token.kind in ends or not place.same_line(first, token)):
            break
        tokens.append(token)
        if token.text.endswith(":"):  # a number that is none takes the colon after it along
            break
    return tokens


def bare_name(place: Place) -> Slip | None:
    """A name of several words, or with other letters, without quotes: `send Cart Reminder`, `send cart-reminder`."""
    token, start = place.token, place.stop
    if not (token.text.isidentifier() or _joins(token) or token.kind in {"NUMBER", "BAD_NUMBER"}):
        return None
    while start and place.chunk[start - 1].kind not in _NAME_ENDS | _NAMED_BY_QUOTES:
        start -= 1
    opener = place.chunk[start - 1] if start else token
    if opener.kind == "COMMA":
        opener = _opener_of_list(place, start)
    if opener.kind not in _NAMED_BY_QUOTES or not place.same_line(opener, token):
        return None
    name = _rest_of_line(place, opener, start, _NAME_ENDS)
    if any(t.kind in {"STRING", "DURATION", "TIME", "UNTERMINATED", "TYPOGRAPHIC"} for t in name) or token not in name:
        return None
    text = place.source.text[name[0].start : name[-1].span.end]
    if len(name) == 1 and name[0].kind not in {"BAD_WORD", "BAD_NUMBER"}:
        return None
    if len(name) > 1 and name[1].text in EVENTS:
        return None
    code = "CR103" if token.kind in {"BAD_WORD", "UNEXPECTED"} else "CR101"
    message = f"`{text}` is more than a word" if len(name) > 1 else f"`{text}` is not a word"
    what = "a name of several words stands in quotes" if " " in text else "put names in quotes"
    fix = place.writing(name[0], name[-1], f'"{text}"', title=f'write "{text}"')
    return Slip(code, token, token, message, f'{what}: "{text}"', fix=fix)


def _joins(token: Token) -> bool:
    return token.kind == "UNEXPECTED" and token.text in "-–—/&+'’!%"


def _opener_of_list(place: Place, index: int) -> Token:
    while index and place.chunk[index - 1].kind in {"COMMA", "STRING", "WORD"}:
        index -= 1
    return place.chunk[index - 1] if index else place.chunk[0]


def event_word(place: Place) -> Slip | None:
    """An event whose words are not joined by `_`: `opened push`, `push-opened`."""
    pieces = [place.before]
    offset = 0
    while place.at(offset).kind == "WORD" or (_joins(place.at(offset)) and place.at(offset + 1).kind == "WORD"):
        pieces.append(place.at(offset))
        offset += 1
    opener = place.at(-2).kind
    step = opener in {"DURATION", "TIME", "WORD"} and place.at(-3).kind == "AT"
    if not (opener in {"ON", "UNLESS", "OR"} or step) or pieces[0].kind != "WORD":
        return None
    for length in range(len(pieces), 1, -1):
        words = [piece.text.lower() for piece in pieces[:length] if piece.kind == "WORD"]
        word = _BY_PARTS.get("_".join(sorted("_".join(words).split("_"))))
        if word is not None:
            last = pieces[length - 1]
            text = place.text(pieces[0], last)
            remedy, fix = f"the event is one word: write `{word}`", place.writing(pieces[0], last, word)
            return Slip("CR101", pieces[0], last, f"`{text}` is no event", remedy, fix=fix)
    return None


def property_name(place: Place) -> Slip | None:
    """A property that is no word: `order id = 1`, `utm-source = "x"`, `größe > 5`."""
    token = place.token
    if place.after_path():
        start, end = place.stop - 1, place.stop
    elif "QUOTED_NAME" in place.accepted and (token.kind in {"BAD_WORD", "BAD_NUMBER"} or _goes_on(place)):
        start, end = place.stop, place.stop + 1
    else:
        return None
    while end < len(place.chunk) and _may_be_in_a_property(place.chunk[end - 1], place.chunk[end]):
        end += 1
    compared = end < len(place.chunk) and place.chunk[end].kind in COMPARATORS
    if not compared or (end == place.stop and start < place.stop):
        return None
    first, last = place.chunk[start], place.chunk[end - 1]
    text = place.text(first, last)
    code = "CR103" if token.kind in {"BAD_WORD", "UNEXPECTED"} else "CR101"
    remedy = f"put it in backticks if it is one property: `{text}`"
    return Slip(code, first, last, f"`{text}` is no word", remedy, fix=place.writing(first, last, f"`{text}`"))


def _goes_on(place: Place) -> bool:
    """Whether a word is the first part of a longer one: `in-app`."""
    return place.token.text.isidentifier() and _joins(place.at(1)) and place.glued(1)


def _may_be_in_a_property(before: Token, token: Token) -> bool:
    if token.text.isidentifier() and _joins(before):
        return before.span.end == token.start
    if token.kind in COMPARATORS:
        return False
    number = token.kind in {"NUMBER", "BAD_NUMBER"}
    return token.kind in {"WORD", "BAD_WORD"} or token.text in RESERVED or number or _joins(token)
