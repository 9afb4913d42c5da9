"""The clauses of a rule."""

import typing
from typing import ClassVar

from connrules.ast.conditions import Condition, Path
from connrules.ast.nodes import node, span_field
from connrules.ast.patterns import Pattern
from connrules.ast.values import Clock, Duration, Instant, Name, Share, Zone
from connrules.text import Span


@node
class On:
    """`on received_push of "Abandoned Cart" or purchase`: the trigger."""

    patterns: tuple[Pattern, ...]
    span: Span = span_field()
    keyword: ClassVar[str] = "on"


@node
class If:
    """`if user.country = "FR" and in segment parisians`: what the user must satisfy when the trigger event happens."""

    condition: Condition
    span: Span = span_field()
    keyword: ClassVar[str] = "if"


@node
class After:
    """`after 1d` or `after 1d restarting`: the delay."""

    delay: Duration
    restarting: bool
    span: Span = span_field()
    keyword: ClassVar[str] = "after"


@node
class InDays:
    """`in 2 days at 09:00 local`: a schedule, so many calendar days after the trigger's date."""

    days: int
    clock: Clock
    zone: Zone | None
    span: Span = span_field()
    keyword: ClassVar[str] = "in"


@node
class NextWeekday:
    """`next monday at 09:00 zone "Europe/Paris"`: a schedule, strictly after the trigger's date. Monday is 0."""

    weekday: int
    clock: Clock
    zone: Zone | None
    span: Span = span_field()
    keyword: ClassVar[str] = "next"


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

Schedule = InDays | NextWeekday
Delay = After | Schedule


@node
class Unless:
    """`unless purchase or opened_push`: the exception events."""

    patterns: tuple[Pattern, ...]
    span: Span = span_field()
    keyword: ClassVar[str] = "unless"


@node
class Per:
    """`per cart_id`: one wait per user and value of that property of the trigger event."""

    path: Path
    span: Span = span_field()
    keyword: ClassVar[str] = "per"


@node
class StillIf:
    """`still if user.country = "FR"`: what the user must satisfy at the due instant."""

    condition: Condition
    span: Span = span_field()
    keyword: ClassVar[str] = "still if"


@node
class Between:
    """`between 09:00 and 21:00 local or hold`: the delivery window; what is due outside it is held, or dropped."""

    opens: Clock
    closes: Clock
    zone: Zone | None
    drops: bool
    span: Span = span_field()
    keyword: ClassVar[str] = "between"


@node
class From:
    """`from 2026-03-01`: the instant from which the rule lives."""

    time: Instant
    span: Span = span_field()
    keyword: ClassVar[str] = "from"


@node
class Until:
    """`until 2026-06-01`: the instant at which the rule ends."""

    time: Instant
    span: Span = span_field()
    keyword: ClassVar[str] = "until"


@node
class Once:
    """`once`: one send per user, ever."""

    span: Span = span_field()
    keyword: ClassVar[str] = "once"


@node
class AtMost:
    """`at most 3 per 1w`: so many sends per user in any window of that length."""

    count: int
    window: Duration
    span: Span = span_field()
    keyword: ClassVar[str] = "at most"


@node
class HoldOut:
    """`hold out 10%`: a stable share of users that never gets the message."""

    share: Share
    span: Span = span_field()
    keyword: ClassVar[str] = "hold out"


@node
class Convert:
    """`convert on purchase within 7d`: a goal, counted per sent and per held-out user."""

    pattern: Pattern
    within: Duration
    span: Span = span_field()
    keyword: ClassVar[str] = "convert on"


@node
class Send:
    """`send "Cart Reminder"`: the follow-on campaign."""

    target: Name
    span: Span = span_field()
    keyword: ClassVar[str] = "send"


@node
class Arm:
    """`50% "Cart Reminder"`: one of several follow-on campaigns, with the share of users that get it."""

    share: Share
    target: Name
    span: Span = span_field()


@node
class SendOneOf:
    """`send one of 50% "Cart Reminder", 50% "Cart Discount"`: a split."""

    arms: tuple[Arm, ...]
    span: Span = span_field()
    keyword: ClassVar[str] = "send one of"


Clause = (
    On
    | If
    | After
    | InDays
    | NextWeekday
    | Unless
    | Per
    | StillIf
    | Between
    | From
    | Until
    | Once
    | AtMost
    | HoldOut
    | Convert
    | Send
    | SendOneOf
)

CANONICAL_ORDER: tuple[type[Clause], ...] = typing.get_args(Clause)
