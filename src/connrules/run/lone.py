"""An engine that is lent one user at a time: it takes hold of the user's state, decides, and gives it back as bytes."""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

import msgspec

from connrules.event import Kind, Outcome, Profiles, Row
from connrules.plan import Plan
from connrules.run.arrivals import Buffered
from connrules.run.engine import Engine
from connrules.run.firing import Firing
from connrules.run.program import Program
from connrules.run.repeats import Repeats, Sighting
from connrules.run.replacing import Moved, dropped, fire_now, forgetting
from connrules.run.restoring import Restoring
from connrules.run.retired import NOTHING_RETIRED, Retired
from connrules.run.saving import SavedUser, SnapshotError, read
from connrules.run.sieve import Sieve, Unknown
from connrules.run.state import Held, Wait
from connrules.run.timers import NEVER

Ids = tuple[tuple[str, int], ...]
"""The ids that were seen from a user, and when; the oldest first."""


NOBODY: Final = msgspec.Raw(b"[]")
"""The state of a user of whom nothing is held."""


class Lent(NamedTuple):
    """A user, as given back."""

    state: msgspec.Raw
    """`NOBODY` where nothing is held."""
    seen: Ids
    next: int
    """The instant (epoch ms) at which something is due or can be forgotten; `NEVER`: none."""
    is_former: bool
    """Whether the user waits under a definition that a rule had before."""

    @property
    def saved(self) -> SavedUser:
        """The state, read."""
        return read(bytes(self.state), SavedUser)


class LoneEngine(Engine):
    """Runs a plan for one user at a time. `retired` are definitions that its rules had, under which users wait."""

    def __init__(
        self,
        plan: Plan,
        dedupe: int,
        profiles: Profiles | None,
        kinds: frozenset[Kind],
        retired: dict[int, Retired],
    ) -> None:
        super().__init__(plan, dedupe=dedupe, profiles=profiles, kinds=kinds)
        if retired:
            self._program = Program(plan, retired)
        self._sieve = Sieve(self._program)
        self._definitions = {(rule.name, rule.version): rule for rule in self._program.rules}
        self.start_anew()

    @property
    def retired(self) -> dict[int, Retired]:
        """The definitions that rules had, by their numbers."""
        return dict(self._program.retired or NOTHING_RETIRED)

    def start_anew(self) -> None:
        """Hold nobody, also where a turn was broken off."""
        self._set_stepper(Firing(self._program, self._profiles))
        self._restoring = Restoring(self._program)

    def lets_through(self, row: Row, unknown: Unknown) -> bool:
        """Whether an event may change anything. What is unknown is counted."""
        if self._repeats is not None and row.id:
            return True
        return self._sieve.lets_through(row, unknown)

    def hold(self, user: str, state: msgspec.Raw, seen: Ids) -> None:
        """Take hold of a user. Raises SnapshotError where the state cannot be read."""
        if state != NOBODY:
            try:
                self._restoring.read_into(self._stepper, user, state)
            except SnapshotError:
                raise
            except (LookupError, TypeError, ValueError) as error:  # JSON, but not what was written
                raise SnapshotError(f"the state cannot be read: {error!r}") from None
        self._go_on_with(user, seen)

    def take_over(self, user: str, moved: Moved, seen: Ids, now: int) -> list[Outcome]:
        """Take hold of a user who was held under other rules up to an instant (epoch ms); what this brings about."""
        kept = forgetting(moved.kept, self._program.attributes)
        if kept != SavedUser():
            self._restoring.add(user, kept)
            self._restoring.into(self._stepper)
        self._go_on_with(user, seen)
        self._stepper.outcomes += dropped(((wait, user) for wait in moved.dropped), now)
        due = ((wait, user) for wait in moved.due_now)
        fire_now(self._stepper, due, self._definitions, self._program.world)
        return self._take_outcomes()

    def run(self, events: Sequence[Buffered], now: int) -> list[Outcome]:
        """Let events take effect, which are in order, and fire what is due up to an instant (epoch ms)."""
        if events:
            self._intake.take_in([row for *_, row in events], [name for _, name, _ in events])
        self._stepper.fire(now)
        return self._take_outcomes()

    def pending_at(self, now: int) -> list[Outcome]:
        """The sends that are pending at an instant (epoch ms), in the order in which they are due."""
        return self._wanted([self._stepper.pending(wait, now) for wait in self._stepper.timers.waits()])

    def let_go(self, now: int) -> Lent:
        """Give the user back as of an instant (epoch ms)."""
        stepper, state, next_ = self._stepper, NOBODY, NEVER
        held = None
        if stepper.users:
            held = next(iter(stepper.users.values()))
            state = msgspec.Raw(self._saving.bytes_of(held))
            next_ = held.due if isinstance(held, Wait) else stepper.timers.next_live()
            stepper.users.clear()
        stepper.timers.clear()
        seen: Ids = ()
        if self._repeats is not None:
            self._repeats.forget(now)
            seen = tuple((sighting.id, sighting.time) for sighting in self._repeats)
            if seen:
                next_ = min(next_, seen[-1][1] + self.dedupe)
        return Lent(state, seen, next_, bool(self._program.retired) and self._is_former(held))

    def _is_former(self, held: Held | None) -> bool:
        own = len(self.plan.rules)
        return any(wait.source.rule >= own for wait in _waits(held))

    def _go_on_with(self, user: str, seen: Ids) -> None:
        if self._repeats is not None:
            self._repeats = Repeats(self.dedupe, (Sighting(user, id_, time) for id_, time in seen))
        stepper = self._stepper
        stepper.latest, stepper.starts = -NEVER, 0
        for wait in _waits(stepper.users.get(user)):
            stepper.latest, stepper.starts = max((stepper.latest, stepper.starts), (wait.since, wait.place))

    def _take_outcomes(self) -> list[Outcome]:
        outcomes = self._stepper.take_outcomes()
        return self._wanted(outcomes) if outcomes else outcomes


def _waits(held: Held | None) -> Collection[Wait]:
    """The sends of a user that are pending."""
    if held is None:
        return ()
    return (held,) if isinstance(held, Wait) else held.waits.values()
