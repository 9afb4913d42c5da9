"""Events and outcomes as JSON, one object a line.

`time` is ISO 8601 with an offset, or an integer of epoch milliseconds. Unknown fields are ignored.
"""

import base64
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import msgspec

from connrules.duration import EARLIEST, LATEST, format_instant, parse_instant
from connrules.event import DEEPEST, Event, Kind, Outcome, Reason

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY, _SECOND = 86_400_000, 1_000
_TYPES: Final = {
    "str": "text",
    "int": "a number",
    "float": "a number with a fraction",
    "bool": "true or false",
    "null": "null",
    "object": "an object",
    "array": "a list",
    "datetime": "a time",
}
_EXPECTED = re.compile(r"Expected `([^`]*)`(?:, got `([^`]*)`)?")
_FIELD = re.compile(r" - at `\$\.(\w+)")
_MISSING = re.compile(r"missing required field `(\w+)`")
_TIME_HELP = 'write ISO 8601 with an offset ("2026-03-02T10:00:00Z") or an integer of epoch milliseconds'


class EventError(ValueError):
    """Data that is not an event; the message says which field and why."""


class _Fields(msgspec.Struct, kw_only=True, gc=False):
    """The fields of an event's line, but for its time."""

    user: str
    type: str
    id: str | None = None
    campaign: str | None = None
    card: str | None = None
    name: str | None = None
    properties: dict[str, Any] | None = None


class _Line(_Fields, kw_only=True, gc=False):
    time: int | Annotated[datetime, msgspec.Meta(tz=True)]


class _OddTimeLine(_Fields, kw_only=True, gc=False):
    time: str


class _PlainLine(msgspec.Struct, gc=False):
    """The fields of most decisions, in the order of `_OutcomeLine`."""

    id: str
    outcome: Kind
    rule: str
    user: str
    send: str
    at: str | int
    trigger: str
    triggered_at: str | int


class _OutcomeLine(msgspec.Struct, omit_defaults=True, kw_only=True, gc=False):
    """The fields of an outcome in the order in which they are written; those without a value are left out."""

    id: str
    outcome: Kind
    rule: str
    user: str
    per: Any = None
    send: str | None = None
    reason: Reason | None = None
    at: str | int
    due: str | int | None = None
    trigger: str
    triggered_at: str | int
    by: str | None = None
    pattern: str | None = None


_NONE_OF_FIVE: Final = (None,) * 5
_encode = msgspec.json.Encoder().encode
_encode_lines = msgspec.json.Encoder().encode_lines
_decode = msgspec.json.Decoder(_Line).decode
_decode_odd_time = msgspec.json.Decoder(_OddTimeLine).decode
_decode_outcomes = msgspec.json.Decoder(_OutcomeLine).decode_lines


def parse_event(data: bytes | str | dict[str, Any], number: int | None = None) -> Event:
    """An event from a line of JSON, or from the object that such a line holds.

    `number` is the number of the line: an event without an id is then known as `#17`, as it is to `connrules run`, so
    that both give its decisions the same ids. Raises EventError where the data are not JSON, have no user, type or
    time, or a field of the wrong type.
    """
    if not isinstance(data, bytes | str):
        data = _encoded(data)
    try:
        line = _decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        line = _second_look(data, error)
    time = line.time if isinstance(line.time, int) else milliseconds(line.time)
    if not EARLIEST <= time <= LATEST:
        raise EventError(f"time: {time} ms is outside the years 1 to 9999")
    if not line.user:
        raise EventError("user: it is empty")
    if line.properties is not None and may_be_deep(data) and _nests_deeper(line.properties, DEEPEST):
        raise EventError(f"properties: they nest more than {DEEPEST} deep")
    return Event(
        user=line.user,
        type=line.type,
        time=time,
        id=line.id or (None if number is None else f"#{number}"),
        campaign=line.campaign,
        card=line.card,
        name=line.name,
        properties=line.properties,
    )


def complaint(error: Exception, what: str) -> str:
    """What a decoder's error says, in the words of the data's owner; `what` the line should have been: `an event`."""
    match error:
        case msgspec.ValidationError():
            return _why(str(error), what)
        case msgspec.MsgspecError():
            return f"not JSON: {_not_json(str(error))}"
        case UnicodeError():
            return "not JSON: the line is not UTF-8"
        case _:
            return f"not {what}: nested too deep"


def _second_look(data: bytes | str, error: Exception) -> _Line:
    """A line that the decoder did not take: one whose time has no seconds is fine; EventError says what others lack."""
    if isinstance(error, msgspec.ValidationError) and " - at `$.time`" in str(error):
        return _read_odd_time(data)
    raise EventError(complaint(error, "an event")) from None


def _read_odd_time(data: bytes | str) -> _Line:
    """A line whose time the decoder does not take: one without seconds is fine, of the others we can say more."""
    try:
        line = _decode_odd_time(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise EventError(complaint(error, "an event")) from None
    try:
        instant = parse_instant(line.time if len(line.time) > len("2026-03-02") else "")
    except ValueError as error:
        raise EventError(f"time: {_TIME_HELP if 'is not a time' in str(error) else error}") from None
    fields = {name: getattr(line, name) for name in line.__struct_fields__}
    return _Line(**(fields | {"time": instant}))


def may_be_deep(data: bytes | str) -> bool:
    """A first look at a line, whether it may nest deeper than an event may: whether there are brackets enough."""
    if isinstance(data, str):
        return data.count("[") + data.count("{") > DEEPEST
    return data.count(b"[") + data.count(b"{") > DEEPEST


def _nests_deeper(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most):
        level = [inner for outer in level for inner in (outer.values() if isinstance(outer, dict) else outer)]
        level = [inner for inner in level if isinstance(inner, dict | list)]
    return bool(level)


def _encoded(data: object) -> bytes:
    """An object as the line that would hold it, so that both are looked at in the same way."""
    try:
        return msgspec.json.encode(data)
    except (TypeError, UnicodeError, RecursionError, OverflowError, msgspec.MsgspecError) as error:
        raise EventError(f"not an event: it cannot be written as JSON: {error}") from None


def encode_outcome(outcome: Outcome) -> bytes:
    """An outcome as a line of JSON, its line break included. Instants are ISO 8601 in UTC."""
    return _encode(_plain_line(outcome) or _outcome_line(outcome)) + b"\n"


def encode_outcomes(outcomes: Iterable[Outcome]) -> bytes:
    """Outcomes as lines of JSON, as `encode_outcome` writes each."""
    return _encode_lines([_plain_line(outcome) or _outcome_line(outcome) for outcome in outcomes])


def decode_outcomes(lines: bytes) -> list[Outcome]:
    """The outcomes that `encode_outcomes` wrote. Raises ValueError where a line is none."""
    try:
        return [_outcome(line) for line in _decode_outcomes(lines)]
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ValueError(f"not the lines of outcomes: {error}") from None


def encode_reject(number: int | None, line: bytes, why: str) -> bytes:
    """A line that is no event, as a line of JSON with its number, if it has one, and the reason; in base64 where it is
    no text.
    """
    try:
        raw = {"text": line.decode()}
    except UnicodeDecodeError:
        raw = {"base64": base64.b64encode(line).decode()}
    place = {} if number is None else {"line": number}
    return _encode({**place, "reason": why, **raw}) + b"\n"


def _plain_line(outcome: Outcome) -> _PlainLine | None:
    """The line of a decision as most are, made in half the time; None where an outcome has other fields."""
    send = outcome.send
    others = (outcome.per, outcome.reason, outcome.due, outcome.by, outcome.pattern)
    if send is None or others != _NONE_OF_FIVE:
        return None
    at, triggered_at = format_instant(outcome.at), format_instant(outcome.triggered_at)
    return _PlainLine(outcome.id, outcome.kind, outcome.rule, outcome.user, send, at, outcome.trigger, triggered_at)


def _outcome_line(outcome: Outcome) -> _OutcomeLine:
    return _OutcomeLine(
        id=outcome.id,
        outcome=outcome.kind,
        rule=outcome.rule,
        user=outcome.user,
        per=outcome.per,
        send=outcome.send,
        reason=outcome.reason,
        at=format_instant(outcome.at),
        due=None if outcome.due is None else format_instant(outcome.due),
        trigger=outcome.trigger,
        triggered_at=format_instant(outcome.triggered_at),
        by=outcome.by,
        pattern=outcome.pattern,
    )


def _outcome(line: _OutcomeLine) -> Outcome:
    return Outcome(
        kind=line.outcome,
        rule=line.rule,
        user=line.user,
        at=_instant(line.at),
        trigger=line.trigger,
        triggered_at=_instant(line.triggered_at),
        send=line.send,
        by=line.by,
        pattern=line.pattern,
        reason=line.reason,
        due=None if line.due is None else _instant(line.due),
        per=line.per,
    )


def _instant(written: str | int) -> int:
    """The instant that `format_instant` wrote."""
    return parse_instant(written) if isinstance(written, str) else written


def milliseconds(moment: datetime) -> int:
    """Epoch milliseconds, exactly; what is finer than a millisecond is cut off."""
    since: timedelta = moment - _EPOCH
    return since.days * _DAY + since.seconds * _SECOND + since.microseconds // 1000


def _why(message: str, what: str) -> str:
    """A decoder's message in the words of the data's owner."""
    if match := _MISSING.search(message):
        return f"{match[1]}: it is missing"
    field = _FIELD.search(message)
    if field is None:
        return f"not {what}: expected a JSON object"
    if field[1] == "time":
        return f"time: {_TIME_HELP}"
    if match := _EXPECTED.search(message):
        wanted, got = match.groups()
        what = _TYPES.get(wanted.split(" ")[0], wanted)
        found = f", not {_TYPES.get(got, got)}" if got else ""
        return f"{field[1]}: expected {what}{found}"
    return f"{field[1]}: {message.partition(' - at ')[0].lower()}"


def _not_json(message: str) -> str:
    return message.removeprefix("JSON is malformed: ").removeprefix("Input data was truncated") or "the line is cut off"
