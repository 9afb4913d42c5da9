"""How long checking a large rule set takes, against parsing it, and how both grow with the number of rules.

    python tests/benchmarks/check_rules.py [--rules N] [--rounds N] [--json]

Rule sets of N/4, N/2 and N rules, of kinds that put the checks of whole rule sets to work in different ways, are parsed
and then checked with a catalog as of a date, in turn, in one process; figures are medians of CPU time. Checking is all
that `connrules check` does between reading and writing: the checker, style, suppressions.
"""

import argparse
import gc
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from connrules.catalog import Catalog, load_catalog
from connrules.duration import parse_instant
from connrules.lint import Settings, lint
from connrules.syntax.parser import Parsed, parse
from connrules.text import SourceText

Result = TypeVar("Result")

RATIO_GOAL = 4.0
DOUBLING_GOAL = 2.5
SETTINGS = Settings(as_of=parse_instant("2026-03-15"))
CHANNELS = '["push", "email"]'


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


KINDS: dict[str, Callable[[int], str]] = {
    "each its own trigger and target": own,
    "one trigger, a filter each": one_trigger,
    "one target": one_target,
    "one trigger, one delay": all_alike,
    "a chain": chained,
}


class Measure(NamedTuple):
    """Median CPU seconds of a rule set, and how many findings it has."""

    kind: str
    rules: int
    parse: float
    check: float
    findings: int

    @property
    def ratio(self) -> float:
        """Checking against parsing."""
        return self.check / self.parse


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Time the checks against parsing, for growing rule sets.")
    parser.add_argument("--rules", type=int, default=10_000, help="of the largest rule set (default: 10000)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is run (default: 3)")
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    arguments = parser.parse_args()
    counts = [arguments.rules // 4, arguments.rules // 2, arguments.rules]
    measures = [[measure(kind, count, arguments.rounds) for count in counts] for kind in KINDS]
    report(measures, as_json=arguments.json)


def catalog(count: int) -> Catalog:
    """Campaigns for all rules, the follow-ons published before their sources, and custom events."""
    entries = [f'[[campaigns]]\nname = "F{n}"\nchannels = {CHANNELS}\npublished_at = 2026-01-01' for n in range(count)]
    entries += [f'[[campaigns]]\nname = "C{n}"\nchannels = {CHANNELS}\npublished_at = 2026-02-01' for n in range(count)]
    entries += [f'[[events]]\nname = "E{n}"\nproperties = {{ amount = "number" }}' for n in range(50)]
    entries.append('[user]\nattributes = { country = "string" }')
    return load_catalog("\n".join(entries).encode(), "catalog.toml")


def measure(kind: str, count: int, rounds: int) -> Measure:
    """Parse and check one rule set some times."""
    source = SourceText("rules.conn", "\n".join(KINDS[kind](number) for number in range(count)))
    world = catalog(count)
    times: list[tuple[float, float]] = []
    findings = 0
    for _ in range(rounds):
        parsing, parsed = timed(lambda: parse(source))
        checking, findings = timed(lambda tree=parsed: checked(tree, world))  # type: ignore[misc]
        times.append((parsing, checking))
    return Measure(
        kind, count, statistics.median(p for p, _ in times), statistics.median(c for _, c in times), findings
    )


def checked(parsed: Parsed, world: Catalog) -> int:
    """Check a parsed file; how many findings there are."""
    return len(lint([parsed], world, SETTINGS).findings)


def timed(run: Callable[[], Result]) -> tuple[float, Result]:
    """CPU seconds, and what came out."""
    gc.collect()
    begun = time.process_time()
    result = run()
    return time.process_time() - begun, result


def report(measures: list[list[Measure]], *, as_json: bool) -> None:
    """Print the figures with their goals."""
    if as_json:
        rows = [{**m._asdict(), "ratio": m.ratio} for group in measures for m in group]
        print(json.dumps({"checks": rows, "ratio_goal": RATIO_GOAL, "doubling_goal": DOUBLING_GOAL}, indent=2))
        return
    print(f"CPython {platform.python_version()}, {os.cpu_count()} cores; CPU seconds\n")
    head = f"{'rules':>8}{'parse':>9}{'check':>9}{'ratio':>9}{'goal':>8}{'doubling':>11}{'goal':>8}{'findings':>10}"
    for group in measures:
        print(f"{group[0].kind}\n{head}")
        for before, m in zip([None, *group], group, strict=False):
            grown = m.check / before.check if before else None
            doubling = f"{grown:>11.2f}{verdict(grown, DOUBLING_GOAL):>8}" if grown else f"{'':>19}"
            ratio = f"{m.ratio:>9.2f}{verdict(m.ratio, RATIO_GOAL):>8}"
            print(f"{m.rules:>8}{m.parse:>9.2f}{m.check:>9.2f}{ratio}{doubling}{m.findings:>10}")
        print()


def verdict(value: float, goal: float) -> str:
    """Whether a goal is met."""
    return f"≤ {goal:g}" if value <= goal else f"> {goal:g}!"


if __name__ == "__main__":
    main()
