"""Firing what is due: most of it are plain sends, one after the other out of one queue, which are fired in one go."""

from operator import attrgetter
from typing import Any, Final

from connrules.event import Kind, Outcome, Profiles
from connrules.run.program import Program
from connrules.run.state import Held, Wait
from connrules.run.step import Stepper
from connrules.run.timers import Queue, Timer

_SENT = Kind.SENT
_at: Final = attrgetter("at")


class Firing(Stepper):
    """A stepper that fires what is due up to an instant. The outcomes of timers stand apart from those of events."""

    __slots__ = ("_early", "fired")

    def __init__(self, program: Program, profiles: Profiles | None = None, *, numbered: bool = False) -> None:
        super().__init__(program, profiles, numbered=numbered)
        self.fired: list[Outcome] = []
        """The outcomes of the timers that were fired, in order."""
        self._early: dict[Wait, Outcome] = {}
        """Those of sends that were fired before they came up."""

    def fire(self, instant: int) -> None:
        """Fire every timer that is due at or before an instant, in order; their outcomes go to `fired`."""
        timers, caused = self.timers, self.outcomes
        self.outcomes = self.fired
        try:
            while timers.next_due <= instant:
                run = timers.run_of_waits(instant)
                if run is None:
                    self.fire_next()
                else:
                    self._fire_run(*run)
        finally:
            self.outcomes = caused

    def fire_early(self, wait: Wait) -> bool:
        """Fire a due send that is all there is of its user, if it is plain, before it comes up; False: it is not.

        Its outcome is kept for its turn.
        """
        outcome = self.plain_send(wait, wait.due)
        if outcome is None:
            return False
        self._early[wait] = outcome
        return True

    def plain_send(self, wait: Wait, due: int) -> Outcome | None:
        """Send what is due, if it is plain and all there is of its user; None: it is not, and nothing was done."""
        user, index = wait.user, wait.source.rule
        arm = self.plain[index]
        if arm is None or self.users.get(user) is not wait or not arm.open_from <= due < arm.open_until:
            return None
        del self.users[user]
        return Outcome(_SENT, self.rules[index].name, user, due, wait.trigger, wait.since, arm.send)

    def collected(self) -> list[Outcome]:
        """All outcomes so far, in order: at one instant those of timers first, then those of events."""
        if not self.fired:
            return self.outcomes
        if not self.outcomes:
            return self.fired
        return sorted(self.fired + self.outcomes, key=_at)  # stable, and quick with what is in order

    def take_outcomes(self) -> list[Outcome]:
        """Hand over what `collected` gives."""
        outcomes = self.collected()
        self.fired, self.outcomes = [], []
        return outcomes

    def _fire_run(self, queue: Queue, last: int) -> None:
        """Fire the waits of the queue that comes next that are due at or before an instant; nothing comes between.

        A plain send that is all there is of its user is fired here, for most are such. The first that is not is fired
        by `_on_timer`, and ends the run, for it may set timers.
        """
        users, plain, rules, outcomes, early = self.users, self.plain, self.rules, self.outcomes, self._early
        waiting, delay, before = queue.timers, queue.delay, len(queue.timers)
        other: Timer | None = None
        while waiting and (due := waiting[0].since + delay) <= last:
            wait: Any = waiting.popleft()
            user = wait.user
            held: Any = users.get(user)
            if held is wait:
                index = wait.source.rule
                arm = plain[index]
                if arm is not None and arm.open_from <= due < arm.open_until:
                    del users[user]
                    outcomes.append(Outcome(_SENT, rules[index].name, user, due, wait.trigger, wait.since, arm.send))
                    continue
            elif wait in early:
                outcomes.append(early.pop(wait))
                continue
            elif held is None or type(held) is Wait:
                self.timers.one_was_dead(wait)
                continue
            other = wait
            break
        self.timers.taken(queue, before - len(waiting))
        if other is not None:
            self._on_timer(users.get(other.user), other)

    def _on_timer(self, held: Held | None, timer: Timer) -> None:
        if isinstance(timer, Wait) and timer in self._early:
            self.outcomes.append(self._early.pop(timer))
        else:
            super()._on_timer(held, timer)

    def _is_live(self, timer: Timer) -> bool:
        return super()._is_live(timer) or (isinstance(timer, Wait) and timer in self._early)
