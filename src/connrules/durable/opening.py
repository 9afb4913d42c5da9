"""Opening a state: an engine that goes on from what a store holds, or begins where it holds nothing."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from connrules.event import Outcome
from connrules.plan import Plan, PlanError
from connrules.run.engine import Engine
from connrules.run.ports import Loaded, StateStore, StoreError
from connrules.run.saving import SnapshotError

if TYPE_CHECKING:
    from connrules.run.passage import Changed

Make = Callable[[Plan], Engine]
"""Makes an engine that runs a plan and has seen nothing yet."""


class Opened(NamedTuple):
    """An engine that has gone on from a state."""

    engine: Engine
    position: bytes | None
    outcomes: list[Outcome]
    """What came of it that the state was made with another plan."""
    former: Plan | None
    """The plan that the state was made with; None: there was no state."""


def open_state(plan: Plan, store: StateStore, make: Make, changed: "Changed") -> Opened:
    """Go on from what a store holds; with another plan, its waits are carried over. Raises StoreError and PlanError."""
    loaded = store.load()
    if loaded is None:
        engine = make(plan)
        engine.track()
        return Opened(engine, None, [], None)
    former = _plan_of(loaded)
    engine = make(former)
    try:
        engine.load(loaded.core, loaded.notes, loaded.users)
    except SnapshotError as error:
        raise StoreError(f"the state cannot be read: {error}") from None
    engine.track()
    outcomes = [] if former == plan else engine.replace(plan, changed)
    return Opened(engine, loaded.position, outcomes, former)


def _plan_of(loaded: Loaded) -> Plan:
    try:
        return Plan.from_json(loaded.plan)
    except PlanError as error:
        raise StoreError(
            f"the plan that the state was made with cannot be read: {error}",
            "go on with the connrules that wrote the state, until nothing waits any more",
        ) from None
