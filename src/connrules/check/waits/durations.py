"""Durations as they are written: those that a larger unit says in one, and delays that outlast all memory."""

import re
from collections.abc import Iterator, Sequence

from connrules import ast
from connrules.checked import CheckedRule
from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.duration import MS_PER_UNIT, format_duration
from connrules.syntax.fixes import writing
from connrules.syntax.spelling import spell_schedule
from connrules.text import SourceText
from connrules.wallclock import DAY

LONGEST_PLAUSIBLE = 730
"""Days after which nobody remembers what a message is about: two years."""

_UNITS = re.compile(r"[a-z]+")
_EXACT = ("d", "h", "m", "s")
"""The units worth changing to, largest first: people write `7d` and `14d` as readily as weeks."""


def check_durations(rule: CheckedRule) -> Iterator[Diagnostic]:
    """All findings about the durations of one rule."""
    yield from _too_long(rule)
    node = rule.node
    if node.after is not None:
        yield from _spelling(rule.source, node.after.delay)
    if isinstance(node.eligibility, ast.AtMost):
        yield from _spelling(rule.source, node.eligibility.window)
    if node.convert is not None:
        yield from _spelling(rule.source, node.convert.within)


def check_limit_durations(source: SourceText, limits: Sequence[ast.Limit]) -> Iterator[Diagnostic]:
    """The windows of a policy's limits."""
    for limit in limits:
        yield from _spelling(source, limit.window)


def in_one(duration: ast.Duration) -> str | None:
    """The same duration in a larger unit, which says it exactly: `1d` for `24h`. None where no unit does it better."""
    written = _UNITS.findall(duration.spelling)
    exact = next((unit for unit in _EXACT if duration.ms % MS_PER_UNIT[unit] == 0), "ms")
    if not duration.ms or MS_PER_UNIT[written[-1]] >= MS_PER_UNIT[exact]:
        return None
    return f"{duration.ms // MS_PER_UNIT[exact]}{exact}" if len(written) == 1 else format_duration(duration.ms)


def _spelling(source: SourceText, duration: ast.Duration) -> Iterator[Diagnostic]:
    shorter = in_one(duration)
    if shorter is not None:
        yield finding(
            "CR314",
            source,
            duration.span,
            f"`{duration.spelling}` is `{shorter}`",
            label="a larger unit says it exactly",
            help=f"write `{shorter}`; both are the same elapsed time",
            fix=writing(source, duration.span, shorter, safe=True),
        )


def _too_long(rule: CheckedRule) -> Iterator[Diagnostic]:
    match rule.node.delay:
        case ast.After(delay) if delay.ms > LONGEST_PLAUSIBLE * DAY:
            text, days = f"after {delay.spelling}", delay.ms // DAY
        case ast.InDays(days) as schedule if days > LONGEST_PLAUSIBLE:
            text = spell_schedule(schedule)
        case _:
            return
    yield finding(
        "CR313",
        rule.source,
        rule.node.delay.span,
        f"`{text}` is a delay of more than two years",
        label=f"whoever starts to wait today gets the message in about {_years(days)} years",
        help="write a shorter delay; is the unit the one that was meant?",
    )


def _years(days: int) -> str:
    return f"{days / 365.25:.1f}".removesuffix(".0")
