"""The plan: what a rule set comes down to once it is checked. Frozen, serialisable, versioned, and all a worker needs.

Names are resolved, durations are milliseconds, intervals are half-open `[from, to)` in epoch milliseconds. A plan holds
no spans and needs no syntax to run.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from connrules.duration import LONGEST

VERSION = 1
"""The version of the plan's form. A plan of another version is refused."""

Interval = tuple[int, int | None]
ObjectKind = Literal["campaign", "card"]
Operator = Literal["=", "!=", "<", "<=", ">", ">="]


class _Frozen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


class _Node(msgspec.Struct, frozen=True, tag_field="is", omit_defaults=True):
    pass


# Conditions on an event's properties. A path is the keys to follow, from the outside in.

Path = tuple[str, ...]


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


class Negation(_Node, frozen=True, tag="not"):
    """The opposite."""

    term: "Condition"


class AllOf(_Node, frozen=True, tag="all"):
    """Every term holds."""

    terms: tuple["Condition", ...]


class AnyOf(_Node, frozen=True, tag="any"):
    """At least one term holds."""

    terms: tuple["Condition", ...]


Condition = Compare | OneOf | Contains | StartsWith | IsMissing | Negation | AllOf | AnyOf


class Matcher(_Frozen, frozen=True):
    """What events a pattern matches.

    `objects` are the names of campaigns, cards or custom events; None: the type of event has no object, or `scope` says
    which. `scope` is `any` (whatever known object) or `implied` (the object of the trigger event). `text` is the
    pattern in canonical form, for people.
    """

    text: str
    type: str
    objects: tuple[str, ...] | None = None
    scope: Literal["any", "implied"] | None = None
    where: Condition | None = None


class Eligibility(_Frozen, frozen=True):
    """Fewer than `count` sends in the `window` milliseconds up to an instant; without a window: ever."""

    count: Annotated[int, Meta(ge=1)]
    window: Annotated[int, Meta(ge=1, le=LONGEST)] | None = None


class Rule(_Frozen, frozen=True):
    """A rule, ready to run."""

    name: str
    triggers: Annotated[tuple[Matcher, ...], Meta(min_length=1)]
    send: str
    delay: Annotated[int, Meta(ge=0, le=LONGEST)] = 0
    restarting: bool = False
    exceptions: tuple[Matcher, ...] = ()
    live_from: int | None = None
    live_until: int | None = None
    eligibility: Eligibility | None = None


class Object(_Frozen, frozen=True):
    """A campaign or card that is known: its name, its id, and when it is active."""

    kind: ObjectKind
    name: str
    id: str | None = None
    active: tuple[Interval, ...] = ()


class Plan(_Frozen, frozen=True):
    """A rule set, ready to run.

    With `objects`, the campaigns and cards in it are those that are known, and `events` lists the custom events that
    are (None: all). Without, every name is known and always active.
    """

    rules: tuple[Rule, ...]
    objects: tuple[Object, ...] | None = None
    events: tuple[str, ...] | None = None
    version: int = VERSION

    def to_json(self) -> bytes:
        """The plan as JSON in UTF-8. The same plan gives the same bytes."""
        fields = {"version": self.version, **{f: getattr(self, f) for f in ("rules", "objects", "events")}}
        return msgspec.json.encode(fields)

    @classmethod
    def from_json(cls, data: bytes) -> "Plan":
        """Read a plan back.

        Raises PlanError where `data` is no plan, or one of another version.
        """
        try:
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
