"""What a `test` block means: when it starts, what it plays, how long it goes on, and what its expectations demand."""

import dataclasses

import pytest

import connrules
from connrules.catalog import Campaign, Card, Catalog
from connrules.duration import parse_instant
from connrules.testing import Mark, Report, Result, Status, run_tests
from connrules.testing.running import selected

RULES = """
rule reminder:
  on received_push of "Cart"
  after 1d
  unless purchase or opened_push
  send "Reminder"
"""
PUSH = 'at 0s received_push of "Cart"'


def instant(text: str) -> int:
    return parse_instant(text)


def catalog(**campaigns: tuple[str, str | None]) -> Catalog:
    """Campaigns with the interval in which each is active."""
    entries = (
        Campaign(name=name, active=((instant(start), None if end is None else instant(end)),))
        for name, (start, end) in campaigns.items()
    )
    return Catalog(campaigns=tuple(entries))


def report(steps: str, rules: str = RULES, known: Catalog | None = None) -> Report:
    checked = connrules.loads(f'{rules}\ntest "t":\n{steps}', catalog=known)
    assert [finding.message for finding in checked.errors] == []
    return run_tests(checked)


def result(*steps: str, rules: str = RULES, known: Catalog | None = None) -> Result:
    [only] = report("\n".join(steps), rules, known).results
    return only


def start_of(*steps: str, rules: str = RULES, known: Catalog | None = None) -> object:
    start = result(*steps, rules=rules, known=known).start
    assert start is not None
    return connrules.format_instant(start)


def told(one: Result) -> list[tuple[str, str, str]]:
    """The timeline: mark, text and note of each line."""
    return [(line.mark.value, line.text, line.note) for line in one.timeline]


def whys(one: Result) -> list[str]:
    return [failure.why for failure in one.failures]


# expectations


@pytest.mark.parametrize(
    "steps",
    [
        [PUSH, 'expect sent "Reminder"'],
        [PUSH, 'expect sent "Reminder" at 1d'],
        [PUSH, 'expect sent "Reminder" by reminder'],
        ['user "a" ' + PUSH, 'expect user "a" sent "Reminder" at 1d by reminder'],
        [PUSH, 'expect user "user" sent "Reminder"'],
        ["at 2h purchase", PUSH, "expect cancelled reminder at 2h"],
        [PUSH, PUSH, "expect ignored reminder because already_waiting", 'expect sent "Reminder"'],
        [PUSH, "expect pending reminder"],
        [PUSH, "expect pending reminder at 1d"],
        ["at 2h purchase", "expect nothing"],
        [PUSH, "at 1d purchase", 'expect sent "Reminder"'],
        [PUSH, "at 23h59m59s999ms purchase", "expect nothing", "expect cancelled reminder"],
        ['user "a" ' + PUSH, 'user "b" at 0s purchase', 'expect user "b" nothing', 'expect sent "Reminder"'],
        ['user "a" ' + PUSH, 'user "b" ' + PUSH, 'expect sent "Reminder"', 'expect sent "Reminder"'],
    ],
)
def test_passes(steps: list[str]) -> None:
    assert whys(result(*steps)) == []
    assert result(*steps).status is Status.PASSED


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ([PUSH, 'expect sent "Reminder" at 23h59m59s999ms'], "sent at 1d, 1ms later"),
        ([PUSH, 'expect sent "Reminder" at 1d1ms'], "sent at 1d, 1ms earlier"),
        ([PUSH, "at 2h purchase", 'expect sent "Reminder"'], "cancelled by the purchase at 2h instead"),
        ([PUSH, "at 2h purchase", "expect cancelled reminder at 3h"], "cancelled at 2h, 1h earlier"),
        (
            ["at 2026-03-02T10:00:00Z " + PUSH[6:], 'expect sent "Reminder" at 2026-03-03T11:00:00Z'],
            "sent at 2026-03-03T10:00:00Z, 1h earlier",
        ),
        ([PUSH, "expect nothing"], '"Reminder" is sent at 1d by reminder'),
        (['user "a" ' + PUSH, 'expect user "a" nothing'], '"Reminder" is sent at 1d by reminder'),
        ([PUSH, "expect ignored reminder", 'expect sent "Reminder"'], "nothing else became of `reminder`"),
        (["at 0s purchase", 'expect sent "Reminder"'], "no event triggered `reminder`"),
        ([PUSH, 'expect sent "Reminder"', 'expect sent "Reminder"'], "it did not happen as often as it is expected"),
        ([PUSH, "expect pending reminder at 2d"], "due at 1d, 1d earlier"),
        ([PUSH, "at 1d purchase", "expect pending reminder"], 'sent "Reminder" at 1d instead'),
        (
            ['user "a" ' + PUSH, 'user "b" at 0s purchase', 'expect user "b" sent "Reminder"'],
            'no event of user "b" triggered `reminder`',
        ),
    ],
)
def test_fails(steps: list[str], why: str) -> None:
    failed = result(*steps)
    assert failed.status is Status.FAILED
    assert why in whys(failed)


def test_expectations_that_contradict_each_other() -> None:
    failed = result('user "a" ' + PUSH, 'expect user "a" sent "Reminder" at 1d', 'expect user "a" nothing')
    why = (
        '"Reminder" is sent at 1d by reminder, as `expect sent "Reminder" at 1d` has it: the two contradict each other'
    )
    assert whys(failed) == [why]
    assert [line for line in told(failed) if line[0] != "event"] == [
        ("met", 'sent "Reminder" by reminder', ""),
        ("unmet", "nothing", why),
    ]


def test_a_contradiction_goes_before_a_send_that_nothing_expects() -> None:
    failed = result('user "a" ' + PUSH, 'user "b" ' + PUSH, 'expect user "b" sent "Reminder"', "expect nothing")
    assert [why.partition(", as ")[2] for why in whys(failed)] == [
        '`expect sent "Reminder"` has it: the two contradict each other'
    ]
    assert [mark for mark, *_ in told(failed)] == ["event", "event", "unexpected", "met", "unmet"]


def test_who_is_expected_to_get_nothing_is_another_user() -> None:
    steps = 'user "a" ' + PUSH, 'user "b" at 0s purchase', 'expect user "a" sent "Reminder"', 'expect user "b" nothing'
    assert result(*steps).status is Status.PASSED


def test_a_send_that_nothing_expects_fails_the_test() -> None:
    """The world of sends is closed; other outcomes count only where they are mentioned."""
    failed = result('user "a" ' + PUSH, 'user "b" ' + PUSH, 'user "b" at 1h purchase', "expect cancelled reminder")
    assert whys(failed) == ['"Reminder" is sent at 1d by reminder']
    assert ("unexpected", 'sent "Reminder" by reminder', "not expected") in told(failed)
    assert result(PUSH, "at 1h purchase", "expect nothing").status is Status.PASSED


def test_expectations_find_their_outcomes_whatever_their_order() -> None:
    """A wide expectation does not take from a narrow one the only outcome that meets it."""
    passed = result(
        *('user "a" ' + PUSH, 'user "b" at 1h received_push of "Cart"'),
        *('expect sent "Reminder"', 'expect user "a" sent "Reminder"'),
    )
    assert passed.status is Status.PASSED


def test_because_names_the_reason() -> None:
    once = RULES + "once\n"
    steps = (PUSH, "at 1h " + PUSH[6:], 'expect sent "Reminder"')
    passed = result(*steps, "expect ignored reminder because already_waiting", rules=once)
    assert passed.status is Status.PASSED
    failed = result(*steps, "expect ignored reminder because not_eligible", rules=once)
    assert whys(failed) == ["because already_waiting instead"]


def test_by_names_the_rule_that_sent() -> None:
    two = RULES + 'rule other: on purchase after 2h send "Reminder"\n'
    assert result("at 0s purchase", 'expect sent "Reminder" by other', rules=two).status is Status.PASSED
    failed = result("at 0s purchase", 'expect sent "Reminder" by reminder', rules=two)
    assert whys(failed) == ["by other instead"]


# what is played


def test_steps_stand_in_any_order_and_events_are_taken_by_time_then_text() -> None:
    one = result('expect sent "Reminder" at 1d', "at 1d purchase", PUSH, "at 0s session_start")
    assert one.status is Status.PASSED
    assert [line.text for line in one.timeline if line.mark is Mark.EVENT] == [
        'received_push of "Cart"',
        "session_start",
        "purchase",
    ]


RICH = """
rule rich:
  on event "Filled Cart" where cart.total >= 3 and cart.day < 2026-02-01 and name = "x"
  send "Thanks"
"""


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ('cart.total = 3 and cart.day = 2026-01-31T23:59:59.999Z and name = "x"', 'sent "Thanks"'),
        ('cart.total = 2.9 and cart.day = 2026-01-31 and name = "x"', "nothing"),
        ('cart.total = 3 and cart.day = 2026-02-01 and name = "x"', "nothing"),
        ("cart.total = 3 and cart.day = 2026-01-31 and name = true", "nothing"),
    ],
)
def test_properties_make_nested_objects(properties: str, expected: str) -> None:
    known = Catalog.model_validate(
        {
            "campaigns": [{"name": "Thanks"}],
            "events": [{"name": "Filled Cart", "properties": {"cart": "object", "name": "string"}}],
        }
    )
    steps = (f'at 0s event "Filled Cart" where {properties}', f"expect {expected}")
    assert result(*steps, rules=RICH, known=known).status is Status.PASSED
    assert result(*steps, rules=RICH).status is Status.PASSED


def test_a_property_cannot_be_both_a_value_and_an_object() -> None:
    one = result("at 0s purchase where a = 1 and a.b = 2", "expect nothing")
    assert one.status is Status.IMPOSSIBLE
    assert [failure.message for failure in one.failures] == ["`a` cannot have both a value and properties of its own"]


def test_the_run_goes_on_for_the_longest_delay() -> None:
    rules = 'rule long: on purchase after 3w send "X"\n' + RULES
    passed = result(PUSH, "at 5d purchase", 'expect sent "Reminder" at 1d', 'expect sent "X" at 26d', rules=rules)
    assert passed.status is Status.PASSED
    missed = result("at 0s purchase", "expect nothing", rules=rules)
    assert whys(missed) == ['"X" is sent at 3w by long']


def test_the_run_goes_on_for_what_follows_from_a_send() -> None:
    rules = "rule a: on purchase after 1d send X\nrule b: on sent a after 2d send Y\n"
    assert whys(result("at 0s purchase", "expect sent X at 1d", rules=rules)) == ['"Y" is sent at 3d by b']


def test_time_ends_with_the_year_9999() -> None:
    assert result("start 9999-12-31", PUSH, "expect pending reminder at 1d").status is Status.PASSED
    assert result("start 9999-12-31", PUSH, "expect nothing").status is Status.PASSED


def test_the_run_goes_on_for_what_is_held() -> None:
    rules = "rule a: on purchase between 09:00 and 10:00 send X\n"
    steps = ("start 2026-03-02T10:00:00Z", "at 0s purchase")
    assert whys(result(*steps, "expect nothing", rules=rules)) == ['"X" is sent at 23h by a']
    assert result(*steps, "expect pending a at 23h", rules=rules).status is Status.PASSED


# when it starts


def test_starts_when_all_is_active_that_the_rules_name() -> None:
    known = catalog(Cart=("2026-03-01", None), Reminder=("2026-03-05", "2026-06-01"))
    assert start_of(PUSH, 'expect sent "Reminder" at 1d', known=known) == "2026-03-05T00:00:00Z"


def test_starts_when_the_rules_live() -> None:
    rules = RULES + 'rule late: on purchase from 2026-04-01 until 2026-05-01 send "Reminder"\n'
    known = catalog(Cart=("2026-03-01", None), Reminder=("2026-03-05", None))
    assert start_of(PUSH, 'expect sent "Reminder"', rules=rules, known=known) == "2026-04-01T00:00:00Z"


def test_starts_by_the_rules_it_speaks_of_where_there_is_no_instant_for_all() -> None:
    rules = RULES + 'rule old: on received_push of "Old" send "Reminder"\nrule after_old: on sent old send "Cart"\n'
    known = catalog(Cart=("2026-03-01", None), Reminder=("2025-01-01", None), Old=("2025-02-01", "2025-03-01"))
    assert start_of(PUSH, "expect pending reminder", rules=rules, known=known) == "2026-03-01T00:00:00Z"
    about_old = result('at 0s received_push of "Old"', 'expect sent "Reminder"', rules=rules, known=known)
    assert about_old.status is Status.IMPOSSIBLE, "`after_old` follows from it and sends what is not published then"


def test_where_nothing_is_ever_active_together_the_test_cannot_be_run() -> None:
    known = catalog(Cart=("2026-03-01", "2026-04-01"), Reminder=("2026-05-01", None))
    steps = (PUSH, "expect ignored reminder because target_not_published")
    checked = connrules.loads(RULES + 'test "t":\n' + "\n".join(steps), catalog=known)
    failed = run_tests_anyway(checked)
    assert failed.status is Status.IMPOSSIBLE
    assert "there is no instant" in failed.failures[0].message
    assert "`start 2026-03-01T09:00:00Z`" in failed.failures[0].help


def run_tests_anyway(checked: connrules.Checked) -> Result:
    """The one result of rules in which the checker found errors: what is run must not depend on it."""
    [one] = run_tests(dataclasses.replace(checked, diagnostics=())).results
    return one


@pytest.mark.parametrize(
    ("end", "start"),
    [
        (None, "2026-01-01T00:00:00Z"),
        ("2026-01-01T00:00:00.001Z", "2026-01-01T00:00:00Z"),
        ("2026-01-01", "2025-01-01T00:00:00Z"),
        ("2024-03-01", "2024-01-01T00:00:00Z"),
    ],
)
def test_where_nothing_bounds_the_start_from_below(end: str | None, start: str) -> None:
    rules = RULES if end is None else RULES.replace("send", f"until {end} send")
    assert start_of(PUSH, "expect pending reminder", rules=rules) == start


def test_start_says_when() -> None:
    assert start_of("start 2020-02-03", PUSH, "expect pending reminder") == "2020-02-03T00:00:00Z"


def test_instants_need_no_offset() -> None:
    steps = ("at 2026-03-02T10:00:00Z " + PUSH[6:], 'expect sent "Reminder" at 2026-03-03T10:00:00Z')
    assert result(*steps).status is Status.PASSED
    assert result(*steps).zone == "UTC"
    assert result(PUSH, "expect pending reminder").zone is None


# what is active


PUBLISHED = catalog(Cart=("2026-03-01", None), Reminder=("2026-03-01", None))


@pytest.mark.parametrize("known", [None, PUBLISHED], ids=["without catalog", "with catalog"])
def test_a_test_says_when_things_are_active(known: Catalog | None) -> None:
    steps = (
        'active "Reminder" from 1h until 2d',
        'user "early" at 59m59s999ms received_push of "Cart"',
        'user "first" at 1h received_push of "Cart"',
        'user "last" at 23h59m59s999ms received_push of "Cart"',
        'user "late" at 1d received_push of "Cart"',
        'user "none" at 2d received_push of "Cart"',
        'expect user "early" ignored reminder because target_not_published',
        'expect user "first" sent "Reminder" at 1d1h',
        'expect user "last" sent "Reminder"',
        'expect user "late" dropped reminder because target_stopped at 2d',
        'expect user "none" ignored reminder because target_not_published',
    )
    assert whys(result(*steps, known=known)) == []


def test_active_twice_is_paused_in_between() -> None:
    steps = (
        'active "Cart" until 1h',
        'active "Cart" from 2h',
        'user "a" at 30m received_push of "Cart"',
        'user "b" at 1h received_push of "Cart"',
        'user "c" at 2h received_push of "Cart"',
        'expect user "b" ignored reminder because source_not_active',
        'expect user "a" sent "Reminder"',
        'expect user "c" sent "Reminder"',
    )
    assert whys(result(*steps, known=PUBLISHED)) == []


def test_active_changes_nothing_for_other_tests() -> None:
    text = f"""{RULES}
    test "never": active "Reminder" until 0s {PUSH} expect ignored reminder because target_not_published
    test "as in the catalog": {PUSH} expect sent "Reminder"
    """
    assert run_tests(connrules.loads(text, catalog=PUBLISHED)).passed == 2


def test_active_has_a_say_in_when_the_test_starts() -> None:
    known = catalog(Cart=("2026-03-01", None), Reminder=("2027-01-01", None))
    assert start_of('active "Reminder"', PUSH, 'expect sent "Reminder"', known=known) == "2026-03-01T00:00:00Z"
    assert (
        start_of('active "Reminder" from 2026-07-01', PUSH, 'expect sent "Reminder"', known=known)
        == "2026-07-01T00:00:00Z"
    )


def test_active_of_a_card_and_by_id() -> None:
    rules = 'rule card: on clicked_card of "News" send "Offer"\n'
    known = Catalog(cards=(Card(name="News", id="n-1"),), campaigns=(Campaign(name="Offer"),))
    steps = ('active "n-1" from 1h', 'at 0s clicked_card of "News"', "expect ignored card because source_not_active")
    checked = connrules.loads(rules + 'test "t":\n' + "\n".join(steps), catalog=known)
    assert run_tests_anyway(checked).status is Status.PASSED


# each


def test_each_runs_the_test_for_every_combination() -> None:
    text = f"""{RULES}
    test "a purchase cancels":
      each delay in 0s, 1d
      each amount in 1, 2.5, "x"
      {PUSH}
      at delay purchase where amount = amount
      expect cancelled reminder at delay
    """
    results = run_tests(connrules.loads(text)).results
    assert [(one.name, one.status.value) for one in results] == [
        ("a purchase cancels [delay=0s, amount=1]", "passed"),
        ("a purchase cancels [delay=0s, amount=2.5]", "passed"),
        ('a purchase cancels [delay=0s, amount="x"]', "passed"),
        ("a purchase cancels [delay=1d, amount=1]", "failed"),
        ("a purchase cancels [delay=1d, amount=2.5]", "failed"),
        ('a purchase cancels [delay=1d, amount="x"]', "failed"),
    ]
    assert "purchase where amount = 2.5" in [line.text for line in results[1].timeline]
    assert results[3].timeline[-1].text == "cancelled reminder at 1d"


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (['each v in "x"', "at v purchase"], '`"x"` is no time'),
        (["at v purchase"], "nothing is called `v` here"),
        (["each v in 1h", "at 0s purchase where amount = v"], "the duration `1h` cannot be a property"),
        (["start 9999-12-31", "at 1d purchase"], "this event would be outside the years 1 to 9999"),
        (["at 0s purchas"], "there is no event `purchas`"),
        (['active "Nothing Like It"'], "there is no campaign or card `Nothing Like It` in the catalog"),
    ],
)
def test_what_does_not_fit_cannot_be_run(steps: list[str], message: str) -> None:
    text = RULES + 'test "t":\n' + "\n".join([*steps, "expect nothing"])
    one = run_tests_anyway(connrules.loads(text, catalog=PUBLISHED))
    assert one.status is Status.IMPOSSIBLE
    assert [failure.message for failure in one.failures] == [message]
    assert one.timeline == ()


# selection


def test_a_part_of_the_name_selects_in_any_case_of_letters() -> None:
    text = (
        f'{RULES} test "Émile": {PUSH} expect nothing  test "b": each v in 1h, 2h {PUSH} at v purchase expect nothing'
    )
    checked = connrules.loads(text)
    assert [name for _, name, _ in selected(checked, "éMI")] == ["Émile"]
    assert [name for _, name, _ in selected(checked, "v=2")] == ["b [v=2h]"]
    assert [one.name for one in run_tests(checked, select="B [").results] == ["b [v=1h]", "b [v=2h]"]
    assert run_tests(checked, select="nothing like it").results == ()


def test_rules_with_errors_are_not_tested() -> None:
    with pytest.raises(connrules.CompileError):
        run_tests(connrules.loads('on purchase unless session_start send X test "t": at 0s purchase expect nothing'))


# the timeline


def test_a_failure_is_one_timeline() -> None:
    one = result(
        *('user "a" ' + PUSH, 'user "a" at 1h received_push of "Cart"', 'user "b" at 2h purchase where amount = 30'),
        *('expect user "a" sent "Reminder" at 23h', "expect cancelled reminder", "expect ignored reminder at 1h"),
    )
    assert told(one) == [
        ("event", 'received_push of "Cart"', ""),
        ("event", 'received_push of "Cart"', ""),
        ("met", "ignored reminder because already_waiting", ""),
        ("event", "purchase where amount = 30", ""),
        ("unmet", 'sent "Reminder" at 23h', "sent at 1d, 1h later"),
        ("unexpected", 'sent "Reminder" by reminder', "not expected"),
        ("unmet", "cancelled reminder", 'sent "Reminder" at 1d instead'),
    ]
    start = one.start or 0
    hours = [None if line.at is None else (line.at - start) / 3_600_000 for line in one.timeline]
    assert hours == [0, 1, 1, 2, 23, 24, None]
    assert [line.user for line in one.timeline] == ["a", "a", "a", "b", "a", "a", None]


def test_a_failure_points_at_the_expectation() -> None:
    one = result(PUSH, 'expect sent "Reminder"\n   at 2d')
    [failure] = one.failures
    text = failure.source.text[failure.span.start : failure.span.end]
    assert text == 'expect sent "Reminder"\n   at 2d'
    assert failure.position == (failure.source.text[: failure.span.start].count("\n") + 1, 1)


def test_a_wait_per_value_tells_the_value() -> None:
    rules = 'rule carts: on event "Filled" after 1h unless purchase where cart = trigger.cart per cart send X\n'
    one = result(
        *('at 0s event "Filled" where cart = "c1"', 'at 0s event "Filled" where cart = "c2"'),
        *('at 1m purchase where cart = "c1"', "expect cancelled carts at 1m", "expect sent X at 1h"),
        rules=rules,
    )
    assert one.status is Status.PASSED
    assert 'cancelled carts, by `purchase where cart = trigger.cart` (per "c1")' in [line.text for line in one.timeline]
