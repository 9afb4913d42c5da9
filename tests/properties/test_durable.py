"""However often a durable engine fails or is killed, its parts together are one uninterrupted engine.

The store fails at any of its commits: before it has kept anything, or behind it, as where the process is killed when
all was kept and nobody was told.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple

from hypothesis import event, given, settings
from hypothesis import strategies as st
from tests.properties.histories import Look, histories, looks
from tests.properties.test_engine import checked_rules
from tests.properties.turmoil import plain_rules, turmoil
from tests.properties.world import GRID, START, STEPS

import connrules
from connrules import Batch, DurableEngine, Event, MemoryStore, Outcome, SqliteStore, StateStore, StoreError


class Call(NamedTuple):
    """A call of an engine: events to take in, an instant to move time on to, or other rules."""

    events: list[Event]
    time: int | None = None
    rules: Literal["pin", "follow"] | None = None

    def on(self, engine: connrules.Engine, other: connrules.Plan) -> list[Outcome]:
        if self.rules is not None:
            return engine.replace(other, self.rules)
        return engine.feed_many(self.events) if self.time is None else engine.advance_to(self.time)

    def durably_on(self, engine: DurableEngine, position: bytes, other: connrules.Plan) -> list[Outcome]:
        if self.rules is not None:
            outcomes = engine.replace(other, self.rules)
            engine.commit(position)  # if it fails, they are replaced again by the same
            return outcomes
        if self.time is not None:
            return engine.advance_to(self.time, position)
        if len(self.events) == 1:
            return engine.feed(self.events[0], position)
        return engine.feed_many(self.events, position)


class Unreliable:
    """A store of which some commits fail, by their number: True fails behind the commit, False before it."""

    def __init__(self, make: Callable[[], StateStore], failures: dict[int, bool]) -> None:
        self._make = make
        self._store = make()
        self._failures = failures
        self._commits = 0
        self.load, self.outbox, self.close = self._store.load, self._store.outbox, self._store.close

    def open_anew(self) -> None:
        """As by another process."""
        self.close()
        self._store = self._make()
        self.load, self.outbox, self.close = self._store.load, self._store.outbox, self._store.close

    def commit(self, batch: Batch) -> None:
        self._commits += 1
        failure = self._failures.get(self._commits)
        if failure is not False:
            self._store.commit(batch)
        if failure is not None:
            raise StoreError("no room is left")


@st.composite
def calls(draw: st.DrawFn) -> list[Call]:
    """A history in batches; now and then time moves on between them."""
    history: list[Event] = draw(histories())
    found = []
    while history:
        size = draw(st.integers(1, 4))
        found.append(Call(history[:size]))
        history = history[size:]
        if draw(st.integers(0, 4)) == 4:
            found.append(Call([], START + GRID * draw(st.integers(0, 3 * STEPS))))
    if draw(st.integers(0, 2)) == 2:
        found.insert(draw(st.integers(0, len(found))), Call([], rules=draw(st.sampled_from(["pin", "follow"]))))
    return found


class Consumer:
    """Has outcomes delivered, and may acknowledge them or not; what comes twice is dropped by its mark."""

    def __init__(self, choices: Iterator[int]) -> None:
        self.delivered: dict[int, Outcome] = {}
        self._choices = choices

    def take(self, engine: DurableEngine) -> None:
        found = engine.undelivered()
        for mark, outcome in found:
            assert self.delivered.setdefault(mark, outcome) == outcome
        match next(self._choices):
            case 0:
                pass
            case 1 if found:
                self._acknowledge(engine, found[len(found) // 2][0])
            case _:
                self._acknowledge(engine, engine.mark)

    def _acknowledge(self, engine: DurableEngine, mark: int) -> None:
        """What was acknowledged before a crash, beyond this mark, may be undelivered again."""
        engine.acknowledge(None if mark == engine.mark else mark)
        assert [m for m, _ in engine.undelivered() if m <= mark] == []


class Story(NamedTuple):
    """The rules at first and later, what happens, and how the engines look at it."""

    plan: connrules.Plan
    other: connrules.Plan
    calls: Sequence[Call]
    look: Look


def run_part(engine: DurableEngine, story: Story, consumer: Consumer, choices: Iterator[int]) -> bool:
    """Go on where the engine stands; False: somebody lost patience, and left it as it was."""
    consumer.take(engine)
    begin = int(engine.position or b"0")
    for number, call in enumerate(story.calls[begin:], start=begin + 1):
        before = engine.mark
        outcomes = call.durably_on(engine, b"%d" % number, story.other)
        assert [o for m, o in engine.undelivered() if m > before] == outcomes
        consumer.take(engine)
        if next(choices) == 0:
            event("abandoned")
            return False
    return True


def opened(story: Story, store: Unreliable) -> DurableEngine:
    """The engine opened with the rules that it ran last."""
    store.open_anew()
    loaded = store.load()
    plan = story.plan if loaded is None else connrules.Plan.from_json(loaded.plan)
    return DurableEngine(plan, store, **story.look.options)


def run_durably(story: Story, store: Unreliable, choices: Iterator[int]) -> tuple[list[Outcome], list[Outcome]]:
    """The outcomes that a consumer had delivered, however often the engine was opened anew, and what is pending."""
    consumer = Consumer(choices)
    is_done = False
    for _ in range(200):
        if is_done:
            break
        try:
            engine = opened(story, store)
            is_done = run_part(engine, story, consumer, choices)
            engine.close()
        except StoreError:
            event("failed")
            is_done = False
    assert is_done
    with opened(story, store) as engine:
        left, pending, start = engine.undelivered(), engine.pending(), store.outbox("outcomes").start
    delivered = sorted(consumer.delivered.items())
    assert left == [pair for pair in delivered if pair[0] > start]
    return [outcome for _, outcome in delivered], pending


FAILURES = st.dictionaries(st.integers(1, 12), st.booleans(), max_size=6)
CHOICES = st.lists(st.integers(0, 3), max_size=10).map(lambda some: [*some, 3, 3, 2])


@st.composite
def stories(draw: st.DrawFn) -> Story:
    plan, happens = connrules.compile_rules(draw(checked_rules())), draw(calls())
    is_replaced = any(call.rules for call in happens)
    other = connrules.compile_rules(draw(checked_rules())) if is_replaced else plan
    return Story(plan, other, happens, draw(looks()))


@st.composite
def plain_stories(draw: st.DrawFn) -> Story:
    """Plain rules, and events in turmoil."""
    plan = connrules.compile_rules(draw(plain_rules()))
    happens = [Call(events, events[0].time if way == "time" else None) for way, events in draw(turmoil())]
    look = Look(draw(st.sampled_from([0, 0, 1, GRID])), draw(st.sampled_from([0, 0, GRID])))
    return Story(plan, plan, happens, look)


def check(story: Story, store: Unreliable, choices: list[int]) -> None:
    """Its parts are one uninterrupted engine."""
    engine = connrules.Engine(story.plan, **story.look.options)
    expected = [outcome for call in story.calls for outcome in call.on(engine, story.other)]

    outcomes, pending = run_durably(story, store, cycle(choices))

    assert outcomes == expected
    assert pending == engine.pending()


@given(story=stories() | plain_stories(), failures=FAILURES, choices=CHOICES)
def test_the_parts_of_a_durable_engine_are_one_uninterrupted_engine(
    story: Story, failures: dict[int, bool], choices: list[int]
) -> None:
    memory = MemoryStore()
    check(story, Unreliable(lambda: memory, failures), choices)


@settings(max_examples=settings().max_examples // 10)
@given(story=stories(), failures=FAILURES, choices=CHOICES)
def test_so_they_are_in_a_file(story: Story, failures: dict[int, bool], choices: list[int]) -> None:
    with TemporaryDirectory() as folder:
        store = Unreliable(lambda: SqliteStore(Path(folder) / "state.db"), failures)
        check(story, store, choices)
