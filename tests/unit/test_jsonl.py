"""Events and outcomes as lines of JSON: what is an event, what is not and why, and how instants are written."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

import connrules
from connrules import Event, EventError, Kind, Outcome, Reason, encode_outcome, parse_event
from connrules.connectors.jsonl import decode_outcomes, encode_outcomes
from connrules.duration import EARLIEST, LATEST, format_instant

WHOLE: dict[str, Any] = {
    "id": "e1",
    "user": "u1",
    "type": "received_push",
    "campaign": "A",
    "card": "K",
    "name": "N",
    "time": 5,
    "properties": {"a": [1, {"b": None}], "c": 1.5},
}


def with_time(time: Any) -> bytes:
    return json.dumps({"user": "u", "type": "purchase", "time": time}).encode()


@pytest.mark.parametrize(
    "form", [lambda d: d, json.dumps, lambda d: json.dumps(d).encode()], ids=["dict", "str", "bytes"]
)
def test_all_fields(form: Any) -> None:
    assert parse_event(form(WHOLE)) == Event(**WHOLE)


def test_what_may_be_absent_and_what_is_ignored() -> None:
    assert parse_event('{"time":0,"user":"u","type":"t","batch":7,"due":[]}') == Event(user="u", type="t", time=0)
    nulls = '{"time":0,"user":"u","type":"t","id":null,"campaign":null,"card":null,"name":null,"properties":null}'
    assert parse_event(nulls) == Event(user="u", type="t", time=0)


@pytest.mark.parametrize(
    ("time", "ms"),
    [
        (0, 0),
        (-1, -1),
        (1772445600000, 1772445600000),
        (EARLIEST, EARLIEST),
        (LATEST, LATEST),
        ("2026-03-02T10:00:00Z", 1772445600000),
        ("2026-03-02T10:00:00z", 1772445600000),
        ("2026-03-02 10:00:00Z", 1772445600000),
        ("2026-03-02T11:30:00+01:30", 1772445600000),
        ("2026-03-02T10:00:00.25Z", 1772445600250),
        ("2026-03-02T10:00:00.999999Z", 1772445600999),
        ("1969-12-31T23:59:59.9999Z", -1),
        ("1969-12-31T23:59:59.001Z", -999),
        ("0001-01-01T00:00:00Z", EARLIEST),
        ("9999-12-31T23:59:59.999Z", LATEST),
    ],
)
def test_times(time: int | str, ms: int) -> None:
    assert parse_event(with_time(time)).time == ms


def test_a_datetime_in_a_dict() -> None:
    moment = datetime(2026, 3, 2, 12, tzinfo=timezone(timedelta(hours=2)))
    assert parse_event({"user": "u", "type": "t", "time": moment}).time == 1772445600000
    with pytest.raises(EventError, match="time: `2026-03-02T12:00:00` names no zone"):
        parse_event({"user": "u", "type": "t", "time": moment.replace(tzinfo=None)})


@pytest.mark.parametrize(
    "time",
    [
        1.5,
        5.0,
        True,
        None,
        [],
        {},
        "",
        "now",
        "1772445600000",
        "2026-03-02",
    ],
)
def test_what_is_no_time(time: Any) -> None:
    with pytest.raises(EventError) as refused:
        parse_event(with_time(time))
    assert str(refused.value) == (
        'time: write ISO 8601 with an offset ("2026-03-02T10:00:00Z") or an integer of epoch milliseconds'
    )


@pytest.mark.parametrize(
    "time", [EARLIEST - 1, LATEST + 1, 10**30, "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"]
)
def test_times_without_a_date_in_utc(time: int | str) -> None:
    with pytest.raises(EventError, match=r"^time: -?\d+ ms is outside the years 1 to 9999$"):
        parse_event(with_time(time))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not JSON: the line is cut off"),
        (b"{", "not JSON: the line is cut off"),
        (
            b'{"user":"\\ud800","type":"t","time":1}',
            "not JSON: unexpected end of escaped utf-16 surrogate pair (byte 15)",
        ),
        (b'{"user":"\xc3","type":"t","time":1}', "not JSON: the line is not UTF-8"),
        (b'{"user":"u","type":"t","time":NaN}', "not JSON: invalid character (byte 30)"),
        (b"user,type,time", "not JSON: invalid character (byte 0)"),
        (b"[" * 100_000, "not an event: expected a JSON object"),
        (b'{"user":"u","type":"t","time":1,"properties":{"a":' + b"[" * 100_000, "not an event: nested too deep"),
        (b'"text"', "not an event: expected a JSON object"),
        (b"{}", "user: it is missing"),
        (b'{"user":"u","time":1}', "type: it is missing"),
        (b'{"user":"u","type":"t"}', "time: it is missing"),
        (b'{"user":"","type":"t","time":1}', "user: it is empty"),
        (b'{"user":null,"type":"t","time":1}', "user: expected text, not null"),
        (b'{"user":"u","type":4.5,"time":1}', "type: expected text, not a number with a fraction"),
        (b'{"user":"u","type":"t","time":"now","id":nul}', "not JSON: invalid character (byte 45)"),
        (b'{"user":"u","type":"t","time":"now","id":"\xff"}', "not JSON: the line is not UTF-8"),
        (b'{"user":"u","type":"t","time":"now","batch":' + b"[" * 100_000, "not an event: nested too deep"),
        (b'{"user":"u","type":"t","time":1,"id":7}', "id: expected text, not a number"),
        (b'{"user":"u","type":"t","time":1,"card":true}', "card: expected text, not true or false"),
        (b'{"user":"u","type":"t","time":1,"name":{}}', "name: expected text, not an object"),
        (b'{"user":"u","type":"t","time":1,"properties":"x"}', "properties: expected an object, not text"),
        (b'{"user":"u","type":"t","time":1,"properties":{"n":[1e999]}}', "properties: number out of range"),
    ],
)
def test_what_is_no_event(data: bytes, words: str) -> None:
    with pytest.raises(EventError) as refused:
        parse_event(data)
    assert str(refused.value) == words


# outcomes


FIELDS = ("rule", "user", "per", "send", "reason", "at", "due", "trigger", "triggered_at", "by", "pattern")


def outcome(**fields: Any) -> Outcome:
    whole: dict[str, Any] = {"kind": Kind.SENT, "rule": "r", "user": "u", "at": 0, "trigger": "e", "triggered_at": 0}
    return Outcome(**whole | fields)


def test_an_outcome_is_one_line_with_its_fields_in_order() -> None:
    line = encode_outcome(outcome(send='Say "hi"\n', at=1, triggered_at=-1))
    id_ = hashlib.sha256(b'["r","u",null,"e",-1]').hexdigest()[:32].encode()
    assert line == (
        b'{"id":"' + id_ + b'","outcome":"sent","rule":"r","user":"u","send":"Say \\"hi\\"\\n",'
        b'"at":"1970-01-01T00:00:00.001Z","trigger":"e","triggered_at":"1969-12-31T23:59:59.999Z"}\n'
    )


def test_outcomes_together_are_the_lines_of_each() -> None:
    several = [outcome(send="X"), outcome(kind=Kind.PENDING, due=7), outcome(kind=Kind.CANCELLED, by="\u2028\n")]
    assert encode_outcomes(several) == b"".join(map(encode_outcome, several))
    assert encode_outcomes([]) == b""


@pytest.mark.parametrize(
    ("fields", "keys"),
    [
        ({"kind": Kind.CANCELLED, "by": "e9", "pattern": "purchase"}, {"by", "pattern"}),
        ({"kind": Kind.DROPPED, "reason": Reason.TARGET_STOPPED}, {"reason"}),
        ({"kind": Kind.PENDING, "due": 7}, {"due"}),
        ({"kind": Kind.RESTARTED}, set()),
        ({"kind": Kind.GOAL, "by": "e9", "pattern": "purchase", "send": "X"}, {"by", "pattern", "send"}),
        (
            {"kind": Kind.GOAL, "by": "e9", "pattern": "purchase", "reason": Reason.HELD_OUT},
            {"by", "pattern", "reason"},
        ),
        ({"kind": Kind.RESTARTED, "per": "c1"}, {"per"}),
        ({"kind": Kind.RESTARTED, "per": False}, {"per"}),
    ],
)
def test_fields_without_a_value_are_left_out(fields: dict[str, Any], keys: set[str]) -> None:
    written = json.loads(encode_outcome(outcome(**fields)))
    assert written.keys() - {"id", "outcome", "rule", "user", "at", "trigger", "triggered_at"} == keys
    assert written["outcome"] == fields["kind"]


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("send", ["X", "", None])
@pytest.mark.parametrize(
    "others", [{}, {"by": ""}, {"pattern": ""}, {"due": 0}, {"per": False}, {"reason": Reason.LIMITED}]
)
def test_every_field_that_has_a_value_is_written_once_and_in_order(
    kind: Kind, send: str | None, others: dict[str, Any]
) -> None:
    written = outcome(kind=kind, send=send, **others)
    line = encode_outcome(written)
    values = {name: getattr(written, name) for name in FIELDS}
    instants = {
        name: format_instant(values[name]) for name in ("at", "due", "triggered_at") if values[name] is not None
    }
    expected = {name: value for name, value in (values | instants).items() if value is not None}
    assert line == json.dumps({"id": written.id, "outcome": kind} | expected, separators=(",", ":")).encode() + b"\n"


@pytest.mark.parametrize("value", ["c1", 0, False, "", [], {}, [1, {"a": None}], 2**70, 1.5])
def test_the_value_that_a_rule_waits_per_is_written_as_it_is(value: Any) -> None:
    line = encode_outcome(outcome(per=value))
    assert json.loads(line)["per"] == value
    assert list(json.loads(line))[3:5] == ["user", "per"]


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (LATEST, "9999-12-31T23:59:59.999Z"),
        (LATEST + 1, LATEST + 1),
        (EARLIEST, "0001-01-01T00:00:00Z"),
        (EARLIEST - 1, EARLIEST - 1),
    ],
)
def test_an_instant_without_a_date_stays_a_number(ms: int, text: str | int) -> None:
    assert json.loads(encode_outcome(outcome(at=ms)))["at"] == text


def test_an_outcome_written_is_read_as_utf8() -> None:
    assert json.loads(encode_outcome(outcome(user="Zoë 😀\u2028")))["user"] == "Zoë 😀\u2028"
    assert encode_outcome(outcome(user="\u2028")).count(b"\n") == 1
    assert datetime.fromisoformat(json.loads(encode_outcome(outcome()))["at"]) == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"send": 'Say "hi"\n\u2028'},
        {"reason": Reason.LIMITED, "by": "", "pattern": "p", "due": LATEST + 1},
        {"at": EARLIEST - 1, "triggered_at": EARLIEST, "due": 0},
        *({"per": value} for value in ("c1", 0, False, [1, {"a": None}], 2**70, -(2**64), 1.5, 1e300)),
    ],
)
def test_outcomes_are_read_as_they_were_written(kind: Kind, fields: dict[str, Any]) -> None:
    several = [outcome(kind=kind, **fields), outcome(send="X")]
    read = decode_outcomes(encode_outcomes(several))
    assert read == several
    assert [o.id for o in read] == [o.id for o in several]
    assert [repr(o.per) for o in read] == [repr(o.per) for o in several]


def test_no_lines_are_no_outcomes() -> None:
    assert decode_outcomes(b"") == []


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (b"{}\n", "Object missing required field `id`"),
        (encode_outcome(outcome())[:-2], "Input data was truncated"),
        (encode_outcome(outcome()).replace(b'"sent"', b'"lost"'), "Invalid enum value 'lost'"),
        (b"\xff\n", "JSON is malformed"),
    ],
)
def test_what_are_no_outcomes(lines: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=f"not the lines of outcomes: {why}"):
        decode_outcomes(lines)


# times that the decoder does not take, and events without ids


@pytest.mark.parametrize(
    ("time", "instant"),
    [("2026-03-02T10:00Z", "2026-03-02T10:00:00Z"), ("2026-03-02T11:00+01:00", "2026-03-02T10:00:00Z")],
)
def test_a_time_without_seconds_is_a_time(time: str, instant: str) -> None:
    event = connrules.parse_event({"user": "u", "type": "purchase", "time": time})
    assert event.time == connrules.parse_instant(instant)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"time": "2026-02-30T10:00:00Z"}, "does not exist"),
        ({"time": "2026-03-02T10:00:00"}, "names no zone"),
        ({"time": "2026-03-02"}, "time: write ISO 8601 with an offset"),
        ({"time": "2026-03-02T10:00Z", "id": 5}, "id: expected text, not a number"),
        ({"time": "2026-03-02T10:00Z", "user": None}, "user: expected text, not null"),
    ],
)
def test_what_is_wrong_with_a_time_is_said(fields: dict[str, object], why: str) -> None:
    with pytest.raises(connrules.EventError, match=why):
        connrules.parse_event({"user": "u", "type": "purchase", **fields})


def test_an_event_without_id_is_known_by_the_number_of_its_line() -> None:
    line = '{"user":"u","type":"purchase","time":0}'
    assert connrules.parse_event(line, 17).id == "#17"
    assert connrules.parse_event(line).id is None
    assert connrules.parse_event(line.replace("{", '{"id":"e1",'), 17).id == "e1"


@pytest.mark.parametrize("value", ["a\ud83d", object()])
def test_an_object_that_no_line_could_hold_is_no_event(value: object) -> None:
    with pytest.raises(connrules.EventError, match="cannot be written as JSON"):
        connrules.parse_event({"user": "u", "type": "purchase", "time": 0, "properties": {"a": value}})
