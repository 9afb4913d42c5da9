"""Checks one rule by itself: the order of the checks in one place."""

from collections.abc import Iterator

from connrules.check.conditions.never_true import check_never_true
from connrules.check.index import Index
from connrules.check.names.attributes import check_attributes
from connrules.check.names.binding import Names, bind, check_events, event_names, mentions
from connrules.check.names.fit import check_fit
from connrules.check.names.implied import check_implied
from connrules.check.names.lifetime import check_lifetime
from connrules.check.names.properties import check_properties
from connrules.check.names.references import check_references
from connrules.check.names.segments import check_segment_names, conditions_of
from connrules.check.names.typed import check_rule_types
from connrules.check.shape import check_shape
from connrules.check.waits.delay import check_delay
from connrules.check.waits.durations import check_durations
from connrules.check.waits.exception_times import check_exception_times
from connrules.check.waits.same_message import check_same_message
from connrules.check.waits.subsumed import check_subsumed
from connrules.check.waits.too_late import check_too_late
from connrules.check.waits.windows import check_window
from connrules.checked import CheckedRule
from connrules.diagnostic import Diagnostic


def check_rule(rule: CheckedRule, index: Index, names: Names | None, as_of: int | None) -> Iterator[Diagnostic]:
    """All findings about one rule; those about the catalog only where there is one."""
    yield from check_shape(rule, names)
    yield from check_references(rule, index)
    yield from check_segment_names(rule.source, conditions_of(rule.node), index)
    yield from check_delay(rule, index.policy)
    yield from check_subsumed(rule)
    yield from check_durations(rule)
    yield from check_window(rule, index.policy)
    yield from check_implied(rule)
    if names is None:
        yield from check_never_true(rule, index, None)
        yield from check_same_message(rule, index.policy)
        yield from check_too_late(rule, None)
    else:
        yield from _check_with_catalog(rule, index, names, as_of)


def _check_with_catalog(rule: CheckedRule, index: Index, names: Names, as_of: int | None) -> Iterator[Diagnostic]:
    bindings, unresolved = bind(rule.source, mentions(rule.node), names)
    yield from unresolved
    yield from check_events(rule.source, event_names(rule.node), names)
    yield from check_attributes(rule.source, conditions_of(rule.node), names.attributes)
    yield from check_properties(rule, names)
    mistyped = list(check_rule_types(rule, names))
    yield from mistyped
    yield from check_never_true(rule, index, names, mistyped)
    unfit = list(check_fit(rule, index, bindings, names))
    yield from unfit or check_same_message(rule, index.policy)
    over = list(check_lifetime(rule, bindings, as_of)) if as_of is not None else []
    yield from over
    late = list(check_too_late(rule, None if over else bindings))
    yield from late
    if not over and not late:
        yield from check_exception_times(rule, bindings, index.policy)
