"""The syntax tree: one node per production of the grammar, frozen, each docstring showing the concrete syntax.

Spans do not count in equality, nor does the way a duration or an instant was spelled: two trees are equal when they
mean the same. A rule's clauses stand in named fields, so their order in the text does not count either.
"""

import typing
from dataclasses import dataclass, field
from typing import ClassVar

from connrules.text import SourceText, Span


def _span() -> Span:
    return field(compare=False, repr=False)  # type: ignore[no-any-return]  # a dataclass field stands in for its value


def _spelling() -> str:
    return field(compare=False, repr=False)  # type: ignore[no-any-return]  # likewise


# Names and literals


@dataclass(frozen=True, slots=True)
class Name:
    """`"Abandoned Cart"` or `cart_reminder`; `text` is in Unicode NFC, so that equal names are equal strings."""

    text: str
    quoted: bool
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Duration:
    """`1d12h`, elapsed time in milliseconds."""

    ms: int
    spelling: str = _spelling()
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Instant:
    """`2026-03-01` or `2026-03-01T09:00:00Z`, in epoch milliseconds."""

    ms: int
    spelling: str = _spelling()
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Text:
    """`"red"`, as a value to compare with."""

    value: str
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Number:
    """`30` or `-2.5`."""

    value: int | float
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Boolean:
    """`true` or `false`."""

    value: bool
    span: Span = _span()


# Conditions


@dataclass(frozen=True, slots=True)
class Path:
    """`amount`, `cart.total`, `` `order-id` ``: a property of an event, or one inside nested objects."""

    segments: tuple[str, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class TriggerProperty:
    """`trigger.cart_id`: a property of the event that started the wait."""

    path: Path
    span: Span = _span()


Operator = typing.Literal["=", "!=", "<", "<=", ">", ">="]
Literal = Text | Number | Boolean | Instant
Operand = Literal | TriggerProperty


@dataclass(frozen=True, slots=True)
class Compare:
    """`amount >= 30`, with one of `= != < <= > >=`."""

    path: Path
    operator: Operator
    operand: Operand
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class OneOf:
    """`color in ("red", "blue")`."""

    path: Path
    operands: tuple[Operand, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Contains:
    """`tags contains "sale"`: a substring of a string, or an element of a list."""

    path: Path
    operand: Operand
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class StartsWith:
    """`sku starts with "A-"`."""

    path: Path
    operand: Operand
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class IsMissing:
    """`coupon is missing`."""

    path: Path
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class IsPresent:
    """`coupon is present`."""

    path: Path
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Negation:
    """`not coupon is missing`."""

    term: "Condition"
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class AllOf:
    """`amount > 5 and color = "red"`."""

    terms: tuple["Condition", ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """`(amount > 5 or color = "red")`."""

    terms: tuple["Condition", ...]
    span: Span = _span()


Comparison = Compare | OneOf | Contains | StartsWith | IsMissing | IsPresent
Condition = Comparison | Negation | AllOf | AnyOf


# Event patterns


@dataclass(frozen=True, slots=True)
class AnyObject:
    """`of any`."""

    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Objects:
    """`of "Abandoned Cart", "Welcome"`."""

    names: tuple[Name, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class EventPattern:
    """`opened_push of "Abandoned Cart" where amount > 5`; also `purchase` and `session_start`, which take no `of`."""

    word: Name
    of: AnyObject | Objects | None
    where: Condition | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class CustomEvent:
    """`event "Completed Profile" where score > 5`."""

    name: Name
    where: Condition | None
    span: Span = _span()


Pattern = EventPattern | CustomEvent


# Clauses and declarations


@dataclass(frozen=True, slots=True)
class On:
    """`on received_push of "Abandoned Cart" or purchase`: the trigger."""

    patterns: tuple[Pattern, ...]
    span: Span = _span()
    keyword: ClassVar[str] = "on"


@dataclass(frozen=True, slots=True)
class After:
    """`after 1d` or `after 1d restarting`: the delay."""

    delay: Duration
    restarting: bool
    span: Span = _span()
    keyword: ClassVar[str] = "after"


@dataclass(frozen=True, slots=True)
class Unless:
    """`unless purchase or opened_push`: the exception events."""

    patterns: tuple[Pattern, ...]
    span: Span = _span()
    keyword: ClassVar[str] = "unless"


@dataclass(frozen=True, slots=True)
class From:
    """`from 2026-03-01`: the instant from which the rule lives."""

    time: Instant
    span: Span = _span()
    keyword: ClassVar[str] = "from"


@dataclass(frozen=True, slots=True)
class Until:
    """`until 2026-06-01`: the instant at which the rule ends."""

    time: Instant
    span: Span = _span()
    keyword: ClassVar[str] = "until"


@dataclass(frozen=True, slots=True)
class Once:
    """`once`: one send per user, ever."""

    span: Span = _span()
    keyword: ClassVar[str] = "once"


@dataclass(frozen=True, slots=True)
class AtMost:
    """`at most 3 per 1w`: so many sends per user in any window of that length."""

    count: int
    window: Duration
    span: Span = _span()
    keyword: ClassVar[str] = "at most"


@dataclass(frozen=True, slots=True)
class Send:
    """`send "Cart Reminder"`: the follow-on campaign."""

    target: Name
    span: Span = _span()
    keyword: ClassVar[str] = "send"


Clause = On | After | Unless | From | Until | Once | AtMost | Send

CANONICAL_ORDER: tuple[type[Clause], ...] = (On, After, Unless, From, Until, Once, AtMost, Send)


@dataclass(frozen=True, slots=True)
class Rule:
    """`rule cart_reminder: on … after … unless … send …`; a rule without a name begins with `on`."""

    name: Name | None
    on: On
    send: Send
    after: After | None = None
    unless: Unless | None = None
    from_: From | None = None
    until: Until | None = None
    eligibility: Once | AtMost | None = None
    span: Span = field(compare=False, repr=False, default=Span(0, 0))

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """The clauses that are there, in the order of the text."""
        fields = (self.on, self.after, self.unless, self.from_, self.until, self.eligibility, self.send)
        return tuple(sorted((c for c in fields if c is not None), key=lambda clause: clause.span))


@dataclass(frozen=True, slots=True)
class File:
    """A source text's healthy declarations, in order."""

    source: SourceText = field(compare=False, repr=False)
    declarations: tuple[Rule, ...]
