"""Applies the fixes that findings offer, round by round, and trusts none of them.

In a round, all fixes are applied whose edits keep out of each other's way, in order of place; a fix of a whole file
waits until nothing else is left to do in it. Then everything is linted again. A fix counts only if the finding that
offered it is gone, no comment is lost or comes to suppress what was reported, and no file has more findings of syntax
than before, but for those that the mended one had hidden; where a round as a whole does not hold, the fixes that are to
blame are found by halving it, and are not tried again. So it always ends: a round
applies a fix or refuses one, and there are at most `ROUNDS`.
"""

from bisect import bisect, insort
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from connrules.diagnostic import Diagnostic, Edit, Fix
from connrules.lint.report import Report
from connrules.syntax.place import DECLARATIONS
from connrules.syntax.scanner import scan
from connrules.text import SourceText, Span

ROUNDS: Final = 50
"""More rounds than any rule set needs in which fixes lead anywhere."""

Lint = Callable[[Sequence[SourceText]], Report]


class Refused(NamedTuple):
    """A finding whose fix was taken back, and why."""

    finding: Diagnostic
    why: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """What the fixes made of a rule set."""

    sources: tuple[SourceText, ...]
    """The texts as they are to be, in the order in which they were given."""
    report: Report
    """What is left to report about those texts."""
    applied: tuple[Diagnostic, ...] = ()
    """What was fixed, each finding as it was when it was fixed."""
    refused: tuple[Refused, ...] = ()
    """What was not fixed because its fix does not hold."""


class _Offer(NamedTuple):
    """A finding with its fix."""

    finding: Diagnostic
    fix: Fix

    @property
    def path(self) -> str:
        return self.finding.source.path

    @property
    def key(self) -> tuple[str, ...]:
        """What a fix is known by when other fixes have moved it."""
        found = self.finding
        line = found.source.line(found.source.position(found.span.start).line)
        return (found.source.path, found.code, found.message, line)

    @property
    def order(self) -> tuple[bool, Span]:
        """Fixes of a whole file come last."""
        whole = Span(0, len(self.finding.source.text))
        return (any(edit.span == whole for edit in self.fix.edits), min(edit.span for edit in self.fix.edits))


class _State(NamedTuple):
    """A rule set and what there is to report about it."""

    sources: tuple[SourceText, ...]
    report: Report


def can_be_applied(finding: Diagnostic, *, unsafe: bool) -> bool:
    """Whether a finding has a fix that may be applied. A file that is not UTF-8 cannot be written as it is."""
    return finding.fix is not None and (finding.fix.safe or unsafe) and not finding.source.invalid_bytes


def fixed(sources: Sequence[SourceText], lint: Lint, *, unsafe: bool = False) -> Fixed:
    """Apply all fixes that keep what rules mean and, with `unsafe`, all others too."""
    state = _State(tuple(sources), lint(sources))
    applied: list[Diagnostic] = []
    refused: dict[tuple[str, ...], Refused] = {}
    seen = {_texts(state.sources)}
    for _ in range(ROUNDS):
        offers = [_Offer(f, f.fix) for f in state.report.findings if f.fix and can_be_applied(f, unsafe=unsafe)]
        batch = list(_apart(offer for offer in offers if offer.key not in refused))
        if not batch:
            break
        trial = _Trial(state, lint)
        kept = trial.keep((), tuple(batch))
        refused.update(trial.refused)
        if _texts(trial.result.sources) in seen and kept:
            break  # fixes that undo each other
        seen.add(_texts(trial.result.sources))
        state = trial.result
        applied += [offer.finding for offer in kept]
    # What was tried in two rounds, beside other fixes each time, is one refusal.
    once = {(no.finding.source.path, no.finding.code, no.finding.message): no for no in refused.values()}
    return Fixed(state.sources, state.report, tuple(applied), tuple(once.values()))


def _texts(sources: Iterable[SourceText]) -> tuple[str, ...]:
    return tuple(source.text for source in sources)


def _apart(offers: Iterable[_Offer]) -> Iterator[_Offer]:
    """The fixes that keep out of the way of those before them, in order of place."""
    taken: defaultdict[str, list[Span]] = defaultdict(list)
    for offer in sorted(offers, key=lambda offer: offer.order):
        spans = taken[offer.path]
        if not any(_is_taken(edit.span, spans) for edit in offer.fix.edits):
            for edit in offer.fix.edits:
                insort(spans, edit.span)
            yield offer


def _is_taken(span: Span, spans: Sequence[Span]) -> bool:
    """Whether one of several spans, apart from each other, overlaps this one; or touches it, where one inserts."""
    at = bisect(spans, span)
    return any(_meet(span, other) for other in spans[max(0, at - 2) : at + 2])


def _meet(one: Span, other: Span) -> bool:
    if one.start == one.end or other.start == other.end:
        return one.start <= other.end and other.start <= one.end
    return one.start < other.end and other.start < one.end


class _Trial:
    """One round: which of several fixes hold, applied together."""

    def __init__(self, state: _State, lint: Lint) -> None:
        self.result = state
        self.refused: dict[tuple[str, ...], Refused] = {}
        self._before = state
        self._lint = lint

    def keep(self, kept: tuple[_Offer, ...], batch: tuple[_Offer, ...]) -> tuple[_Offer, ...]:
        """Those of a batch that hold together with those that are kept already; `result` is what they make."""
        sources = tuple(_rewritten(source, [*kept, *batch]) for source in self._before.sources)
        after = _State(sources, self._lint(sources))
        why = _objection(self._before, [*kept, *batch], after)
        if not why:
            self.result = after
            return (*kept, *batch)
        if len(batch) == 1:
            self.refused[batch[0].key] = Refused(batch[0].finding, why)
            return kept
        middle = len(batch) // 2
        return self.keep(self.keep(kept, batch[:middle]), batch[middle:])


def _rewritten(source: SourceText, offers: Iterable[_Offer]) -> SourceText:
    edits = sorted(edit for offer in offers if offer.path == source.path for edit in offer.fix.edits)
    return replace(source, text=edited(source.text, edits)) if edits else source


def edited(text: str, edits: Sequence[Edit]) -> str:
    """A text with edits, sorted and apart from each other. The lines that they bring end as its own do."""
    parts: list[str] = []
    at = 0
    for span, written in edits:
        parts += [text[at : span.start], _ending_as(text, written)]
        at = span.end
    return "".join([*parts, text[at:]])


def _ending_as(text: str, written: str) -> str:
    """A text with line ends like those of another."""
    first = text.find("\n")
    has_returns = first > 0 and text[first - 1] == "\r"
    return written.replace("\r\n", "\n").replace("\n", "\r\n") if has_returns else written


def _objection(before: _State, offers: Sequence[_Offer], after: _State) -> str:
    """Why fixes do not hold; empty: they do."""
    if _syntax_findings(after, _mended(offers)) - _syntax_findings(before, {}):
        return "it would leave a syntax error"
    if _lost_comments(before, offers, after):
        return "it would lose a comment"
    if _newly_suppressed(before, after):
        return "a comment would suppress what is reported"
    # Behind a pattern that is deleted may stand another like it; with fewer findings, there is no going in circles.
    fewer = len(after.report.findings) < len(before.report.findings)
    return "it does not help" if not fewer and any(_still_there(offers, after)) else ""


def _syntax_findings(state: _State, mended: Mapping[str, Sequence[Span]]) -> Counter[str]:
    """How many there are in each file, without those that were hidden before."""
    found = (f for f in state.report.checked.diagnostics if f.code.startswith("CR1"))
    return Counter(f.source.path for f in found if not _was_hidden(f, mended.get(f.source.path, ())))


def _mended(offers: Sequence[_Offer]) -> dict[str, list[Span]]:
    """By path, where fixes of syntax wrote something. What is behind it has perhaps not been looked at before."""
    mended: defaultdict[str, list[Span]] = defaultdict(list)
    for number, places in _places(offers).items():
        if offers[number].finding.code.startswith("CR1"):
            mended[offers[number].path] += places
    return {path: sorted(places) for path, places in mended.items()}


def _was_hidden(found: Diagnostic, mended: Sequence[Span]) -> bool:
    """Whether a finding stands behind something that was mended, in the same declaration."""
    before = bisect(mended, found.span.start, key=lambda place: place.end) - 1
    if before < 0:
        return False
    between = scan(found.source.text[mended[before].end : found.span.start])
    return not any(token.kind in DECLARATIONS for token in between)


def _newly_suppressed(before: _State, after: _State) -> bool:
    """Whether a comment, its place changed, speaks of something else now."""
    reported = {(f.source.path, f.code, f.message) for f in before.report.findings}
    known, now = (
        Counter((f.source.path, f.code, f.message) for f, *_ in state.report.suppressed) for state in (before, after)
    )
    return not reported.isdisjoint(now - known)


def _lost_comments(before: _State, offers: Sequence[_Offer], after: _State) -> bool:
    """Whether a comment is gone that no fix is about; those about comments are the findings 70x."""
    touched = {offer.path for offer in offers}
    may_go = Counter(
        comment
        for offer in offers
        if offer.finding.code.startswith("CR70")
        for comment in _comments(offer.finding.source, [edit.span for edit in offer.fix.edits])
    )
    pairs = [pair for pair in zip(before.sources, after.sources, strict=True) if pair[0].path in touched]
    there = Counter(comment for source, _ in pairs for comment in _comments(source))
    here = Counter(comment for _, source in pairs for comment in _comments(source))
    return bool(there - here - may_go)


def _comments(source: SourceText, within: Sequence[Span] | None = None) -> Iterator[str]:
    for token in scan(source.text):
        if token.kind == "COMMENT" and (within is None or any(_meet(token.span, span) for span in within)):
            yield token.text.rstrip()


def _still_there(offers: Sequence[_Offer], after: _State) -> Iterator[bool]:
    """For each fix, whether its finding is found again where it wrote something."""
    found: defaultdict[tuple[str, str, str], list[Span]] = defaultdict(list)
    for finding in after.report.findings:
        found[finding.source.path, finding.code, finding.message].append(finding.span)
    places = _places(offers)
    for number, offer in enumerate(offers):
        again = found.get((offer.path, offer.finding.code, offer.finding.message), ())
        yield any(_meet(span, Span(place.start, place.end)) for span in again for place in places[number])


def _places(offers: Sequence[_Offer]) -> dict[int, list[Span]]:
    """Where what each fix wrote stands afterwards, by the number of the fix."""
    places: defaultdict[int, list[Span]] = defaultdict(list)
    moved: Counter[str] = Counter()
    edits = [(offer.path, edit, offer, number) for number, offer in enumerate(offers) for edit in offer.fix.edits]
    for path, (span, written), offer, number in sorted(edits, key=lambda each: (each[0], each[1])):
        length = len(_ending_as(offer.finding.source.text, written))
        start = span.start + moved[path]
        places[number].append(Span(start, start + length))
        moved[path] += length - (span.end - span.start)
    return places
