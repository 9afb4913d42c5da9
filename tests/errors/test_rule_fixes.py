"""What fixes of checks of one rule write, code by code."""

import pytest
from tests.errors.test_errors import HERE
from tests.errors.test_fixes import assert_fixed

from connrules.catalog import load_catalog

CATALOG = load_catalog((HERE / "properties.toml").read_bytes(), "properties.toml")

WITHOUT_CATALOG = [
    ("CR314", "on purchase after 24h # a day\n send X", "on purchase after 1d # a day\n send X"),
    (
        "CR314",
        "policy: limit 3 per 60m\non purchase after 2d24h send X",
        "policy: limit 3 per 1h\non purchase after 3d send X",
    ),
    ("CR306", "on purchase where a = 1 or purchase send X", "on purchase send X"),
    ("CR306", "on purchase or purchase where a = 1 send X", "on purchase send X"),
    (
        "CR306",
        "on purchase where a = 1 or session_start or purchase or purchase where b = 1 send X",
        "on session_start or purchase send X",
    ),
    (
        "CR306",
        "on opened_push of A  # the one\n  or  # or\n  opened_push of any  # any\nsend X",
        "on  # the one\n  # or\n  opened_push of any  # any\nsend X",
    ),
]


@pytest.mark.parametrize(("code", "broken", "mended"), WITHOUT_CATALOG)
def test_without_a_catalog(code: str, broken: str, mended: str) -> None:
    assert_fixed(code, broken, mended)


RULE = 'on event "Order" {} send "Thanks"'
WITH_CATALOG = [
    ("CR215", "where amout > 5 and `amout` < 9", "where amount > 5 and amount < 9"),
    ("CR215", "where chart.total > 5 after 1d per chart.id", "where cart.total > 5 after 1d per cart.id"),
    ("CR216", 'where amount > "5"', "where amount > 5"),
    ("CR216", 'where amount != "-2.50"', "where amount != -2.5"),
    ("CR216", "where plan = 5", 'where plan = "5"'),
    ("CR216", "where plan = true", 'where plan = "true"'),
    ("CR216", 'where paid = "false" and not paid = "true"', "where paid = false and not paid = true"),
    ("CR216", 'where tags = "sale"', 'where tags contains "sale"'),
    ("CR216", 'if user.age >= "18"', "if user.age >= 18"),
]


@pytest.mark.parametrize(("code", "broken", "mended"), WITH_CATALOG)
def test_with_a_catalog(code: str, broken: str, mended: str) -> None:
    assert_fixed(code, RULE.format(broken), RULE.format(mended), CATALOG)


def test_a_property_of_the_trigger_is_named_wherever_it_stands() -> None:
    broken = 'on event "Order" after 1d unless event "Refund" where order_id = trigger.plann per plann send "Thanks"'
    assert_fixed("CR215", broken, broken.replace("plann", "plan"), CATALOG)


def test_a_property_in_a_step_of_a_test() -> None:
    text = 'on event "Order" send "Thanks"\ntest "t":\n  at 0s event "Order" where {} = 5\n  expect sent "Thanks"\n'
    assert_fixed("CR215", text.format("amout"), text.format("amount"), CATALOG)
