"""What a rule takes from its trigger event, an object or properties: whether the triggers have it to give."""

from collections.abc import Iterator

from connrules import ast
from connrules.check.conditions.parts import needs_trigger_property, trigger_properties_in
from connrules.check.patterns import is_known, object_given, opening, where_of, without_object
from connrules.checked import CheckedRule
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
    if all(isinstance(trigger, ast.SentRule | ast.CancelledRule) for trigger in triggers):
        yield from _without_properties(rule)


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


def _without_properties(rule: CheckedRule) -> Iterator[Diagnostic]:
    """Warnings where exceptions need `trigger.x` to match, and where a `per` tells nothing apart."""
    message = f"`{opening(rule.node.on.patterns[0])}` is an outcome, and has no properties"
    for pattern in rule.node.unless.patterns if rule.node.unless else ():
        place = next(trigger_properties_in(where_of(pattern)), None)
        if place is not None and needs_trigger_property(where_of(pattern)):
            label = "so this exception cancels nothing"
            remedy = "make the comparison in the rule before, or trigger on the event itself"
            yield finding(
                "CR214", rule.source, place.span, message, label=label, help=remedy, severity=Severity.WARNING
            )
    if rule.node.per is not None:
        yield finding(
            "CR214",
            rule.source,
            rule.node.per.span,
            message,
            label="every wait has the same value here: none",
            help="write the `per` in the rule before, or trigger on the event itself",
            severity=Severity.WARNING,
        )
