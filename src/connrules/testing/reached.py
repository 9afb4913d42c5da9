"""Watches tests being played, and keeps what they reached of each rule.

It goes by events and outcomes alone, never by what a test says it expects. Whether an event at or just after a due
instant came too late to cancel is found out by playing the test once more with that event a moment before.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import assert_never

import msgspec

from connrules.check import Checked
from connrules.event import Event, Kind, Outcome
from connrules.testing.coverage import AFTER, AT, BEFORE, Coverage, Point, RuleCoverage, points_of
from connrules.testing.play import Play, Player


class Reached:
    """What has been reached of a rule set so far."""

    def __init__(self, checked: Checked) -> None:
        self._checked = checked
        self._points: defaultdict[str, set[Point]] = defaultdict(set)

    @property
    def coverage(self) -> Coverage:
        """What was reached, and what was not."""
        return Coverage(
            tuple(
                RuleCoverage(
                    rule, tuple(replace(item, reached=item.point in self._points[rule.name]) for item in items)
                )
                for rule, items in points_of(self._checked)
            )
        )

    def see(self, played: Play, player: Player) -> None:
        """Take in what was reached in a run, and by whom it was played."""
        for outcome in played.outcomes:
            self._points[outcome.rule].update(_points(outcome, played, player))


def _points(outcome: Outcome, played: Play, player: Player) -> Iterator[Point]:
    match outcome.kind:
        case Kind.SENT:
            yield Point(outcome.kind, outcome.send or "")
            yield from _too_late(outcome, played, player)
        case Kind.CANCELLED:
            yield Point(outcome.kind, outcome.pattern or "")
            if played.dues.get(outcome.id) == outcome.at - BEFORE:
                yield Point("boundary", str(BEFORE))
        case Kind.DROPPED:
            yield Point(outcome.kind, outcome.reason or "")
            yield from _too_late(outcome, played, player)
        case Kind.IGNORED:
            yield Point(outcome.kind, outcome.reason or "")
        case Kind.RESTARTED | Kind.GOAL:
            yield Point(outcome.kind)
        case Kind.PENDING:
            pass
        case _:
            assert_never(outcome.kind)


def _too_late(fired: Outcome, played: Play, player: Player) -> Iterator[Point]:
    """The sides of the boundary on which an event came that would have cancelled, had it come before."""
    for event in played.events:
        side = event.time - fired.at
        if event.user == fired.user and side in {AT, AFTER} and _would_cancel(event, fired, played, player):
            yield Point("boundary", str(side))


def _would_cancel(event: Event, fired: Outcome, played: Play, player: Player) -> bool:
    moved = msgspec.structs.replace(event, time=fired.at + BEFORE)
    events = [moved if other is event else other for other in played.events]
    again = player.play(events, played.end)
    return any(
        outcome.kind is Kind.CANCELLED and outcome.id == fired.id and outcome.by == event.id
        for outcome in again.outcomes
    )
