"""What a story says of each trigger: its wait, what became of it, the clause that decided and what was found."""

import pytest
from tests.unit.explaining import at, event, explained, mismatches, story, trigger

from connrules.event import Event, Kind, Reason
from connrules.explain import Log
from connrules.explain.story import (
    Clause,
    Comparison,
    Drawn,
    Inactive,
    Occurrence,
    OtherObject,
    Sent,
    UsedUp,
    Waiting,
)

PUSH = 'rule r: on received_push of "Cart"\n  after 1d\n  unless purchase\n    or opened_push\n  send "Follow"'
SEGMENTS = 'segment french = user.country = "FR"\nrule r: on purchase if in segment french send "Follow"'


# waits


def test_a_send_says_how_long_the_wait_was_and_which_clause_set_it() -> None:
    entry = trigger(PUSH, event("0s", "received_push", "e1", campaign="c-1"), until="2d")
    assert entry.event == Occurrence("received_push", "e1", at("0s"), "Cart")
    assert (entry.outcome, entry.at, entry.due, entry.send) == (Kind.SENT, at("1d"), at("1d"), "Follow")
    assert entry.clause == Clause("after 1d", "rules.conn", 2)
    assert entry.pattern == Clause('on received_push of "Cart"', "rules.conn", 1)
    assert entry.reason is None
    assert entry.miss is None


def test_a_cancelled_wait_says_by_what_and_by_which_pattern() -> None:
    entry = trigger(
        PUSH, event("0s", "received_push", "e1", campaign="Cart"), event("2h", "opened_push", "e2", campaign="Cart")
    )
    assert (entry.outcome, entry.at, entry.due) == (Kind.CANCELLED, at("2h"), at("1d"))
    assert entry.by == Occurrence("opened_push", "e2", at("2h"), "Cart")
    assert entry.clause == Clause("unless opened_push", "rules.conn", 4)


def test_a_comment_in_a_clause_is_no_part_of_what_is_quoted() -> None:
    rules = 'rule r: on purchase after 1d unless session_start or # why\n purchase where a = 1 # "\n and b = 2 send X'
    entry = trigger(rules, event("0s", "purchase"), event("1h", "purchase", a=1, b=2), catalog=False)
    assert entry.clause == Clause("unless purchase where a = 1 and b = 2", "rules.conn", 2)
    assert [fact.text for fact in entry.facts if isinstance(fact, Comparison)] == ["a = 1", "b = 2"]


def test_a_restarted_wait_says_by_what() -> None:
    rules = 'rule r: on purchase after 1d restarting send "Follow"'
    first, second = (
        trigger(rules, event("0s", "purchase", "e1"), event("5h", "purchase", "e2"), place=n) for n in (0, 1)
    )
    assert (first.outcome, first.at, first.due) == (Kind.RESTARTED, at("5h"), at("1d"))
    assert first.by == second.event
    assert first.clause == Clause("after 1d restarting", "rules.conn", 1)
    assert (second.outcome, second.due) == (Kind.PENDING, at("1d5h"))


def test_waits_per_value_are_told_apart() -> None:
    rules = 'rule r: on purchase after 1d per cart send "Follow"'
    events = [event("0s", "purchase", cart="a"), event("1h", "purchase", cart="b"), event("2h", "purchase", cart="a")]
    entries = [trigger(rules, *events, place=n, until="3d") for n in range(3)]
    assert [(entry.per, entry.outcome) for entry in entries] == [
        ("a", Kind.SENT),
        ("b", Kind.SENT),
        ("a", Kind.IGNORED),
    ]
    assert entries[2].facts == (Waiting(Occurrence("purchase", "#1", at("0s")), at("1d"), at("1d")),)
    assert entries[2].clause == Clause("per cart", "rules.conn", 1)


def test_without_a_delay_the_send_decides_itself() -> None:
    entry = trigger('rule r: on purchase send "Follow"', event("0s", "purchase"))
    assert (entry.outcome, entry.due, entry.at) == (Kind.SENT, at("0s"), at("0s"))
    assert entry.clause == Clause('send "Follow"', "rules.conn", 1)


def test_a_chain_is_followed() -> None:
    rules = (
        'rule first: on purchase after 1h send "Cart"\nrule r: on sent first after 1d unless opened_push send "Follow"'
    )
    entry = trigger(rules, event("0s", "purchase", "e1"), event("2h", "opened_push", "e2", campaign="Cart"))
    assert (entry.event.type, entry.event.rule, entry.event.object) == ("sent", "first", "Cart")
    assert (entry.event.at, entry.due) == (at("1h"), at("1d1h"))
    assert (entry.outcome, entry.by) == (Kind.CANCELLED, Occurrence("opened_push", "e2", at("2h"), "Cart"))


# clocks on the wall


def test_a_schedule_is_told_by_the_clock_of_the_user() -> None:
    entry = trigger(
        'rule r: on purchase in 1 day at 09:00 local send "Follow"',
        event("-1h", "attributes", time_zone="Asia/Tokyo"),
        event("0s", "purchase"),
        event("1h", "attributes", time_zone="Europe/Paris"),
    )
    (clock,) = entry.clocks
    assert entry.due == clock.at == at("14h")
    assert (clock.shows, clock.zone, clock.whose) == ("Tue 2026-03-03 09:00", "Asia/Tokyo", "user")


def test_a_send_that_is_held_says_what_the_clock_showed() -> None:
    entry = trigger(
        'policy: time zone "Europe/Paris" quiet 22:00 to 08:00\nrule r: on purchase after 12h send "Follow"',
        event("0s", "purchase"),
        until="2d",
    )
    assert entry.held is not None
    assert (entry.held.at, entry.held.shows, entry.held.whose) == (at("12h"), "Mon 2026-03-02 23:00", "policy")
    assert (entry.outcome, entry.at) == (Kind.SENT, at("21h"))


def test_a_window_that_held_a_send_up_is_named_beside_the_delay() -> None:
    quiet = 'policy: quiet 22:00 to 08:00\nrule r: on purchase after 13h send "Follow"'
    between = 'rule r: on purchase after 13h between 08:00 and 22:00 send "Follow"'
    by_policy, by_rule = (trigger(rules, event("0s", "purchase"), until="2d") for rules in (quiet, between))
    assert by_policy.clause == Clause("after 13h", "rules.conn", 2)
    assert by_policy.held_by == Clause("quiet 22:00 to 08:00", "rules.conn", 1)
    assert by_rule.held_by == Clause("between 08:00 and 22:00", "rules.conn", 1)
    assert [clock.shows for clock in by_policy.clocks] == ["Tue 2026-03-03 08:00"]


def test_a_window_that_was_open_decided_nothing_and_shows_no_clock() -> None:
    rules = 'policy: quiet 22:00 to 08:00\nrule r: on purchase after {} send "Follow"'
    open_, closed = (
        trigger(rules.format(delay), event("0s", "purchase"), until="2d") for delay in ("11h59m59s999ms", "12h")
    )
    assert (open_.clocks, open_.held, open_.held_by) == ((), None, None)
    assert closed.held is not None
    assert len(closed.clocks) == 1


def test_a_send_that_is_dropped_outside_its_window_says_what_the_clock_showed() -> None:
    rules = 'rule r: on purchase after 12h between 09:00 and 21:00 zone "Europe/Paris" or drop send "Follow"'
    entry = trigger(rules, event("0s", "purchase"), until="2d")
    assert (entry.outcome, entry.reason) == (Kind.DROPPED, Reason.OUTSIDE_WINDOW)
    assert entry.clause == Clause('between 09:00 and 21:00 zone "Europe/Paris" or drop', "rules.conn", 1)
    assert [(fact.shows, fact.whose) for fact in entry.clocks] == [("Mon 2026-03-02 23:00", "rule")]
    assert entry.facts == entry.clocks


# reasons


def test_a_rule_that_is_not_live_says_when_it_is() -> None:
    entry = trigger(
        'rule r: on purchase from 2026-03-03 until 2026-03-04 send "Follow"',
        event("0s", "purchase"),
    )
    assert (entry.outcome, entry.reason, entry.due) == (Kind.IGNORED, Reason.RULE_NOT_LIVE, None)
    assert entry.clause == Clause("from 2026-03-03", "rules.conn", 1)
    assert entry.facts == (Inactive("rule", "r", at("0s"), ((at("14h"), at("1d14h")),)),)


def test_a_rule_that_has_ended_names_its_end() -> None:
    rules = 'rule r: on purchase after 1d from 2026-03-01 until 2026-03-03 send "Follow"'
    entry = trigger(rules, event("0s", "purchase"), until="2d")
    assert (entry.outcome, entry.reason) == (Kind.DROPPED, Reason.RULE_ENDED)
    assert entry.clause == Clause("until 2026-03-03", "rules.conn", 1)


def test_a_message_that_is_not_published_says_when_it_is() -> None:
    entry = trigger('rule r: on purchase send "Soon"', event("0s", "purchase"))
    assert entry.reason is Reason.TARGET_NOT_PUBLISHED
    assert entry.clause == Clause('send "Soon"', "rules.conn", 1)
    assert entry.facts == (Inactive("campaign", "Soon", at("0s"), ((at("2h"), None),)),)


def test_a_message_that_was_stopped_says_when() -> None:
    entry = trigger('rule r: on purchase after 1d send "Over"', event("0s", "purchase"), until="2d")
    assert (entry.outcome, entry.reason) == (Kind.DROPPED, Reason.TARGET_STOPPED)
    assert entry.facts == (Inactive("campaign", "Over", at("1d"), ((at("-34h"), at("2h")), (at("62h"), None))),)


def test_a_source_that_is_not_active_says_when_it_is() -> None:
    entry = trigger('rule r: on opened_push of any send "Follow"', event("3h", "opened_push", campaign="Over"))
    assert entry.reason is Reason.SOURCE_NOT_ACTIVE
    assert entry.clause == Clause("on opened_push of any", "rules.conn", 1)
    (fact,) = entry.facts
    assert isinstance(fact, Inactive)
    assert (fact.what, fact.name, fact.at) == ("campaign", "Over", at("3h"))


def test_a_user_outside_the_audience_is_told_by_the_comparison_in_the_segment() -> None:
    entry = trigger(SEGMENTS, event("-1h", "attributes", country="DE"), event("0s", "purchase"))
    assert entry.reason is Reason.AUDIENCE
    assert entry.clause == Clause("if in segment french", "rules.conn", 2)
    assert entry.facts == (Comparison('user.country = "FR"', holds=False, subject="user.country", value="DE"),)


@pytest.mark.parametrize(("offset", "reason"), [("-1ms", None), ("0s", Reason.AUDIENCE), ("1ms", Reason.AUDIENCE)])
def test_an_attribute_counts_from_its_event_on(offset: str, reason: Reason | None) -> None:
    entry = trigger(SEGMENTS, *sorted([event("0s", "purchase"), event(offset, "attributes", country="FR")], key=_time))
    assert entry.reason is reason
    assert all(isinstance(fact, Comparison) and fact.value is None for fact in entry.facts)


def test_an_audience_at_the_send_is_asked_of_what_held_just_before_the_due_instant() -> None:
    rules = 'rule r: on purchase after 1d still if user.plan = "free" send "Follow"'
    events = [event("0s", "purchase"), event("23h", "attributes", plan="paid"), event("1d", "attributes", plan="free")]
    entry = trigger(rules, *events, catalog=False)
    assert (entry.outcome, entry.reason) == (Kind.DROPPED, Reason.AUDIENCE_AT_SEND)
    assert entry.clause == Clause('still if user.plan = "free"', "rules.conn", 1)
    assert entry.facts == (Comparison('user.plan = "free"', holds=False, subject="user.plan", value="paid"),)


def test_a_profile_is_looked_at_and_attributes_go_before_it() -> None:
    class Host:
        def attributes(self, user: str) -> dict[str, object]:
            return {"country": "FR"} if user == "u" else {}

    assert trigger(SEGMENTS, event("0s", "purchase"), profiles=Host()).outcome is Kind.SENT
    gone = trigger(SEGMENTS, event("-1h", "attributes", country=None), event("0s", "purchase"), profiles=Host())
    assert gone.facts == (Comparison('user.country = "FR"', holds=False, subject="user.country", value=None),)


@pytest.mark.parametrize(
    ("condition", "texts"),
    [
        ("user.a = 1 and user.b = 2 and user.c = 3", ["user.b = 2"]),
        ("user.b = 2 or user.c = 3", ["user.b = 2", "user.c = 3"]),
        ("not user.a = 1", ["user.a = 1"]),
        ("not (user.a = 1 and user.x is missing)", ["user.a = 1", "user.x is missing"]),
        ("user.a = 1 and (user.b = 2 or not user.a = 1)", ["user.b = 2", "user.a = 1"]),
    ],
)
def test_only_the_comparisons_that_decided_are_named(condition: str, texts: list[str]) -> None:
    entry = trigger(
        f"rule r: on purchase if {condition} send X",
        event("-1h", "attributes", a=1, b=1, c=1),
        event("0s", "purchase"),
        catalog=False,
    )
    assert [fact.text for fact in entry.facts if isinstance(fact, Comparison)] == texts


def test_someone_who_waits_already_is_told_since_when_and_how_that_ended() -> None:
    events = [event("0s", "received_push", "e1", campaign="Cart"), event("1h", "received_push", "e2", campaign="Cart")]
    entry = trigger(PUSH, *events, event("2h", "purchase", "e3"), place=1)
    assert (entry.outcome, entry.reason) == (Kind.IGNORED, Reason.ALREADY_WAITING)
    assert entry.facts == (Waiting(Occurrence("received_push", "e1", at("0s"), "Cart"), at("1d"), at("2h")),)


def test_someone_who_is_not_eligible_is_told_which_sends_used_it_up() -> None:
    rules = 'rule other: on purchase send "Cart"\nrule r: on purchase at most 2 per 1d send "Follow"'
    events = [event(offset, "purchase") for offset in ("-2d", "0s", "2h", "23h")]
    entry = trigger(rules, *events, place=3)
    assert entry.reason is Reason.NOT_ELIGIBLE
    assert entry.clause == Clause("at most 2 per 1d", "rules.conn", 2)
    sends = (Sent("r", "Follow", at("0s")), Sent("r", "Follow", at("2h")))
    assert entry.facts == (UsedUp(sends, 2, 86_400_000),)


def test_once_has_no_window() -> None:
    entry = trigger(
        'rule r: on purchase once send "Follow"', event("0s", "purchase"), event("99d", "purchase"), place=1
    )
    assert entry.facts == (UsedUp((Sent("r", "Follow", at("0s")),), 1, None),)


def test_a_limit_names_itself_and_the_sends_that_filled_it() -> None:
    rules = (
        "policy:\n  limit 9 per 1d\n  limit push to 1 per 12h\n"
        'rule mail: on purchase send "Soon"\nrule push: on purchase send "Cart"\n'
        'rule r: on purchase after 1h send "Follow"'
    )
    entry = trigger(rules, event("3h", "purchase"), until="1d")
    assert (entry.outcome, entry.reason) == (Kind.DROPPED, Reason.LIMITED)
    assert entry.clause == Clause("limit push to 1 per 12h", "rules.conn", 3)
    assert entry.facts == (UsedUp((Sent("push", "Cart", at("3h")),), 1, 43_200_000),)


def test_someone_who_is_held_out_is_told_the_draw() -> None:
    entry = trigger('rule r: on purchase hold out 99.9999% send "Follow"', event("0s", "purchase"))
    assert (entry.outcome, entry.reason) == (Kind.DROPPED, Reason.HELD_OUT)
    (fact,) = entry.facts
    assert isinstance(fact, Drawn)
    assert 0 <= fact.place < fact.share == 99.9999
    assert entry.clause == Clause("hold out 99.9999%", "rules.conn", 1)


def test_a_goal_stands_with_its_send() -> None:
    rules = 'rule r: on session_start convert on purchase where a > 1 within 1d send "Follow"'
    events = [event("0s", "session_start"), event("1h", "purchase", a=1), event("2h", "purchase", "e3", a=2)]
    entry = trigger(rules, *events)
    assert entry.goal is not None
    assert entry.goal.event == Occurrence("purchase", "e3", at("2h"))
    assert entry.goal.pattern == Clause("convert on purchase where a > 1 within 1d", "rules.conn", 1)


# what only looks like a trigger or an exception


def test_a_trigger_that_its_where_refuses_says_why() -> None:
    rules = 'rule r: on purchase where amount > 30 and color = "red" send "Follow"'
    (mismatch,) = mismatches(rules, event("0s", "purchase", "e1", amount=30, color="red"))
    assert mismatch.event.id == "e1"
    assert mismatch.pattern.text == 'on purchase where amount > 30 and color = "red"'
    assert mismatch.facts == (Comparison("amount > 30", holds=False, subject="amount", value=30),)


def test_an_event_that_another_pattern_takes_is_no_mismatch() -> None:
    rules = "rule r: on purchase where amount > 30 or purchase where vip = true send X"
    assert mismatches(rules, event("0s", "purchase", amount=1, vip=True), catalog=False) == []


def test_an_exception_that_its_where_refuses_says_why_with_the_values_on_both_sides() -> None:
    rules = "rule r: on session_start or purchase after 1d unless purchase where cart = trigger.cart send X"
    entry = trigger(
        rules, event("0s", "purchase", cart="a"), event("1h", "purchase", "e2", cart="b"), catalog=False, until="2d"
    )
    (mismatch,) = entry.did_not_cancel
    assert mismatch.event.id == "e2"
    assert mismatch.facts == (
        Comparison(
            "cart = trigger.cart", holds=False, subject="cart", value="b", operand="trigger.cart", operand_value="a"
        ),
    )


def test_an_exception_of_another_campaign_is_told_apart() -> None:
    events = [event("0s", "received_push", campaign="Cart"), event("1h", "opened_push", "e2", campaign="Over")]
    (mismatch,) = trigger(PUSH, *events, until="2d").did_not_cancel
    assert mismatch.facts == (OtherObject("Over", ("Cart",)),)


def test_events_before_and_after_the_wait_are_not_spoken_of() -> None:
    events = [event(o, "opened_push", campaign="Over") for o in ("-1ms", "0s", "1d", "2d")]
    events.insert(2, event("0s", "received_push", campaign="Cart"))
    assert trigger(PUSH, *events).did_not_cancel == ()


# what is left aside


def test_a_rule_that_nothing_triggered_says_what_there_was_instead() -> None:
    (absent,) = story(PUSH, *(event(o, "received_push", campaign="Over") for o in ("0s", "1h"))).absent
    assert (absent.wanted, absent.others) == ('received_push of "Cart"', (("Over", 2),))


def test_late_events_are_told_and_the_rest_of_the_log_decides_which_are() -> None:
    events = [event("0s", "purchase", "e1"), event("2h", "purchase", user="another"), event("1h", "purchase", "e2")]
    explanation = explained('rule r: on purchase send "Follow"', *events, lateness="59m59s999ms")
    assert [(late.event.id, late.late_ms) for late in explanation.late] == [("e2", 3_600_000)]
    assert explanation.events == 1
    assert explanation.until == at("2h")
    assert explained('rule r: on purchase send "Follow"', *events, lateness="1h").late == ()


def test_repeats_are_told() -> None:
    events = [event("0s", "purchase", "e1"), event("1h", "purchase", "e1"), event("4h", "purchase", "e1")]
    explanation = explained('rule r: on purchase send "Follow"', *events, dedupe=7_200_000)
    assert [repeat.at for repeat in explanation.repeated] == [at("1h")]
    assert [entry.event.at for entry in explanation.stories[0].entries] == [at("0s"), at("4h")]


def test_an_event_without_an_id_is_known_by_its_number_in_the_whole_log() -> None:
    entry = trigger(
        'rule r: on purchase send "Follow"', event("0s", "purchase", user="another"), event("0s", "purchase")
    )
    assert entry.event.id == "#2"


def test_one_rule_alone_can_be_told() -> None:
    rules = 'rule a: on purchase send "Follow"\nrule b: on purchase send "Follow"'
    assert [s.rule for s in explained(rules, event("0s", "purchase"), rule="b").stories] == ["b"]


def test_a_log_knows_who_was_probably_meant() -> None:
    log = Log("anna")
    for user in ("ana", "bob"):
        log.add(event("0s", "purchase", user=user))
    assert log.is_empty
    assert log.near() == "ana"


def _time(each: Event) -> int:
    return each.time


def test_a_bare_date_in_data_is_read_in_the_zone_of_the_policy() -> None:
    policy = 'policy: time zone "Europe/Paris"'
    rules = f"{policy}\nrule r: on purchase where day = 2026-03-02 if user.since = 2026-03-03 send X"
    events = [event("0s", "attributes", since="2026-03-02"), event("1s", "purchase", day="2026-03-02")]
    entry = trigger(rules, *events, catalog=False)
    assert (entry.outcome, entry.reason) == (Kind.IGNORED, Reason.AUDIENCE)
    assert [fact.text for fact in entry.facts if isinstance(fact, Comparison)] == ["user.since = 2026-03-03"]
