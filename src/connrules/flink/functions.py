"""The functions that a cluster runs, each a thin cover over what is told apart from Flink elsewhere.

They travel to the workers as they are here, with the plan as JSON; what they need is made there, when they are opened.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
from pyflink.common import Row, Types
from pyflink.datastream import KeyedProcessFunction, OutputTag, ProcessFunction, RuntimeContext
from pyflink.datastream.state import ValueState, ValueStateDescriptor

from connrules.event import Kind, Outcome, Profiles
from connrules.flink.ending import Ending
from connrules.flink.gate import Gate, Passed, Refused
from connrules.flink.users import Late, Users, line_of
from connrules.plan import Plan
from connrules.run.eras import Former
from connrules.run.keyed import KeyedEngine
from connrules.run.passage import Changed

PASSED: Final = Types.TUPLE([Types.STRING(), Types.LONG(), Types.STRING()])
"""The type of what the gate lets through: whose it is, its time, its line."""
KEYED: Final = Types.ROW([Types.STRING(), PASSED])
"""The same behind its key, which is where Flink's own key selector for Python looks for it."""
TIMED: Final = Types.TUPLE([KEYED, Types.LONG()])
"""The same before its time, which is where Flink's own assigner of timestamps for Python looks for it."""
LATE: Final = OutputTag("late", Types.STRING())
"""Where the lines of late events go."""
REJECTED: Final = OutputTag("rejected", Types.STRING())
"""Where lines go that are no events, as JSON with the reason."""
TICKS: Final = OutputTag("ticks", TIMED)
"""Where it is said how far time has got."""


class Recipe(msgspec.Struct, frozen=True):
    """What an engine is made of on a worker."""

    plan: bytes
    """JSON."""
    dedupe: int
    kinds: tuple[str, ...]
    formerly: tuple[tuple[bytes, int, Changed], ...]
    profiles: Profiles | None

    def engine(self) -> KeyedEngine:
        """The engine."""
        return KeyedEngine(
            Plan.from_json(self.plan),
            dedupe=self.dedupe,
            profiles=self.profiles,
            kinds=frozenset(map(Kind, self.kinds)),
            formerly=[Former(Plan.from_json(plan), until, changed) for plan, until, changed in self.formerly],
        )


class GateFunction(ProcessFunction):  # type: ignore[misc]  # Flink says nothing of its types
    """Lets through the events that may change anything; says how far time has got; puts aside what is no event."""

    def __init__(self, recipe: Recipe, tick: int) -> None:
        self._recipe = recipe
        self._tick = tick

    def open(self, runtime_context: RuntimeContext) -> None:
        """On the worker, before the first line."""
        self._gate = Gate(self._recipe.engine(), self._tick)
        metrics = runtime_context.get_metrics_group()
        self._rejected, self._unknown = metrics.counter("rejected"), metrics.counter("unknown")
        self._told = 0
        """How many unknown ones were counted."""

    def process_element(self, value: str, ctx: ProcessFunction.Context) -> Iterator[Any]:
        """One or more lines. What most cost is the way here: nothing is counted that Flink counts anyway."""
        for each in self._gate.look(value):
            match each:
                case Refused(line):
                    self._rejected.inc()
                    yield REJECTED, line
                case Passed(line=""):
                    yield TICKS, _timed(each)
                    yield _timed(each)
                case Passed():
                    yield _timed(each)
        if self._gate.unknown > self._told:
            self._unknown.inc(self._gate.unknown - self._told)
            self._told = self._gate.unknown


class EndingFunction(KeyedProcessFunction):  # type: ignore[misc]  # as above
    """Says to all workers, at the end of the input, how far time had got."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._ending = Ending(keys)

    def open(self, runtime_context: RuntimeContext) -> None:
        """On the worker, before the first tick."""
        self._newest: ValueState = runtime_context.get_state(ValueStateDescriptor("newest", Types.LONG()))

    def process_element(self, value: Any, ctx: KeyedProcessFunction.Context) -> Iterable[Any]:
        """A tick."""
        self._ending.on_tick(value[1], self._newest, ctx.timer_service())
        return ()

    def on_timer(self, timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> Iterator[Any]:
        """The end."""
        yield from map(_keyed, self._ending.on_timer(self._newest))


class UsersFunction(KeyedProcessFunction):  # type: ignore[misc]  # as above
    """Decides for each user; gives outcomes as lines, and late events as the lines that they came in."""

    def __init__(self, recipe: Recipe, until: int | None) -> None:
        self._recipe = recipe
        self._until = until

    def open(self, runtime_context: RuntimeContext) -> None:
        """On the worker, before the first event."""
        self._users = Users(self._recipe.engine(), self._until)
        self._state: ValueState = runtime_context.get_state(ValueStateDescriptor("user", Types.PICKLED_BYTE_ARRAY()))
        metrics = runtime_context.get_metrics_group()
        self._late = metrics.counter("late")
        self._kinds = {kind: metrics.counter(str(kind)) for kind in Kind}

    def process_element(self, value: Any, ctx: KeyedProcessFunction.Context) -> Iterator[Any]:
        """What the gate let through."""
        came = self._users.on_passed(Passed(*value), self._state, ctx.timer_service())
        if isinstance(came, Late):
            self._late.inc()
            yield LATE, came.line
        else:
            yield from map(self._line, came)

    def on_timer(self, timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> Iterator[Any]:
        """Something is due."""
        user = ctx.get_current_key()
        yield from map(self._line, self._users.on_timer(user, self._state, ctx.timer_service()))

    def _line(self, outcome: Outcome) -> str:
        self._kinds[outcome.kind].inc()
        return line_of(outcome)


def _keyed(passed: Passed) -> Row:
    return Row(passed.user, tuple(passed))


def _timed(passed: Passed) -> tuple[Row, int]:
    return _keyed(passed), passed.time


def tick_at(instant: int) -> tuple[Row, int]:
    """What is said of an instant (epoch ms) that time has got to."""
    return _timed(Passed("", instant, ""))
