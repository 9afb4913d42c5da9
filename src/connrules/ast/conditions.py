"""Conditions on the properties of events, and on users."""

import typing

from connrules.ast.nodes import node, span_field
from connrules.ast.values import Literal, Name
from connrules.text import Span


@node
class Path:
    """`amount`, `cart.total`, `` `order-id` ``: a property of an event, or one inside nested objects."""

    segments: tuple[str, ...]
    span: Span = span_field()


@node
class Attribute:
    """`user.country`, `user.address.city`: an attribute of the user, or a value inside one."""

    path: Path
    span: Span = span_field()


Subject = Path | Attribute
"""What a condition looks at. Conditions on events look at paths, conditions on users at attributes."""


@node
class TriggerProperty:
    """`trigger.cart_id`: a property of the event that started the wait."""

    path: Path
    span: Span = span_field()


Operator = typing.Literal["=", "!=", "<", "<=", ">", ">="]
Operand = Literal | TriggerProperty


@node
class Compare:
    """`amount >= 30`, with one of `= != < <= > >=`."""

    subject: Subject
    operator: Operator
    operand: Operand
    span: Span = span_field()


@node
class OneOf:
    """`color in ("red", "blue")`."""

    subject: Subject
    operands: tuple[Operand, ...]
    span: Span = span_field()


@node
class Contains:
    """`tags contains "sale"`: a substring of a string, or an element of a list."""

    subject: Subject
    operand: Operand
    span: Span = span_field()


@node
class StartsWith:
    """`sku starts with "A-"`."""

    subject: Subject
    operand: Operand
    span: Span = span_field()


@node
class IsMissing:
    """`coupon is missing`."""

    subject: Subject
    span: Span = span_field()


@node
class IsPresent:
    """`coupon is present`."""

    subject: Subject
    span: Span = span_field()


@node
class InSegment:
    """`in segment parisians`: the condition of that name."""

    name: Name
    span: Span = span_field()


@node
class Negation:
    """`not coupon is missing`."""

    term: "Condition"
    span: Span = span_field()


@node
class AllOf:
    """`amount > 5 and color = "red"`."""

    terms: tuple["Condition", ...]
    span: Span = span_field()


@node
class AnyOf:
    """`(amount > 5 or color = "red")`."""

    terms: tuple["Condition", ...]
    span: Span = span_field()


Comparison = Compare | OneOf | Contains | StartsWith | IsMissing | IsPresent
Condition = Comparison | InSegment | Negation | AllOf | AnyOf
