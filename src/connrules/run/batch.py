"""A batch of events: which of them may do anything, and what those do where it is plain.

Most of a log means nothing to most rules, so relevance comes first, for a whole batch at once. What is left takes the
short way here where one plain rule and at most one pending send of the user are concerned, and else that of `Stepper`;
both ways mean the same.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from connrules.event import Kind, Outcome, Reason, Row
from connrules.run.state import Wait
from connrules.run.step import Stepper
from connrules.run.topics import LOOK, Topic

_CANCELLED, _IGNORED, _ALREADY_WAITING = Kind.CANCELLED, Kind.IGNORED, Reason.ALREADY_WAITING
_NO_PROPERTIES: Final[Mapping[str, Any]] = {}

Relevant = tuple[Row, Topic]
"""An event that may do anything or has to be looked at, with what it may do."""


def take_in(  # noqa: PLR0912, PLR0915  # the hot loop: a call costs as much as all that is done for an event here
    found: Iterable[Relevant], names: Iterable[str], stepper: Stepper, look: Callable[[Row], Topic | None]
) -> int:
    """Let events take effect, in their order, and give how many matched; `look` finds the topic where that is open."""
    users, timers, queues = stepper.users, stepper.timers, stepper.queues
    outcomes, rules = stepper.outcomes, stepper.rules
    matched = 0
    for (row, topic), name in zip(found, names, strict=True):
        now = row.time
        if timers.next_due <= now:
            stepper.fire(now)
        if topic is LOOK:
            looked = look(row)
            if looked is None:
                continue
            topic = looked  # noqa: PLW2901  # what it is in truth
        start, user = topic.start, row.user
        if start is not None and start.holds is not None and not start.holds(row.properties or _NO_PROPERTIES, ()):
            if user not in users or not (topic.exceptions or topic.goals):
                continue
            start = None
        if user not in users:
            if start is not None and start.open_from <= now < start.open_until:
                wait = users[user] = Wait(user, name, now, start.source)
                queue = queues[start.rule.index]
                if queue.timers:
                    queue.timers.append(wait)
                    timers.size += 1
                else:
                    timers.add(queue, wait)
                matched += 1
                continue
            if not topic.candidates:
                continue
        elif type(held := users[user]) is Wait:
            source = held.source
            exceptions = topic.exceptions
            if exceptions and source.rule in exceptions:
                rule = rules[source.rule]
                if not (topic.candidates or rule.after_cancelled):
                    for exception in exceptions[source.rule]:
                        if exception.matches(topic.known, row.properties or _NO_PROPERTIES, source.known, source.kept):
                            del users[user]
                            timers.one_died()
                            outcomes.append(
                                Outcome(
                                    _CANCELLED,
                                    rule.name,
                                    user,
                                    now,
                                    held.trigger,
                                    held.since,
                                    None,
                                    name,
                                    exception.text,
                                    None,
                                    None,
                                    source.per,
                                )
                            )
                            matched += 1
                            break
                    continue
            elif not topic.candidates:
                continue
            elif start is not None and start.source.key == source.key and start.open_from <= now < start.open_until:
                outcomes.append(
                    Outcome(_IGNORED, start.rule.name, user, now, name, now, None, None, None, _ALREADY_WAITING)
                )
                matched += 1
                continue
        if stepper.on_event(row, name, topic):
            matched += 1
    return matched
