"""Builds witnesses: tests in the language that show what a finding says, as short as can be.

A witness is made of the steps of a test: events that patterns speak of, what is known of the user, expectations. Each
function that makes a step gives None where none can be written; a finding then goes without a witness. What else the
rules send on those events is for whoever runs the witness to add (sends are a closed world): see `lint/witnesses.py`.

    setting = Setting(index, names, start=instant)
    known = knows([rule.node.if_.condition], 0, setting)
    text = witness("r sends", [*(known or [None]), happens([pattern], 0, setting), sends(r, target, DAY)], setting)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import TYPE_CHECKING

from connrules import ast
from connrules.catalog import ALWAYS
from connrules.check.conditions.satisfy import Example, Scope, Values, solve_all
from connrules.check.index import Index
from connrules.check.names.binding import Names
from connrules.check.names.fit import lacking
from connrules.check.patterns import interaction_of, names_in, where_of
from connrules.checked import CheckedRule
from connrules.duration import EARLIEST, LATEST, format_duration, format_instant
from connrules.syntax.layout import format_declaration
from connrules.syntax.spelling import spell_operand
from connrules.text import Span
from connrules.vocabulary import ATTRIBUTES, CUSTOM_EVENT, Interaction, ObjectKind
from connrules.wallclock import find_zone

if TYPE_CHECKING:
    from connrules.catalog import Entry

NOWHERE = Span(0, 0)
"""The span of what stands in no text."""
_MOST_DIGITS = 15
"""How many digits a number of the language may have."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a witness plays."""

    index: Index
    names: Names | None
    start: int | None = None
    """The instant (epoch ms) from which its times count; without it, the test finds its own."""


def witness(title: str, steps: Sequence[ast.Step | None], setting: Setting) -> str:
    """The text of a test with those steps, in canonical form; "" where one of them is None."""
    made = [step for step in steps if step is not None]
    start = setting.start
    if len(made) < len(steps) or (start is not None and not EARLIEST <= start <= LATEST):
        return ""
    begins = () if start is None else (ast.Start(_instant(start), NOWHERE),)
    return format_declaration(ast.Test(ast.Name(title, quoted=True, span=NOWHERE), (*begins, *made), NOWHERE))


def happens(
    patterns: Sequence[ast.Pattern], at: int, setting: Setting, about: str | None = None
) -> ast.Happening | None:
    """An event, so long (ms) after the start, that all of these patterns speak of.

    `about` is the campaign or card of the event; without it, the first that all patterns name, active then as far as
    the start is known. None where there is no such event, where it cannot be told, and for outcomes: those come by
    themselves.
    """
    openings = {(type(pattern), _word(pattern)) for pattern in patterns}
    if len(openings) > 1 or any(isinstance(pattern, ast.SentRule | ast.CancelledRule) for pattern in patterns):
        return None
    pattern = patterns[0]
    interaction = interaction_of(pattern)
    if interaction is not None:
        when = None if setting.start is None else setting.start + at
        about = about or _object_of(patterns, interaction, when, setting)
        if about is None:
            return None
    elif isinstance(pattern, ast.CustomEvent):
        about = pattern.name.text
    wheres = [where for where in map(where_of, patterns) if where is not None]
    found = solve_all(wheres, scope_of_event(pattern, setting))
    properties = _properties(found.values) if isinstance(found, Example) else None
    word = CUSTOM_EVENT if isinstance(pattern, ast.CustomEvent) else _word(pattern)
    return None if properties is None else _happening(at, word, about, properties)


def knows(conditions: Sequence[ast.Condition], at: int, setting: Setting) -> tuple[ast.Happening, ...] | None:
    """What is to be said of the user, so long (ms) after the start, for conditions on users to hold.

    Nothing, or one `attributes`; None where there is no such user, or where it cannot be told.
    """
    found = solve_all(conditions, scope_of_user(setting))
    properties = _properties(found.values) if isinstance(found, Example) else None
    if properties is None:
        return None
    return (_happening(at, ATTRIBUTES, None, properties),) if properties else ()


def sends(rule: CheckedRule, target: ast.Name, at: int) -> ast.Expect:
    """The expectation that the rule sends the target, so long (ms) after the start."""
    return ast.Expect(None, "sent", target, at=_moment(at), by=rule.node.name)


def drops(rule: CheckedRule, at: int, because: str) -> ast.Expect | None:
    """The expectation that a send of the rule is dropped; None for a rule that has no name to say."""
    reason = ast.Name(because, quoted=False, span=NOWHERE)
    name = rule.node.name
    return ast.Expect(None, "dropped", name, at=_moment(at), because=reason) if name else None


def scope_of_event(pattern: ast.Pattern, setting: Setting) -> Scope:
    """What is known of the properties of an event."""
    catalog = setting.names.catalog if setting.names else None
    event = catalog.event(pattern.name.text) if catalog and isinstance(pattern, ast.CustomEvent) else None
    return Scope(types=event.properties if event else {}, zone=_zone(setting))


def scope_of_user(setting: Setting) -> Scope:
    """What is known of the attributes of a user."""
    types = setting.names.catalog.user.attributes if setting.names else {}
    return Scope(setting.index.segments, types, _zone(setting))


def _zone(setting: Setting) -> tzinfo | None:
    clause = setting.index.policy.time_zone
    return find_zone(clause.name) if clause else None


def _word(pattern: ast.Pattern) -> str:
    match pattern:
        case ast.EventPattern(word):
            return word.text
        case ast.CustomEvent(name):
            return name.text
        case ast.SentRule() | ast.CancelledRule():
            return ""


def _object_of(
    patterns: Sequence[ast.Pattern], interaction: Interaction, when: int | None, setting: Setting
) -> str | None:
    """A campaign or card that all patterns can be about, the first that is named."""
    named = [[name.text for name in names_in(pattern)] for pattern in patterns]
    lists = [texts for texts in named if texts]
    tried = lists[0] if lists else _any(interaction, when, setting)
    fitting = (text for text in tried if all(text in texts for texts in lists))
    return next((text for text in fitting if _can_be(text, interaction, when, setting.names)), None)


def _any(interaction: Interaction, when: int | None, setting: Setting) -> Iterable[str]:
    """What `of any` can be about."""
    is_campaign = interaction.object is ObjectKind.CAMPAIGN
    if setting.names is None:
        return sorted(setting.index.sent) if is_campaign else ["Some Card"]
    catalog = setting.names.catalog
    entries: Iterable[Entry] = catalog.campaigns if is_campaign else catalog.cards
    return (entry.name for entry in entries if when is not None or entry.intervals == ALWAYS)


def _can_be(text: str, interaction: Interaction, when: int | None, names: Names | None) -> bool:
    """Whether users can have the interaction with it, and it counts at that instant."""
    if names is None:
        return True
    found = names.catalog.named(interaction.object, text)
    has_it = len(found) == 1 and not lacking(found[0], interaction)
    return has_it and (when is None or found[0].active_at(when))


def _happening(at: int, word: str, about: str | None, properties: Sequence[ast.Property]) -> ast.Happening:
    name = None if about is None else ast.Name(about, quoted=True, span=NOWHERE)
    return ast.Happening(
        None, _moment(at), ast.Name(word, quoted=False, span=NOWHERE), name, tuple(properties), NOWHERE
    )


def _properties(values: Values) -> list[ast.Property] | None:
    """Values as a test writes them; None where one of them it cannot."""
    made: list[ast.Property] = []
    for path, value in values.items():
        literal = _literal(value)
        if literal is None:
            return None
        made.append(ast.Property(ast.Path(path, NOWHERE), literal, NOWHERE))
    return made


def _literal(value: object) -> ast.Literal | None:
    match value:
        case bool():
            return ast.Boolean(value, NOWHERE)
        case int() | float():
            number = ast.Number(value, NOWHERE)
            digits = sum(char.isdigit() for char in spell_operand(number))
            return number if digits <= _MOST_DIGITS else None
        case str():
            return ast.Text(value, NOWHERE)
    return None


def _moment(at: int) -> ast.Duration:
    return ast.Duration(at, format_duration(at), NOWHERE)


def _instant(at: int) -> ast.Instant:
    return ast.Instant(at, False, str(format_instant(at)), NOWHERE)  # noqa: FBT003  # no bare date
