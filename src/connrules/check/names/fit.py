"""Whether a campaign can have the interactions that a rule asks of it: its channels, control group, conversion events.

A campaign whose channels the catalog leaves out says nothing about them, and so gives no finding.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, assert_never

from connrules import ast, catalog
from connrules.check.index import Index
from connrules.check.names.binding import Bindings, Names
from connrules.check.patterns import interaction_of, names_in, object_given, patterns_of, without_object
from connrules.checked import CheckedRule
from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.text import Span
from connrules.vocabulary import CHANNELS, INTERACTIONS, Interaction

if TYPE_CHECKING:
    from connrules.catalog import Entry

_KEYS = {"conversion event": "conversion_events", "control group": "control_group"}


def lacking(entry: Entry, interaction: Interaction) -> str | None:
    """What a campaign would need for an interaction and does not have: `push channel`, `control group` …"""
    if not isinstance(entry, catalog.Campaign):
        return None
    if interaction.channel is not None and entry.channels and interaction.channel not in entry.channels:
        return f"{interaction.channel} channel"
    if interaction.needs == "conversion event" and not entry.conversion_events:
        return interaction.needs
    if interaction.needs == "control group" and not entry.control_group:
        return interaction.needs
    return None


def check_fit(rule: CheckedRule, index: Index, bindings: Bindings, names: Names) -> Iterator[Diagnostic]:
    """Interactions that cannot happen. What one campaign lacks is said once in a rule."""
    said: set[tuple[str, str]] = set()
    exceptions = {id(pattern) for pattern in (rule.node.unless.patterns if rule.node.unless else ())}
    for pattern in patterns_of(rule.node):
        for span, entry, interaction in _named(pattern, bindings):
            lack = lacking(entry, interaction)
            if lack is not None and (entry.name, lack) not in said:
                said.add((entry.name, lack))
                yield _misfit(rule, span, [entry], interaction, in_exception=id(pattern) in exceptions)
    for exception, interaction in without_object(rule.node):
        implied = _implied(rule.node, interaction, index, bindings, names)
        if implied and all(lacking(entry, interaction) for entry in implied):
            yield _misfit(rule, exception.word.span, implied, interaction, in_exception=True)


def _named(pattern: ast.Pattern, bindings: Bindings) -> Iterator[tuple[Span, Entry, Interaction]]:
    interaction = interaction_of(pattern)
    if interaction is not None:
        for name in names_in(pattern):
            if name.span in bindings:
                yield name.span, bindings[name.span], interaction


def _implied(rule: ast.Rule, exception: Interaction, index: Index, bindings: Bindings, names: Names) -> list[Entry]:
    """What an exception without `of` can mean; nothing where a trigger has a finding of its own."""
    entries: dict[str, Entry] = {}
    for pattern in rule.on.patterns:
        if object_given(pattern) is not exception.object:
            continue
        found = (
            _sent_by(pattern, index, names)
            if isinstance(pattern, ast.SentRule)
            else _triggering(pattern, bindings, names)
        )
        if not found:
            return []
        entries.update((entry.name, entry) for entry in found)
    return list(entries.values())


def _sent_by(pattern: ast.SentRule, index: Index, names: Names) -> list[Entry]:
    """The campaigns that the rule of that name sends; nothing where one of them is unknown."""
    sender = index.rules.get(pattern.rule.text)
    found = [names.catalog.campaign(target.text) for target in sender.node.targets] if sender else []
    known: list[Entry] = [campaign for campaign in found if campaign]
    return known if len(known) == len(found) else []


def _triggering(pattern: ast.Pattern, bindings: Bindings, names: Names) -> list[Entry]:
    """What a trigger can be about; nothing where that is wrong or unknown."""
    interaction = interaction_of(pattern)
    if interaction is None or not isinstance(pattern, ast.EventPattern):
        return []
    match pattern.of:
        case None:
            return []
        case ast.AnyObject():
            return [entry for entry in names.samples if not lacking(entry, interaction)]
        case ast.Objects(objects):
            found = [bindings[name.span] for name in objects if name.span in bindings]
            sound = len(found) == len(objects) and not any(lacking(entry, interaction) for entry in found)
            return found if sound else []
        case _:
            assert_never(pattern.of)


def _misfit(
    rule: CheckedRule, span: Span, entries: list[Entry], interaction: Interaction, *, in_exception: bool
) -> Diagnostic:
    lack = lacking(entries[0], interaction)
    assert lack is not None  # the callers have seen to it
    if len(entries) == 1:
        message = f"`{interaction.word}` of `{entries[0].name}` can never happen: it has no {lack}"
    else:
        message = f"`{interaction.word}` can never happen: none of the campaigns that it can be about has the {lack}"
    code = "CR210" if interaction.needs else "CR302" if in_exception else "CR207"
    if interaction.needs:
        remedy = f"correct the catalog (key `{_KEYS[interaction.needs]}`), or use another interaction"
        return finding(code, rule.source, span, message, help=remedy)
    channels = [channel for channel in CHANNELS if any(channel in _channels(entry) for entry in entries)]
    label = f"{'its' if len(entries) == 1 else 'their'} channels: {', '.join(channels)}"
    return finding(
        code, rule.source, span, message, label=label, help=_instead(channels, rule.node if in_exception else None)
    )


def _channels(entry: Entry) -> tuple[str, ...]:
    return entry.channels if isinstance(entry, catalog.Campaign) else ()


def _instead(channels: Collection[str], excepted: ast.Rule | None) -> str:
    """What to write instead; in an exception of a rule, what has not happened by the time of its triggers."""
    triggers = [i for pattern in excepted.on.patterns if (i := interaction_of(pattern))] if excepted else []
    known = {word for trigger in triggers for word in (trigger.word, trigger.follows)}
    words = [f"`{row.word}`" for row in INTERACTIONS.values() if row.channel in channels and row.word not in known]
    kind = "an exception" if excepted else "an interaction"
    return (
        f"use {kind} of those channels ({', '.join(words)}), or name another campaign"
        if words
        else "name another campaign"
    )
