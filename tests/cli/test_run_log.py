"""The log that `connrules run` reads: its forms, lines that are no events, times that look wrong."""

import gzip
from pathlib import Path

import pytest
from backports import zstd
from tests.cli.running import (
    DAY,
    HOUR,
    START,
    TWO_SENDS,
    folder,
    invoke,
    line,
    log,
    numbered,
    rejects,
    users,
    warnings,
)

from connrules.duration import format_duration


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# the log


def test_without_a_log() -> None:
    folder(Path("here"), events=None)
    result = invoke("here")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "there is no log" in result.stderr
    assert "--events FILE" in result.stderr


def test_with_two_logs(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "events.jsonl.gz").write_bytes(gzip.compress(TWO_SENDS))
    result = invoke(tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "more than one log: events.jsonl, events.jsonl.gz" in result.stderr


@pytest.mark.parametrize("missing", ["nowhere.jsonl", "folder"])
def test_a_log_that_cannot_be_read_leaves_outputs_as_they_are(tmp_path: Path, missing: str) -> None:
    folder(tmp_path)
    (tmp_path / "folder").mkdir()
    Path("out").write_text("precious", encoding="utf-8")
    result = invoke("rules.conn", "--events", missing, "--output", "out")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"error: {missing}: " in result.stderr
    assert Path("out").read_text(encoding="utf-8") == "precious"


FORMS = {
    "plain": TWO_SENDS,
    "with a byte order mark": b"\xef\xbb\xbf" + TWO_SENDS,
    "with CRLF": TWO_SENDS.replace(b"\n", b"\r\n"),
    "without a last line break": TWO_SENDS.rstrip(b"\n"),
    "with blank lines": b"\n\n" + TWO_SENDS.replace(b"\n", b"\n  \n\t\r\n"),
    "gzip": gzip.compress(TWO_SENDS),
    "gzip in two members": gzip.compress(TWO_SENDS[:70]) + gzip.compress(TWO_SENDS[70:]),
    "gzip, byte order mark": gzip.compress(b"\xef\xbb\xbf" + TWO_SENDS),
    "zstd": zstd.compress(TWO_SENDS),
    "zstd in two frames": zstd.compress(TWO_SENDS[:70]) + zstd.compress(TWO_SENDS[70:]),
    "zstd after a frame to skip": b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + zstd.compress(TWO_SENDS),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["log.jsonl", "log.gz", "log.zst"])
def test_the_form_of_a_log_is_told_by_its_content(form: str, name: str) -> None:
    folder(Path(), events=None)
    Path(name).write_bytes(FORMS[form])
    result = invoke("rules.conn", "--events", name)
    assert (result.exit_code, users(result.stdout)) == (0, ["ana", "ben"])
    assert "rejected             0\n" in result.stderr


@pytest.mark.parametrize("form", FORMS)
def test_the_same_from_standard_input(form: str) -> None:
    folder(Path(), events=None)
    result = invoke("rules.conn", "--events", "-", stdin=FORMS[form])
    assert (result.exit_code, users(result.stdout)) == (0, ["ana", "ben"])


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_the_log_of_a_folder_may_be_compressed(tmp_path: Path, suffix: str) -> None:
    folder(tmp_path, events=None)
    forms = {"": TWO_SENDS, ".gz": gzip.compress(TWO_SENDS), ".zst": zstd.compress(TWO_SENDS)}
    (tmp_path / f"events.jsonl{suffix}").write_bytes(forms[suffix])
    assert users(invoke(tmp_path).stdout) == ["ana", "ben"]


NOTHING = {
    "empty": b"",
    "a line break": b"\n",
    "blank lines": b" \r\n\n",
    "a byte order mark": b"\xef\xbb\xbf",
    "gzip": gzip.compress(b""),
    "zstd": zstd.compress(b""),
}


@pytest.mark.parametrize("nothing", NOTHING.values(), ids=NOTHING.keys())
def test_a_log_without_events(tmp_path: Path, nothing: bytes) -> None:
    result = invoke(folder(tmp_path, nothing), "--outcomes", "all", "--until", "2030-01-01")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "0 events, 0 of them matched a rule\n" in result.stderr


@pytest.mark.parametrize("compress", [gzip.compress, zstd.compress])
@pytest.mark.parametrize("kept", [0.5, 0.999])
def test_a_compressed_log_that_is_cut_off(tmp_path: Path, compress: type[bytes], kept: float) -> None:
    users_ = [line(f"u{n}-{n * 7919 % 1000003}", n * HOUR) for n in range(20_000)]
    whole = compress(log(*users_))
    folder(tmp_path, whole[: int(len(whole) * kept)])
    result = invoke(tmp_path, "--output", "out")
    assert result.exit_code == 2
    assert "events.jsonl: the compressed file is damaged or cut off after line " in result.stderr
    read = int(result.stderr.partition("after line ")[2].split()[0])
    assert 0 < read < 20_000
    sent = users(Path("out").read_bytes())
    assert sent == [f"u{n}-{n * 7919 % 1000003}" for n in range(read - 24)]


def test_a_compressed_log_that_is_damaged_in_the_middle(tmp_path: Path) -> None:
    for compress in (gzip.compress, zstd.compress):
        data = bytearray(compress(log(*(line(f"u{n * 7919 % 1000003}", n) for n in range(5_000)))))
        data[len(data) // 2 : len(data) // 2 + 40] = bytes(40)
        result = invoke(folder(tmp_path, bytes(data)))
        assert result.exit_code == 2
        assert "the compressed file is damaged or cut off" in result.stderr


def test_a_line_of_fifty_megabytes(tmp_path: Path) -> None:
    long = line("long", DAY, properties={"text": "x" * 50_000_000})
    first, second, last = TWO_SENDS.splitlines()
    result = invoke(folder(tmp_path, log(first, second, long, b"x" * 50_000_000, last)), "--rejects", "rejects")
    assert result.exit_code == 3
    assert users(result.stdout) == ["ana", "ben", "long"]
    (rejected,) = rejects(Path("rejects"))
    assert (rejected["line"], len(rejected["text"])) == (4, 50_000_000)


# lines that are no events

BROKEN = {
    b"not json": "not JSON: invalid character (byte 4)",
    b'{"user": "u"': "not JSON: the line is cut off",
    b'{"user":"u","type":"purchase","time":1} {}': "not JSON: trailing characters (byte 41)",
    b'{"user":"\xff","type":"purchase","time":1}': "not JSON: the line is not UTF-8",
    b"\xff\xfe{\x00": "not JSON: invalid character (byte 0)",
    b"[]": "not an event: expected a JSON object",
    b"null": "not an event: expected a JSON object",
    b'{"user":"u","type":"purchase","time":1,"properties":' + b'{"a":' * 200_000: "not an event: nested too deep",
    b'{"type":"purchase","time":1772445600000}': "user: it is missing",
    b'{"user":"","type":"purchase","time":1772445600000}': "user: it is empty",
    b'{"user":7,"type":"purchase","time":1772445600000}': "user: expected text, not a number",
    b'{"user":"u","time":1772445600000}': "type: it is missing",
    b'{"user":"u","type":"purchase"}': "time: it is missing",
    b'{"user":"u","type":"purchase","time":1772445600000,"campaign":["c"]}': "campaign: expected text, not a list",
    b'{"user":"u","type":"purchase","time":1772445600000,"properties":3}': (
        "properties: expected an object, not a number"
    ),
    b'{"user":"u","type":"purchase","time":"2026-03-02T10:00:00"}': (
        "time: `2026-03-02T10:00:00` names no zone; add `Z` or an offset such as `+01:00`"
    ),
    b'{"user":"u","type":"purchase","time":253402300800000}': "time: 253402300800000 ms is outside the years 1 to 9999",
}
BAD_TIMES = [b"true", b"null", b"1772445600.5", b'"2026-03-02"', b'"1772445600000"', b"[]"]


def test_lines_that_are_no_events_are_kept_with_number_and_reason(tmp_path: Path) -> None:
    bad_times = [b'{"user":"u","type":"purchase","time":' + time + b"}" for time in BAD_TIMES]
    first, second, last = TWO_SENDS.splitlines()
    folder(tmp_path, log(first, *BROKEN, second, *bad_times, last))
    result = invoke(tmp_path, "--rejects", "rejects")
    assert result.exit_code == 3
    assert users(result.stdout) == ["ana", "ben"]
    found = rejects(Path("rejects"))
    assert numbered(found) == [*range(2, 2 + len(BROKEN)), *range(3 + len(BROKEN), 3 + len(BROKEN) + len(bad_times))]
    assert [row["reason"] for row in found[: len(BROKEN)]] == list(BROKEN.values())
    assert {row["reason"] for row in found[len(BROKEN) :]} == {
        'time: write ISO 8601 with an offset ("2026-03-02T10:00:00Z") or an integer of epoch milliseconds'
    }
    assert [row["text"].encode() for row in found if "text" in row] == [
        row for row in (*BROKEN, *bad_times) if b"\xff" not in row
    ]
    assert [row["base64"] for row in found if "base64" in row] == [
        "eyJ1c2VyIjoi/yIsInR5cGUiOiJwdXJjaGFzZSIsInRpbWUiOjF9",
        "//57AA==",
    ]
    assert f"rejected            {len(found)}\n" in result.stderr
    assert warnings(result.stderr) == []


@pytest.mark.parametrize(("name", "is_event"), [("other", True), ("amount", False)])
def test_a_number_beyond_a_double_counts_where_a_rule_looks_at_it(tmp_path: Path, name: str, is_event: bool) -> None:
    rules = 'rule thanks: on purchase where not amount > 5 after 1d send "Thanks"\n'
    number = line("odd", properties={name: 0}).replace(b": 0}", b": 1e999}")
    result = invoke(folder(tmp_path, log(number, *TWO_SENDS.splitlines()), rules), "--rejects", "rejects")
    assert users(result.stdout) == ["odd"] * is_event + ["ana", "ben"]
    reasons = [row["reason"] for row in rejects(Path("rejects"))]
    assert reasons == [] if is_event else ["properties: number out of range"]


def test_the_raw_text_of_a_rejected_line_is_without_its_line_break(tmp_path: Path) -> None:
    invoke(folder(tmp_path, b"one\r\ntwo\nthree"), "--rejects", "rejects")
    assert [row["text"] for row in rejects(Path("rejects"))] == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("count", "more"),
    [
        (5, []),
        (6, ["1 more line was rejected; --rejects FILE keeps them all"]),
        (2_005, ["2,000 more lines were rejected; --rejects FILE keeps them all"]),
    ],
)
def test_without_a_file_for_rejects_the_first_five_are_shown(tmp_path: Path, count: int, more: list[str]) -> None:
    result = invoke(folder(tmp_path, log(*([b"{}"] * count))))
    assert result.exit_code == 3
    shown = [f"{tmp_path}/events.jsonl:{n}: rejected: user: it is missing" for n in range(1, 6)]
    assert warnings(result.stderr) == [*shown, *more]


def test_a_rejected_line_of_standard_input(tmp_path: Path) -> None:
    folder(tmp_path, events=None)
    result = invoke("rules.conn", "--events", "-", stdin=b"{}\n")
    assert warnings(result.stderr) == ["standard input:1: rejected: user: it is missing"]


# times that look wrong


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ([START // 1000], "1 event has a time before March 1973, as if it were seconds; "),
        ([100_000_000, 99_999_999_999], "2 events have times before March 1973, as if they were seconds; "),
        ([99_999_999, 100_000_000_000], None),
    ],
)
def test_times_that_look_like_seconds(tmp_path: Path, times: list[int], words: str | None) -> None:
    events = log(*(f'{{"user":"u","type":"purchase","time":{time}}}'.encode() for time in times))
    result = invoke(folder(tmp_path, events))
    assert result.exit_code == 0
    help_ = "an integer `time` is in milliseconds: multiply it by 1000"
    assert warnings(result.stderr) == ([words + help_] if words else [])


@pytest.mark.parametrize("worst", [1, 999, 90_061_001])
def test_the_lateness_that_a_warning_names_is_exactly_what_it_takes(tmp_path: Path, worst: int) -> None:
    newest = 2 * DAY
    late = [line("ana", newest - worst), line("ben", newest - worst // 2)]
    folder(tmp_path, log(line("u"), line("v", newest), *late))
    result = invoke(tmp_path)
    (warning,) = warnings(result.stderr)
    named = warning.rpartition("--lateness ")[2]
    assert named == format_duration(worst)
    assert warnings(invoke(tmp_path, "--lateness", named).stderr) == []
    assert warnings(invoke(tmp_path, "--lateness", format_duration(worst - 1)).stderr) != []


def test_what_a_warning_says_of_late_events(tmp_path: Path) -> None:
    folder(tmp_path, log(line("u", DAY), line("v", DAY - HOUR)))
    (warning,) = warnings(invoke(tmp_path).stderr)
    assert warning == (
        "the log is not sorted by time: 1 event came late and changed nothing, 1h older than the newest before it; "
        "sort the log, or run with --lateness 1h"
    )
    folder(tmp_path, log(line("u", DAY), line("v", DAY - HOUR), line("w", DAY - 2 * HOUR)))
    (warning,) = warnings(invoke(tmp_path, "--lateness", "1m").stderr)
    assert warning == (
        "the log is not sorted by time: 2 events came late and changed nothing, up to 2h older than the newest before "
        "them; the allowed lateness is 1m; sort the log, or run with --lateness 2h"
    )


def test_no_lateness_is_named_that_cannot_be_given(tmp_path: Path) -> None:
    ages_ago = b'{"user":"u","type":"purchase","time":"0001-01-01T00:00:00Z"}'
    (warning,) = warnings(invoke(folder(tmp_path, log(line("u"), ages_ago))).stderr)
    assert warning.endswith("; sort the log")


def test_late_events_are_kept_as_they_came(tmp_path: Path) -> None:
    late = [b'{ "time":  1000000000000,"user":"u", "type":"purchase", "extra": [1] }', line("v", -1, id="é")]
    folder(tmp_path, b"\n{}\n" + log(line("u"), late[0], line("v", DAY)) + late[1] + b"\r\n")
    result = invoke(tmp_path, "--late", "late")
    assert result.exit_code == 3
    assert Path("late").read_bytes() == late[0] + b"\n" + late[1] + b"\r\n"
    assert "late                 2\n" in result.stderr
