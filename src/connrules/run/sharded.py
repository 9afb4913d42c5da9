"""An engine for some of the users of a log: its outcomes have keys, by which those of several engines come into the
order of one.
"""

from collections.abc import Sequence

from connrules.event import Kind, Outcome, Profiles, Row
from connrules.plan import Plan
from connrules.run.engine import Engine
from connrules.run.step import Stepper
from connrules.run.topics import LOOK, Topics

Key = tuple[int, int, int, int]
"""Where an outcome stands among those of all users: the instant; 0 where a timer brought it about, 1 where an event
did; of a timer the instant of the trigger, of an event 0; the number of the wait, or of the event.
"""
Keyed = tuple[Key, Outcome]


class ShardedEngine(Engine):
    """Runs a plan whose rules do not follow each other over the events of some users.

    Waits are numbered by the places of their triggers in the log, not one after the other. Whoever deals out the events
    tells the late ones and holds back the early ones; there are no snapshots.
    """

    def __init__(self, plan: Plan, *, dedupe: int = 0, profiles: Profiles | None = None) -> None:
        super().__init__(plan, dedupe=dedupe, profiles=profiles)
        self._stepper = Stepper(self._program, profiles, numbered=True)
        self._topics = Topics(self._program, plain=False)
        self._keyed: list[Keyed] = []

    def take_numbered(self, rows: Sequence[Row], numbers: Sequence[int], until: int) -> list[Keyed]:
        """Take in events in their total order, with their numbers in the log; then time moves on to `until` (epoch ms).

        Event i without an id is known as `#{numbers[i]}`.
        """
        stepper, rules = self._stepper, len(self.plan.rules)
        self.counts.events += len(rows)
        for row, number in zip(rows, numbers, strict=True):
            topic = LOOK if self._repeats is not None else self._topics.of(row)
            if topic is not None:
                self._fire(row.time)
                topic = self._look(row) if topic is LOOK else topic
            if topic is not None:
                stepper.starts = number * rules
                self.counts.matched += stepper.on_event(row, row.id or f"#{number}", topic)
                self._keep((row.time, 1, 0, number))
        self._fire(until)
        self._arrivals.advance(until)
        keyed, self._keyed = self._keyed, []
        self.counts.add([outcome for _, outcome in keyed])
        return keyed

    def finish_numbered(self, until: int) -> list[Keyed]:
        """The sends that are pending at the end of the run, at the instant `until` (epoch ms)."""
        waits = self._stepper.timers.numbered()
        self.counts.outcomes[Kind.PENDING, None] = len(waits)
        return [((due, 0, since, n), self._stepper.pending(wait, until)) for due, since, n, wait in waits]

    def _fire(self, instant: int) -> None:
        """Fire what is due at or before an instant, one timer at a time."""
        timers = self._stepper.timers
        while timers.next_due <= instant:
            due, since, number = timers.next_place
            self._stepper.fire_next()
            self._keep((due, 0, since, number))

    def _keep(self, key: Key) -> None:
        outcomes = self._stepper.outcomes
        if outcomes:
            self._keyed += [(key, outcome) for outcome in outcomes]
            outcomes.clear()
