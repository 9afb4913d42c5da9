"""The hand-written loop: a heap of what is due, a dict of who waits, the rule as `if`s."""

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush

from connrules.event import Event
from tests.benchmarks.contenders import DAY, Decision


def decide(batches: Iterable[Sequence[Event]]) -> list[Decision]:
    """The decisions of the one rule.

    A purchase leaves its wait in the heap: the number in `waiting` says whether it is still the user's.
    """
    decisions: list[Decision] = []
    due: list[tuple[int, int, str, str, int]] = []
    waiting: dict[str, int] = {}
    number = 0
    for batch in batches:
        for event in batch:
            time = event.time
            while due and due[0][0] <= time:
                at, started, user, trigger, triggered_at = heappop(due)
                if waiting.get(user) == started:
                    del waiting[user]
                    decisions.append((user, at, trigger, triggered_at))
            if event.type == "received_push":
                if event.campaign == "Cart 00000" and event.user not in waiting:
                    number += 1
                    waiting[event.user] = number
                    heappush(due, (time + DAY, number, event.user, event.id or "", time))
            elif event.type == "purchase":
                waiting.pop(event.user, None)
    return decisions


def decide_for_many(events: Iterable[Event], rules: frozenset[str]) -> list[Decision]:
    """The same for a rule per campaign, each with waits of its own; plain, for checking only."""
    decisions: list[Decision] = []
    due: list[tuple[int, int, str, str, str, int]] = []
    waiting: dict[str, dict[str, int]] = {}
    for number, event in enumerate(events):
        while due and due[0][0] <= event.time:
            at, started, user, campaign, trigger, triggered_at = heappop(due)
            if waiting.get(user, {}).get(campaign) == started:
                del waiting[user][campaign]
                decisions.append((user, at, trigger, triggered_at))
        if event.type == "purchase":
            waiting.pop(event.user, None)
        elif event.type == "received_push" and event.campaign in rules:
            mine = waiting.setdefault(event.user, {})
            if event.campaign not in mine:
                mine[event.campaign] = number
                heappush(due, (event.time + DAY, number, event.user, event.campaign, event.id or "", event.time))
    return decisions
