"""Rows are what the lines of a log hold: what is read for a plan is what `parse_event` reads, and decides the same."""

import json
from collections.abc import Sequence
from random import Random
from typing import Any, Final

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st
from tests.properties.histories import Look, histories, looks
from tests.properties.test_engine import UNTIL, checked_rules, engine_of

import connrules
from connrules import EventError, parse_event
from connrules.check import Checked
from connrules.connectors.rows import Reading, RowReader
from connrules.connectors.streams import Block
from connrules.duration import EARLIEST, LATEST, LIKE_SECONDS, format_instant
from connrules.event import DEEPEST, Event, Row
from connrules.run.needs import Needs, needs_of

FIELDS = ("user", "type", "time", "id", "campaign", "card", "name")
ODD = ("null", "true", "7", "1.5", '""', "[]", "{}", '"\\ud800"', '"a\tb"', "nul", "01", "-", '"\\x"', "")
TEXTS = ('"u1"', '"u1"', '"purchase"', '"Zo\u00eb"', '"\\ud83d\\ude00"', '"\\u0061"', '"\\\\"')
TIMES = (
    *("1772445600000", str(LIKE_SECONDS.stop), str(LIKE_SECONDS.stop - 1), str(LIKE_SECONDS.start), "0", "-1"),
    *(str(EARLIEST), str(EARLIEST - 1), str(LATEST), str(LATEST + 1), "1" + "0" * 30),
    *('"2026-03-02T10:00:00Z"', '"2026-03-02T11:00:00.9999+01:00"', '"2026-03-02T10:00Z"', '"2026-03-02T10:00:00"'),
    *('"1969-12-31T23:59:59.9999Z"', '"0001-01-01T00:00:00+00:01"', '"2026-02-30T10:00:00Z"', '"now"', "5.0"),
)
WILD = (b"", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\x00", b"\x1f", b"\r", b"}{", b"},{", b"]", b"1e400", b" ")
VALUES = ('"x"', "5", "-0", "1e5", "[1,{}]", '{"total":[1.5]}', "null", '"\u2028"', "12345678901234567890123")
KEYS = ("amount", "cart", "\\u0061mount", "caf\u00e9", "cafe\u0301", "other", "")
DEEP = (
    *("[" * depth + "]" * depth for depth in (DEEPEST - 1, DEEPEST, 2_000)),
    '{"a":' * DEEPEST + "0" + "}" * DEEPEST,
    "[" + ",".join(["[]"] * DEEPEST) + "]",
)
NEEDS: Final = [
    Needs(frozenset(), frozenset()),
    Needs(frozenset(), frozenset({"amount"})),
    Needs(frozenset(), frozenset({"cart", "other", "missing"})),
    Needs(frozenset(), None),
]


class _Dice:
    """Makes lines at random, the same in every run: to draw from a pile is fast, and shrinks well."""

    def __init__(self) -> None:
        self._random = Random(1)

    def line(self, slips: int) -> bytes:
        """A line of a log with so many slips; then some bytes, too, may be missing, or too many."""
        one = self._random.choice
        fields = {"user": '"u1"', "type": '"purchase"', "time": one(TIMES[:4])}
        fields |= {field: one(TEXTS) for field in ("id", "campaign", "card", "name") if one((True, False))}
        if one((True, False)):
            fields["properties"] = self._properties(VALUES)
        for _ in range(slips):
            field = one((*FIELDS, "user", "time", "time", "properties", "properties", "properties", "batch"))
            fields[field] = self._slip(field)
        if slips and one((True, *[False] * 9)):
            fields.pop(one(("user", "type", "time")))
        line = "{" + one((",", " , ")).join(f'"{key}":{value}' for key, value in fields.items()) + "}"
        return self._hurt(line.encode()) if slips and one((True, False)) else line.encode()

    def _slip(self, field: str) -> str:
        if field == "properties":
            return self._random.choice((self._properties((*VALUES, *DEEP, *DEEP, *ODD)), *ODD))
        return self._random.choice((*TIMES, *ODD) if field == "time" else (*TEXTS, *ODD, *DEEP))

    def _properties(self, values: Sequence[str]) -> str:
        pairs = [
            f'"{self._random.choice(KEYS)}":{self._random.choice(values)}' for _ in range(self._random.randrange(4))
        ]
        return "{" + ",".join(pairs) + "}"

    def _hurt(self, line: bytes) -> bytes:
        start = self._random.randrange(len(line) + 1)
        end = start + self._random.choice((0, 0, 1, 1_000))
        return line[:start] + self._random.choice((*WILD, line)) + line[end:]


_DICE: Final = _Dice()
HEALTHY: Final = [_DICE.line(0) for _ in range(1_000)]
UNHEALTHY: Final = [_DICE.line(slips) for slips in (1, 1, 1, 3) for _ in range(1_500)]


@st.composite
def logs(draw: st.DrawFn) -> list[bytes]:
    """The lines of a log; of some that are odd, or no events, there is often only one."""
    log = draw(st.lists(st.sampled_from(HEALTHY), max_size=10))
    odd = draw(st.lists(st.sampled_from(UNHEALTHY), max_size=draw(st.sampled_from((0, 1, 1, 1, 20)))))
    blank = draw(st.just([]) | st.lists(st.sampled_from((b"", b" ", b"\r", b" \t\r")), max_size=2))
    return draw(st.permutations([*log, *odd, *blank]))


def may_go_unnoticed(line: bytes, needs: Needs) -> bool:
    """Whether something is wrong with a line that rules may not notice that do not look at it."""
    return b"1e400" in line or (needs.properties == frozenset() and nests_too_deep(line))


def nests_too_deep(line: bytes) -> bool:
    try:
        parse_event(line)
    except EventError as error:
        return str(error) == f"properties: they nest more than {DEEPEST} deep"
    return False


def expected(line: bytes, number: int, needs: Needs) -> Event | str | None:
    """What `parse_event` says of a line, as far as a plan looks at it."""
    try:
        whole = parse_event(line, number)
    except EventError as error:
        return str(error) if line and not line.isspace() else None
    return as_needed(whole, number, needs)


def as_needed(row: Row, number: int, needs: Needs) -> Event:
    """An event with no more than a plan looks at."""
    kept = row.properties
    if kept is not None and needs.properties is not None:
        kept = {name: value for name, value in kept.items() if name in needs.properties}
    fields: dict[str, Any] = {field: getattr(row, field) for field in FIELDS}
    return Event(**fields | {"id": row.id or f"#{number}", "properties": kept or None})


@given(
    log=logs(),
    ending=st.sampled_from((b"", b"\n")),
    needs=st.sampled_from(NEEDS),
)
def test_what_is_read_for_a_plan_is_what_the_lines_hold(log: list[bytes], ending: bytes, needs: Needs) -> None:
    assume(not any(may_go_unnoticed(line, needs) for line in log))
    reading = assert_read(b"\n".join(log) + ending, needs)
    event("rejects" if reading.rejected else "no rejects")


def assert_read(data: bytes, needs: Needs) -> Reading:
    """The reading of some lines, which is what `parse_event` says of each."""
    block = Block.of(data)
    reading = RowReader(needs).read(block, 7)
    said = {place: expected(line.removesuffix(b"\n"), 7 + place, needs) for place, line in enumerate(block.lines)}
    rows = {place: as_needed(row, 7 + place, needs) for place, row in zip(reading.places, reading.rows, strict=True)}
    assert rows | dict(reading.rejected) == {place: what for place, what in said.items() if what is not None}
    assert list(reading.places) == sorted(rows)
    assert reading.like_seconds == sum(row.time in LIKE_SECONDS for row in rows.values())
    return reading


ALONE: Final = (
    *(
        b'{"user":"u","type":"t","time":1772445600000,"properties":%b}' % value
        for value in (
            b'{"x":"\xff"}',
            b'{"\xff":1}',
            b'{"x":"\xed\xa0\x80"}',
            *(b'{"x":%b}' % deep.encode() for deep in DEEP),
        )
    ),
    *(b'{"user":"u","type":"t","time":%b}' % time.encode() for time in TIMES),
    b'{"user":"","type":"t","time":1772445600000}',
    b'{"user":"u","type":"t","time":1772445600000,"batch":"\xff"}',
    b'{"user":"u","type":"t","time":1772445600000}{"user":"u","type":"t","time":1772445600000}\n',
    b'{"user":"u","type":"t",\n"time":1772445600000}',
    b'{"user":"u","type":"t","time":1772445600000}{"user":"u","type":"t","time":1772445600000}\n\n',
    b'{"user":"u","type":"t","time":1772445600000}\r\n\r\n{"user":"u","type":"t","time":1772445600000}\r',
    b'{"user":"u","type":"t","time":1772445600000,"x":[{}\n{}]}',
    b'{"user":"u","type":"t","time":1772445600000,"x":"}\n{"}',
    b'\xef\xbb\xbf{"user":"u","type":"t","time":1772445600000}',
)
"""Lines that matter at the edge of what a decoder notices that skips what it does not need."""


@pytest.mark.parametrize("needs", NEEDS, ids=lambda needs: ",".join(sorted(needs.properties or "*")))
def test_a_line_that_is_odd_among_healthy_ones(needs: Needs) -> None:
    for odd in (*ALONE, *UNHEALTHY):
        if not may_go_unnoticed(odd, needs):
            assert_read(b"\n".join((HEALTHY[0], odd, HEALTHY[1])), needs)


def test_what_nests_too_deep_goes_unnoticed_only_where_no_property_matters() -> None:
    deep = b'{"user":"u","type":"t","time":1772445600000,"properties":{"x":%b}}' % DEEP[1].encode()
    read = {needs: RowReader(needs).read(Block.of(deep), 1) for needs in NEEDS}
    assert [len(read[needs].rows) for needs in NEEDS] == [1, 0, 0, 0]
    assert [len(read[needs].rejected) for needs in NEEDS] == [0, 1, 1, 1]


@pytest.mark.parametrize("names", [1, 60, 64, 65, 200])
@pytest.mark.parametrize("time", ["1772445600000", '"2026-03-02T10:00:00Z"'])
def test_names_that_were_never_read_before_are_read_as_those_that_were(names: int, time: str) -> None:
    reader = RowReader(NEEDS[0])
    for type_, campaign in [("t", 0), ("t", 0), ("new", 0), ("", 0), ("Zo\u00eb", 1), ("t", 70), ("t", 0)]:
        data = b"".join(
            f'{{"user":"u","type":"{type_}","campaign":"{campaign + n}","time":{time}}}\n'.encode()
            for n in range(names)
        )
        rows = reader.read(Block.of(data + data.replace(b'"campaign"', b'"card"')), 1).rows
        assert {row.type for row in rows} == {type_}
        named = [str(campaign + n) for n in range(names)]
        assert [(row.campaign, row.card) for row in rows] == [(n, None) for n in named] + [(None, n) for n in named]
        assert {row.time for row in rows} == {1772445600000}


@given(log=logs(), needs=st.sampled_from(NEEDS))
def test_what_becomes_of_a_line_depends_on_that_line_alone(log: list[bytes], needs: Needs) -> None:
    block = Block.of(b"\n".join(log))
    together = RowReader(needs)
    for _ in range(2):  # the second time with what the first has taught
        reading = together.read(block, 1)
        apart = [RowReader(needs).read(Block(line, [line]), place + 1) for place, line in enumerate(block.lines)]
        assert [(p, why) for p, each in enumerate(apart) for _, why in each.rejected] == list(reading.rejected)
        alone = [(p, as_needed(row, p + 1, needs)) for p, each in enumerate(apart) for row in each.rows]
        rows = zip(reading.places, reading.rows, strict=True)
        assert alone == [(p, as_needed(row, p + 1, needs)) for p, row in rows]


def as_lines(history: Sequence[Event]) -> bytes:
    """A history as a log, every other time as ISO 8601."""
    lines = [
        {field: getattr(event, field) for field in (*FIELDS, "properties") if getattr(event, field) is not None}
        for event in history
    ]
    for line in lines[::2]:
        line["time"] = format_instant(line["time"])
    return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)


@given(checked=checked_rules(), history=histories(), until=UNTIL, look=looks(), cut=st.integers(0, 40))
def test_rows_are_decided_as_events_are(
    checked: Checked, history: list[Event], until: int | None, look: Look, cut: int
) -> None:
    late: list[str] = []
    whole = connrules.Engine(
        connrules.compile_rules(checked), on_late=lambda e: late.append(e.id or ""), **look.options
    )
    events = [parse_event(line, number) for number, line in enumerate(as_lines(history).splitlines(), 1)]
    outcomes = whole.feed_many(events) + whole.finish(until)

    engine, late_rows = engine_of(checked, look), list[str]()
    reader = RowReader(needs_of(engine.plan))
    taken = []
    for first, part in ((1, history[:cut]), (len(history[:cut]) + 1, history[cut:])):
        rows = reader.read(Block.of(as_lines(part)), first).rows
        taken += engine.take(rows, first, lambda i, row, first=first: late_rows.append(row.id or f"#{first + i}"))  # type: ignore[misc]
    assert taken + engine.finish(until) == outcomes
    assert late_rows == late
    assert engine.counts == whole.counts
