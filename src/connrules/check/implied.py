"""Exceptions that mean the campaign or card of the trigger event: whether the triggers have one to give."""

from collections.abc import Iterator

from connrules import ast
from connrules.check.checked import CheckedRule
from connrules.check.patterns import is_known, object_given, opening, without_object
from connrules.codes import finding
from connrules.diagnostic import Diagnostic, Severity
from connrules.vocabulary import Interaction


def check_implied(rule: CheckedRule) -> Iterator[Diagnostic]:
    """An error where no trigger gives the exception an object, a warning where only some do."""
    triggers = rule.node.on.patterns
    if not all(map(is_known, triggers)):
        return  # what an unknown word would imply is unknown
    for pattern, interaction in without_object(rule.node):
        barren = [trigger for trigger in triggers if object_given(trigger) is not interaction.object]
        if barren:
            yield _nothing_implied(rule, pattern, interaction, barren, of_all=len(barren) == len(triggers))


def _nothing_implied(
    rule: CheckedRule, pattern: ast.EventPattern, interaction: Interaction, barren: list[ast.Pattern], *, of_all: bool
) -> Diagnostic:
    word, kind = interaction.word, interaction.object
    given = object_given(barren[0])
    has = f"has a {given}, not a {kind}" if given else f"has no {kind}"
    message = f"`{word}` does not say of which {kind}, and the trigger `{opening(barren[0])}` {has}"
    return finding(
        "CR214",
        rule.source,
        pattern.word.span,
        message,
        label="nothing to look for" if of_all else "after that trigger it cancels nothing",
        help=f'name the {kind}: `{word} of "…"`',
        severity=Severity.ERROR if of_all else Severity.WARNING,
    )
