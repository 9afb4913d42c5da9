"""A plan over a stream of Flink: from the lines of events to the lines of decisions."""

from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

from pyflink.common import Duration, Types, WatermarkStrategy
from pyflink.datastream import DataStream, KeyedStream
from pyflink.java_gateway import get_gateway

from connrules.event import Kind, Profiles
from connrules.flink.functions import (
    KEYED,
    LATE,
    PASSED,
    REJECTED,
    TICKS,
    TIMED,
    EndingFunction,
    GateFunction,
    Recipe,
    UsersFunction,
    tick_at,
)
from connrules.plan import Plan
from connrules.run.eras import Former

MAX_PARALLELISM: Final = 128
"""How many key groups there are, unless somebody says: no more workers can share the users."""


class Decisions(NamedTuple):
    """What a plan over a stream gives: streams of lines of JSON."""

    decisions: DataStream
    """Outcomes, as `connrules run` writes them; those of one user are in order."""
    late: DataStream
    """The lines of events that came too late and changed nothing, of those that rules speak of."""
    rejected: DataStream
    """Lines that are no events, each as text with the reason."""


def evaluate(  # noqa: PLR0913  # what a job is made with
    events: DataStream,
    plan: Plan,
    *,
    lateness: int = 0,
    dedupe: int = 0,
    profiles: Profiles | None = None,
    everything: bool = False,
    until: int | None = None,
    formerly: Sequence[Former] = (),
    idle: float | None = None,
    clock: DataStream | None = None,
    tick: int = 1_000,
    max_parallelism: int = MAX_PARALLELISM,
    name: str = "connrules",
) -> Decisions:
    """Run a plan over a stream of events, which are lines of JSON, keyed by user.

    An element of the stream is a line, or several of them with line breaks between: each element goes from Java into
    Python by itself.

    Events may come out of order by `lateness` (ms). With `dedupe` (ms), an event with the id of one that the same user
    was seen with less than that before changes nothing. `profiles` is pickled and asked on the workers for attributes
    that no event said. `everything` gives outcomes of all kinds, not only the sends. `formerly` are the rules that were
    in force before, the oldest first.

    At the end of a bounded stream, time moves on to its newest event, rounded down to a whole `tick` (ms), or to
    `until` (epoch ms), if that is later.

    With `idle` (seconds), a part of the stream in which nothing came for so long no longer holds time back; it is for
    streams without end. With a `clock`, a stream of instants (epoch ms) such as `wall_clock` gives, time moves on by
    that, less `lateness`, while all parts are idle.

    No more than `max_parallelism` workers can ever share the users. `name` begins the names by which a savepoint knows
    the operators: where a job evaluates more than one plan, each needs one of its own.

    Raises PlanError where the plan, or a former one, cannot be run here; TypeError or ValueError where an option is
    none.
    """
    recipe = _recipe(plan, dedupe, profiles, formerly, everything=everything)
    strategy = _strategy(lateness, idle, clock)
    kept_by = f"{name}-{_mode(events)}"  # Flink keeps state otherwise in the other mode, and would find none of it
    parallelism = events._j_data_stream.getParallelism()  # dealt out anew, events would lose their order
    gate = (
        events.process(GateFunction(recipe, tick), TIMED).set_parallelism(parallelism).name("gate").uid(f"{name}-gate")
    )
    ticks = gate.get_side_output(TICKS).set_parallelism(parallelism)
    ending = (
        _keyed(_timed(ticks, strategy))
        .process(EndingFunction(keys_of_all_groups(max_parallelism)), KEYED)
        .name("ending")
        .uid(f"{kept_by}-ending")
    )
    passed = _timed(gate, strategy).union(ending)
    if clock is not None:
        passed = passed.union(_timed(clock.map(tick_at, TIMED).name("ticks of the clock"), strategy))
    users = (
        _keyed(passed)
        .process(UsersFunction(recipe, until), Types.STRING())
        .set_max_parallelism(max_parallelism)
        .name("users")
        .uid(f"{kept_by}-users")
    )
    return Decisions(users, users.get_side_output(LATE), gate.get_side_output(REJECTED))


def _recipe(
    plan: Plan, dedupe: int, profiles: Profiles | None, formerly: Sequence[Former], *, everything: bool
) -> Recipe:
    """What workers make an engine of. What is wrong with it is said here, not there."""
    recipe = Recipe(
        plan.to_json(),
        dedupe,
        tuple(Kind) if everything else (Kind.SENT,),
        tuple((former.plan.to_json(), former.until, former.changed) for former in formerly),
        profiles,
    )
    recipe.engine()
    return recipe


def _strategy(lateness: int, idle: float | None, clock: DataStream | None) -> WatermarkStrategy:
    """How far behind the newest event time is."""
    if clock is not None and idle is None:
        raise ValueError("a clock moves time on while the stream is idle: say with `idle` when it is")
    strategy = WatermarkStrategy.for_bounded_out_of_orderness(Duration.of_millis(lateness))
    return strategy if idle is None else strategy.with_idleness(Duration.of_millis(round(idle * 1_000)))


def _mode(stream: DataStream) -> str:
    """Whether Python runs in Flink's own process (`thread`) or beside it (`process`)."""
    option = get_gateway().jvm.org.apache.flink.python.PythonOptions.PYTHON_EXECUTION_MODE
    return str(stream._j_data_stream.getExecutionEnvironment().getConfiguration().get(option)).lower()


def _timed(stream: DataStream, strategy: WatermarkStrategy) -> DataStream:
    """Give what the gate let through its times, and watermarks.

    This is `stream.assign_timestamps_and_watermarks`, with the classes of Flink that it makes use of, but without the
    function in Python that it puts before them: going into Python and back is most of what an event costs.
    """
    eventtime = get_gateway().jvm.org.apache.flink.streaming.api.functions.python.eventtime
    parallelism = stream._j_data_stream.getParallelism()
    assigned = stream._j_data_stream.assignTimestampsAndWatermarks(
        strategy._j_watermark_strategy.withTimestampAssigner(eventtime.CustomTimestampAssigner())
    ).setParallelism(parallelism)
    timed = assigned.map(eventtime.RemoveTimestampMapFunction(), KEYED.get_java_type_info())
    return DataStream(timed.setParallelism(parallelism))


def _keyed(stream: DataStream) -> KeyedStream:
    """Key what the gate let through by its user: `stream.key_by` without its function in Python, as above."""
    selector = get_gateway().jvm.org.apache.flink.streaming.api.functions.python.KeyByKeySelector()
    key_type = Types.ROW([Types.STRING()]).get_java_type_info()
    return KeyedStream(stream._j_data_stream.keyBy(selector, key_type), PASSED, stream)


@cache
def keys_of_all_groups(groups: int) -> tuple[str, ...]:
    """Keys such that every one of so many key groups has one of them."""
    jvm = get_gateway().jvm
    assign = jvm.org.apache.flink.runtime.state.KeyGroupRangeAssignment.assignToKeyGroup
    found: dict[int, str] = {}
    number = 0
    while len(found) < groups:
        row = jvm.org.apache.flink.types.Row(1)
        key = f"\0{number}"
        row.setField(0, key)
        found.setdefault(assign(row, groups), key)
        number += 1
    return tuple(found.values())
