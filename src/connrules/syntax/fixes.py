"""Fixes that findings offer: one text in the place of another, or a piece cut out.

No fix takes a comment away. Where a text with comments in it would have to be written anew, there is no fix; what is
cut out leaves its comments, and takes the line along that it had to itself.
"""

import re
from collections.abc import Iterator, Sequence

from connrules.diagnostic import Edit, Fix
from connrules.syntax.scanner import TRIVIA, Token, scan
from connrules.text import SourceText, Span

_BLANK = re.compile(r"[ \t]*")
_LINE_END = re.compile(r"[ \t]*(\r?\n|\Z)")


def writing(source: SourceText, span: Span, text: str, *, title: str = "", safe: bool = False) -> Fix | None:
    """A text in the place of a span, or at it where that is empty; None where a comment stands in the span."""
    if any(token.kind == "COMMENT" for token in scan(source.text[span.start : span.end])):
        return None
    edit = Edit(span, _apart(source, span, text))
    return Fix(title or f"write {_in_backticks(text.strip())}", (edit,), safe)


def replacing(
    source: SourceText, spans: Sequence[Span], text: str, *, title: str = "", safe: bool = False
) -> Fix | None:
    """The same text in the place of each of several spans; None where a comment stands in one of them."""
    each = [writing(source, span, text, title=title, safe=safe) for span in spans]
    fixes = [fix for fix in each if fix is not None]
    if not fixes or len(fixes) < len(each):
        return None
    return Fix(fixes[0].title, tuple(edit for fix in fixes for edit in fix.edits), safe)


def deleting(source: SourceText, span: Span, *, title: str = "", safe: bool = False) -> Fix:
    """A piece of text cut out, with the white space that would be left over."""
    tokens = [token for token in scan(source.text[span.start : span.end]) if token.kind != "COMMENT"]
    text = " ".join("".join(token.text for token in tokens).split())
    return Fix(title or f"delete {_in_backticks(text)}", tuple(_cuts(source, span)), safe)


def deleting_item(
    source: SourceText, items: Sequence[Span], index: int, *, title: str = "", safe: bool = False
) -> Fix | None:
    """An item cut out of a list with its comma, or a pattern with its `or`; None where it is the only one."""
    if len(items) < 2:
        return None
    span = Span(items[index - 1].end, items[index].end) if index else Span(items[0].start, items[1].start)
    item = items[index]
    title = title or f"delete {_in_backticks(' '.join(source.text[item.start : item.end].split()))}"
    return deleting(source, span, title=title, safe=safe)


def _in_backticks(text: str) -> str:
    return text if "`" in text else f"`{text}`"


def _apart(source: SourceText, span: Span, text: str) -> str:
    """A text with a space before or behind where it would run together with the words there."""
    before, after = source.text[: span.start][-1:], source.text[span.end : span.end + 1]
    left = " " if _is_word(before) and _is_word(text[:1]) else ""
    right = " " if _is_word(after) and _is_word(text[-1:]) else ""
    return f"{left}{text}{right}"


def _is_word(char: str) -> bool:
    """Whether a character may run together with another of its kind."""
    return char.isalnum() or char in {"_", '"', "`"}


def _cuts(source: SourceText, span: Span) -> Iterator[Edit]:
    run: list[Token] = []
    for token in [*scan(source.text[span.start : span.end]), Token("COMMENT", "", span.end)]:
        if token.kind not in TRIVIA:
            run.append(token)
        elif token.kind == "COMMENT" and run:
            yield _cut(source, Span(span.start + run[0].start, span.start + run[-1].span.end))
            run = []


def _cut(source: SourceText, span: Span) -> Edit:
    """A piece without comments, and the white space before it; behind it, where it begins its line."""
    text = source.text
    line = text.rfind("\n", 0, span.start) + 1
    start = line + len(text[line : span.start].rstrip(" \t"))
    ends_line = _LINE_END.match(text, span.end)
    if start > line:
        between = " " if _is_word(text[start - 1]) and _is_word(text[span.end : span.end + 1]) else ""
        return Edit(Span(start, span.end), between)
    if ends_line is None:
        blank = _BLANK.match(text, span.end)
        return Edit(Span(span.start, blank.end() if blank else span.end), "")
    if ends_line[1] or not line:
        return Edit(Span(line, ends_line.end()), "")
    return Edit(Span(line - (2 if text[:line].endswith("\r\n") else 1), ends_line.end()), "")
