"""A batch of events: what those that may do anything do, where it is plain.

The short way is for events that one plain rule and at most one pending send of the user are concerned with; the others
take that of `Stepper`. Both ways mean the same.

Users never affect each other, so on the short way only the user's own pending send is fired before an event, if it is
due, and those of all others in one go at the end of the batch, which puts the outcomes in order.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from connrules.event import Kind, Outcome, Reason, Row
from connrules.run.counts import Counts
from connrules.run.firing import Firing
from connrules.run.rule import Exception  # noqa: A004  # the field's word
from connrules.run.state import Source, Wait
from connrules.run.topics import LOOK, Start, Topic, Topics

_CANCELLED, _IGNORED, _ALREADY_WAITING = Kind.CANCELLED, Kind.IGNORED, Reason.ALREADY_WAITING
_NO_PROPERTIES: Final[Mapping[str, Any]] = {}


class Intake:
    """Lets events take effect. `look` finds the topic of an event where that is open.

    `kinds` are the outcomes that are wanted; the others are counted. With `look_at_all`, the topic is always open.
    """

    def __init__(  # noqa: PLR0913  # what an engine hands over
        self,
        stepper: Firing,
        topics: Topics,
        look: Callable[[Row], Topic | None],
        counts: Counts,
        kinds: frozenset[Kind],
        *,
        look_at_all: bool,
    ) -> None:
        self._stepper = stepper
        self._topics = topics
        self._look = look
        self._look_at_all = look_at_all
        self.counts = counts
        self._tells_cancelled = _CANCELLED in kinds
        self._tells_ignored = _IGNORED in kinds

    def take_in(  # noqa: PLR0912, PLR0915  # the hot loop: a call costs as much as what is done for an event
        self, rows: Iterable[Row], names: Iterable[str]
    ) -> None:
        """Let events take effect, in their order. What is due at the instant of the last may not have been fired."""
        stepper, topics, look_at_all = self._stepper, self._topics, self._look_at_all
        users, timers, queues = stepper.users, stepper.timers, stepper.queues
        seen, by_name, getters = topics.seen, topics.by_name, topics.getters
        sends_start = stepper.sends_start
        matched = 0
        for row, name in zip(rows, names, strict=True):
            type_ = row.type
            try:
                topic = by_name[type_][getters[type_](row)] if type_ in getters else seen[type_][row.campaign]
            except KeyError:
                topic = topics.of(row)
            if topic is LOOK or look_at_all:
                topic = self._look(row)
            if topic is None:
                continue
            now, user = row.time, row.user
            start = topic.start_for(row.properties or _NO_PROPERTIES) if topic.is_filtered else topic.start
            if start is False:
                start = None
                if user not in users or not (topic.exceptions or topic.goals):
                    continue
            held = users[user] if user in users else None  # noqa: SIM401  # a call costs twice as much
            if type(held) is Wait:
                if held.since + held.source.lasts > now:
                    done = self._meet(held, row, name, topic, start)
                    if done is not None:
                        matched += done
                        continue
                elif stepper.fire_early(held):
                    held = None
            if held is None:
                if start is not None and start.open_from <= now < start.open_until:
                    if sends_start and timers.next_due <= now:
                        stepper.fire(now)  # what that starts comes first
                    if now == stepper.latest:
                        stepper.starts += 1
                    else:
                        stepper.latest, stepper.starts = now, 0
                    wait = users[user] = Wait(user, name, now, start.source, stepper.starts)
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
            if timers.next_due <= now:
                stepper.fire(now)
            matched += stepper.on_event(row, name, topic)
        self.counts.matched += matched

    def _meet(self, held: Wait, row: Row, name: str, topic: Topic, start: Start | None) -> bool | None:
        """What an event does where a send is pending and nothing else is held of its user: whether it matched.

        None: it is not plain.
        """
        source, exceptions = held.source, topic.exceptions
        if source.rule in exceptions:
            if topic.candidates or self._stepper.rules[source.rule].after_cancelled:
                return None
            exception = _matching(exceptions[source.rule], row, topic, source)
            if exception is not None:
                self._cancel(held, row, name, exception)
            return exception is not None
        if not topic.candidates:
            return False
        if start is not None and start.source.key == source.key and start.open_from <= row.time < start.open_until:
            self._ignore(start.rule.name, row, name)
            return True
        return None

    def _ignore(self, rule: str, row: Row, name: str) -> None:
        """A trigger starts nothing, since a send is pending already."""
        if self._tells_ignored:
            fate = (None, None, None, _ALREADY_WAITING)
            self._stepper.outcomes.append(Outcome(_IGNORED, rule, row.user, row.time, name, row.time, *fate))
        else:
            self.counts.add_ignored(rule)

    def _cancel(self, wait: Wait, row: Row, name: str, exception: Exception) -> None:
        """Cancel the pending send that is all there is of a user."""
        stepper, user = self._stepper, wait.user
        rule = stepper.rules[wait.source.rule].name
        del stepper.users[user]
        stepper.timers.one_died(wait)
        if self._tells_cancelled:
            by = (None, name, exception.text, None, None, wait.source.per)
            stepper.outcomes.append(Outcome(_CANCELLED, rule, user, row.time, wait.trigger, wait.since, *by))
        else:
            self.counts.add_cancelled(rule, exception.text)


def _matching(exceptions: Iterable[Exception], row: Row, topic: Topic, source: Source) -> Exception | None:
    """The first of some exceptions that an event matches."""
    properties = row.properties or _NO_PROPERTIES
    for exception in exceptions:
        if exception.matches(topic.known, properties, source.known, source.kept):
            return exception
    return None
