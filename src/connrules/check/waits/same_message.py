"""Exceptions about the very message that triggers the rule, which can bring nothing new about it.

Who opened a message has received it; who is in the control group never receives it, and the other way round.
"""

from collections.abc import Iterator

from connrules import ast
from connrules.check.patterns import implied_name, interaction_of, names_in, where_of
from connrules.check.waits.waiting import can_wait
from connrules.checked import CheckedRule
from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.vocabulary import Interaction

_CONTROL = "control group"


def check_same_message(rule: CheckedRule, policy: ast.Policy) -> Iterator[Diagnostic]:
    """Exceptions that have happened before the wait, and those that never happen to whom it is who waits."""
    triggers = [interaction_of(pattern) for pattern in rule.node.on.patterns]
    known = [trigger for trigger in triggers if trigger is not None]
    if rule.node.unless is None or len(known) < len(triggers) or not can_wait(rule.node, policy):
        return
    for pattern in rule.node.unless.patterns:
        exception = interaction_of(pattern)
        if isinstance(pattern, ast.EventPattern) and exception is not None and _is_same(rule.node, pattern, exception):
            yield from _about(rule, pattern, exception, known)


def _is_same(rule: ast.Rule, pattern: ast.EventPattern, exception: Interaction) -> bool:
    """Whether the exception is about whatever campaign or card the trigger is about."""
    if pattern.of is None:
        return True
    name = implied_name(rule, exception.object)
    return name is not None and {other.text for other in names_in(pattern)} == {name}


def _about(
    rule: CheckedRule, pattern: ast.EventPattern, exception: Interaction, triggers: list[Interaction]
) -> Iterator[Diagnostic]:
    if all(trigger.follows == exception.word for trigger in triggers) and where_of(pattern) is None:
        yield _already_happened(rule, pattern, exception, triggers[0])
    elif exception.needs == _CONTROL and all(trigger.channel for trigger in triggers):
        label = f"who has `{triggers[0].word}` was sent the message, and so is not in its control group"
        yield _never_happens(rule, pattern, exception, label)
    elif exception.channel and all(trigger.needs == _CONTROL for trigger in triggers):
        label = "who is in the control group of a message never gets it"
        yield _never_happens(rule, pattern, exception, label)


def _already_happened(
    rule: CheckedRule, pattern: ast.EventPattern, exception: Interaction, trigger: Interaction
) -> Diagnostic:
    return finding(
        "CR303",
        rule.source,
        pattern.span,
        f"`{exception.word}` has already happened when `{trigger.word}` triggers the rule",
        label="it comes before the wait, and exceptions count only during it: only a second one would cancel",
        help=f"delete it, or turn the two round: `on {exception.word} of …`, `unless {trigger.word}`",
    )


def _never_happens(rule: CheckedRule, pattern: ast.EventPattern, exception: Interaction, label: str) -> Diagnostic:
    return finding(
        "CR310",
        rule.source,
        pattern.span,
        f"`{exception.word}` never happens to those who wait here",
        label=label,
        help="delete it, or name another message; `purchase` and `converted` happen to everybody",
    )
