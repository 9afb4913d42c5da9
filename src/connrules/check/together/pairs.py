"""Two rules side by side: which are compared, which are alternatives, and the event that both speak of."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import product

from connrules import ast
from connrules.check.together.roots import Root, follows, triggering
from connrules.check.together.timeline import Stage
from connrules.check.together.witness import happens, knows
from connrules.checked import CheckedRule

PARTNERS = 8
"""With how many rules before it a rule is compared."""
MANY = 32
"""With more rules than that, each is compared with the first and the one before it."""


def pairs(rules: Sequence[CheckedRule], found: Collection[str]) -> Iterator[tuple[CheckedRule, CheckedRule]]:
    """Each rule, behind some before it: the first and the nearest, until it is among those found."""
    nearest = PARTNERS if len(rules) <= MANY else 2
    for place, later in enumerate(rules):
        for earlier in (*rules[: min(place, 1)], *rules[max(1, place - nearest + 1) : place]):
            if later.name not in found:
                yield earlier, later


def are_alternatives(stage: Stage, some: CheckedRule, other: CheckedRule) -> bool:
    """Whether one rule follows from the other, or each from another outcome of one rule."""
    if not (triggering(some.node) or triggering(other.node)):
        return False
    if follows(some, other, stage.rules) or follows(other, some, stage.rules):
        return True
    return any(
        type(a) is not type(b) and _cause(a) == _cause(b) is not None
        for a, b in product(some.node.on.patterns, other.node.on.patterns)
    )


def _cause(pattern: ast.Pattern) -> str | None:
    return pattern.rule.text if isinstance(pattern, ast.SentRule | ast.CancelledRule) else None


def one_event(stage: Stage, some: Root, other: Root) -> list[ast.Happening]:
    """An event, and a user, that both speak of; none where there is no such, or it cannot be told."""
    event = None if stage.is_over else happens([some.pattern, other.pattern], 0, stage.setting)
    return with_user(stage, [some, other], event)


def with_user(stage: Stage, roots: Iterable[Root], *events: ast.Happening | None) -> list[ast.Happening]:
    """The events behind what must be known of the user; none where one is missing, or no such user is known."""
    happening = [event for event in events if event is not None]
    if stage.is_over or len(happening) < len(events):
        return []
    conditions = list(dict.fromkeys(condition for root in roots for condition in root.conditions))
    known = knows(conditions, 0, stage.setting)
    return [] if known is None else [*known, *happening]
