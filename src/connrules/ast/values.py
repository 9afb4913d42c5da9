"""Names, and values as they are written: durations, instants, clocks, shares, time zones, literals."""

from connrules.ast.nodes import node, span_field, spelling_field
from connrules.text import Span


@node
class Name:
    """`"Abandoned Cart"` or `cart_reminder`; `text` is in Unicode NFC, so that equal names are equal strings."""

    text: str
    quoted: bool
    span: Span = span_field()


@node
class Duration:
    """`1d12h`, elapsed time in milliseconds."""

    ms: int
    spelling: str = spelling_field()
    span: Span = span_field()


@node
class Instant:
    """`2026-03-01` or `2026-03-01T09:00:00Z`, in epoch milliseconds.

    A bare date begins at 00:00 UTC, until the checker has read it in the time zone of the policy.
    """

    ms: int
    is_date: bool
    spelling: str = spelling_field()
    span: Span = span_field()


@node
class Clock:
    """`09:00`, a time of the day in minutes."""

    minutes: int
    span: Span = span_field()


@node
class Share:
    """`12.5%`, in millionths of the whole."""

    millionths: int
    spelling: str = spelling_field()
    span: Span = span_field()


@node
class Local:
    """`local`: the time zone of the user."""

    span: Span = span_field()


@node
class NamedZone:
    """`zone "Europe/Paris"`."""

    name: str
    span: Span = span_field()


Zone = Local | NamedZone


@node
class Text:
    """`"red"`, as a value to compare with."""

    value: str
    span: Span = span_field()


@node
class Number:
    """`30` or `-2.5`."""

    value: int | float
    span: Span = span_field()


@node
class Boolean:
    """`true` or `false`."""

    value: bool
    span: Span = span_field()


Literal = Text | Number | Boolean | Instant
