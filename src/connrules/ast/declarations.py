"""Rules, segments, the policy and tests; and a file, which holds them."""

import typing
from dataclasses import field
from typing import ClassVar

from connrules.ast.clauses import (
    After,
    AtMost,
    Between,
    Clause,
    Convert,
    Delay,
    From,
    HoldOut,
    If,
    On,
    Once,
    Per,
    Send,
    SendOneOf,
    StillIf,
    Unless,
    Until,
)
from connrules.ast.conditions import Condition
from connrules.ast.nodes import node, span_field
from connrules.ast.steps import Step
from connrules.ast.values import Clock, Duration, Name, Zone
from connrules.text import SourceText, Span


@node
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


@node
class Segment:
    """`segment parisians = user.city = "Paris"`: a named condition on a user."""

    name: Name
    condition: Condition
    span: Span = span_field()


@node
class Limit:
    """`limit 3 per 1d`, or of one channel `limit push to 1 per 12h`."""

    channel: Name | None
    count: int
    window: Duration
    span: Span = span_field()
    keyword: ClassVar[str] = "limit"


@node
class TimeZone:
    """`time zone "Europe/Paris"`: that of clocks and bare dates that name none."""

    name: str
    span: Span = span_field()
    keyword: ClassVar[str] = "time zone"


@node
class Quiet:
    """`quiet 22:00 to 08:00 local or hold`: a delivery window, turned round, for rules that have none."""

    begins: Clock
    ends: Clock
    zone: Zone | None
    drops: bool
    span: Span = span_field()
    keyword: ClassVar[str] = "quiet"


PolicyClause = Limit | TimeZone | Quiet


@node
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


@node
class Test:
    """`test "a purchase cancels": at 0s … expect …`: a unit test, run in virtual time."""

    __test__: ClassVar[bool] = False  # pytest would take it for one of its own

    name: Name
    steps: tuple[Step, ...]
    span: Span = span_field()


Declaration = Rule | Segment | Policy | Test


@node
class File:
    """A source text's healthy declarations, in order."""

    source: SourceText = field(compare=False, repr=False)
    declarations: tuple[Declaration, ...]

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules among the declarations."""
        return tuple(node for node in self.declarations if isinstance(node, Rule))
