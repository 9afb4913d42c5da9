"""What a help line says to write is right: written instead, it gives a rule without a finding. A fix does just that.

Each row: a piece of a rule as people write it, what the help line says of it, and the piece after doing so.
"""

import pytest

from connrules.check import check
from connrules.diagnostic import Diagnostic
from connrules.lint.fixing import edited
from connrules.syntax.grammar import RESERVED
from connrules.syntax.parser import parse
from connrules.text import SourceText


def findings(text: str) -> tuple[Diagnostic, ...]:
    return check([parse(SourceText("t.conn", text))]).diagnostics


def assert_mended(rule: str, broken: str, said: str, mended: str) -> None:
    found = findings(rule.format(broken))
    assert len(found) == 1, found
    assert said in (found[0].help or ""), found[0].help
    assert findings(rule.format(mended)) == ()
    assert_fixed(found[0], broken, rule.format(mended))


def assert_fixed(found: Diagnostic, broken: str, mended: str) -> None:
    """A fix does what the help line says; what is left to the user is listed."""
    assert (found.fix is None) == (broken in LEFT_TO_THE_USER), found.fix
    if found.fix is not None:
        assert not found.fix.safe
        assert edited(found.source.text, sorted(found.fix.edits)).split() == mended.split()


LEFT_TO_THE_USER = {
    # there is more than one way, and the help line names several
    *("a = 1 or", "a = 1 and", "purchase or", "on purchase from 1.3.2026", "on purchase hold out 0.1"),
    *("on purchase hold out 0.125", "purchase or dropped other", "at 2 purchase", "next = 5", "test", "rule", "next"),
    *("on purchase from 2026-03-01 09:00", "on purchase from 2026-03-01 at 9:30", "rule:"),
    # what to write is an example
    *("", "on purchase after", "on purchase in 2 days", "on purchase next friday", "on purchase restarting"),
    *("on purchase on Friday at 09:00", 'sent of "Welcome"', "time zone local", 'time zone "local"'),
    *('time zone "UTC+1"', "on purchase next monday or tuesday at 09:00", "on purchase every friday at 09:00"),
    *("purchase at 2h", "on purchase", 'on "Signed Up"'),
    # no one word would do
    *('a like "x"', 'a ends with "x"', "on purchase at least 3 per 1d", "sent other where a = 1"),
    'sent "Some Campaign"',
    *('on purchase in 0 days at 09:00 zone "local"', "on purchase in 1 day at 24:00", "on purchase in 0 days at 24:00"),
    *("on purchase next sunday at 24:00", "expect not sent Y", "90 minutes, 1 hour"),
    "on purchase between 08:00 and 12:00 and between 22:00 and 23:00",
}


CONDITIONS = [
    ("coupon = null", "write `coupon is missing`", "coupon is missing"),
    ("cart.coupon = none", "write `cart.coupon is missing`", "cart.coupon is missing"),
    ("coupon != null", "write `coupon is present`", "coupon is present"),
    ("coupon is null", "write `coupon is missing`", "coupon is missing"),
    ("coupon is not missing", "write `coupon is present`", "coupon is present"),
    ("coupon is not present", "write `coupon is missing`", "coupon is missing"),
    ("coupon is true", "write `coupon = true`", "coupon = true"),
    ('coupon is not "x"', 'write `coupon != "x"`', 'coupon != "x"'),
    ('category not in ("a", "b")', "write `not category in (…)`", 'not category in ("a", "b")'),
    ('amount not contains "x"', "write `not amount contains …`", 'not amount contains "x"'),
    ('amount not starts with "x"', "write `not amount starts with …`", 'not amount starts with "x"'),
    ("amount not = 5", "write `amount != 5`", "amount != 5"),
    ('a > 50 or b = "x"', 'parentheses: `where (a > 50 or b = "x")`', '(a > 50 or b = "x")'),
    ("a > 5 or not b = 1", "`where (a > 5 or not b = 1)`", "(a > 5 or not b = 1)"),
    ("a > 5 or b.c in (1) or c = 2", "`where (a > 5 or b.c in (1) or c = 2)`", "(a > 5 or b.c in (1) or c = 2)"),
    ("a > 5 or b = 1 or session_start", "`where (a > 5 or b = 1)`", "(a > 5 or b = 1) or session_start"),
    ("a ≥ 5", "write `>=`", "a >= 5"),
    ("a ≤ 5", "write `<=`", "a <= 5"),
    ("a ≠ 5", "write `!=`", "a != 5"),
    ("a == 5", "write `=`", "a = 5"),
    ("a === 5", "write `=`", "a = 5"),
    ("a <> 5", "write `!=`", "a != 5"),
    ("a => 5", "write `>=`", "a >= 5"),
    ("a = 1 && b = 2", "write `and`", "a = 1 and b = 2"),
    ("a = 1 || b = 2", "write `or`, and put the whole condition in parentheses", "(a = 1 or b = 2)"),
    ("!a = 1", "write `not`", "not a = 1"),
    ('c in ["a", "b"]', 'write `in ("a", "b")`'.removeprefix("write "), 'c in ("a", "b")'),
    ('c in "a", "b"', '`in ("a", "b")`', 'c in ("a", "b")'),
    ('order id = "x"', "put it in backticks if it is one property: `order id`", '`order id` = "x"'),
    ('utm-source = "x"', "backticks if it is one property: `utm-source`", '`utm-source` = "x"'),
    ('a = 1 and my order id = "x"', "`my order id`", 'a = 1 and `my order id` = "x"'),
    ("größe > 5", "`größe`", "`größe` > 5"),
    ("2nd = 5", "`2nd`", "`2nd` = 5"),
    ("next = 5", "put it in backticks if it is a property: `next`", "`next` = 5"),
    ('a like "x"', "`contains` looks for a part of a text", 'a contains "x"'),
    ('a ends with "x"', "`starts with` for its beginning", 'a starts with "x"'),
    ('a begins with "x"', "write `starts with`", 'a starts with "x"'),
    ('a includes "x"', "write `contains`", 'a contains "x"'),
    ("a equals 5", "write `=`", "a = 5"),
    ("a exists", "write `is present`", "a is present"),
    ("(a > 5", "add `)` after `5`", "(a > 5)"),
    ("(a > 5 and (b = 1", "add `))` after `1`", "(a > 5 and (b = 1))"),
    ("a in (1, 2", "add `)` after `2`", "a in (1, 2)"),
    ("a > 5)", "delete it", "a > 5"),
    ("a between 5 and 10", "write `a >= 5 and a <= 10`", "a >= 5 and a <= 10"),
    ("a = 1 or", "delete the `or`", "a = 1"),
    ("a = 1 and", "delete the `and`", "a = 1"),
    ("a = 1 and session_start", "write `or session_start`", "a = 1 or session_start"),
    ("a = 1 or purchase and b = 1", "write `where`", "a = 1 or purchase where b = 1"),
    ("coupon == null", "write `coupon is missing`", "coupon is missing"),
    ("cart.coupon <> null", "write `cart.coupon is present`", "cart.coupon is present"),
    ("a is in (1, 2)", "write `a in` without `is`", "a in (1, 2)"),
    ("a is not in (1, 2)", "write `not a in` without `is`", "not a in (1, 2)"),
    ("NOT a = 1", "write `not`", "not a = 1"),
    ("a = 1, b = 2", "write `and`", "a = 1 and b = 2"),
    ("pay-by > 5", "backticks if it is one property: `pay-by`", "`pay-by` > 5"),
    ("a = 1 and in-app = 2", "backticks if it is one property: `in-app`", "a = 1 and `in-app` = 2"),
    ("größe in (1, 2)", "`größe`", "`größe` in (1, 2)"),
    ("my order in (1, 2)", "`my order`", "`my order` in (1, 2)"),
    ("total > 20,50", "write `20.50`", "total > 20.50"),
    ("total > 20,50 and b = 1", "write `20.50`", "total > 20.50 and b = 1"),
    ("a = red", 'text stands in quotes: "red"', 'a = "red"'),
]


@pytest.mark.parametrize(("broken", "said", "mended"), CONDITIONS)
def test_conditions(broken: str, said: str, mended: str) -> None:
    assert_mended("rule t:\n  on purchase where {}\n  send X\n", broken, said, mended)


PATTERNS = [
    ("purchase\n  opened_push of A", "write `or opened_push`", "purchase\n  or opened_push of A"),
    ('purchase event "E"', "write `or event`", 'purchase or event "E"'),
    ("purchase and session_start", "write `or session_start`", "purchase or session_start"),
    ("purchase, opened_push of A", "write `or opened_push`", "purchase or opened_push of A"),
    ("opened_push of A, opened_push of B", "write `or opened_push`", "opened_push of A or opened_push of B"),
    ('opened_push "A"', 'write `of "A"`', 'opened_push of "A"'),
    ('opened_push of "A" "B"', '`, "B"`', 'opened_push of "A", "B"'),
    ("", "name an event, e.g. `purchase`", "purchase"),
    ("purchase or", "delete the `or`", "purchase"),
    ('"Signed Up"', 'write `event "Signed Up"`', 'event "Signed Up"'),
    ("opened push of A", "write `opened_push`", "opened_push of A"),
    ("push-opened of A", "write `opened_push`", "opened_push of A"),
    ("opened_push of Cart Reminder", 'quotes: "Cart Reminder"', 'opened_push of "Cart Reminder"'),
    ("opened_push of cart-on-hold", 'quotes: "cart-on-hold"', 'opened_push of "cart-on-hold"'),
    ('opened_push of "A", Cart Reminder', 'quotes: "Cart Reminder"', 'opened_push of "A", "Cart Reminder"'),
]


@pytest.mark.parametrize("rule", ["rule t:\n  on {}\n  send X\n", 'on event "Z" after 1d unless {} send X'])
@pytest.mark.parametrize(("broken", "said", "mended"), PATTERNS)
def test_patterns(rule: str, broken: str, said: str, mended: str) -> None:
    assert_mended(rule, broken, said, mended)


CLAUSES = [
    ("received_push of A", "write `on received_push`", "on received_push of A"),
    ("when purchase", "write `on`", "on purchase"),
    ("on purchase from 2026-03-01 09:00", "write `2026-03-01T09:00:00Z`", "on purchase from 2026-03-01T09:00:00Z"),
    ("on purchase from 2026-03-01 at 9:30", "write `2026-03-01T09:30:00Z`", "on purchase from 2026-03-01T09:30:00Z"),
    ("on purchase at most 3 a week", "write `per 1w`", "on purchase at most 3 per 1w"),
    ("on purchase from 31/03/2026", "write `2026-03-31`", "on purchase from 2026-03-31"),
    ("on purchase from 03/31/2026", "write `2026-03-31`", "on purchase from 2026-03-31"),
    ("on purchase from 1.3.2026", "write `2026-03-01` or `2026-01-03`", "on purchase from 2026-03-01"),
    ("on purchase from 2026/03/01", "write `2026-03-01`", "on purchase from 2026-03-01"),
    ("on purchase after", "write one, e.g. `after 1d`", "on purchase after 1d"),
    ("on purchase after 12h 1d", "one word: `1d12h`", "on purchase after 1d12h"),
    ('on purchase if x = "a"', "write `user.x`", 'on purchase if user.x = "a"'),
    ('on purchase if user x = "a"', "write `user.x`", 'on purchase if user.x = "a"'),
    ('on purchase if user.x == "a"', "write `=`", 'on purchase if user.x = "a"'),
    ('on purchase if user.x = "a" or "b"', '`user.x in ("a", "b")`', 'on purchase if user.x in ("a", "b")'),
    ("on purchase if user.x not = 1", "write `user.x != 1`", "on purchase if user.x != 1"),
    ("on purchase if user.x = null", "write `user.x is missing`", "on purchase if user.x is missing"),
    ("on purchase after 1d still user.x = 1", "write `still if user`", "on purchase after 1d still if user.x = 1"),
    ("on purchase between 9am to 5:30 pm", "`between 09:00 and 17:30`", "on purchase between 09:00 and 17:30"),
    ("on purchase between 9.30 and noon", "`between 09:30 and 12:00`", "on purchase between 09:30 and 12:00"),
    ("on purchase between 9h and 17h30", "`between 09:00 and 17:30`", "on purchase between 09:00 and 17:30"),
    (
        "on purchase between 09:00 and 10:00 zone Europe/Paris",
        'write `"Europe/Paris"`',
        'on purchase between 09:00 and 10:00 zone "Europe/Paris"',
    ),
    ("on purchase in 2 days", "write `in 2 days at 09:00`", "on purchase in 2 days at 09:00"),
    ("on purchase in one week at 9am", "write `in 7 days at 09:00`", "on purchase in 7 days at 09:00"),
    ("on purchase in 2 days at 9pm", "write `21:00`", "on purchase in 2 days at 21:00"),
    ("on purchase in 90 minutes", "write `after 90m`", "on purchase after 90m"),
    ("on purchase after 2d at 9am", "write `in 2 days at 09:00`", "on purchase in 2 days at 09:00"),
    ("on purchase at 09:00", "write `in 0 days at 09:00`", "on purchase in 0 days at 09:00"),
    ("on purchase next friday", "write `next friday at 09:00`", "on purchase next friday at 09:00"),
    (
        "on purchase in 0 days at 09:00 zone local",
        "write `local` without `zone`",
        "on purchase in 0 days at 09:00 local",
    ),
    ('on purchase in 0 days at 09:00 zone "local"', "`local` alone", "on purchase in 0 days at 09:00 local"),
    ('on purchase in 2 days at 09:00 in "UTC"', 'write `zone "UTC"`', 'on purchase in 2 days at 09:00 zone "UTC"'),
    ("on purchase in 2 days at 09:00 CET", 'write `zone "CET"`', 'on purchase in 2 days at 09:00 zone "CET"'),
    (
        "on purchase in 2 days at 09:00 Berlin",
        'zone "Europe/Berlin"',
        'on purchase in 2 days at 09:00 zone "Europe/Berlin"',
    ),
    ("on purchase in 2 days local at 09:00", "write `at 09:00 local`", "on purchase in 2 days at 09:00 local"),
    (
        'on purchase next friday zone "UTC" at 09:00',
        '`at 09:00 zone "UTC"`',
        'on purchase next friday at 09:00 zone "UTC"',
    ),
    ("on purchase in 1 day at 24:00", "write `in 2 days at 00:00`", "on purchase in 2 days at 00:00"),
    ("on purchase in 0 days at 24:00", "write `in 1 day at 00:00`", "on purchase in 1 day at 00:00"),
    ("on purchase next sunday at 24:00", "write `next monday at 00:00`", "on purchase next monday at 00:00"),
    ("on purchase between 08:00 and 24:00", "write `00:00`", "on purchase between 08:00 and 00:00"),
    ("on purchase next monday or tuesday at 09:00", "`next monday at 09:00`", "on purchase next monday at 09:00"),
    (
        "on purchase between 08:00 and 12:00 and between 22:00 and 23:00",
        "`between 08:00 and 12:00`",
        "on purchase between 08:00 and 12:00",
    ),
    ("on purchase next Friday at 09:00", "did you mean `friday`?", "on purchase next friday at 09:00"),
    ("on purchase holdout 10%", "write `hold out`", "on purchase hold out 10%"),
    ("on purchase hold out 10", "write `10%`", "on purchase hold out 10%"),
    ("on purchase convert purchase within 7d", "`convert on purchase`", "on purchase convert on purchase within 7d"),
    ("on purchase convert on purchase in 7d", "write `within`", "on purchase convert on purchase within 7d"),
    (
        "on purchase convert within 7d on session_start",
        "write `convert on session_start within 7d`",
        "on purchase convert on session_start within 7d",
    ),
    (
        "on purchase convert on purchase within 7d where amount > 5 and b = 1",
        "write `convert on purchase where amount > 5 and b = 1 within 7d`",
        "on purchase convert on purchase where amount > 5 and b = 1 within 7d",
    ),
    ("on purchase hold-out 10%", "write `hold out`", "on purchase hold out 10%"),
    ("on purchase hold 10%", "write `hold out 10%`", "on purchase hold out 10%"),
    ("on purchase hold out 10% of users", "delete `of users`", "on purchase hold out 10%"),
    ("on purchase hold out 0.1", "write `0.1%` or `10%`", "on purchase hold out 10%"),
    ("on purchase hold out 0.125", "write `0.125%` or `12.5%`", "on purchase hold out 12.5%"),
    ("on purchase hold out 12,5%", "write `12.5%`", "on purchase hold out 12.5%"),
    ("on purchase at least 3 per 1d", "there is only `at most`", "on purchase at most 3 per 1d"),
    ("on purchase only once", "write `once` alone", "on purchase once"),
    ("on purchase at most once", "write `once`", "on purchase once"),
    ("on purchase at most once per 1d", "write `at most 1`", "on purchase at most 1 per 1d"),
    ("on purchase wait 1d", "write `after`", "on purchase after 1d"),
    ("on purchase every friday at 09:00", "`next friday at 09:00` puts", "on purchase next friday at 09:00"),
    ("on purchase restarting", "write `after 1d restarting`", "on purchase after 1d restarting"),
    ("on purchase on Friday at 09:00", "write `next friday at 09:00`", "on purchase next friday at 09:00"),
    (
        "on purchase from 2026-03-01 to 2026-04-01",
        "write `until`",
        "on purchase from 2026-03-01 until 2026-04-01",
    ),
    ("on purchase once per 1d", "write `at most 1 per 1d`", "on purchase at most 1 per 1d"),
]


@pytest.mark.parametrize("rule", ["rule t: {} send X", "rule t:\n  {}\n  send X\n\nrule u: on session_start send Y"])
@pytest.mark.parametrize(("broken", "said", "mended"), CLAUSES)
def test_clauses(rule: str, broken: str, said: str, mended: str) -> None:
    assert_mended(rule, broken, said, mended)


OF_OTHER_RULES = [
    ('sent of "Welcome"', "`sent` names a rule, no campaign", "sent other"),
    ('sent "Y"', "`other` is the one that sends `Y`: write `sent other`", "sent other"),
    ('sent "other"', "rules are named by words: write `sent other`", "sent other"),
    ('sent "Some Campaign"', "write the name that stands behind `rule`", "sent other"),
    ("purchase or dropped other", "write `sent other` or `cancelled other`", "purchase or sent other"),
    ("sent other cancelled other", "write `or cancelled`", "sent other or cancelled other"),
    ("sent other where a = 1", "write `sent other` alone", "sent other"),
]


@pytest.mark.parametrize(("broken", "said", "mended"), OF_OTHER_RULES)
def test_what_other_rules_did(broken: str, said: str, mended: str) -> None:
    other = "rule other: on session_start after 1d unless opened_push of Y send Y\n"
    assert_mended(other + "rule t: on {} send X", broken, said, mended)


SENDS = [
    ("send one of A, B", "write `send one of 50% A, 50% B`", "send one of 50% A, 50% B"),
    ("send one of A, B, C", "`send one of 34% A, 33% B, 33% C`", "send one of 34% A, 33% B, 33% C"),
    ('send "A" or "B"', '`send one of 50% "A", 50% "B"`', 'send one of 50% "A", 50% "B"'),
    ("send one of 50% A and 50% B", "write `,`", "send one of 50% A, 50% B"),
    ("send one of 33,5% A, 66.5% B", "write `33.5%`", "send one of 33.5% A, 66.5% B"),
    ('send one of 50% "A" 50% "B"', "`, 50%`", 'send one of 50% "A", 50% "B"'),
    ('send 50% "A" 50% "B"', 'write `send one of 50% "A", 50% "B"`', 'send one of 50% "A", 50% "B"'),
    ("send one of A 50%, 50% B", "write `50% A`", "send one of 50% A, 50% B"),
    ("send one of 50% A, B 50%", "write `50% B`", "send one of 50% A, 50% B"),
    ('send campaign "X"', 'write `send "X"`', 'send "X"'),
    ('send one of 50% push "X", 50% B', 'write `50% "X"`', 'send one of 50% "X", 50% B'),
    ("send 50% A, 50% B", "write `send one of 50%`", "send one of 50% A, 50% B"),
    ("send one of 50% My Mail, 50% B", 'quotes: "My Mail"', 'send one of 50% "My Mail", 50% B'),
]


@pytest.mark.parametrize(("broken", "said", "mended"), SENDS)
def test_sends(broken: str, said: str, mended: str) -> None:
    assert_mended("rule t:\n  on purchase\n  {}\n\nrule u: on session_start send Y", broken, said, mended)


POLICY = [
    ("limit 3 per day", "write `1d`", "limit 3 per 1d"),
    ("limit 3 a day", "write `per 1d`", "limit 3 per 1d"),
    ("limit in-app to 1 per 12h", "write `limit in_app`", "limit in_app to 1 per 12h"),
    ("limit push 1 per 12h", "write `limit push to 1`", "limit push to 1 per 12h"),
    ("limit 1 push per 12h", "write `limit push to 1`", "limit push to 1 per 12h"),
    ("limit to 3 per 1d", "write `limit 3`", "limit 3 per 1d"),
    ("limit 3 messages per 1d", "write `limit 3`", "limit 3 per 1d"),
    ("cap 3 per 1d", "write `limit`", "limit 3 per 1d"),
    ("at most 3 per 1d", "write `limit`", "limit 3 per 1d"),
    ('timezone "UTC"', "write `time zone`", 'time zone "UTC"'),
    ('zone "UTC"', "write `time zone`", 'time zone "UTC"'),
    ("time zone Europe/Paris", 'write `"Europe/Paris"`', 'time zone "Europe/Paris"'),
    ("time zone local", 'write `time zone "Europe/Paris"`', 'time zone "Europe/Paris"'),
    ('time zone "local"', '`"Europe/Paris"`', 'time zone "Europe/Paris"'),
    ('time zone "UTC+1"', 'name a region, such as `"Europe/Paris"`', 'time zone "Europe/Paris"'),
    ('time zone "paris"', 'did you mean `"Europe/Paris"`?', 'time zone "Europe/Paris"'),
    ("quiet from 22:00 to 8:00", "write `quiet 22:00 to 08:00`", "quiet 22:00 to 08:00"),
    ("quiet hours 10pm - 8am", "write `quiet 22:00 to 08:00`", "quiet 22:00 to 08:00"),
    ("quiet 22:00 and 08:00", "write `quiet 22:00 to 08:00`", "quiet 22:00 to 08:00"),
]


@pytest.mark.parametrize(("broken", "said", "mended"), POLICY)
def test_policies(broken: str, said: str, mended: str) -> None:
    policy = "policy:\n  {}\n\nrule u: on session_start send Y"
    (found,) = findings(policy.format(broken))
    assert said in found.help, found.help
    # Whether a limit counts any campaign is for the checker to say, and needs a catalog.
    assert parse(SourceText("t.conn", policy.format(mended))).diagnostics == ()
    assert_fixed(found, broken, policy.format(mended))


STEPS = [
    ("after 2h purchase", "write `at 2h`", "at 2h purchase"),
    ("2h purchase", "write `at 2h`", "at 2h purchase"),
    ("purchase at 2h", "write `at 0s purchase`", "at 0s purchase"),
    ("on purchase", "write `at 0s purchase`", "at 0s purchase"),
    ('at 2h user "u1" purchase', 'write `user "u1" at 2h`', 'user "u1" at 2h purchase'),
    ("user u1 at 2h purchase", 'quotes: "u1"', 'user "u1" at 2h purchase'),
    ('at 2h "Signed Up"', 'write `event "Signed Up"`', 'at 2h event "Signed Up"'),
    ('on "Signed Up"', 'write `at 0s event "Signed Up"`', 'at 0s event "Signed Up"'),
    ("at 0 purchase", "write `0s`", "at 0s purchase"),
    ("at 2 purchase", "write `2m`, `2h` or `2d`", "at 2h purchase"),
    ('expect sent Y user "u" at 1d', 'write `expect user "u" sent Y at 1d`', 'expect user "u" sent Y at 1d'),
    ("at 2 hours purchase", "write `2h`", "at 2h purchase"),
    ("at 10:30 purchase", "write `10h30m`", "at 10h30m purchase"),
    ("at 2h opened push of X", "write `opened_push`", "at 2h opened_push of X"),
    ("at 2h purchase amount = 30", "write `where amount`", "at 2h purchase where amount = 30"),
    ("at 2h purchase with amount = 30", "write `where`", "at 2h purchase where amount = 30"),
    ("at 2h purchase where a = 1 or b = 2", "write `and`", "at 2h purchase where a = 1 and b = 2"),
    ('at 2h opened_push "X"', 'write `of "X"`', 'at 2h opened_push of "X"'),
    ("each x = 1h, 2h", "write `in`", "each x in 1h, 2h"),
    ("at 0s session_start expect send Y", "write `sent`", "at 0s session_start expect sent Y"),
    ("expect no send", "write `nothing`", "expect nothing"),
    ("expect not sent Y", "write `nothing`", "expect nothing"),
    ('expect cancelled "u"', "write `cancelled u`", "expect cancelled u"),
]


@pytest.mark.parametrize(("broken", "said", "mended"), STEPS)
def test_steps_of_tests(broken: str, said: str, mended: str) -> None:
    test = 'test "t":\n  {}\n  expect nothing\n\nrule u: on session_start send Y\n'
    (found,) = parse(SourceText("t.conn", test.format(broken))).diagnostics
    assert said in found.help, found.help
    assert parse(SourceText("t.conn", test.format(mended))).diagnostics == ()
    assert_fixed(found, broken, test.format(mended))


SEGMENTS = [
    ("segment s: user.x = 1", "write `segment s =`", "segment s = user.x = 1"),
    ("segment s user.x = 1", "write `segment s = user`", "segment s = user.x = 1"),
    ('segment "a b" = user.x = 1', "write `segment a_b =`", "segment a_b = user.x = 1"),
    ("segment a b = user.x = 1", "write `segment a_b =`", "segment a_b = user.x = 1"),
    ("segment s = x = 1", "write `user.x`", "segment s = user.x = 1"),
    ("segment s = segment t", "write `in segment t`", "segment s = in segment t"),
    ("segment s = in t", "write `in segment t`", "segment s = in segment t"),
]


@pytest.mark.parametrize(("broken", "said", "mended"), SEGMENTS)
def test_segments(broken: str, said: str, mended: str) -> None:
    (found,) = parse(SourceText("t.conn", f"{broken}\nrule u: on session_start send Y\n")).diagnostics
    assert said in found.help, found.help
    assert parse(SourceText("t.conn", f"{mended}\nrule u: on session_start send Y\n")).diagnostics == ()
    assert_fixed(found, broken, f"{mended}\nrule u: on session_start send Y\n")


@pytest.mark.parametrize(
    "target", ["Cart Reminder Two", "cart-reminder", "follow-on", "Back in Stock", "Save the Date"]
)
@pytest.mark.parametrize("rule", ["on purchase send {}", "on purchase send {} after 1d unless session_start"])
def test_targets(rule: str, target: str) -> None:
    (found,) = findings(rule.format(target))
    assert found.help.endswith(f'quotes: "{target}"')
    assert [f.code for f in findings(rule.format(f'"{target}"'))] in ([], ["CR108"])
    assert_fixed(found, target, rule.format(f'"{target}"'))


@pytest.mark.parametrize("target", ["Café Olé", "50% off", "2nd mail", "test", "rule", "next"])
def test_other_targets(target: str) -> None:
    (found,) = findings(f"on purchase send {target}\n")
    assert found.help.endswith(f': "{target}"')
    assert findings(f'on purchase send "{target}"\n') == ()
    assert_fixed(found, target, f'on purchase send "{target}"\n')


DURATIONS = {
    "1 Tag": "1d",
    "2 semaines": "2w",
    "1 day": "1d",
    "1 week": "1w",
    "36 hours": "36h",
    "1,5d": "1d12h",
    "1.5d": "1d12h",
    "1.5 days": "1d12h",
    "1D": "1d",
    "36H": "36h",
    "1day": "1d",
    "3min": "3m",
    "90 min": "90m",
    "0.5h": "30m",
    "a day": "1d",
    "an hour": "1h",
    "two weeks": "2w",
    "week": "1w",
    "1 day 12 hours": "1d12h",
    "1 hour and 30 minutes": "1h30m",
    "90 minutes, 1 hour": "90m",
    '"1d"': "1d",
    "“1 day”": "1d",
}


@pytest.mark.parametrize("rule", ["on purchase after {}\nsend X", "on purchase at most 3 per {}\nsend X"])
@pytest.mark.parametrize(("written", "meant"), DURATIONS.items())
def test_durations(rule: str, written: str, meant: str) -> None:
    (found,) = findings(rule.format(written))
    assert (found.code, found.help.partition(": ")[2]) == ("CR105", f"write `{meant}`")
    assert written.startswith(found.message.split("`")[1])
    assert findings(rule.format(meant)) == ()
    assert_fixed(found, written, rule.format(meant))


@pytest.mark.parametrize("written", ["7 days", "1 day 12 hours", "1,5d", "an hour"])
def test_a_duration_in_other_words_is_underlined_whole(written: str) -> None:
    (found,) = findings(f"on purchase after {written} send X")
    assert found.source.text[found.span.start : found.span.end] == written
    assert found.message == f"`{written}` is not a duration"


@pytest.mark.parametrize("written", ["1M", "1 month", "1.3ms", "3y", "-1d", "some time", "99999999999", "200 years"])
def test_where_there_is_no_telling_the_form_of_a_duration_is_said(written: str) -> None:
    (found,) = findings(f"on purchase after {written} send X")
    assert (found.code, found.help[:31]) == ("CR105", "a duration is whole numbers wit")


NAMES = {
    "märz": "maerz",
    "cart reminder": "cart_reminder",
    '"cart reminder"': "cart_reminder",
    "“x”": "x",
    "next": "next_rule",
    "send": "send_rule",
    "on": "on_rule",
    "test": "test_rule",
    "2nd": "r2nd",
    "2": "r2",
    "my-rule": "my_rule",
    "my rule": "my_rule",
    "my test": "my_test",
    "follow-on": "follow_on",
    "Café Olé": "Cafe_Ole",
    "a.b": "a_b",
    "unless purchase": "unless_purchase",
    "cart (new)": "cart_new",
    "правило": "my_rule",
}


@pytest.mark.parametrize("rule", ["rule {}:\n  on purchase\n  send X\n", "rule {}: on purchase send X"])
@pytest.mark.parametrize(("written", "meant"), NAMES.items())
def test_names_of_rules(rule: str, written: str, meant: str) -> None:
    (found,) = findings(rule.format(written))
    assert found.help.endswith((f"write `rule {meant}:`", f"e.g. `{meant}`"))
    assert findings(rule.format(meant)) == ()
    if written not in RESERVED:
        assert_fixed(found, written, rule.format(meant))


def test_a_rule_without_a_name_has_no_colon() -> None:
    assert_mended("{} on purchase send X", "rule:", "or delete `rule:`", "")
    assert_mended("{} on purchase send X", "rule:", "`rule my_rule:`", "rule my_rule:")
