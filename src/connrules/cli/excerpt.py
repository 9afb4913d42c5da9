"""Lines of a source text with carets below a span: how findings, and the other places they are about, are drawn."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import click

from connrules.cli.cells import cells, visible
from connrules.text import SourceText, Span

_MOST_LINES = 5
"""A span over more lines than this is drawn without its middle."""
_LONGEST_LINE = 160
"""A line of more code points than this is drawn without its ends."""
_BEFORE_SPAN = 40


@dataclass(frozen=True, slots=True)
class Mark:
    """A span of a source text, with what is to be said beside it."""

    source: SourceText
    span: Span
    label: str
    fg: str
    """The colour of its carets."""
    caret: str = "^"

    @property
    def place(self) -> str:
        """`FILE:LINE:COLUMN`, safe for a terminal."""
        line, column = self.source.position(self.span.start)
        return f"{visible(self.source.path)}:{line}:{column}"

    @property
    def lines(self) -> range:
        """The numbers of the lines that the span touches."""
        start, end = self.span
        return range(self.source.position(start).line, self.source.position(max(start, end - 1)).line + 1)

    @property
    def shown_lines(self) -> list[int]:
        """The lines of the span, without the middle of many, and one line of context before and after."""
        lines = self.lines
        shown = [*lines] if len(lines) <= _MOST_LINES else [*lines[:2], *lines[-2:]]
        context = (lines[0] - 1, lines[-1] + 1)
        return sorted([*shown, *(number for number in context if _has_line(self.source, number))])


def draw(marks: Sequence[Mark], shown: Sequence[int], margin: str, *, color: bool) -> Iterator[str]:
    """Those lines of the first mark's text, with carets below what the marks cover.

    The label stands beside the last line that is shown of a mark. `margin` is the room for the numbers of lines.
    """
    bar = styled("|", color=color, fg="blue")
    before = shown[0] - 1
    for number in shown:
        if number > before + 1:
            yield styled("...", color=color, fg="blue")
        before = number
        text = _drawn_text(marks[0], number)
        yield f"{styled(f' {number:>{len(margin) - 2}}', color=color, fg='blue')} {bar} {text}".rstrip()
        for mark in marks:
            indent, carets = _carets(mark, number)
            if carets:
                is_last = number == max(line for line in shown if line in mark.lines)
                under = f"{carets} {visible(mark.label)}".rstrip() if is_last else carets
                yield f"{margin}{bar} {indent}{styled(under, color=color, fg=mark.fg)}"


def fits_beside(mark: Mark, other: Mark, shown: Sequence[int]) -> bool:
    """Whether a mark can be drawn among the lines that are shown of the other one: its line is whole among them."""
    if mark.source is not other.source or len(mark.lines) > 1 or mark.lines[0] not in shown:
        return False
    return len(mark.source.line(mark.lines[0])) <= _LONGEST_LINE


def styled(text: str, *, color: bool, fg: str | None = None) -> str:
    """A text in bold and in that colour, if there are to be colours."""
    return click.style(text, fg=fg, bold=True) if color else text


def _has_line(source: SourceText, number: int) -> bool:
    """Whether there is such a line; what follows the last line break is one only where there is something in it."""
    count = len(source.line_starts)
    return 0 < number < count or (number == count and source.line(number) != "")


def _drawn_text(mark: Mark, number: int) -> str:
    """A line as it is drawn, without its ends where it is long."""
    text = mark.source.line(number)
    cut = _cut(mark, number, text)
    shown = "".join(cell.drawn for cell in cells(text[cut : cut + _LONGEST_LINE]))
    return f"{'…' if cut else ''}{shown}{'…' if cut + _LONGEST_LINE < len(text) else ''}"


def _carets(mark: Mark, number: int) -> tuple[str, str]:
    """The room before the carets below a line, and the carets: none where the mark does not cover it, nor below a
    blank line amid the mark.
    """
    lines = mark.lines
    text = mark.source.line(number)
    if number not in lines or (not text.strip() and lines[0] < number < lines[-1]):
        return "", ""
    start, end = _covered(mark, number, text)
    cut = _cut(mark, number, text)
    widths = [cell.width for cell in cells(text[cut : cut + _LONGEST_LINE])]
    indent = bool(cut) + sum(widths[: start - cut])
    return " " * indent, mark.caret * max(1, sum(widths[start - cut : end - cut]))


def _cut(mark: Mark, number: int, text: str) -> int:
    """How many code points of a long line are left out before what is drawn of it."""
    start = _covered(mark, number, text)[0] if number in mark.lines else 0
    return max(0, min(start - _BEFORE_SPAN, len(text) - _LONGEST_LINE))


def _covered(mark: Mark, number: int, text: str) -> tuple[int, int]:
    """The part of a line that the span covers, in code points from its start; white space at its edges is left out
    where the span goes on to another line.
    """
    first = mark.source.line_starts[number - 1]
    start, end = (offset - first for offset in mark.span)
    return (
        start if start >= 0 else len(text) - len(text.lstrip()),
        end if end <= len(text) else len(text.rstrip()),
    )
