"""Witnesses are tests of the language in canonical form, and pass with the rules that they are about."""

from collections.abc import Sequence

import pytest

from connrules.catalog import Catalog
from connrules.check import check
from connrules.check.index import Broken, Index
from connrules.check.names.binding import Names
from connrules.check.together.witness import Setting, drops, happens, knows, sends, witness
from connrules.pipeline import loads
from connrules.syntax.layout import format_file
from connrules.syntax.parser import parse
from connrules.testing import run_tests
from connrules.text import SourceText

DAY = 86_400_000
CATALOG = Catalog.model_validate(
    {
        "campaigns": [
            {"name": "Mail", "channels": ["email"]},
            {"name": "Push", "channels": ["push"], "published_at": "2026-03-01"},
            {"name": "Both", "channels": ["push", "email"]},
        ],
        "cards": [{"name": "News"}],
        "events": [{"name": "Cart Left", "properties": {"moment": "time"}}],
    }
)


def setting_of(text: str, catalog: Catalog | None = None, start: int | None = None) -> Setting:
    checked = loads(text, catalog=catalog)
    assert not checked.errors
    index = Index.of(checked.rules, checked.segments, checked.policy, Broken())
    return Setting(index, None if catalog is None else Names(catalog), start)


def shown(text: str, catalog: Catalog | None = None, patterns: Sequence[str] = ("r",)) -> str:
    """The witness that the rule `r` sends: for one event that the triggers of those rules speak of."""
    setting = setting_of(text, catalog)
    index = setting.index
    rule = index.rules["r"]
    audience = [rule.node.if_.condition] if rule.node.if_ else []
    triggers = [index.rules[name].node.on.patterns[0] for name in patterns]
    known = knows(audience, 0, setting)
    assert known is not None
    steps = [*known, happens(triggers, 0, setting), sends(rule, rule.node.targets[0], DAY)]
    return witness("r sends", steps, setting)


def assert_passes(rules: str, test: str, catalog: Catalog | None = None) -> None:
    parsed = parse(SourceText("witness.conn", f"{test}\n"))
    assert format_file(parsed) == f"{test}\n"
    checked = check([parse(SourceText("rules.conn", rules)), parsed], catalog)
    report = run_tests(checked)
    assert report.results
    assert not [failure for result in report.results for failure in result.failures], test


TRIGGERS = [
    "purchase",
    "session_start",
    "purchase where amount > 5 and amount <= 6",
    'purchase where amount > 5.5 and color != "red" and coupon is missing and paid = true',
    'purchase where cart.id = "c\\u{301}" and `order-id` starts with "A\\""',
    'event "Cart Left" where moment > 2026-03-01 and x < 2026-03-01',
    'opened_push of "Both"',
    'clicked_email of "Push", "Mail"',
    "opened_push of any",
    "viewed_card of any",
    'clicked_card of "News"',
]


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_a_witness_passes(trigger: str) -> None:
    rules = f"rule r:\n  on {trigger}\n  after 1d\n  send Both\n"
    assert_passes(rules, shown(rules))
    if "clicked_email" not in trigger:
        assert_passes(rules, shown(rules, CATALOG), CATALOG)


def test_a_witness_in_full() -> None:
    rules = """
    segment french = user.country = "FR" and user.age >= 18
    rule r: on purchase where amount > 5 if in segment french after 1d send "Both"
    """
    expected = """\
test "r sends":
  at 0s attributes where country = "FR" and age = 18
  at 0s purchase where amount = 6
  expect sent "Both" at 1d by r"""
    assert shown(rules) == expected
    assert_passes(rules, expected)


def test_an_event_that_several_patterns_speak_of() -> None:
    rules = """
    rule r: on opened_push of Mail, Both, Push where amount > 5 after 1d send Push
    rule s: on opened_push of Both, "Mail" where amount < 7 and color = "red" after 2d send Mail
    """
    text = shown(rules, None, ("r", "s"))
    assert 'at 0s opened_push of "Mail" where amount = 6 and color = "red"' in text


def test_a_user_may_be_anybody() -> None:
    assert "attributes" not in shown("rule r: on purchase if user.country is missing after 1d send X")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("purchase", "session_start"),
        ("purchase where a = 1", "purchase where a = 2"),
        ('event "A"', 'event "B"'),
        ("opened_push of A", "opened_push of B"),
        ("purchase", "sent r"),
        ('purchase where tags contains "a"', "purchase where tags contains 5"),
    ],
)
def test_what_no_event_is(one: str, other: str) -> None:
    assert shown(f"rule r: on {one} after 1d send X\nrule s: on {other} after 1d send X", None, ("r", "s")) == ""


def test_a_witness_with_its_start_and_a_dropped_send() -> None:
    rules = (
        "policy: limit 1 per 2d\n"
        "rule r: on purchase after 1d unless session_start send X\n"
        "rule s: on purchase after 1d send Y\n"
    )
    setting = setting_of(rules, start=1_772_323_200_000)
    index = setting.index
    r, s = index.rules["r"], index.rules["s"]
    purchase = happens(r.node.on.patterns, 0, setting)
    steps = [purchase, sends(r, r.node.targets[0], DAY), drops(s, DAY, "limited")]
    text = witness("s is limited", steps, setting)
    assert "start 2026-03-01T00:00:00Z" in text
    assert "expect dropped s at 1d because limited" in text
    assert_passes(rules, text)


def test_a_rule_without_a_name_cannot_be_named() -> None:
    setting = setting_of("on purchase after 1d send X")
    (rule,) = setting.index.rules.values()
    purchase = happens(rule.node.on.patterns, 0, setting)
    assert drops(rule, DAY, "limited") is None
    assert witness("limited", [purchase, drops(rule, DAY, "limited")], setting) == ""
    text = witness("sent", [purchase, sends(rule, rule.node.targets[0], DAY)], setting)
    assert text.endswith("expect sent X at 1d")
    assert_passes("on purchase after 1d send X\n", text)


def test_a_start_that_has_no_date_is_none() -> None:
    setting = setting_of("rule r: on purchase after 1d send X", start=-(2**62))
    purchase = happens(setting.index.rules["r"].node.on.patterns, 0, setting)
    assert witness("r", [purchase], setting) == ""
