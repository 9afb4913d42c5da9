"""The order in which to publish what is still to come: in steps, with the latest date for each.

A pair asks for its follow-on before its source. It does not where both are the same campaign, where one of them or the
rule is over, or where the rule begins (`from`) only after its source: then the follow-on has time until that date. What
asks for one another in a circle has no safe order, and stands in one step.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from connrules.check.cycles import cycles
from connrules.check.names.lifetime import is_over
from connrules.check.publishing.components import components
from connrules.check.publishing.pairs import Pair
from connrules.check.publishing.times import is_dated
from connrules.vocabulary import ObjectKind

if TYPE_CHECKING:
    from connrules.catalog import Entry

Key = tuple[ObjectKind, str]
"""A campaign or card by its name."""


class Standing(StrEnum):
    """How a campaign or card stands as of a date, by its dates; by its status, where it has none."""

    LIVE = "live"
    PLANNED = "planned"
    UNDATED = "undated"
    """Still to come, and nothing says when."""
    OVER = "over"


class Due(NamedTuple):
    """The latest instant at which a follow-on can be published without loss, and the pair that asks for it."""

    at: int
    pair: Pair


@dataclass(frozen=True, slots=True)
class Publication:
    """A campaign or card of a rule set, and when to publish it."""

    key: Key
    entry: Entry
    standing: Standing
    step: int = 0
    """From 1; 0 for what is live already, or over."""
    cycle: int = 0
    """From 1; what has the same number has no safe order among itself. 0: in no cycle."""
    before: tuple[Pair, ...] = ()
    """The pairs whose source it comes before, in a later step."""
    due: Due | None = None

    @property
    def published_at(self) -> int | None:
        """The instant from which it is active, or will be; None where none is known."""
        return self.entry.intervals[0][0] if is_dated(self.entry.intervals) else None


@dataclass(frozen=True, slots=True)
class PublishOrder:
    """What is published when. Publications are in rule-set order of the pairs that speak of them."""

    as_of: int
    publications: Mapping[Key, Publication]
    cycles: tuple[tuple[Pair, ...], ...] = ()
    """One cycle for each group without a safe order: the follow-on of each pair is the source of the next."""

    @property
    def steps(self) -> list[list[Publication]]:
        """What to publish, step by step."""
        last = max((p.step for p in self.publications.values()), default=0)
        steps: list[list[Publication]] = [[] for _ in range(last)]
        for publication in self.publications.values():
            if publication.step:
                steps[publication.step - 1].append(publication)
        return steps

    def standing(self, *standings: Standing) -> list[Publication]:
        """The publications that stand like that."""
        return [p for p in self.publications.values() if p.standing in standings]

    def is_at_one_instant(self, cycle: Sequence[Pair]) -> bool:
        """Whether all members of a cycle are planned for the same instant, which is the best that can be done."""
        planned = {self.publications[source_key(pair)].published_at for pair in cycle}
        return len(planned) == 1 and None not in planned

    def in_one_cycle(self, pair: Pair) -> bool:
        """Whether source and follow-on of a pair have no safe order."""
        source, target = self.publications[source_key(pair)], self.publications[target_key(pair)]
        return source.cycle == target.cycle != 0


def source_key(pair: Pair) -> Key:
    """The source of a pair."""
    return (pair.kind, pair.source.name)


def target_key(pair: Pair) -> Key:
    """The follow-on of a pair."""
    return (ObjectKind.CAMPAIGN, pair.target.name)


def standing_of(entry: Entry, as_of: int) -> Standing:
    """How a campaign or card stands as of an instant (epoch ms)."""
    if is_over(entry, as_of):
        return Standing.OVER
    if not entry.intervals:
        return Standing.UNDATED
    return Standing.LIVE if entry.intervals[0][0] <= as_of else Standing.PLANNED


def publish_order(pairs: Sequence[Pair], as_of: int) -> PublishOrder:
    """The order of publishing that those pairs ask for, as of an instant (epoch ms)."""
    standings, entries = _standings(pairs, as_of)
    coming = {Standing.PLANNED, Standing.UNDATED}
    asking = [pair for pair in pairs if standings[target_key(pair)] in coming and _matters(pair, standings, as_of)]
    edges: dict[Key, dict[Key, Pair]] = {key: {} for key, standing in standings.items() if standing in coming}
    for pair in asking:
        if source_key(pair) in edges and not _has_time(pair, as_of):
            edges[source_key(pair)].setdefault(target_key(pair), pair)
    groups = list(components(edges))
    steps, cycle = _steps(groups, edges), _numbers(groups)
    before, due = _before(edges, steps), _due(groups, asking, standings, as_of)
    publications = {
        key: Publication(
            key, entry, standings[key], steps.get(key, 0), cycle.get(key, 0), tuple(before.get(key, ())), due.get(key)
        )
        for key, entry in entries.items()
    }
    return PublishOrder(as_of, publications, tuple(_cycles(groups, edges)))


def _standings(pairs: Iterable[Pair], as_of: int) -> tuple[dict[Key, Standing], dict[Key, Entry]]:
    entries: dict[Key, Entry] = {}
    for pair in pairs:
        entries.setdefault(source_key(pair), pair.source)
        entries.setdefault(target_key(pair), pair.target)
    return {key: standing_of(entry, as_of) for key, entry in entries.items()}, entries


def _matters(pair: Pair, standings: Mapping[Key, Standing], as_of: int) -> bool:
    until = pair.rule.node.until
    is_past = until is not None and until.time.ms <= as_of
    return not (pair.is_to_itself or is_past or standings[source_key(pair)] is Standing.OVER)


def _begins(pair: Pair) -> int | None:
    """When the source can trigger the rule for the first time; None where that is not known."""
    from_, lived = pair.rule.node.from_, pair.lived
    if from_ is not None and not pair.when:
        return from_.time.ms
    return lived[0][0] if lived else None


def _has_time(pair: Pair, as_of: int) -> bool:
    """Whether the rule begins after its source, or after the date on which one asks where the source has none."""
    from_ = pair.rule.node.from_
    if from_ is None:
        return False
    start = pair.source.intervals[0][0] if pair.source.intervals else as_of
    return from_.time.ms > start


def _steps(groups: Sequence[Sequence[Key]], edges: Mapping[Key, Iterable[Key]]) -> dict[Key, int]:
    """The step of each: one after the last of those that it waits for. Groups come after what they wait for."""
    steps: dict[Key, int] = {}
    for group in groups:
        members = set(group)
        waits_for = (steps[other] for key in group for other in edges[key] if other not in members)
        step = 1 + max(waits_for, default=0)
        steps.update(dict.fromkeys(group, step))
    return steps


def _before(edges: Mapping[Key, Mapping[Key, Pair]], steps: Mapping[Key, int]) -> dict[Key, list[Pair]]:
    """By follow-on, the pairs whose source comes in a later step."""
    before: dict[Key, list[Pair]] = {}
    for source, targets in edges.items():
        for target, pair in targets.items():
            if steps[source] > steps[target]:
                before.setdefault(target, []).append(pair)
    return before


def _numbers(groups: Iterable[Sequence[Key]]) -> dict[Key, int]:
    circles = [group for group in groups if len(group) > 1]
    return {key: number for number, group in enumerate(circles, 1) for key in group}


def _cycles(groups: Iterable[Sequence[Key]], edges: Mapping[Key, Mapping[Key, Pair]]) -> Iterator[tuple[Pair, ...]]:
    place = {key: number for number, key in enumerate(edges)}
    for group in groups:
        if len(group) > 1:
            members = set(group)
            circle = next(cycles({key: [other for other in edges[key] if other in members] for key in group}))
            first = circle.index(min(circle, key=place.__getitem__))
            circle = [*circle[first:], *circle[:first]]
            yield tuple(edges[one][other] for one, other in zip(circle, [*circle[1:], circle[0]], strict=True))


def _due(
    groups: Sequence[Sequence[Key]], asking: Iterable[Pair], standings: Mapping[Key, Standing], as_of: int
) -> dict[Key, Due]:
    """The latest date of each follow-on: that of the earliest source, which itself may have to come before another."""
    of_source: dict[Key, list[Pair]] = {}
    due: dict[Key, Due] = {}
    for pair in asking:
        if _has_time(pair, as_of) or standings[source_key(pair)] is Standing.LIVE:
            _ask(due, pair, _begins(pair))
        else:
            of_source.setdefault(source_key(pair), []).append(pair)
    for group in reversed(groups):  # sources first
        for key in group:
            for pair in of_source.get(key, ()):
                _ask(due, pair, _latest(pair, due.get(key)))
    return due


def _latest(pair: Pair, due: Due | None) -> int | None:
    """When the source of a pair is published at the latest: as planned, or sooner where something waits for it."""
    begins = _begins(pair)
    if pair.sender is not None and begins is not None:
        return begins  # published is one thing, sent for the first time another
    instants = [instant for instant in (begins, due.at if due else None) if instant is not None]
    return min(instants, default=None)


def _ask(due: dict[Key, Due], pair: Pair, at: int | None) -> None:
    key = target_key(pair)
    if at is not None and (key not in due or at < due[key].at):
        due[key] = Due(at, pair)
