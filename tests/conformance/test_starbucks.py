"""Engine and reference over a whole log that nobody here wrote: 306,534 events of 17,000 users.

Its times lie on a grid of six hours and its offers recur after exactly 72, 96 and 168 hours, so delays of such lengths
hit ties between events and due instants all the time.
"""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.columnar_runs import lines_of, run_over_events
from tests.real_logs import CHECKOUT, folder_of

import connrules
from connrules.event import Event, Kind, Outcome, Reason
from connrules.reference import evaluate

EXAMPLE = CHECKOUT / "examples" / "starbucks"
EVENTS = 306_534

DELAYS = """
rule day: on received_push of any after 24h unless opened_push or purchase send "Offer Reminder"
rule three_days: on received_push of any or received_email of any after 72h restarting
  unless converted or purchase where amount >= 20 send "Come Back"
rule week: on received_email of any after 168h unless received_email or opened_email of any at most 2 per 168h
  send "Second Subject"
rule after_view: on opened_push of any after 72h unless opened_push or received_push of any once send "Last Chance"
rule purchase_week: on purchase after 168h restarting unless converted of any send "Thank You"
rule same_amount: on purchase where amount >= 5 after 24h unless purchase where amount = trigger.amount
  at most 1 per 72h send "One More"
"""

PLAIN = """
rule day: on received_push of any after 24h unless opened_push or purchase send "Offer Reminder"
rule three_days: on received_push of any or received_email of any after 72h unless converted or purchase
  send "Come Back"
rule week: on received_email of any after 168h unless received_email or opened_email of any send "Second Subject"
rule purchase_week: on purchase after 168h unless converted of any send "Thank You"
rule at_once: on purchase send "One More"
"""

pytestmark = pytest.mark.real_log


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    log = folder_of("starbucks")
    out = tmp_path_factory.mktemp("starbucks")
    subprocess.run([sys.executable, EXAMPLE / "convert.py", log, out], check=True, capture_output=True)
    return out


@pytest.fixture(scope="module")
def events(folder: Path) -> list[Event]:
    lines = (folder / "events.jsonl").read_bytes().splitlines()
    return [connrules.parse_event(line) for line in lines]


def by_engine(checked: connrules.Checked, events: list[Event]) -> list[Outcome]:
    engine = connrules.Engine(connrules.compile_rules(checked))
    return engine.feed_many(events) + engine.finish()


def by_reference(checked: connrules.Checked, events: list[Event]) -> list[Outcome]:
    return evaluate(checked, events).outcomes


@pytest.mark.parametrize(
    "rules", [(EXAMPLE / "rules.conn").read_text(encoding="utf-8"), DELAYS], ids=["example", "delays"]
)
def test_engine_equals_reference_over_the_whole_log(folder: Path, events: list[Event], rules: str) -> None:
    catalog = connrules.load_catalog((folder / "catalog.toml").read_bytes(), "catalog.toml")
    checked = connrules.loads(rules, catalog=catalog)
    assert not checked.errors
    assert len(events) == EVENTS

    outcomes = by_engine(checked, events)

    assert outcomes == by_reference(checked, events)
    columnar = run_over_events(connrules.compile_rules(checked), events, {})
    assert columnar.lines == lines_of(outcomes)
    kinds = Counter(outcome.kind for outcome in outcomes)
    assert min(kinds[kind] for kind in (Kind.SENT, Kind.CANCELLED, Kind.RESTARTED, Kind.IGNORED, Kind.PENDING)) > 100
    assert ties(outcomes, events) > 1_000


def test_plain_rules_are_resolved_at_once_over_the_whole_log(folder: Path, events: list[Event]) -> None:
    catalog = connrules.load_catalog((folder / "catalog.toml").read_bytes(), "catalog.toml")
    checked = connrules.loads(PLAIN, catalog=catalog)
    assert not checked.errors

    outcomes = by_engine(checked, events)

    run = run_over_events(connrules.compile_rules(checked), events, {})
    assert run.note == "columnar engine"
    assert run.lines == lines_of(outcomes)
    assert ties(outcomes, events) > 1_000
    kinds = Counter((outcome.kind, outcome.reason) for outcome in outcomes)
    assert min(kinds[Kind.CANCELLED, None], kinds[Kind.IGNORED, Reason.ALREADY_WAITING]) > 1_000


def ties(outcomes: list[Outcome], events: list[Event]) -> int:
    """How many sends fell due at the very instant of an event of the same user."""
    instants = {(event.user, event.time) for event in events}
    return sum((outcome.user, outcome.at) in instants for outcome in _delayed(outcomes))


def _delayed(outcomes: list[Outcome]) -> Iterator[Outcome]:
    return (o for o in outcomes if o.kind is Kind.SENT and o.at > o.triggered_at)
