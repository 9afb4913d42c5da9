"""What other rules make of the same log: who newly gets a message, who no longer does, who gets it at another time.

Both runs go side by side. What they make of a trigger is let go of as soon as both have decided it, unless it differs:
so memory holds the differences, and what one of the two has still to decide; and of chains of three rules or more, what
those amid them sent.

A trigger of a rule that both have is the same for both by its user, and the id and time of its event; of a rule that
follows another, by what the chain began with, for the times within a chain move with its sends. What is left then is
put together once more, the sends of one rule to one user: first those of one message at one instant, for they differ
in nothing that the user sees; then those of one message, in order of time. Of what is still left, some may be the same
message at the same instant by another rule.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import chain
from typing import Final, NamedTuple

import msgspec

from connrules.connectors.jsonl import decode_outcomes
from connrules.event import Kind, Outcome
from connrules.plan import Plan
from connrules.replay.outcomes import Batch

_BEGINNING: Final = -(2**63)
_FOLLOWED: Final = frozenset({Kind.SENT, Kind.CANCELLED})
"""What a rule may follow of another."""
_encode = msgspec.json.Encoder(order="sorted").encode


class Difference(StrEnum):
    """What is different for a user."""

    NEWLY = "newly"
    """A message that the old rules do not send."""
    NO_LONGER = "no_longer"
    """A message that only the old rules send."""
    OTHER_TIME = "other_time"
    """The same message at another instant."""
    OTHER_MESSAGE = "other_message"
    """Another message after the same trigger."""
    OTHER_RULE = "other_rule"
    """The same message at the same instant, by another rule."""


class Change(NamedTuple):
    """A send that differs: the old rules' and the new rules', each None where they do not send."""

    difference: Difference
    old: Outcome | None
    new: Outcome | None
    instead: Outcome | None = None
    """What became of the same trigger with the rules that do not send; None: it triggers nothing there."""

    @property
    def send(self) -> Outcome:
        """The new send, else the old one."""
        send = self.new or self.old
        assert send is not None
        return send


class Diff(NamedTuple):
    """What two rule sets make of one log."""

    changes: tuple[Change, ...]
    """In order of time."""
    before: Counter[str]
    """How many sends each of the old rules brought about."""
    after: Counter[str]
    """How many sends each of the new rules brought about."""


_Trigger = tuple[str, str, str, int | None]
"""The new name of a rule, a user, and an event's id and time; of an outcome, what it is called whenever it comes."""


class Chains(NamedTuple):
    """Which rules of one side follow others."""

    follow: frozenset[str] = frozenset()
    amid: frozenset[str] = frozenset()
    """Those that follow and are followed: the ids of their outcomes are others where their triggers come later."""

    @classmethod
    def of(cls, plan: Plan) -> "Chains":
        """Those of a plan."""
        followed = {matcher.rule for rule in plan.rules for matcher in rule.triggers}
        follow = frozenset(rule.name for rule in plan.rules if any(matcher.rule for matcher in rule.triggers))
        return cls(follow, follow & followed)


_NO_CHAINS: Final = Chains()


class _Left(NamedTuple):
    """A send that has no counterpart so far."""

    send: Outcome
    rule: str | None
    """The new name of its rule; None: the other run does not have it."""
    instead: Outcome | None = None


class _Run:
    """One of the two runs."""

    def __init__(self, names: Mapping[str, str], chains: Chains) -> None:
        self.names = names
        """The new names of the rules that both runs have."""
        self._chains = chains
        self._called: dict[str, str] = {}
        """What outcomes amid a chain are called whenever they come, by their ids."""
        self.undecided: dict[_Trigger, list[Outcome]] = {}
        """What became of triggers of which the other run has said nothing so far."""
        self.left: list[_Left] = []
        self.sends: Counter[str] = Counter()

    def trigger(self, outcome: Outcome, rule: str) -> _Trigger:
        """What an outcome's trigger is known by on both sides, given the new name of its rule."""
        if outcome.rule not in self._chains.follow:
            return rule, outcome.user, outcome.trigger, outcome.triggered_at
        cause = self._called.get(outcome.trigger, outcome.trigger)
        if outcome.rule in self._chains.amid and outcome.kind in _FOLLOWED:
            timeless = msgspec.structs.replace(outcome, rule=rule, trigger=cause, triggered_at=0)
            self._called[outcome.id] = timeless.id
        return rule, outcome.user, cause, None

    def leave(self, send: Outcome, instead: Outcome | None = None) -> None:
        """Keep a send for which there is no counterpart, and what became of its trigger on the other side."""
        self.left.append(_Left(send, self.names.get(send.rule), instead))

    def finish(self) -> None:
        """Leave the sends of which the other run has said nothing; all that is left comes into order."""
        for outcomes in self.undecided.values():
            for outcome in outcomes:
                if outcome.kind is Kind.SENT:
                    self.leave(outcome)
        self.undecided.clear()
        self.left.sort(key=lambda left: _order(left.send))


def compare(
    old: Iterable[Batch],
    new: Iterable[Batch],
    names: Mapping[str, str],
    chains: tuple[Chains, Chains] = (_NO_CHAINS, _NO_CHAINS),
) -> Diff:
    """The differences between two runs over one log, given batches of all their outcomes, those pending included.

    `names` has the rules that are the same on both sides: old names with the new ones. `chains` has the rules that
    follow others, of the old side and of the new. Raises what the runs raise.
    """
    before, after = _Run(names, chains[0]), _Run({name: name for name in names.values()}, chains[1])
    changes: list[Change] = []
    for is_new, outcomes in _by_turns(iter(old), iter(new)):
        if is_new:
            pairs = [(theirs, ours) for ours, theirs in _decided_by_both(outcomes, after, before)]
        else:
            pairs = list(_decided_by_both(outcomes, before, after))
        changes += (change for pair in pairs if (change := _changed(*pair, before, after)))
    before.finish()
    after.finish()
    changes += _put_together(before, after)
    changes.sort(key=lambda change: _order(change.send))
    return Diff(tuple(changes), before.sends, after.sends)


def _by_turns(*runs: Iterator[Batch]) -> Iterator[tuple[int, Sequence[Outcome]]]:
    """Outcomes with the number of their run; whichever is behind comes next, so that little stays undecided."""
    reached = dict.fromkeys(range(len(runs)), _BEGINNING)
    while reached:
        behind = min(reached, key=reached.__getitem__)
        batch = next(runs[behind], None)
        if batch is None:
            del reached[behind]
        elif outcomes := decode_outcomes(batch) if isinstance(batch, bytes) else batch:
            reached[behind] = outcomes[-1].at
            yield behind, outcomes


def _decided_by_both(outcomes: Sequence[Outcome], run: _Run, other: _Run) -> Iterator[tuple[Outcome, Outcome]]:
    """Outcomes of a run, each with that of the same trigger in the other run, where that was there first."""
    for outcome in outcomes:
        if outcome.kind is Kind.GOAL:
            continue
        if outcome.kind is Kind.SENT:
            run.sends[outcome.rule] += 1
        rule = run.names.get(outcome.rule)
        if rule is None:
            if outcome.kind is Kind.SENT:
                run.leave(outcome)
            continue
        trigger = run.trigger(outcome, rule)
        if known := other.undecided.get(trigger):
            yield outcome, known.pop(0)
            if not known:
                del other.undecided[trigger]
        else:
            run.undecided.setdefault(trigger, []).append(outcome)


def _changed(old: Outcome, new: Outcome, before: _Run, after: _Run) -> Change | None:
    """What differs between the outcomes of one trigger; a send that one side alone has is left for later."""
    match old.kind is Kind.SENT, new.kind is Kind.SENT:
        case True, True if old.send != new.send:
            return Change(Difference.OTHER_MESSAGE, old, new)
        case True, True if old.at != new.at:
            return Change(Difference.OTHER_TIME, old, new)
        case True, False:
            before.leave(old, instead=new)
        case False, True:
            after.leave(new, instead=old)
    return None


def _put_together(before: _Run, after: _Run) -> Iterator[Change]:
    """What the sends amount to that are left, in the steps that the module's first lines tell of."""
    old, new = before.left, after.left
    _, old, new = _pairs(old, new, lambda left: (*_message(left), left.send.at))
    retimed, old, new = _pairs(old, new, lambda left: (*_message(left), _encode(left.send.per)))
    elsewhere, old, new = _pairs(old, new, lambda left: (left.send.user, left.send.send, left.send.at))
    yield from (Change(Difference.OTHER_TIME, *pair) for pair in retimed)
    yield from (Change(Difference.OTHER_RULE, *pair) for pair in elsewhere)
    yield from (Change(Difference.NO_LONGER, left.send, None, left.instead) for left in old)
    yield from (Change(Difference.NEWLY, None, left.send, left.instead) for left in new)


def _message(left: _Left) -> tuple[Hashable, ...]:
    """What one rule sends to one user; a rule that only one side has is like none of the other side."""
    return (left.rule or id(left), left.send.user, left.send.send)


def _pairs(
    old: Sequence[_Left], new: Sequence[_Left], key: Callable[[_Left], Hashable]
) -> tuple[list[tuple[Outcome, Outcome]], list[_Left], list[_Left]]:
    """The first of both with a key, the second of both with it, and so on; then what has no partner, in order."""
    waiting: dict[Hashable, deque[_Left]] = defaultdict(deque)
    for left in old:
        waiting[key(left)].append(left)
    pairs: list[tuple[Outcome, Outcome]] = []
    alone: list[_Left] = []
    for left in new:
        if partners := waiting.get(key(left)):
            pairs.append((partners.popleft().send, left.send))
        else:
            alone.append(left)
    return pairs, sorted(chain.from_iterable(waiting.values()), key=lambda left: _order(left.send)), alone


def _order(send: Outcome) -> tuple[int, str, str, str, int]:
    """By time; what is simultaneous, by what tells it apart, so that the same log always gives the same order."""
    return send.at, send.user, send.rule, send.trigger, send.triggered_at
