"""The columnar backend is the engine: on random rule sets, catalogs and histories both write the same lines."""

from dataclasses import fields
from functools import cache

from hypothesis import assume, event, given
from hypothesis import strategies as st
from tests.columnar_runs import ColumnarRun, lines_of, run_over_events
from tests.properties.catalogs import catalogs
from tests.properties.effort import HALF
from tests.properties.histories import Look, histories, in_order, looks
from tests.properties.rule_sets import rule_sets
from tests.properties.world import (
    CAMPAIGN_WORDS,
    CAMPAIGNS,
    CARD_WORDS,
    CARDS,
    CUSTOM_EVENTS,
    GRID,
    START,
    STEPS,
    instants,
)

import connrules
from connrules.catalog import Catalog
from connrules.check import Checked
from connrules.duration import format_duration, format_instant
from connrules.event import Event
from connrules.reference import evaluate
from connrules.run.counts import Counts

UNTIL = st.none() | st.integers(0, 4 * STEPS).map(lambda step: START + step * GRID)


@cache
@st.composite
def plain_rule_sets(draw: st.DrawFn) -> str:
    """One to four rules of which each wait depends on nothing but its trigger and its exceptions."""
    return "\n".join(draw(st.lists(_plain_rules(), min_size=1, max_size=4)))


@cache
@st.composite
def _plain_rules(draw: st.DrawFn) -> str:
    triggers = draw(st.lists(_patterns(), min_size=1, max_size=3))
    delay = draw(st.sampled_from([0, *[1, 2, 3, 6] * 2]))
    clauses = ["on " + " or ".join(triggers), f"after {format_duration(delay * GRID)}" if delay else ""]
    if delay:
        implied = [word for t in triggers if (word := t.split()[0]) in {*CAMPAIGN_WORDS, *CARD_WORDS}]
        exceptions = st.lists(_patterns() | st.sampled_from([*implied, "purchase"]), max_size=3)
        clauses.append("unless " + " or ".join(found) if (found := draw(exceptions)) else "")
    start, end = sorted(draw(st.lists(instants(), min_size=2, max_size=2, unique=True)))
    lifetimes = [*[""] * 8, "from {0}", "until {1}", "from {0} until {1}"]
    clauses.append(draw(st.sampled_from(lifetimes)).format(format_instant(start), format_instant(end)))
    return " ".join(filter(None, [*clauses, draw(st.sampled_from(["send X", "send X", "send B"]))]))


@cache
def _patterns() -> st.SearchStrategy[str]:
    plain = st.sampled_from(["purchase", "session_start", *(f'event "{name}"' for name in CUSTOM_EVENTS)])
    campaigns = st.builds("{} of {}".format, st.sampled_from(CAMPAIGN_WORDS), _objects(CAMPAIGNS))
    cards = st.builds("{} of {}".format, st.sampled_from(CARD_WORDS), _objects(CARDS))
    return st.one_of(plain, campaigns, campaigns, cards)


def _objects(names: tuple[str, ...]) -> st.SearchStrategy[str]:
    several = st.lists(st.sampled_from((names[0], *names)), min_size=1, max_size=3, unique=True)
    return st.just("any") | several.map(lambda chosen: ", ".join(f'"{name}"' for name in chosen))


def check_equal(checked: Checked, history: list[Event], until: int | None, look: Look) -> ColumnarRun:
    """Both engines and the reference give the same outcomes, counts and late events."""
    plan = connrules.compile_rules(checked)
    late: list[Event] = []
    engine = connrules.Engine(plan, on_late=late.append, **look.options)
    expected = engine.feed_many(history) + engine.finish(until)
    assert expected == evaluate(checked, history, until=until, **look.options).outcomes

    run = run_over_events(plan, history, look.options, until)

    assert run.lines == lines_of(expected)
    assert [(row["user"], row["type"], row["time"]) for row in run.late] == [(e.user, e.type, e.time) for e in late]
    assert _told(run.counts) == _told(engine.counts)
    assert run.newest == max((e.time for e in history), default=None)
    return run


def _told(counts: Counts) -> dict[str, object]:
    return {count.name: getattr(counts, count.name) for count in fields(counts)}


@HALF
@given(rules=plain_rule_sets(), catalog=catalogs(), history=histories(), until=UNTIL, look=looks(), sort=st.booleans())
def test_plain_rules_resolved_at_once_equal_the_engine(
    rules: str, catalog: Catalog | None, history: list[Event], until: int | None, look: Look, sort: bool
) -> None:
    checked = connrules.loads(rules, catalog=catalog)
    assume(not checked.errors)
    events = in_order(history) if sort else history

    run = check_equal(checked, events, until, Look(look.lateness, 0, look.known))

    assert run.note == "columnar engine"
    for kind, reason in run.counts.outcomes:
        event(f"{kind} {reason or ''}")


@HALF
@given(rules=rule_sets(), catalog=catalogs(), history=histories(), until=UNTIL, look=looks())
def test_all_other_rules_by_the_engine_over_the_rows_that_matter(
    rules: str, catalog: Catalog | None, history: list[Event], until: int | None, look: Look
) -> None:
    checked = connrules.loads(rules, catalog=catalog)
    assume(not checked.errors)

    run = check_equal(checked, history, until, look)

    event(run.note.partition(":")[0])
