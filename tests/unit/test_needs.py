"""What of an event the rules of a plan look at."""

import sys
import unicodedata

import pytest

import connrules
from connrules.plan import Plan
from connrules.run.needs import Needs, needs_of


def plan(rules: str) -> Plan:
    checked = connrules.loads(rules)
    assert not checked.errors
    return connrules.compile_rules(checked)


BOTH = {"purchase", "attributes"}
PLAIN = 'on received_push of "A" after 1d unless purchase send "X"'


@pytest.mark.parametrize(
    ("rules", "types", "properties"),
    [
        (f"rule r: {PLAIN}", {"received_push", "purchase"}, set()),
        ('rule r: on purchase where cart.total > 5 or session_start send "X"', {"purchase", "session_start"}, {"cart"}),
        ('rule r: on purchase after 1d unless purchase where a = trigger.b.c send "X"', {"purchase"}, {"a", "b"}),
        ('rule r: on purchase per `order-id` after 1d send "X"', {"purchase"}, {"order-id"}),
        (
            'rule r: on purchase convert on event "E" where not (a is missing or b in (1, 2)) within 1d send "X"',
            {"purchase", "event"},
            {"a", "b"},
        ),
        (f"rule r: {PLAIN} rule s: on sent r after 1d send \"Y\"", {"received_push", "purchase"}, set()),
        ('rule r: on purchase where `caf\u00e9` = 1 and a = 1 send "X"', {"purchase"}, None),
        ('rule r: on purchase if user.plan = "a" send "X"', BOTH, {"plan"}),
        ('rule r: on purchase where a = 1 after 1d still if user.plan = "a" send "X"', BOTH, {"plan", "a"}),
        ('segment s = user.plan = "a" rule r: on purchase if in segment s send "X"', BOTH, {"plan"}),
        ('rule r: on purchase in 1 days at 09:00 local send "X"', BOTH, {"time_zone"}),
        ('rule r: on purchase after 1d between 09:00 and 21:00 local send "X"', BOTH, {"time_zone"}),
        ('rule r: on purchase in 1 days at 09:00 zone "Europe/Paris" send "X"', {"purchase"}, set()),
        ('rule r: on purchase if user.Key = 1 send "X"', BOTH, None),
        ('rule r: on purchase where Key = 1 send "X"', {"purchase"}, {"Key"}),
    ],
)  # fmt: skip
def test_needs(rules: str, types: set[str], properties: set[str] | None) -> None:
    assert needs_of(plan(rules)) == Needs(frozenset(types), None if properties is None else frozenset(properties))


def test_a_name_in_ascii_has_no_other_spelling_but_for_three_characters() -> None:
    others = {unicodedata.normalize("NFC", chr(code)) for code in range(128, sys.maxunicode + 1)}
    assert {text for text in others if text.isascii()} == set("K;`")
