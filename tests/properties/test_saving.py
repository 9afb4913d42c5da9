"""State is a value: what changes is taken out batch by batch as bytes, kept in a dict, and put into a new engine."""

from collections.abc import Sequence
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st
from tests.properties.histories import Look, histories, in_order, looks
from tests.properties.test_engine import checked_rules, in_time, run
from tests.properties.turmoil import Handed, plain_rules, turmoil
from tests.properties.world import GRID

import connrules
from connrules import Engine, Outcome
from connrules.event import Event
from connrules.plan import Plan
from connrules.run.ports import Batch, Note

_LATENESS = st.sampled_from([0, 1, GRID, 3 * GRID, 50 * GRID])


class Kept:
    """What a store keeps of the batches so far."""

    def __init__(self) -> None:
        self.core = b""
        self.users: dict[str, bytes] = {}
        self.notes: list[Note] = []

    def commit(self, batch: Batch) -> None:
        if batch.anew:
            self.users, self.notes = {}, []
        for user, state in batch.users.items():
            if state is None:
                self.users.pop(user, None)
            else:
                self.users[user] = state
        if batch.note is not None:
            self.notes.append(batch.note)
        self.notes = [note for note in self.notes if batch.now is None or note.until > batch.now]
        self.core = batch.core

    def load(self, engine: Engine) -> None:
        engine.load(self.core, [note.data for note in self.notes], self.users.items())
        engine.track()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Kept) and (self.core, self.users) == (other.core, other.users)

    __hash__ = None  # type: ignore[assignment]


def everything(engine: Engine) -> Kept:
    """All that an engine holds, as a store that is begun now keeps it."""
    copy, kept = Engine(engine.plan, lateness=engine.lateness, dedupe=engine.dedupe), Kept()
    copy.track()
    copy.restore(engine.snapshot())
    kept.commit(copy.changes())
    return kept


@st.composite
def batches(draw: st.DrawFn, history: Sequence[Event]) -> list[list[Event]]:
    """A history, cut into batches; some are empty."""
    cuts = sorted(draw(st.lists(st.integers(0, len(history)), max_size=5)))
    return [list(history[begin:end]) for begin, end in zip([0, *cuts], [*cuts, len(history)], strict=True)]


def blank(plan: Plan, **options: Any) -> Engine:
    engine = Engine(plan, **options)
    engine.track()
    return engine


@given(checked=checked_rules(), history=histories(), look=looks(), data=st.data())
def test_a_run_that_stops_after_any_batch_is_one_run(
    checked: connrules.Checked, history: list[Event], look: Look, data: st.DataObject
) -> None:
    plan = connrules.compile_rules(checked)
    engine, kept = blank(plan, **look.options), Kept()
    outcomes: list[Outcome] = []
    for batch in data.draw(batches(history)):
        outcomes += engine.feed_many(batch)
        kept.commit(engine.changes())
        assert kept == everything(engine)
        if data.draw(st.booleans()):
            engine = blank(Plan.from_json(plan.to_json()), **look.options)
            kept.load(engine)
            assert kept == everything(engine)
            event("stopped")

    assert outcomes + engine.finish() == run(checked, history, look)


@settings(max_examples=settings().max_examples // 2)
@given(checked=checked_rules(), history=histories(), look=looks(), data=st.data())
def test_lateness_may_change_between_the_parts(
    checked: connrules.Checked, history: list[Event], look: Look, data: st.DataObject
) -> None:
    """What waits in the buffer takes effect before what comes later, whatever lateness is allowed from then on.

    Of events that come in order, none is late with any lateness, and the outcomes are those of all lateness.
    """
    plan = connrules.compile_rules(checked)
    options = {name: value for name, value in look.options.items() if name != "lateness"}
    engine, kept = blank(plan, lateness=data.draw(_LATENESS), **options), Kept()
    outcomes: list[Outcome] = []
    for batch in data.draw(batches(in_order(history))):
        outcomes += engine.feed_many(batch)
        kept.commit(engine.changes())
        engine = blank(plan, lateness=data.draw(_LATENESS), **options)
        kept.load(engine)

    assert outcomes + engine.finish() == run(checked, in_order(history), in_time(look))


def handed_over(engine: Engine, way: str, events: list[Event]) -> list[Outcome]:
    match way:
        case "list":
            return engine.feed_many(events)
        case "generator":
            return engine.feed_many(iter(events))
        case "one by one":
            return [outcome for one in events for outcome in engine.feed(one)]
        case _:
            return engine.advance_to(events[0].time)


@given(
    rules=plain_rules(),
    calls=turmoil(),
    lateness=st.sampled_from([0, 0, 1, GRID]),
    dedupe=st.sampled_from([0, 0, GRID]),
)
def test_whoever_changed_is_known_however_events_are_handed_over(
    rules: connrules.Checked, calls: list[Handed], lateness: int, dedupe: int
) -> None:
    """A send may be fired, and an event of its user come, within one call: in one batch, or in one after the other."""
    engine, kept = blank(connrules.compile_rules(rules), lateness=lateness, dedupe=dedupe), Kept()
    for way, events in calls:
        handed_over(engine, way, events)
        kept.commit(engine.changes())

        assert kept == everything(engine)
