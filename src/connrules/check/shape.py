"""What the grammar lets through and the language does not: words that mean nothing, parts that do not go together."""

from collections.abc import Iterable, Iterator

from connrules import ast
from connrules.check.conditions.parts import trigger_properties_in
from connrules.check.names.binding import Names
from connrules.check.names.events_meant import channel_events, event_meant
from connrules.check.patterns import WORDS, interaction_of, is_known, names_in, patterns_of, where_of
from connrules.checked import CheckedRule
from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.syntax.clause_order import reordering
from connrules.syntax.fixes import writing
from connrules.syntax.formatter import format_pattern
from connrules.syntax.spelling import quoted
from connrules.text import SourceText, Span
from connrules.vocabulary import ATTRIBUTES, INTERACTIONS, SESSION_START

EVERYBODY = 1_000_000
"""The share of all users, in millionths."""


def check_shape(rule: CheckedRule, names: Names | None) -> Iterator[Diagnostic]:
    """Unknown words, objects and conditions where there can be none, objects that are missing, names of nothing."""
    for pattern in patterns_of(rule.node):
        yield from _word(rule, pattern, names)
        yield from _parts(rule, pattern)
    for pattern in rule.node.on.patterns:
        yield from _missing_object(rule, pattern, "a trigger")
    yield from _no_trigger_yet(rule)
    for pattern in rule.node.unless.patterns if rule.node.unless else ():
        yield from _chain(rule, pattern, "an exception cancels on what the user does")
    if rule.node.convert is not None:
        yield from _goal(rule, rule.node.convert.pattern)
    yield from _empty_names(rule)
    yield from _everybody_held_out(rule)
    yield from _clause_order(rule)


def _word(rule: CheckedRule, pattern: ast.Pattern, names: Names | None) -> Iterator[Diagnostic]:
    if not is_known(pattern):
        assert isinstance(pattern, ast.EventPattern)  # other patterns begin with keywords
        yield unknown_word(rule.source, pattern.word, names, has_object=pattern.of is not None)


def unknown_word(source: SourceText, word: ast.Name, names: Names | None, *, has_object: bool) -> Diagnostic:
    """A word that is no event, with the one that was probably meant."""
    meant = _event_written(word.text, names)
    about_nothing = has_object and meant not in INTERACTIONS
    return finding(
        "CR106",
        source,
        word.span,
        f"`{word.text}` is no event",
        label='an interaction, `purchase`, `session_start` or `event "…"` is expected here',
        help=_word_meant(word.text, names),
        fix=None if meant is None or about_nothing else writing(source, word.span, meant),
    )


def _event_written(word: str, names: Names | None) -> str | None:
    """The event that was probably meant, as it is written."""
    custom = None if names is None else names.event_like(word)
    return None if word == ATTRIBUTES else event_meant(word) if custom is None else f"event {quoted(custom)}"


def _word_meant(word: str, names: Names | None) -> str:
    if word == ATTRIBUTES:
        return 'what is known of the user is asked by a clause of its own, e.g. `if user.country = "FR"`'
    meant = _event_written(word, names)
    if meant is not None:
        return f"did you mean {'' if meant in WORDS else 'the custom event '}`{meant}`?"
    own = f'a custom event is written `event "{word}"`'
    same_channel = channel_events(word)
    if same_channel:
        return f"the interactions of that kind are {_listed(same_channel)}; {own}"
    return f"{own}; the interactions are {_listed(WORDS[:3])} …"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _parts(rule: CheckedRule, pattern: ast.Pattern) -> Iterator[Diagnostic]:
    if not isinstance(pattern, ast.EventPattern) or not is_known(pattern):
        return
    word = pattern.word.text
    if pattern.of is not None and interaction_of(pattern) is None:
        yield _unexpected(rule, pattern.of.span, f"`{word}` has no campaign or card", "delete the `of …`")
    if pattern.where is not None and word == SESSION_START:
        yield _unexpected(rule, pattern.where.span, f"`{word}` has no properties", "delete the `where …`")


def _unexpected(rule: CheckedRule, span: Span, message: str, remedy: str) -> Diagnostic:
    return finding("CR101", rule.source, span, message, help=remedy)


def _goal(rule: CheckedRule, pattern: ast.Pattern) -> Iterator[Diagnostic]:
    yield from _missing_object(rule, pattern, "a goal")
    yield from _chain(rule, pattern, "a goal is something that the user does")
    place = next(trigger_properties_in(where_of(pattern)), None)
    if place is not None:
        message = "a goal knows nothing of the trigger, since it may be reached long after"
        yield _unexpected(rule, place.span, message, "compare with a value; `trigger` can stand in `unless`")


def _chain(rule: CheckedRule, pattern: ast.Pattern, why: str) -> Iterator[Diagnostic]:
    """`sent` and `cancelled` where they are no trigger."""
    if isinstance(pattern, ast.SentRule | ast.CancelledRule):
        text = format_pattern(pattern)
        message = f"`{text}` can only trigger a rule; {why}"
        yield _unexpected(rule, pattern.span, message, f"delete it, or write a rule that begins `on {text}`")


def _missing_object(rule: CheckedRule, pattern: ast.Pattern, who: str) -> Iterator[Diagnostic]:
    interaction = interaction_of(pattern)
    if not isinstance(pattern, ast.EventPattern) or interaction is None or pattern.of is not None:
        return
    yield finding(
        "CR213",
        rule.source,
        pattern.word.span,
        f"`{interaction.word}` does not say of which {interaction.object}",
        label=f"{who} names what it is about",
        help=f'say which: `{interaction.word} of "…"`, or `{interaction.word} of any`',
    )


def _no_trigger_yet(rule: CheckedRule) -> Iterator[Diagnostic]:
    """One finding, however many triggers look at themselves: most likely `on` and `unless` changed places."""
    places = (place for pattern in rule.node.on.patterns for place in trigger_properties_in(where_of(pattern)))
    place = next(places, None)
    if place is not None:
        yield _unexpected(
            rule,
            place.span,
            "`trigger` is the event that started the wait, and here it is only arriving",
            "use `trigger` in `unless`; in `on` compare with a value",
        )


def _empty_names(rule: CheckedRule) -> Iterator[Diagnostic]:
    for name in _all_names(rule.node):
        if not name.text.strip():
            yield _unexpected(rule, name.span, "an empty name names nothing", "write the name between the quotes")


def _all_names(rule: ast.Rule) -> Iterator[ast.Name]:
    for pattern in patterns_of(rule):
        yield from (pattern.name,) if isinstance(pattern, ast.CustomEvent) else names_in(pattern)
    yield from rule.targets


def _everybody_held_out(rule: CheckedRule) -> Iterator[Diagnostic]:
    hold_out = rule.node.hold_out
    if hold_out is not None and hold_out.share.millionths == EVERYBODY:
        message = "everybody is held out, so nobody gets the message"
        remedy = "write a smaller share, e.g. `hold out 10%`"
        yield finding("CR315", rule.source, hold_out.span, message, label="nothing is ever sent", help=remedy)


def _clause_order(rule: CheckedRule) -> Iterator[Diagnostic]:
    """One finding for a rule, at the first clause that comes after one it should precede."""
    clauses = rule.node.clauses
    ranks = [ast.CANONICAL_ORDER.index(type(clause)) for clause in clauses]
    for index, clause in enumerate(clauses):
        late = [other for other, rank in zip(clauses[:index], ranks, strict=False) if rank > ranks[index]]
        if late:
            usual = sorted(zip(ranks, clauses, strict=True), key=lambda pair: pair[0])
            yield finding(
                "CR108",
                rule.source,
                clause.span,
                f"`{clause.keyword}` stands after `{late[0].keyword}`",
                label="it means the same there, but is not where readers look for it",
                help=f"the usual order is {', '.join(f'`{c.keyword}`' for _, c in usual)}",
                fix=reordering(rule.source, rule.node),
            )
            return
