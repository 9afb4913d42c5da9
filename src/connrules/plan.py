"""The plan: what a rule set comes down to once it is checked. Frozen, serialisable, versioned, and all a worker needs.

Names are resolved, durations are milliseconds, intervals are half-open `[from, to)` in epoch milliseconds. A plan holds
no spans and needs no syntax to run.
"""

from threading import Lock
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from connrules.duration import LONGEST

VERSION = 2
"""The version of the plan's form. A plan of another version is refused."""

_READING: Final = Lock()
"""Held while a plan is read: msgspec gets ready for a class when it first reads one, and crashes where a second thread
begins meanwhile, as workers of one process do.
"""

Interval = tuple[int, int | None]
ObjectKind = Literal["campaign", "card"]
Millionths = Annotated[int, Meta(ge=0, le=1_000_000)]
"""A share of the users, in millionths of all."""
Milliseconds = Annotated[int, Meta(ge=0, le=LONGEST)]
Window = Annotated[int, Meta(ge=1, le=LONGEST)]
"""A sliding window of elapsed time, in milliseconds."""
MinuteOfDay = Annotated[int, Meta(ge=0, lt=1_440)]
Operator = Literal["=", "!=", "<", "<=", ">", ">="]
Scope = Literal["any", "implied"]
SENT: Final = "sent"
CANCELLED: Final = "cancelled"
"""The types of what is no event from outside, but an outcome of a rule."""


class _Frozen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    pass


class _Node(msgspec.Struct, frozen=True, tag_field="is", omit_defaults=True, gc=False):
    pass


# Conditions on an event's properties or a user's attributes. A path is the keys to follow, from the outside in.

Path = Annotated[tuple[str, ...], Meta(min_length=1)]


class Value(_Node, frozen=True, tag="value"):
    """A literal. With `instant`, epoch milliseconds to compare as an instant."""

    value: str | int | float | bool
    instant: bool = False


class FromTrigger(_Node, frozen=True, tag="trigger"):
    """A property of the event that started the wait."""

    path: Path


Operand = Value | FromTrigger


class Compare(_Node, frozen=True, tag="compare"):
    """`path operator operand`; `instant` where the catalog types the property as a time."""

    path: Path
    operator: Operator
    operand: Operand
    instant: bool = False


class OneOf(_Node, frozen=True, tag="one_of"):
    """`path in (operands)`."""

    path: Path
    operands: tuple[Operand, ...]
    instant: bool = False


class Contains(_Node, frozen=True, tag="contains"):
    """A substring of a string, or an element of a list."""

    path: Path
    operand: Operand


class StartsWith(_Node, frozen=True, tag="starts_with"):
    """The beginning of a string."""

    path: Path
    operand: Operand


class IsMissing(_Node, frozen=True, tag="is_missing"):
    """There is no such property, or it is null."""

    path: Path


class InSegment(_Node, frozen=True, tag="in_segment"):
    """The condition of the segment of that name; in conditions on users only."""

    name: str


class Negation(_Node, frozen=True, tag="not"):
    """The opposite."""

    term: "Condition"


class AllOf(_Node, frozen=True, tag="all"):
    """Every term holds."""

    terms: tuple["Condition", ...]


class AnyOf(_Node, frozen=True, tag="any"):
    """At least one term holds."""

    terms: tuple["Condition", ...]


Condition = Compare | OneOf | Contains | StartsWith | IsMissing | InSegment | Negation | AllOf | AnyOf


class Segment(_Frozen, frozen=True):
    """A named condition on a user."""

    name: str
    condition: Condition


class Matcher(_Frozen, frozen=True):
    """What events a pattern matches.

    `objects` are the names of campaigns, cards or custom events; None: the type of event has no object, or `scope` says
    which. `scope` is `any` (whatever known object) or `implied` (the object of the trigger event). With `rule`, the
    events are outcomes of that rule, of the kind that `type` says: `sent` or `cancelled`. `text` is the pattern in
    canonical form, for people.
    """

    text: str
    type: str
    objects: tuple[str, ...] | None = None
    scope: Scope | None = None
    rule: str | None = None
    where: Condition | None = None


# When a send is due


class Zone(_Frozen, frozen=True):
    """A time zone by its name; with `local` that of the user, and the one named for users who have none."""

    name: str = "UTC"
    local: bool = False


class InDays(_Node, frozen=True, tag="in_days"):
    """At a time of the day, so many calendar days after the trigger's date."""

    days: Annotated[int, Meta(ge=0, le=LONGEST // 86_400_000)]
    minute: MinuteOfDay
    zone: Zone


class NextWeekday(_Node, frozen=True, tag="next_weekday"):
    """At a time of the day, on the next such weekday after the trigger's date; Monday is 0."""

    weekday: Annotated[int, Meta(ge=0, le=6)]
    minute: MinuteOfDay
    zone: Zone


Schedule = InDays | NextWeekday


class DeliveryWindow(_Frozen, frozen=True):
    """The time of the day `[opens, closes)`, in minutes. What is due outside is held until it opens, or dropped."""

    opens: MinuteOfDay
    closes: MinuteOfDay
    zone: Zone
    drops: bool = False


# Rules


class Eligibility(_Frozen, frozen=True):
    """Fewer than `count` sends in the `window` milliseconds up to an instant; without a window: ever."""

    count: Annotated[int, Meta(ge=1)]
    window: Window | None = None


class Arm(_Frozen, frozen=True):
    """One of several follow-on campaigns, and the share of the users who get it."""

    share: Millionths
    send: str


class Goal(_Frozen, frozen=True):
    """What counts as a success of a send, within so many milliseconds after it."""

    matcher: Matcher
    within: Milliseconds


class Rule(_Frozen, frozen=True):
    """A rule, ready to run.

    `condition` is asked at the trigger, `still` at the due instant. A send is due `delay` milliseconds after the
    trigger, or as the `schedule` says. `send` is the follow-on campaign, or the arms of a split. `hold_out` is the
    share of users who are never sent anything. `says` is there for a rule without a name of its own: a digest of its
    text, by which it is recognised in another plan, whatever policy and catalog are beside it.
    """

    name: str
    triggers: Annotated[tuple[Matcher, ...], Meta(min_length=1)]
    send: str | Annotated[tuple[Arm, ...], Meta(min_length=1)]
    condition: Condition | None = None
    delay: Milliseconds = 0
    restarting: bool = False
    schedule: Schedule | None = None
    exceptions: tuple[Matcher, ...] = ()
    per: Path | None = None
    still: Condition | None = None
    between: DeliveryWindow | None = None
    live_from: int | None = None
    live_until: int | None = None
    eligibility: Eligibility | None = None
    hold_out: Millionths = 0
    goal: Goal | None = None
    says: str = ""


class Limit(_Frozen, frozen=True):
    """Fewer than `count` sends to a user in the `window` milliseconds up to an instant, over all rules.

    With a `channel`, only sends of campaigns that have it count, and only they are limited.
    """

    count: Annotated[int, Meta(ge=1)]
    window: Window
    channel: str | None = None


class Object(_Frozen, frozen=True):
    """A campaign or card that is known: its name, its id, when it is active, and a campaign's channels."""

    kind: ObjectKind
    name: str
    id: str | None = None
    active: tuple[Interval, ...] = ()
    channels: tuple[str, ...] = ()


class Plan(_Frozen, frozen=True):
    """A rule set, ready to run.

    With `objects`, the campaigns and cards in it are those that are known, and `events` lists the custom events that
    are (None: all). Without, every name is known and always active. A bare date in data begins in the `time_zone`
    (None: in UTC).
    """

    rules: tuple[Rule, ...]
    segments: tuple[Segment, ...] = ()
    limits: tuple[Limit, ...] = ()
    time_zone: str | None = None
    objects: tuple[Object, ...] | None = None
    events: tuple[str, ...] | None = None
    version: int = VERSION

    def to_json(self) -> bytes:
        """The plan as JSON in UTF-8. The same plan gives the same bytes."""
        names = ("rules", "segments", "limits", "time_zone", "objects", "events")
        fields = {"version": self.version, **{name: getattr(self, name) for name in names}}
        return msgspec.json.encode(fields)

    @classmethod
    def from_json(cls, data: bytes) -> "Plan":
        """Read a plan back.

        Raises PlanError where `data` is no plan, or one of another version.
        """
        try:
            with _READING:
                version = msgspec.json.decode(data, type=_Version).version
                if version != VERSION:
                    raise PlanError(f"the plan has version {version}; this connrules runs version {VERSION}")
                plan = msgspec.json.decode(data, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise PlanError(f"this is not a plan: {error}") from None
        except RecursionError:
            raise PlanError("this is not a plan: its conditions nest too deep") from None
        names = [rule.name for rule in plan.rules]
        if len(set(names)) < len(names):
            raise PlanError("this is not a plan: two of its rules have one name")
        return plan


class _Version(msgspec.Struct):
    version: int


class PlanError(ValueError):
    """Bytes that are not a plan that this version can run."""
