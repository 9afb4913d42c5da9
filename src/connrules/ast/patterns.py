"""Event patterns: what a rule waits for."""

from connrules.ast.conditions import Condition
from connrules.ast.nodes import node, span_field
from connrules.ast.values import Name
from connrules.text import Span


@node
class AnyObject:
    """`of any`."""

    span: Span = span_field()


@node
class Objects:
    """`of "Abandoned Cart", "Welcome"`."""

    names: tuple[Name, ...]
    span: Span = span_field()


@node
class EventPattern:
    """`opened_push of "Abandoned Cart" where amount > 5`; also `purchase` and `session_start`, which take no `of`."""

    word: Name
    of: AnyObject | Objects | None
    where: Condition | None
    span: Span = span_field()


@node
class CustomEvent:
    """`event "Completed Profile" where score > 5`."""

    name: Name
    where: Condition | None
    span: Span = span_field()


@node
class SentRule:
    """`sent cart_reminder`: that rule decided to send."""

    rule: Name
    span: Span = span_field()


@node
class CancelledRule:
    """`cancelled cart_reminder`: a pending send of that rule was cancelled."""

    rule: Name
    span: Span = span_field()


Pattern = EventPattern | CustomEvent | SentRule | CancelledRule
