"""What tests are said to reach: only what happened, only what is possible, and the millisecond where a wait ends."""

import pytest

import connrules
from connrules.catalog import Campaign, Catalog
from connrules.event import Kind, Reason
from connrules.testing import Coverage, Item, run_tests

REMINDER = 'rule r: on received_push of "Cart" after 1d unless purchase or opened_push send "Reminder"\n'
ALWAYS_ACTIVE = Catalog(campaigns=tuple(Campaign(name=n, channels=("push",)) for n in ("Cart", "Reminder", "Other")))


def coverage(rules: str, *tests: str, known: Catalog | None = ALWAYS_ACTIVE) -> Coverage:
    text = "\n".join([rules, *(f'test "{number}": {steps}' for number, steps in enumerate(tests))])
    checked = connrules.loads(text, catalog=known)
    assert [finding.message for finding in checked.errors] == []
    return run_tests(checked, coverage=True).coverage


def items(rules: str, *tests: str, known: Catalog | None = ALWAYS_ACTIVE) -> tuple[Item, ...]:
    """The points of the first rule."""
    return coverage(rules, *tests, known=known).rules[0].items


def texts(rules: str, *, known: Catalog | None = ALWAYS_ACTIVE) -> list[str]:
    return [item.text for item in items(rules, known=known)]


def reached(rules: str, *tests: str, known: Catalog | None = ALWAYS_ACTIVE) -> set[str]:
    return {item.text for item in items(rules, *tests, known=known) if item.reached}


# what there is to reach


BASICS = [
    'sent "Reminder"',
    "cancelled by `purchase`",
    "cancelled by `opened_push`",
    "exception 1ms before the due instant",
    "exception at the due instant",
    "exception 1ms after the due instant",
]


def test_a_plain_rule() -> None:
    assert texts(REMINDER) == [*BASICS, "ignored because already_waiting"]
    assert texts(REMINDER, known=None) == texts(REMINDER)


def test_a_rule_that_does_not_wait() -> None:
    assert texts('rule r: on purchase send "Reminder"') == ['sent "Reminder"']
    assert texts('rule r: on purchase after 0s send "Reminder"') == ['sent "Reminder"']


DATED = Catalog(
    campaigns=(
        Campaign(name="Cart", active=((0, None),)),
        Campaign(name="Reminder", active=((0, 10**13),)),
        Campaign(name="Other"),
    )
)


@pytest.mark.parametrize(
    ("clauses", "more"),
    [
        ("until 2027-01-01", {"dropped because rule_ended", "ignored because rule_not_live"}),
        ("from 2025-01-01", {"ignored because rule_not_live"}),
        ('if user.country = "FR"', {"ignored because audience"}),
        ('still if user.country = "FR"', {"dropped because audience_at_send"}),
        ("hold out 10%", {"dropped because held_out"}),
        ("convert on purchase within 1d", {"goal"}),
        ("once", {"ignored because not_eligible"}),
        ("at most 1 per 1h", {"ignored because not_eligible"}),
        ("at most 2 per 1d", set()),
        ("at most 2 per 1d1ms", {"ignored because not_eligible"}),
        ("at most 2 per 1d per cart", {"ignored because not_eligible", "dropped because not_eligible"}),
        ("between 09:00 and 21:00", set()),
        ("between 09:00 and 21:00 or drop", {"dropped because outside_window"}),
    ],
)
def test_what_a_clause_adds(clauses: str, more: set[str]) -> None:
    assert set(texts(REMINDER + clauses)) - set(texts(REMINDER)) == more


NEW_YORK = 'zone "America/New_York"'
DAYTIME = f"between 09:00 and 18:00 {NEW_YORK} or drop"


@pytest.mark.parametrize(
    ("clauses", "possible"),
    [
        (f"next saturday at 10:00 {NEW_YORK} {DAYTIME}", False),
        (f"in 1 days at 09:00 {NEW_YORK} {DAYTIME}", False),
        (f"in 1 days at 17:59 {NEW_YORK} {DAYTIME}", False),
        (f"in 0 days at 10:00 {NEW_YORK} {DAYTIME}", True),
        (f"next saturday at 10:00 {DAYTIME}", True),
        (f"next saturday at 10:00 local {DAYTIME}", True),
        ("next saturday at 10:00 local between 09:00 and 18:00 local or drop", True),
        ("next saturday at 10:00 between 09:00 and 18:00 or drop", False),
        ("next saturday at 10:00 between 22:00 and 12:00 or drop", False),
        ("next saturday at 02:30 between 01:00 and 05:30 or drop", True),
        ("next saturday at 02:30 between 01:00 and 05:31 or drop", False),
        ("next saturday at 23:00 between 22:00 and 01:00 or drop", True),
        ("next saturday at 23:00 between 22:00 and 03:00 or drop", False),
        ("next saturday at 10:00 policy: quiet 22:00 to 08:00 or drop", False),
        ("next saturday at 10:00 policy: quiet 22:00 to 08:00 local or drop", True),
        (f'next saturday at 10:00 policy: time zone "UTC" quiet 22:00 to 08:00 {NEW_YORK} or drop', True),
    ],
)
def test_a_schedule_inside_the_window_is_never_outside_it(clauses: str, possible: bool) -> None:
    found = texts(f'rule r: on received_push of "Cart" unless purchase send "Reminder" {clauses}')
    assert ("dropped because outside_window" in found) is possible


@pytest.mark.parametrize(
    ("where", "possible"),
    [
        ("id = trigger.id", False),
        ("id != trigger.id", False),
        ("id in (trigger.id, trigger.other)", False),
        ("tags contains trigger.id", False),
        ("amount > 5 and id = trigger.id", False),
        ("(id = trigger.id or other starts with trigger.id)", False),
        ("amount > 5", True),
        ("id in (trigger.id, 5)", True),
        ("(amount > 5 or id = trigger.id)", True),
        ("not id = trigger.id", True),
        ("id is missing", True),
    ],
)
def test_what_a_rule_sends_has_no_properties_to_compare_with(where: str, possible: bool) -> None:
    chained = f'after 1d unless session_start or purchase where {where} send "Reminder"'
    told = f"cancelled by `purchase where {where}`"
    sending = 'rule first: on purchase send "Other"'
    assert (told in texts(f"rule r: on sent first {chained} {sending}")) is possible
    assert told in texts(f"rule r: on sent first or purchase {chained} {sending}")


def test_an_exception_that_is_never_met_has_no_boundary() -> None:
    rules = 'rule r: on sent first after 1d unless purchase where id = trigger.id send "Reminder"'
    assert texts(f'{rules} rule first: on purchase send "Other"') == [
        'sent "Reminder"',
        "ignored because already_waiting",
    ]


@pytest.mark.parametrize(
    ("policy", "more"),
    [
        ("limit 3 per 1d", {"dropped because limited"}),
        ("limit push to 3 per 1d", {"dropped because limited"}),
        ("limit email to 3 per 1d", set()),
        ("quiet 22:00 to 08:00 or drop", {"dropped because outside_window"}),
        ("quiet 22:00 to 08:00", set()),
    ],
)
def test_what_the_policy_adds(policy: str, more: set[str]) -> None:
    assert set(texts(f"{REMINDER} policy: {policy}")) - set(texts(REMINDER)) == more


def test_what_the_dates_of_the_catalog_add() -> None:
    assert set(texts(REMINDER, known=DATED)) - set(texts(REMINDER)) == {
        "dropped because target_stopped",
        "ignored because target_not_published",
        "ignored because source_not_active",
    }
    assert set(texts('rule r: on received_push of any send "Other"', known=DATED)) == {
        'sent "Other"',
        "ignored because source_not_active",
    }


@pytest.mark.parametrize(
    ("first", "trigger", "again"),
    [
        ("rule a: on purchase once send X", "sent a", False),
        ("rule a: on purchase send X", "sent a", True),
        ("rule a: on purchase once send X", "sent a or session_start", True),
        ("rule a: on purchase after 1h unless session_start once send X", "cancelled a", True),
        ("rule b: on purchase once send X rule a: on sent b after 1h unless purchase send Y", "cancelled a", False),
        ("rule b: on purchase once send X rule a: on sent b after 1h unless purchase send Y", "sent a", False),
        ("rule b: on purchase send X rule a: on sent b after 1h unless purchase send Y", "sent a", True),
        ("rule b: on purchase once send X rule a: on sent r or sent b after 1h send Y", "sent a", True),
    ],
)
def test_what_follows_from_something_that_happens_once(first: str, trigger: str, again: bool) -> None:
    """Who is triggered once cannot be triggered while waiting, nor after a send."""
    rules = f"rule r: on {trigger} after 1d at most 1 per 1w send Z {first}"
    more = {"ignored because already_waiting", "ignored because not_eligible"}
    assert set(texts(rules, known=None)) == {'sent "Z"'} | (more if again else set())
    restarting = rules.replace("after 1d", "after 1d restarting")
    assert ("restarted" in texts(restarting, known=None)) is again


def test_restarting_replaces_already_waiting() -> None:
    assert texts('rule r: on purchase after 1d restarting send "Reminder"') == ['sent "Reminder"', "restarted"]


def test_a_held_send_waits_without_a_delay() -> None:
    held = 'rule r: on purchase between 09:00 and 21:00 send "Reminder"'
    assert texts(held) == ['sent "Reminder"', "ignored because already_waiting"]


def test_each_arm_of_a_split() -> None:
    rules = 'rule r: on purchase send one of 50% "Reminder", 50% "Other"'
    assert texts(rules) == ['sent "Reminder"', 'sent "Other"']
    users = " ".join(f'user "u{n}" at 0s purchase' for n in range(20))
    assert coverage(rules, f"{users} expect nothing").percent == 100
    assert coverage(rules, 'at 0s purchase expect sent "Reminder"').percent == 50


# what was reached


PUSH = 'at 0s received_push of "Cart"'


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (f"{PUSH} expect pending r", set()),
        (f'{PUSH} expect sent "Reminder"', {'sent "Reminder"'}),
        (f"{PUSH} at 2h purchase expect nothing", {"cancelled by `purchase`"}),
        (f'{PUSH} at 2h opened_push of "Cart" expect nothing', {"cancelled by `opened_push`"}),
        (f'{PUSH} {PUSH} expect sent "Reminder"', {'sent "Reminder"', "ignored because already_waiting"}),
        (
            f"{PUSH} at 23h59m59s999ms purchase expect nothing",
            {"cancelled by `purchase`", "exception 1ms before the due instant"},
        ),
        (f"{PUSH} at 23h59m59s998ms purchase expect nothing", {"cancelled by `purchase`"}),
        (f'{PUSH} at 1d purchase expect sent "Reminder"', {'sent "Reminder"', "exception at the due instant"}),
        (
            f'{PUSH} at 1d1ms purchase expect sent "Reminder"',
            {'sent "Reminder"', "exception 1ms after the due instant"},
        ),
        (f'{PUSH} at 1d2ms purchase expect sent "Reminder"', {'sent "Reminder"'}),
        (f'{PUSH} at 1d session_start expect sent "Reminder"', {'sent "Reminder"'}),
        (f'{PUSH} at 1d opened_push of "Other" expect sent "Reminder"', {'sent "Reminder"'}),
        (f'{PUSH} user "b" at 1d purchase expect sent "Reminder"', {'sent "Reminder"'}),
    ],
)
def test_only_what_happened_counts(steps: str, expected: set[str]) -> None:
    assert reached(REMINDER, steps) == expected


def test_what_a_test_claims_does_not_count() -> None:
    assert reached(REMINDER, "at 0s purchase expect cancelled r") == set()


def test_an_exception_is_looked_at_with_its_conditions() -> None:
    rules = 'rule r: on event "Cart" after 1d unless purchase where id = trigger.id send "Reminder"'
    other = 'at 0s event "Cart" where id = 1 at 1d purchase where id = 2 expect sent "Reminder"'
    assert reached(rules, other, known=None) == {'sent "Reminder"'}
    assert "exception at the due instant" in reached(rules, other.replace("id = 2", "id = 1"), known=None)


def test_the_boundary_of_a_schedule_and_of_a_held_send() -> None:
    rules = 'rule r: on purchase in 1 day at 09:00 unless session_start send "Reminder"'
    start = "start 2026-03-02T12:00:00Z at 0s purchase"
    assert "exception 1ms before the due instant" in reached(
        rules, f"{start} at 2026-03-03T08:59:59.999Z session_start expect nothing"
    )
    assert "exception at the due instant" in reached(rules, f"{start} at 21h session_start expect nothing")
    held = 'rule r: on purchase after 1h between 09:00 and 10:00 unless session_start send "Reminder"'
    assert "exception 1ms before the due instant" in reached(
        held, f"{start} at 20h59m59s999ms session_start expect nothing"
    )
    assert "exception 1ms after the due instant" in reached(held, f"{start} at 21h1ms session_start expect nothing")


def test_a_dropped_send_has_a_boundary_too() -> None:
    rules = REMINDER + "until 2026-03-02"
    steps = f"start 2026-03-01T12:00:00Z {PUSH} at 1d purchase expect dropped r"
    assert reached(rules, steps) == {"dropped because rule_ended", "exception at the due instant"}


EVERYTHING = """
rule r:
  on received_push of "Cart"
  if user.out is missing
  after 1d
  unless purchase
  per cart
  still if user.gone is missing
  between 06:00 and 23:00 or drop
  until 2026-03-10
  at most 1 per 1w
  hold out 50%
  convert on session_start within 2d
  send "Reminder"
policy: limit 1 per 1d
rule other: on event "X" send "Other"
"""


def test_every_point_can_be_reached() -> None:
    """A point that no test could reach would make a hundred percent a lie; each has a hint."""
    noon = "start 2026-03-02T12:00:00Z"
    push = f'{noon} at 0s received_push of "Cart"'
    tests = [
        " ".join(
            [noon, *(f'user "u{n}" {PUSH} user "u{n}" at 1d1h session_start' for n in range(8)), "expect nothing"]
        ),
        f"{push} at 2h purchase expect nothing",
        *(f"{push} at {at} purchase expect nothing" for at in ("23h59m59s999ms", "1d", "1d1ms")),
        'start 2026-03-02T23:30:00Z at 0s received_push of "Cart" expect nothing',
        f'{push} active "Reminder" until 1h expect nothing',
        'start 2026-03-09T12:00:00Z at 0s received_push of "Cart" at 2d received_push of "Cart" expect nothing',
        f"{push} at 1h attributes where gone = true expect nothing",
        " ".join(
            [noon, *(f'user "u{n}" at 0s received_push of "Cart" where cart = {c}' for n in range(8) for c in (1, 2))]
        )
        + " expect nothing",
        " ".join([noon, *(f'user "u{n}" {PUSH} user "u{n}" at 23h event "X"' for n in range(8))]) + " expect nothing",
        f'{push} active "Reminder" from 1h expect nothing',
        f'{push} active "Cart" from 1h expect nothing',
        f'{noon} at 0s attributes where out = 1 at 0s received_push of "Cart" expect nothing',
        f'{push} at 1h received_push of "Cart" expect nothing',
        " ".join([noon, *(f'user "u{n}" {PUSH} user "u{n}" at 3d received_push of "Cart"' for n in range(8))])
        + " expect nothing",
    ]
    found = items(EVERYTHING, *tests, known=DATED)
    assert [item.text for item in found if not item.reached] == []
    assert all(item.hint for item in found)
    reasons = {item.point.detail for item in found if item.point.kind in {Kind.DROPPED, Kind.IGNORED}}
    assert reasons == set(Reason) - {Reason.RULE_REMOVED}, "every reason there is while rules stay as they are"


# numbers


def test_percent_is_rounded_down() -> None:
    one = coverage(REMINDER, f'{PUSH} expect sent "Reminder"')
    assert (one.reached, one.points, one.percent) == (1, 7, 14)
    assert one.rules[0].percent == 14
    assert Coverage().percent == 100


def test_without_coverage_nothing_is_watched() -> None:
    checked = connrules.loads(f'{REMINDER} test "t": {PUSH} expect nothing')
    assert run_tests(checked).coverage == Coverage()
