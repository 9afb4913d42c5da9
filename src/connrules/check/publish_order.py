"""The order in which campaigns are published: what happens before the follow-on is active never counts.

Every source is compared with the target. Where the catalog gives no date for one of them, there is no order to judge,
except that a source which is active now is certainly ahead of a target that is still a draft.
"""

from collections.abc import Collection, Iterator

from connrules import ast
from connrules.catalog import ALWAYS, Entry, Interval, Status
from connrules.check.checked import CheckedRule
from connrules.check.lifetime import day
from connrules.check.names import Bindings
from connrules.check.patterns import interaction_of
from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.duration import MS_PER_UNIT, format_duration
from connrules.text import Span

_DAY = MS_PER_UNIT["d"]


def check_publish_order(rule: CheckedRule, bindings: Bindings, apart: Collection[Span]) -> Iterator[Diagnostic]:
    """Sources that are active before the target is; the names at the places `apart` are left out."""
    targets = {target.span: bindings[target.span] for target in rule.node.targets if target.span in bindings}
    for name, interactions in _sources(rule.node).items():
        source = bindings.get(name)
        if source is not None and name not in apart:
            for target in (entry for place, entry in targets.items() if place not in apart):
                yield from _too_early(rule, name, source, target, final=any(map(_is_final, interactions)))


def _sources(rule: ast.Rule) -> dict[Span, list[str]]:
    """Where each source is named first, with all interactions that the triggers have with it."""
    places: dict[tuple[object, str], Span] = {}
    words: dict[Span, list[str]] = {}
    for pattern in rule.on.patterns:
        interaction = interaction_of(pattern)
        if isinstance(pattern, ast.EventPattern) and isinstance(pattern.of, ast.Objects) and interaction is not None:
            for name in pattern.of.names:
                place = places.setdefault((interaction.object, name.text), name.span)
                words.setdefault(place, []).append(interaction.word)
    return words


def _is_final(word: str) -> bool:
    """Whether an interaction comes about without the user, once: who had it too early cannot have it again."""
    return word.startswith("received_") or word == "entered_control"


def _too_early(rule: CheckedRule, place: Span, source: Entry, target: Entry, *, final: bool) -> Iterator[Diagnostic]:
    label = _label(rule.node, source, target)
    if label is None:
        return
    message = f"`{source.name}` is live before its follow-on `{target.name}`"
    message += "; whom it reaches till then is lost for good" if final else "; what happens till then does not count"
    remedy = f"publish `{target.name}` first"
    if target.intervals:
        remedy += f", or say that it is meant: `from {day(target.intervals[0][0])}`"
    yield finding("CR401", rule.source, place, message, label=label, help=remedy)


def _label(rule: ast.Rule, source: Entry, target: Entry) -> str | None:
    """How far the source is ahead; None where it is not, or where there is no telling."""
    if not target.intervals:
        ahead = source.status is Status.ACTIVE and target.status in {Status.DRAFT, Status.SCHEDULED}
        return f"it is active, and `{target.name}` is not yet" if ahead else None
    if ALWAYS in {source.intervals, target.intervals}:
        return None
    start = target.intervals[0][0]
    lived = _while_live(source.intervals, rule)
    missed = _while(lived, None, start)
    if not missed:
        return None
    since = f"active from {day(missed[0][0])}, `{target.name}` only from {day(start)}"
    return f"{since}: {_share(missed, lived)} missed"


def _while_live(intervals: tuple[Interval, ...], rule: ast.Rule) -> list[Interval]:
    """The part of some intervals in which the rule lives."""
    return _while(intervals, rule.from_.time.ms if rule.from_ else None, rule.until.time.ms if rule.until else None)


def _while(intervals: tuple[Interval, ...] | list[Interval], start: int | None, end: int | None) -> list[Interval]:
    cut = [
        (
            from_ if start is None else max(from_, start),
            end if to is None else to if end is None else min(to, end),
        )
        for from_, to in intervals
    ]
    return [(from_, to) for from_, to in cut if to is None or from_ < to]


def _share(missed: list[Interval], lived: list[Interval]) -> str:
    lost = sum(to - from_ for from_, to in missed if to is not None)
    if any(to is None for _, to in lived):
        return f"the first {_days(lost)}"
    total = sum(to - from_ for from_, to in lived if to is not None)
    if lost == total:
        return f"all {_days(total)}"
    if lost % _DAY == total % _DAY == 0:
        return f"{lost // _DAY} of {_days(total)}"
    return f"{_days(lost)} of {_days(total)}"


def _days(ms: int) -> str:
    """Whole days as such, and from ten days on rounded to them; what is shorter as it is."""
    days = round(ms / _DAY)
    if ms % _DAY == 0 or days >= 10:
        return f"{days} day{'' if days == 1 else 's'}"
    return format_duration(ms)
