"""A whole file in canonical form: clauses in order, one to a line, and every comment where it stood.

A comment on a line of its own stays above what follows it, one at the end of a line stays behind what it follows; both
go where that goes. Nothing is taken on trust: `format_file` proves that rules and comments are the same, or gives up.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from connrules import ast
from connrules.syntax.formatter import format_name, format_pattern
from connrules.syntax.parser import Parsed, parse
from connrules.syntax.scanner import Token
from connrules.text import SourceText, Span

WIDTH = 100
"""How long a line may get, in code points, before patterns are put one to a line."""
_INDENT, _DEEPER = "  ", "    "


class FormatError(Exception):
    """A file that cannot be formatted without changing what it means or losing a comment. It is left as it is."""


def format_file(parsed: Parsed) -> str:
    """The canonical text of a file without syntax errors.

    Raises ValueError where there are some, FormatError where the result would not be the same rules and comments.
    """
    if parsed.diagnostics:
        raise ValueError("a file with syntax errors cannot be formatted")
    text = _Layout(parsed).render()
    again = parse(SourceText(parsed.file.source.path, text))
    if again.file != parsed.file or again.diagnostics:
        raise FormatError("the formatted rules would not mean the same")
    if Counter(map(_words, again.comments)) != Counter(map(_words, parsed.comments)):
        raise FormatError("a comment would be lost or changed")
    if _Layout(again).render() != text:
        raise FormatError("formatting once more would change it once more")
    return text


def _words(comment: Token) -> str:
    return comment.text.rstrip()


@dataclass(slots=True)
class _Piece:
    """A part of a rule that may stand on a line of its own, with the comments above and behind it."""

    text: str
    span: Span
    above: list[str] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)

    def lines(self, indent: str) -> Iterator[str]:
        """Its lines. Behind it there is room for one comment; more of them go above."""
        *more, last = self.behind or [""]
        for comment in (*self.above, *more):
            yield indent + comment
        yield f"{indent}{self.text}  {last}".rstrip()


class _Layout:
    """Lays out one file."""

    def __init__(self, parsed: Parsed) -> None:
        self._source = parsed.file.source
        self._rules = parsed.file.declarations
        self._inside: dict[int, list[Token]] = {}
        """The comments of each rule, by its place in the file."""
        self._above: dict[int, list[Token]] = {}
        """The comments above each rule and, last, those at the end of the file."""
        self._sort_out(parsed.comments)

    def render(self) -> str:
        lines: list[str] = []
        was_single = False
        for index, rule in enumerate(self._rules):
            above = self._lines_above(index, rule.span.start)
            body = self._rule(index, rule)
            is_single = len(body) == 1 and not above
            close = was_single and is_single and not self._gap_above(rule.span.start)
            lines += [""] if lines and not close else []
            lines += [*above, *body]
            was_single = len(body) == 1
        ending = self._lines_above(len(self._rules), len(self._source.text))
        lines += ["", *ending] if lines and ending else ending
        return "".join(f"{line}\n" for line in lines)

    def _sort_out(self, comments: Sequence[Token]) -> None:
        """Give each comment to the rule in which it stands, or to what follows it."""
        starts = [rule.span.start for rule in self._rules]
        for comment in comments:
            index = bisect_right(starts, comment.start) - 1
            if index >= 0 and self._belongs(comment, index):
                self._inside.setdefault(index, []).append(comment)
            else:
                self._above.setdefault(index + 1, []).append(comment)

    def _belongs(self, comment: Token, index: int) -> bool:
        """Whether a comment that starts after a rule does is part of it: within, behind, or indented right below it."""
        rule = self._rules[index]
        if comment.start < rule.span.end or not self._is_alone(comment):
            return True
        if index + 1 in self._above or self._gap_above(comment.start):
            return False
        column = self._source.position(rule.span.start).column
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

    def _rule(self, index: int, rule: ast.Rule) -> list[str]:
        clauses = [_pieces(clause) for clause in _in_order(rule)]
        header = [_Piece(f"rule {rule.name.text}:", rule.name.span)] if rule.name else []
        pieces = sorted([*header, *(piece for clause in clauses for piece in clause)], key=lambda piece: piece.span)
        comments = self._inside.get(index, [])
        below = self._attach(comments, pieces)
        if not header and not below and (single := _on_one_line(clauses)) is not None:
            return single
        lines = [line for piece in header for line in piece.lines("")]
        for number, clause in enumerate(clauses):
            indent = "" if number == 0 and not header else _INDENT
            lines += _clause_lines(clause, indent)
        return lines + [_INDENT + comment for comment in below]

    def _attach(self, comments: Sequence[Token], pieces: Sequence[_Piece]) -> list[str]:
        """Put each comment to the piece that it stands at; gives those that stand below all of them."""
        starts = [piece.span.start for piece in pieces]
        below: list[str] = []
        for comment in comments:
            before = bisect_right(starts, comment.start) - 1
            if not self._is_alone(comment):
                pieces[max(before, 0)].behind.append(_words(comment))
            elif before >= 0 and comment.start < pieces[before].span.end:
                pieces[before].above.append(_words(comment))
            elif before + 1 < len(pieces):
                pieces[before + 1].above.append(_words(comment))
            else:
                below.append(_words(comment))
        return below


def _on_one_line(clauses: list[list[_Piece]]) -> list[str] | None:
    """A rule without a name on one line, its comments above and behind, if there is room and none is in between."""
    first, *others = [piece for clause in clauses for piece in clause]
    *between, last = [first, *others]
    text = " ".join([first.text, *(piece.text for piece in others)])
    if len(text) > WIDTH or any(piece.above for piece in others) or any(piece.behind for piece in between):
        return None
    return list(_Piece(text, first.span, first.above, last.behind).lines(""))


def _in_order(rule: ast.Rule) -> list[ast.Clause]:
    return sorted(rule.clauses, key=lambda clause: ast.CANONICAL_ORDER.index(type(clause)))


def _clause_lines(pieces: list[_Piece], indent: str) -> list[str]:
    """The lines of a clause: one, or one for each pattern where there is no room or a comment stands in between."""
    text = " ".join(piece.text for piece in pieces)
    between = any(piece.above for piece in pieces[1:]) or any(piece.behind for piece in pieces[:-1])
    if not between and len(indent + text) <= WIDTH:
        return list(_Piece(text, pieces[0].span, pieces[0].above, pieces[-1].behind).lines(indent))
    first, *others = pieces
    return [*first.lines(indent), *(line for piece in others for line in piece.lines(_DEEPER))]


def _pieces(clause: ast.Clause) -> list[_Piece]:
    match clause:
        case ast.On(patterns) | ast.Unless(patterns):
            return _patterns(clause.keyword, patterns, clause.span)
        case ast.After(delay, restarting):
            text = f"after {delay.spelling}{' restarting' if restarting else ''}"
        case ast.From(time) | ast.Until(time):
            text = f"{clause.keyword} {time.spelling}"
        case ast.Once():
            text = "once"
        case ast.AtMost(count, window):
            text = f"at most {count} per {window.spelling}"
        case ast.Send(target):
            text = f"send {format_name(target)}"
        case _:
            assert_never(clause)
    return [_Piece(text, clause.span)]


def _patterns(keyword: str, patterns: Sequence[ast.Pattern], span: Span) -> list[_Piece]:
    """A piece for each pattern; the first starts with the clause."""
    first, *others = patterns
    pieces = [_Piece(f"{keyword} {format_pattern(first)}", Span(span.start, first.span.end))]
    return pieces + [_Piece(f"or {format_pattern(pattern)}", pattern.span) for pattern in others]
