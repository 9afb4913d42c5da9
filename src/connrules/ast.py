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
    """`2026-03-01` or `2026-03-01T09:00:00Z`, in epoch milliseconds.

    A bare date begins at 00:00 UTC, until the checker has read it in the time zone of the policy.
    """

    ms: int
    is_date: bool
    spelling: str = _spelling()
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Clock:
    """`09:00`, a time of the day in minutes."""

    minutes: int
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Share:
    """`12.5%`, in millionths of the whole."""

    millionths: int
    spelling: str = _spelling()
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Local:
    """`local`: the time zone of the user."""

    span: Span = _span()


@dataclass(frozen=True, slots=True)
class NamedZone:
    """`zone "Europe/Paris"`."""

    name: str
    span: Span = _span()


Zone = Local | NamedZone


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
class Attribute:
    """`user.country`, `user.address.city`: an attribute of the user, or a value inside one."""

    path: Path
    span: Span = _span()


Subject = Path | Attribute
"""What a condition looks at. Conditions on events look at paths, conditions on users at attributes."""


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

    subject: Subject
    operator: Operator
    operand: Operand
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class OneOf:
    """`color in ("red", "blue")`."""

    subject: Subject
    operands: tuple[Operand, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Contains:
    """`tags contains "sale"`: a substring of a string, or an element of a list."""

    subject: Subject
    operand: Operand
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class StartsWith:
    """`sku starts with "A-"`."""

    subject: Subject
    operand: Operand
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class IsMissing:
    """`coupon is missing`."""

    subject: Subject
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class IsPresent:
    """`coupon is present`."""

    subject: Subject
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class InSegment:
    """`in segment parisians`: the condition of that name."""

    name: Name
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
Condition = Comparison | InSegment | Negation | AllOf | AnyOf


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


@dataclass(frozen=True, slots=True)
class SentRule:
    """`sent cart_reminder`: that rule decided to send."""

    rule: Name
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class CancelledRule:
    """`cancelled cart_reminder`: a pending send of that rule was cancelled."""

    rule: Name
    span: Span = _span()


Pattern = EventPattern | CustomEvent | SentRule | CancelledRule


# Clauses of a rule


@dataclass(frozen=True, slots=True)
class On:
    """`on received_push of "Abandoned Cart" or purchase`: the trigger."""

    patterns: tuple[Pattern, ...]
    span: Span = _span()
    keyword: ClassVar[str] = "on"


@dataclass(frozen=True, slots=True)
class If:
    """`if user.country = "FR" and in segment parisians`: what the user must satisfy when the trigger event happens."""

    condition: Condition
    span: Span = _span()
    keyword: ClassVar[str] = "if"


@dataclass(frozen=True, slots=True)
class After:
    """`after 1d` or `after 1d restarting`: the delay."""

    delay: Duration
    restarting: bool
    span: Span = _span()
    keyword: ClassVar[str] = "after"


@dataclass(frozen=True, slots=True)
class InDays:
    """`in 2 days at 09:00 local`: a schedule, so many calendar days after the trigger's date."""

    days: int
    clock: Clock
    zone: Zone | None
    span: Span = _span()
    keyword: ClassVar[str] = "in"


@dataclass(frozen=True, slots=True)
class NextWeekday:
    """`next monday at 09:00 zone "Europe/Paris"`: a schedule, strictly after the trigger's date. Monday is 0."""

    weekday: int
    clock: Clock
    zone: Zone | None
    span: Span = _span()
    keyword: ClassVar[str] = "next"


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

Schedule = InDays | NextWeekday
Delay = After | Schedule


@dataclass(frozen=True, slots=True)
class Unless:
    """`unless purchase or opened_push`: the exception events."""

    patterns: tuple[Pattern, ...]
    span: Span = _span()
    keyword: ClassVar[str] = "unless"


@dataclass(frozen=True, slots=True)
class Per:
    """`per cart_id`: one wait per user and value of that property of the trigger event."""

    path: Path
    span: Span = _span()
    keyword: ClassVar[str] = "per"


@dataclass(frozen=True, slots=True)
class StillIf:
    """`still if user.country = "FR"`: what the user must satisfy at the due instant."""

    condition: Condition
    span: Span = _span()
    keyword: ClassVar[str] = "still if"


@dataclass(frozen=True, slots=True)
class Between:
    """`between 09:00 and 21:00 local or hold`: the delivery window; what is due outside it is held, or dropped."""

    opens: Clock
    closes: Clock
    zone: Zone | None
    drops: bool
    span: Span = _span()
    keyword: ClassVar[str] = "between"


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
class HoldOut:
    """`hold out 10%`: a stable share of users that never gets the message."""

    share: Share
    span: Span = _span()
    keyword: ClassVar[str] = "hold out"


@dataclass(frozen=True, slots=True)
class Convert:
    """`convert on purchase within 7d`: a goal, counted per sent and per held-out user."""

    pattern: Pattern
    within: Duration
    span: Span = _span()
    keyword: ClassVar[str] = "convert on"


@dataclass(frozen=True, slots=True)
class Send:
    """`send "Cart Reminder"`: the follow-on campaign."""

    target: Name
    span: Span = _span()
    keyword: ClassVar[str] = "send"


@dataclass(frozen=True, slots=True)
class Arm:
    """`50% "Cart Reminder"`: one of several follow-on campaigns, with the share of users that get it."""

    share: Share
    target: Name
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class SendOneOf:
    """`send one of 50% "Cart Reminder", 50% "Cart Discount"`: a split."""

    arms: tuple[Arm, ...]
    span: Span = _span()
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


# Declarations


@dataclass(frozen=True, slots=True)
class Rule:
    """`rule cart_reminder: on … after … unless … send …`; a rule without a name begins with `on`."""

    name: Name | None
    on: On
    send: Send | SendOneOf
    if_: If | None = None
    delay: Delay | None = None
    unless: Unless | None = None
    per: Per | None = None
    still_if: StillIf | None = None
    between: Between | None = None
    from_: From | None = None
    until: Until | None = None
    eligibility: Once | AtMost | None = None
    hold_out: HoldOut | None = None
    convert: Convert | None = None
    span: Span = field(compare=False, repr=False, default=Span(0, 0))

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """The clauses that are there, in the order of the text."""
        fields = (
            *(self.on, self.if_, self.delay, self.unless, self.per, self.still_if, self.between, self.from_),
            *(self.until, self.eligibility, self.hold_out, self.convert, self.send),
        )
        return tuple(sorted((c for c in fields if c is not None), key=lambda clause: clause.span))

    @property
    def after(self) -> After | None:
        """The delay where it is elapsed time; None where there is none, or a schedule."""
        return self.delay if isinstance(self.delay, After) else None

    @property
    def targets(self) -> tuple[Name, ...]:
        """The campaigns that the rule may send: one, or those of a split."""
        match self.send:
            case Send(target):
                return (target,)
            case SendOneOf(arms):
                return tuple(arm.target for arm in arms)
            case clause:
                typing.assert_never(clause)


@dataclass(frozen=True, slots=True)
class Segment:
    """`segment parisians = user.city = "Paris"`: a named condition on a user."""

    name: Name
    condition: Condition
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Limit:
    """`limit 3 per 1d`, or of one channel `limit push to 1 per 12h`."""

    channel: Name | None
    count: int
    window: Duration
    span: Span = _span()
    keyword: ClassVar[str] = "limit"


@dataclass(frozen=True, slots=True)
class TimeZone:
    """`time zone "Europe/Paris"`: that of clocks and bare dates that name none."""

    name: str
    span: Span = _span()
    keyword: ClassVar[str] = "time zone"


@dataclass(frozen=True, slots=True)
class Quiet:
    """`quiet 22:00 to 08:00 local or hold`: a delivery window, turned round, for rules that have none."""

    begins: Clock
    ends: Clock
    zone: Zone | None
    drops: bool
    span: Span = _span()
    keyword: ClassVar[str] = "quiet"


PolicyClause = Limit | TimeZone | Quiet


@dataclass(frozen=True, slots=True)
class Policy:
    """`policy: limit … time zone … quiet …`, for the whole rule set."""

    limits: tuple[Limit, ...] = ()
    time_zone: TimeZone | None = None
    quiet: Quiet | None = None
    span: Span = field(compare=False, repr=False, default=Span(0, 0))

    @property
    def clauses(self) -> tuple[PolicyClause, ...]:
        """The clauses that are there, in the order of the text."""
        fields = (*self.limits, self.time_zone, self.quiet)
        return tuple(sorted((c for c in fields if c is not None), key=lambda clause: clause.span))


# Tests

Value = Literal | Duration
"""What a variable of a test may stand for."""


@dataclass(frozen=True, slots=True)
class Variable:
    """`delay`, in a test that says `each delay in 1h, 2h`: each of the values in turn."""

    name: str
    span: Span = _span()


Moment = Duration | Instant | Variable
"""When something happens in a test: so long after its start, or at an instant."""


@dataclass(frozen=True, slots=True)
class Start:
    """`start 2026-03-01`: the instant from which a test counts."""

    time: Instant
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Active:
    """`active "Cart Reminder" from 1h until 2d`: when a campaign or card is active, whatever the catalog says."""

    name: Name
    from_: Moment | None
    until: Moment | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Each:
    """`each delay in 0s, 1h, 2h`: the test is run once for each value."""

    variable: Variable
    values: tuple[Value, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Property:
    """`amount = 30`: a property of an event, and its value."""

    path: Path
    value: Literal | Variable
    span: Span = _span()


@dataclass(frozen=True, slots=True)
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
    span: Span = _span()


Fate = typing.Literal["sent", "cancelled", "dropped", "ignored", "pending", "restarted", "goal"]


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Test:
    """`test "a purchase cancels": at 0s … expect …`: a unit test, run in virtual time."""

    __test__: ClassVar[bool] = False  # pytest would take it for one of its own

    name: Name
    steps: tuple[Step, ...]
    span: Span = _span()


Declaration = Rule | Segment | Policy | Test


@dataclass(frozen=True, slots=True)
class File:
    """A source text's healthy declarations, in order."""

    source: SourceText = field(compare=False, repr=False)
    declarations: tuple[Declaration, ...]

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules among the declarations."""
        return tuple(node for node in self.declarations if isinstance(node, Rule))
