"""Segments: those that are named and do not exist, those that nobody names, those that ask for themselves."""

from collections.abc import Iterator, Sequence

from connrules import ast
from connrules.check.conditions.parts import segments_in
from connrules.check.cycles import cycles
from connrules.check.index import Index
from connrules.check.names.attributes import check_attributes
from connrules.checked import CheckedRule
from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.syntax.fixes import replacing
from connrules.text import SourceText, Span, closest

Segments = Sequence[tuple[SourceText, ast.Segment]]


def conditions_of(rule: ast.Rule) -> tuple[ast.Condition, ...]:
    """What a rule asks of its users."""
    return tuple(clause.condition for clause in (rule.if_, rule.still_if) if clause)


def check_segments(
    segments: Segments, rules: Sequence[CheckedRule], index: Index, attributes: frozenset[str]
) -> Iterator[Diagnostic]:
    """What segments ask for, whether somebody asks for them, and whether they ask for themselves."""
    for source, segment in segments:
        yield from check_segment_names(source, (segment.condition,), index)
        yield from check_attributes(source, (segment.condition,), attributes)
    yield from _unused(segments, rules, index)
    yield from _cycles(segments, index)


def check_segment_names(source: SourceText, conditions: Sequence[ast.Condition], index: Index) -> Iterator[Diagnostic]:
    """Segments that do not exist, each once."""
    unknown: dict[str, list[Span]] = {}
    for name in (name for condition in conditions for name in segments_in(condition)):
        if name.text not in index.segments and name.text not in index.broken.segments:
            unknown.setdefault(name.text, []).append(name.span)
    for text, places in unknown.items():
        near = closest(text, index.segments)
        remedy = f"did you mean `{near}`?" if near else f'add it, e.g. `segment {text} = user.country = "FR"`'
        fix = replacing(source, places, near) if near else None
        yield finding("CR218", source, places[0], f"there is no segment `{text}`", help=remedy, fix=fix)


def _unused(segments: Segments, rules: Sequence[CheckedRule], index: Index) -> Iterator[Diagnostic]:
    used = set(index.broken.used_segments)
    for condition in (*(node.condition for _, node in segments), *(c for r in rules for c in conditions_of(r.node))):
        used.update(name.text for name in segments_in(condition))
    meant = {closest(text, index.segments) for text in used if text not in index.segments}
    for source, segment in segments:
        text = segment.name.text
        if text not in used and text not in meant:
            message = f"no rule asks for the segment `{text}`"
            remedy = f"ask for it with `if in segment {text}`, or delete it"
            yield finding("CR221", source, segment.name.span, message, help=remedy)


def _cycles(segments: Segments, index: Index) -> Iterator[Diagnostic]:
    source_of = {id(node): source for source, node in segments}
    edges = {text: [name.text for name in segments_in(node.condition)] for text, node in index.segments.items()}
    for first, *others in cycles(edges):
        node = index.segments[first]
        place = next(name for name in segments_in(node.condition) if name.text == [*others, first][0])
        message = f"the segment `{first}` asks for itself"
        if others:
            message += f" by way of {', '.join(f'`{other}`' for other in others)}"
        label = "who is in it could never be told"
        yield finding("CR222", source_of[id(node)], place.span, message, label=label, help="delete one `in segment`")
