"""Engine and reference over a whole log that nobody here wrote: 262,200 events of 13,087 loan applications.

A user is an application. Its times are in milliseconds, thousands of groups of events share one, offers are sent again
while users wait for the last one, and clocks in Amsterdam change within it, on 2011-10-30.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from tests.columnar_runs import lines_of, run_over_events
from tests.real_logs import rows_of

import connrules
from connrules.event import Event, Kind, Reason
from connrules.reference import evaluate

EVENTS = 262_200
HOUR = 3_600_000
CALLED = ("call", Kind.SENT)

CATALOG = {
    "campaigns": [
        {"name": "Offer Reminder", "channels": ["email"]},
        {"name": "Call", "channels": ["push"]},
        {"name": "Last Call", "channels": ["push", "sms"]},
        {"name": "Welcome", "channels": ["email"], "published_at": "2011-10-19"},
        {
            "name": "Warm Welcome",
            "channels": ["email"],
            "published_at": "2011-10-07",
            "stopped_at": "2012-02-23T12:00:00Z",
        },
        {"name": "Nudge"},
    ],
    "user": {"attributes": {"amount": "number", "time_zone": "string"}},
}

RULES = """
policy:
  limit 4 per 1d
  limit email to 1 per 3d
  time zone "Europe/Amsterdam"

segment large = user.amount >= 10000

rule remind:
  on event "O_SENT" after 5d restarting unless event "O_SENT_BACK" or event "O_CANCELLED" or event "O_ACCEPTED"
  send "Offer Reminder"
rule call:
  on event "W_Nabellen offertes" where lifecycle = "SCHEDULE"
  if in segment large
  in 3 days at 09:00
  unless event "W_Nabellen offertes" where lifecycle = "START"
  send Call
rule today: on event "A_FINALIZED" in 0 days at 14:30 still if in segment large send Call
rule weekly: on event "O_CREATED" next monday at 08:00 local unless event "O_SENT_BACK" once send "Offer Reminder"
rule desk:
  on event "W_Completeren aanvraag" where lifecycle = "START"
  after 10m restarting
  unless event "W_Completeren aanvraag" where lifecycle = "COMPLETE" and resource = trigger.resource
  per resource
  at most 2 per 1d
  send Nudge
rule welcome:
  on event "A_SUBMITTED"
  unless event "A_DECLINED"
  between 09:00 and 18:00
  hold out 10%
  convert on event "A_ACCEPTED" within 2d
  send one of 60% "Welcome", 40% "Warm Welcome"
rule office: on event "A_PREACCEPTED" after 2h between 08:00 and 20:00 or drop send Nudge
rule last: on cancelled remind after 1d unless event "O_ACCEPTED" send "Last Call"
rule thanks: on sent remind or sent weekly convert on event "O_SENT_BACK" within 7d send Call
rule again: on event "O_SENT" after 1h unless event "O_SENT" at most 1 per 1w send Nudge
"""

MORE_THAN_A_HUNDRED = {
    ("remind", Kind.SENT, None),
    ("remind", Kind.CANCELLED, None),
    ("remind", Kind.DROPPED, Reason.LIMITED),
    ("call", Kind.SENT, None),
    ("call", Kind.CANCELLED, None),
    ("call", Kind.IGNORED, Reason.AUDIENCE),
    ("today", Kind.DROPPED, Reason.AUDIENCE_AT_SEND),
    ("weekly", Kind.SENT, None),
    ("weekly", Kind.IGNORED, Reason.ALREADY_WAITING),
    ("weekly", Kind.IGNORED, Reason.NOT_ELIGIBLE),
    ("desk", Kind.RESTARTED, None),
    ("desk", Kind.SENT, None),
    ("desk", Kind.IGNORED, Reason.NOT_ELIGIBLE),
    ("welcome", Kind.CANCELLED, None),
    ("welcome", Kind.IGNORED, Reason.TARGET_NOT_PUBLISHED),
    ("welcome", Kind.DROPPED, Reason.HELD_OUT),
    ("welcome", Kind.GOAL, None),
    ("welcome", Kind.GOAL, Reason.HELD_OUT),
    ("office", Kind.DROPPED, Reason.OUTSIDE_WINDOW),
    ("last", Kind.SENT, None),
    ("last", Kind.CANCELLED, None),
    ("thanks", Kind.GOAL, None),
    ("again", Kind.CANCELLED, None),
}

pytestmark = pytest.mark.real_log


class Applications(dict[str, dict[str, Any]]):
    """What is known of each application: what was asked for and, of some, a time zone."""

    def attributes(self, user: str) -> Mapping[str, Any]:
        return self[user]


def events_of(rows: list[dict[str, Any]]) -> list[Event]:
    return [
        Event(
            id=str(row["event_id"]),
            user=row["user_id"],
            type="event",
            name=row["event"],
            time=row["ts"],
            properties={"lifecycle": row["lifecycle"], "resource": row["resource"]},
        )
        for row in rows
    ]


def profiles_of(rows: list[dict[str, Any]]) -> Applications:
    zones = ["America/New_York", "Nowhere", None]
    return Applications(
        {row["user_id"]: {"amount": row["amount"], "time_zone": zones[int(row["user_id"]) % 3]} for row in rows}
    )


def test_engine_equals_reference_over_the_whole_log() -> None:
    rows = rows_of("bpi2012")
    names = [{"name": name} for name in sorted({row["event"] for row in rows})]
    catalog = connrules.Catalog.model_validate({**CATALOG, "events": names})
    checked = connrules.loads(RULES, catalog=catalog)
    assert not checked.errors
    events, profiles = events_of(rows), profiles_of(rows)
    assert len(events) == EVENTS

    engine = connrules.Engine(connrules.compile_rules(checked), profiles=profiles)
    outcomes = engine.feed_many(events) + engine.finish()

    assert outcomes == evaluate(checked, events, profiles=profiles).outcomes
    columnar = run_over_events(connrules.compile_rules(checked), events, {"profiles": profiles})
    assert columnar.lines == lines_of(outcomes)
    assert columnar.note.startswith("streaming engine over the rows that matter")
    seen = Counter((outcome.rule, outcome.kind, outcome.reason) for outcome in outcomes)
    assert {rare for rare in MORE_THAN_A_HUNDRED if seen[rare] <= 100} == set()
    assert min(seen["desk", Kind.DROPPED, Reason.NOT_ELIGIBLE], seen["remind", Kind.PENDING, None]) > 0
    nine_in_amsterdam = {outcome.at // HOUR % 24 for outcome in outcomes if (outcome.rule, outcome.kind) == CALLED}
    assert nine_in_amsterdam == {7, 8}
