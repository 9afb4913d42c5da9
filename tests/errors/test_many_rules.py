"""A file of a thousand rules of which fifty are broken: each of those is told of, and all others are checked."""

import random

import pytest

from connrules.check import check
from connrules.cli.render import render_skipped
from connrules.lint import lint
from connrules.syntax.parser import parse
from connrules.text import SourceText

RULES = 1_000
SLIPS = (
    ("after 1d", "after 1.5d"),
    ("after 1d", "aftr 1d"),
    ("after 1d", "after"),
    ("send", "sned"),
    ('  send "Follow-on {n}"\n', ""),
    ('"Source {n}"', "“Source {n}”"),
    ('"Source {n}"', '"Source {n}'),
    ("on received_push", "onreceived_push"),
    ("rule r{n}:", "rule r{n}"),
    ("unless purchase", "unless purchase or"),
)
"""What is written, and what a slip makes of it."""


def rule(number: int) -> str:
    """Healthy for the parser; the checker finds in each that its exception equals its trigger."""
    return (
        f"rule r{number}:\n"
        f'  on received_push of "Source {number}"\n'
        "  after 1d\n"
        "  unless purchase or received_push\n"
        f'  send "Follow-on {number}"\n'
    )


def test_fifty_broken_rules_among_a_thousand() -> None:
    broken = sorted(random.Random(1).sample(range(RULES), 5 * len(SLIPS)))
    rules = [rule(number) for number in range(RULES)]
    for turn, number in enumerate(broken):
        written, slip = (part.format(n=number) for part in SLIPS[turn % len(SLIPS)])
        assert written in rules[number]
        rules[number] = rules[number].replace(written, slip)
    starts = [0]
    for text in rules:
        starts.append(starts[-1] + len(text) + 1)
    checked = check([parse(SourceText("many.conn", "\n".join(rules)))])

    healthy = [number for number in range(RULES) if number not in broken]
    assert [rule.name for rule in checked.rules] == [f"r{number}" for number in healthy]
    for number in range(RULES):
        codes = [f.code for f in checked.diagnostics if starts[number] <= f.span.start < starts[number + 1]]
        if number in broken:
            assert 1 <= len(codes) <= 2, (rules[number], codes)
            assert all(code.startswith("CR1") for code in codes), (rules[number], codes)
        else:
            assert codes == ["CR304"], (rules[number], codes)


@pytest.mark.parametrize(("count", "is_told"), [(40, False), (4_000, True)])
def test_checks_that_end_before_all_is_tried_say_so(count: int, is_told: bool) -> None:
    rules = [f'rule r{n}: on event "E" where a > {n} and a < {n + 2} after 1d send "S{n}"' for n in range(count)]
    report = lint([parse(SourceText("many.conn", "\n".join(rules)))])
    told = {"CR505", "CR506", "CR508", "CR509"} & set(report.skipped)
    assert bool(told) == is_told
    assert ("4 checks were cut short (CR505, CR506, CR508, CR509)" in render_skipped(report)) == is_told
