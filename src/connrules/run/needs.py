"""What of an event the rules of a plan look at: what reads a log may skip the rest of it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from connrules.plan import Condition, Matcher, Plan, Rule
from connrules.run.conditions import first_keys, trigger_paths
from connrules.run.retired import NOTHING_RETIRED, Retired
from connrules.vocabulary import ATTRIBUTES

_TIME_ZONE: Final = "time_zone"
_WRITTEN_OTHERWISE: Final = frozenset("K;`")
"""The ASCII characters that another character is the same as in NFC: an attribute that is written with that counts."""


class Needs(NamedTuple):
    """What the rules of a plan look at."""

    types: frozenset[str]
    """The types of events that can change anything."""
    properties: frozenset[str] | None
    """The names, at the top level, of the properties that matter; None: any may, however its name is written."""


def needs_of(plan: Plan, retired: Mapping[int, Retired] = NOTHING_RETIRED) -> Needs:
    """What the rules of a plan look at, and the exceptions of `retired` definitions, under which waits go on."""
    attributes = frozenset(_attributes(plan))
    matchers = [matcher for rule in plan.rules for matcher in _matchers(rule)]
    matchers += [matcher for former in retired.values() for matcher in former.definition.exceptions]
    properties = frozenset(_properties(plan, matchers))
    exact = all(name.isascii() for name in properties) and not any(map(_may_be_written_otherwise, attributes))
    types = {matcher.type for matcher in matchers if matcher.rule is None}
    return Needs(
        types=frozenset(types | {ATTRIBUTES} if attributes else types),
        properties=properties | attributes if exact else None,
    )


def _attributes(plan: Plan) -> Iterator[str]:
    """The attributes of users that some condition, or the time of a send, looks at."""
    for segment in plan.segments:
        yield from first_keys(segment.condition)
    for rule in plan.rules:
        yield from _first_keys((rule.condition, rule.still))
        if any(part is not None and part.zone.local for part in (rule.schedule, rule.between)):
            yield _TIME_ZONE


def _properties(plan: Plan, matchers: Iterable[Matcher]) -> Iterator[str]:
    """The properties of events that some rule or pattern looks at."""
    yield from (rule.per[0] for rule in plan.rules if rule.per is not None)
    for matcher in matchers:
        yield from _first_keys((matcher.where,))
        yield from (path[0] for path in trigger_paths(matcher.where))


def _matchers(rule: Rule) -> Iterator[Matcher]:
    yield from rule.triggers
    yield from rule.exceptions
    if rule.goal is not None:
        yield rule.goal.matcher


def _first_keys(conditions: Iterable[Condition | None]) -> Iterator[str]:
    for condition in conditions:
        if condition is not None:
            yield from first_keys(condition)


def _may_be_written_otherwise(attribute: str) -> bool:
    return not attribute.isascii() or not _WRITTEN_OTHERWISE.isdisjoint(attribute)
