"""Plays a test: its events go through the engine in virtual time, and what comes of them is written down in order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, assert_never

from connrules import ast
from connrules.check.tests import OWN_USER
from connrules.duration import EARLIEST, LATEST, format_instant
from connrules.event import Event, Outcome
from connrules.plan import Plan
from connrules.run.engine import Engine
from connrules.testing.bound import ImpossibleError, instant_of
from connrules.vocabulary import OBJECT_KIND, ObjectKind


@dataclass(frozen=True, slots=True)
class Play:
    """What happened: events and outcomes in the order in which they did, and until when time went on."""

    events: tuple[Event, ...]
    """In the order of the text; the n-th of them has the id `en`."""
    happened: tuple[Event | Outcome, ...]
    dues: Mapping[str, int]
    """The due instants (epoch ms) of the waits that were seen waiting, by the ids of their outcomes."""
    end: int

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What came of the events."""
        return tuple(item for item in self.happened if isinstance(item, Outcome))


class Player:
    """Plays tests with one plan, on one engine that forgets everything in between: to make one takes a while."""

    def __init__(self, plan: Plan) -> None:
        self._engine = Engine(plan)
        self._blank = self._engine.snapshot()

    def play(self, events: Sequence[Event], end: int) -> Play:
        """Run the plan over events, taken in order of time and then as they are given, up to the instant `end`."""
        engine = self._engine
        engine.restore(self._blank)
        happened: list[Event | Outcome] = []
        dues: dict[str, int] = {}
        for event in sorted(events, key=lambda event: event.time):
            happened += engine.advance_to(event.time)
            dues.update((wait.id, wait.due) for wait in engine.pending() if wait.due is not None)
            happened += [event, *engine.feed(event)]
        happened += engine.finish(end)
        return Play(tuple(events), tuple(happened), dues, end)


def events_of(happenings: Iterable[ast.Happening], start: int) -> tuple[Event, ...]:
    """The events of a bound test that counts from `start` (epoch ms). Raises ImpossibleError for one that cannot be."""
    return tuple(_event(step, f"e{number}", start) for number, step in enumerate(happenings, start=1))


def _event(step: ast.Happening, id_: str, start: int) -> Event:
    type_ = step.type.text
    if type_ not in OBJECT_KIND:
        raise ImpossibleError(step.type.span, f"there is no event `{type_}`")
    time = instant_of(step.at, start)
    if not EARLIEST <= time <= LATEST:
        raise ImpossibleError(step.at.span, "this event would be outside the years 1 to 9999")
    kind = OBJECT_KIND[type_]
    name = step.object.text if step.object else None
    return Event(
        user=step.user or OWN_USER,
        type=type_,
        time=time,
        id=id_,
        campaign=name if kind is ObjectKind.CAMPAIGN else None,
        card=name if kind is ObjectKind.CARD else None,
        name=name if kind is ObjectKind.EVENT else None,
        properties=_properties(step.properties) or None,
    )


def _properties(properties: Iterable[ast.Property]) -> dict[str, Any]:
    """Properties as an event carries them; those with a path as objects in each other."""
    made: dict[str, Any] = {}
    for property_ in properties:
        *outer, last = property_.path.segments
        inside = made
        for segment in outer:
            inside = inside.setdefault(segment, {})
            if not isinstance(inside, dict):
                raise ImpossibleError(property_.span, f"`{segment}` cannot have both a value and properties of its own")
        inside[last] = _data(property_.value)
    return made


def _data(value: ast.Literal | ast.Variable) -> Any:
    """A value as JSON has it: an instant is its ISO 8601 text."""
    match value:
        case ast.Instant(ms):
            return format_instant(ms)
        case ast.Text(data) | ast.Number(data) | ast.Boolean(data):
            return data
        case ast.Variable():
            raise TypeError("a bound test has no variables")
        case _:
            assert_never(value)
