"""What another plan does to those who wait, told beforehand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from connrules.event import Profiles
from connrules.plan import Plan
from connrules.run.comparing import RuleChange, compare_plans
from connrules.run.passage import Changed, Fate, Passages
from connrules.run.program import Program
from connrules.run.replacing import Replacement
from connrules.run.saving import Core, SavedUser


@dataclass(slots=True)
class Tally:
    """How many sends are pending to which one thing happens, and some of the users who wait for them."""

    waits: int = 0
    users: list[str] = field(default_factory=list)
    """The first ones, each once."""

    def add(self, user: str, most: int) -> None:
        """Count one."""
        self.waits += 1
        if len(self.users) < most and self.users[-1:] != [user]:  # those of one user come one after the other
            self.users.append(user)


class Effect(NamedTuple):
    """What a change of one rule does to those who wait for it."""

    change: RuleChange
    fates: Mapping[Fate, Tally]
    """What becomes of the sends that are pending; what becomes of none is not in it."""


def effects(  # noqa: PLR0913  # what `Engine.replace` goes by, and how much is told
    old: Plan,
    new: Plan,
    core: Core,
    users: Iterable[tuple[str, SavedUser]],
    changed: Changed = "pin",
    *,
    profiles: Profiles | None = None,
    examples: int = 3,
) -> tuple[Effect, ...]:
    """What `Engine.replace(new, changed)` would do with what is remembered, for each rule as `compare_plans` has them.

    Goes through the users once, and keeps so many of them as examples. Raises PlanError where the new plan cannot be
    run here, and what `profiles` raises.
    """
    Program(new)
    passages = Passages(old, dict(core.retired), new, changed, {})
    replacement = Replacement(passages, old, new, core.watermark or 0, profiles)
    tallies: dict[str, dict[Fate, Tally]] = {}
    for user, saved in users:
        for rule, fate in replacement.fates(user, saved):
            tallies.setdefault(rule, {}).setdefault(fate, Tally()).add(user, examples)
    return tuple(Effect(change, tallies.get(change.was or "", {})) for change in compare_plans(old, new))
