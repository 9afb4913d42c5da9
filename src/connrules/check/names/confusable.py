"""Names that a reader takes for one another, or for another word: letters of two scripts that look the same.

Rules and segments are called by words of plain letters; in the names of campaigns, cards, custom events and tests
anything may stand. With a catalog, its names are looked at where rules name them; what it does not have is told of by
itself.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from connrules import ast
from connrules.check.names.binding import Names, event_names, mentions
from connrules.check.names.lookalike import difference, in_latin, looks, stray_letter
from connrules.checked import CheckedRule, CheckedTest
from connrules.codes import finding
from connrules.diagnostic import Diagnostic, Related
from connrules.syntax.spelling import quoted
from connrules.text import SourceText, Span
from connrules.vocabulary import CUSTOM_EVENT, INTERACTIONS, ObjectKind


class _Key(NamedTuple):
    """A name and what is called by it; names of different kinds may look as they like."""

    kind: str
    text: str


class _Place(NamedTuple):
    """Where a name stands."""

    source: SourceText
    span: Span


def check_confusable(
    rules: Sequence[CheckedRule], tests: Sequence[CheckedTest], names: Names | None
) -> Iterator[Diagnostic]:
    """Names that look like other names, then names that mix scripts; one finding for each look."""
    first: dict[_Key, _Place] = {}
    for key, place in _named(rules, tests):
        if names is None or _is_known(key, names):
            first.setdefault(key, place)
    in_catalog = [] if names is None else list(_of_catalog(names))
    if all(key.text.isascii() for key in (*first, *in_catalog)):
        return  # the usual case, and plain letters look like nothing else
    alike: dict[_Key, list[_Key]] = {}
    for key in dict.fromkeys((*first, *in_catalog)):
        alike.setdefault(_look(key), []).append(key)
    for look in dict.fromkeys(map(_look, first)):
        yield from _of_one_look(alike[look], first)


def _look(key: _Key) -> _Key:
    return _Key(key.kind, looks(key.text))


def _of_one_look(alike: Sequence[_Key], first: Mapping[_Key, _Place]) -> Iterator[Diagnostic]:
    """The names of one look; at least one of them stands in the rule set, those that do come before the others."""
    one, *others = alike
    if not others:
        yield from _mixed(one, first[one])
    elif others[0] in first:
        yield _lookalike(others[0], first[others[0]], one, first[one])
    else:
        yield _lookalike(one, first[one], others[0], None)


def _named(rules: Sequence[CheckedRule], tests: Sequence[CheckedTest]) -> Iterator[tuple[_Key, _Place]]:
    for rule in rules:
        for name, kind, _ in mentions(rule.node):
            yield _Key(kind, name.text), _Place(rule.source, name.span)
        for name in event_names(rule.node):
            yield _Key(ObjectKind.EVENT, name.text), _Place(rule.source, name.span)
    for test in tests:
        yield _Key("test", test.node.name.text), _Place(test.source, test.node.name.span)
        yield from _named_in(test)


def _named_in(test: CheckedTest) -> Iterator[tuple[_Key, _Place]]:
    for step in test.node.steps:
        if isinstance(step, ast.Happening) and step.object is not None:
            word = step.type.text
            kind = (
                ObjectKind.EVENT
                if word == CUSTOM_EVENT
                else INTERACTIONS[word].object
                if word in INTERACTIONS
                else None
            )
            if kind is not None:
                yield _Key(kind, step.object.text), _Place(test.source, step.object.span)


def _is_known(key: _Key, names: Names) -> bool:
    match key.kind:
        case ObjectKind.EVENT:
            return names.knows_event(key.text)
        case ObjectKind.CAMPAIGN | ObjectKind.CARD:
            return bool(names.catalog.named(ObjectKind(key.kind), key.text))
        case _:
            return True


def _of_catalog(names: Names) -> Iterable[_Key]:
    catalog = names.catalog
    yield from (_Key(ObjectKind.CAMPAIGN, entry.name) for entry in catalog.campaigns)
    yield from (_Key(ObjectKind.CARD, entry.name) for entry in catalog.cards)
    yield from (_Key(ObjectKind.EVENT, event.name) for event in catalog.events or ())


def _lookalike(key: _Key, place: _Place, other: _Key, there: _Place | None) -> Diagnostic:
    called = "custom event" if key.kind is ObjectKind.EVENT else key.kind
    message = f"another {called} has a name that looks like `{key.text}`, and is not the same"
    where = "in the other name" if there else "in the other name, in the catalog,"
    remedy = f"if both are one, write `{quoted(other.text)}` as there; if not, give one of them another name"
    return finding(
        "CR110",
        place.source,
        place.span,
        message,
        label=difference(key.text, other.text, where) or "",
        help=remedy if there else "give one of them another name in the catalog",
        related=(Related(there.source, there.span, "the other name"),) if there else (),
    )


def _mixed(key: _Key, place: _Place) -> Iterator[Diagnostic]:
    stray = stray_letter(key.text)
    if stray is not None:
        message = f"`{key.text}` mixes letters of two scripts that look the same"
        remedy = f"write `{quoted(in_latin(key.text))}`, everywhere and in the catalog"
        yield finding(
            "CR110", place.source, place.span, message, label=f"{stray}, in a word of Latin letters", help=remedy
        )
