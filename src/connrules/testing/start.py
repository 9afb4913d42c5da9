"""When a test starts: at the first instant at which all is active that its rules name, unless it says otherwise.

Instants are epoch milliseconds, intervals half-open; None is no end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import TYPE_CHECKING, Final, assert_never

from connrules import ast
from connrules.catalog import ALWAYS, Interval
from connrules.check import Checked, CheckedRule
from connrules.duration import EARLIEST, instant_of
from connrules.testing.bound import BoundTest, ImpossibleError
from connrules.testing.overlay import overlaid
from connrules.testing.remembered import remembered
from connrules.vocabulary import CUSTOM_EVENT, OBJECT_KIND, ObjectKind

if TYPE_CHECKING:
    from connrules.catalog import Catalog

USUAL_START: Final = instant_of(datetime(2026, 1, 1, tzinfo=UTC))
"""When a test starts where nothing says otherwise."""

_Intervals = tuple[Interval, ...]
_BEGINNING: Final = ALWAYS[0][0]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def start_of(checked: Checked, test: BoundTest) -> int:
    """The instant from which a test counts.

    What `start` says; else the first at which all that the rules name is active, or where there is none, all that those
    rules name that the test speaks of. Raises ImpossibleError where there is none either.
    """
    if test.start is not None:
        return test.start.time.ms
    world = overlaid(checked, test, None)
    common = _usually_common(world) if world is checked else _common(world.rules, world.catalog)
    common = common or _common(_spoken_of(world, test), world.catalog)
    if common:
        return _first_of(common[0])
    raise ImpossibleError(
        test.test.node.name.span,
        "there is no instant at which all that the rules name is active",
        'say when the test starts, e.g. `start 2026-03-01T09:00:00Z`, or what is active: `active "Cart Reminder"`',
    )


def _common(rules: Sequence[CheckedRule], catalog: Catalog | None) -> _Intervals:
    """When all is active that these rules name, oldest first."""
    lifetimes = {each for rule in rules for each in _lifetimes(rule.node, catalog)}  # many are the same
    return reduce(_both, lifetimes, ALWAYS)


@remembered
def _usually_common(checked: Checked) -> _Intervals:
    return _common(checked.rules, checked.catalog)


def _lifetimes(rule: ast.Rule, catalog: Catalog | None) -> Iterator[_Intervals]:
    """When the rule lives, and when each campaign and card is active that its trigger names or that it sends."""
    yield ((rule.from_.time.ms if rule.from_ else _BEGINNING, rule.until.time.ms if rule.until else None),)
    for kind, name in sources_of(rule):
        yield _intervals(catalog, kind, name.text)
    for target in rule.targets:
        yield _intervals(catalog, ObjectKind.CAMPAIGN, target.text)


def sources_of(rule: ast.Rule) -> Iterator[tuple[ObjectKind, ast.Name]]:
    """The campaigns and cards that the trigger of a rule names."""
    for pattern in rule.on.patterns:
        if isinstance(pattern, ast.EventPattern) and isinstance(pattern.of, ast.Objects):
            kind = OBJECT_KIND.get(pattern.word.text)
            if kind is not None:
                yield from ((kind, name) for name in pattern.of.names)


def _intervals(catalog: Catalog | None, kind: ObjectKind, name: str) -> _Intervals:
    found = [] if catalog is None else catalog.named(kind, name)
    return found[0].intervals if len(found) == 1 else ALWAYS


def _both(some: _Intervals, others: _Intervals) -> _Intervals:
    """When both are, oldest first."""
    shared = ((max(a, b), _earlier(end, other)) for a, end in some for b, other in others)
    return tuple(sorted(((start, end) for start, end in shared if end is None or start < end), key=lambda i: i[0]))


def _earlier(end: int | None, other: int | None) -> int | None:
    return min((e for e in (end, other) if e is not None), default=None)


def _first_of(interval: Interval) -> int:
    """The first instant of an interval; of one that has none, the usual start, or a New Year's Day before its end."""
    start, end = interval
    if start > EARLIEST:
        return start
    if end is None or end > USUAL_START:
        return USUAL_START
    last = _EPOCH + timedelta(milliseconds=max(end - 1, EARLIEST))
    return instant_of(datetime(last.year, 1, 1, tzinfo=UTC))


# Which rules a test speaks of


def _spoken_of(checked: Checked, test: BoundTest) -> list[CheckedRule]:
    """The rules that events of the test may trigger or its expectations name, and those that follow from them."""
    found = [rule for rule in checked.rules if _speaks_of(test, rule)]
    for rule in found:  # it grows while we look
        found += [other for other in checked.rules if other not in found and _follows(other.node, rule.name)]
    return found


def _speaks_of(test: BoundTest, rule: CheckedRule) -> bool:
    targets = {target.text for target in rule.node.targets}
    named = any(
        (e.subject is not None and (e.subject.text in targets if e.fate == "sent" else e.subject.text == rule.name))
        or (e.by is not None and e.by.text == rule.name)
        for e in test.expectations
    )
    return named or any(_may_match(pattern, step) for pattern in rule.node.on.patterns for step in test.happenings)


def _may_match(pattern: ast.Pattern, step: ast.Happening) -> bool:
    match pattern:
        case ast.CustomEvent(name):
            return step.type.text == CUSTOM_EVENT and _text(step.object) == name.text
        case ast.EventPattern(word, of):
            named = [name.text for name in of.names] if isinstance(of, ast.Objects) else [_text(step.object)]
            return step.type.text == word.text and _text(step.object) in named
        case ast.SentRule() | ast.CancelledRule():
            return False
        case _:
            assert_never(pattern)


def _follows(rule: ast.Rule, name: str) -> bool:
    chained = (p for p in rule.on.patterns if isinstance(p, ast.SentRule | ast.CancelledRule))
    return any(pattern.rule.text == name for pattern in chained)


def _text(name: ast.Name | None) -> str | None:
    return None if name is None else name.text
