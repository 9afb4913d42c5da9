"""An engine for some of the users of a log: its outcomes have keys, by which those of several engines come into the
order of one.
"""

from collections.abc import Sequence

from connrules.event import Kind, Outcome, Profiles, Row
from connrules.plan import Plan
from connrules.run.engine import Engine
from connrules.run.firing import Firing
from connrules.run.state import Wait
from connrules.run.topics import LOOK, Topic, Topics

Key = tuple[int, int, int, int]
"""Where an outcome stands among those of all users: the instant; 0 where a timer brought it about, 1 where an event
did; of a timer the instant of the trigger, of an event 0; the number of the wait, or of the event.
"""
Keyed = tuple[Key, Outcome]


class ShardedEngine(Engine):
    """Runs a plan whose rules do not follow each other over the events of some users.

    The places of waits are those of their triggers in the log, not one after the other. Whoever deals out the events
    tells the late ones and holds back the early ones; there are no snapshots.
    """

    def __init__(self, plan: Plan, *, dedupe: int = 0, profiles: Profiles | None = None) -> None:
        super().__init__(plan, dedupe=dedupe, profiles=profiles)
        self._stepper = Firing(self._program, profiles, numbered=True)
        self._topics = Topics(self._program, plain=True)
        self._keyed: list[Keyed] = []

    def take_numbered(self, rows: Sequence[Row], numbers: Sequence[int], until: int) -> list[Keyed]:
        """Take in events in their total order, with their numbers in the log; then time moves on to `until` (epoch ms).

        Event i without an id is known as `#{numbers[i]}`.
        """
        stepper, rules, repeats = self._stepper, len(self.plan.rules), self._repeats
        timers, seen, of = stepper.timers, self._topics.seen, self._topics.of
        self.counts.events += len(rows)
        for row, number in zip(rows, numbers, strict=True):
            try:
                topic = seen[row.type][row.campaign]
            except KeyError:
                topic = of(row)
            if topic is None and repeats is None:
                continue
            if timers.next_due <= row.time:
                self._fire(row.time)
            if topic is LOOK or repeats is not None:
                topic = self._look(row)
            if topic is None:
                continue
            stepper.latest, stepper.starts = row.time, number * rules
            if self._starts_plainly(row, number, topic):
                self.counts.matched += 1
            else:
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

    def _starts_plainly(self, row: Row, number: int, topic: Topic) -> bool:
        """Start the wait of the one plain rule that an event concerns, if nothing is remembered of its user."""
        start, user, now = topic.start, row.user, row.time
        users = self._stepper.users
        if start is None or start.holds is not None or user in users or not start.open_from <= now < start.open_until:
            return False
        wait = users[user] = Wait(user, row.id or f"#{number}", now, start.source, self._stepper.starts)
        self._stepper.timers.add_numbered(wait)
        return True

    def _fire(self, instant: int) -> None:
        """Fire what is due at or before an instant, one timer at a time; a plain send takes the short way."""
        stepper, timers = self._stepper, self._stepper.timers
        while timers.next_due <= instant:
            entry = timers.pop_numbered(instant)
            if entry is None:
                key = timers.next_place
                stepper.fire_next()
                self._keep((key[0], 0, key[1], key[2]))
                continue
            due, since, number, wait = entry
            outcome = stepper.plain_send(wait, due)
            if outcome is None:
                stepper.fire_timer(wait)
                self._keep((due, 0, since, number))
            else:
                self._keyed.append(((due, 0, since, number), outcome))

    def _keep(self, key: Key) -> None:
        outcomes = self._stepper.outcomes
        if outcomes:
            self._keyed += [(key, outcome) for outcome in outcomes]
            outcomes.clear()
