"""The steps of a test."""

import typing
from dataclasses import field

from connrules.ast.conditions import Path
from connrules.ast.nodes import node, span_field
from connrules.ast.values import Duration, Instant, Literal, Name
from connrules.text import Span

Value = Literal | Duration
"""What a variable of a test may stand for."""


@node
class Variable:
    """`delay`, in a test that says `each delay in 1h, 2h`: each of the values in turn."""

    name: str
    span: Span = span_field()


Moment = Duration | Instant | Variable
"""When something happens in a test: so long after its start, or at an instant."""


@node
class Start:
    """`start 2026-03-01`: the instant from which a test counts."""

    time: Instant
    span: Span = span_field()


@node
class Active:
    """`active "Cart Reminder" from 1h until 2d`: when a campaign or card is active, whatever the catalog says."""

    name: Name
    from_: Moment | None
    until: Moment | None
    span: Span = span_field()


@node
class Each:
    """`each delay in 0s, 1h, 2h`: the test is run once for each value."""

    variable: Variable
    values: tuple[Value, ...]
    span: Span = span_field()


@node
class Property:
    """`amount = 30`: a property of an event, and its value."""

    path: Path
    value: Literal | Variable
    span: Span = span_field()


@node
class Happening:
    """`user "u2" at 2h opened_push of "Abandoned Cart" where button = "yes"`: an event of a test.

    `type` is its first word; `object` is what it is about, for `event` the name of the custom event. Without a user it
    is of the test's own.
    """

    user: str | None
    at: Moment
    type: Name
    object: Name | None
    properties: tuple[Property, ...]
    span: Span = span_field()


Fate = typing.Literal["sent", "cancelled", "dropped", "ignored", "pending", "restarted", "goal"]


@node
class Expect:
    """`expect user "u1" sent "Cart Reminder" at 1d by cart_reminder`, `expect dropped r because limited`.

    `subject` is the campaign that is sent, or else the rule. `expect nothing` has neither fate nor subject: nothing is
    sent.
    """

    user: str | None
    fate: Fate | None
    subject: Name | None
    at: Moment | None = None
    by: Name | None = None
    because: Name | None = None
    span: Span = field(compare=False, repr=False, default=Span(0, 0))


Step = Start | Active | Each | Happening | Expect
