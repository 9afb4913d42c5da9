"""A whole file in canonical form: clauses in order, one to a line, and every comment where it stood.

A comment on a line of its own stays above what follows it, one at the end of a line stays behind what it follows; both
go where that goes. Nothing is taken on trust: `format_file` proves that declarations and comments are the same, or it
gives up.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from connrules import ast
from connrules.syntax.parser import Parsed, parse
from connrules.syntax.pieces import JOINING, Group, Piece, one_line, outline, pieces_of
from connrules.syntax.scanner import TRIVIA, Token, scan
from connrules.text import SourceText, Span

WIDTH = 100
"""How long a line may get, in code points, before its parts are put one to a line."""
_INDENT, _DEEPER = "  ", "    "


class FormatError(Exception):
    """A file that cannot be formatted without changing what it means or losing a comment. It is left as it is."""


def format_file(parsed: Parsed) -> str:
    """The canonical text of a file without syntax errors.

    Raises ValueError where there are some, FormatError where declarations or comments would not be the same.
    """
    if parsed.diagnostics:
        raise ValueError("a file with syntax errors cannot be formatted")
    text = laid_out(parsed)
    again = parse(SourceText(parsed.file.source.path, text))
    if again.file != parsed.file or again.diagnostics:
        raise FormatError("the formatted rules would not mean the same")
    if Counter(map(_words, again.comments)) != Counter(map(_words, parsed.comments)):
        raise FormatError("a comment would be lost or changed")
    if laid_out(again) != text:
        raise FormatError("formatting once more would change it once more")
    return text


def laid_out(parsed: Parsed) -> str:
    """The canonical text of a file without syntax errors, not proved: enough to see whether a file is in that form."""
    return _Layout(parsed).render()


def format_declaration(declaration: ast.Declaration) -> str:
    """The canonical text of a declaration that stands in no file and so has no comments, without a line break behind.

    A rule or segment that would fit on one line is spread out too.
    """
    opening, groups, _ = outline(declaration)
    return "\n".join(_spread(opening, groups))


def _words(comment: Token) -> str:
    return comment.text.rstrip()


def _spread(opening: Group, groups: Sequence[Group]) -> Iterator[str]:
    """How a declaration begins, and below it each of its groups."""
    yield from _lines(opening, "", _DEEPER)
    for group in groups:
        yield from _lines(group, _INDENT, _DEEPER)


class _Layout:
    """Lays out one file."""

    def __init__(self, parsed: Parsed) -> None:
        self._source = parsed.file.source
        self._declarations = parsed.file.declarations
        self._inside: dict[int, list[Token]] = {}
        """The comments of each declaration, by its place in the file."""
        self._above: dict[int, list[Token]] = {}
        """The comments above each declaration and, last, those at the end of the file."""
        self._sort_out(parsed.comments)

    def render(self) -> str:
        lines: list[str] = []
        was_single = False
        for index, declaration in enumerate(self._declarations):
            above = self._lines_above(index, declaration.span.start)
            body = self._declaration(index, declaration)
            is_single = len(body) == 1 and not above
            close = was_single and is_single and not self._gap_above(declaration.span.start)
            lines += [""] if lines and not close else []
            lines += [*above, *body]
            was_single = len(body) == 1
        ending = self._lines_above(len(self._declarations), len(self._source.text))
        lines += ["", *ending] if lines and ending else ending
        return "".join(f"{line}\n" for line in lines)

    def _sort_out(self, comments: Sequence[Token]) -> None:
        """Give each comment to the declaration in which it stands, or to what follows it."""
        starts = [declaration.span.start for declaration in self._declarations]
        for comment in comments:
            index = bisect_right(starts, comment.start) - 1
            if index >= 0 and self._belongs(comment, index):
                self._inside.setdefault(index, []).append(comment)
            else:
                self._above.setdefault(index + 1, []).append(comment)

    def _belongs(self, comment: Token, index: int) -> bool:
        """Whether a comment after a declaration's start is part of it: within, behind, or indented right below it."""
        declaration = self._declarations[index]
        if comment.start < declaration.span.end or not self._is_alone(comment):
            return True
        if index + 1 in self._above or self._gap_above(comment.start):
            return False
        column = self._source.position(declaration.span.start).column
        return self._source.position(comment.start).column > column

    def _is_alone(self, comment: Token) -> bool:
        """Whether a comment has its line to itself."""
        position = self._source.position(comment.start)
        return not self._source.line(position.line)[: position.column - 1].strip()

    def _gap_above(self, offset: int) -> bool:
        """Whether the line above that of an offset is empty."""
        line = self._source.position(offset).line
        return line > 1 and not self._source.line(line - 1).strip()

    def _lines_above(self, index: int, end: int) -> list[str]:
        lines: list[str] = []
        comments = self._above.get(index, [])
        for comment in comments:
            if lines and self._gap_above(comment.start):
                lines.append("")
            lines.append(_words(comment))
        if comments and end < len(self._source.text) and self._gap_above(end):
            lines.append("")
        return lines

    def _declaration(self, index: int, declaration: ast.Declaration) -> list[str]:
        opening, groups, joins = outline(declaration)
        pieces = [piece for group in (opening, *groups) for piece in pieces_of(group)]
        below = self._attach(self._inside.get(index, []), pieces, declaration.span)
        if joins and not below and _stands_together(pieces, ""):
            return list(_joined(pieces, ""))
        return [*_spread(opening, groups), *(_INDENT + comment for comment in below)]

    def _attach(self, comments: Sequence[Token], pieces: Sequence[Piece], whole: Span) -> list[str]:
        """Put each comment to the piece that it stands at; gives those that stand below all of them."""
        if not comments:
            return []
        in_source = sorted(pieces, key=lambda piece: piece.span)
        extents = self._extents(in_source, whole)
        below: list[str] = []
        for comment in comments:
            at = bisect_right(extents, comment.start, key=lambda extent: extent.start) - 1
            if not self._is_alone(comment):
                in_source[at].behind.append(_words(comment))
            elif comment.start < extents[at].end:
                _put_above(in_source[at], comment)
            elif at + 1 < len(in_source):
                _put_above(in_source[at + 1], comment)
            else:
                below.append(_words(comment))
        return below

    def _extents(self, pieces: Sequence[Piece], whole: Span) -> list[Span]:
        """All that each piece takes of a declaration's source, so that in between there are comments only."""
        parted = [self._parted(Span(one.span.end, other.span.start)) for one, other in pairwise(pieces)]
        starts = [whole.start, *(gap.end for gap in parted)]
        ends = [*(gap.start for gap in parted), whole.end]
        return list(map(Span, starts, ends))

    def _parted(self, gap: Span) -> Span:
        """What lies between two pieces, without commas and parentheses of the first and joining words of the second."""
        end, before = gap.start, ""
        for token in scan(self._source.text[gap.start : gap.end]):
            # A parenthesis belongs to what it opens; that of a list of values, to `in`.
            if token.text in JOINING or (token.text == "(" and before != "in"):
                return Span(end, gap.start + token.start)
            if token.kind not in TRIVIA:
                end, before = gap.start + token.span.end, token.text
        return Span(end, gap.end)


def _put_above(piece: Piece, comment: Token) -> None:
    """Put a comment above a piece, below those that stood behind the piece's first words."""
    piece.above += [*piece.behind, _words(comment)]
    piece.behind.clear()


def _lines(part: Piece | Group, indent: str, deeper: str) -> Iterator[str]:
    """A piece, or a group: on one line, or a line for each part where there is no room or a comment in between."""
    pieces = [part] if isinstance(part, Piece) else pieces_of(part)
    if isinstance(part, Piece) or _stands_together(pieces, indent):
        yield from _joined(pieces, indent)
    elif len(part) == 1:
        yield from _lines(part[0], indent, deeper)
    else:
        first, *others = part
        yield from _lines(first, indent, deeper + _INDENT)
        for other in others:
            yield from _lines(other, deeper, deeper + _INDENT)


def _stands_together(pieces: Sequence[Piece], indent: str) -> bool:
    """Whether there is room for all pieces on one line, and no comment between them."""
    between = any(piece.above for piece in pieces[1:]) or any(piece.behind for piece in pieces[:-1])
    return not between and len(indent + one_line(pieces)) <= WIDTH


def _joined(pieces: Sequence[Piece], indent: str) -> Iterator[str]:
    """Pieces on one line. Behind it there is room for one comment; more of them go above."""
    *more, last = pieces[-1].behind or [""]
    for comment in (*pieces[0].above, *more):
        yield indent + comment
    yield f"{indent}{one_line(pieces)}  {last}".rstrip()
