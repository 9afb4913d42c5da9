"""How many sends a user may get: of one rule (`once`, `at most`), and over all rules (the limits of the policy).

A send that has left the window in which it counts is forgotten by a timer, so what is remembered is what counts.
"""

from typing import NamedTuple

from connrules import plan
from connrules.run.state import UserState
from connrules.run.timers import Forget
from connrules.run.world import Known


class Quota(NamedTuple):
    """Fewer than `most` sends in the `window` milliseconds up to an instant; without a window: ever."""

    number: int
    """Under which a user's state has the sends that use it up; those of rules come first, by the index of the rule."""
    most: int
    window: int | None

    def allows_one_more(self, state: UserState) -> bool:
        """Whether a user may be sent one more message."""
        return len(state.sends.get(self.number, ())) < self.most

    def use(self, state: UserState, user: str, instant: int) -> Forget | None:
        """Count a send; the timer that forgets it, if any."""
        state.use_up(self.number, instant)
        return None if self.window is None else Forget(instant, user, self.number)


def own_quota(index: int, rule: plan.Rule) -> Quota | None:
    """The quota of a rule; None: each trigger may lead to a send."""
    return Quota(index, rule.eligibility.count, rule.eligibility.window) if rule.eligibility else None


def limits_on(target: Known, compiled: plan.Plan) -> tuple[Quota, ...]:
    """The limits of the policy that the sends of a campaign are under."""
    return tuple(
        Quota(index, limit.count, limit.window)
        for index, limit in enumerate(compiled.limits, start=len(compiled.rules))
        if limit.channel is None or limit.channel in target.channels
    )


def forget_oldest(state: UserState, index: int) -> bool:
    """Forget the send that leaves a window: each has a timer of its own, so it is the oldest. False: there is none."""
    sends = state.sends.get(index)
    if sends is None:
        return False
    del sends[0]
    if not sends:
        del state.sends[index]
    return True
