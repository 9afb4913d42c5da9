"""The rule sets of the benchmark, as text and as plans.

Checking 10,000 rules takes far longer than what is measured of most of them, so plans of many are made of the plan of
one; a test holds them equal to what the compiler makes of the text.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from msgspec.structs import replace

from connrules import compile_rules, loads
from connrules.plan import AllOf, Compare, Condition, Plan, Rule, Value

MANY: Final = 10_000
CART_REMINDER: Final = (
    'rule cart_reminder: on received_push of "Cart 00000" after 1d unless purchase send "Cart Reminder"\n'
)
"""The one rule that all contenders know."""


class RuleSet(NamedTuple):
    """Rules by number: the text of each, and how its plan is made from that of another."""

    rule: Callable[[int], str]
    vary: Callable[[Rule, int], Rule]

    def text(self, count: int) -> str:
        """So many rules."""
        return "".join(map(self.rule, range(count)))

    def plan(self, count: int) -> Plan:
        """The plan of so many rules."""
        one = plan_of(self.rule(0))
        return replace(one, rules=tuple(self.vary(one.rules[0], number) for number in range(count)))


def plan_of(text: str) -> Plan:
    """Rules, checked and compiled without a catalog."""
    return compile_rules(loads(text))


def _cart(number: int) -> str:
    return f'rule r{number}: on received_push of "Cart {number:05}" after 1d unless purchase send "Cart Reminder"\n'


def _vary_cart(rule: Rule, number: int) -> Rule:
    name = f"Cart {number:05}"
    trigger = replace(rule.triggers[0], text=f'received_push of "{name}"', objects=(name,))
    return replace(rule, name=f"r{number}", triggers=(trigger,))


def _equal(number: int) -> str:
    return _filtered(number, f'sku = "s{number:05}"')


def _vary_equal(rule: Rule, number: int) -> Rule:
    sku = f"s{number:05}"
    return _vary_filter(rule, number, f'sku = "{sku}"', Compare(("sku",), "=", Value(sku)))


def _within(number: int) -> str:
    return _filtered(number, f"amount >= {number} and amount < {number + 1}")


def _vary_within(rule: Rule, number: int) -> Rule:
    least, below = (Compare(("amount",), *bound) for bound in ((">=", Value(number)), ("<", Value(number + 1))))
    return _vary_filter(rule, number, f"amount >= {number} and amount < {number + 1}", AllOf((least, below)))


def _filtered(number: int, condition: str) -> str:
    return f'rule r{number}: on event "Cart changed" where {condition} after 1d unless purchase send "Cart Reminder"\n'


def _vary_filter(rule: Rule, number: int, text: str, condition: Condition) -> Rule:
    trigger = replace(rule.triggers[0], text=f'event "Cart changed" where {text}', where=condition)
    return replace(rule, name=f"r{number}", triggers=(trigger,))


CARTS: Final = RuleSet(_cart, _vary_cart)
"""A rule for each campaign; each ends with a purchase."""
EQUAL: Final = RuleSet(_equal, _vary_equal)
"""Rules on one type of event, each with an equality of its own."""
WITHIN: Final = RuleSet(_within, _vary_within)
"""Rules on one type of event, each with a range of its own."""
