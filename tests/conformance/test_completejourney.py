"""Engine and reference over a whole log that nobody here wrote: 55,934 events of 2,379 customers of a grocer.

Campaigns are received and coupons redeemed at midnight on the east coast, purchases to the second; on 2017-03-12 and
2017-11-05 the clocks change there, so that days of the calendar and elapsed days part.
"""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from tests.columnar_runs import lines_of, run_over_events
from tests.real_logs import folder_of, rows_of

import connrules
from connrules.duration import format_instant, parse_instant
from connrules.event import Event, Kind, Outcome, Reason
from connrules.reference import evaluate

EVENTS = 55_934

RULES = """
policy:
  limit 3 per 2d
  limit push to 2 per 1w
  time zone "America/New_York"
  quiet 21:00 to 07:00 local

segment east = user.time_zone = "America/New_York" or user.time_zone is missing

rule calendar:
  on received_email of any in 5 days at 00:00
  unless converted or purchase where amount >= 5
  between 00:00 and 23:59
  send "Coupon Reminder"
rule elapsed:
  on received_email of any after 5d
  unless converted or purchase where amount >= 5
  between 00:00 and 23:59
  send "Coupon Reminder Too"
rule gap:
  on received_email of any next sunday at 02:30 zone "America/New_York"
  unless purchase
  between 02:00 and 10:00 zone "America/New_York"
  send "Sunday News"
rule morning: on converted of any in 1 day at 09:30 local still if in segment east once send "Thank You"
rule coupon: on converted of any after 2d restarting unless purchase where amount > 20 per campaign send "More Coupons"
rule missed: on purchase after 3w restarting between 09:00 and 20:00 local at most 2 per 26w send "We Miss You"
rule big:
  on purchase where amount >= 8 if in segment east
  hold out 20%
  convert on purchase where amount >= 4 within 2d
  send one of 70% "Big Spender", 30% "Even Bigger"
rule nightly: on purchase after 6h between 22:00 and 05:00 or drop from 2017-03-01 until 2017-11-06 send "Night Owl"
rule after_thanks: on sent morning or cancelled calendar after 12h unless purchase send "Follow Up"
"""

FOLLOW_ONS = {
    "Coupon Reminder": "email",
    "Coupon Reminder Too": "email",
    "Sunday News": "push",
    "Thank You": "email",
    "More Coupons": "push",
    "We Miss You": "push",
    "Big Spender": "email",
    "Even Bigger": "in_app",
    "Night Owl": "email",
    "Follow Up": "email",
}

MORE_THAN_FORTY = {
    ("calendar", Kind.SENT, None),
    ("calendar", Kind.CANCELLED, None),
    ("elapsed", Kind.DROPPED, Reason.LIMITED),
    ("elapsed", Kind.PENDING, None),
    ("gap", Kind.SENT, None),
    ("morning", Kind.SENT, None),
    ("morning", Kind.IGNORED, Reason.ALREADY_WAITING),
    ("morning", Kind.IGNORED, Reason.NOT_ELIGIBLE),
    ("morning", Kind.DROPPED, Reason.AUDIENCE_AT_SEND),
    ("coupon", Kind.RESTARTED, None),
    ("coupon", Kind.SENT, None),
    ("missed", Kind.RESTARTED, None),
    ("missed", Kind.IGNORED, Reason.NOT_ELIGIBLE),
    ("big", Kind.IGNORED, Reason.AUDIENCE),
    ("big", Kind.DROPPED, Reason.HELD_OUT),
    ("big", Kind.GOAL, None),
    ("big", Kind.GOAL, Reason.HELD_OUT),
    ("nightly", Kind.SENT, None),
    ("nightly", Kind.DROPPED, Reason.OUTSIDE_WINDOW),
    ("nightly", Kind.IGNORED, Reason.RULE_NOT_LIVE),
    ("after_thanks", Kind.SENT, None),
    ("after_thanks", Kind.CANCELLED, None),
}

pytestmark = pytest.mark.real_log


class Customers:
    """The time zones of customers: of a third each the log's own, one further west, and none."""

    def attributes(self, user: str) -> Mapping[str, Any]:
        zones = [{"time_zone": "America/New_York"}, {"time_zone": "America/Los_Angeles"}, {}]
        return zones[int(user) % 3]


def catalog() -> connrules.Catalog:
    campaigns = json.loads((folder_of("completejourney") / "campaigns.json").read_text(encoding="utf-8"))
    follow_ons = [{"name": name, "channels": [channel]} for name, channel in FOLLOW_ONS.items()]
    return connrules.Catalog.model_validate(
        {
            "campaigns": [*map(sent_by_the_grocer, campaigns), *follow_ons],
            "user": {"attributes": {"time_zone": "string"}},
        }
    )


def sent_by_the_grocer(campaign: dict[str, str]) -> dict[str, Any]:
    return {
        "name": f"{campaign['campaign_type']} {campaign['campaign_id']}",
        "id": campaign["campaign_id"],
        "channels": ["email"],
        "conversion_events": ["coupon"],
        "published_at": campaign["start_date"],
        "stopped_at": campaign["end_date"],
    }


def event_of(row: dict[str, Any]) -> Event:
    fields = {"id": str(row["event_id"]), "user": row["user_id"], "time": row["ts"]}
    match row["event"]:
        case "campaign_received":
            return Event(type="received_email", campaign=row["target"], **fields)
        case "coupon_redeemed":
            properties = {"coupon": row["coupon_upc"], "campaign": row["target"]}
            return Event(type="converted", campaign=row["target"], properties=properties, **fields)
        case "purchase":
            return Event(type="purchase", properties={"amount": row["amount"], "basket": row["basket_id"]}, **fields)
        case unknown:
            raise AssertionError(unknown)


def test_engine_equals_reference_over_the_whole_log() -> None:
    events = [event_of(row) for row in rows_of("completejourney")]
    assert len(events) == EVENTS
    checked = connrules.loads(RULES, catalog=catalog())
    assert not checked.errors

    engine = connrules.Engine(connrules.compile_rules(checked), profiles=Customers())
    outcomes = engine.feed_many(events) + engine.finish()

    assert outcomes == evaluate(checked, events, profiles=Customers()).outcomes
    columnar = run_over_events(connrules.compile_rules(checked), events, {"profiles": Customers()})
    assert columnar.lines == lines_of(outcomes)
    assert columnar.note.startswith("streaming engine over the rows that matter")
    seen = Counter((outcome.rule, outcome.kind, outcome.reason) for outcome in outcomes)
    assert {rare for rare in MORE_THAN_FORTY if seen[rare] <= 40} == set()
    assert (
        min(seen["nightly", Kind.DROPPED, Reason.RULE_ENDED], seen["coupon", Kind.IGNORED, Reason.SOURCE_NOT_ACTIVE])
        > 0
    )
    assert over_the_change(outcomes, "calendar") == {"2017-03-13T04:00:00Z"}
    assert over_the_change(outcomes, "elapsed") == {"2017-03-13T05:00:00Z"}
    assert over_the_change(outcomes, "gap") == {"2017-03-12T07:30:00Z"}  # there is no 02:30 on that day


def over_the_change(outcomes: list[Outcome], rule: str) -> set[str | int]:
    """When a rule sends because of the campaign that was received four days before the clocks change."""
    received = parse_instant("2017-03-08T00:00:00-05:00")
    sends = [outcome for outcome in outcomes if (outcome.rule, outcome.kind) == (rule, Kind.SENT)]
    return {format_instant(outcome.at) for outcome in sends if outcome.triggered_at == received}
