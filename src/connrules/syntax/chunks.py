"""The tokens of a file, cut into one chunk per declaration, so that each can be parsed by itself.

A declaration starts at its first word, or at an `on` that is not the first of a named rule; unless that word is part of
a name, of a condition, or of a clause that is misspelled.
"""

from collections.abc import Iterator, Sequence

from connrules.syntax.names_meant import EVENTS
from connrules.syntax.place import DECLARATIONS
from connrules.syntax.scanner import Token
from connrules.text import SourceText, closest

Chunk = list[Token]

_UNFINISHED = frozenset(
    {"RULE", "SEND", "OF", "COMMA", "ON", "OR", "UNLESS", "WHERE", "AND", "NOT", "IN", "LPAR", "IF", "OPERATOR"}
)
"""The kinds after which, on the same line, a word that starts a declaration was meant as a name or a condition."""
_OF_A_RULE = frozenset({"SENT", "CANCELLED", "DROPPED", "IGNORED", "PENDING", "RESTARTED", "GOAL", "BY", "PERCENT"})
"""The kinds after which, on the same line, it was meant so unless a whole declaration follows."""
_STARTING = DECLARATIONS | {"ON"}
_IN_NAME = {"RULE": {"COLON", "ON"}, "SEGMENT": {"COLON", "OPERATOR"}, "TEST": {"COLON", "STRING"}}
"""By its first word, where the name of a declaration is over."""


def chunks(source: SourceText, tokens: Sequence[Token]) -> Iterator[Chunk]:
    """Cut tokens where a declaration starts: at its first word, or at an `on` that is not the first of a named rule."""
    start = 0
    awaits_on = False
    for index in [index for index, token in enumerate(tokens) if token.kind in _STARTING]:
        chunk = [*tokens[start:index]]
        if chunk and _belongs_to(source, chunk, tokens[index : index + 3]):
            continue
        kind = tokens[index].kind
        starts = not (kind == "ON" and awaits_on)
        awaits_on = kind == "RULE"
        if starts and chunk:
            yield chunk
            start = index
    if start < len(tokens):
        yield [*tokens[start:]]


def _belongs_to(source: SourceText, chunk: Chunk, ahead: Sequence[Token]) -> bool:
    """Whether a word that can start a declaration is part of a name, or cannot start one where it stands."""
    before, token = chunk[-1], ahead[0]
    same_line = "\n" not in source.text[before.span.end : token.start]
    ends = _IN_NAME.get(chunk[0].kind)
    in_name = ends is not None and not any(other.kind in ends for other in chunk)
    if before.kind == "UNEXPECTED":
        return before.text == "-" and before.span.end == token.start
    if token.kind == "ON":
        of_goal = before.kind == "CONVERT" or (same_line and _lacks_event(chunk)) or _meant_convert(source, chunk)
        return before.kind == "ON" or of_goal or (in_name and same_line)
    if token.kind == "SEGMENT" and before.kind == "IN":
        return not _is_whole_start(ahead)
    if in_name or before.kind in _UNFINISHED:
        return same_line
    return before.kind in _OF_A_RULE and same_line and not _is_whole_start(ahead)


def _is_whole_start(ahead: Sequence[Token]) -> bool:
    """Whether three tokens begin a declaration that nobody could take for anything else: `rule x:`, `segment x =`."""
    return len(ahead) > 2 and (ahead[2].kind == "COLON" or ahead[2].text == "=")


def _lacks_event(chunk: Chunk) -> bool:
    """Whether the last `convert` of a chunk has no `on` yet: `convert within 7d`."""
    kinds = [token.kind for token in reversed(chunk) if token.kind in {"CONVERT", "ON"}]
    return kinds[:1] == ["CONVERT"]


def _meant_convert(source: SourceText, chunk: Chunk) -> bool:
    """Whether a chunk ends with a line's first word, and that is nearly `convert`."""
    if len(chunk) < 2 or chunk[-1].kind != "WORD" or chunk[-2].kind == "SEND" or chunk[-1].text in EVENTS:
        return False
    apart = "\n" in source.text[chunk[-2].span.end : chunk[-1].start]
    return apart and closest(chunk[-1].text, ["convert"]) is not None
