"""Every timeline of this folder, on every engine."""

import re
import tomllib
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from tests import clustered
from tests.columnar_runs import outcomes_of_lines, run_over_events
from tests.conformance import timelines
from tests.conformance.timelines import Circumstances, Timeline, readable
from tests.real_logs import CHECKOUT

import connrules
from connrules import Engine
from connrules.check import Checked
from connrules.event import Event, Outcome
from connrules.flink.gate import name_of
from connrules.reference import History, evaluate
from connrules.run.eras import Former

Run = Callable[[Checked, list[Event], int | None, Circumstances], History]


def reference(checked: Checked, events: list[Event], until: int | None, told: Circumstances) -> History:
    return evaluate(checked, events, until=until, **told)


def engine(checked: Checked, events: list[Event], until: int | None, told: Circumstances) -> History:
    late: list[Event] = []
    running = connrules.Engine(connrules.compile_rules(checked), on_late=late.append, **told)
    outcomes = [outcome for event in events for outcome in running.feed(event)]
    return History([*outcomes, *running.finish(until)], late, running.counts.repeated)


def columnar(checked: Checked, events: list[Event], until: int | None, told: Circumstances) -> History:
    """What it writes is read back; its late events are found by what they say."""
    run = run_over_events(connrules.compile_rules(checked), events, told, until)
    late = [msgspec.convert(row, Event) for row in run.late]
    return History(outcomes_of_lines(run.lines), late, run.counts.repeated)


ENGINES: list[Run] = [reference, engine, columnar]
TIMELINES = timelines.all_timelines()
UNCHANGING = {name: timeline for name, timeline in TIMELINES.items() if not timelines.changes_rules(timeline)}
CHANGING = {name: timeline for name, timeline in TIMELINES.items() if timelines.changes_rules(timeline)}


class Store:
    """What a state store would have of an engine."""

    def __init__(self) -> None:
        self.users: dict[str, bytes] = {}
        self.notes: list[bytes] = []
        self.core = b""

    def track(self, running: Engine) -> Engine:
        """The engine, which from now on knows what changed."""
        running.track()
        return running

    def commit(self, running: Engine) -> None:
        """Keep what changed."""
        batch = running.changes()
        if batch.anew:
            self.users, self.notes = {}, []
        self.notes += [batch.note.data] if batch.note else []
        self.core = batch.core
        for user, data in batch.users.items():
            self.users.pop(user, None)
            if data is not None:
                self.users[user] = data


def goes_on(running: Engine, _told: Circumstances, _store: Store) -> Engine:
    """The same engine."""
    return running


def is_restored(running: Engine, told: Circumstances, _store: Store) -> Engine:
    """One that goes on from a snapshot."""
    other = Engine(running.plan, **told)
    other.restore(running.snapshot())
    return other


def is_loaded(running: Engine, told: Circumstances, store: Store) -> Engine:
    """One that goes on from what a state store has."""
    store.commit(running)
    other = Engine(running.plan, **told)
    other.load(store.core, store.notes, store.users.items())
    return store.track(other)


Between = Callable[[Engine, Circumstances, Store], Engine]


@pytest.mark.parametrize("run", ENGINES, ids=lambda run: run.__name__)
@pytest.mark.parametrize("timeline", UNCHANGING.values(), ids=UNCHANGING)
def test_timeline(timeline: Timeline, run: Run) -> None:
    events, start = timelines.events_of(timeline), timelines.start_of(timeline)
    checked, told = timelines.checked_rules(timeline), timelines.circumstances_of(timeline)

    history = run(checked, events, timelines.until_of(timeline), told)

    assert readable(history.outcomes, start) == readable(timelines.outcomes_of(timeline, events), start)
    assert history.late == timelines.late_of(timeline, events)
    assert history.repeated == timeline.get("repeated", 0)
    assert {place: history.outcomes[place].id for place in timelines.ids_of(timeline)} == timelines.ids_of(timeline)


@pytest.mark.parametrize("timeline", UNCHANGING.values(), ids=UNCHANGING)
def test_timeline_on_a_cluster(timeline: Timeline) -> None:
    """User by user. Of late events a cluster tells those that rules speak of: the others are gone before."""
    events, start = timelines.events_of(timeline), timelines.start_of(timeline)
    plan = connrules.compile_rules(timelines.checked_rules(timeline))
    told, expected = timelines.circumstances_of(timeline), timelines.outcomes_of(timeline, events)
    named = "dedupe" not in told  # an event with an id may be a repeat
    lines = clustered.lines_of(events, named=named)

    given = clustered.run(plan, lines, until=timelines.until_of(timeline), workers=2, **told)

    outcomes = clustered.in_order(given.outcomes if named else numbered(given.outcomes, events, lines))
    assert readable(outcomes, start) == readable(clustered.in_order(expected), start)
    came_late = timelines.late_of(timeline, events)
    late = [line for event, line in zip(events, lines, strict=True) if any(event is other for other in came_late)]
    assert given.late == clustered.spoken_of(plan, late, told.get("dedupe", 0))
    assert given.repeated == timeline.get("repeated", 0)
    assert {outcome.id for outcome in outcomes} >= {*timelines.ids_of(timeline).values()}


def numbered(outcomes: Sequence[Outcome], events: Sequence[Event], lines: Sequence[str]) -> list[Outcome]:
    """Outcomes that speak of events without an id by their numbers, not by what their lines come to."""
    rows = zip(events, lines, strict=True)
    names = {name_of(event, line): f"#{number}" for number, (event, line) in enumerate(rows, 1) if not event.id}
    return [
        msgspec.structs.replace(o, trigger=names.get(o.trigger, o.trigger), by=names.get(o.by or "", o.by))
        for o in outcomes
    ]


@pytest.mark.parametrize("between", [goes_on, is_restored, is_loaded], ids=lambda between: between.__name__)
@pytest.mark.parametrize("timeline", CHANGING.values(), ids=CHANGING)
def test_timeline_of_rules_that_change(timeline: Timeline, between: Between) -> None:
    """On the engine alone: the others know no state. `between` comes before and after each change."""
    start, told, store = timelines.start_of(timeline), timelines.circumstances_of(timeline), Store()
    running = store.track(Engine(connrules.compile_rules(timelines.checked_rules(timeline)), **told))
    outcomes = []
    for step in timelines.steps_of(timeline):
        if isinstance(step, Event):
            outcomes += running.feed(step)
            continue
        outcomes += [] if step.at is None else running.advance_to(step.at)
        running = between(running, told, store)
        outcomes += running.replace(connrules.compile_rules(step.rules), step.changed)
        running = between(running, told, store)
    outcomes += running.finish(timelines.until_of(timeline))

    expected = timelines.outcomes_of(timeline, timelines.events_of(timeline))
    assert readable(outcomes, start) == readable(expected, start)


def _changes_at_instants(timeline: Timeline) -> bool:
    """Whether its rules change at instants of which nothing has come yet, and not between two events."""
    steps = list(timelines.steps_of(timeline))
    come = [
        isinstance(event, Event) and not isinstance(change, Event) and event.time == change.at
        for event, change in pairwise(steps)
    ]
    return not any(come) and all(isinstance(step, Event) or step.at is not None for step in steps)


AT_INSTANTS = {name: timeline for name, timeline in CHANGING.items() if _changes_at_instants(timeline)}


@pytest.mark.parametrize("timeline", AT_INSTANTS.values(), ids=AT_INSTANTS)
def test_timeline_of_rules_that_change_on_a_cluster(timeline: Timeline) -> None:
    """There they change at an instant that is told beforehand, from which on events are those of the next ones."""
    steps, start = list(timelines.steps_of(timeline)), timelines.start_of(timeline)
    changes = [step for step in steps if not isinstance(step, Event)]
    instants = [change.at for change in changes if change.at is not None]
    rules = [timelines.checked_rules(timeline), *(change.rules for change in changes)]
    *before, plan = map(connrules.compile_rules, rules)
    formerly = [Former(*each) for each in zip(before, instants, [change.changed for change in changes], strict=True)]
    events = [step for step in steps if isinstance(step, Event)]
    until = max(timelines.until_of(timeline) or instants[-1], instants[-1])
    told = timelines.circumstances_of(timeline)

    given = clustered.run(plan, clustered.lines_of(events), until=until, formerly=formerly, workers=2, **told)

    expected = clustered.in_order(timelines.outcomes_of(timeline, events))
    assert readable(clustered.in_order(given.outcomes), start) == readable(expected, start)


def test_nearly_all_timelines_of_rules_that_change_say_when() -> None:
    assert len(AT_INSTANTS) == len(CHANGING) - 3


def test_each_timeline_has_a_name_of_its_own() -> None:
    files = [tomllib.loads(path.read_text(encoding="utf-8")) for path in timelines.FOLDER.glob("*.toml")]
    assert len(TIMELINES) == sum(len(file.get("timeline", ())) for file in files) > 330


def test_each_sentence_is_pinned_and_each_pin_is_a_sentence() -> None:
    sections = tomllib.loads(timelines.SENTENCES.read_text(encoding="utf-8"))["section"]
    sentences = [f"{section['name']}: {sentence}" for section in sections for sentence in section["sentences"]]
    pins = {timeline["pins"] for timeline in TIMELINES.values()}
    assert len(sentences) == len(set(sentences))
    assert (set(sentences) - pins, pins - set(sentences)) == (set(), set())


def test_each_section_is_one_of_the_language_page() -> None:
    page = (CHECKOUT / "docs" / "language.md").read_text(encoding="utf-8")
    sections = tomllib.loads(timelines.SENTENCES.read_text(encoding="utf-8"))["section"]
    numbers = {int(number) for number in re.findall(r"^## (\d+)\. ", page, re.MULTILINE)}
    assert {section["name"] for section in sections if section["number"] not in numbers} == set()


def test_the_format_is_documented_completely() -> None:
    page = (timelines.FOLDER / "README.md").read_text(encoding="utf-8")
    keys = {key for timeline in TIMELINES.values() for key in _all_keys(timeline)}
    assert {key for key in keys if f"`{key}`" not in page} == set()


def _all_keys(timeline: Timeline) -> set[str]:
    rows: list[dict[str, Any]] = [*timeline["events"], *timeline["outcomes"]]
    return {*timeline, *(key for row in rows for key in row)}
