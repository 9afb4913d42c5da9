"""What of a report is about what has changed: the texts of a rule set are set against what they were before.

Texts are compared declaration by declaration, each with the comments right above it, so that a rule that only moved
down a few lines has not changed, and one that lost a line has. What was not found before is about a change, too,
wherever it stands: a rule may be wrong because of what has become of another one.
"""

import re
from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import compress, takewhile

from connrules.diagnostic import Diagnostic
from connrules.lint.report import Report
from connrules.syntax.chunks import chunks
from connrules.syntax.scanner import TRIVIA, scan
from connrules.text import SourceText, Span

_LINE_OF_RULE = re.compile(r"(?<=\.conn):\d+")
"""In a message, the line by which a rule without a name is called; it may have moved."""


def narrowed(report: Report, sources: Iterable[SourceText], before: Mapping[str, str], earlier: Report) -> Report:
    """The report without the findings that were there before and are about nothing that has changed.

    `before` has the earlier texts by path; a source without one is new. `earlier` is the report on them. A finding is
    about its own place and about every related one.
    """
    changed = {source.path: changed_spans(source, before.get(source.path)) for source in sources}

    def is_about_change(finding: Diagnostic) -> bool:
        places = [(finding.source, finding.span), *((place.source, place.span) for place in finding.related)]
        return any(_touches(changed.get(source.path, ()), span) for source, span in places)

    def of_change(now: Sequence[Diagnostic], then: Iterable[Diagnostic]) -> Iterator[bool]:
        known = set(_known_by(then))
        return (is_about_change(one) or by not in known for one, by in zip(now, _known_by(now), strict=True))

    findings = compress(report.findings, of_change(report.findings, earlier.findings))
    now, then = ([one.finding for one in some.suppressed] for some in (report, earlier))
    suppressed = compress(report.suppressed, of_change(now, then))
    return replace(report, findings=tuple(findings), suppressed=tuple(suppressed))


def _known_by(findings: Iterable[Diagnostic]) -> Iterator[Hashable]:
    """What a finding is known by, wherever its declaration has moved to: file, code, message and that declaration."""
    pieces: dict[str, list[Span]] = {}
    for finding in findings:
        source = finding.source
        if source.path not in pieces:
            pieces[source.path] = list(_pieces(source))
        place = bisect_right(pieces[source.path], finding.span.start, key=lambda piece: piece.start) - 1
        declaration = _words(source, pieces[source.path][place]) if place >= 0 else ""
        yield source.path, finding.code, _LINE_OF_RULE.sub("", finding.message), declaration


def changed_spans(source: SourceText, before: str | None) -> tuple[Span, ...]:
    """The pieces of a text that it did not have before, in order; all of it where there was none."""
    if before is None:
        return (Span(0, len(source.text) + 1),)
    if _in_lines(source.text) == _in_lines(before):
        return ()
    pieces = list(_pieces(source))
    earlier = SourceText(source.path, before)
    then, now = [_words(earlier, piece) for piece in _pieces(earlier)], [_words(source, piece) for piece in pieces]
    head = _alike(then, now)
    tail = _alike(then[head:][::-1], now[head:][::-1])
    between = SequenceMatcher(None, then[head : len(then) - tail], now[head : len(now) - tail], autojunk=False)
    edits = (edit for edit in between.get_opcodes() if edit[0] != "equal")
    return tuple(piece for *_, first, end in edits for piece in pieces[head + first : head + end])


def _alike(these: Sequence[str], those: Sequence[str]) -> int:
    """How many are alike from the beginning on: to align what is left takes longer."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(these, those, strict=False)))


def _pieces(source: SourceText) -> Iterator[Span]:
    """The whole text in pieces: each declaration with the comments right above it, and what stands between those."""
    tokens = [token for token in scan(source.text) if token.kind not in TRIVIA]
    declarations = list(chunks(source, tokens))
    starts = [chunk[0].start for chunk in declarations]
    end = 0
    for chunk, following in zip(declarations, [*starts[1:], len(source.text) + 1], strict=False):
        start = _with_comments(source, chunk[0].start, end)
        yield from _unless_blank(source, Span(end, start))
        end = min(following, _end_of_line(source, chunk[-1].span.end))
        yield Span(start, end)
    yield from _unless_blank(source, Span(end, len(source.text) + 1))


def _with_comments(source: SourceText, start: int, after: int) -> int:
    """Where a declaration begins with the comments right above it; all of them begin a line after the place `after`."""
    number = source.position(start).line
    least = source.position(after).line + bool(after)
    while number > least and source.line(number - 1).lstrip().startswith("#"):
        number -= 1
    return max(after, source.line_starts[number - 1])


def _end_of_line(source: SourceText, offset: int) -> int:
    end = source.text.find("\n", offset)
    return len(source.text) if end < 0 else end


def _unless_blank(source: SourceText, span: Span) -> Iterator[Span]:
    if source.text[span.start : span.end].strip():
        yield span


def _words(source: SourceText, span: Span) -> str:
    """The text of a piece, whatever stands around it and however its lines end."""
    return _in_lines(source.text[span.start : span.end].strip())


def _in_lines(text: str) -> str:
    return text.replace("\r\n", "\n")


def _touches(pieces: Sequence[Span], span: Span) -> bool:
    """Whether a span has something in one of the pieces, which are in order; an empty one has where it stands."""
    last = bisect_right(pieces, max(span.end - 1, span.start), key=lambda piece: piece.start) - 1
    return last >= 0 and pieces[last].end > span.start
