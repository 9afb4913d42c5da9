"""An error that says that a rule can never send has no false positive: on no history does such a rule send.

Rule sets here are made of parts that silence a rule, or nearly do: filters whose bounds touch, dates that meet to the
millisecond, limits that other rules use up. Histories repeat what triggers them, on a grid of the same instants.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from tests.properties.catalogs import catalogs
from tests.properties.histories import histories, in_order
from tests.properties.rule_sets import rule_sets

import connrules
from connrules.catalog import Catalog
from connrules.check import Checked
from connrules.duration import format_instant, parse_instant
from connrules.event import Event, Kind

START = parse_instant("2026-03-01")
HOUR = 3_600_000
CAMPAIGNS = ("A", "B", "C")
BOUNDS = st.integers(0, 3)
OPERATORS = st.sampled_from(["<", "<=", "=", "!=", ">=", ">"])


@cache
@st.composite
def _filters(draw: st.DrawFn, name: str) -> str:
    terms = [f"{name} {draw(OPERATORS)} {draw(BOUNDS)}" for _ in range(draw(st.integers(1, 3)))]
    terms += draw(st.sampled_from([[], [], [f"{name} is missing"], [f"not {name} is present"], [f'{name} = "1"']]))
    return " and ".join(f"not {term}" if "not" not in term and draw(st.integers(0, 5)) == 0 else term for term in terms)


def _hours(draw: st.DrawFn) -> str:
    return str(format_instant(START + draw(st.integers(0, 6)) * HOUR))


@cache
@st.composite
def nearly_silent(draw: st.DrawFn) -> str:
    """One to three rules and perhaps a policy."""
    declarations = []
    if draw(st.booleans()):
        channel = draw(st.sampled_from(["", "", "push to ", "email to "]))
        declarations.append(f"policy: limit {channel}{draw(st.sampled_from([1, 1, 2]))} per {draw(_delays())}")
    trigger, delay = draw(_triggers(0)), draw(_delays())
    for number in range(draw(st.integers(1, 3))):
        same = draw(st.booleans())
        clauses = [f"rule r{number}: on", trigger if same else draw(_triggers(number))]
        clauses.append(draw(_rarely(f"if {draw(_filters('user.age'))}")))
        clauses.append(f"after {delay if same else draw(_delays())}")
        clauses.append(draw(_rarely("unless session_start")))
        clauses.append(draw(_rarely(f"still if {draw(_filters('user.age'))}")))
        clauses.append(draw(_rarely(f"from {_hours(draw)}")))
        clauses.append(draw(_rarely(f"until {_hours(draw)}")))
        clauses.append(draw(_rarely("once")))
        clauses.append(f'send "{draw(st.sampled_from(CAMPAIGNS))}"')
        declarations.append(" ".join(filter(None, clauses)))
    return "\n".join(declarations)


def _rarely(clause: str) -> st.SearchStrategy[str]:
    return st.sampled_from(["", "", "", clause])


def _delays() -> st.SearchStrategy[str]:
    return st.sampled_from(["1h", "2h", "4h"])


@cache
@st.composite
def _triggers(draw: st.DrawFn, number: int) -> str:
    named = draw(st.sampled_from(CAMPAIGNS))
    kinds = [f'received_push of "{named}"', f'opened_email of "{named}"', f"purchase where {draw(_filters('amount'))}"]
    if number:
        kinds += [f"sent r{number - 1}", f"cancelled r{number - 1}"]
    return " or ".join(draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=2, unique=True)))


@cache
@st.composite
def dated_catalogs(draw: st.DrawFn) -> Catalog:
    """Three campaigns, each with dates on the grid, or without."""
    entries = []
    for name in CAMPAIGNS:
        start, end = draw(st.integers(0, 6)), draw(st.integers(1, 4))
        dates = {"published_at": START + start * HOUR, "stopped_at": START + (start + end) * HOUR}
        channels = draw(st.sampled_from([("push",), ("push", "email")]))
        entries.append({"name": name, "channels": channels, **draw(st.sampled_from([{}, dates, dates]))})
    return Catalog.model_validate({"campaigns": entries})


@cache
@st.composite
def busy_days(draw: st.DrawFn) -> list[Event]:
    """What one user does: much, at few instants."""
    events = []
    for number in range(draw(st.integers(1, 14))):
        time = START + draw(st.integers(0, 20)) * HOUR // 2 + draw(st.sampled_from([0, 0, 0, -1, 1]))
        type_ = draw(st.sampled_from(["received_push", "received_push", "opened_email", "purchase", "purchase"]))
        campaign = None if type_ == "purchase" else draw(st.sampled_from(CAMPAIGNS))
        amount = draw(st.sampled_from([0, 0.5, 1, 1.5, 2, 2.5, 3, 4, "1", None]))
        properties = {"amount": amount}
        events.append(Event(id=f"e{number}", user="u", type=type_, time=time, campaign=campaign, properties=properties))
    for number in range(draw(st.integers(0, 2))):
        time = START + draw(st.integers(0, 10)) * HOUR
        age = draw(st.sampled_from([0, 0.5, 1, 2, 2.5, 3, "1", None]))
        events.append(Event(id=f"a{number}", user="u", type="attributes", time=time, properties={"age": age}))
    return in_order(events)


def silent_rules(checked: Checked) -> set[str]:
    """Those of which an error says so; none where other errors keep the rule set from being run at all."""
    if any(not finding.silent_rule for finding in checked.errors):
        return set()
    return {finding.silent_rule for finding in checked.errors}


def senders(checked: Checked, events: Sequence[Event]) -> Counter[str]:
    """How often each rule sends, errors or not."""
    engine = connrules.Engine(connrules.compile_rules(replace(checked, diagnostics=())))
    outcomes = engine.feed_many(events) + engine.finish(START + 48 * HOUR)
    return Counter(outcome.rule for outcome in outcomes if outcome.kind is Kind.SENT)


@given(rules=nearly_silent(), catalog=st.none() | dated_catalogs(), history=busy_days())
def test_a_rule_that_is_nearly_silent(rules: str, catalog: Catalog | None, history: list[Event]) -> None:
    checked = connrules.loads(rules, catalog=catalog)
    silent = silent_rules(checked)
    if silent:
        assert silent.isdisjoint(senders(checked, history)), rules


@pytest.mark.parametrize("code", ["CR307", "CR403", "CR506", "CR507", "CR510"])
def test_what_is_said_to_be_silent_is_drawn(code: str) -> None:
    """Else the properties here would hold for want of examples."""

    def is_said(drawn: tuple[str, Catalog | None]) -> bool:
        errors = connrules.loads(drawn[0], catalog=drawn[1]).errors
        return all(error.silent_rule for error in errors) and code in {error.code for error in errors}

    drawn = settings(max_examples=20_000, phases=[Phase.generate], database=None)
    find(st.tuples(nearly_silent(), st.none() | dated_catalogs()), is_said, settings=drawn)


@given(rules=rule_sets(), catalog=catalogs(), history=histories())
def test_any_rule(rules: str, catalog: Catalog | None, history: list[Event]) -> None:
    checked = connrules.loads(rules, catalog=catalog)
    silent = silent_rules(checked)
    if silent:
        assert silent.isdisjoint(senders(checked, in_order(history))), rules
