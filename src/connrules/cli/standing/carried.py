"""What to say where a state goes over to other rules: to a run that goes on with them, and to `connrules migrate`."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from connrules.cli.render import counted
from connrules.cli.standing.state import users_of
from connrules.event import Profiles
from connrules.plan import Plan, PlanError
from connrules.run.comparing import Change, is_named
from connrules.run.effects import Effect, effects
from connrules.run.passage import Changed, Fate
from connrules.run.ports import StateStore
from connrules.run.saving import SnapshotError, read_core

FATES: Final[Mapping[Fate, str]] = {
    Fate.GOES_ON: "waiting on as before",
    Fate.PINNED: "keeping the delay and the exceptions of when they began",
    Fate.FOLLOWS: "taking the new delay and exceptions",
    Fate.DUE_NOW: "due by now with the new delay, and so decided at once",
    Fate.DROPPED: "dropped, for the rule is gone",
}
_NAMED: Final = 5
"""So many rules are named, and no more."""


def effects_on(store: StateStore, plan: Plan, changed: Changed, profiles: Profiles | None) -> tuple[Effect, ...]:
    """What going on with a plan does to a state; nothing where it is of that plan, or there is none.

    Nothing, too, where the state cannot be read: whoever opens it says so. Raises StoreError, and what `profiles`
    raises.
    """
    loaded = store.load()
    if loaded is None:
        return ()
    try:
        former = Plan.from_json(loaded.plan)
        if former == plan:
            return ()
        core, users = read_core(loaded.core), users_of(loaded)
        return effects(former, plan, core, users, changed, profiles=profiles, examples=0)
    except (PlanError, SnapshotError):
        return ()


def notes_on(found: Iterable[Effect]) -> Iterator[str]:
    """Which rules are others, and what becomes of those who waited for them."""
    found = tuple(found)
    for kind in (Change.CHANGED, Change.REMOVED, Change.ADDED):
        if names := [effect.change.rule for effect in found if effect.change.kind is kind]:
            more = f" and {len(names) - _NAMED:,} others" if len(names) > _NAMED else ""
            yield f"since the last run {counted(len(names), 'rule')} {kind}: " + ", ".join(names[:_NAMED]) + more
    for fate in (Fate.PINNED, Fate.FOLLOWS, Fate.DUE_NOW, Fate.DROPPED):
        if waits := sum(effect.fates[fate].waits for effect in found if fate in effect.fates):
            yield f"of those who waited: {counted(waits, 'send')} {FATES[fate]}"


def warnings_on(found: Iterable[Effect]) -> Iterator[str]:
    """Rules without a name that are gone, or were edited: nobody can tell, and some users waited for them."""
    for effect in found:
        change = effect.change
        if change.kind is Change.REMOVED and effect.fates and not is_named(change.rule):
            yield (
                f"rule `{change.rule}` has no name: if it was edited, nobody can tell, and who waits for it is "
                "dropped; name a rule before you change it"
            )
