"""Large rule sets of kinds that put the checks of whole rule sets to work in different ways, and their catalog."""

from collections.abc import Callable
from typing import Final, NamedTuple

from connrules.catalog import Catalog, load_catalog

_CHANNELS: Final = '["push", "email"]'


class Kind(NamedTuple):
    """A kind of rule set, made of rules by number."""

    name: str
    title: str
    rule: Callable[[int], str]

    def text(self, count: int) -> str:
        """So many of them."""
        return "\n".join(self.rule(number) for number in range(count))


def own(number: int) -> str:
    """Rules that have nothing in common but an exception."""
    return (
        f'rule r{number}:\n  on received_push of "C{number}" or event "E{number % 50}" where amount > {number % 90}\n'
        f'  if user.country = "FR"\n  after {1 + number % 20}d\n  unless purchase where amount > 5\n'
        f'  at most 3 per 1w\n  send "F{number}"\n'
    )


def one_trigger(number: int) -> str:
    """Rules on one trigger, each with a filter and a target of its own."""
    return (
        f'rule r{number}:\n  on event "E0" where amount > {number} and amount < {number + 2}\n  after 1d\n'
        f'  unless purchase\n  send "F{number}"\n'
    )


def one_target(number: int) -> str:
    """Rules that send the same, each on a trigger of its own."""
    return f'rule r{number}:\n  on received_push of "C{number}"\n  after 1d\n  unless purchase\n  send "F0"\n'


def all_alike(number: int) -> str:
    """Rules on one trigger with one delay."""
    return f'rule r{number}:\n  on received_push of "C0"\n  after 1d\n  unless purchase\n  send "F{number}"\n'


def chained(number: int) -> str:
    """Rules of which each follows from the one before."""
    trigger = f"sent r{number - 1}" if number else 'received_push of "C0"'
    return f'rule r{number}:\n  on {trigger}\n  after 1d\n  unless opened_push\n  send "F{number}"\n'


KINDS: Final = (
    Kind("own", "each its own trigger and target", own),
    Kind("one-trigger", "one trigger, a filter each", one_trigger),
    Kind("one-target", "one target", one_target),
    Kind("alike", "one trigger, one delay", all_alike),
    Kind("chain", "a chain", chained),
)


def catalog(count: int) -> Catalog:
    """Campaigns for so many rules, the follow-ons published before their sources, and custom events."""
    entries = [_campaign(f"F{n}", "2026-01-01") for n in range(count)]
    entries += [_campaign(f"C{n}", "2026-02-01") for n in range(count)]
    entries += [f'[[events]]\nname = "E{n}"\nproperties = {{ amount = "number" }}' for n in range(50)]
    entries.append('[user]\nattributes = { country = "string" }')
    return load_catalog("\n".join(entries).encode(), "catalog.toml")


def _campaign(name: str, published_at: str) -> str:
    return f'[[campaigns]]\nname = "{name}"\nchannels = {_CHANNELS}\npublished_at = {published_at}'
