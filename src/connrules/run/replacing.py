"""Another plan while users wait: how what is remembered of them goes over to it.

Waits of a rule that stayed as it was go on. Of one that changed they are *pinned* (due when they were due, and with the
exceptions that they began with) or *follow* (due is reckoned anew from the trigger, with the exceptions of now).
In all else the rule is as it is now. A rule that is gone leaves its waits dropped.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from typing import Any, Final, NamedTuple, Self

import msgspec

from connrules.duration import EARLIEST
from connrules.event import Kind, Outcome, Profiles, Reason
from connrules.plan import Limit, Plan
from connrules.run.audience import zone_of
from connrules.run.comparing import pair
from connrules.run.due import Due
from connrules.run.firing import Firing
from connrules.run.passage import Changed, Fate, Passage, Passages
from connrules.run.program import Program
from connrules.run.restoring import Restoring
from connrules.run.rule import Rule
from connrules.run.saving import SavedGoal, SavedSource, SavedUser, SavedWait, Saving, is_shared
from connrules.run.snapshot import by_columns
from connrules.run.state import Source, Wait, state_of
from connrules.run.step import Stepper
from connrules.run.world import Key, World

Definition = tuple[str, int]
"""The name of a rule, and 0 or the number of a retired definition of it."""


class Moved(NamedTuple):
    """What becomes of a user."""

    kept: SavedUser
    dropped: tuple[SavedWait, ...]
    """The waits of rules that are gone."""
    due_now: tuple[SavedWait, ...]
    """The waits that are due by now as they follow, in the terms of now."""


class Replacement:
    """Takes users over from one plan to another, at an instant (epoch ms) up to which all is decided."""

    def __init__(self, passages: Passages, old: Plan, new: Plan, now: int, profiles: Profiles | None) -> None:
        self.passages = passages
        self._new = {rule.name: rule for rule in new.rules}
        self._limits = _pair_limits(old, new)
        self._now = now
        self._profiles = profiles

    def move(self, user: str, saved: SavedUser) -> Moved:
        """What becomes of a user; attributes stay as they are."""
        moved = [self._move(wait, user, saved) for wait in saved.waits]
        waits = tuple(wait for fate, wait in moved if fate not in {Fate.DROPPED, Fate.DUE_NOW})
        return Moved(
            SavedUser(waits, self._sends(saved), self._limited(saved), self._goals(saved), saved.attributes),
            dropped=tuple(wait for fate, wait in moved if fate is Fate.DROPPED),
            due_now=tuple(wait for fate, wait in moved if fate is Fate.DUE_NOW),
        )

    def at(self, now: int) -> Self:
        """The same at another instant."""
        other = copy(self)
        other._now = now
        return other

    def source(self, source: SavedSource) -> tuple[SavedSource, int] | None:
        """What waits that have that in common have from now on, if their triggers came after an instant (epoch ms).

        None: of each it is something else, or nothing.
        """
        passage = self.passages.of(source.rule, source.version)
        if passage.fate is Fate.DROPPED or (passage.is_retimed and passage.clockwork is not None):
            return None
        over = passage.over(source)
        if not passage.is_retimed:
            return over, EARLIEST - 1
        return msgspec.structs.replace(over, lasts=passage.delay), self._now - passage.delay

    def fates(self, user: str, saved: SavedUser) -> Iterator[tuple[str, Fate]]:
        """What becomes of each wait of a user, behind the name that its rule had."""
        for wait in saved.waits:
            yield wait.source.rule, self._move(wait, user, saved)[0]

    def _move(self, wait: SavedWait, user: str, saved: SavedUser) -> tuple[Fate, SavedWait]:
        passage = self.passages.of(wait.source.rule, wait.source.version)
        if passage.fate is Fate.DROPPED:
            return passage.fate, wait
        source = passage.over(wait.source)
        if not passage.is_retimed:
            return passage.fate, msgspec.structs.replace(wait, source=source)
        due, missed = self._due(passage, wait.since, user, saved)
        source = msgspec.structs.replace(source, lasts=due - wait.since, missed=missed)
        fate = Fate.DUE_NOW if due <= self._now else passage.fate
        return fate, msgspec.structs.replace(wait, source=source)

    def _due(self, passage: Passage, trigger: int, user: str, saved: SavedUser) -> Due:
        """When a wait that follows is due: what would have been by now is due now."""
        if passage.clockwork is None:
            return Due(max(trigger + passage.delay, self._now), missed=False)
        zone = None
        if passage.clockwork.is_local:
            state = state_of(None)
            state.learn(saved.attributes)
            zone = zone_of(state, user, self._profiles)
        return passage.clockwork.due(trigger, zone, not_before=self._now)

    def _sends(self, saved: SavedUser) -> dict[str, tuple[int, ...]]:
        """The sends that still count by what the rules say now."""
        found = {}
        for name, instants in saved.sends.items():
            rule = self._new.get(self.passages.names.get(name, ""))
            if rule is not None and rule.eligibility is not None:
                found[rule.name] = self._still_count(instants, rule.eligibility.window)
        return {name: instants for name, instants in found.items() if instants}

    def _limited(self, saved: SavedUser) -> dict[str, tuple[int, ...]]:
        found = {}
        for number, instants in saved.limited.items():
            if number in self._limits:
                now, limit = self._limits[number]
                found[now] = self._still_count(instants, limit.window)
        return {number: instants for number, instants in found.items() if instants}

    def _still_count(self, instants: tuple[int, ...], window: int | None) -> tuple[int, ...]:
        if window is None:
            return instants
        return tuple(instant for instant in instants if instant + window > self._now)

    def _goals(self, saved: SavedUser) -> tuple[SavedGoal, ...]:
        """The goals that can still be reached by what the rules say now."""
        found = []
        for goal in saved.goals:
            rule = self._new.get(self.passages.names.get(goal.rule, ""))
            if rule is not None and rule.goal is not None and goal.since + rule.goal.within > self._now:
                found.append(msgspec.structs.replace(goal, rule=rule.name))
        return tuple(found)


def moved_over(  # noqa: PLR0913, PLR0917  # what an engine is made of
    old: Plan, program: Program, stepper: Firing, new: Plan, changed: Changed, now: int, profiles: Profiles | None
) -> tuple[Program, Firing]:
    """A plan made ready, and a stepper that goes on with it from where another is. The other stays as it is.

    `outcomes` of the new one are those that the other had collected, then the sends that were dropped, then those that
    are due now, in start order. Raises PlanError, or what `profiles` raises.
    """
    passages = Passages(old, program.retired, new, changed, _abouts(stepper))
    made = Program(new, passages.retired())
    after, restoring = Firing(made, profiles), Restoring(made)
    replacement = Replacement(passages, old, new, now, profiles)
    definitions = {(rule.name, rule.version): rule for rule in made.rules}
    gone: list[tuple[SavedWait, str]] = []
    due_now: list[tuple[SavedWait, str]] = []
    for user, saved in _one_by_one(stepper, replacement, definitions, restoring):
        moved = replacement.move(user, saved)
        kept = forgetting(moved.kept, made.attributes)
        if kept != _NOBODY:
            restoring.add(user, kept)
        gone += [(wait, user) for wait in moved.dropped]
        due_now += [(wait, user) for wait in moved.due_now]
    restoring.into(after)
    after.latest, after.starts = stepper.latest, stepper.starts
    after.outcomes = [*stepper.collected()]
    after.outcomes += dropped(gone, now)
    fire_now(after, due_now, definitions, made.world)
    return made, after


def _one_by_one(
    stepper: Firing, replacement: Replacement, definitions: Mapping[Definition, Rule], restoring: Restoring
) -> Iterator[tuple[str, SavedUser]]:
    """The users to look at one by one, once those are over of whom all is said by what their waits have in common."""
    alike, others = by_columns(stepper.users, Saving(stepper.rules))
    for column in alike:
        begin = len(column.users)
        source = replacement.source(column.source)
        if source is not None and is_shared(definitions[source[0].rule, source[0].version]):
            begin = bisect_right(column.sinces, source[1])
            restoring.add_alike(source[0], *column.rows(slice(begin, None)))
        for user, trigger, since, place in zip(*column.rows(slice(begin)), strict=True):
            yield user, SavedUser((SavedWait(column.source, trigger, since, place),))
    yield from others.items()


_NOBODY: Final = SavedUser()


def _abouts(stepper: Firing) -> dict[Definition, set[Key]]:
    """What the triggers of all waits were about, by the rule and the number of its definition."""
    found: dict[Definition, set[Key]] = {}
    for held in stepper.users.values():
        for wait in (held,) if isinstance(held, Wait) else held.waits.values():
            rule, known = stepper.rules[wait.source.rule], wait.source.known
            abouts = found.setdefault((rule.name, rule.version), set())
            if known is not None:
                abouts.add(known.key)
    return found


def forgetting(saved: SavedUser, attributes: frozenset[str]) -> SavedUser:
    """A user without the attributes that no rule looks at: nobody would hear of their changes."""
    if saved.attributes.keys() <= attributes:
        return saved
    left = {name: value for name, value in saved.attributes.items() if name in attributes}
    return msgspec.structs.replace(saved, attributes=left)


def dropped(gone: Iterable[tuple[SavedWait, str]], now: int) -> list[Outcome]:
    """What became of the waits of rules that are gone, each behind which its user stands, in start order."""
    return [
        Outcome(
            kind=Kind.DROPPED,
            rule=wait.source.rule,
            user=user,
            at=now,
            trigger=wait.trigger,
            triggered_at=wait.since,
            reason=Reason.RULE_REMOVED,
            per=wait.source.per,
        )
        for wait, user in sorted(gone, key=_start_order)
    ]


def fire_now(
    stepper: Stepper, due: Iterable[tuple[SavedWait, str]], definitions: Mapping[Definition, Rule], world: World
) -> None:
    """Fire waits that are due and have no timer, in start order. Until its turn each of them is pending."""
    waits = [_wait(user, wait, definitions, world) for wait, user in sorted(due, key=_start_order)]
    for wait in waits:
        state = state_of(stepper.users.get(wait.user))
        state.waits[wait.source.key] = wait
        stepper.users[wait.user] = state
    for wait in waits:
        stepper.fire_timer(wait)


def _start_order(each: tuple[SavedWait, str]) -> tuple[int, int]:
    wait, _ = each
    return wait.since, wait.place


def _wait(user: str, wait: SavedWait, definitions: Mapping[Definition, Rule], world: World) -> Wait:
    """A wait, ready to be fired."""
    s = wait.source
    rule = definitions[s.rule, s.version]
    known = None if s.about is None else world.find_key(s.about)
    source = Source(rule.index, rule.key(s.per), s.lasts, known, s.kept, s.per, s.missed)
    return Wait(user, wait.trigger, wait.since, source, wait.place)


def _pair_limits(old: Plan, new: Plan) -> dict[str, tuple[str, Limit]]:
    """The limit that each of the old ones is now, by its number: of one channel, and of one window where there are
    several.
    """
    numbers: dict[int, int] = {}
    for alike in (_channel_and_window, _channel):
        before = [number for number in range(len(old.limits)) if number not in numbers]
        after = [number for number in range(len(new.limits)) if number not in numbers.values()]
        pairs = pair([alike(old.limits[n]) for n in before], [alike(new.limits[n]) for n in after])
        numbers |= {before[b]: after[a] for b, a in pairs}
    return {str(number): (str(now), new.limits[now]) for number, now in numbers.items()}


def _channel_and_window(limit: Limit) -> tuple[Any, ...]:
    return limit.channel, limit.window


def _channel(limit: Limit) -> tuple[Any, ...]:
    return (limit.channel,)
