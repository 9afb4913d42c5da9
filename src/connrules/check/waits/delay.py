"""The delay and what happens while it lasts: exceptions that cannot act, that repeat, or that equal the trigger."""

from collections.abc import Hashable, Iterator, Sequence

from connrules import ast
from connrules.check.patterns import meanings, names_in, patterns_of
from connrules.check.waits.waiting import can_wait
from connrules.checked import CheckedRule
from connrules.codes import finding
from connrules.diagnostic import Diagnostic, Fix, Related, Severity
from connrules.syntax.fixes import deleting, deleting_item, writing
from connrules.syntax.formatter import format_pattern
from connrules.text import Span
from connrules.vocabulary import SESSION_START


def check_delay(rule: CheckedRule, policy: ast.Policy) -> Iterator[Diagnostic]:
    """Delays of nothing, exceptions without a delay, patterns that stand twice, exceptions that equal the trigger."""
    after, unless = rule.node.after, rule.node.unless
    waits = can_wait(rule.node, policy)
    if not waits:
        yield from _nobody_waits(rule, after, unless)
    elif after is not None and after.delay.ms == 0 and not after.restarting:
        yield _zero(rule, after, "the message is due as it is without this clause")
    if waits and unless is not None and not (after and after.restarting):
        yield from _equals_trigger(rule, unless, after)
    for clause in (rule.node.on, unless):
        if clause is not None:
            yield from _duplicate_patterns(rule, clause)
    for pattern in patterns_of(rule.node):
        yield from _duplicate_names(rule, names_in(pattern))
    yield from _duplicate_targets(rule)


def _nobody_waits(rule: CheckedRule, after: ast.After | None, unless: ast.Unless | None) -> Iterator[Diagnostic]:
    """One finding, the gravest: what hangs on a delay comes before the delay itself."""
    if after is not None and after.restarting:
        yield finding(
            "CR311",
            rule.source,
            after.span,
            "a wait of no time cannot be restarted",
            label="nobody waits here",
            help="write a longer delay, e.g. `after 1d restarting`, or delete the clause",
        )
    elif unless is not None:
        remedy = "add a delay" if after is None else "write a longer delay"
        fix = _with_delay(rule, unless) if after is None else writing(rule.source, after.delay.span, "1d")
        yield finding(
            "CR301",
            rule.source,
            unless.span,
            "an exception needs a delay to act in",
            label="exceptions count only while a user waits, and nobody waits here",
            help=f"{remedy}, e.g. `after 1d`, or delete the `unless` clause",
            fix=fix,
        )
    elif after is not None:
        yield _zero(rule, after, "the message is due at once, as it is without this clause")


def _with_delay(rule: CheckedRule, unless: ast.Unless) -> Fix | None:
    """Whoever writes an exception wants it to act; how long to wait is for them to say, and a day is a beginning."""
    start = unless.span.start
    before = rule.source.text[:start].rpartition("\n")[2]
    gap = " " if before.strip() else f"\n{before}"
    return writing(rule.source, Span(start, start), f"after 1d{gap}", title="add `after 1d`")


def _zero(rule: CheckedRule, after: ast.After, label: str) -> Diagnostic:
    remedy = "delete the clause, or write a longer delay, e.g. `after 1h`"
    return finding(
        "CR308",
        rule.source,
        after.span,
        f"`after {after.delay.spelling}` is no delay",
        label=label,
        help=remedy,
        fix=deleting(rule.source, after.span, title="delete the clause", safe=True),
    )


def _equals_trigger(rule: CheckedRule, unless: ast.Unless, after: ast.After | None) -> Iterator[Diagnostic]:
    remedy = "delete it, or name another event"
    if after is not None and after.delay.ms:
        remedy = f"if each trigger is to start the wait anew, write `after {after.delay.spelling} restarting` instead"
    triggers = set(meanings(rule.node, rule.node.on.patterns))
    for pattern, meaning in _first_of_each(rule.node, unless):
        if meaning not in triggers:
            continue
        if isinstance(pattern, ast.EventPattern) and pattern.word.text == SESSION_START:
            message, severity = "`session_start` cannot be both trigger and exception", Severity.ERROR
            label = "a new session would both cancel the wait and start it again"
        else:
            message, severity = f"the exception `{format_pattern(pattern)}` is also the trigger", None
            label = "each such event cancels the wait and starts a new one"
        yield finding(
            "CR304",
            rule.source,
            pattern.span,
            message,
            label=label,
            help=remedy,
            severity=severity,
        )


def _first_of_each(rule: ast.Rule, clause: ast.On | ast.Unless) -> Iterator[tuple[ast.Pattern, Hashable]]:
    seen: set[Hashable] = set()
    for pattern, meaning in zip(clause.patterns, meanings(rule, clause.patterns), strict=True):
        if meaning not in seen:
            yield pattern, meaning
        seen.add(meaning)


def _duplicate_patterns(rule: CheckedRule, clause: ast.On | ast.Unless) -> Iterator[Diagnostic]:
    first = {meaning: pattern for pattern, meaning in _first_of_each(rule.node, clause)}
    spans = [pattern.span for pattern in clause.patterns]
    for index, (pattern, meaning) in enumerate(zip(clause.patterns, meanings(rule.node, clause.patterns), strict=True)):
        if first[meaning] is not pattern:
            message = f"`{format_pattern(pattern)}` stands twice in `{clause.keyword}`"
            yield _duplicate(rule, spans, (first[meaning].span, index), message)


def _duplicate_names(rule: CheckedRule, names: Sequence[ast.Name]) -> Iterator[Diagnostic]:
    spans = [name.span for name in names]
    for first, index in _repeated(names):
        yield _duplicate(rule, spans, (first.span, index), f"`{first.text}` stands twice in `of`")


def _duplicate(rule: CheckedRule, items: Sequence[Span], pair: tuple[Span, int], message: str) -> Diagnostic:
    """An item of a list, by its place in it, that says the same as the one before it."""
    first, index = pair
    label = f"the first one is on line {rule.line_of(first.start)}"
    fix = deleting_item(rule.source, items, index, title="delete the second one", safe=True)
    related = (Related(rule.source, first, "the first one"),)
    remedy = "delete one of them"
    return finding("CR305", rule.source, items[index], message, label=label, help=remedy, fix=fix, related=related)


def _duplicate_targets(rule: CheckedRule) -> Iterator[Diagnostic]:
    """Where a campaign stands twice in a split, to delete one would leave a share to nobody."""
    for first, index in _repeated(rule.node.targets):
        yield finding(
            "CR305",
            rule.source,
            rule.node.targets[index].span,
            f"`{first.text}` stands twice in `{rule.node.send.keyword}`",
            label=f"the first one is on line {rule.line_of(first.span.start)}",
            help="write it once, with the shares added together",
            related=(Related(rule.source, first.span, "the first one"),),
        )


def _repeated(names: Sequence[ast.Name]) -> Iterator[tuple[ast.Name, int]]:
    """The names that stood before, each as it stood first, with the place where it stands again."""
    seen: dict[str, ast.Name] = {}
    for index, name in enumerate(names):
        if seen.setdefault(name.text, name) is not name:
            yield seen[name.text], index
