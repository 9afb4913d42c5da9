"""Measures over decoded events, in one process: `Engine.feed_many` in batches of 1,000."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from connrules import Engine, Event, Kind, Outcome
from connrules.plan import Plan
from tests.benchmarks import logs, rules
from tests.benchmarks.contenders import Decision, loop
from tests.benchmarks.measure import Figure, Job, Measure, Setting, agree, at_least, at_most
from tests.benchmarks.rounds import dearer, faster, in_turn

BATCH: Final = 1_000
LATENESS: Final = 600_000

LOOP = tuple(
    Measure(f"loop-{percent}", f"engine against a hand-written loop, {percent} % of events match", goal=at_least(goal))
    for percent, goal in ((5, 1.3), (100, 1.0))
)
CHECKED = tuple(
    Measure(
        f"checked-{percent}",
        f"the same through `feed_many`, which looks at every event first, {percent} %",
        goal=m.goal,
    )
    for percent, m in zip((5, 100), LOOP, strict=True)
)
LATE = tuple(
    Measure(
        f"late-{percent}", f"engine, out of order within 10 min against sorted, {percent} % match", goal=at_most(1.5)
    )
    for percent in (5, 100)
)
MANY = tuple(
    Measure(f"engine-rules-{percent}", f"engine, 10,000 rules against one, {percent} % match", goal=at_most(1.3))
    for percent in (5, 100)
)
FILTERS = (
    Measure("filters-equal", "engine, 10,000 rules each `where sku = …` against one, 100 % match", goal=at_most(3)),
    Measure("filters-range", "engine, 10,000 rules each `where amount >= … and amount < …`", goal=at_most(3)),
)


def against_loop(percent: int, setting: Setting) -> dict[str, Figure]:
    """The engine and the loop over the same events: as they come from a reader that has looked at them, and checked.

    The loop looks at no event before it takes it, and gives what is sent; so does the engine here.
    """
    count = setting.events(600_000 if percent < 100 else 300_000)
    batches = in_batches(logs.events(logs.Log(count, max(1, count // 10), percent / 100)))
    plan = rules.plan_of(rules.CART_REMINDER)
    by_hand = loop.decide(batches)
    agree({"the engine": decisions(take(_sending(plan), batches)), "the loop": by_hand})
    agree({"the engine": decisions(feed(_sending(plan), batches)), "the loop": by_hand})
    taking, checking = ([_sending(plan) for _ in range(setting.rounds)] for _ in range(2))
    contenders: dict[str, Callable[[], object]] = {
        "take": lambda: take(taking.pop(), batches),
        "feed": lambda: feed(checking.pop(), batches),
        "loop": lambda: loop.decide(batches),
    }
    times = in_turn(contenders, setting.rounds)
    note = f"{count:,} events"
    return {
        f"loop-{percent}": faster(times["take"], times["loop"], note, events=count),
        f"checked-{percent}": faster(times["feed"], times["loop"], note, events=count),
    }


def _sending(plan: Plan) -> Engine:
    return Engine(plan, kinds={Kind.SENT})


def out_of_order(percent: int, setting: Setting) -> dict[str, Figure]:
    """The same events in order, with no lateness allowed, and out of order within what is."""
    count = setting.events(300_000)
    log = logs.Log(count, max(1, count // 10), percent / 100)
    plan = rules.plan_of(rules.CART_REMINDER)
    in_order, mixed = in_batches(logs.events(log)), in_batches(logs.events(log, late=LATENESS))
    # What is due at the same millisecond comes in the order of arrival, which is another here: hence sorted.
    decided = [
        sorted(decisions(feed(Engine(plan, lateness=most), which)))
        for which, most in ((in_order, 0), (mixed, LATENESS))
    ]
    agree(dict(zip(("sorted", "out of order"), decided, strict=True)))
    ours = {"sorted": feeding(plan, in_order, setting), "mixed": feeding(plan, mixed, setting, LATENESS)}
    times = in_turn(ours, setting.rounds)
    return {f"late-{percent}": dearer(times["mixed"], times["sorted"], f"{count:,} events", events=count)}


def many_rules(percent: int, setting: Setting) -> dict[str, Figure]:
    """One rule over a log with one campaign, 10,000 over one that has as many triggers of as many campaigns."""
    count, number = setting.events(300_000 if percent < 100 else 200_000), setting.rules(rules.MANY)
    one = logs.Log(count, max(1, count // 10), percent / 100)
    single, mixed = in_batches(logs.events(one)), in_batches(logs.events(one._replace(campaigns=number)))
    few, many = rules.CARTS.plan(1), rules.CARTS.plan(number)
    names = frozenset(f"Cart {n:05}" for n in range(number))
    by_hand = loop.decide_for_many((event for batch in mixed for event in batch), names)
    agree({"the engine": decisions(feed(Engine(many), mixed)), "the loop": by_hand})
    ours = {"one": feeding(few, single, setting), "many": feeding(many, mixed, setting)}
    times = in_turn(ours, setting.rounds)
    return {
        f"engine-rules-{percent}": dearer(
            times["many"], times["one"], f"{number:,} rules, {count:,} events", events=count
        )
    }


def filters(name: str, rule_set: rules.RuleSet, setting: Setting) -> dict[str, Figure]:
    """Every event starts a wait of one rule; a user's are always of the same, so that as many wait with one rule."""
    count, number = setting.events(200_000), setting.rules(rules.MANY)
    log = logs.Log(count, max(1, count // 10), 1.0)
    single, mixed = (in_batches(_changes(log, items)) for items in (1, number))
    few, many = rule_set.plan(1), rule_set.plan(number)
    agree({"one rule": decisions(feed(Engine(few), single)), "many": decisions(feed(Engine(many), mixed))})
    ours = {"one": feeding(few, single, setting), "many": feeding(many, mixed, setting)}
    times = in_turn(ours, setting.rounds)
    return {name: dearer(times["many"], times["one"], f"{number:,} rules, {count:,} events", events=count)}


def feeding(
    plan: Plan, batches: Sequence[Sequence[Event]], setting: Setting, lateness: int = 0
) -> Callable[[], object]:
    """A contender: an engine that is new each time, and was made before the time is taken."""
    engines = [Engine(plan, lateness=lateness) for _ in range(setting.rounds)]
    return lambda: feed(engines.pop(), batches)


def feed(engine: Engine, batches: Sequence[Sequence[Event]]) -> list[Outcome]:
    """All outcomes of an engine."""
    outcomes: list[Outcome] = []
    for batch in batches:
        outcomes += engine.feed_many(batch)
    if engine.lateness:
        outcomes += engine.finish()
    return outcomes


def take(engine: Engine, batches: Sequence[Sequence[Event]]) -> list[Outcome]:
    """All outcomes of an engine that is fed as connectors feed it."""
    outcomes: list[Outcome] = []
    first = 1
    for batch in batches:
        outcomes += engine.take(batch, first, _never_late)
        first += len(batch)
    return outcomes


def _never_late(*_: object) -> None:
    raise AssertionError("the log is in order")


def decisions(outcomes: Sequence[Outcome]) -> list[Decision]:
    """What is sent."""
    return [(o.user, o.at, o.trigger, o.triggered_at) for o in outcomes if o.kind is Kind.SENT]


def in_batches(events: list[Event]) -> list[list[Event]]:
    """Events by the thousand."""
    return [events[first : first + BATCH] for first in range(0, len(events), BATCH)]


def _changes(log: logs.Log, items: int) -> list[Event]:
    """The log's triggers as changes of a cart, of an item that the user's number says."""
    return [_change(line, int(line.user[-8:]) % items) for line in logs.lines(log) if line.type == "received_push"]


def _change(line: logs.Line, item: int) -> Event:
    properties = {"sku": f"s{item:05}", "amount": item + 0.5}
    return Event(user=line.user, type="event", name="Cart changed", time=line.time, id=line.id, properties=properties)


JOBS = (
    *(Job(m.name, (m, c), partial(against_loop, p)) for m, c, p in zip(LOOP, CHECKED, (5, 100), strict=True)),
    *(Job(m.name, (m,), partial(out_of_order, p)) for m, p in zip(LATE, (5, 100), strict=True)),
    *(Job(m.name, (m,), partial(many_rules, p)) for m, p in zip(MANY, (5, 100), strict=True)),
    Job("filters-equal", FILTERS[:1], partial(filters, "filters-equal", rules.EQUAL)),
    Job("filters-range", FILTERS[1:], partial(filters, "filters-range", rules.WITHIN)),
)
