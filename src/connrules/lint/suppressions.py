"""Leaves out what comments in the rule files suppress, and finds what is wrong with such comments.

A suppression at the end of a line speaks of the findings that begin on that line; where a declaration begins on it, of
those that begin anywhere in the declaration. One on a line of its own speaks so of the next line with code.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from connrules.codes import CODES, Code, finding
from connrules.diagnostic import Diagnostic, Edit, Fix, errors_of
from connrules.lint.comments import Mistake, NamedCode, Suppression, suppressions_in
from connrules.lint.report import Suppressed
from connrules.lint.selection import Selection
from connrules.lint.settings import finding_like
from connrules.syntax.parser import Parsed
from connrules.text import SourceText, Span

CODES_OF_SUPPRESSIONS = frozenset({"CR701", "CR702", "CR703", "CR704"})
_NEVER = CODES_OF_SUPPRESSIONS | {code for code in CODES if code.startswith("CR1")}
"""What no comment suppresses: what cannot be read, and what is wrong with the comments."""


class Sifted(NamedTuple):
    """Findings, parted by what comments say of them."""

    kept: tuple[Diagnostic, ...]
    suppressed: tuple[Suppressed, ...]
    about: tuple[Diagnostic, ...]
    """What is wrong with the comments themselves."""
    unjudged: bool
    """Whether there are comments of which it is not known whether they are needed, since errors are left."""


@dataclass(slots=True, eq=False)
class _Applied:
    """A suppression, and what has come of it."""

    suppression: Suppression
    is_over: bool
    met: set[str] = field(default_factory=set)
    """The codes of the findings of which it speaks."""

    @property
    def acts(self) -> bool:
        """Whether findings are left out for it."""
        return not (self.is_over or self.suppression.mistake)


class _Reach:
    """Which suppressions of a file speak of a place."""

    def __init__(self, parsed: Parsed, as_of: int | None) -> None:
        self._source = parsed.file.source
        self._declarations = [declaration.span for declaration in parsed.file.declarations]
        self._meant: dict[int, int | None] = {}
        """By a line without code, the next one with some: asked once, however many comments stand there."""
        self._by_line: dict[int, list[_Applied]] = {}
        self._by_declaration: dict[int, list[_Applied]] = {}
        self.all = [
            _Applied(found, as_of is not None and found.until is not None and found.until <= as_of)
            for found in suppressions_in(parsed)
        ]
        for applied in self.all:
            self._place(applied)

    def _place(self, applied: _Applied) -> None:
        line = self._line_meant(applied.suppression)
        if line is None:
            return
        self._by_line.setdefault(line, []).append(applied)
        start = self._source.line_starts[line - 1]
        end = start + len(self._source.line(line))
        first = bisect_left(self._declarations, start, key=lambda span: span.start)
        for index in range(first, bisect_left(self._declarations, end, key=lambda span: span.start)):
            self._by_declaration.setdefault(index, []).append(applied)

    def _line_meant(self, suppression: Suppression) -> int | None:
        """The line of which a suppression speaks; None where no code follows it."""
        passed: list[int] = []
        line = self._source.position(suppression.span.start).line
        while line <= len(self._source.line_starts) and line not in self._meant and not self._has_code(line):
            passed.append(line)
            line += 1
        meant = self._meant.get(line, line if line <= len(self._source.line_starts) else None)
        self._meant.update(dict.fromkeys(passed, meant))
        return meant

    def _has_code(self, line: int) -> bool:
        return bool(self._source.line(line).split("#")[0].strip())

    def speaking_of(self, place: Span) -> Iterator[_Applied]:
        """Those that speak of findings that begin at a place."""
        index = bisect_right(self._declarations, place.start, key=lambda span: span.start) - 1
        by_line = self._by_line.get(self._source.position(place.start).line, [])
        yield from by_line
        if index >= 0 and place.start < self._declarations[index].end:
            yield from (one for one in self._by_declaration.get(index, []) if one not in by_line)


def sift(
    files: Sequence[Parsed], found: Iterable[Diagnostic], selection: Selection, ran: frozenset[str], as_of: int | None
) -> Sifted:
    """Part the selected ones of the findings. `ran` holds the codes of all checks that were made.

    Whether a suppression is used is asked only where nothing else is an error: an error keeps other checks from being
    made, and what would be found without it is not known.
    """
    reaches = {id(parsed.file.source): _Reach(parsed, as_of) for parsed in files}
    kept: list[Diagnostic] = []
    suppressed: list[Suppressed] = []
    is_healthy = True
    for one in found:
        why = _suppression_of(one, reaches[id(one.source)])
        is_healthy = is_healthy and (why is not None or not errors_of([one]))
        if not selection.takes(one.code, one.source):
            continue
        if why is None:
            kept.append(one)
        else:
            suppressed.append(Suppressed(one, why.span, why.reason, why.until))
    judged = ran if is_healthy else frozenset[str]()
    unjudged = not is_healthy and any(reach.all for reach in reaches.values())
    about = [problem for reach in reaches.values() for problem in _about_all(reach, selection, judged)]
    return Sifted(tuple(kept), tuple(suppressed), tuple(about), unjudged)


def _suppression_of(found: Diagnostic, reach: _Reach) -> Suppression | None:
    """The first comment that keeps a finding from being reported."""
    if not reach.all or found.code in _NEVER:
        return None
    speaking = [one for one in reach.speaking_of(found.span) if found.code in _codes_of(one.suppression)]
    for one in speaking:
        one.met.add(found.code)
    return next((one.suppression for one in speaking if one.acts), None)


def _codes_of(suppression: Suppression) -> set[str]:
    return {row.code for row in _rows(suppression.codes) if row}


def _rows(codes: Iterable[NamedCode]) -> list[Code | None]:
    return [named.row for named in codes]


def _about_all(reach: _Reach, selection: Selection, judged: frozenset[str]) -> Iterator[Diagnostic]:
    """What is wrong with the suppressions of a file, of which `judged` are the codes that they could have met."""
    for applied in reach.all:
        source = applied.suppression.source
        codes = applied.suppression.codes
        unused = [
            named
            for place, named in enumerate(codes)
            if named.row
            and (named.row in _rows(codes[:place]) or _is_unused(named.row.code, applied, selection, judged))
        ]
        yield from (problem for problem in _about(applied, unused) if selection.takes(problem.code, source))


def _is_unused(code: str, applied: _Applied, selection: Selection, judged: frozenset[str]) -> bool:
    if code in _NEVER:
        return True
    return code in judged and code not in applied.met and selection.takes(code, applied.suppression.source)


def _about(applied: _Applied, unused: Sequence[NamedCode]) -> Iterator[Diagnostic]:
    suppression = applied.suppression
    yield from (_unknown(suppression, named) for named in suppression.codes if named.row is None)
    if suppression.mistake:
        yield _inactive(suppression.source, suppression.mistake)
        return
    if unused:
        yield _unused(suppression, unused)
    if applied.is_over and len(unused) < sum(named.row is not None for named in suppression.codes):
        yield _expired(suppression)
    elif applied.met and applied.acts and not suppression.reason:
        yield _without_reason(suppression)


def _unused(suppression: Suppression, unused: Sequence[NamedCode]) -> Diagnostic:
    left = [named.text for named in suppression.codes if named not in unused]
    names = " and ".join(f"`{named.text}`" for named in unused)
    if all(named.row and named.row.code in _NEVER for named in unused):
        message, label = f"{names} cannot be suppressed", "no comment keeps this from being reported"
    else:
        message, label = f"the suppression of {names} is not needed", "nothing here has such a finding"
    if left:
        title = f"delete {names}"
        edit = Edit(suppression.codes_span, ", ".join(left))
    else:
        title = "delete the comment"
        edit = Edit(_with_surroundings(suppression), "")
    place = unused[0].span.to(unused[-1].span)
    fix = Fix(title, (edit,), safe=True)
    return finding("CR701", suppression.source, place, message, label=label, help=title, fix=fix)


def _with_surroundings(suppression: Suppression) -> Span:
    """A suppression with what would be left of its line without it: white space before it, or the whole line."""
    text, (start, end) = suppression.source.text, suppression.span
    before = len(text[:start].rstrip(" \t"))
    line_end = end + len(text[end:].split("\n", 1)[0])
    if text[end:line_end].strip():
        return Span(start, end + len(text[end:]) - len(text[end:].lstrip(" \t")))
    if text[:before].endswith("\n") or before == 0:
        return Span(before, min(line_end + 1, len(text)))
    return Span(before, end)


def _unknown(suppression: Suppression, named: NamedCode) -> Diagnostic:
    family = [code for code in CODES if code.startswith(named.text.upper())]
    near = finding_like(named.text)
    if family:
        message, say = f"`{named.text}` is a family of findings", f"name the one that is meant, e.g. `{family[0]}`"
    else:
        message = f"there is no finding `{named.text}`"
        say = f"did you mean `{near}`?" if near else "`connrules explain` lists them all"
    fix = Fix(f"write `{near}`", (Edit(named.span, near),), safe=False) if near and not family else None
    label = "so this suppresses nothing"
    return finding("CR703", suppression.source, named.span, message, label=label, help=say, fix=fix)


def _inactive(source: SourceText, mistake: Mistake) -> Diagnostic:
    message = f"this suppression does not act: {mistake.message}"
    label = "what it was to leave out is reported"
    return finding("CR704", source, mistake.span, message, label=label, help=mistake.help)


def _expired(suppression: Suppression) -> Diagnostic:
    place = suppression.until_span or suppression.span
    return finding(
        "CR702",
        suppression.source,
        place,
        f"this suppression ended on {suppression.source.text[place.start : place.end]}",
        label="since then, what it left out is reported again",
        help="mend what it left out and delete the comment, or write a later date",
    )


def _without_reason(suppression: Suppression) -> Diagnostic:
    codes = ", ".join(named.text for named in suppression.codes)
    return finding(
        "CR704",
        suppression.source,
        suppression.span,
        "this suppression gives no reason",
        label="who reads it later cannot know whether it still holds",
        help=f"say why behind the bracket: `# connrules: ignore[{codes}] approved for the spring campaign`",
    )
