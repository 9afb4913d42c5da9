"""Attributes of users, looked up in a catalog that lists them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from connrules import ast
from connrules.check.conditions.parts import attributes_in
from connrules.checked import CheckedRule
from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.syntax.fixes import replacing
from connrules.syntax.scanner import scan
from connrules.syntax.spelling import spell_path
from connrules.text import SourceText, Span, closest, nfc

if TYPE_CHECKING:
    from connrules.catalog import Catalog

TIME_ZONE = "time_zone"
"""The attribute that `local` looks at."""


def known_attributes(catalog: Catalog) -> frozenset[str]:
    """The attributes that a catalog lists; none where it does not speak of them."""
    return frozenset(map(nfc, catalog.user.attributes))


def check_attributes(
    source: SourceText, conditions: Sequence[ast.Condition], known: frozenset[str]
) -> Iterator[Diagnostic]:
    """Attributes that the catalog does not list, each once."""
    unknown: dict[str, list[Span]] = {}
    for path in (path for condition in conditions for path in attributes_in(condition)):
        if path.segments[0] not in known:
            unknown.setdefault(path.segments[0], []).append(path.span)
    for name, places in unknown.items() if known else ():
        near = closest(name, known)
        remedy = f"did you mean `{near}`?" if near else "add it to the user attributes of the catalog, or correct it"
        fix = None
        if near:
            firsts = [_first_segment(source, span) for span in places]
            fix = replacing(source, firsts, spell_path(ast.Path((near,), places[0])), title=f"write `{near}`")
        yield finding("CR217", source, places[0], f"the catalog has no user attribute `{name}`", help=remedy, fix=fix)


def _first_segment(source: SourceText, path: Span) -> Span:
    """Where the first part of a property stands."""
    first = scan(source.text[path.start : path.end])[0]
    return Span(path.start, path.start + len(first.text))


def check_local(
    rules: Sequence[CheckedRule], policy: tuple[SourceText, ast.Policy] | None, known: frozenset[str]
) -> Iterator[Diagnostic]:
    """`local` with a catalog whose users have no `time_zone`: one cause, said where `local` stands first."""
    places = [(rule.source, zone.span) for rule in rules for zone in _zones(rule.node) if isinstance(zone, ast.Local)]
    if policy and policy[1].quiet and isinstance(policy[1].quiet.zone, ast.Local):
        places.append((policy[0], policy[1].quiet.zone.span))
    if not known or TIME_ZONE in known or not places:
        return
    near = closest(TIME_ZONE, known)
    remedy = 'add `time_zone = "string"` to the user attributes of the catalog, or write `zone "Europe/Paris"`'
    if near:
        remedy = f'the attribute must be called `{TIME_ZONE}`, not `{near}`; or write `zone "Europe/Paris"`'
    message = f"`local` is the user attribute `{TIME_ZONE}`, and the catalog has none of that name"
    yield finding("CR217", *places[0], message, label="it would be the same time zone for everybody", help=remedy)


def _zones(rule: ast.Rule) -> Iterator[ast.Zone | None]:
    if isinstance(rule.delay, ast.InDays | ast.NextWeekday):
        yield rule.delay.zone
    if rule.between:
        yield rule.between.zone
