"""The rule sets of the benchmark, as text and as plans."""

from collections.abc import Iterable

from connrules import compile_rules, loads
from connrules.plan import Plan

MANY = 10_000


def cart_reminder() -> str:
    """The one rule that all contenders know."""
    return carts(1)


def carts(count: int) -> str:
    """A rule for each of so many campaigns; each ends with a purchase."""
    names = (("cart_reminder" if count == 1 else f"cart_reminder_{n}", n) for n in range(count))
    return _text(
        f'rule {name}: on received_push of "Cart {n:05}" after 1d unless purchase send "Cart Reminder"'
        for name, n in names
    )


def equal_to(count: int) -> str:
    """Rules on one type of event, each with an equality of its own."""
    return _filtered(f'sku = "s{n:05}"' for n in range(count))


def within(count: int) -> str:
    """Rules on one type of event, each with a range of its own."""
    return _filtered(f"amount >= {n} and amount < {n + 1}" for n in range(count))


def plan_of(text: str) -> Plan:
    """Rules, checked and compiled without a catalog."""
    return compile_rules(loads(text))


def _filtered(conditions: Iterable[str]) -> str:
    return _text(
        f'rule r{n}: on event "Cart changed" where {condition} after 1d unless purchase send "Cart Reminder"'
        for n, condition in enumerate(conditions)
    )


def _text(rules: Iterable[str]) -> str:
    return "\n".join(rules) + "\n"
