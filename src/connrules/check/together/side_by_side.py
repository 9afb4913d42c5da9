"""Words about several rules: which they are, where the others stand, and whom they are about."""

from collections.abc import Collection, Sequence

from connrules import ast
from connrules.check.together.timeline import Stage, Told
from connrules.checked import CheckedRule
from connrules.diagnostic import Related
from connrules.syntax.spelling import quoted
from connrules.text import SourceText, Span
from connrules.vocabulary import ATTRIBUTES, CUSTOM_EVENT

_MOST_NAMED = 3
_MOST_RELATED = 10


def in_order(names: Collection[str], stage: Stage) -> list[CheckedRule]:
    """The rules of those names, in rule-set order."""
    return [stage.rules[name] for name in sorted(names, key=stage.place_of)]


def listed(rules: Sequence[CheckedRule]) -> str:
    """`a`; `a` and `b`; `a`, `b` and `c`; `a`, `b`, `c` and 4 more rules."""
    names = [f"`{rule.name}`" for rule in rules]
    more = len(names) - _MOST_NAMED
    if more > 0:
        return f"{', '.join(names[:_MOST_NAMED])} and {more} more rule{'' if more == 1 else 's'}"
    return f"{', '.join(names[:-1])} and {names[-1]}" if names[1:] else names[0]


def all_of(rules: Sequence[CheckedRule]) -> str:
    """`a` and `b` both; `a`, `b` and `c` all."""
    return f"{listed(rules)} {'both' if len(rules) == 2 else 'all'}"


def who(told: Told) -> str:
    """The user of a timeline, by what happens: a user who has one `purchase`."""
    events = [_event(step) for step in told.steps if step.type.text != ATTRIBUTES]
    return f"a user with one {' and one '.join(f'`{event}`' for event in events)}"


def place_of(rule: CheckedRule, seen_from: CheckedRule) -> str:
    """Where a rule stands, as told at another."""
    return place_in(rule.source, rule.node.span, seen_from.source)


def place_in(there: SourceText, span: Span, here: SourceText) -> str:
    """Where something stands, as told at a place in the text `here`."""
    line = there.position(span.start).line
    return f"on line {line}" if there is here else f"in {there.path}, line {line}"


def related(rules: Sequence[CheckedRule], but: CheckedRule, message: str = "the other rule") -> tuple[Related, ...]:
    """Where the first few of those rules stand, but for one."""
    others = [rule for rule in rules if rule is not but][:_MOST_RELATED]
    return tuple(Related(rule.source, (rule.node.name or rule.node.on).span, message) for rule in others)


def _event(step: ast.Happening) -> str:
    of = "" if step.type.text == CUSTOM_EVENT else " of"
    return f"{step.type.text}{of} {quoted(step.object.text)}" if step.object else step.type.text
